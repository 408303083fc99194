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
//! | `fittings` | ear loops, straps, valves, filters |
//! | `light` | light, sharpness and noise of the photo |
//! | `canvas` | coverage and colour, laid over each other |
//! | [`paint`](paint()) | all of it put together |

mod canvas;
mod design;
mod dice;
mod fabric;
mod fittings;
mod head;
mod light;
mod noise;
mod outline;
mod paint;
mod relief;
pub mod style;
mod surface;

pub use dice::Dice;
pub use paint::paint;
pub use style::{MaskKind, MaskStyle, Wear};
