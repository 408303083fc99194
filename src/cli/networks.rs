//! Options of the networks, and how they are put together: what every verb that looks at faces
//! shares.

use anyhow::{Context, Result};
use clap::{Args, FromArgMatches};
use serde::{Deserialize, Serialize};

use super::faces::FaceArgs;
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
    /// CPU threads of the painting network; 0: half of the cores
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
    /// What is laid over them.
    pub effect: Effect,
    /// Whether the faces are drawn over the result.
    pub draw: bool,
    /// The painting network; none where masks are put on.
    pub model: Option<ModelFacts>,
}

impl NetworkArgs {
    /// What one stream needs: to take masks off, or the effect that puts them on.
    ///
    /// # Errors
    /// As [`NetworkArgs::tracker`] and [`NetworkArgs::restorer`].
    pub fn crew(&self, put_on: Option<Effect>) -> Result<Crew> {
        let tracker = self.tracker()?;
        let (effect, model) = match put_on {
            Some(effect) => (effect, None),
            None => self.restorer().map(|(r, model)| (Effect::Unmask(r), Some(model)))?,
        };
        Ok(Crew { tracker, effect, draw: self.faces.draw, model })
    }

    fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if self.threads > 0 { self.threads } else { (cores / 2).clamp(1, 8) }
    }

    /// What finds and follows faces. It runs on the CPU: its networks are too small to gain.
    ///
    /// # Errors
    /// If ONNX Runtime or a model is missing or damaged.
    pub fn tracker(&self) -> Result<FaceTracker> {
        let registry = Registry::from_env()?;
        let engine = || Engine::start(&library::library()?, Device::Cpu, 1);
        let landmarks = registry.open(Role::Landmarks, None)?;
        let landmarker = Landmarker::new(&engine()?, &landmarks.bytes)?;
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
        let model = Registry::from_env()?.open(Role::Unmask, Some(&self.model))?;
        let engine = Engine::start(&library::library()?, self.device, self.threads())?;
        let unet = Unet::new(&engine, &model.name, &model.bytes, align::TEMPLATE_ID)
            .with_context(|| format!("the model {}", model.path.display()))?;
        let facts = ModelFacts {
            model: model.name,
            sha256: model.entry.map(|entry| entry.sha256),
            provider: unet.provider().to_string(),
        };
        Ok((unet, facts))
    }
}
