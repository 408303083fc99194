//! Pictures that tell their number, and a face whose patch tells which picture it was made of.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Result;
use mask2face::face::search::View;
use mask2face::face::tracker::Options;
use mask2face::face::{
    FaceDetection, FaceTracker, FindFaces, Framing, Landmarks, ReadFaces, Reading, align,
};
use mask2face::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size};
use mask2face::image::{Image, Layer, Matte, Picture};
use mask2face::media::outlet::{Outlet, Shown};
use mask2face::pipeline::Effect;
use mask2face::restore::Restorer;
use mask2face::unmask::Unmasker;

pub const SIZE: Size = Size::new(320, 240);
/// The number stands in so many blocks along the top, black or white, the lowest bit first.
const BITS: usize = 16;
const BLOCK: usize = SIZE.width / BITS;
/// Where the face is, and how high.
const FACE: (f32, f32, f32) = (160.0, 140.0, 120.0);

/// When each picture was captured.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<Instant>>>);

impl Captured {
    /// Writes the next number into a picture's luma. The gray below changes with every picture.
    pub fn stamp(&self, luma: &mut [u8]) {
        let mut times = self.0.lock().unwrap();
        let n = times.len();
        times.push(Instant::now());
        for (at, pixel) in luma[..SIZE.width * SIZE.height].iter_mut().enumerate() {
            let (x, y) = (at % SIZE.width, at / SIZE.width);
            *pixel = if y < BLOCK { [16, 235][n >> (x / BLOCK) & 1] } else { gray(n) };
        }
    }

    /// How old picture `n` is now.
    fn age(&self, n: usize) -> Duration {
        self.0.lock().unwrap()[n].elapsed()
    }
}

/// Neighbours differ by nine levels; nowhere is there a jump that could be a cut.
fn gray(n: usize) -> u8 {
    let step = n % 32;
    60 + 9 * step.min(32 - step) as u8
}

/// What an outlet saw.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    pub n: usize,
    /// From the moment at which the picture was captured at its server.
    pub age: Duration,
    pub at: Instant,
    pub restored: bool,
    /// How far the patch's level is from that of the picture around it.
    pub off: f64,
}

/// Notes down what it is shown.
pub struct Notebook {
    pub captured: Captured,
    pub seen: Arc<Mutex<Vec<Sight>>>,
}

impl Outlet for Notebook {
    fn show(&mut self, shown: &Shown) -> Result<()> {
        if shown.frame.is_holding() {
            return Ok(());
        }
        let planes = shown.frame.read()?;
        let luma = planes.picture()?.planes[0];
        let mean = |left: usize, top: usize, side: usize| {
            let rows = (top..top + side).map(|y| &luma.data[y * luma.stride + left..][..side]);
            rows.flatten().map(|&v| f64::from(v)).sum::<f64>() / (side * side) as f64
        };
        let bit = |b: usize| usize::from(mean(b * BLOCK + BLOCK / 4, BLOCK / 4, BLOCK / 2) > 125.0);
        let n = (0..BITS).map(|b| bit(b) << b).sum();
        // The mouth is where the patch is whole, the lower left corner where none is.
        let off =
            mean(FACE.0 as usize - 8, FACE.1 as usize + 24, 16) - mean(4, SIZE.height - 24, 16);
        let (age, at) = (self.captured.age(n), Instant::now());
        self.seen.lock().unwrap().push(Sight { n, age, at, restored: shown.restored, off });
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// One masked face that never moves.
#[derive(Clone, Copy)]
struct Eyes;

fn landmarks() -> Landmarks<FrameSpace> {
    let middle = Point::<CropSpace>::new(128.0, 108.0);
    let there = Similarity::about(middle, Point::new(FACE.0, FACE.1), FACE.2 / 225.0, 0.0);
    align::template().map(&there)
}

impl FindFaces for Eyes {
    fn find(&mut self, _: &Picture<'_>, _: &View) -> Result<Vec<FaceDetection>> {
        let (x, y, half) = (FACE.0, FACE.1, FACE.2 / 2.0);
        let bbox = Rect::new(Point::new(x - half, y - half), Point::new(x + half, y + half));
        let [left, right] = landmarks().eye_centers();
        Ok(vec![FaceDetection { bbox, keypoints: [left, right, left, left, right], score: 0.9 }])
    }
}

impl ReadFaces for Eyes {
    fn read(&mut self, _: &Picture<'_>, framings: &[Framing]) -> Result<Vec<Reading>> {
        let reading = || Reading { landmarks: landmarks(), score: 0.97, worn: 0.95 };
        Ok(framings.iter().map(|_| reading()).collect())
    }
}

/// Paints the lower half of the face in stripes around the level of what it was shown.
struct Stripes;

impl Unmasker for Stripes {
    fn crop_size(&self) -> Size {
        align::CROP
    }

    fn unmask(&mut self, crops: &[Image]) -> Result<Vec<Layer>> {
        let Size { width, height } = align::CROP;
        let lower = |crop: &Image| {
            let mut pixels = crop.clone();
            for channel in pixels.channels_mut() {
                let level = channel[width * height * 3 / 4];
                for (at, value) in channel.iter_mut().enumerate() {
                    let stripe = if at % width / 4 % 2 == 0 { 0.08 } else { -0.08 };
                    *value = level + stripe;
                }
            }
            let mut alpha = Matte::filled(align::CROP, 0.0);
            alpha.data_mut()[width * height / 2..width * height * 9 / 10].fill(1.0);
            Layer { pixels, alpha }
        };
        Ok(crops.iter().map(lower).collect())
    }
}

/// Eyes and stripes, to be put into a pipeline.
pub fn sight() -> (Vec<FaceTracker>, Effect) {
    let tracker = FaceTracker::new(Box::new(Eyes), Box::new(Eyes), Options::default());
    (vec![tracker], Effect::Unmask(Restorer::new(Box::new(Stripes))))
}
