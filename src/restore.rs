//! THE core call: a picture and its faces in, the picture restored out. Live streams, files
//! and photos all come through here.
//!
//! There are three steps. [`Restorer::paint`] reads pictures, each by itself, so that several
//! restorers may work on the frames of one stream at once. [`Settler::settle`] has the frames
//! before their say and must see a stream in order. [`Patch::lay`] writes the picture, and a
//! frame is copied only if something is laid into it.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::face::{Face, TrackId, align};
use crate::geometry::{CropSpace, FrameSpace, Similarity};
use crate::image::sight::Sight;
use crate::image::{Image, Layer, Picture, PictureMut, beyond, blend, warp};
use crate::unmask::steady::Steady;
use crate::unmask::{Unmasker, harmonize};

/// What is to be laid into a picture for one face.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Whose face it is.
    pub id: TrackId,
    /// What to show, and how much of it, in the canonical crop.
    pub layer: Arc<Layer>,
    /// How much of the layer's alpha counts, 0..1.
    pub opacity: f32,
    /// Where the crop lies.
    pub crop_from_frame: Similarity<FrameSpace, CropSpace>,
}

impl Patch {
    /// Lays the patch into a picture; samples outside its alpha stay bit for bit.
    ///
    /// # Errors
    /// If the layer's pixels and alpha differ in size.
    pub fn lay(&self, picture: &mut PictureMut<'_>) -> Result<()> {
        blend::faded(&self.layer, self.opacity, &self.crop_from_frame, picture)
    }
}

/// A picture of a stream and the faces in it.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Which stream, where there are several.
    pub stream: usize,
    /// Its next picture.
    pub picture: &'a Picture<'a>,
    /// Whom it shows.
    pub faces: &'a [Face],
}

/// Where something is to be laid for one face.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whose face it is.
    pub id: TrackId,
    /// How much of what is laid counts, 0..1.
    pub opacity: f32,
    /// Where the crop lies.
    pub crop_from_frame: Similarity<FrameSpace, CropSpace>,
}

impl Place {
    /// Where a mask is taken off a face; `None` where its landmarks mean nothing.
    pub fn to_take_off(face: &Face) -> Option<Self> {
        let crop_from_frame = align::crop_from_landmarks(&face.landmarks)?;
        Some(Self { id: face.id, opacity: face.to_take_off(), crop_from_frame })
    }

    fn with(self, layer: Arc<Layer>) -> Patch {
        let Self { id, opacity, crop_from_frame } = self;
        Patch { id, layer, opacity, crop_from_frame }
    }
}

/// What was painted for one face of one picture, before the pictures around it have their say.
#[derive(Debug)]
pub struct Painting {
    /// Where it is to be laid.
    pub place: Place,
    /// What was painted, and where, in the canonical crop.
    pub layer: Layer,
}

impl From<Painting> for Patch {
    fn from(painting: Painting) -> Self {
        painting.place.with(Arc::new(painting.layer))
    }
}

/// What a frame of a stream is to show of one face.
#[derive(Debug)]
pub enum Showing {
    /// What was painted for it, and what its crop looks like; without that nothing is blended
    /// over time.
    New(Painting, Option<Sight>),
    /// What was painted for it last, in a new place, and what its crop looks like.
    Again(Place, Sight),
}

/// Less mean coverage than this is nothing to see: the network found no mask.
const NOTHING_PAINTED: f32 = 0.002;

/// Crops faces, has them unmasked in one batch, and fits the result to its surroundings.
pub struct Restorer {
    unmasker: Box<dyn Unmasker>,
}

impl Restorer {
    /// A restorer that paints with `unmasker`.
    pub fn new(unmasker: Box<dyn Unmasker>) -> Self {
        Self { unmasker }
    }

    /// For each picture one painting for each chosen face that wears a mask, or has just put it
    /// on or off: then it is partly transparent. Bare faces get none and cost nothing. The faces
    /// of all pictures, such as the frames of several streams, are one batch.
    ///
    /// # Errors
    /// If a picture cannot be sampled or the network fails.
    pub fn paint(&mut self, looks: &[Look<'_>]) -> Result<Vec<Vec<Painting>>> {
        let mut places = Vec::new();
        let mut crops = Vec::new();
        let faces = looks.iter().enumerate();
        let faces = faces.flat_map(|(n, look)| look.faces.iter().map(move |face| (n, face)));
        for (n, face) in faces.filter(|(_, face)| face.to_take_off() > 0.0) {
            let Some(place) = Place::to_take_off(face) else { continue };
            let crop_from_frame = &place.crop_from_frame;
            let (picture, size) = (looks[n].picture, self.unmasker.crop_size());
            let mut crop = Image::new(size);
            warp::crop(picture, crop_from_frame, &mut crop)?;
            let frame = picture.format.size;
            let repeated = beyond::is_shown(frame, crop_from_frame, size).then(|| crop.clone());
            if repeated.is_some() {
                beyond::blacken(frame, crop_from_frame, &mut crop);
            }
            places.push((n, place, repeated));
            crops.push(crop);
        }
        let mut paintings: Vec<Vec<Painting>> = looks.iter().map(|_| Vec::new()).collect();
        if crops.is_empty() {
            return Ok(paintings);
        }
        let layers = self.unmasker.unmask(&crops).context("painting faces")?;
        for (((n, place, repeated), crop), mut layer) in places.into_iter().zip(&crops).zip(layers)
        {
            if layer.alpha.mean() < NOTHING_PAINTED {
                continue;
            }
            let crop = repeated.as_ref().unwrap_or(crop);
            harmonize::fit(crop, &mut layer)?;
            paintings[n].push(Painting { place, layer });
        }
        Ok(paintings)
    }
}

const LAST_FAILED: &str =
    "the frame before, of which this one shows something, could not be painted";

/// Makes paintings into patches, with what was painted in the frames before in mind.
#[derive(Debug, Default)]
pub struct Settler {
    /// What was painted last, a stream each.
    steady: Vec<Steady<TrackId>>,
    /// What was laid last, a stream each; none where that failed.
    laid: Vec<Option<Vec<Patch>>>,
}

impl Settler {
    /// The patches of the next frame of `stream`. Every frame must come by, in order, also one
    /// that shows nothing: a face that was away for a frame begins anew.
    ///
    /// # Errors
    /// If the kernel library refuses the planes, or what is to be shown again is of a frame that
    /// could not be painted.
    pub fn settle(&mut self, stream: usize, showings: Vec<Showing>) -> Result<Vec<Patch>> {
        if self.steady.len() <= stream {
            self.steady.resize_with(stream + 1, Steady::default);
            self.laid.resize_with(stream + 1, || None);
        }
        let steady = &mut self.steady[stream];
        steady.next_frame();
        // What fails is not laid once more either.
        let last = self.laid[stream].take();
        let mut patch = |showing: Showing| match showing {
            Showing::New(Painting { place, layer }, Some(sight)) => {
                let layer = steady.settle(place.id, sight, layer);
                layer.map(|layer| Some(place.with(layer)))
            }
            Showing::New(painting, None) => Ok(Some(painting.into())),
            Showing::Again(place, sight) => {
                last.as_ref().context(LAST_FAILED)?;
                // Where the network found no mask there is nothing.
                Ok(steady.again(place.id, sight)?.map(|layer| place.with(layer)))
            }
        };
        let patches: Vec<Patch> = showings
            .into_iter()
            .filter_map(|showing| patch(showing).transpose())
            .collect::<Result<_>>()?;
        self.laid[stream] = Some(patches.clone());
        Ok(patches)
    }

    /// The next frame of `stream` could not be painted.
    pub fn fail(&mut self, stream: usize) {
        if let Some(steady) = self.steady.get_mut(stream) {
            steady.next_frame();
            self.laid[stream] = None;
        }
    }

    /// The patches of a frame of `stream` that shows just what the one before showed: the same,
    /// and nothing is remembered of it.
    ///
    /// # Errors
    /// If that one could not be painted.
    pub fn again(&self, stream: usize) -> Result<Vec<Patch>> {
        let laid = self.laid.get(stream).cloned().flatten();
        laid.context(LAST_FAILED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::fixture;
    use crate::geometry::{Point, Size};
    use crate::image::PictureFormat;
    use crate::image::{Colorimetry, Matte, Plane, PlaneMut};

    /// Paints the lower half of every crop green.
    struct Green;

    impl Unmasker for Green {
        fn crop_size(&self) -> Size {
            align::CROP
        }

        fn unmask(&mut self, crops: &[Image]) -> Result<Vec<Layer>> {
            let size = align::CROP;
            let n = size.width * size.height;
            let mut pixels = Image::new(size);
            pixels.channels_mut()[1].fill(1.0);
            let mut alpha = Matte::filled(size, 0.0);
            alpha.data_mut()[n / 2..n - n / 4].fill(1.0);
            Ok(vec![Layer { pixels, alpha }; crops.len()])
        }
    }

    fn face(x: f32, worn: bool) -> Face {
        fixture::face(x as u64 + 1, Point::new(x, 10.0), 0.4, worn)
    }

    #[test]
    fn what_failed_fails_once_more_until_something_is_laid() {
        let mut settler = Settler::default();
        assert!(settler.again(0).is_err());
        settler.settle(0, Vec::new()).unwrap();
        assert!(settler.again(0).unwrap().is_empty());
        settler.fail(0);
        assert!(settler.again(0).is_err());
        settler.settle(0, Vec::new()).unwrap();
        assert!(settler.again(0).is_ok());
    }

    #[test]
    fn what_was_painted_serves_again_in_another_place_unless_it_failed() {
        let place = |x: f32| Place::to_take_off(&face(x, true)).unwrap();
        let at = |x: f32| Place { id: TrackId(1), ..place(x) };
        let alpha = Matte::filled(align::CROP, 1.0);
        let layer = Layer { pixels: Image::new(align::CROP), alpha };
        let sight = || Sight::flat(0.5);
        let mut settler = Settler::default();
        let new = Showing::New(Painting { place: at(10.0), layer }, Some(sight()));
        let first = settler.settle(0, vec![new]).unwrap().remove(0);
        let again = settler.settle(0, vec![Showing::Again(at(30.0), sight())]).unwrap().remove(0);
        assert_eq!(first.layer, again.layer);
        let (there, face) = (again.crop_from_frame, at(30.0).crop_from_frame);
        assert_eq!(there, face);
        assert!(settler.settle(0, vec![]).unwrap().is_empty());
        let forgotten = settler.settle(0, vec![Showing::Again(at(30.0), sight())]).unwrap();
        assert!(forgotten.is_empty(), "it was away for a frame");
        settler.fail(0);
        assert!(settler.settle(0, vec![Showing::Again(at(30.0), sight())]).is_err());
    }

    #[test]
    fn masked_faces_are_painted_and_bare_ones_left() {
        let format = PictureFormat::i420(Size::new(320, 120), Colorimetry::BT601);
        let mut planes: [Vec<u8>; 3] = [0, 1, 2].map(|i| {
            let size = format.plane_size(i);
            vec![128; size.width * size.height]
        });
        let widths = [0, 1, 2].map(|i| format.plane_size(i).width);
        let faces = [face(10.0, true), face(180.0, false)];
        let patches = {
            let views = std::array::from_fn(|i| Plane { data: &planes[i], stride: widths[i] });
            let picture = Picture::new(format, views).unwrap();
            let look = Look { stream: 0, picture: &picture, faces: &faces };
            let painted = Restorer::new(Box::new(Green)).paint(&[look]).unwrap().remove(0);
            let new = |painting| Showing::New(painting, Some(Sight::flat(0.5)));
            Settler::default().settle(0, painted.into_iter().map(new).collect()).unwrap()
        };
        assert_eq!(patches.iter().map(|p| p.id).collect::<Vec<_>>(), [TrackId(11)]);
        let [y, u, v] = &mut planes;
        let view = |data, stride| PlaneMut { data, stride };
        let views = [view(y, widths[0]), view(u, widths[1]), view(v, widths[2])];
        let mut picture = PictureMut::new(format, views).unwrap();
        patches[0].lay(&mut picture).unwrap();
        let at = |x: usize, row: usize| planes[1][row / 2 * widths[1] + x / 2];
        assert!(at(61, 70) < 100, "the middle of the masked face's lower half is green");
        assert_eq!(at(61, 30), 128, "its eyes are as they were");
        assert_eq!(at(231, 70), 128, "the bare face is as it was");
    }
}
