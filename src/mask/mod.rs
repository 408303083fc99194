//! The painter of masks: a face's landmarks and a style in, a layer out.
//!
//! All choices come from the seed and none from the face, so the same seed paints the same
//! mask on every frame of a video, and it follows the landmarks smoothly. Nothing of the mask
//! is taken from the photo's colours: a network must not be able to read skin off a mask.
//!
//! | file | holds |
//! |---|---|
//! | [`style`] | the catalogue: [`MaskStyle`], its names |
//! | `dice`, `noise` | seeded choices, smooth noise |
//! | `head` | measures of a face |
//! | `design` | everything drawn from the seed for one mask |
//! | `outline` | landmarks -> the four edges of a mask |
//! | `surface` | edges -> a curved sheet with its own coordinates |
//! | `fabric`, `relief` | colour and prints; folds, pleats, seams |
//! | `straps`, `filters`, `solid` | ear loops, straps; valves, filters, canisters as turned solids |
//! | `light` | light, sharpness and noise of the photo |
//! | `canvas` | coverage and colour, laid over each other |
//! | `finish` | blur, contact shadow, noise |
//! | [`Painter`] | all of it put together |

mod bench;
mod border;
mod canvas;
mod cut;
mod design;
mod dice;
mod dyes;
mod fabric;
mod filters;
mod finish;
mod guise;
mod hand;
mod head;
mod homography;
mod lettering;
mod light;
mod masks_cfg;
mod memory;
mod noise;
mod outline;
mod paint;
mod print;
mod props;
mod relief;
mod scene;
mod six_points;
mod skin;
mod soft;
mod solid;
mod sprite;
mod stiff;
mod straps;
pub mod style;
mod surface;
pub mod template;
mod texture;

pub use dice::Dice;
pub use guise::{Guise, Painted};
pub use head::Unfit;
pub use memory::Memory;
pub use paint::Painter;
pub use props::Prop;
pub use style::{MaskKind, MaskStyle, Wear};
pub use template::{Library, TemplateStyle};
pub use texture::Texture;

use crate::face::Landmarks;
use crate::geometry::CropSpace;
use crate::image::Image;

/// How blurred a face is: sigma of the Gaussian that its edges went through, in pixels, at
/// most what can be told from a picture (3).
///
/// # Errors
/// [`Unfit`] says why the landmarks are no face.
pub fn blur(face: &Image, landmarks: &Landmarks<CropSpace>) -> Result<f32, Unfit> {
    let head = head::Head::of(landmarks, face.size())?;
    Ok(light::Optics::read(face, &head).blur)
}
