//! A bare face with something before it.

use std::f32::consts::PI;

use super::Dice;
use super::bench::Bench;
use super::canvas::Canvas;
use super::design::Design;
use super::finish::Finish;
use super::hand::Hand;
use super::head::{Head, Unfit};
use super::light::{Light, Optics};
use super::outline::{Curve, Outline};
use super::paint::{Painter, fineness, sheet};
use super::props::{self, Prop};
use super::skin::Skin;
use super::style::{MaskKind, MaskStyle};
use crate::face::Landmarks;
use crate::geometry::{CropSpace, Point, Similarity, Size};
use crate::image::{Image, Layer};

impl Painter {
    /// Something that is no worn mask, before a bare face: what is laid belongs to the picture
    /// that a network has to leave as it is.
    ///
    /// # Errors
    /// [`Unfit`] says why the landmarks are no face.
    pub fn prop(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        prop: Prop,
        seed: u64,
    ) -> Result<Layer, Unfit> {
        let head = Head::of(landmarks, face.size())?;
        let optics = Optics::read(face, &head);
        let light = Light::draw(&mut Dice::new(seed, 3), optics.side);
        let skin = Skin::read(face, &head, &mut Dice::new(seed, 4));
        let mut canvas = Canvas::new(face.size(), fineness(face));
        let mut dice = Dice::new(seed, 5);
        let stage = Stage { painter: self, head: &head, light: &light, seed };
        match prop {
            Prop::HeldMask => stage.held_mask(&mut canvas, landmarks, &skin, &mut dice),
            Prop::Collar => stage.collar(&mut canvas, &mut dice),
            _ => {
                let outline = stage.below(0.5, 1.2);
                let mut bench = stage.bench(&mut canvas, &outline);
                props::lay(prop, &mut bench, &skin, &mut dice);
            }
        }
        let finish =
            Finish { size: face.size(), head: &head, light: &light, optics, seed: seed as u32 };
        Ok(finish.layer(canvas.planes()))
    }
}

struct Stage<'a, 'b> {
    painter: &'a Painter,
    head: &'a Head<'b>,
    light: &'a Light,
    seed: u64,
}

impl<'b> Stage<'_, 'b> {
    fn bench<'c>(&'c self, canvas: &'c mut Canvas, outline: &'c Outline) -> Bench<'c, 'b> {
        Bench { canvas, head: self.head, outline, light: self.light }
    }

    /// A sheet that hangs below the chin: its upper edge follows the jaw `gap` units lower.
    fn below(&self, gap: f32, length: f32) -> Outline {
        let head = self.head;
        let jaw = |i: f32, down: f32| {
            let p = head.jaw(i);
            let middle = head.middle(4.0);
            p.lerp(middle, 0.15) + head.shift(0.0, down)
        };
        let edge = |down: f32| {
            let knot =
                |i: u8| (f32::from(i) / 3.0 - 1.0, jaw(3.0 + 10.0 / 6.0 * f32::from(i), down));
            Curve::new((0..7).map(knot).collect())
        };
        let side = |i: f32| {
            let knot = |k: u8| (f32::from(k) / 2.0, jaw(i, gap + length * f32::from(k) / 2.0));
            Curve::new((0..3).map(knot).collect())
        };
        Outline { top: edge(gap), bottom: edge(gap + length), left: side(3.0), right: side(13.0) }
    }

    fn collar(&self, canvas: &mut Canvas, dice: &mut Dice) {
        let kind = dice.weighted(&[(MaskKind::Scarf, 3.0), (MaskKind::Bandana, 1.0)]);
        let design = Design::draw(&MaskStyle::new(kind), self.seed, self.painter.textures());
        let outline = self.below(dice.range(0.1, 0.32), dice.range(1.0, 1.8));
        let mut bench = self.bench(canvas, &outline);
        sheet(&mut bench, &design);
    }

    /// A mask beside or below the face, and the fingers that hold it.
    fn held_mask(
        &self,
        canvas: &mut Canvas,
        landmarks: &Landmarks<CropSpace>,
        skin: &Skin,
        dice: &mut Dice,
    ) {
        let style = MaskStyle::draw(dice);
        let mut design = Design::draw(&style, self.seed, self.painter.textures());
        design.cut.drop = design.cut.drop.min(0.2);
        let middle = self.head.middle(2.0);
        let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
        let low = dice.chance(0.45);
        let off = if low {
            self.head.shift(0.4 * dice.normal(), dice.range(1.05, 1.5))
        } else {
            self.head.shift(side * dice.range(1.0, 1.5), dice.range(-0.2, 0.9))
        };
        let turn = 0.5 * dice.normal();
        let there: Similarity<CropSpace, CropSpace> =
            Similarity::about(middle, middle + off, dice.range(0.5, 0.8), turn);
        let moved = landmarks.map(&there);
        let size = Size::new(canvas.size.width / canvas.scale, canvas.size.height / canvas.scale);
        let Ok(head) = Head::of(&moved, size) else { return };
        let outline = Outline::fit(&design.cut, &head);
        let mut bench = Bench { canvas, head: &head, outline: &outline, light: self.light };
        for strap in &design.straps {
            strap.draw(&mut bench);
        }
        sheet(&mut bench, &design);
        for part in &design.parts {
            part.draw(&mut bench);
        }
        let hold: Point<CropSpace> = outline.at(side * dice.range(0.5, 0.9), dice.range(0.5, 0.95));
        let from = hold - self.head.middle(1.5);
        let unit = self.head.unit;
        let place = [from.dot(self.head.across) / unit, from.dot(self.head.down) / unit];
        let angle = -PI / 2.0 - side * dice.range(0.0, 1.0);
        let back = dice.range(0.5, 0.9);
        let knuckle = [place[0] - back * angle.cos(), place[1] - back * angle.sin()];
        let mut hand = Hand::draw(knuckle, angle, dice);
        hand.thumb = -side;
        hand.size *= 0.9;
        let whole = self.below(0.5, 1.0);
        hand.lay(&mut self.bench(canvas, &whole), skin, dice);
    }
}
