//! Faces: where they are, which way they look, and the canonical crop around them.
//!
//! | file | holds |
//! |---|---|
//! | [`align`] | the canonical crop |
//! | [`landmarks`] | 68 points in iBUG order |

pub mod align;
pub mod landmarks;

pub use landmarks::Landmarks;
