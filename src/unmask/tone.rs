//! Keeps a painting's complexion that of the skin that is seen.

/// Luma of RGB (BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
/// The painted skin has at least this share of the chroma of the visible skin.
const KEEP: f32 = 0.7;
/// A channel is moved by this much at most (0..1).
const MOST: f32 = 0.1;
/// Skin under any light that leaves colours is redder than gray by this much at least.
const REDNESS: f32 = 0.03;
/// Darker than this tells no colour.
const DARK: f32 = 0.06;
/// Samples farther than this from the median chroma are hair, eyes or a strap.
const OTHER: f32 = 0.15;
/// Samples of visible skin without which nothing is known of its tone.
const ENOUGH: usize = 15;

fn luma(rgb: [f32; 3]) -> f32 {
    rgb.iter().zip(LUMA).map(|(v, w)| v * w).sum()
}

/// Differences to luma of red and blue, as shares of luma: chroma that shadows leave alone.
fn chroma(rgb: [f32; 3]) -> [f32; 2] {
    let y = luma(rgb).max(1e-3);
    [(rgb[0] - y) / y, (rgb[2] - y) / y]
}

/// The tone of visible skin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    chroma: [f32; 2],
    square: f32,
}

impl Tone {
    /// The tone of samples (RGB, 0..1) most of which are of skin; `None` for too few, or where
    /// the light or the picture leaves no colour of skin. `room` is for the samples' chroma.
    pub fn of(samples: impl Iterator<Item = [f32; 3]>, room: &mut Vec<[f32; 2]>) -> Option<Self> {
        room.clear();
        room.extend(samples.filter(|rgb| luma(*rgb) > DARK).map(chroma));
        if room.len() < ENOUGH {
            return None;
        }
        let median: [f32; 2] = std::array::from_fn(|i| {
            let middle = room.len() / 2;
            room.select_nth_unstable_by(middle, |a, b| a[i].total_cmp(&b[i])).1[i]
        });
        let is_near = |c: &&[f32; 2]| (c[0] - median[0]).hypot(c[1] - median[1]) < OTHER;
        let (sum, n) = room
            .iter()
            .filter(is_near)
            .fold(([0.0; 2], 0.0), |(sum, n), c| ([sum[0] + c[0], sum[1] + c[1]], n + 1.0));
        let chroma = sum.map(|sum| sum / n);
        let is_skin = chroma[0] > REDNESS && chroma[1] < 0.0;
        is_skin.then(|| Self { chroma, square: chroma.iter().map(|c| c * c).sum() })
    }

    /// What to add to a painted colour that lacks the skin's chroma, its luma kept: light masks
    /// tinge what is painted in their place, and no lips or shadow are that pale.
    pub fn lacking(&self, painted: [f32; 3]) -> [f32; 3] {
        let [red, blue] = chroma(painted);
        let share = (red * self.chroma[0] + blue * self.chroma[1]) / self.square;
        let lift = (KEEP - share).max(0.0) * luma(painted);
        let lift = lift.min(MOST / self.square.sqrt());
        let [red, blue] = self.chroma.map(|c| lift * c);
        [red, -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1], blue]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKIN: [f32; 3] = [0.8, 0.6, 0.5];

    fn tone(samples: &[[f32; 3]]) -> Option<Tone> {
        Tone::of(samples.iter().copied(), &mut Vec::new())
    }

    #[test]
    fn a_bluish_fill_takes_on_the_skins_chroma_and_keeps_its_luma() {
        let pale = [0.70, 0.72, 0.74];
        let lacking = tone(&[SKIN; 20]).unwrap().lacking(pale);
        let mended: [f32; 3] = std::array::from_fn(|i| pale[i] + lacking[i]);
        assert!((luma(mended) - luma(pale)).abs() < 1e-5);
        assert!(mended[0] > mended[1] && mended[1] > mended[2], "{mended:?}");
        assert!(lacking.iter().all(|v| v.abs() <= MOST + 1e-6), "{lacking:?}");
    }

    #[test]
    fn redder_lips_and_darker_skin_are_left_alone() {
        for colour in [[0.7, 0.35, 0.35], SKIN.map(|v| v * 0.4), SKIN] {
            let lacking = tone(&[SKIN; 20]).unwrap().lacking(colour);
            assert!(lacking.iter().all(|v| v.abs() < 1e-6), "{colour:?}: {lacking:?}");
        }
    }

    #[test]
    fn hair_eyes_and_straps_among_the_samples_do_not_count() {
        let mut samples = vec![SKIN; 20];
        samples.extend([[0.9, 0.95, 1.0]; 8]);
        samples.extend([[0.02, 0.02, 0.03]; 30]);
        let (mixed, clean) = (tone(&samples).unwrap(), tone(&[SKIN; 20]).unwrap());
        assert!((mixed.chroma[0] - clean.chroma[0]).abs() < 1e-5, "{mixed:?}");
    }

    #[test]
    fn gray_pictures_coloured_light_and_hidden_skin_have_no_tone() {
        assert!(tone(&[[0.5; 3]; 40]).is_none());
        assert!(tone(&[[0.3, 0.4, 0.8]; 40]).is_none());
        assert!(tone(&[SKIN; 10]).is_none());
    }
}
