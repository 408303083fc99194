//! What must hold for the painter whatever the face, the guise and the seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::fs;
use std::path::Path;

use mask2face::face::{Landmarks, align};
use mask2face::geometry::{CropSpace, Point, Similarity, Size};
use mask2face::image::Image;
use mask2face::mask::{Dice, Guise, Library, Memory, Painter, TemplateStyle};

/// A picture with some detail.
fn face(side: usize) -> Image {
    let n = side * side;
    let value =
        |i: usize| 0.3 + 0.4 * ((i % n) % side) as f32 / side as f32 + 0.05 * (i % 7) as f32;
    let data = (0..3 * n).map(|i| value(i).min(1.0)).collect();
    Image::from_planar(Size::new(side, side), data).unwrap()
}

/// The template at any turn, size and place, squeezed as a turned head is, its points shaken.
fn any_landmarks(dice: &mut Dice, side: f32) -> Landmarks<CropSpace> {
    let place = Point::new(dice.range(-0.5, 1.5) * side, dice.range(-0.5, 1.5) * side);
    let scale = side / 256.0 * dice.range(0.02, 3.0);
    let there = Similarity::<CropSpace, CropSpace>::about(
        Point::new(128.0, 128.0),
        place,
        scale,
        dice.range(-3.2, 3.2),
    );
    let (squeeze, bend) = (dice.range(-1.0, 1.0), dice.range(-40.0, 40.0));
    let shake = dice.weighted(&[(0.0, 1.0), (3.0, 1.0), (60.0, 0.5)]);
    let points = align::template().points().map(|p| {
        let out = (p.x - 128.0) / 128.0;
        let x = 128.0 + (p.x - 128.0) * squeeze + bend * (1.0 - out * out);
        Point::new(x + shake * dice.normal(), p.y + shake * dice.normal())
    });
    Landmarks::new(points).map(&there)
}

#[test]
fn no_landmarks_make_the_painter_panic_or_leave_its_range() {
    let (painter, picture) = (Painter::default(), face(64));
    let mut dice = Dice::new(11, 0);
    let guises = Guise::catalogue();
    let mut fitted = 0;
    for seed in 0..240_u64 {
        let landmarks = any_landmarks(&mut dice, 64.0);
        let guise = &guises[seed as usize % guises.len()];
        // Refused with a reason is fine; what is painted must be a picture.
        let Ok(layer) = painter.layer(&picture, &landmarks, guise, seed) else { continue };
        fitted += 1;
        let mut values = layer.pixels.data().iter().chain(layer.alpha.data());
        assert!(values.all(|v| (0.0..=1.0).contains(v)), "{guise}, seed {seed}");
    }
    assert!(fitted > 100, "only {fitted} faces were fitted: the test tests nothing");
}

#[test]
fn outside_the_alpha_a_pair_is_the_same_bit_for_bit_and_bare_is_alpha_0() {
    let (painter, picture) = (Painter::default(), face(128));
    let about = Similarity::<CropSpace, CropSpace>::about(
        Point::new(0.0, 0.0),
        Point::new(0.0, 0.0),
        0.5,
        0.0,
    );
    let landmarks = align::template().map(&about);
    for guise in Guise::catalogue() {
        for seed in 0..6 {
            let pair = painter.pair(&picture, &landmarks, &guise, seed).unwrap();
            let clean = pair.clean.as_ref().unwrap_or(&picture);
            let (masked, clean) = (pair.masked.to_rgb8(), clean.to_rgb8());
            let steps = pair.alpha.data().iter().map(|a| (a * 255.0 + 0.5) as u8);
            let painted = steps.clone().filter(|&a| a > 0).count();
            let pixels = masked.chunks(3).zip(clean.chunks(3)).zip(steps);
            for (i, ((masked, clean), alpha)) in pixels.enumerate() {
                assert!(alpha > 0 || masked == clean, "{guise}, seed {seed}, pixel {i}");
            }
            let bare = matches!(guise, Guise::Bare(_));
            assert_eq!(bare, painted == 0, "{guise}, seed {seed}");
        }
    }
}

/// A little library: one style with three sides, and a texture.
fn library(folder: &Path) {
    let cell = |colour: [u8; 3]| {
        let pixel = |x: u32, y: u32| {
            let inside = (8..56).contains(&x) && (6..44).contains(&y);
            image::Rgba([colour[0], colour[1], colour[2], if inside { 255 } else { 0 }])
        };
        image::RgbaImage::from_fn(64, 48, pixel)
    };
    fs::create_dir_all(folder.join("templates")).unwrap();
    fs::create_dir_all(folder.join("textures/dots")).unwrap();
    let section = |(name, colour): (&str, [u8; 3])| {
        cell(colour).save(folder.join(format!("templates/{name}.png"))).unwrap();
        format!(
            "[{name}]\ntemplate: masks/templates/{name}.png\nmask_a: 8, 8\nmask_b: 32, 6\n\
             mask_c: 56, 8\nmask_d: 12, 30\nmask_e: 32, 44\nmask_f: 52, 30\n\n"
        )
    };
    let sides =
        [("foil", [200, 40, 40]), ("foil_left", [40, 200, 40]), ("foil_right", [40, 40, 200])];
    let cfg: String = sides.map(section).concat();
    cell([250, 250, 0]).save(folder.join("textures/dots/a.png")).unwrap();
    fs::write(folder.join("masks.cfg"), cfg).unwrap();
}

/// Mean colour under the alpha.
fn colour(painter: &Painter, landmarks: &Landmarks<CropSpace>, style: &str) -> [f32; 3] {
    let style: TemplateStyle = style.parse().unwrap();
    let layer = painter.layer(&face(256), landmarks, &Guise::Template(style), 3).unwrap();
    let whole = |(v, a): (&f32, &f32)| (*a > 0.99).then_some(*v);
    layer.pixels.channels().map(|plane| {
        let values: Vec<f32> = plane.iter().zip(layer.alpha.data()).filter_map(whole).collect();
        assert!(values.len() > 3000, "{} pixels", values.len());
        values.iter().sum::<f32>() / values.len() as f32
    })
}

#[test]
fn a_template_library_lays_the_side_that_the_head_shows_and_its_dyes() {
    let folder = tempfile::tempdir().unwrap();
    library(folder.path());
    let read = Library::read(folder.path()).unwrap();
    assert_eq!(read.styles().collect::<Vec<_>>(), ["foil"]);
    assert_eq!(read.textures().collect::<Vec<_>>(), ["dots/a.png"]);
    let unknown = read.check(&"template:tin".parse().unwrap()).unwrap_err().to_string();
    assert!(unknown.contains("no template 'tin'") && unknown.contains("foil"), "{unknown}");
    let painter = Painter::default().with_library(read);
    let ahead = align::template();
    let turned = |shift: f32| {
        let mut points = *ahead.points();
        points[30].x += shift;
        Landmarks::new(points)
    };
    let strongest = |c: [f32; 3]| (0..3).max_by(|&a, &b| c[a].total_cmp(&c[b])).unwrap();
    assert_eq!(strongest(colour(&painter, &ahead, "template:foil")), 0);
    assert_eq!(strongest(colour(&painter, &turned(-14.0), "template:foil")), 1);
    assert_eq!(strongest(colour(&painter, &turned(14.0), "template:foil")), 2);
    assert_eq!(strongest(colour(&painter, &ahead, "template:foil+#0000ff*1")), 2);
    let [r, g, b] = colour(&painter, &ahead, "template:foil+dots/a.png*1");
    assert!(r > 0.5 && g > 0.5 && b < 0.3, "{r} {g} {b}");
}

#[test]
fn every_style_texture_and_colour_of_a_library_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    library(folder.path());
    let library = Library::read(folder.path()).unwrap();
    let mut dice = Dice::new(5, 0);
    let mut with = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let style = library.draw(&mut dice);
        library.check(&style).unwrap();
        assert_eq!(style.to_string().parse(), Ok(style.clone()));
        with.insert(style.dye.map_or("none".to_owned(), |dye| dye.with));
    }
    // No dye, the texture, and the 13 colours of the library's script.
    assert_eq!(with.len(), 15, "{with:?}");
}

#[test]
fn a_template_stays_on_its_side_until_the_head_has_turned_for_sure() {
    let folder = tempfile::tempdir().unwrap();
    library(folder.path());
    let painter = Painter::default().with_library(Library::read(folder.path()).unwrap());
    let guise = Guise::Template("template:foil".parse().unwrap());
    let mut memory = Memory::default();
    let mut side = |shift: f32| {
        let mut points = *align::template().points();
        points[30].x += shift;
        let landmarks = Landmarks::new(points);
        let layer = painter.steady_layer(&face(256), &landmarks, &guise, (1, &mut memory)).unwrap();
        let sum = |c: usize| -> f32 {
            let plane = layer.pixels.channels()[c].iter().zip(layer.alpha.data());
            plane.map(|(v, a)| v * a).sum()
        };
        (0..3).max_by(|&a, &b| sum(a).total_cmp(&sum(b))).unwrap()
    };
    // 49 px from root to tip: 13 degrees are 11.4 px, 10 degrees 8.7, 16 degrees 14.2.
    let sides = [0.0, -12.0, -16.0, -10.0, -5.0].map(&mut side);
    assert_eq!(sides, [0, 0, 1, 1, 0]);
}
