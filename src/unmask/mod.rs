//! What paints a face where the mask was. It sees canonical crops only, never frames or faces.
//!
//! | file | holds |
//! |---|---|
//! | [`harmonize`] | colour and edge fitted to the surroundings, with: |
//! | `band` | the part that is painted |
//! | `complexion` | the colours of the skin around |
//! | `tone` | what is paler than any skin |
//! | [`steady`] | blending over time |
//! | [`unet`] | a U-Net through ONNX Runtime |

mod band;
mod complexion;
pub mod harmonize;
pub mod steady;
mod tone;
pub mod unet;

pub use unet::Unet;

use anyhow::Result;

use crate::geometry::Size;
use crate::image::{Image, Layer};

/// Turns crops of masked faces into what the masks hide, and where.
pub trait Unmasker: Send {
    /// Width and height of the crops, in pixels.
    fn crop_size(&self) -> Size;

    /// One layer for each crop, in order: the face it imagines, and an alpha of where it
    /// painted. All crops of a frame come in one batch.
    ///
    /// # Errors
    /// If a crop is of another size or the network fails.
    fn unmask(&mut self, crops: &[Image]) -> Result<Vec<Layer>>;
}

/// Paints nothing: for tests and for measuring everything else.
pub struct Identity(pub Size);

impl Unmasker for Identity {
    fn crop_size(&self) -> Size {
        self.0
    }

    fn unmask(&mut self, crops: &[Image]) -> Result<Vec<Layer>> {
        let nothing = crate::image::Matte::filled(self.0, 0.0);
        Ok(crops.iter().map(|c| Layer { pixels: c.clone(), alpha: nothing.clone() }).collect())
    }
}
