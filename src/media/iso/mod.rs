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
//! | [`tags`] | a tag's text among the others, and what XMP says |
//! | [`about`], [`chapters`] | what an index says of the film, read |
//! | [`adorn`] | the same of another file, written into a muxer's index |
//! | [`widen`] | a length that the demuxer does not take for shorter than it is |
//! | [`graft`] | the whole file |

mod about;
mod adorn;
mod boxes;
mod chapters;
mod graft;
mod movie;
mod picture;
mod tags;
mod widen;

pub(super) use adorn::unfit;
pub(super) use graft::graft;
pub(super) use movie::Movie;
pub(super) use widen::Widened;
