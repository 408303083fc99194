//! `run` on live streams: cameras, RTSP, a test picture, or a file that is played to somebody
//! who watches.

mod report;

use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use self::report::Report;
use super::Verdict;
use super::interrupt::Interrupt;
use super::networks::{Crew, ModelFacts};
use super::progress::{Board, TICK};
use super::streams::Job;
use super::{preview, run};
use crate::face::FaceTracker;
use crate::geometry::Size;
use crate::image::label::Label;
use crate::image::xmp::Mark;
use crate::media::endpoint::{Input, Output};
use crate::media::entrance::Entrance;
use crate::media::live::{Feed, LiveOptions, Transport};
use crate::media::open::Opener;
use crate::media::outflow::Belonging;
use crate::media::outlet::Outlet;
use crate::media::soundline::SoundLine;
use crate::media::still::{Peek, Watched};
use crate::media::stream::Status;
use crate::media::timer::{Steady, Timer};
use crate::media::{Encoding, Frame, Launch};
use crate::pipeline::{Detect, Lay, Live, LiveStats, Load, Outlets, Paint, Pipeline, Stats};
use crate::watch::Watch;

/// Options of live streams.
#[derive(clap::Args, Clone, Debug)]
pub struct LiveArgs {
    /// Live: end after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<Duration>,
    /// Live: how old a frame may become from capture to output; under load first detection
    /// gives, then far faces, and all of it is told
    #[arg(long, value_name = "MS", default_value_t = 150, value_parser = clap::value_parser!(u64).range(20..=10_000))]
    pub max_latency: u64,
    /// How RTSP's pictures travel: `auto` (UDP, then TCP), `tcp` or `udp`
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub rtsp_transport: TransportArg,
    /// Size wanted of a camera or the test picture
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<Size>,
    /// Frames a second wanted of a camera or the test picture
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=240))]
    pub fps: Option<u32>,
    /// Mirror a camera's picture
    #[arg(long)]
    pub mirror: bool,
}

/// `auto`, `tcp` or `udp`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum TransportArg {
    /// UDP first, and TCP where nothing comes through.
    Auto,
    /// Inside the RTSP connection.
    Tcp,
    /// Packets of their own.
    Udp,
}

fn seconds(text: &str) -> Result<Duration> {
    let seconds = f64::from_str(text).context("a number of seconds is wanted")?;
    Duration::try_from_secs_f64(seconds).context("a number of seconds is wanted")
}

fn size(text: &str) -> Result<Size> {
    let (width, height) = text.split_once('x').context("a size is WxH, as in 1280x720")?;
    let side = |text: &str| match text.parse() {
        Ok(side @ 16..=8192) => Ok(side),
        _ => bail!("a side is a number from 16 to 8192"),
    };
    Ok(Size::new(side(width)?, side(height)?))
}

impl LiveArgs {
    fn options(&self, hold: bool) -> LiveOptions {
        LiveOptions {
            max_latency: Duration::from_millis(self.max_latency),
            transport: match self.rtsp_transport {
                TransportArg::Auto => Transport::Auto,
                TransportArg::Tcp => Transport::Tcp,
                TransportArg::Udp => Transport::Udp,
            },
            size: self.size,
            fps: self.fps,
            mirror: self.mirror,
            hold,
            ..LiveOptions::default()
        }
    }
}

/// Says what runs where, and begins to answer whoever watches.
fn watch(
    args: &run::Args,
    ready: &Ready,
    model: Option<&ModelFacts>,
    board: &Board,
) -> Result<Option<Watch>> {
    let runs_on = model.map_or("no network", |model| &model.provider).to_owned();
    if let Some(model) = model {
        board.note(&format!("{} on {runs_on}", model.model));
    }
    let _ = ready.provider.set(runs_on.clone()); // nobody else sets it
    let watch = args.watch.start(&ready.live, ready.peeks.clone(), runs_on)?;
    if let Some(address) = watch.as_ref().map(Watch::address) {
        board.note(&format!("watch it at http://{address}/"));
    }
    Ok(watch)
}

/// The job's parts, put together and not yet at work.
struct Ready {
    feeds: Vec<Feed>,
    outlets: Vec<Box<dyn Outlet>>,
    peeks: Vec<Peek>,
    provider: Provider,
    stats: Stats,
    entrance: Entrance<Frame>,
    timer: Arc<dyn Timer>,
    load: Load,
    live: LiveStats,
}

/// Runs the streams until they end, somebody asks to stop, or the time is over.
///
/// # Errors
/// If an output cannot be had, a network is missing, or every stream failed.
pub(super) fn run(job: &Job, args: &run::Args) -> Result<Verdict> {
    ensure!(
        !(args.json && job.streams.iter().any(|(_, output)| *output == Output::Stdout)),
        "the picture goes to stdout; write the report to a file with --report"
    );
    ensure!(
        args.encoding.encoding() == Encoding::default() && !args.encoding.strict,
        "a live output is coded as its file in pipelines/ says: --codec, --quality and their like \
         are for files; change a copy of that file and give it with --pipeline"
    );
    let interrupt = Interrupt::listen()?;
    let ready = ready(job, args, &interrupt)?;
    let Crew { tracker, effects, draw, model } =
        args.networks.prompt_crew(args.put_on.effect()?)?;
    let trackers = trackers(args, tracker, job.streams.len())?;
    let how = args.progress.unless(args.quiet);
    let board = Board::new(how, 1, 0);
    let watch = watch(args, &ready, model.as_ref(), &board)?;
    let statuses: Vec<Status> = ready.feeds.iter().map(|feed| feed.status.clone()).collect();
    let (stats, live) = (ready.stats, ready.live.clone());
    let mark = args.provenance.mark(model.as_ref());
    let label = args.provenance.label(&mark).map(Label::new).transpose()?;
    let outlets = Outlets::new(ready.outlets, live.clone(), Arc::clone(&ready.timer));
    let begun = Instant::now();
    let painters = effects.into_iter().map(|effect| Paint::new(effect, stats.clone()));
    let running = Pipeline::from_rounds(Box::new(Live::new(ready.entrance)), stats.clone())
        .then(Detect::live(trackers, stats.clone(), ready.load))
        .then_shared(painters.collect())
        .then(Lay::live(stats.clone()).drawing(draw).labelled(label))
        .into_rounds(Box::new(outlets))?;
    let threads = ready.feeds.into_iter().map(Feed::start).collect::<Result<Vec<_>>>()?;
    let name = job.name();
    let shown = board.begin(&name, 0);
    while !running.is_done() {
        if args.live.duration.is_some_and(|duration| begun.elapsed() >= duration) {
            interrupt.stop.stop();
        }
        notes(&statuses, &board);
        let now = stats.snapshot();
        shown.show(now.frames_out, now.faces);
        std::thread::sleep(TICK);
    }
    let ended = running.join();
    interrupt.stop.stop(); // streams whose pipeline failed end too
    for thread in threads {
        let _ = thread.join(); // a stream that panicked has lost its door, and so has ended
    }
    notes(&statuses, &board);
    board.end();
    drop(watch);
    ended?;
    let report = Report::new(job, model, begun.elapsed(), &stats, &live);
    report.tell(args.json, args.report.as_deref())?;
    report.verdict()
}

/// Where the network runs, once it is loaded.
type Provider = Arc<OnceLock<String>>;

/// Whatever can be wrong from the start is found here, before the networks are loaded.
fn ready(job: &Job, args: &run::Args, interrupt: &Interrupt) -> Result<Ready> {
    let launch = args.pipeline.as_deref().map(Launch::read).transpose()?;
    let allowed = Duration::from_millis(args.live.max_latency);
    let (entrance, timer, load) = (Entrance::new(), Steady::begin(), Load::new(allowed));
    let (stats, provider) = (Stats::live(job.streams.len()), Provider::default());
    let mut feeds = Vec::new();
    for (input, output) in &job.streams {
        if let Input::File(path) = input {
            crate::media::probe::readable(path)?;
        }
        feeds.push(Feed {
            input: input.clone(),
            options: args.live.options(*output != Output::Null),
            launch: launch.clone().filter(|own| own.has("source")),
            door: Arc::new(entrance.open()),
            status: Status::new(&input.to_string()),
            sound: SoundLine::default(),
            stop: interrupt.stop.clone(),
            timer: Arc::clone(&timer),
        });
    }
    let statuses: Vec<Status> = feeds.iter().map(|feed| feed.status.clone()).collect();
    let live = LiveStats::new(entrance.clone(), load.clone(), allowed, &statuses);
    let mut opener = Opener::new(launch, args.overwrite);
    let (mut outlets, mut peeks): (Vec<Box<dyn Outlet>>, Vec<Peek>) = Default::default();
    for ((_, output), feed) in job.streams.iter().zip(&feeds) {
        let of = Belonging {
            status: feed.status.clone(),
            sound: feed.sound.clone(),
            // One stream's slow output may not hold up the others.
            patience: if job.streams.len() == 1 { allowed } else { Duration::ZERO },
            mark: mark_of(args),
        };
        let outlet = if *output == Output::Window {
            let figures = preview::figures(live.clone(), stats.clone(), Arc::clone(&provider));
            opener.window(of, figures, interrupt.stop.clone())?
        } else {
            opener.open(output, of)?
        };
        let peek = Peek::default();
        outlets.push(match args.watch.http {
            Some(_) => Box::new(Watched { outlet, peek: peek.clone() }),
            None => outlet,
        });
        peeks.push(peek);
    }
    Ok(Ready { feeds, outlets, peeks, provider, stats, entrance, timer, load, live })
}

/// What the outputs say of themselves, unless they are not to.
fn mark_of(args: &run::Args) -> Option<Mark> {
    let unmasks = args.put_on.paint_mask.is_none();
    let model = unmasks.then(|| args.networks.model.clone());
    let model = model.map(|model| ModelFacts { model, sha256: None, provider: String::new() });
    args.provenance.tagged().then(|| args.provenance.mark(model.as_ref()))
}

/// One tracker for each stream; the engine is one for all.
fn trackers(args: &run::Args, first: FaceTracker, streams: usize) -> Result<Vec<FaceTracker>> {
    let others = (1..streams).map(|_| args.networks.tracker());
    std::iter::once(Ok(first)).chain(others).collect()
}

/// Says what the streams have to say.
fn notes(statuses: &[Status], board: &Board) {
    statuses.iter().flat_map(Status::take_notes).for_each(|note| board.note(&note));
}
