//! Whether a track is a face still: the landmark network is asked on every frame, and the
//! detector vouches for it now and then. No patch stays on a wall.

/// Below this score the landmark network does not see a face.
pub(super) const LOST: f32 = 0.4;
/// Below this score the detector is asked at once.
const DOUBT: f32 = 0.8;
/// A detection of this score may be a face; a weaker one may where the landmark network is sure.
pub(super) const SURE: f32 = 0.6;
/// One of this score is shown at once where the landmark network is sure too. All others are
/// shown when the detector has seen them again in the next frame: hands look like faces briefly.
const BEYOND_DOUBT: f32 = 0.8;
/// In a photo, which has no second time and where nothing quivers, this is enough.
pub(super) const SURE_IN_STILL: f32 = 0.42;
/// A weak detection is a face only where the landmark network gives this score.
const CLEAR: f32 = 0.9;
/// Frames for which the detector's word lasts.
const LASTS: u32 = 12;
/// Frames until the detector is asked again about what it did not see.
const AGAIN: u32 = 2;
/// What the detector does not see so many times in a row is no face.
const MOST_MISSES: u32 = 3;

/// Whether what the detector found with `detection`, and the landmark network saw with `score`,
/// is a face; detections are enough from `sure` on.
pub fn is_face(detection: f32, score: f32, sure: f32) -> bool {
    detection >= sure || score >= CLEAR
}

/// What is known about one track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trust {
    score: f32,
    vouched: bool,
    misses: u32,
    wait: u32,
}

impl Trust {
    /// A face that the detector found with `detection` and the landmark network with `score`.
    pub fn first(detection: f32, score: f32) -> Self {
        let sure = detection >= BEYOND_DOUBT && score >= CLEAR;
        Self { score, vouched: sure, misses: 0, wait: if sure { LASTS } else { 1 } }
    }

    /// A frame passes, on which the landmark network gave `score`.
    pub fn passes(&mut self, score: f32) {
        self.score = score;
        self.wait = self.wait.saturating_sub(1);
        if score < DOUBT && self.misses == 0 && self.wait > AGAIN {
            self.wait = 0;
        }
    }

    /// Whether the detector should look at this face alone.
    pub fn is_due(&self) -> bool {
        self.wait == 0
    }

    /// The detector saw it.
    pub fn seen(&mut self) {
        // Of a face that stays doubtful the detector's word does not last as long.
        let wait = if self.score < DOUBT { AGAIN + 1 } else { LASTS };
        *self = Self { vouched: true, misses: 0, wait, ..*self };
    }

    /// The detector looked at this face alone and did not see it.
    pub fn missed(&mut self) {
        self.misses += 1;
        self.wait = AGAIN;
    }

    /// Whether the detector has been sure of it.
    pub fn is_vouched(&self) -> bool {
        self.vouched
    }

    /// Whether it may be shown: one that both networks doubt may not.
    pub fn is_shown(&self) -> bool {
        self.vouched && self.score >= LOST && (self.misses == 0 || self.score >= DOUBT)
    }

    /// Whether it is given up.
    pub fn is_gone(&self) -> bool {
        self.misses >= if self.vouched { MOST_MISSES } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_detection_counts_from_the_second_time_on() {
        let mut trust = Trust::first(0.4, 0.95);
        assert!(!trust.is_shown());
        trust.passes(0.95);
        assert!(trust.is_due());
        trust.seen();
        assert!(trust.is_shown());
        let mut trust = Trust::first(0.4, 0.95);
        trust.missed();
        assert!(trust.is_gone());
    }

    #[test]
    fn what_only_the_landmark_network_believes_in_is_given_up_soon() {
        let mut trust = Trust::first(0.9, 0.95);
        let mut frames = 0;
        while !trust.is_gone() {
            trust.passes(0.95);
            if trust.is_due() {
                trust.missed();
            }
            frames += 1;
        }
        assert!((10..=20).contains(&frames), "{frames}");
    }

    #[test]
    fn what_both_networks_doubt_is_hidden_at_once() {
        let mut trust = Trust::first(0.9, 0.95);
        trust.passes(0.6);
        assert!(trust.is_due() && trust.is_shown());
        trust.missed();
        assert!(!trust.is_shown() && !trust.is_gone());
        trust.passes(0.95);
        trust.seen();
        assert!(trust.is_shown());
    }
}
