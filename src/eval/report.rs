//! Means by contender and by style of mask, and every pair for a spreadsheet.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

use super::metrics::{Metric, Scores, mean};

/// One pair's measures.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the pair.
    pub name: String,
    /// Its style, without colour.
    pub style: String,
    /// For each contender.
    pub scores: Vec<Scores>,
}

/// What a network did to faces without a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bare {
    /// Peak signal to noise ratio against the untouched crop.
    pub psnr: f64,
    /// Mean coverage of what was painted, 0..1.
    pub alpha: f64,
    /// Share of the faces of which more than a hundredth was painted over.
    pub painted: f64,
}

/// The means of some pairs.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// How many pairs.
    pub pairs: usize,
    /// Their means.
    pub mean: Scores,
}

/// How one contender did.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Over all pairs with a mask.
    pub overall: Group,
    /// By style of mask.
    pub styles: BTreeMap<String, Group>,
    /// Faces without a mask, means; none for a baseline.
    pub bare: Option<Bare>,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The contenders in the order given.
    pub standings: Vec<Standing>,
    /// Every pair.
    #[serde(skip)]
    pub rows: Vec<Row>,
}

impl Report {
    /// A report of contenders `names` whose scores stand in `rows`; `bare` holds, for each
    /// contender, every face without a mask.
    pub fn new(names: Vec<String>, rows: Vec<Row>, bare: &[Vec<Bare>]) -> Self {
        let standing = |(i, name): (usize, String)| {
            let mut styles: BTreeMap<String, Vec<&Scores>> = BTreeMap::new();
            for row in &rows {
                styles.entry(row.style.clone()).or_default().push(&row.scores[i]);
            }
            Standing {
                name,
                overall: group(masked(rows.iter().map(|row| &row.scores[i]).collect())),
                styles: styles.into_iter().map(|(style, rows)| (style, group(rows))).collect(),
                bare: bare.get(i).and_then(|faces| mean_bare(faces)),
            }
        };
        Self { standings: names.into_iter().enumerate().map(standing).collect(), rows }
    }

    /// The measures that any pair has, in the order of columns.
    pub fn metrics(&self) -> Vec<Metric> {
        let has = |m: &Metric| self.standings.iter().any(|s| s.overall.mean.contains_key(m));
        Metric::ALL.into_iter().filter(has).collect()
    }

    /// Rows of a table: every contender over all, then by style, then bare faces.
    pub fn table(&self) -> Vec<Vec<String>> {
        let metrics = self.metrics();
        let mut head = vec![String::new(), "pairs".to_owned()];
        head.extend(metrics.iter().map(|m| m.key().to_owned()));
        let cells = |name: &str, group: &Group| {
            let mut cells = vec![name.to_owned(), group.pairs.to_string()];
            cells.extend(metrics.iter().map(|m| {
                group.mean.get(m).map_or_else(|| "-".to_owned(), |value| m.shown(*value))
            }));
            cells
        };
        let mut rows = vec![head.clone()];
        rows.extend(self.standings.iter().map(|s| cells(&s.name, &s.overall)));
        for standing in self.standings.iter().filter(|s| s.bare.is_some()) {
            rows.push(Vec::new());
            head[0] = format!("{}, by mask", standing.name);
            rows.push(head.clone());
            rows.extend(standing.styles.iter().map(|(style, group)| cells(style, group)));
        }
        rows
    }

    /// Lines of a table: what became of faces without a mask.
    pub fn bare_table(&self) -> Vec<Vec<String>> {
        let head = ["bare faces", "psnr", "mean_alpha", "painted_over"].map(str::to_owned);
        let row = |standing: &Standing| {
            let bare = standing.bare?;
            let painted = format!("{:.1} %", 100.0 * bare.painted);
            let (psnr, alpha) = (format!("{:.2}", bare.psnr), format!("{:.5}", bare.alpha));
            Some(vec![standing.name.clone(), psnr, alpha, painted])
        };
        std::iter::once(head.to_vec()).chain(self.standings.iter().filter_map(row)).collect()
    }

    /// A table with a row for each pair; columns `CONTENDER:METRIC`.
    ///
    /// # Errors
    /// If it does not fit into memory.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let metrics = self.metrics();
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut head = vec!["name".to_owned(), "style".to_owned()];
        for standing in &self.standings {
            head.extend(metrics.iter().map(|m| format!("{}:{}", standing.name, m.key())));
        }
        table.write_record(&head)?;
        for row in &self.rows {
            let mut cells = vec![row.name.clone(), row.style.clone()];
            for scores in &row.scores {
                let cell = |m: &Metric| scores.get(m).map(|v| format!("{v:.6}"));
                cells.extend(metrics.iter().map(|m| cell(m).unwrap_or_default()));
            }
            table.write_record(&cells)?;
        }
        table.into_inner().context("finishing the table")
    }
}

/// Faces without a mask, of which most stays as it is, would flatter the rest: they have a group
/// of their own.
fn masked(rows: Vec<&Scores>) -> Vec<&Scores> {
    let masked: Vec<&Scores> =
        rows.iter().copied().filter(|row| row.contains_key(&Metric::HolePsnr)).collect();
    if masked.is_empty() { rows } else { masked }
}

fn group(rows: Vec<&Scores>) -> Group {
    Group { pairs: rows.len(), mean: mean(rows) }
}

fn mean_bare(faces: &[Bare]) -> Option<Bare> {
    let n = faces.len() as f64;
    let mean = |of: fn(&Bare) -> f64| faces.iter().map(of).sum::<f64>() / n;
    (n > 0.0).then(|| Bare {
        psnr: mean(|b| b.psnr),
        alpha: mean(|b| b.alpha),
        painted: mean(|b| b.painted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let row = |name: &str, style: &str, psnr: f64| Row {
            name: name.into(),
            style: style.into(),
            scores: vec![
                Scores::from([(Metric::Psnr, psnr)]),
                Scores::from([(Metric::Psnr, psnr + 5.0), (Metric::AlphaIou, 0.9)]),
            ],
        };
        let rows = vec![row("a", "cloth", 10.0), row("b", "n95", 20.0), row("c", "n95", 24.0)];
        let bare = [vec![], vec![Bare { psnr: 50.0, alpha: 0.01, painted: 0.0 }]];
        Report::new(vec!["masked input".into(), "light".into()], rows, &bare)
    }

    #[test]
    fn the_table_has_all_then_each_style_then_bare_faces() {
        let report = report();
        let table = report.table();
        assert_eq!(table[1], ["masked input", "3", "18.00", "-"]);
        assert_eq!(table[2], ["light", "3", "23.00", "0.900"]);
        assert_eq!(table[6], ["n95", "2", "27.00", "0.900"]);
        assert_eq!(report.bare_table()[1], ["light", "50.00", "0.01000", "0.0 %"]);
    }

    #[test]
    fn the_spreadsheet_has_a_row_a_pair_and_leaves_unmeasured_cells_empty() {
        let csv = String::from_utf8(report().csv().unwrap()).unwrap();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(
            lines[0],
            "name,style,masked input:psnr,masked input:alpha_iou,light:psnr,light:alpha_iou"
        );
        assert_eq!(lines[1], "a,cloth,10.000000,,15.000000,0.900000");
        assert_eq!(lines.len(), 4);
    }
}
