//! The painter of masks.
