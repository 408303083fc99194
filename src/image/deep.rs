//! More than 8 bits a channel: what was not touched keeps every one of them.

use ::image::DynamicImage;

/// Steps of 16 bits in one of 8.
const STEP: i32 = 257;

/// The samples of `deep` with the changes that were made to its 8-bit `planes` of red, green and
/// blue: interleaved blue, green, red, and its own alpha if it has one, with the number of channels.
pub(super) fn changed(deep: &DynamicImage, planes: &[Vec<u8>; 3]) -> (Vec<u16>, usize) {
    let channels = if deep.color().has_alpha() { 4 } else { 3 };
    let (before, fine) = (deep.to_rgb8(), deep.to_rgba16());
    let mut samples = Vec::with_capacity(planes[0].len() * channels);
    for (i, (old, fine)) in before.pixels().zip(fine.pixels()).enumerate() {
        for c in [2, 1, 0] {
            let change = i32::from(planes[c][i]) - i32::from(old.0[c]);
            let sample = i32::from(fine.0[c]) + change * STEP;
            samples.push(sample.clamp(0, i32::from(u16::MAX)) as u16);
        }
        if channels == 4 {
            samples.push(fine.0[3]);
        }
    }
    (samples, channels)
}

/// Whether `picture` has more than 8 bits a channel.
pub(super) fn is_deep(picture: &DynamicImage) -> bool {
    let color = picture.color();
    color.bits_per_pixel() / u16::from(color.channel_count()) > 8
}
