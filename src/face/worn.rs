//! Whether a face wears a mask, decided over time: one doubtful frame changes nothing, and what
//! is laid over the face comes and goes within a tenth of a second instead of popping.

/// Time constant of the mean over the network's answers, in seconds.
const MEMORY: f32 = 0.08;
/// The mean at which a mask counts as put on, and as taken off.
const ON: f32 = 0.6;
const OFF: f32 = 0.4;
/// Seconds from nothing laid to all of it, and back.
const FADE: f32 = 0.1;

/// The decision for one face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worn {
    mean: f32,
    on: bool,
    shown: f32,
}

impl Worn {
    /// The decision at first sight, from the probability that a mask is worn: all or nothing.
    pub fn first(probability: f32) -> Self {
        let on = probability >= 0.5;
        Self { mean: probability, on, shown: f32::from(on) }
    }

    /// Takes in what the network says `dt` seconds later.
    pub fn advance(&mut self, probability: f32, dt: f32) {
        self.mean += (probability - self.mean) * (1.0 - (-dt.max(0.0) / MEMORY).exp());
        self.on = self.mean >= if self.on { OFF } else { ON };
        let step = dt.max(0.0) / FADE;
        self.shown = (self.shown + if self.on { step } else { -step }).clamp(0.0, 1.0);
    }

    /// Whether a mask is worn.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// How far the change to worn has been shown, 0 (bare) ..1 (worn).
    pub fn shown(&self) -> f32 {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DT: f32 = 0.04;

    #[test]
    fn one_doubtful_frame_changes_nothing() {
        let mut worn = Worn::first(0.95);
        worn.advance(0.1, DT);
        assert!(worn.is_on() && worn.shown() >= 1.0);
        let mut worn = Worn::first(0.05);
        worn.advance(0.9, DT);
        assert!(!worn.is_on() && worn.shown() <= 0.0);
    }

    #[test]
    fn answers_around_the_middle_do_not_flicker() {
        let mut worn = Worn::first(0.7);
        for frame in 0..50 {
            worn.advance(if frame % 2 == 0 { 0.42 } else { 0.58 }, DT);
            assert!(worn.is_on(), "frame {frame}");
        }
    }

    #[test]
    fn a_mask_put_on_fades_in_over_a_tenth_of_a_second_and_out_again() {
        let mut worn = Worn::first(0.02);
        let mut shown = vec![worn.shown()];
        for frame in 0..20 {
            worn.advance(if frame < 10 { 0.98 } else { 0.02 }, DT);
            shown.push(worn.shown());
        }
        let steps: Vec<f32> = shown.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        assert!(steps.iter().all(|step| *step <= DT / FADE + 1e-3), "{shown:?}");
        let between = shown[..11].iter().filter(|s| (0.01..0.99).contains(*s)).count();
        assert_eq!(between, 2, "{shown:?}");
        assert!(shown[6] >= 1.0 && shown[20] <= 0.0, "{shown:?}");
    }
}
