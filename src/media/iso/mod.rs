//! MPEG-4 and `QuickTime` files (ISO/IEC 14496-12): the input's other tracks, tags and chapters
//! taken over box by box, byte for byte, beside the new picture.
//!
//! A muxer reads a track's samples and writes its own idea of them. Here a track stays as it
//! lies in the file: its tables, its edit list, its language, what refers to it. Only where
//! its chunks begin is told anew.
//!
//! | file | holds |
//! |---|---|
//! | [`boxes`] | boxes as bytes |
//! | [`movie`] | an input's tracks and where their chunks lie |
//! | [`picture`] | the new picture's track |
//! | [`tags`] | the comment, and what XMP says |
//! | [`graft`] | the whole file |

mod boxes;
mod graft;
mod movie;
mod picture;
mod tags;

pub(super) use graft::{append, graft};
pub(super) use movie::Movie;
