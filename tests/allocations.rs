//! The kernels between decoder, networks and encoder take no memory from frame to frame, and a
//! restored face costs a fixed number of allocations: counts, so that no busy machine can fail it.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use anyhow::Result;
use mask2face::face::align;
use mask2face::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use mask2face::image::{
    Colorimetry, Image, Layer, Matte, Picture, PictureFormat, PictureMut, Plane, PlaneMut, blend,
    warp,
};
use mask2face::unmask::harmonize;

/// The system's allocator, counting what this thread asks for.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes on to the system's allocator as it came; the counter is a plain number
// of this thread, and counting takes no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often `work` asks for memory.
fn asked(work: impl FnOnce()) -> usize {
    let before = ASKED.get();
    work();
    ASKED.get() - before
}

/// A frame of video in memory.
struct Planes {
    format: PictureFormat,
    data: [Vec<u8>; 3],
}

impl Planes {
    fn new(size: Size) -> Self {
        let format = PictureFormat::i420(size, Colorimetry::BT709);
        let plane = |i: usize| {
            let Size { width, height } = format.plane_size(i);
            (0..width * height).map(|v| 60 + (v % width * 90 / width) as u8).collect()
        };
        Self { format, data: [plane(0), plane(1), plane(2)] }
    }

    fn stride(&self, i: usize) -> usize {
        self.format.plane_size(i).width
    }

    fn read(&self) -> Picture<'_> {
        let plane = |i: usize| Plane { data: &self.data[i], stride: self.stride(i) };
        Picture::new(self.format, [plane(0), plane(1), plane(2)]).unwrap()
    }

    fn write(&mut self) -> PictureMut<'_> {
        let strides = [0, 1, 2].map(|i| self.stride(i));
        let [y, u, v] = &mut self.data;
        let plane = |(data, i): (_, usize)| PlaneMut { data, stride: strides[i] };
        let planes = [plane((&mut y[..], 0)), plane((&mut u[..], 1)), plane((&mut v[..], 2))];
        PictureMut::new(self.format, planes).unwrap()
    }
}

/// A face that moves a little from frame to frame.
fn place(frame: usize) -> Similarity<FrameSpace, CropSpace> {
    let (at, middle) = (Point::new(640.0 + frame as f32, 360.0), Point::new(128.0, 128.0));
    Similarity::about(at, middle, 0.9 + 0.01 * (frame % 3) as f32, 0.02 * frame as f32)
}

/// What a network paints: the lower half of the crop, and a speck beside it.
fn painting() -> Layer {
    let alpha = |i: usize| {
        let (x, y) = (i % 256, i / 256);
        let mask = (60..196).contains(&x) && (110..220).contains(&y);
        let speck = (230..234).contains(&x) && (40..44).contains(&y);
        f32::from(u8::from(mask || speck))
    };
    let alpha = Matte::from_data(align::CROP, (0..256 * 256).map(alpha).collect()).unwrap();
    Layer { pixels: Image::from_planar(align::CROP, vec![0.55; 3 * 256 * 256]).unwrap(), alpha }
}

#[test]
fn a_frame_takes_no_memory_in_the_steady_state() {
    let mut planes = Planes::new(Size::new(1280, 720));
    let (painted, mut layer) = (painting(), painting());
    let mut crop = Image::new(align::CROP);
    let mut frame = |n: usize| -> Result<()> {
        warp::crop(&planes.read(), &place(n), &mut crop)?;
        layer.pixels.data_mut().copy_from_slice(painted.pixels.data());
        layer.alpha.data_mut().copy_from_slice(painted.alpha.data());
        harmonize::fit(&crop, &mut layer)?;
        blend::layer(&layer, &place(n), &mut planes.write())
    };
    // The first frames find out how much room there has to be.
    let first = asked(|| (0..3).try_for_each(&mut frame).unwrap());
    assert!(first > 0, "nothing is counted");
    let later = asked(|| (3..23).try_for_each(&mut frame).unwrap());
    assert_eq!(later, 0, "20 frames asked {later} times for memory");
}
