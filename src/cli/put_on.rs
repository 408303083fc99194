//! Options of painting masks, for every verb that paints.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::mask::{Guise, Library, Painter, Texture};
use crate::pipeline::{Effect, PutOn};

/// What the painter works with.
#[derive(Args, Clone, Debug)]
pub struct PainterArgs {
    /// Folder of pictures that printed cloth shows half of the time
    #[arg(long, value_name = "DIR")]
    pub textures: Option<PathBuf>,
    /// Template library in `MaskTheFace`'s layout (a folder with masks.cfg): its masks in place
    /// of painted ones
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

impl PainterArgs {
    /// The painter.
    ///
    /// # Errors
    /// If a texture or the library is missing or broken.
    pub fn painter(&self) -> Result<Painter> {
        let textures = self.textures.as_deref().map(Texture::folder).transpose()?;
        let painter = textures.map_or_else(Painter::default, Painter::with_textures);
        let library = self.templates.as_deref().map(Library::read).transpose()?;
        Ok(match library {
            Some(library) => painter.with_library(library),
            None => painter,
        })
    }
}

/// Makes sure that a guise can be painted.
///
/// # Errors
/// If it is a template that the painter has not.
pub fn check(painter: &Painter, guise: &Guise) -> Result<()> {
    let Guise::Template(style) = guise else { return Ok(()) };
    let library = painter.library();
    library.with_context(|| format!("the style {style} needs --templates DIR"))?.check(style)
}

/// Options of `run` for the inverse effect.
#[derive(Args, Clone, Debug)]
pub struct PutOnArgs {
    /// Put painted masks on bare faces instead: the inverse effect. `KIND[-COLOUR][@WEAR]` or
    /// `template:NAME`
    #[arg(long, value_name = "STYLE")]
    pub paint_mask: Option<Guise>,
    /// What the painter works with.
    #[command(flatten)]
    pub painter: PainterArgs,
}

impl PutOnArgs {
    /// The effect; `None` where masks are to be taken off.
    ///
    /// # Errors
    /// If the painter or its style cannot be had.
    pub fn effect(&self) -> Result<Option<Effect>> {
        let Some(guise) = &self.paint_mask else {
            let unused = self.painter.textures.is_none() && self.painter.templates.is_none();
            ensure!(unused, "--textures and --templates are for --paint-mask STYLE");
            return Ok(None);
        };
        let painter = self.painter.painter()?;
        check(&painter, guise)?;
        Ok(Some(Effect::PutOn(PutOn::new(painter, guise.clone()))))
    }
}
