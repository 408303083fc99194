//! The canonical crop: where the 68 landmarks of a mean face lie in it, and the similarity
//! transform that takes a face there. Training pairs, photos and video all come this way, so
//! they cannot drift apart.

use super::Landmarks;
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};

/// Width and height of the canonical crop in pixels: what the restoring network sees.
pub const CROP: Size = Size::new(256, 256);

/// Name of the template, as it stands in the metadata of a network trained with it.
pub const TEMPLATE_ID: &str = "ibug68-eyes33-29/1";

/// The mean face in shares of the crop's side: the generalised Procrustes mean of some 5,000
/// near-frontal portraits, eye centres at (.335, .29) and (.665, .29). Wide enough that no
/// mask is cut and the chin is inside.
const TEMPLATE: [(f32, f32); 68] = [
    (0.1420, 0.3057),
    (0.1466, 0.3787),
    (0.1634, 0.5322),
    (0.1863, 0.6150),
    (0.2188, 0.6817),
    (0.2566, 0.7303),
    (0.3455, 0.8045),
    (0.4368, 0.8515),
    (0.5000, 0.8584),
    (0.5632, 0.8515),
    (0.6545, 0.8045),
    (0.7434, 0.7303),
    (0.7812, 0.6817),
    (0.8137, 0.6150),
    (0.8366, 0.5322),
    (0.8534, 0.3787),
    (0.8580, 0.3057),
    (0.2067, 0.2143),
    (0.2391, 0.1862),
    (0.2893, 0.1716),
    (0.3533, 0.1750),
    (0.4255, 0.1833),
    (0.5745, 0.1833),
    (0.6467, 0.1750),
    (0.7107, 0.1716),
    (0.7609, 0.1862),
    (0.7933, 0.2143),
    (0.5000, 0.2699),
    (0.5000, 0.3472),
    (0.5000, 0.4181),
    (0.5000, 0.4628),
    (0.4095, 0.5087),
    (0.4602, 0.5231),
    (0.5000, 0.5252),
    (0.5398, 0.5231),
    (0.5905, 0.5087),
    (0.2666, 0.2891),
    (0.3023, 0.2709),
    (0.3561, 0.2681),
    (0.4096, 0.2981),
    (0.3643, 0.3073),
    (0.3110, 0.3063),
    (0.5904, 0.2981),
    (0.6439, 0.2681),
    (0.6977, 0.2709),
    (0.7334, 0.2891),
    (0.6890, 0.3063),
    (0.6357, 0.3073),
    (0.3563, 0.6155),
    (0.3872, 0.5987),
    (0.4575, 0.5834),
    (0.5000, 0.5891),
    (0.5425, 0.5834),
    (0.6128, 0.5987),
    (0.6437, 0.6155),
    (0.6076, 0.6552),
    (0.5419, 0.6908),
    (0.5000, 0.6949),
    (0.4581, 0.6908),
    (0.3924, 0.6552),
    (0.3757, 0.6151),
    (0.4659, 0.6148),
    (0.5000, 0.6165),
    (0.5341, 0.6148),
    (0.6243, 0.6151),
    (0.5349, 0.6453),
    (0.5000, 0.6474),
    (0.4651, 0.6453),
];

/// How much a landmark counts for the alignment: eyes, brows and the bridge of the nose, which
/// no mask hides. What a mask hides is a guess and does not move the crop.
fn weight(index: usize) -> f32 {
    match index {
        36..48 => 1.0,
        17..27 => 0.5,
        27..30 => 0.7,
        _ => 0.0,
    }
}

/// The mean face's landmarks in the canonical crop.
pub fn template() -> Landmarks<CropSpace> {
    let (width, height) = (CROP.width as f32, CROP.height as f32);
    Landmarks::new(TEMPLATE.map(|(x, y)| Point::new(x * width, y * height)))
}

/// The least-squares similarity that takes a face's eyes, brows and nose bridge to those of
/// the [`template`]; `None` when the landmarks coincide.
pub fn crop_from_landmarks(
    landmarks: &Landmarks<FrameSpace>,
) -> Option<Similarity<FrameSpace, CropSpace>> {
    let weights: [f32; 68] = std::array::from_fn(weight);
    Similarity::estimate_weighted(landmarks.points(), template().points(), &weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_and_shifted_mean_face_is_taken_to_the_template() {
        let frame_from_crop: Similarity<CropSpace, FrameSpace> =
            Similarity::about(Point::new(128.0, 128.0), Point::new(400.0, 300.0), 0.7, 2.2);
        let face = template().map(&frame_from_crop);
        let crop_from_frame = crop_from_landmarks(&face).unwrap();
        let back = face.map(&crop_from_frame);
        let template = template();
        let pairs = back.points().iter().zip(template.points());
        assert!(pairs.map(|(a, b)| a.distance(*b)).fold(0.0, f32::max) < 0.01);
    }

    #[test]
    fn what_a_mask_hides_does_not_move_the_crop() {
        let frame_from_crop: Similarity<CropSpace, FrameSpace> =
            Similarity::about(Point::new(0.0, 0.0), Point::new(9.0, 9.0), 1.0, 0.0);
        let face = template().map(&frame_from_crop);
        let mut slipped = *face.points();
        for point in slipped.iter_mut().take(17) {
            point.x += 30.0;
        }
        let slipped = crop_from_landmarks(&Landmarks::new(slipped)).unwrap();
        assert_eq!(slipped, crop_from_landmarks(&face).unwrap());
    }
}
