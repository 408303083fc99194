//! Matroska and `WebM` files (RFC 9559): the input's other tracks, chapters, attachments and tags
//! taken over element by element, byte for byte, beside the new picture.
//!
//! | file | holds |
//! |---|---|
//! | [`element`] | elements as bytes |
//! | [`film`] | an input's tracks and where their blocks lie |
//! | [`clusters`] | blocks in their order, gathered and written |
//! | [`tags`] | the comment among the tags |
//! | [`about`] | what an index says of the film, read |
//! | [`adorn`] | the same of another file, written into a muxer's index |
//! | [`graft`] | the whole file |

mod about;
mod adorn;
mod clusters;
mod element;
mod film;
mod graft;
mod tags;

pub(super) use film::{Film, missing};
pub(super) use graft::graft;
