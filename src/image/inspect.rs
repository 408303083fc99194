//! Facts about the picture library.

/// OpenCV's version, such as `4.6.0`; empty if it does not say.
pub fn opencv_version() -> String {
    opencv::core::get_version_string().unwrap_or_default()
}
