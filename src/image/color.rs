//! `Y'CbCr` to `R'G'B'` and back with the stream's own matrix and range (ITU-T H.273).

/// Matrix and range of a picture's samples. All values of the matrix are the luma weights Kr
/// and Kb of H.273, table 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colorimetry {
    /// Luma weights (Kr, Kb); `None` when the planes are red, green and blue themselves.
    pub weights: Option<(f32, f32)>,
    /// True when samples use all values (0..255), false for video's 16..235 and 16..240.
    pub full_range: bool,
}

impl Colorimetry {
    /// The planes are red, green and blue (H.273's identity matrix), full range.
    pub const RGB: Self = Self { weights: None, full_range: true };
    /// Standard definition video, limited range.
    pub const BT601: Self = Self { weights: Some((0.299, 0.114)), full_range: false };
    /// High definition video, limited range.
    pub const BT709: Self = Self { weights: Some((0.2126, 0.0722)), full_range: false };
    /// Ultra high definition video, non-constant luminance, limited range.
    pub const BT2020: Self = Self { weights: Some((0.2627, 0.0593)), full_range: false };

    /// Offset and gain that take a normalised sample (value / (2^bits - 1)) of luma and of
    /// chroma to 0..1 and -0.5..0.5: `((offset, gain), (offset, gain))`.
    fn ranges(&self, bits: u32) -> ((f32, f32), (f32, f32)) {
        let peak = ((1u32 << bits) - 1) as f32;
        let unit = (1u32 << (bits - 8)) as f32 / peak;
        if self.full_range {
            ((0.0, 1.0), (128.0 * unit, 1.0))
        } else {
            ((16.0 * unit, 1.0 / (219.0 * unit)), (128.0 * unit, 1.0 / (224.0 * unit)))
        }
    }

    /// Turns three planes of normalised samples (0..1 of the sample's full scale) into R'G'B'
    /// 0..1, in place. The three slices must be of one length.
    pub fn to_rgb(&self, bits: u32, [y, u, v]: [&mut [f32]; 3]) {
        let Some((kr, kb)) = self.weights else { return };
        let kg = 1.0 - kr - kb;
        let ((y0, yk), (c0, ck)) = self.ranges(bits);
        for ((y, u), v) in y.iter_mut().zip(u).zip(v) {
            let luma = (*y - y0) * yk;
            let (cb, cr) = ((*u - c0) * ck, (*v - c0) * ck);
            let r = luma + 2.0 * (1.0 - kr) * cr;
            let b = luma + 2.0 * (1.0 - kb) * cb;
            *y = r.clamp(0.0, 1.0);
            *u = ((luma - kr * r - kb * b) / kg).clamp(0.0, 1.0);
            *v = b.clamp(0.0, 1.0);
        }
    }

    /// Turns R'G'B' 0..1 into normalised samples, in place: the way back of
    /// [`Colorimetry::to_rgb`].
    pub fn from_rgb(&self, bits: u32, [r, g, b]: [&mut [f32]; 3]) {
        let Some((kr, kb)) = self.weights else { return };
        let kg = 1.0 - kr - kb;
        let ((y0, yk), (c0, ck)) = self.ranges(bits);
        for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
            let luma = kr * *r + kg * *g + kb * *b;
            let cb = (*b - luma) / (2.0 * (1.0 - kb));
            let cr = (*r - luma) / (2.0 * (1.0 - kr));
            (*r, *g, *b) = (luma / yk + y0, cb / ck + c0, cr / ck + c0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb_of(color: Colorimetry, bits: u32, yuv: [f32; 3]) -> [f32; 3] {
        let peak = ((1u32 << bits) - 1) as f32;
        let [mut y, mut u, mut v] = yuv.map(|v| [v / peak]);
        color.to_rgb(bits, [&mut y, &mut u, &mut v]);
        [y[0], u[0], v[0]]
    }

    #[test]
    fn video_white_red_and_black_are_what_the_standard_says() {
        let near = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01);
        assert!(near(rgb_of(Colorimetry::BT709, 8, [235.0, 128.0, 128.0]), [1.0; 3]));
        assert!(near(rgb_of(Colorimetry::BT709, 10, [64.0, 512.0, 512.0]), [0.0; 3]));
        assert!(near(rgb_of(Colorimetry::BT601, 8, [81.0, 90.0, 240.0]), [1.0, 0.0, 0.0]));
        assert!(near(rgb_of(Colorimetry::BT709, 8, [63.0, 102.0, 240.0]), [1.0, 0.0, 0.0]));
    }

    #[test]
    fn there_and_back_loses_less_than_a_quarter_level() {
        for color in [Colorimetry::BT601, Colorimetry::BT709, Colorimetry::BT2020, Colorimetry::RGB]
        {
            let want = [0.4, 0.55, 0.5];
            let [mut y, mut u, mut v] = want.map(|v| [v]);
            color.to_rgb(8, [&mut y, &mut u, &mut v]);
            color.from_rgb(8, [&mut y, &mut u, &mut v]);
            for (got, want) in [y[0], u[0], v[0]].iter().zip(want) {
                assert!((got - want).abs() < 0.25 / 255.0, "{color:?}: {got} {want}");
            }
        }
    }
}
