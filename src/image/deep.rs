//! More than 8 bits a channel: what was not touched keeps every one of them.

use ::image::DynamicImage;

/// Steps of 16 bits in one of 8.
const STEP: i32 = 257;

/// `deep` with the changes that were made to its 8-bit `planes` of red, green and blue: 16 bits a
/// channel, its own alpha if it has one.
pub(super) fn changed(deep: &DynamicImage, planes: &[Vec<u8>; 3]) -> DynamicImage {
    let (before, mut fine) = (deep.to_rgb8(), deep.to_rgba16());
    for (i, (old, fine)) in before.pixels().zip(fine.pixels_mut()).enumerate() {
        for ((fine, old), plane) in fine.0.iter_mut().zip(old.0).zip(planes) {
            let change = i32::from(plane[i]) - i32::from(old);
            let sample = i32::from(*fine) + change * STEP;
            *fine = sample.clamp(0, i32::from(u16::MAX)) as u16;
        }
    }
    let fine = DynamicImage::ImageRgba16(fine);
    if deep.color().has_alpha() { fine } else { fine.into_rgb16().into() }
}

/// Whether `picture` has more than 8 bits a channel.
pub(super) fn is_deep(picture: &DynamicImage) -> bool {
    let color = picture.color();
    color.bits_per_pixel() / u16::from(color.channel_count()) > 8
}
