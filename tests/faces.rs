//! A real face, rolled and cut by the picture's border: a public-domain portrait that the set-up
//! fetches.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;

use mask2face::cli::networks::face_finder;
use mask2face::face::{Face, FaceTracker, Landmarks};
use mask2face::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use mask2face::image::photo::Photo;
use mask2face::image::{Image, warp};
use mask2face::onnx::registry::Places;

/// The portrait, or `None`, with the reason printed, where the set-up has not run.
fn portrait() -> Option<Photo> {
    let path = Places::from_env().cache.join("demo/astronaut.png");
    if !path.is_file() {
        eprintln!("skipped: no {}; 'make setup' fetches it", path.display());
        return None;
    }
    Some(Photo::decode(&fs::read(path).unwrap()).unwrap())
}

/// What a camera sees that looks at the portrait through `view`.
fn seen(portrait: &Photo, view: &Similarity<FrameSpace, CropSpace>, size: Size) -> Photo {
    let mut image = Image::new(size);
    warp::crop(&portrait.picture(), view, &mut image).unwrap();
    Photo::from_rgb8(size, &image.to_rgb8()).unwrap()
}

/// Mean distance of the eyes' and brows' points in eye distances.
fn error(got: &Face, want: &Landmarks<FrameSpace>) -> f32 {
    let pairs = got.landmarks.points().iter().zip(want.points()).enumerate();
    let counted = pairs.filter(|(i, _)| (17..27).contains(i) || (36..48).contains(i));
    let sum: f32 = counted.map(|(_, (a, b))| a.distance(*b)).sum();
    sum / 22.0 / want.eye_distance()
}

/// Where the portrait's points lie in the view.
fn in_view(face: &Face, view: &Similarity<FrameSpace, CropSpace>) -> Landmarks<FrameSpace> {
    let as_frame = face.landmarks.map(view).points().map(|p| Point::new(p.x, p.y));
    Landmarks::new(as_frame)
}

fn best(tracker: &mut FaceTracker, photo: &Photo, want: &Landmarks<FrameSpace>) -> Option<f32> {
    let faces = tracker.still(&photo.picture()).unwrap();
    faces.iter().map(|face| error(face, want)).min_by(f32::total_cmp)
}

#[test]
fn a_face_is_found_however_it_is_rolled() {
    let Some(portrait) = portrait() else { return };
    let mut tracker = face_finder().unwrap();
    let upright = tracker.still(&portrait.picture()).unwrap().remove(0);
    for degrees in [0, 30, 60, 90, 120, 150, 180, 225, 270, 315] {
        let angle = (degrees as f32).to_radians();
        let middle = Point::new(200.0, 200.0);
        let view = Similarity::about(upright.bbox.center(), middle, 1.0, angle);
        let photo = seen(&portrait, &view, Size::new(400, 400));
        let error = best(&mut tracker, &photo, &in_view(&upright, &view));
        eprintln!("rolled by {degrees} degrees: {error:?}");
        assert!(error.is_some_and(|e| e < 0.1), "rolled by {degrees} degrees: {error:?}");
    }
}

#[test]
fn a_face_at_the_border_is_found_and_aligned() {
    let Some(portrait) = portrait() else { return };
    let mut tracker = face_finder().unwrap();
    let whole = tracker.still(&portrait.picture()).unwrap().remove(0);
    let bbox = whole.bbox;
    // A quarter of the face lies outside, at each side.
    let (w, h) = (0.25 * bbox.width(), 0.25 * bbox.height());
    let corners = [
        ("left", Point::new(bbox.min.x + w, bbox.min.y - 50.0)),
        ("right", Point::new(bbox.max.x - w - 300.0, bbox.min.y - 50.0)),
        ("top", Point::new(bbox.min.x - 100.0, bbox.min.y + h)),
        ("bottom", Point::new(bbox.min.x - 100.0, bbox.max.y - h - 300.0)),
    ];
    for (side, corner) in corners {
        let view = Similarity::about(corner, Point::new(0.0, 0.0), 1.0, 0.0);
        // What lies beyond the portrait is its last pixels, gone on: below the frame it is cut.
        let photo = seen(&portrait, &view, Size::new(300, 300));
        let error = best(&mut tracker, &photo, &in_view(&whole, &view));
        eprintln!("cut at the {side}: {error:?}");
        assert!(error.is_some_and(|e| e < 0.15), "cut at the {side}: {error:?}");
    }
}
