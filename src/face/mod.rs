//! Faces: where they are, which way they look, and the canonical crop around them.
//!
//! | file | holds |
//! |---|---|
//! | [`landmarks`] | 68 points in iBUG order |

pub mod landmarks;

pub use landmarks::Landmarks;
