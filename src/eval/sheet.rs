//! The best, median and worst pairs to look at: input, truth, and what each network made of it.

use anyhow::{Context, Result};

use super::contender::Contender;
use super::metrics::Metric;
use super::pairs::Pair;
use super::report::{Report, Row};
use crate::geometry::Size;
use crate::image::Image;
use crate::image::drawing::{Drawing, Side, TEXT_LINE};

/// Rows of each: best, median, worst.
const EACH: usize = 4;
const GAP: usize = 4;

/// The contact sheet as a PNG. Pairs are ranked by what the first network did inside the hole.
///
/// # Errors
/// If there is no network or no hole, or a pair cannot be read.
pub fn png(pairs: &[Pair], contenders: &mut [Contender], report: &Report) -> Result<Vec<u8>> {
    let first = contenders.iter().position(Contender::is_network).context("no network to show")?;
    let chosen = choose(&report.rows, first);
    let title = |c: &Contender| c.is_network().then(|| c.name().to_owned());
    let mut titles = vec!["input".to_owned(), "truth".to_owned()];
    titles.extend(contenders.iter().filter_map(title));
    let mut tiles: Vec<(String, Vec<Image>)> = Vec::new();
    for (place, i) in chosen {
        let crops = pairs[i].load()?;
        let mut row = vec![crops.masked.clone(), crops.bare.clone()];
        for contender in contenders.iter_mut().filter(|c| c.is_network()) {
            row.extend(contender.answers(&[&crops])?.into_iter().map(|a| a.picture));
        }
        let value = report.rows[i].scores[first].get(&Metric::HolePsnr).copied();
        let value = value.map(|v| format!(" {v:.1} dB in the hole")).unwrap_or_default();
        tiles.push((format!("{place}{value} {} {}", pairs[i].style, pairs[i].name), row));
    }
    draw(&titles, &tiles)
}

/// Places and row numbers, best first.
fn choose(rows: &[Row], network: usize) -> Vec<(&'static str, usize)> {
    let value = |i: &usize| rows[*i].scores[network].get(&Metric::HolePsnr).copied();
    let mut ranked: Vec<usize> = (0..rows.len()).filter(|i| value(i).is_some()).collect();
    ranked.sort_by(|a, b| value(b).partial_cmp(&value(a)).unwrap_or(std::cmp::Ordering::Equal));
    if ranked.len() <= 3 * EACH {
        return ranked.into_iter().map(|i| ("", i)).collect();
    }
    let middle = ranked.len() / 2 - EACH / 2;
    let parts = [("best", 0), ("median", middle), ("worst", ranked.len() - EACH)];
    let part = |(place, from): (&'static str, usize)| {
        ranked[from..from + EACH].iter().map(move |&i| (place, i)).collect::<Vec<_>>()
    };
    parts.into_iter().flat_map(part).collect()
}

fn draw(titles: &[String], tiles: &[(String, Vec<Image>)]) -> Result<Vec<u8>> {
    let side = tiles.first().and_then(|row| row.1.first()).context("no pair to show")?.size();
    let (across, down) = (side.width + GAP, side.height + GAP + TEXT_LINE);
    let size = Size::new(across * titles.len() + GAP, TEXT_LINE + down * tiles.len() + GAP);
    let mut sheet = Drawing::new(size);
    for (column, title) in titles.iter().enumerate() {
        let middle = GAP + across * column + side.width / 2;
        sheet.text(title, (middle as i32, TEXT_LINE as i32 / 2 + 1), Side::Middle);
    }
    for (row, (note, images)) in tiles.iter().enumerate() {
        let top = TEXT_LINE + down * row;
        sheet.text(note, (GAP as i32, (top + TEXT_LINE / 2) as i32), Side::Right);
        for (column, image) in images.iter().enumerate() {
            sheet.paste(image, (GAP + across * column, top + TEXT_LINE));
        }
    }
    sheet.png()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::metrics::Scores;

    #[test]
    fn best_median_and_worst_are_chosen_and_pairs_without_a_hole_are_not() {
        let row = |i: usize| Row {
            name: i.to_string(),
            style: String::new(),
            scores: vec![if i == 0 {
                Scores::new()
            } else {
                Scores::from([(Metric::HolePsnr, i as f64)])
            }],
        };
        let rows: Vec<Row> = (0..=20).map(row).collect();
        let chosen = choose(&rows, 0);
        let want = [20, 19, 18, 17, 12, 11, 10, 9, 4, 3, 2, 1];
        assert_eq!(chosen.iter().map(|c| c.1).collect::<Vec<_>>(), want);
        assert_eq!((chosen[0].0, chosen[5].0, chosen[11].0), ("best", "median", "worst"));
        assert_eq!(choose(&rows[..4], 0).len(), 3);
    }
}
