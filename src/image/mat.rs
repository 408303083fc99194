//! `OpenCV` matrices over borrowed memory: the only unsafe code of the crate.
