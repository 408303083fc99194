//! What a face can look like in a set of pairs: masked, or bare with something before it.

use std::fmt;
use std::str::FromStr;

use super::dice::Dice;
use super::head::Unfit;
use super::memory::Memory;
use super::paint::Painter;
use super::props::Prop;
use super::style::MaskStyle;
use super::template::TemplateStyle;
use crate::face::Landmarks;
use crate::geometry::CropSpace;
use crate::image::{Image, Layer, Matte};

/// A mask that is worn, or something that is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Guise {
    /// A painted mask, to be taken off.
    Worn(MaskStyle),
    /// A mask of a template library, to be taken off.
    Template(TemplateStyle),
    /// A bare face, to be left as it is.
    Bare(Prop),
}

/// Share of bare faces in a crowd that training pairs are drawn from.
const BARE: f32 = 0.1;

/// Share of masks with a hand, a microphone or a telephone before them.
const BEHIND: f32 = 0.05;

impl Guise {
    /// One example of every kind of mask and of every prop.
    pub fn catalogue() -> Vec<Self> {
        let masks = MaskStyle::catalogue().into_iter().map(Self::Worn);
        masks.chain(Prop::SHARES.iter().map(|&(prop, _)| Self::Bare(prop))).collect()
    }
}

impl fmt::Display for Guise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worn(style) => style.fmt(f),
            Self::Template(style) => style.fmt(f),
            Self::Bare(prop) => prop.fmt(f),
        }
    }
}

impl FromStr for Guise {
    type Err = String;

    /// ```
    /// use mask2face::mask::{Guise, Prop};
    /// assert_eq!("bare+hand".parse(), Ok(Guise::Bare(Prop::Hand)));
    /// assert!(matches!("cloth@chin".parse(), Ok(Guise::Worn(_))));
    /// ```
    fn from_str(name: &str) -> Result<Self, String> {
        if name.starts_with("bare") {
            return name.parse().map(Self::Bare);
        }
        if name.starts_with("template:") {
            return name.parse().map(Self::Template);
        }
        name.parse().map(Self::Worn).map_err(|error: super::style::UnknownStyle| error.to_string())
    }
}

/// A picture with a mask and the same without it.
#[derive(Clone, Debug, PartialEq)]
pub struct Painted {
    /// With the mask.
    pub masked: Image,
    /// Without it; `None` where it is the face as it came.
    pub clean: Option<Image>,
    /// How much of each pixel is mask, in steps of 1/255; 0 everywhere for a bare face.
    pub alpha: Matte,
}

impl Painter {
    /// A guise as a set of pairs should hold them; its masks are those of the template library
    /// where the painter has one.
    pub fn draw(&self, dice: &mut Dice) -> Guise {
        if dice.chance(BARE) {
            return Guise::Bare(dice.weighted(&Prop::SHARES));
        }
        match self.library() {
            Some(library) => Guise::Template(library.draw(dice)),
            None => Guise::Worn(MaskStyle::draw(dice)),
        }
    }

    /// One example of every style that this painter has, and of every prop.
    pub fn catalogue(&self) -> Vec<Guise> {
        let Some(library) = self.library() else { return Guise::catalogue() };
        let style = |name: &str| TemplateStyle { name: name.to_owned(), dye: None };
        library.styles().map(style).map(Guise::Template).collect()
    }

    /// The layer of a guise, for laying it over a face.
    ///
    /// # Errors
    /// [`Unfit`] says why the landmarks are no face.
    pub fn layer(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        guise: &Guise,
        seed: u64,
    ) -> Result<Layer, Unfit> {
        self.steady_layer(face, landmarks, guise, (seed, &mut Memory::default()))
    }

    /// The same for the next frame of a stream: what was remembered of the face steadies it.
    ///
    /// # Errors
    /// [`Unfit`] says why the landmarks are no face.
    pub fn steady_layer(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        guise: &Guise,
        (seed, memory): (u64, &mut Memory),
    ) -> Result<Layer, Unfit> {
        match guise {
            Guise::Worn(style) => self.steady_mask(face, landmarks, style, (seed, memory)),
            Guise::Template(style) => self.steady_template(face, landmarks, style, (seed, memory)),
            Guise::Bare(prop) => self.prop(face, landmarks, *prop, seed),
        }
    }

    /// The pair of a face and a guise. Outside the alpha both pictures are the same, bit for
    /// bit; alpha has the steps that a file can hold.
    ///
    /// # Errors
    /// [`Unfit`] says why the landmarks are no face.
    pub fn pair(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        guise: &Guise,
        seed: u64,
    ) -> Result<Painted, Unfit> {
        let none = || Matte::filled(face.size(), 0.0);
        match guise {
            Guise::Bare(Prop::Nothing) => {
                Ok(Painted { masked: face.clone(), clean: None, alpha: none() })
            }
            Guise::Bare(prop) => {
                let shown = self.prop(face, landmarks, *prop, seed)?.over(face);
                Ok(Painted { masked: shown.clone(), clean: Some(shown), alpha: none() })
            }
            Guise::Worn(_) | Guise::Template(_) => {
                let mut layer = self.layer(face, landmarks, guise, seed)?;
                let mut dice = Dice::new(seed, 6);
                if matches!(guise, Guise::Template(_)) || !dice.chance(BEHIND) {
                    eight_bit(&mut layer);
                    return Ok(Painted {
                        masked: layer.over(face),
                        clean: None,
                        alpha: layer.alpha,
                    });
                }
                let prop = dice.weighted(&[
                    (Prop::Hand, 3.0),
                    (Prop::Microphone, 1.0),
                    (Prop::Phone, 1.0),
                ]);
                let before = self.prop(face, landmarks, prop, seed)?;
                let clean = before.over(face);
                behind(&mut layer, &before);
                eight_bit(&mut layer);
                Ok(Painted { masked: layer.over(&clean), clean: Some(clean), alpha: layer.alpha })
            }
        }
    }
}

/// Leaves of a layer what another one before it does not cover.
fn behind(layer: &mut Layer, before: &Layer) {
    for (alpha, cover) in layer.alpha.data_mut().iter_mut().zip(before.alpha.data()) {
        *alpha *= 1.0 - cover;
    }
}

/// Rounds alpha to what a file can hold, so that the pictures and the file agree.
fn eight_bit(layer: &mut Layer) {
    for alpha in layer.alpha.data_mut() {
        *alpha = (*alpha * 255.0).round() / 255.0;
    }
}
