//! What changes from frame to frame, seen on a tiny picture of the luma: cuts, and movement
//! where no face is known.

use crate::geometry::{FrameSpace, Point, Rect, Size};
use crate::image::Picture;

/// Cells across and down of the tiny picture.
const CELLS: Size = Size::new(64, 36);
/// Samples that a cell takes each way.
const SAMPLES: usize = 4;
/// A cut changes the picture by this much at least (mean over the cells, 1 is black to white),
const CUT: f32 = 0.05;
/// and so many times as much as the frames before changed it: a pan goes on, a cut does not.
const CUT_ABOVE_USUAL: f32 = 4.0;
/// Share of a frame's change in what is usual.
const USUAL_SHARE: f32 = 0.25;
/// Frames change this much from noise alone.
const NOISE: f32 = 0.004;
/// A cell that changes by this much shows something else.
const MOVED: f32 = 0.08;
/// Cells that must change before something moves.
const MOVED_CELLS: usize = 3;

/// Memory of the frames before.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    now: Option<Thumbnail>,
    searched: Option<Thumbnail>,
    usual: f32,
}

#[derive(Clone, Debug, PartialEq)]
struct Thumbnail {
    frame: Size,
    cells: Vec<f32>,
}

impl Scene {
    /// Takes the next frame in; true if another scene begins with it. The first frame, and one
    /// of another size, begins one.
    pub fn advance(&mut self, picture: &Picture<'_>) -> bool {
        let next = Thumbnail::of(picture);
        let last = self.now.take().filter(|last| last.frame == next.frame);
        let change = last.map(|last| last.change_to(&next));
        self.now = Some(next);
        let Some(change) = change else {
            self.usual = 0.0;
            return true;
        };
        let cut = change > CUT && change > CUT_ABOVE_USUAL * self.usual.max(NOISE);
        let change = if cut { 0.0 } else { change };
        self.usual += (change - self.usual) * USUAL_SHARE;
        cut
    }

    /// Notes that the detector looked at this frame.
    pub fn looked(&mut self) {
        self.searched.clone_from(&self.now);
    }

    /// Whether something has changed since the detector looked, outside `known` faces.
    pub fn has_moved(&self, known: &[Rect<FrameSpace>]) -> bool {
        let (Some(now), Some(searched)) = (&self.now, &self.searched) else { return true };
        if now.frame != searched.frame {
            return true;
        }
        let outside = |cell: usize| {
            let place = now.center(cell);
            !known.iter().any(|face| near(face, place))
        };
        let moved = now.cells.iter().zip(&searched.cells).enumerate();
        let moved = moved.filter(|(cell, (a, b))| (*a - *b).abs() > MOVED && outside(*cell));
        moved.take(MOVED_CELLS).count() == MOVED_CELLS
    }
}

/// Whether a place belongs to a face, its hair, or the background it uncovers.
fn near(face: &Rect<FrameSpace>, place: Point<FrameSpace>) -> bool {
    let center = face.center();
    (place.x - center.x).abs() < face.width() && (place.y - center.y).abs() < face.height()
}

impl Thumbnail {
    /// Means of a few samples of the first plane in each cell, 0..1.
    fn of(picture: &Picture<'_>) -> Self {
        let frame = picture.format.size;
        let plane = picture.planes[0];
        let bytes = picture.format.sample_bytes();
        let peak = ((1u32 << picture.format.bits) - 1) as f32;
        let at = |index: usize, cells: usize, length: usize| {
            (2 * index + 1) * length / (2 * cells * SAMPLES)
        };
        let columns: Vec<usize> = (0..CELLS.width * SAMPLES)
            .map(|column| at(column, CELLS.width, frame.width) * bytes)
            .collect();
        let mut cells = vec![0.0; CELLS.width * CELLS.height];
        for row in 0..CELLS.height * SAMPLES {
            let line = &plane.data[at(row, CELLS.height, frame.height) * plane.stride..];
            let cells = &mut cells[row / SAMPLES * CELLS.width..][..CELLS.width];
            for (cell, columns) in cells.iter_mut().zip(columns.chunks_exact(SAMPLES)) {
                let sample = |at: &usize| match bytes {
                    1 => f32::from(line[*at]),
                    _ => f32::from(u16::from_le_bytes([line[*at], line[at + 1]])),
                };
                *cell += columns.iter().map(sample).sum::<f32>();
            }
        }
        let unit = 1.0 / (peak * (SAMPLES * SAMPLES) as f32);
        let cells = cells.into_iter().map(|sum: f32| sum * unit).collect();
        Self { frame, cells }
    }

    /// Mean difference to another picture that no change of light explains: what is left after
    /// the best gain and offset.
    fn change_to(&self, next: &Self) -> f32 {
        let n = self.cells.len() as f32;
        let mean = |cells: &[f32]| cells.iter().sum::<f32>() / n;
        let (mine, theirs) = (mean(&self.cells), mean(&next.cells));
        let pairs = || self.cells.iter().zip(&next.cells).map(|(a, b)| (a - mine, b - theirs));
        let (both, own) = pairs().fold((0.0, 0.0), |(ab, aa), (a, b)| (ab + a * b, aa + a * a));
        let gain = if own > 0.0 { (both / own).clamp(0.0, 4.0) } else { 0.0 };
        pairs().map(|(a, b)| (b - gain * a).abs()).sum::<f32>() / n
    }

    fn center(&self, cell: usize) -> Point<FrameSpace> {
        let (column, row) = ((cell % CELLS.width) as f32, (cell / CELLS.width) as f32);
        Point::new(
            (column + 0.5) * self.frame.width as f32 / CELLS.width as f32,
            (row + 0.5) * self.frame.height as f32 / CELLS.height as f32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Colorimetry, PictureFormat, Plane};

    const SIZE: Size = Size::new(320, 180);

    /// A picture of stripes that begin at `shift`, as bright as `gain` makes them, with a
    /// square of white at `square`.
    fn luma(shift: usize, gain: f32, square: Option<(usize, usize)>) -> Vec<u8> {
        (0..SIZE.width * SIZE.height)
            .map(|i| {
                let (x, y) = (i % SIZE.width, i / SIZE.width);
                let inside = |(left, top): (usize, usize)| {
                    (left..left + 30).contains(&x) && (top..top + 30).contains(&y)
                };
                let stripe = if ((x + shift) / 40).is_multiple_of(2) { 40.0 } else { 160.0 };
                if square.is_some_and(inside) { 255 } else { (stripe * gain) as u8 }
            })
            .collect()
    }

    fn advance(scene: &mut Scene, luma: &[u8]) -> bool {
        let gray = vec![128u8; SIZE.width * SIZE.height / 4];
        let format = PictureFormat::i420(SIZE, Colorimetry::BT601);
        let plane = |data, width| Plane { data, stride: width };
        let planes = [
            plane(luma, SIZE.width),
            plane(&gray[..], SIZE.width / 2),
            plane(&gray[..], SIZE.width / 2),
        ];
        scene.advance(&Picture::new(format, planes).unwrap())
    }

    #[test]
    fn a_cut_is_found_and_a_pan_and_a_flash_are_none() {
        let mut scene = Scene::default();
        assert!(advance(&mut scene, &luma(0, 1.0, None)), "the first frame begins a scene");
        for frame in 1..10 {
            assert!(!advance(&mut scene, &luma(frame, 1.0, None)), "a slow pan, frame {frame}");
        }
        assert!(!advance(&mut scene, &luma(10, 1.5, None)), "a flash");
        assert!(!advance(&mut scene, &luma(11, 1.0, None)));
        assert!(advance(&mut scene, &luma(52, 1.0, None)), "a cut");
        assert!(!advance(&mut scene, &luma(52, 1.0, None)), "one cut, not two");
    }

    #[test]
    fn what_moves_outside_known_faces_is_seen() {
        let mut scene = Scene::default();
        assert!(scene.has_moved(&[]), "nothing was searched yet");
        advance(&mut scene, &luma(0, 1.0, None));
        scene.looked();
        assert!(!scene.has_moved(&[]));
        advance(&mut scene, &luma(0, 1.0, Some((100, 60))));
        assert!(scene.has_moved(&[]));
        let face = Rect::new(Point::new(95.0, 55.0), Point::new(135.0, 95.0));
        assert!(!scene.has_moved(&[face]));
    }
}
