//! What the kernels between decoder, networks and encoder cost: `cargo bench --bench kernels`.
//! At 1080p and, as few rows there begin at whole vectors, at 1919x1079.

#![allow(clippy::unwrap_used, reason = "a benchmark says what went wrong by failing")]

use divan::{Bencher, black_box};
use mask2face::face::align;
use mask2face::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use mask2face::image::sight::Sight;
use mask2face::image::{
    self, Colorimetry, Image, Layer, Matte, Picture, PictureFormat, PictureMut, Plane, PlaneMut,
    blend, warp,
};
use mask2face::unmask::harmonize;
use mask2face::unmask::steady::Steady;

/// Width, height, and how high the face is in it, in pixels.
const SCENES: [(usize, usize, f32); 4] =
    [(1920, 1080, 120.0), (1920, 1080, 400.0), (1919, 1079, 120.0), (1919, 1079, 400.0)];

fn main() {
    image::init().unwrap();
    divan::main();
}

struct Scene {
    format: PictureFormat,
    planes: [Vec<u8>; 3],
    place: Similarity<FrameSpace, CropSpace>,
}

impl Scene {
    fn new((width, height, face): (usize, usize, f32)) -> Self {
        let format = PictureFormat::i420(Size::new(width, height), Colorimetry::BT709);
        let plane = |i: usize| {
            let Size { width, height } = format.plane_size(i);
            (0..width * height).map(|v| 60 + (v % width * 90 / width) as u8).collect()
        };
        let (at, middle) = (Point::new(900.0, 500.0), Point::new(128.0, 128.0));
        let place = Similarity::about(at, middle, 150.0 / face, 0.05);
        Self { format, planes: [plane(0), plane(1), plane(2)], place }
    }

    fn read(&self) -> Picture<'_> {
        let stride = |i: usize| self.format.plane_size(i).width;
        let plane = |i: usize| Plane { data: &self.planes[i], stride: stride(i) };
        Picture::new(self.format, [plane(0), plane(1), plane(2)]).unwrap()
    }

    fn write(&mut self) -> PictureMut<'_> {
        let strides = [0, 1, 2].map(|i| self.format.plane_size(i).width);
        let [y, u, v] = &mut self.planes;
        let plane = |(data, i): (_, usize)| PlaneMut { data, stride: strides[i] };
        let planes = [plane((&mut y[..], 0)), plane((&mut u[..], 1)), plane((&mut v[..], 2))];
        PictureMut::new(self.format, planes).unwrap()
    }
}

/// What a network paints: the lower half of the crop.
fn painting() -> Layer {
    let alpha = |i: usize| {
        let (x, y) = (i % 256, i / 256);
        f32::from(u8::from((60..196).contains(&x) && (110..220).contains(&y)))
    };
    let alpha = Matte::from_data(align::CROP, (0..256 * 256).map(alpha).collect()).unwrap();
    Layer { pixels: Image::from_planar(align::CROP, vec![0.55; 3 * 256 * 256]).unwrap(), alpha }
}

#[divan::bench(args = SCENES)]
fn frame_to_crop(bencher: Bencher<'_, '_>, scene: (usize, usize, f32)) {
    let (scene, mut crop) = (Scene::new(scene), Image::new(align::CROP));
    bencher.bench_local(|| warp::crop(&scene.read(), black_box(&scene.place), &mut crop).unwrap());
}

#[divan::bench(args = SCENES)]
fn layer_to_frame(bencher: Bencher<'_, '_>, scene: (usize, usize, f32)) {
    let (mut scene, layer) = (Scene::new(scene), painting());
    let place = scene.place;
    bencher.bench_local(|| blend::layer(black_box(&layer), &place, &mut scene.write()).unwrap());
}

#[divan::bench]
fn colour_and_edge(bencher: Bencher<'_, '_>) {
    let (crop, painted) = (Image::new(align::CROP), painting());
    bencher
        .with_inputs(|| painted.clone())
        .bench_local_values(|mut layer| harmonize::fit(&crop, &mut layer).map(|()| layer).unwrap());
}

#[divan::bench]
fn over_time(bencher: Bencher<'_, '_>) {
    let (scene, painted) = (Scene::new(SCENES[0]), painting());
    let mut steady = Steady::default();
    bencher.with_inputs(|| painted.clone()).bench_local_values(|layer| {
        steady.next_frame();
        let sight = Sight::of(&scene.read(), &scene.place).unwrap();
        steady.settle(1, sight, layer).unwrap()
    });
}
