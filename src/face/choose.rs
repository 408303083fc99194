//! Which faces something is laid over.

use std::str::FromStr;

use super::{Face, TrackId};

/// What the user asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Every face.
    #[default]
    All,
    /// The largest face; another takes its place only when it is clearly larger.
    Largest,
    /// The faces with these numbers.
    Ids(Vec<TrackId>),
}

impl FromStr for Choice {
    type Err = String;

    /// `all`, `largest`, or numbers with commas between.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.trim().parse().ok().filter(|id| *id > 0).map(TrackId);
        match text {
            "all" => Ok(Self::All),
            "largest" => Ok(Self::Largest),
            ids => {
                ids.split(',').map(number).collect::<Option<_>>().map(Self::Ids).ok_or_else(|| {
                    "write all, largest, or numbers of faces from 1 on, as in 1,3".to_owned()
                })
            }
        }
    }
}

/// So many times as large (height of the box) is clearly larger.
const CLEARLY: f32 = 1.2;

/// A choice at work.
#[derive(Clone, Debug, Default)]
pub struct Chooser {
    choice: Choice,
    largest: Option<TrackId>,
}

impl Chooser {
    /// Chooses as `choice` says.
    pub fn new(choice: Choice) -> Self {
        Self { choice, largest: None }
    }

    /// Marks the faces of the next picture.
    pub fn mark(&mut self, faces: &mut [Face]) {
        if self.choice == Choice::Largest {
            self.largest = self.largest_of(faces);
        }
        for face in faces {
            face.chosen = match &self.choice {
                Choice::All => true,
                Choice::Largest => self.largest == Some(face.id),
                Choice::Ids(ids) => ids.contains(&face.id),
            };
        }
    }

    fn largest_of(&self, faces: &[Face]) -> Option<TrackId> {
        let size = |face: &Face| face.bbox.height();
        let largest = faces.iter().max_by(|a, b| size(a).total_cmp(&size(b)))?;
        let held = faces.iter().find(|face| self.largest == Some(face.id));
        let held = held.filter(|held| size(largest) < CLEARLY * size(held));
        Some(held.unwrap_or(largest).id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::fixture::face;
    use crate::geometry::Point;

    fn chosen(chooser: &mut Chooser, sizes: &[(u64, f32)]) -> Vec<u64> {
        let mut faces: Vec<Face> =
            sizes.iter().map(|(id, size)| face(*id, Point::new(0.0, 0.0), *size, true)).collect();
        chooser.mark(&mut faces);
        faces.iter().filter(|face| face.chosen).map(|face| face.id.0).collect()
    }

    #[test]
    fn what_is_written_is_what_is_chosen() {
        assert_eq!("all".parse(), Ok(Choice::All));
        assert_eq!("2, 5".parse(), Ok(Choice::Ids(vec![TrackId(2), TrackId(5)])));
        for wrong in ["", "0", "1,,2", "-3", "first"] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
        let mut ids = Chooser::new(Choice::Ids(vec![TrackId(2)]));
        assert_eq!(chosen(&mut ids, &[(1, 1.0), (2, 0.5)]), [2]);
        assert_eq!(chosen(&mut Chooser::default(), &[(1, 1.0), (2, 0.5)]), [1, 2]);
    }

    #[test]
    fn the_largest_stays_until_another_is_clearly_larger() {
        let mut largest = Chooser::new(Choice::Largest);
        assert_eq!(chosen(&mut largest, &[(1, 1.0), (2, 0.9)]), [1]);
        assert_eq!(chosen(&mut largest, &[(1, 1.0), (2, 1.1)]), [1]);
        assert_eq!(chosen(&mut largest, &[(1, 1.0), (2, 1.3)]), [2]);
        assert_eq!(chosen(&mut largest, &[(1, 1.0)]), [1]);
        assert!(chosen(&mut largest, &[]).is_empty());
    }
}
