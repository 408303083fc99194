//! `OpenCV` matrices over borrowed, strided memory: the only unsafe code of the crate.
//!
//! A [`View`] or [`ViewMut`] lives no longer than the slice it was made from, and the
//! constructors check that the slice holds all rows.

use std::ffi::c_void;
use std::marker::PhantomData;

use anyhow::{Context, Result, ensure};
use opencv::core::{CV_8UC1, CV_16UC1, CV_32FC1, Mat, MatTraitConst};

use crate::geometry::Size;

/// What one element of a single-channel matrix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Unsigned 8 bits.
    U8,
    /// Unsigned 16 bits, native order.
    U16,
    /// 32-bit float.
    F32,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::F32 => 4,
        }
    }

    /// `OpenCV`'s number for it.
    pub fn cv_type(self) -> i32 {
        match self {
            Self::U8 => CV_8UC1,
            Self::U16 => CV_16UC1,
            Self::F32 => CV_32FC1,
        }
    }
}

/// A matrix to read from.
pub struct View<'a> {
    mat: Mat,
    memory: PhantomData<&'a [u8]>,
}

/// A matrix that a kernel writes into.
pub struct ViewMut<'a> {
    mat: Mat,
    start: *const u8,
    memory: PhantomData<&'a mut [u8]>,
}

fn header(data: *const u8, len: usize, size: Size, stride: usize, element: Element) -> Result<Mat> {
    let row = size.width * element.bytes();
    ensure!(
        size.width > 0
            && size.height > 0
            && stride >= row
            && len >= (size.height - 1) * stride + row,
        "{len} bytes do not hold {}x{} elements with a stride of {stride}",
        size.width,
        size.height
    );
    // SAFETY: the checks above keep every row inside the slice; the header neither owns nor
    // frees the memory, and View and ViewMut keep it borrowed for as long as it is used.
    unsafe {
        Mat::new_rows_cols_with_data_unsafe(
            size.height as i32,
            size.width as i32,
            element.cv_type(),
            data.cast_mut().cast::<c_void>(),
            stride,
        )
    }
    .context("OpenCV refused a view")
}

impl<'a> View<'a> {
    /// A view over bytes whose rows are `stride` bytes apart.
    pub fn new(data: &'a [u8], size: Size, stride: usize, element: Element) -> Result<Self> {
        let mat = header(data.as_ptr(), data.len(), size, stride, element)?;
        Ok(Self { mat, memory: PhantomData })
    }

    /// A view over packed floats.
    pub fn of_floats(data: &'a [f32], size: Size) -> Result<Self> {
        let bytes = std::mem::size_of_val(data);
        let mat = header(data.as_ptr().cast(), bytes, size, size.width * 4, Element::F32)?;
        Ok(Self { mat, memory: PhantomData })
    }

    /// The matrix, as `OpenCV` takes it.
    pub fn mat(&self) -> &Mat {
        &self.mat
    }
}

impl<'a> ViewMut<'a> {
    /// A view over packed floats.
    pub fn of_floats(data: &'a mut [f32], size: Size) -> Result<Self> {
        let bytes = std::mem::size_of_val(data);
        let start = data.as_mut_ptr().cast::<u8>().cast_const();
        let mat = header(start, bytes, size, size.width * 4, Element::F32)?;
        Ok(Self { mat, start, memory: PhantomData })
    }

    /// The matrix, as `OpenCV` writes into it.
    pub fn mat(&mut self) -> &mut Mat {
        &mut self.mat
    }

    /// Fails if `OpenCV` put its result elsewhere because size or type did not match.
    pub fn written(self) -> Result<()> {
        ensure!(self.mat.data() == self.start, "OpenCV replaced the destination of a kernel");
        Ok(())
    }
}
