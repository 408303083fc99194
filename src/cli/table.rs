//! Plain text tables for people; `--json` is for programs.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Writes rows as columns that line up, two spaces apart.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(rows: &[Vec<String>]) -> Result<()> {
    Ok(io::stdout().lock().write_all(render(rows).as_bytes())?)
}

/// Writes `value` as indented JSON and a line end.
///
/// # Errors
/// If standard output cannot be written.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    Ok(writeln!(out)?)
}

/// Rows as columns that line up, two spaces apart.
pub fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_tail() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect();
        let rows = [row(&["name", "bytes"]), row(&["\u{e9}t\u{e9}", "1"]), row(&["longest", ""])];
        assert_eq!(render(&rows), "name     bytes\n\u{e9}t\u{e9}      1\nlongest\n");
    }
}
