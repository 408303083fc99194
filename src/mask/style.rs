//! The catalogue of masks.

use std::fmt;
use std::str::FromStr;

use super::Dice;

/// What sort of mask.
///
/// ```
/// use mask2face::mask::MaskKind;
/// let total: f32 = MaskKind::SHARES.iter().map(|share| share.1).sum();
/// assert!((total - 1.0).abs() < 1e-5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaskKind {
    /// A flat shape with few corners and one colour.
    Polygon,
    /// Pleated, with nose wire and ear loops.
    Surgical,
    /// Sewn or moulded from cloth, plain or printed.
    Cloth,
    /// A stiff cup with head straps, with or without a valve.
    N95,
    /// Two panels that meet in a bill, with head straps, with or without a valve.
    Duckbill,
    /// Folded along the middle, with ear loops.
    Kn95,
    /// Rubber half mask with a filter on each side.
    Respirator,
    /// Rubber half mask with large canisters and broad straps.
    Gas,
    /// A bandana that hangs below the chin, often printed.
    Bandana,
    /// A scarf or tube in thick folds around mouth and neck.
    Scarf,
}

impl MaskKind {
    /// All kinds, each with its share of a realistic crowd; the shares sum to 1.
    pub const SHARES: [(Self, f32); 10] = [
        (Self::Polygon, 0.04),
        (Self::Surgical, 0.30),
        (Self::Cloth, 0.22),
        (Self::N95, 0.10),
        (Self::Duckbill, 0.05),
        (Self::Kn95, 0.11),
        (Self::Respirator, 0.07),
        (Self::Gas, 0.04),
        (Self::Bandana, 0.04),
        (Self::Scarf, 0.03),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Polygon => "polygon",
            Self::Surgical => "surgical",
            Self::Cloth => "cloth",
            Self::N95 => "n95",
            Self::Duckbill => "duckbill",
            Self::Kn95 => "kn95",
            Self::Respirator => "respirator",
            Self::Gas => "gas",
            Self::Bandana => "bandana",
            Self::Scarf => "scarf",
        }
    }
}

/// How a mask sits.
///
/// ```
/// use mask2face::mask::{MaskKind, MaskStyle, Wear};
/// let slipped = MaskStyle { wear: Wear::BelowNose, ..MaskStyle::new(MaskKind::Cloth) };
/// assert_eq!(slipped.to_string(), "cloth@below-nose");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wear {
    /// Over nose and mouth.
    Proper,
    /// Over the mouth; the nostrils are free.
    BelowNose,
    /// Pulled down to the chin; the mouth is free.
    Chin,
}

impl Wear {
    /// All ways, each with its share of a realistic crowd; the shares sum to 1.
    pub const SHARES: [(Self, f32); 3] =
        [(Self::Proper, 0.85), (Self::BelowNose, 0.09), (Self::Chin, 0.06)];

    fn name(self) -> &'static str {
        match self {
            Self::Proper => "proper",
            Self::BelowNose => "below-nose",
            Self::Chin => "chin",
        }
    }
}

/// A mask of the catalogue. Written `KIND`, `KIND-COLOUR`, `KIND@WEAR` or `KIND-COLOUR@WEAR`.
///
/// ```
/// use mask2face::mask::{MaskKind, MaskStyle, Wear};
/// let style: MaskStyle = "surgical-green@below-nose".parse().unwrap();
/// assert_eq!((style.kind, style.wear), (MaskKind::Surgical, Wear::BelowNose));
/// assert_eq!(style.to_string(), "surgical-green@below-nose");
/// assert!("surgical-plaid".parse::<MaskStyle>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskStyle {
    /// What sort of mask.
    pub kind: MaskKind,
    /// How it sits.
    pub wear: Wear,
    /// Its main colour, an entry of [`MaskStyle::COLOURS`]; `None`: drawn from the seed, and
    /// prints may be drawn too.
    pub colour: Option<(&'static str, [f32; 3])>,
}

impl MaskStyle {
    /// Colours by name: gamma-encoded red, green, blue, 0..1.
    pub const COLOURS: [(&'static str, [f32; 3]); 14] = [
        ("white", [0.93, 0.94, 0.95]),
        ("lightblue", [0.66, 0.80, 0.89]),
        ("blue", [0.36, 0.57, 0.77]),
        ("green", [0.52, 0.74, 0.66]),
        ("black", [0.09, 0.09, 0.10]),
        ("pink", [0.92, 0.72, 0.77]),
        ("gray", [0.47, 0.49, 0.51]),
        ("navy", [0.13, 0.17, 0.33]),
        ("red", [0.68, 0.13, 0.16]),
        ("beige", [0.84, 0.77, 0.67]),
        ("brown", [0.42, 0.30, 0.22]),
        ("purple", [0.46, 0.36, 0.58]),
        ("yellow", [0.90, 0.78, 0.35]),
        ("teal", [0.14, 0.42, 0.43]),
    ];

    /// A mask of `kind`, worn properly, its colour drawn from the seed.
    pub fn new(kind: MaskKind) -> Self {
        Self { kind, wear: Wear::Proper, colour: None }
    }

    /// A mask as a crowd wears them: kind and wear by their shares.
    ///
    /// ```
    /// use mask2face::mask::{Dice, MaskStyle};
    /// assert_eq!(MaskStyle::draw(&mut Dice::new(3, 0)), MaskStyle::draw(&mut Dice::new(3, 0)));
    /// ```
    pub fn draw(dice: &mut Dice) -> Self {
        let kind = dice.weighted(&MaskKind::SHARES);
        Self { wear: dice.weighted(&Wear::SHARES), ..Self::new(kind) }
    }

    /// Every kind, worn properly: one example each, for demos and tests.
    pub fn catalogue() -> Vec<Self> {
        MaskKind::SHARES.iter().map(|&(kind, _)| Self::new(kind)).collect()
    }
}

impl fmt::Display for MaskStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if let Some((colour, _)) = self.colour {
            write!(f, "-{colour}")?;
        }
        if self.wear == Wear::Proper {
            return Ok(());
        }
        write!(f, "@{}", self.wear.name())
    }
}

/// A name that no style of the catalogue has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStyle {
    name: String,
    part: String,
}

impl fmt::Display for UnknownStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = MaskKind::SHARES.iter().map(|k| k.0.name()).collect();
        let colours: Vec<_> = MaskStyle::COLOURS.iter().map(|c| c.0).collect();
        let wears: Vec<_> = Wear::SHARES.iter().map(|w| w.0.name()).collect();
        write!(
            f,
            "mask style '{}': '{}' is unknown; a style is KIND[-COLOUR][@WEAR] with \
             kinds {}, colours {}, wears {}",
            self.name,
            self.part,
            kinds.join(" "),
            colours.join(" "),
            wears.join(" ")
        )
    }
}

impl std::error::Error for UnknownStyle {}

impl FromStr for MaskStyle {
    type Err = UnknownStyle;

    fn from_str(name: &str) -> Result<Self, UnknownStyle> {
        let unknown = |part: &str| UnknownStyle { name: name.into(), part: part.into() };
        let (look, wear) = name.split_once('@').unwrap_or((name, "proper"));
        let (kind, colour) = look.split_once('-').map_or((look, None), |(k, c)| (k, Some(c)));
        let find_kind = MaskKind::SHARES.iter().find(|k| k.0.name() == kind);
        let find_wear = Wear::SHARES.iter().find(|w| w.0.name() == wear);
        let find_colour =
            |c| Self::COLOURS.into_iter().find(|o| o.0 == c).ok_or_else(|| unknown(c));
        Ok(Self {
            kind: find_kind.ok_or_else(|| unknown(kind))?.0,
            wear: find_wear.ok_or_else(|| unknown(wear))?.0,
            colour: colour.map(find_colour).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_to_its_style() {
        for (kind, _) in MaskKind::SHARES {
            for (wear, _) in Wear::SHARES {
                for colour in MaskStyle::COLOURS.into_iter().map(Some).chain([None]) {
                    let style = MaskStyle { kind, wear, colour };
                    assert_eq!(style.to_string().parse(), Ok(style));
                }
            }
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_the_known_ones() {
        let error = "surgical@ear".parse::<MaskStyle>().unwrap_err().to_string();
        assert!(error.contains("'ear'") && error.contains("below-nose"), "{error}");
    }

    #[test]
    fn a_crowd_wears_what_the_shares_say() {
        let mut dice = Dice::new(1, 0);
        let crowd: Vec<MaskStyle> = (0..4000).map(|_| MaskStyle::draw(&mut dice)).collect();
        let share = |is: &dyn Fn(&MaskStyle) -> bool| {
            crowd.iter().filter(|s| is(s)).count() as f32 / crowd.len() as f32
        };
        assert!((share(&|s| s.wear == Wear::Proper) - 0.85).abs() < 0.03);
        for (kind, want) in MaskKind::SHARES {
            assert!((share(&|s| s.kind == kind) - want).abs() < 0.03, "{kind:?}");
        }
    }
}
