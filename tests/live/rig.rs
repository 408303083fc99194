//! Live streams through the pipeline, put together as `run` does it.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mask2face::face::FaceTracker;
use mask2face::geometry::Size;
use mask2face::media::endpoint::{Input, Output};
use mask2face::media::entrance::Entrance;
use mask2face::media::live::{Feed, LiveOptions, Transport};
use mask2face::media::open::Opener;
use mask2face::media::outflow::Belonging;
use mask2face::media::outlet::{Nothing, Outlet, Shown};
use mask2face::media::soundline::SoundLine;
use mask2face::media::stream::Status;
use mask2face::media::timer::{Steady, Timer};
use mask2face::media::{Frame, StopSignal};
use mask2face::pipeline::outlets::StreamSnapshot;
use mask2face::pipeline::{
    Detect, Effect, Lay, Live, LiveStats, Load, Outlets, Paint, Pipeline, Running, Stats,
};

/// Live streams through the pipeline, without a look at faces.
pub struct Rig {
    statuses: Vec<Status>,
    pub stats: LiveStats,
    pub counts: Stats,
    stop: StopSignal,
    running: Running,
    threads: Vec<JoinHandle<()>>,
    pub opener: Opener,
}

pub fn options() -> LiveOptions {
    LiveOptions {
        max_latency: Duration::from_secs(1),
        transport: Transport::Tcp,
        stall: Duration::from_secs(2),
        patience: Duration::from_secs(30),
        hold: true,
        size: Some(Size::new(160, 120)),
        fps: Some(30),
        ..LiveOptions::default()
    }
}

pub fn belonging(status: &Status, sound: &SoundLine) -> Belonging {
    Belonging {
        status: status.clone(),
        sound: sound.clone(),
        patience: Duration::from_millis(150),
        mark: None,
    }
}

impl Rig {
    pub fn start(streams: &[(&str, &str)], options: &LiveOptions) -> Self {
        Self::start_with(streams, options, |_| Box::new(Nothing))
    }

    /// With an outlet of the test's own in place of `null`.
    pub fn start_with(
        streams: &[(&str, &str)],
        options: &LiveOptions,
        null: impl Fn(usize) -> Box<dyn Outlet>,
    ) -> Self {
        Self::start_seeing(streams, options, null, None)
    }

    /// With eyes for faces too, and what is done to them.
    pub fn start_seeing(
        streams: &[(&str, &str)],
        options: &LiveOptions,
        null: impl Fn(usize) -> Box<dyn Outlet>,
        sight: Option<(Vec<FaceTracker>, Effect)>,
    ) -> Self {
        mask2face::media::init().unwrap();
        let (entrance, timer): (Entrance<Frame>, Arc<dyn Timer>) =
            (Entrance::new(), Steady::begin());
        let (stop, mut opener) = (StopSignal::default(), Opener::new(None, false));
        let (mut feeds, mut outlets): (Vec<Feed>, Vec<Box<dyn Outlet>>) = Default::default();
        for (input, output) in streams {
            let input = Input::parse(input.as_ref()).unwrap();
            let (status, sound) = (Status::new(&input.to_string()), SoundLine::default());
            let output = Output::parse(output.as_ref()).unwrap();
            outlets.push(match output {
                Output::Null => null(feeds.len()),
                output => opener.open(&output, belonging(&status, &sound)).unwrap(),
            });
            feeds.push(Feed {
                input,
                options: options.clone(),
                launch: None,
                door: Arc::new(entrance.open()),
                status,
                sound,
                stop: stop.clone(),
                timer: Arc::clone(&timer),
            });
        }
        let statuses: Vec<_> = feeds.iter().map(|feed| feed.status.clone()).collect();
        let load = Load::new(options.max_latency);
        let stats = LiveStats::new(entrance.clone(), load.clone(), options.max_latency, &statuses);
        let outlets = Box::new(Outlets::new(outlets, stats.clone(), timer));
        let counts = Stats::live(streams.len());
        let pipeline = Pipeline::from_rounds(Box::new(Live::new(entrance)), counts.clone());
        let running = match sight {
            None => pipeline.into_rounds(outlets),
            Some((trackers, effect)) => pipeline
                .then(Detect::live(trackers, counts.clone(), load))
                .then(Paint::new(effect, counts.clone()))
                .then(Lay::live(counts.clone()))
                .into_rounds(outlets),
        };
        let threads = feeds.into_iter().map(|feed| feed.start().unwrap()).collect();
        Self { statuses, stats, counts, stop, running: running.unwrap(), threads, opener }
    }

    pub fn stream(&self, n: usize) -> StreamSnapshot {
        self.stats.snapshot().streams.swap_remove(n)
    }

    /// Waits until the stream is as wanted.
    pub fn until(
        &self,
        n: usize,
        wanted: &str,
        is: impl Fn(&StreamSnapshot) -> bool,
    ) -> StreamSnapshot {
        eventually(wanted, || Some(self.stream(n)).filter(&is))
            .unwrap_or_else(|| panic!("never came: {wanted}; it stands at {:?}", self.stream(n)))
    }

    /// Ends everything and gives what the streams had to say.
    pub fn end(self) -> Vec<String> {
        self.stop.stop();
        self.running.join().unwrap();
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.statuses.iter().flat_map(Status::take_notes).collect()
    }
}

/// Looks again and again, for as long as a busy machine may need.
pub fn eventually<T>(wanted: &str, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(90) {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    eprintln!("waited in vain for: {wanted}");
    None
}

/// Memory of this process, in bytes.
pub fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Keeps the last frame that it was shown.
#[derive(Clone, Default)]
pub struct Keep(pub Arc<Mutex<Option<Shown>>>);

impl Outlet for Keep {
    fn show(&mut self, shown: &Shown) -> anyhow::Result<()> {
        *self.0.lock().unwrap() = Some(shown.clone());
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }
}
