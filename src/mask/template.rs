//! Template libraries in the layout of `MaskTheFace`: masks.cfg, RGBA pictures of masks from
//! the front, the left and the right, and a folder of textures.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::Dice;
use super::canvas::Canvas;
use super::fabric::{Rgb, mix};
use super::head::Head;
use super::homography::Homography;
use super::light::Light;
use super::masks_cfg::{self, Section};
use super::memory::Memory;
use super::six_points::{self, Side};
use super::sprite::Sprite;
use super::texture::Texture;

/// The colours that the library's own script dyes masks with.
const COLOURS: [&str; 13] = [
    "fc1c1a", "177abc", "94b6d2", "a5ab81", "dd8047", "6b425e", "e26d5a", "c92c48", "6a506d",
    "ffc900", "ffffff", "000000", "49ff00",
];

/// A style of a template library. Written `template:NAME`, with `+#RRGGBB` or `+TEXTURE` to
/// dye it, and `*WEIGHT` for how strongly (0..1).
///
/// ```
/// use mask2face::mask::TemplateStyle;
/// let style: TemplateStyle = "template:cloth+#49ff00*0.7".parse().unwrap();
/// assert_eq!(style.to_string(), "template:cloth+#49ff00*0.7");
/// assert!("template:".parse::<TemplateStyle>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateStyle {
    /// Name of the style in masks.cfg, without `_left` or `_right`.
    pub name: String,
    /// What it is dyed with.
    pub dye: Option<Dye>,
}

/// What a template is dyed with, and how strongly, in hundredths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dye {
    /// `#RRGGBB`, or the path of a texture in the library's folder `textures`.
    pub with: String,
    /// 0 the template's own colours, 100 the dye's.
    pub weight: u8,
}

impl fmt::Display for TemplateStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template:{}", self.name)?;
        if let Some(dye) = &self.dye {
            write!(f, "+{}*{}", dye.with, f32::from(dye.weight) / 100.0)?;
        }
        Ok(())
    }
}

impl FromStr for TemplateStyle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}': a template is template:NAME[+#RRGGBB|+TEXTURE][*WEIGHT]");
        let rest = text.strip_prefix("template:").ok_or_else(wrong)?;
        let (name, dye) = rest.split_once('+').map_or((rest, None), |(n, d)| (n, Some(d)));
        let dye = dye.map(|dye| -> Result<Dye, String> {
            let (with, weight) = dye.rsplit_once('*').unwrap_or((dye, "0.5"));
            let weight = weight.parse().ok().filter(|w: &f32| (0.0..=1.0).contains(w));
            let colour = with.strip_prefix('#').map(|hex| rgb(hex).is_some());
            let good = !with.is_empty() && colour != Some(false);
            let weight = weight.filter(|_| good).ok_or_else(wrong)?;
            Ok(Dye { with: with.to_owned(), weight: (100.0 * weight).round() as u8 })
        });
        let name = Some(name.to_owned()).filter(|n| !n.is_empty()).ok_or_else(wrong)?;
        Ok(Self { name, dye: dye.transpose()? })
    }
}

fn rgb(hex: &str) -> Option<Rgb> {
    let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
    Some([16, 8, 0].map(|shift| (value >> shift & 255) as f32 / 255.0))
}

/// One template: its picture and key points a to f.
#[derive(Clone, Debug)]
struct Template {
    sprite: Sprite,
    points: [[f32; 2]; 6],
}

/// A library in memory.
#[derive(Clone, Debug)]
pub struct Library {
    folder: PathBuf,
    styles: BTreeMap<String, BTreeMap<Side, Template>>,
    textures: BTreeMap<String, Arc<Texture>>,
}

impl Library {
    /// Reads a folder with masks.cfg.
    ///
    /// # Errors
    /// If masks.cfg is broken (told with file and line), or a picture that it names is.
    pub fn read(folder: &Path) -> Result<Self> {
        let cfg = folder.join("masks.cfg");
        let text = fs::read_to_string(&cfg).with_context(|| {
            format!("{}: cannot be read; --templates wants a folder with masks.cfg", cfg.display())
        })?;
        let mut styles: BTreeMap<String, BTreeMap<Side, Template>> = BTreeMap::new();
        for section in masks_cfg::parse(&cfg, &text)? {
            let sprite = sprite(folder, &section).with_context(|| {
                format!("{}:{}: [{}]", cfg.display(), section.line, section.name)
            })?;
            let (name, side) = match section.name.rsplit_once('_') {
                Some((name, "left")) => (name, Side::Left),
                Some((name, "right")) => (name, Side::Right),
                _ => (section.name.as_str(), Side::Front),
            };
            let template = Template { sprite, points: section.points };
            styles.entry(name.to_owned()).or_default().insert(side, template);
        }
        Ok(Self {
            folder: folder.to_owned(),
            styles,
            textures: textures(&folder.join("textures"))?,
        })
    }

    /// Names of the styles, sorted.
    pub fn styles(&self) -> impl Iterator<Item = &str> {
        self.styles.keys().map(String::as_str)
    }

    /// Names of the textures, sorted.
    pub fn textures(&self) -> impl Iterator<Item = &str> {
        self.textures.keys().map(String::as_str)
    }

    /// Any style of the library, half of the time dyed.
    pub fn draw(&self, dice: &mut Dice) -> TemplateStyle {
        let pick = |n: usize, dice: &mut Dice| dice.bits() as usize % n.max(1);
        let name = self.styles().nth(pick(self.styles.len(), dice)).unwrap_or_default().to_owned();
        let colour = format!("#{}", COLOURS[pick(COLOURS.len(), dice)]);
        let texture = self.textures().nth(pick(self.textures.len(), dice)).map(str::to_owned);
        let with = match dice.weighted(&[(0, 2.0), (1, 1.0), (2, 1.0)]) {
            0 => None,
            1 => Some(colour),
            _ => Some(texture.unwrap_or(colour)),
        };
        let weight = dice.range(30.0, 90.0) as u8;
        TemplateStyle { name, dye: with.map(|with| Dye { with, weight }) }
    }

    /// Makes sure that a style, and what it is dyed with, is in the library.
    ///
    /// # Errors
    /// If not: with the names that are.
    pub fn check(&self, style: &TemplateStyle) -> Result<()> {
        let shown = self.folder.display();
        let names: Vec<&str> = self.styles().collect();
        let name = &style.name;
        ensure!(
            self.styles.contains_key(name),
            "{shown}: has no template '{name}'; it has {}",
            names.join(" ")
        );
        if let Some(dye) = style.dye.as_ref().filter(|dye| !dye.with.starts_with('#')) {
            let names: Vec<&str> = self.textures().collect();
            let with = &dye.with;
            ensure!(
                self.textures.contains_key(with),
                "{shown}: has no texture '{with}'; it has {}",
                names.join(" ")
            );
        }
        Ok(())
    }

    /// Lays a template over a head: the one of the side that the head is turned to, blended
    /// under its own alpha.
    pub(super) fn lay(
        &self,
        style: &TemplateStyle,
        (head, memory): (&Head<'_>, &mut Memory),
        light: &Light,
        canvas: &mut Canvas,
    ) {
        let (points, side) = six_points::of(head, memory);
        let sides = self.styles.get(&style.name);
        let template = sides.and_then(|s| s.get(&side).or_else(|| s.get(&Side::Front)));
        let template = template.or_else(|| sides.and_then(|s| s.values().next()));
        let Some(template) = template else { return };
        let scale = canvas.scale as f32;
        let places = points.map(|p| [p.x * scale, p.y * scale]);
        let map = Homography::estimate(&template.points, &places);
        let Some(back) = map.and_then(|map| map.inverse()) else { return };
        let dye =
            style.dye.as_ref().map(|dye| (self.dye(&dye.with), f32::from(dye.weight) / 100.0));
        let wide = |p: [f32; 2], q: [f32; 2]| (p[0] - q[0]).hypot(p[1] - q[1]).max(1.0);
        let shrink = wide(template.points[0], template.points[2]) / wide(places[0], places[2]);
        let level = template.sprite.level(shrink);
        for y in 0..canvas.size.height {
            for x in 0..canvas.size.width {
                let Some(at) = back.apply([x as f32 + 0.5, y as f32 + 0.5]) else { continue };
                let Some((mut colour, cover)) = level.at(at) else { continue };
                if let Some((dye, weight)) = &dye {
                    let share = template.sprite.share(at);
                    let dyed = match dye {
                        Pigment::Colour(c) => *c,
                        Pigment::Texture(texture) => texture.whole(share),
                    };
                    colour = mix(colour, dyed, *weight);
                }
                let lit = light.shade(colour, [0.0, 0.0, 1.0], 0.0);
                canvas.lay(y * canvas.size.width + x, lit, cover);
            }
        }
    }

    fn dye(&self, with: &str) -> Pigment {
        let colour = with.strip_prefix('#').and_then(rgb);
        match (colour, self.textures.get(with)) {
            (Some(colour), _) => Pigment::Colour(colour),
            (None, Some(texture)) => Pigment::Texture(Arc::clone(texture)),
            (None, None) => Pigment::Colour([0.5; 3]),
        }
    }
}

/// What a dye is.
enum Pigment {
    Colour(Rgb),
    Texture(Arc<Texture>),
}

/// The picture of a section. Its path counts from the folder, from the folder's parent, or
/// from the folder without the path's own first part: libraries lie in any of these ways.
fn sprite(folder: &Path, section: &Section) -> Result<Sprite> {
    let path = Path::new(&section.template);
    let tail: PathBuf = path.components().skip(1).collect();
    let parent = folder.parent().unwrap_or(folder);
    let places = [folder.join(path), parent.join(path), folder.join(tail)];
    let found = places.iter().find(|place| place.is_file());
    let found = found.with_context(|| format!("the template {} is not there", section.template))?;
    Sprite::read(found)
}

/// Every texture below a folder by its path in it; none where there is no such folder.
fn textures(folder: &Path) -> Result<BTreeMap<String, Arc<Texture>>> {
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let named = |path: PathBuf| {
        let texture = Texture::read(&path)?;
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        Ok((name, Arc::new(texture)))
    };
    Texture::paths(folder)?.into_iter().map(named).collect()
}
