//! `YuNet` (Wu et al. 2023, "`YuNet`: a tiny millisecond-level face detector"): boxes and five
//! points of every face in a view of the picture.

use anyhow::{Context, Result, ensure};

use super::search::{STRIDE, View};
use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size, Vec2};
use crate::image::{Image, Picture, warp};
use crate::onnx::{Engine, Network, Tensor};

/// A face as the detector sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceDetection {
    /// Box around the face, without hair and ears.
    pub bbox: Rect<FrameSpace>,
    /// Eye on the picture's left, eye on its right, nose tip, mouth corners left and right.
    /// Under a mask they slip by a fifth of the eye distance.
    pub keypoints: [Point<FrameSpace>; 5],
    /// How sure the network is, 0..1.
    pub score: f32,
}

/// Two boxes that overlap more than this are one face.
const SAME_FACE: f32 = 0.3;
/// Of two boxes of which one holds this much of the other, one is a part: a mouth, a cut face.
const PART: f32 = 0.7;
/// Bytes of the two dimensions, 640 each, in the file's input: an ONNX `dim_value` twice.
const FIXED_SIDES: [u8; 10] = [0x0a, 3, 0x08, 0x80, 5, 0x0a, 3, 0x08, 0x80, 5];

/// Input sizes whose networks are kept: photos of a folder come in hundreds of sizes, and each
/// network takes a megabyte or two.
const MOST_SIZES: usize = 8;

/// The detector, with a network for each of the last input sizes that it met.
pub struct Detector {
    engine: Engine,
    bytes: Vec<u8>,
    /// The one that was used last is the last.
    networks: Vec<(Size, Network)>,
    threshold: f32,
    input: Image,
    levels: Vec<f32>,
}

impl Detector {
    /// A detector over the bytes of `YuNet`'s ONNX file; faces scored below `threshold` (0..1)
    /// are left out.
    ///
    /// # Errors
    /// If the file is not the one this code was written for.
    pub fn new(engine: Engine, bytes: Vec<u8>, threshold: f32) -> Result<Self> {
        let mut detector = Self {
            engine,
            bytes,
            networks: Vec::new(),
            threshold,
            input: Image::new(Size::new(STRIDE, STRIDE)),
            levels: Vec::new(),
        };
        detector.network(Size::new(320, 320))?;
        Ok(detector)
    }

    fn outputs(&mut self, picture: &Picture<'_>, view: &View) -> Result<Vec<Tensor>> {
        let size = view.size;
        if self.input.size() != size {
            self.input = Image::new(size);
        }
        warp::crop(picture, &view.input_from_frame, &mut self.input)?;
        let mut levels = std::mem::take(&mut self.levels);
        bgr_levels(&self.input, &mut levels);
        let outputs = self.network(size)?.run(
            ("input", &[1, 3, size.height, size.width], &levels),
            &[
                "cls_8", "obj_8", "bbox_8", "kps_8", "cls_16", "obj_16", "bbox_16", "kps_16",
                "cls_32", "obj_32", "bbox_32", "kps_32",
            ],
        );
        self.levels = levels;
        outputs
    }

    fn network(&mut self, size: Size) -> Result<&mut Network> {
        let known = self.networks.iter().position(|(known, _)| *known == size);
        let network = if let Some(place) = known {
            self.networks.remove(place)
        } else {
            let bytes = resized(&self.bytes, size)?;
            let network = self.engine.load("YuNet", &bytes)?;
            network.expect_input("input", &[1, 3, size.height as i64, size.width as i64])?;
            if self.networks.len() == MOST_SIZES {
                self.networks.remove(0);
            }
            (size, network)
        };
        self.networks.push(network);
        self.networks.last_mut().map(|(_, network)| network).context("the detector's network")
    }
}

/// Finds faces in a view of a picture. Behind a trait, so that tests can say what is found.
pub trait FindFaces: Send {
    /// The faces in `view`, in pixels of the picture, the surest first.
    ///
    /// # Errors
    /// If the picture cannot be sampled or the network fails.
    fn find(&mut self, picture: &Picture<'_>, view: &View) -> Result<Vec<FaceDetection>>;
}

impl FindFaces for Detector {
    fn find(&mut self, picture: &Picture<'_>, view: &View) -> Result<Vec<FaceDetection>> {
        let outputs = self.outputs(picture, view)?;
        let mut found = Vec::new();
        for (level, stride) in outputs.chunks_exact(4).zip([8, 16, 32]) {
            let columns = view.size.width / stride;
            let grid = Grid {
                columns,
                stride: stride as f32,
                frame_from_input: view.input_from_frame.inverse(),
            };
            found.extend(grid.decode(level, self.threshold)?);
        }
        Ok(suppress(found))
    }
}

/// The model with another input size. The file fixes it to 640 x 640; the network itself is
/// fully convolutional, so only the two numbers need to change. Lengths stay: sides from 128
/// to 16383 take two bytes as an ONNX integer.
fn resized(bytes: &[u8], size: Size) -> Result<Vec<u8>> {
    let at = bytes
        .windows(FIXED_SIDES.len())
        .position(|window| window == FIXED_SIDES)
        .context("the detector's file is not YuNet 2023mar; run 'make setup'")?;
    ensure!(
        [size.width, size.height].iter().all(|side| (128..16384).contains(side)),
        "the detector takes sides from 128 to 16383 pixels"
    );
    let mut bytes = bytes.to_vec();
    for (offset, side) in [(3, size.height), (8, size.width)] {
        bytes[at + offset] = (side & 127) as u8 | 128;
        bytes[at + offset + 1] = (side >> 7) as u8;
    }
    Ok(bytes)
}

/// Blue, green and red planes in levels 0..255, as the network was trained, into `levels`.
fn bgr_levels(image: &Image, levels: &mut Vec<f32>) {
    let [r, g, b] = image.channels();
    levels.clear();
    for plane in [b, g, r] {
        levels.extend(plane.iter().map(|v| v * 255.0));
    }
}

/// The anchors of one stride: one at each corner of a grid.
struct Grid {
    columns: usize,
    stride: f32,
    frame_from_input: Similarity<CropSpace, FrameSpace>,
}

impl Grid {
    fn decode(&self, level: &[Tensor], threshold: f32) -> Result<Vec<FaceDetection>> {
        let [class, object, boxes, points] = level else {
            anyhow::bail!("the detector gave {} outputs a stride", level.len())
        };
        let mut found = Vec::new();
        for (i, (class, object)) in class.data.iter().zip(&object.data).enumerate() {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if score < threshold {
                continue;
            }
            let (column, row) = ((i % self.columns) as f32, (i / self.columns) as f32);
            let at = |x: f32, y: f32| {
                let input = Point::new((column + x) * self.stride, (row + y) * self.stride);
                self.frame_from_input.apply(input)
            };
            let b = &boxes.data[4 * i..4 * i + 4];
            let p = &points.data[10 * i..10 * i + 10];
            found.push(FaceDetection {
                bbox: self.bbox(at(b[0], b[1]), b[2].exp(), b[3].exp()),
                keypoints: std::array::from_fn(|k| at(p[2 * k], p[2 * k + 1])),
                score,
            });
        }
        Ok(found)
    }

    /// A box of `width` by `height` strides, turned with the view to the nearest quarter.
    fn bbox(&self, center: Point<FrameSpace>, width: f32, height: f32) -> Rect<FrameSpace> {
        let half = Vec2::new(width, height) * (self.stride * self.frame_from_input.scale() / 2.0);
        let lying = self.frame_from_input.angle().sin().abs() > std::f32::consts::FRAC_1_SQRT_2;
        let half = if lying { Vec2::new(half.y, half.x) } else { half };
        Rect::new(center + half * -1.0, center + half)
    }
}

/// Non-maximum suppression: of faces that overlap, the surest stays.
pub(super) fn suppress(mut found: Vec<FaceDetection>) -> Vec<FaceDetection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<FaceDetection> = Vec::new();
    for face in found {
        let apart = |k: &FaceDetection| {
            k.bbox.iou(&face.bbox) <= SAME_FACE && k.bbox.shared(&face.bbox) <= PART
        };
        if kept.iter().all(apart) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_sides_are_written_into_the_file() {
        let mut file = vec![1, 2];
        file.extend(FIXED_SIDES);
        file.push(3);
        let file = resized(&file, Size::new(640, 384)).unwrap();
        assert_eq!(file[2..12], [0x0a, 3, 0x08, 0x80, 3, 0x0a, 3, 0x08, 0x80, 5]);
        assert!(resized(&[0; 20], Size::new(640, 384)).is_err());
    }

    #[test]
    fn of_two_boxes_over_one_face_the_surer_stays() {
        let face = |x: f32, score| FaceDetection {
            bbox: Rect::new(Point::new(x, 0.0), Point::new(x + 10.0, 10.0)),
            keypoints: [Point::new(x, 0.0); 5],
            score,
        };
        let kept = suppress(vec![face(0.0, 0.6), face(1.0, 0.9), face(50.0, 0.7)]);
        assert_eq!(kept.iter().map(|f| f.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }
}
