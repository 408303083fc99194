//! Blur and resize of float planes.
