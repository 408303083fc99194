//! Options of the networks, and how they are put together: what every verb that looks at faces
//! shares.

use anyhow::{Context, Result};
use clap::{Args, FromArgMatches};
use serde::{Deserialize, Serialize};

use crate::face::{Detector, FaceTracker, Landmarker, align};
use crate::mask::MaskStyle;
use crate::onnx::registry::{Registry, Role};
use crate::onnx::{Device, Engine, library};
use crate::pipeline::Effect;
use crate::restore::Restorer;
use crate::unmask::Unet;

/// Detections below this score are left out.
const DETECTOR_SCORE: f32 = 0.6;

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
}

/// What finds faces in photos: the networks as they are without any option.
///
/// # Errors
/// As [`NetworkArgs::tracker`].
pub fn face_finder() -> Result<FaceTracker> {
    let command = NetworkArgs::augment_args(clap::Command::new("networks"));
    let without_options = command.try_get_matches_from(["networks"])?;
    NetworkArgs::from_arg_matches(&without_options)?.tracker()
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
    /// The painting network; none where masks are put on.
    pub model: Option<ModelFacts>,
}

impl NetworkArgs {
    /// What one stream needs: to take masks off, or to put masks of a style on.
    ///
    /// # Errors
    /// As [`NetworkArgs::tracker`] and [`NetworkArgs::restorer`].
    pub fn crew(&self, put_on: Option<MaskStyle>) -> Result<Crew> {
        let tracker = self.tracker()?;
        let Some(style) = put_on else {
            let (restorer, model) = self.restorer()?;
            return Ok(Crew { tracker, effect: Effect::Unmask(restorer), model: Some(model) });
        };
        Ok(Crew { tracker, effect: Effect::PutOn(style), model: None })
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
        let detector = Detector::new(engine()?, yunet.bytes, DETECTOR_SCORE)?;
        Ok(FaceTracker::new(detector, landmarker))
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
