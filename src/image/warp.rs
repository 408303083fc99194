//! Picture to crop.
