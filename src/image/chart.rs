//! Charts for people: curves over time and bars, one panel below the other.

use anyhow::{Result, ensure};

use super::drawing::{BLACK, Drawing, GRAY, Ink, LETTER, Side, TEXT_LINE};
use crate::geometry::Size;

/// Told apart by people with any colour vision (Okabe and Ito 2008).
pub const INKS: [Ink; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it shows.
    pub name: String,
    /// Its place in [`INKS`]: the same thing has the same colour in every panel.
    pub ink: usize,
    /// (x, y) in the order of x; not a number: a gap.
    pub points: Vec<(f64, f64)>,
}

/// One bar of a stack of parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it shows.
    pub name: String,
    /// Lengths of its parts, from the left.
    pub parts: Vec<f64>,
}

/// What a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// Curves over a common x axis.
    Curves(Vec<Curve>),
    /// Lying bars, and the names of their parts.
    Bars(Vec<Bar>, Vec<String>),
}

/// One chart with its title; the title names the unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Above the chart.
    pub title: String,
    /// What the axis below means.
    pub axis: String,
    /// The content.
    pub marks: Marks,
}

const WIDTH: usize = 900;
const CURVES: usize = 180;
const BAR: usize = 22;
const RIGHT: usize = 40;

/// The panels as a PNG.
///
/// # Errors
/// If there are none or the encoder refuses.
pub fn png(panels: &[Panel]) -> Result<Vec<u8>> {
    ensure!(!panels.is_empty(), "there is nothing to draw");
    let heights: Vec<usize> = panels.iter().map(height).collect();
    let mut sheet = Drawing::new(Size::new(WIDTH, heights.iter().sum()));
    let mut top = 0;
    for (panel, height) in panels.iter().zip(heights) {
        match &panel.marks {
            Marks::Curves(curves) => curves_panel(&mut sheet, panel, curves, top),
            Marks::Bars(bars, parts) => bars_panel(&mut sheet, panel, (bars, parts), top),
        }
        top += height;
    }
    sheet.png()
}

fn height(panel: &Panel) -> usize {
    let inner = match &panel.marks {
        Marks::Curves(_) => CURVES,
        Marks::Bars(bars, _) => BAR * bars.len(),
    };
    inner + 5 * TEXT_LINE
}

/// The part of a panel that holds the data: left, top, right, bottom.
#[derive(Clone, Copy)]
struct Area {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Area {
    fn new(left: usize, top: usize, height: usize) -> Self {
        let top = top + 2 * TEXT_LINE;
        let (right, bottom) = (WIDTH - RIGHT, top + height);
        Self { left: left as i32, top: top as i32, right: right as i32, bottom: bottom as i32 }
    }

    fn x(&self, share: f64) -> i32 {
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    fn y(&self, share: f64) -> i32 {
        self.bottom - (share * f64::from(self.bottom - self.top)).round() as i32
    }
}

fn head(sheet: &mut Drawing, panel: &Panel, names: &[(&str, usize)], area: Area) {
    let middle = area.top - TEXT_LINE as i32;
    sheet.text(&panel.title, (area.left, middle), Side::Right);
    let mut right = area.right;
    for (name, ink) in names.iter().rev() {
        sheet.text(name, (right, middle), Side::Left);
        right -= (LETTER * (name.chars().count() + 3)) as i32;
        sheet.fill((right + LETTER as i32 - 2, middle - 4), (10, 9), INKS[ink % INKS.len()]);
        right -= 2 * LETTER as i32;
    }
    let below = area.bottom + 2 * TEXT_LINE as i32 - 2;
    sheet.text(&panel.axis, (i32::midpoint(area.left, area.right), below), Side::Middle);
}

fn curves_panel(sheet: &mut Drawing, panel: &Panel, curves: &[Curve], top: usize) {
    let area = Area::new(70, top, CURVES);
    let points = || curves.iter().flat_map(|c| &c.points).filter(|p| p.1.is_finite());
    let (across, up) = (Scale::of(points().map(|p| p.0)), Scale::of(points().map(|p| p.1)));
    for tick in up.ticks() {
        let y = area.y(up.share(tick));
        sheet.line((area.left, y), (area.right, y), (GRAY, 1));
        sheet.text(&up.label(tick), (area.left - 6, y), Side::Left);
    }
    for tick in across.ticks() {
        let x = area.x(across.share(tick));
        sheet.line((x, area.bottom), (x, area.bottom + 4), (BLACK, 1));
        sheet.text(&across.label(tick), (x, area.bottom + 11), Side::Middle);
    }
    for curve in curves {
        let at = |(x, y): (f64, f64)| (area.x(across.share(x)), area.y(up.share(y)));
        for pair in curve.points.windows(2).filter(|p| p.iter().all(|p| p.1.is_finite())) {
            sheet.line(at(pair[0]), at(pair[1]), (INKS[curve.ink % INKS.len()], 2));
        }
    }
    sheet.line((area.left, area.bottom), (area.right, area.bottom), (BLACK, 1));
    head(sheet, panel, &curves.iter().map(|c| (c.name.as_str(), c.ink)).collect::<Vec<_>>(), area);
}

fn bars_panel(sheet: &mut Drawing, panel: &Panel, (bars, parts): (&[Bar], &[String]), top: usize) {
    let letters = bars.iter().map(|b| b.name.chars().count()).max().unwrap_or(0);
    let area = Area::new(LETTER * (letters + 3), top, BAR * bars.len());
    let total = |bar: &Bar| bar.parts.iter().sum::<f64>();
    let scale = Scale::of(bars.iter().map(total).chain([0.0]));
    for tick in scale.ticks() {
        let x = area.x(scale.share(tick));
        sheet.line((x, area.top), (x, area.bottom), (GRAY, 1));
        sheet.text(&scale.label(tick), (x, area.bottom + 9), Side::Middle);
    }
    for (row, bar) in bars.iter().enumerate() {
        let y = area.top + (BAR * row) as i32 + 4;
        let mut from = 0.0;
        for (i, part) in bar.parts.iter().enumerate() {
            let (a, b) = (area.x(scale.share(from)), area.x(scale.share(from + part)));
            sheet.fill((a, y), ((b - a).max(0) as u32, BAR as u32 - 8), INKS[i % INKS.len()]);
            from += part;
        }
        sheet.text(&bar.name, (area.left - 8, y + 7), Side::Left);
    }
    sheet.line((area.left, area.top), (area.left, area.bottom), (BLACK, 1));
    head(
        sheet,
        panel,
        &parts.iter().enumerate().map(|(i, p)| (p.as_str(), i)).collect::<Vec<_>>(),
        area,
    );
}

/// A range of values with round ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let finite = values.filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let span = if high - low > 1e-9 { high - low } else { low.abs().max(1.0) };
        let unit = 10f64.powf((span / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|k| k * unit).into_iter().find(|s| span / s <= 6.0);
        let step = step.unwrap_or(10.0 * unit);
        Self { low: (low / step).floor() * step, high: (high / step + 0.001).ceil() * step, step }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low).max(1e-12)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let Self { low, high, step } = *self;
        (0..=((high - low) / step).round() as usize).map(move |i| low + i as f64 * step)
    }

    fn label(&self, tick: f64) -> String {
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        format!("{tick:.digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::photo::Photo;

    #[test]
    fn scales_hold_their_values_between_round_ticks() {
        let scale = Scale::of([0.13, 0.87].into_iter());
        let labels: Vec<String> = scale.ticks().map(|t| scale.label(t)).collect();
        assert_eq!(labels, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert!(Scale::of([f64::NAN].into_iter()).share(0.5).is_finite());
        assert!(Scale::of([3.0].into_iter()).share(3.0).is_finite());
    }

    #[test]
    fn curves_and_bars_leave_their_ink() {
        let curve = |name: &str, ink: usize| Curve {
            name: name.to_owned(),
            ink,
            points: (0..50).map(|i| (i as f64, ink as f64 + (i as f64 / 8.0).sin())).collect(),
        };
        let bar = Bar { name: "decode".into(), parts: vec![2.0, 1.0] };
        let marks = [
            Marks::Curves(vec![curve("one", 0), curve("two", 1)]),
            Marks::Bars(vec![bar], vec!["wall".into(), "CPU".into()]),
        ];
        let panels = marks.map(|marks| Panel { title: "t".into(), axis: "s".into(), marks });
        let photo = Photo::decode(&png(&panels).unwrap()).unwrap();
        let rgb = photo.image().to_rgb8();
        for ink in &INKS[..2] {
            let dots = rgb.chunks(3).filter(|rgb| rgb == ink).count();
            assert!(dots > 2000, "{dots}");
        }
        assert!(png(&[]).is_err());
    }
}
