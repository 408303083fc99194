//! JPEG, PNG and WebP.
