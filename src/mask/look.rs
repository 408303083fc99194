//! What a face can look like in a set of pairs: masked, or bare with something before it.

use std::fmt;
use std::str::FromStr;

use super::dice::Dice;
use super::head::Unfit;
use super::paint::Painter;
use super::props::Prop;
use super::style::MaskStyle;
use crate::face::Landmarks;
use crate::geometry::CropSpace;
use crate::image::{Image, Layer, Matte};

/// A mask that is worn, or something that is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// A mask, to be taken off.
    Worn(MaskStyle),
    /// A bare face, to be left as it is.
    Bare(Prop),
}

/// Share of bare faces in a crowd that training pairs are drawn from.
const BARE: f32 = 0.1;

/// Share of masks with a hand, a microphone or a telephone before them.
const BEHIND: f32 = 0.05;

impl Look {
    /// A look as a set of pairs should hold them.
    pub fn draw(dice: &mut Dice) -> Self {
        if dice.chance(BARE) {
            Self::Bare(dice.weighted(&Prop::SHARES))
        } else {
            Self::Worn(MaskStyle::draw(dice))
        }
    }

    /// One example of every kind of mask and of every prop.
    pub fn catalogue() -> Vec<Self> {
        let masks = MaskStyle::catalogue().into_iter().map(Self::Worn);
        masks.chain(Prop::SHARES.iter().map(|&(prop, _)| Self::Bare(prop))).collect()
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worn(style) => style.fmt(f),
            Self::Bare(prop) => prop.fmt(f),
        }
    }
}

impl FromStr for Look {
    type Err = String;

    /// ```
    /// use mask2face::mask::{Look, Prop};
    /// assert_eq!("bare+hand".parse(), Ok(Look::Bare(Prop::Hand)));
    /// assert!(matches!("cloth@chin".parse(), Ok(Look::Worn(_))));
    /// ```
    fn from_str(name: &str) -> Result<Self, String> {
        if name.starts_with("bare") {
            return name.parse().map(Self::Bare);
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
    /// The pair of a face and a look. Outside the alpha both pictures are the same, bit for
    /// bit; alpha has the steps that a file can hold.
    ///
    /// # Errors
    /// [`Unfit`] says why the landmarks are no face.
    pub fn pair(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        look: &Look,
        seed: u64,
    ) -> Result<Painted, Unfit> {
        let none = || Matte::filled(face.size(), 0.0);
        match look {
            Look::Bare(Prop::Nothing) => {
                Ok(Painted { masked: face.clone(), clean: None, alpha: none() })
            }
            Look::Bare(prop) => {
                let shown = self.prop(face, landmarks, *prop, seed)?.over(face);
                Ok(Painted { masked: shown.clone(), clean: Some(shown), alpha: none() })
            }
            Look::Worn(style) => {
                let mut layer = self.mask(face, landmarks, style, seed)?;
                let mut dice = Dice::new(seed, 6);
                if !dice.chance(BEHIND) {
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
