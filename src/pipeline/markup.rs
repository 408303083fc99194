//! What the program saw, drawn over the picture: boxes, points, numbers, worn or bare.

use crate::face::Face;
use crate::image::PictureMut;
use crate::image::sketch::{Ink, Sketch};

/// A face that wears a mask, a bare one, and one that nothing is laid over by the user's choice.
const WORN: Ink = (255, 150, 40);
const BARE: Ink = (90, 230, 110);
const LEFT_OUT: Ink = (170, 170, 170);
const POINT: Ink = (60, 200, 255);

/// Draws the faces of a picture into it.
pub fn draw(picture: &mut PictureMut<'_>, faces: &[Face]) {
    let mut sketch = Sketch::new(picture);
    for face in faces {
        let ink = match (face.chosen, face.worn) {
            (false, _) => LEFT_OUT,
            (true, true) => WORN,
            (true, false) => BARE,
        };
        sketch.outline(&face.bbox, ink);
        face.landmarks.points().iter().for_each(|point| sketch.dot(*point, POINT));
        sketch.words(&words(face), face.bbox.min, ink);
    }
}

/// Number, worn or bare, and how sure the network is of that.
fn words(face: &Face) -> String {
    let worn = if face.worn { "worn" } else { "bare" };
    format!("{} {worn} {:.0}%", face.id.0, 100.0 * face.probability)
}
