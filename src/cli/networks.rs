//! Options of the networks, and how they are put together: what every verb that looks at faces
//! shares.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result};
use clap::{Args, FromArgMatches};
use serde::{Deserialize, Serialize};

use super::faces::FaceArgs;
use super::threads::Threads;
use crate::face::{Detector, FaceTracker, Landmarker, align};
use crate::onnx::registry::{Registry, Role};
use crate::onnx::{Device, Engine, library};
use crate::pipeline::Effect;
use crate::restore::Restorer;
use crate::unmask::Unet;

/// Which networks run, and where.
#[derive(Args, Clone, Debug)]
pub struct NetworkArgs {
    /// Network that paints the face: a name that `mask2face models` lists, or an .onnx file
    #[arg(long, default_value = "light", value_name = "NAME|PATH")]
    pub model: String,
    /// `auto`, `cpu`, `cuda[:N]` or `tensorrt[:N]`; only auto may fall back, and says so
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// CPU threads of the painting network; 0: all cores for a file, half of them otherwise
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    /// Which faces.
    #[command(flatten)]
    pub faces: FaceArgs,
}

/// What finds the faces of training photos: smaller ones are of no use there, and looking for
/// them would cost most of the time.
///
/// # Errors
/// As [`NetworkArgs::tracker`].
pub fn face_finder() -> Result<FaceTracker> {
    let command = NetworkArgs::augment_args(clap::Command::new("networks"));
    let options = command.try_get_matches_from(["networks", "--min-face", "48"])?;
    NetworkArgs::from_arg_matches(&options)?.tracker()
}

/// What really runs, for the start line, the report and the output's tag.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelFacts {
    /// The manifest's name, or the path that was given.
    pub model: String,
    /// SHA-256 of the file, for a pinned one.
    pub sha256: Option<String>,
    /// Where the network really runs, and why not elsewhere.
    pub provider: String,
}

/// All that looks at the faces of one stream.
pub struct Crew {
    /// Finds and follows them.
    pub tracker: FaceTracker,
    /// What is laid over them: one effect, or several alike that share the frames of a file.
    pub effects: Vec<Effect>,
    /// Whether the faces are drawn over the result.
    pub draw: bool,
    /// The painting network; none where masks are put on.
    pub model: Option<ModelFacts>,
}

impl NetworkArgs {
    /// What a video file needs: to take masks off, as many networks at once as the cores can
    /// feed, or the effect that puts them on.
    ///
    /// # Errors
    /// As [`NetworkArgs::tracker`] and [`NetworkArgs::restorer`].
    pub fn crew(&self, put_on: Option<Effect>) -> Result<Crew> {
        self.crew_of(put_on, Threads::of_file(self.threads))
    }

    /// What a photo or live streams need: one network, as a frame must not wait for another.
    ///
    /// # Errors
    /// As [`NetworkArgs::crew`].
    pub fn prompt_crew(&self, put_on: Option<Effect>) -> Result<Crew> {
        self.crew_of(put_on, Threads::of_live(self.threads))
    }

    fn crew_of(&self, put_on: Option<Effect>, threads: Threads) -> Result<Crew> {
        // Who looks and who paints are loaded side by side.
        let (tracker, painters) = thread::scope(|scope| {
            let tracker = scope.spawn(|| self.tracker());
            let painters = match put_on {
                Some(effect) => Ok((vec![effect], None)),
                None => self.painters(threads),
            };
            (tracker.join().unwrap_or_else(|panic| resume_unwind(panic)), painters)
        });
        let (tracker, (effects, model)) = (tracker?, painters?);
        Ok(Crew { tracker, effects, draw: self.faces.draw, model })
    }

    fn painters(&self, threads: Threads) -> Result<(Vec<Effect>, Option<ModelFacts>)> {
        let (unets, facts) = self.unets(threads)?;
        let unmask = |unet| Effect::Unmask(Restorer::new(Box::new(unet)));
        Ok((unets.into_iter().map(unmask).collect(), Some(facts)))
    }

    /// What finds and follows faces. It runs on the CPU: its networks are too small to gain.
    ///
    /// # Errors
    /// If ONNX Runtime or a model is missing or damaged.
    pub fn tracker(&self) -> Result<FaceTracker> {
        let registry = Registry::from_env()?;
        let engine = || Engine::start(&library::library()?, Device::Cpu, 1);
        let landmarks = registry.open(Role::Landmarks, None)?;
        let landmarker = Landmarker::new(&engine()?.keeping(kept(&registry)), &landmarks.bytes)?;
        let yunet = registry.open(Role::Detect, None)?;
        let detector = Detector::new(engine()?, yunet.bytes, self.faces.face_score)?;
        let options = self.faces.options();
        Ok(FaceTracker::new(Box::new(detector), Box::new(landmarker), options))
    }

    /// What paints faces, and what really runs.
    ///
    /// # Errors
    /// As [`NetworkArgs::unet`].
    pub fn restorer(&self) -> Result<(Restorer, ModelFacts)> {
        let (unet, facts) = self.unet()?;
        Ok((Restorer::new(Box::new(unet)), facts))
    }

    /// The painting network alone, and what really runs.
    ///
    /// # Errors
    /// If ONNX Runtime or the model is missing or damaged, the model does not keep its
    /// contract, or the device cannot be had.
    pub fn unet(&self) -> Result<(Unet, ModelFacts)> {
        let (mut unets, facts) = self.unets(Threads::of_live(self.threads))?;
        Ok((unets.pop().context("no network was loaded")?, facts))
    }

    /// As many painting networks as `threads` says; an accelerator is not shared, one fills it.
    fn unets(&self, threads: Threads) -> Result<(Vec<Unet>, ModelFacts)> {
        let registry = Registry::from_env()?;
        let model = registry.open(Role::Unmask, Some(&self.model))?;
        let engine = Engine::start(&library::library()?, self.device, threads.each)?;
        let engine = engine.keeping(kept(&registry));
        let named = (model.name.as_str(), &model.bytes[..]);
        let unets = Unet::alike(&engine, named, align::TEMPLATE_ID, threads.networks)
            .with_context(|| format!("the model {}", model.path.display()))?;
        let provider = unets.first().context("no network was loaded")?.provider().clone();
        let sha256 = model.entry.map(|entry| entry.sha256);
        Ok((unets, ModelFacts { model: model.name, sha256, provider: provider.to_string() }))
    }
}

/// Where networks that were made ready are kept.
fn kept(registry: &Registry) -> PathBuf {
    registry.places().cache.join("prepared")
}
