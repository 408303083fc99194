//! Layer into picture.
