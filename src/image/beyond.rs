//! What a crop shows of the world beyond the picture.

use super::Image;
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};

/// Whether a crop of `size` shows anything beyond a frame of `frame` pixels.
pub fn is_shown(
    frame: Size,
    crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    size: Size,
) -> bool {
    let frame_from_crop = crop_from_frame.inverse();
    let (w, h) = (size.width as f32, size.height as f32);
    let corners = [(0.0, 0.0), (w, 0.0), (0.0, h), (w, h)];
    corners.into_iter().any(|(x, y)| is_beyond(frame, frame_from_crop.apply(Point::new(x, y))))
}

/// Makes it black. `warp::crop` repeats the picture's last pixels there, which is best for
/// what is matched to its surroundings; a network takes a mask's smear for a beard or a scarf.
pub fn blacken(frame: Size, crop_from_frame: &Similarity<FrameSpace, CropSpace>, crop: &mut Image) {
    let frame_from_crop = crop_from_frame.inverse();
    let width = crop.size().width;
    let [r, g, b] = crop.channels_mut();
    for (i, ((r, g), b)) in r.iter_mut().zip(g).zip(b).enumerate() {
        let centre = Point::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
        if is_beyond(frame, frame_from_crop.apply(centre)) {
            (*r, *g, *b) = (0.0, 0.0, 0.0);
        }
    }
}

fn is_beyond(frame: Size, Point { x, y, .. }: Point<FrameSpace>) -> bool {
    !(0.0..=frame.width as f32).contains(&x) || !(0.0..=frame.height as f32).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn just_what_lies_beyond_the_picture_is_black() {
        let frame = Size::new(40, 30);
        let size = Size::new(16, 16);
        let inside = Similarity::about(Point::new(20.0, 15.0), Point::new(8.0, 8.0), 1.0, 0.3);
        assert!(!is_shown(frame, &inside, size));
        // The crop's pixel 8 shows the frame's right edge: 8 columns of it are left.
        let over = Similarity::about(Point::new(40.0, 15.0), Point::new(8.0, 8.0), 1.0, 0.0);
        assert!(is_shown(frame, &over, size));
        let mut crop = Image::new(size);
        crop.channels_mut().into_iter().for_each(|channel| channel.fill(0.5));
        blacken(frame, &over, &mut crop);
        for channel in crop.channels() {
            for row in channel.chunks(16) {
                assert!(row[..8].iter().all(|&v| v > 0.4) && row[8..].iter().all(|&v| v < 0.1));
            }
        }
    }
}
