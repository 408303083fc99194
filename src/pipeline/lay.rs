//! The last stage before the sink: what was painted is settled over time and laid into the frame.

use anyhow::Result;

use super::markup;
use super::round::Round;
use super::stage::Stage;
use super::stages::{Painted, Paintings};
use super::stats::Stats;
use crate::face::Face;
use crate::image::label::Label;
use crate::media::Frame;
use crate::media::outlet::{Mark, Shown};
use crate::restore::{Patch, Settler};

/// Lays paintings over the faces, in stream order.
pub struct Lay {
    settler: Settler,
    stats: Stats,
    live: bool,
    label: Option<Label>,
    draws: bool,
}

impl Lay {
    /// The stage of a file; what it lays is counted in `stats`.
    pub fn new(stats: Stats) -> Self {
        Self { settler: Settler::default(), stats, live: false, label: None, draws: false }
    }

    /// The stage for live streams: it keeps the frames as they came in and marks the faces, for
    /// previews.
    pub fn live(stats: Stats) -> Self {
        Self { live: true, ..Self::new(stats) }
    }

    /// With a line of text burnt into every frame.
    #[must_use]
    pub fn labelled(self, label: Option<Label>) -> Self {
        Self { label, ..self }
    }

    /// Whether the faces are drawn over the result too.
    #[must_use]
    pub fn drawing(self, draws: bool) -> Self {
        Self { draws, ..self }
    }

    fn finish(&mut self, stream: usize, painted: Painted) -> Result<Shown> {
        let Painted { mut frame, faces, paintings } = painted;
        let patches = match paintings {
            Paintings::Shown(shown) => self.stats.or_failed(self.settler.settle(stream, shown)),
            Paintings::Again => self.stats.or_failed(self.settler.again(stream)),
            Paintings::Failed => {
                self.settler.fail(stream);
                Vec::new()
            }
        };
        let original = self.live.then(|| frame.clone());
        let drawn: &[Face] = if self.draws { &faces } else { &[] };
        lay(&mut frame, &patches, drawn, self.label.as_ref())?;
        if !frame.is_warm_up() {
            self.stats.painted_faces(patches.len());
            self.stats.painted_tracks(stream, &patches);
        }
        if !self.live && !frame.is_warm_up() {
            self.stats.changed(frame.time(), patches.len());
        }
        let marks = if self.live { faces.iter().map(mark).collect() } else { Vec::new() };
        Ok(Shown { frame, original, restored: !patches.is_empty(), marks })
    }
}

impl Stage for Lay {
    type In = Round<Painted>;
    type Out = Round<Shown>;
    const NAME: &'static str = "lay";

    fn process(&mut self, round: Round<Painted>) -> Result<Option<Round<Shown>>> {
        round.try_map(|stream, painted| self.finish(stream, painted)).map(Some)
    }
}

/// Lays patches, draws faces, writes the label. A frame that gets nothing is not even made
/// writable.
fn lay(frame: &mut Frame, patches: &[Patch], drawn: &[Face], label: Option<&Label>) -> Result<()> {
    if patches.is_empty() && drawn.is_empty() && label.is_none() {
        return Ok(());
    }
    let mut planes = frame.write()?;
    let mut picture = planes.picture()?;
    patches.iter().try_for_each(|patch| patch.lay(&mut picture))?;
    markup::draw(&mut picture, drawn);
    label.map_or(Ok(()), |label| label.lay(&mut picture))
}

fn mark(face: &Face) -> Mark {
    let points = face.landmarks.points().to_vec();
    Mark { id: face.id.0, bbox: face.bbox, points, worn: face.worn }
}
