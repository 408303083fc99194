//! Tracking, with a detector and a landmark network that see a made-up world: people who walk,
//! hide each other, vanish and lie down.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::sync::{Arc, Mutex};

use anyhow::Result;
use mask2face::face::search::View;
use mask2face::face::tracker::{MOST_FACES, Options};
use mask2face::face::{
    Choice, Face, FaceDetection, FaceTracker, FindFaces, Framing, Landmarks, ReadFaces, Reading,
    TrackId, align,
};
use mask2face::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size};
use mask2face::image::{Colorimetry, Picture, PictureFormat, Plane};

const SIZE: Size = Size::new(640, 360);
const FRAME: f64 = 0.04;

/// One person's face: height of the box, and how far it leans (radians).
#[derive(Clone, Copy, Debug)]
struct Person {
    x: f32,
    y: f32,
    height: f32,
    lean: f32,
    /// The one with the larger number stands in front.
    front: i32,
    /// Whether only the landmark network takes it for a face.
    is_wall: bool,
}

fn person(x: f32, y: f32) -> Person {
    Person { x, y, height: 60.0, lean: 0.0, front: 0, is_wall: false }
}

impl Person {
    fn bbox(&self) -> Rect<FrameSpace> {
        let half = self.height / 2.0;
        let (x, y) = (self.x, self.y);
        Rect::new(Point::new(x - half, y - half), Point::new(x + half, y + half))
    }

    fn landmarks(&self) -> Landmarks<FrameSpace> {
        let middle = Point::<CropSpace>::new(128.0, 108.0);
        let scale = self.height / 225.0;
        let frame_from_crop =
            Similarity::about(middle, Point::new(self.x, self.y), scale, self.lean);
        align::template().map(&frame_from_crop)
    }
}

#[derive(Default)]
struct World {
    people: Vec<Person>,
    looks: usize,
}

impl World {
    /// Those whom nobody in front hides.
    fn visible(&self) -> Vec<Person> {
        let hidden = |p: &Person| {
            self.people.iter().any(|q| q.front > p.front && q.bbox().iou(&p.bbox()) > 0.35)
        };
        self.people.iter().filter(|p| !hidden(p)).copied().collect()
    }
}

#[derive(Clone, Default)]
struct Eyes(Arc<Mutex<World>>);

impl FindFaces for Eyes {
    /// Sees faces that are whole in the view, upright in it and 12 px high at least.
    fn find(&mut self, _: &Picture<'_>, view: &View) -> Result<Vec<FaceDetection>> {
        let mut world = self.0.lock().unwrap();
        world.looks += 1;
        let seen = |p: &Person| {
            let center = view.input_from_frame.apply(Point::new(p.x, p.y));
            let half = p.height * view.input_from_frame.scale() / 2.0;
            let lean = p.lean + view.input_from_frame.angle();
            let inside = |v: f32, side: usize| (half..side as f32 - half).contains(&v);
            let whole = inside(center.x, view.size.width) && inside(center.y, view.size.height);
            whole && half >= 6.0 && lean.cos() > 0.6 && !p.is_wall
        };
        let detection = |p: &Person| {
            let [left, right] = p.landmarks().eye_centers();
            FaceDetection {
                bbox: p.bbox(),
                keypoints: [left, right, left, left, right],
                score: 0.9,
            }
        };
        Ok(world.visible().iter().filter(|p| seen(p)).map(detection).collect())
    }
}

impl ReadFaces for Eyes {
    /// Sees the face that fills the square best; something vague where there is none.
    fn read(&mut self, _: &Picture<'_>, framings: &[Framing]) -> Result<Vec<Reading>> {
        let visible = self.0.lock().unwrap().visible();
        let reading = |framing: &Framing| {
            let fits = |p: &Person| p.bbox().iou(&framing.bbox());
            let best = visible.iter().max_by(|a, b| fits(a).total_cmp(&fits(b)));
            if let Some(p) = best.filter(|p| fits(p) > 0.2) {
                return Reading { landmarks: p.landmarks(), score: 0.97, worn: 0.9 };
            }
            let height = framing.side() / 1.35;
            let vague = Person { height, ..person(framing.center().x, framing.center().y) };
            Reading { landmarks: vague.landmarks(), score: 0.1, worn: 0.5 }
        };
        Ok(framings.iter().map(reading).collect())
    }
}

/// A tracker over the world, and its clock.
struct Play {
    eyes: Eyes,
    tracker: FaceTracker,
    frame: u32,
    luma: Vec<u8>,
}

impl Play {
    fn new(options: Options) -> Self {
        let eyes = Eyes::default();
        let tracker = FaceTracker::new(Box::new(eyes.clone()), Box::new(eyes.clone()), options);
        Self { eyes, tracker, frame: 0, luma: vec![100; SIZE.width * SIZE.height] }
    }

    fn with_picture<T>(
        &mut self,
        look: impl FnOnce(&mut FaceTracker, &Picture<'_>, f64) -> T,
    ) -> T {
        let gray = vec![128u8; SIZE.width * SIZE.height / 4];
        let plane = |data, stride| Plane { data, stride };
        let half = SIZE.width / 2;
        let planes = [plane(&self.luma[..], SIZE.width), plane(&gray, half), plane(&gray, half)];
        let format = PictureFormat::i420(SIZE, Colorimetry::BT601);
        let picture = Picture::new(format, planes).unwrap();
        self.frame += 1;
        look(&mut self.tracker, &picture, f64::from(self.frame) * FRAME)
    }

    /// The next frame, with these people in it.
    fn show(&mut self, people: &[Person]) -> Vec<Face> {
        self.eyes.0.lock().unwrap().people = people.to_vec();
        self.with_picture(FaceTracker::faces).unwrap()
    }

    /// So many frames of the same; the faces of the last.
    fn show_for(&mut self, frames: usize, people: &[Person]) -> Vec<Face> {
        (1..frames).for_each(|_| drop(self.show(people)));
        self.show(people)
    }

    fn looks(&self) -> usize {
        self.eyes.0.lock().unwrap().looks
    }
}

fn near(face: &Face, p: &Person) -> bool {
    face.bbox.center().distance(Point::new(p.x, p.y)) < 0.35 * p.height
}

/// The number of the face at this person's place.
fn id_of(faces: &[Face], p: &Person) -> Option<TrackId> {
    faces.iter().find(|face| near(face, p)).map(|face| face.id)
}

#[test]
fn two_who_cross_keep_their_numbers() {
    // At several speeds, and whoever stands in front.
    for (speed, front) in [(4.0, 1), (4.0, -1), (8.0, 1), (14.0, -1)] {
        let mut play = Play::new(Options::default());
        let steps = (360.0 / speed) as u32;
        let mut first = None;
        let mut last = None;
        let mut together = 0;
        for step in 0..steps {
            let way = speed * step as f32;
            let a = Person { front, ..person(140.0 + way, 150.0) };
            let b = person(500.0 - way, 158.0);
            let faces = play.show(&[a, b]);
            let ids = (id_of(&faces, &a), id_of(&faces, &b));
            if step == 15.min(steps / 4) {
                first = Some(ids);
            }
            last = Some(ids);
            together += u32::from(faces.len() == 1);
            assert!(faces.len() <= 2, "speed {speed}: a third face in step {step}");
        }
        let (first, last) = (first.unwrap(), last.unwrap());
        assert!(first.0.is_some() && first.1.is_some() && first.0 != first.1, "{first:?}");
        assert_eq!(first, last, "speed {speed}, front {front}");
        assert!(together > 0, "they never hid each other");
    }
}

#[test]
fn one_who_passes_behind_another_who_stands_comes_out_as_before() {
    let mut play = Play::new(Options::default());
    let standing = Person { front: 1, ..person(320.0, 150.0) };
    let walking = |step: u32| person(120.0 + 5.0 * step as f32, 150.0);
    let mut numbers = Vec::new();
    for step in 0..80 {
        let faces = play.show(&[standing, walking(step)]);
        if let (Some(still), Some(moving)) =
            (id_of(&faces, &standing), id_of(&faces, &walking(step)))
        {
            numbers.push((still, moving));
        }
    }
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    // While one hides the other both places hold one face.
    assert_ne!(first.0, first.1);
    assert_eq!(first, last);
}

#[test]
fn a_face_that_vanishes_leaves_at_once_and_one_that_comes_back_soon_keeps_its_number() {
    let mut play = Play::new(Options::default());
    let one = person(300.0, 180.0);
    for _ in 0..10 {
        assert_eq!(play.show(&[one]).len(), 1);
    }
    let id = play.show(&[one])[0].id;
    assert!(play.show(&[]).is_empty(), "no frame may show what is not there");
    for _ in 0..5 {
        assert!(play.show(&[]).is_empty());
    }
    let again: Vec<Vec<Face>> = (0..6).map(|_| play.show(&[one])).collect();
    assert_eq!(again[5].first().map(|face| face.id), Some(id));
    (0..60).for_each(|_| assert!(play.show(&[]).is_empty()));
    let later: Vec<Vec<Face>> = (0..12).map(|_| play.show(&[one])).collect();
    assert_ne!(later[11][0].id, id, "after a long while it is another face");
}

#[test]
fn what_only_the_landmark_network_takes_for_a_face_is_dropped() {
    let mut play = Play::new(Options::default());
    let one = person(300.0, 180.0);
    (0..10).for_each(|_| assert_eq!(play.show(&[one]).len(), 1));
    let wall = Person { is_wall: true, ..one };
    let shown = (0..60).filter(|_| !play.show(&[wall]).is_empty()).count();
    assert!(shown <= 20, "{shown} frames with a patch on a wall");
    assert!(play.show(&[wall]).is_empty());
}

#[test]
fn another_scene_has_other_faces() {
    let mut play = Play::new(Options::default());
    let one = person(300.0, 180.0);
    (0..10).for_each(|_| assert_eq!(play.show(&[one])[0].id, TrackId(1)));
    let stripes = |i: usize| if (i % SIZE.width / 80).is_multiple_of(2) { 30 } else { 220 };
    play.luma = (0..SIZE.width * SIZE.height).map(stripes).collect();
    let faces = play.show(&[one]);
    assert_eq!(faces.iter().map(|face| face.id).collect::<Vec<_>>(), [TrackId(2)]);
}

#[test]
fn who_lies_is_found_soon_and_held_while_turning() {
    let mut play = Play::new(Options::default());
    let lying = |lean: f32| Person { lean, ..person(300.0, 180.0) };
    let quarter = std::f32::consts::FRAC_PI_2;
    for lean in [quarter, -quarter, 2.0 * quarter] {
        play.tracker.reset();
        let frames = (0..300).take_while(|_| play.show(&[lying(lean)]).is_empty()).count();
        assert!(frames < 130, "lean {lean}: {frames} frames");
        let angle = Framing::of_landmarks(&play.show(&[lying(lean)])[0].landmarks).unwrap().angle();
        assert!((angle - lean).sin().abs() < 0.1, "{angle} {lean}");
    }
    // Slowly all the way round: one number.
    play.tracker.reset();
    let mut numbers: Vec<TrackId> = Vec::new();
    for step in 0..200 {
        let faces = play.show(&[lying(4.0 * quarter * step as f32 / 200.0)]);
        numbers.extend(faces.iter().map(|face| face.id));
    }
    assert_eq!(numbers.len(), 200);
    assert!(numbers.iter().all(|id| *id == numbers[0]));
}

#[test]
fn a_photo_is_searched_at_once_in_parts_and_turned() {
    let mut play = Play::new(Options::default());
    let lying = Person { lean: 1.6, ..person(120.0, 100.0) };
    let small = Person { height: 17.0, ..person(500.0, 300.0) };
    play.eyes.0.lock().unwrap().people = vec![lying, small, person(300.0, 180.0)];
    let faces = play.with_picture(|tracker, picture, _| tracker.still(picture)).unwrap();
    assert_eq!(faces.len(), 3);
    let again = play.with_picture(|tracker, picture, _| tracker.still(picture)).unwrap();
    assert_eq!(again, faces, "the photo before leaves no trace");
}

#[test]
fn a_crowd_is_followed_up_to_the_stated_limit() {
    let mut play = Play::new(Options { min_face: Some(20.0), ..Options::default() });
    let crowd: Vec<Person> = (0..70)
        .map(|i| Person {
            height: 24.0,
            ..person(30.0 + 44.0 * (i % 14) as f32, 40.0 + 60.0 * (i / 14) as f32)
        })
        .collect();
    let faces = play.show_for(20, &crowd[..40]);
    assert_eq!(faces.len(), 40);
    let faces = play.show_for(40, &crowd);
    assert_eq!(faces.len(), MOST_FACES);
}

#[test]
fn a_part_of_a_face_is_no_second_face() {
    let mut play = Play::new(Options::default());
    let whole = Person { height: 120.0, ..person(300.0, 180.0) };
    // What a held mask leaves of a face looks like a smaller one.
    let part = Person { height: 52.0, ..person(300.0, 165.0) };
    play.show_for(10, &[whole]);
    for frame in 0..60 {
        let faces = play.show(&[whole, part]);
        assert!(faces.len() == 1 && near(&faces[0], &whole), "frame {frame}: {}", faces.len());
    }
}

#[test]
fn the_detector_rests_while_nothing_changes() {
    let mut play = Play::new(Options::default());
    let one = person(300.0, 180.0);
    (0..200).for_each(|_| drop(play.show(&[one])));
    let looks = play.looks();
    assert!((20..=45).contains(&looks), "{looks} looks in 200 quiet frames");
    // Another person comes: the next look is early.
    let new = person(500.0, 180.0);
    for y in 150..210 {
        play.luma[y * SIZE.width + 470..][..60].fill(180);
    }
    let frames = (0..20).take_while(|_| play.show(&[one, new]).len() < 2).count();
    assert!(frames <= 8, "{frames}");
}

#[test]
fn only_the_chosen_faces_are_marked() {
    let options = Options { choice: Choice::Largest, ..Options::default() };
    let mut play = Play::new(options);
    let large = Person { height: 90.0, ..person(150.0, 180.0) };
    let faces = play.show_for(10, &[person(400.0, 180.0), large]);
    assert_eq!(faces.len(), 2);
    let chosen: Vec<_> = faces.iter().filter(|face| face.chosen).collect();
    assert!(chosen.len() == 1 && near(chosen[0], &large));
    assert!(chosen[0].to_take_off() > 0.99);
}
