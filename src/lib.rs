//! mask2face: a video processor that shows people without their face masks.
//!
//! | room | does |
//! |---|---|
//! | [`geometry`] | points, rectangles, similarity transforms, tied to their space |
//! | [`image`] | planes, crops, colour, warp and blend kernels |
//! | [`onnx`] | loaded networks, execution providers, the pinned model files |
//! | [`face`] | detection, landmarks, alignment, tracking |
//! | [`unmask`] | the network that paints a face where the mask was |
//! | [`media`] | GStreamer in and out |
//! | [`mask`] | the painter of masks |
//! | [`restore`] | the core call: a picture and its faces in, a picture restored out |
//! | [`pipeline`] | stages, threads, channels |
//! | [`dataset`] | photos of bare faces into training pairs |
//! | [`eval`] | restored crops and clips against the truth: metrics, sheets, charts |
//! | [`watch`] | a page to watch live streams on, health and metrics |
//! | [`cli`] | the commands |
//!
//! An import may only go down; see `tests/architecture.rs`.

pub mod cli;
pub mod dataset;
pub mod eval;
pub mod face;
pub mod geometry;
pub mod image;
pub mod mask;
pub mod media;
pub mod onnx;
pub mod pipeline;
pub mod restore;
pub mod unmask;
pub mod watch;
