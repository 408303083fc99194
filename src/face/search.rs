//! Where the detector looks, and how closely: views of the frame, chosen from its size and
//! from how small a face may be.
//!
//! A face must fill some pixels of the detector's input, and the time grows with the input. So
//! a video frame gets one look every few frames, each of about the same cost, in turns: at the
//! whole frame, where larger faces show; at one tile, where the smallest do; at the whole frame
//! turned by a quarter or a half, for people who lie. A photo gets all of them, and some more:
//! its whole from farther away too, as the detector misses a face at one size that it finds at
//! another, and finer tiles.

use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size, Vec2};

use super::Framing;

/// The detector's coarsest stride: both sides of its input are multiples of it.
pub(super) const STRIDE: usize = 32;
/// Longest side of an input.
const LONGEST: f32 = 640.0;
/// Shorter side of a tile: as large an input as the whole of a 16:9 frame.
const TILE_HEIGHT: f32 = 384.0;
/// Pixels of the input that the smallest face fills in a tile. Of masked faces of this size
/// YuNet finds four of five at one look, of twice the size nearly all.
const SMALLEST: f32 = 24.0;
/// The same in a photo.
const SMALLEST_IN_STILL: f32 = 32.0;
/// The whole of a photo is looked at in these sizes.
const STILL_SIZES: [f32; 4] = [1.0, 0.7, 0.5, 0.35];
/// Overlap of tiles in pixels of the input: no small face is cut by all of them.
const OVERLAP: f32 = 64.0;
/// The smallest face by default: 40 px in a frame of 1080 lines, and as many shares of others.
const SHARE: f32 = 40.0 / 1080.0;
/// In small frames, faces of fewer pixels than this are not looked for by default.
const FEWEST: f32 = 16.0;
/// A small frame is enlarged so many times at most.
const MOST_ENLARGED: f32 = 2.0;

/// A part of the frame as the detector is shown it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Where the frame comes to lie in the input; beyond its border its last pixels go on.
    pub input_from_frame: Similarity<FrameSpace, CropSpace>,
    /// The input's width and height, multiples of 32.
    pub size: Size,
}

impl View {
    /// A face that is known to be about here, upright and large enough to be sure of.
    pub fn around(framing: &Framing) -> Self {
        let size = Size::new(5 * STRIDE, 5 * STRIDE);
        Self { input_from_frame: framing.crop_from_frame(size, 2.0), size }
    }

    /// Whether up in the view is up in the frame.
    pub fn is_upright(&self) -> bool {
        self.input_from_frame.angle().abs() < 0.1
    }

    /// `part` of a frame (its corner, then its extent), turned by `quarters` clockwise.
    fn of_part((corner, extent): (Point<FrameSpace>, Vec2), scale: f32, quarters: u8) -> Self {
        let lying = quarters % 2 == 1;
        let (width, height) = if lying { (extent.y, extent.x) } else { (extent.x, extent.y) };
        let side = |n: f32| ((n * scale).ceil() as usize).div_ceil(STRIDE).max(4) * STRIDE;
        let middle = corner + extent * 0.5;
        let shown = Point::new(width * scale / 2.0, height * scale / 2.0);
        let angle = f32::from(quarters) * std::f32::consts::FRAC_PI_2;
        Self {
            input_from_frame: Similarity::about(middle, shown, scale, angle),
            size: Size::new(side(width), side(height)),
        }
    }
}

/// The views of frames of one size.
#[derive(Clone, Debug)]
pub struct Search {
    frame: Size,
    whole: View,
    tiles: Vec<View>,
    turned: [View; 3],
    turn: usize,
}

impl Search {
    /// The views that find faces of `min_face` pixels (height of the box) in a frame; without
    /// it, of 40 px in a frame of 1080 lines, in others in proportion, but not below 16 px.
    pub fn new(frame: Size, min_face: Option<f32>) -> Self {
        let fine = Self::scale(frame, min_face, SMALLEST);
        let (whole, tiles) = upright(frame, fine);
        let turned = [1, 3, 2].map(|quarters| turned(frame, &whole, quarters));
        Self { frame, whole, tiles, turned, turn: 0 }
    }

    /// All views of a photo.
    pub fn still_views(frame: Size, min_face: Option<f32>) -> Vec<View> {
        let fine = Self::scale(frame, min_face, SMALLEST_IN_STILL);
        let (whole, tiles) = upright(frame, fine);
        let scale = whole.input_from_frame.scale();
        let farther = STILL_SIZES.map(|size| View::of_part(all(frame), size * scale, 0));
        let turned = [1, 3, 2].map(|quarters| turned(frame, &whole, quarters));
        farther.into_iter().chain(tiles).chain(turned).collect()
    }

    /// The scale at which the smallest face is `shown` pixels high.
    fn scale(frame: Size, min_face: Option<f32>, shown: f32) -> f32 {
        let shorter = frame.width.min(frame.height) as f32;
        let min_face = min_face.unwrap_or_else(|| (SHARE * shorter).max(FEWEST));
        (shown / min_face.max(1.0)).min(MOST_ENLARGED)
    }

    /// The frame size that the views are for.
    pub fn frame(&self) -> Size {
        self.frame
    }

    /// The next view of a video: in turns the whole, a tile, the whole, a tile, the whole
    /// turned. After this the first is the whole again.
    pub fn next_view(&mut self) -> View {
        let turn = self.turn;
        self.turn += 1;
        let round = turn / 5;
        match turn % 5 {
            4 => self.turned[round % 3],
            odd @ (1 | 3) if !self.tiles.is_empty() => {
                self.tiles[(2 * round + odd / 2) % self.tiles.len()]
            }
            _ => self.whole,
        }
    }

    /// Begins with the whole frame again.
    pub fn restart(&mut self) {
        self.turn = 0;
    }
}

/// The whole frame, as a part of itself.
fn all(frame: Size) -> (Point<FrameSpace>, Vec2) {
    (Point::new(0.0, 0.0), Vec2::new(frame.width as f32, frame.height as f32))
}

/// The whole, at `fine` or as fine as an input holds, and tiles where that is not enough.
fn upright(frame: Size, fine: f32) -> (View, Vec<View>) {
    let scale = (LONGEST / frame.width.max(frame.height) as f32).min(fine);
    let parts = if scale < 0.9 * fine { tiles(all(frame).1, fine) } else { Vec::new() };
    let tiles = parts.into_iter().map(|part| View::of_part(part, fine, 0)).collect();
    (View::of_part(all(frame), scale, 0), tiles)
}

/// The whole, turned.
fn turned(frame: Size, whole: &View, quarters: u8) -> View {
    View::of_part(all(frame), whole.input_from_frame.scale(), quarters)
}

/// The parts of a frame of `extent` that make an input of a tile's size at `scale`.
fn tiles(extent: Vec2, scale: f32) -> Vec<(Point<FrameSpace>, Vec2)> {
    let (across, down) =
        if extent.x >= extent.y { (LONGEST, TILE_HEIGHT) } else { (TILE_HEIGHT, LONGEST) };
    let columns = steps(extent.x, across / scale, OVERLAP / scale);
    let rows = steps(extent.y, down / scale, OVERLAP / scale);
    let part = |&y: &f32, &x: &f32| {
        let size = Vec2::new((across / scale).min(extent.x), (down / scale).min(extent.y));
        (Point::new(x, y), size)
    };
    rows.iter().flat_map(|y| columns.iter().map(move |x| part(y, x))).collect()
}

/// Where pieces of `length` begin that cover `whole` and overlap by `overlap` at least.
fn steps(whole: f32, length: f32, overlap: f32) -> Vec<f32> {
    let count = ((whole - overlap) / (length - overlap)).ceil().max(1.0);
    let step = if count > 1.0 { (whole - length) / (count - 1.0) } else { 0.0 };
    (0..count as usize).map(|i| i as f32 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_of_a_large_frame_is_shrunk_and_its_tiles_show_the_smallest_face() {
        let search = Search::new(Size::new(1920, 1080), None);
        assert_eq!(search.whole.size, Size::new(640, 384));
        assert!(!search.tiles.is_empty());
        for tile in &search.tiles {
            assert!((tile.input_from_frame.scale() * 40.0 - SMALLEST).abs() < 0.01);
            assert_eq!(tile.size, Size::new(640, 384));
        }
    }

    #[test]
    fn large_faces_alone_need_no_tiles_and_a_small_input() {
        let search = Search::new(Size::new(1920, 1080), Some(120.0));
        assert!(search.tiles.is_empty());
        assert_eq!(search.whole.size, Size::new(384, 224));
    }

    #[test]
    fn every_place_of_the_frame_lies_in_a_tile() {
        for frame in [Size::new(1920, 1080), Size::new(720, 1280), Size::new(5000, 700)] {
            let search = Search::new(frame, None);
            for (x, y) in [(0.1, 0.1), (0.5, 0.5), (0.37, 0.61), (0.99, 0.99), (0.01, 0.7)] {
                let place = Point::new(x * frame.width as f32, y * frame.height as f32);
                let holds = |view: &View| {
                    let p = view.input_from_frame.apply(place);
                    let (w, h) = (view.size.width as f32, view.size.height as f32);
                    (0.0..=w).contains(&p.x) && (0.0..=h).contains(&p.y)
                };
                assert!(search.tiles.iter().any(holds), "{frame:?} {x} {y}");
                assert!(search.turned.iter().all(holds), "{frame:?} {x} {y} turned");
            }
        }
    }

    #[test]
    fn a_video_is_seen_whole_in_parts_and_turned_by_turns() {
        let mut search = Search::new(Size::new(1280, 720), None);
        let seen: Vec<View> = (0..60).map(|_| search.next_view()).collect();
        assert_eq!(seen[0], search.whole);
        let mut parts = search.tiles.iter().chain(&search.turned);
        assert!(search.tiles.len() >= 2 && parts.all(|view| seen.contains(view)));
        assert!(seen.iter().filter(|view| **view == search.whole).count() >= 20);
    }

    #[test]
    fn a_photo_is_seen_near_and_far_in_parts_and_turned() {
        let views = Search::still_views(Size::new(400, 300), None);
        let scales: Vec<f32> = views.iter().map(|v| v.input_from_frame.scale()).collect();
        assert!(scales.iter().any(|s| (s - 2.0).abs() < 0.01), "finest {scales:?}");
        assert!(scales.iter().any(|s| (s - 0.56).abs() < 0.01), "farthest {scales:?}");
        let lying = views.iter().filter(|v| v.input_from_frame.angle().abs() > 1.0).count();
        assert_eq!(lying, 3);
    }

    #[test]
    fn a_tiny_frame_is_enlarged_at_most_twofold() {
        let search = Search::new(Size::new(100, 80), Some(2.0));
        assert_eq!(search.whole.size, Size::new(224, 160));
    }
}
