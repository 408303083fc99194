//! `mask2face models`: which models there are, and whether each file is the pinned one.

use anyhow::Result;
use serde::Serialize;

use super::{Verdict, table};
use crate::onnx::registry::{Entry, Registry, Role};

/// Lists the models and verifies the length and SHA-256 of each file.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Args {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// One model as this machine has it.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    path: Option<String>,
    /// What is wrong with the file; none if it is whole.
    fault: Option<String>,
}

/// Lists and verifies.
///
/// # Errors
/// If the manifest is malformed or standard output cannot be written. A damaged or missing file
/// is told in its row, on stderr, and by exit code 1.
pub fn run(args: &Args) -> Result<Verdict> {
    let registry = Registry::from_env()?;
    let rows: Vec<Row<'_>> = registry.entries().iter().map(|e| row(&registry, e)).collect();
    if args.json {
        table::print_json(&rows)?;
    } else {
        let head = ["NAME", "ROLE", "VERSION", "BYTES", "LICENCE", "STATE", "FILE"];
        let head = head.map(str::to_owned).to_vec();
        let body = rows.iter().map(Row::cells);
        table::print(&std::iter::once(head).chain(body).collect::<Vec<_>>())?;
        for fault in rows.iter().filter_map(|r| r.fault.as_ref()) {
            eprintln!("mask2face: {fault}");
        }
    }
    let whole = rows.iter().all(|r| r.fault.is_none());
    Ok(if whole { Verdict::Done } else { Verdict::Incomplete })
}

fn row<'a>(registry: &Registry, entry: &'a Entry) -> Row<'a> {
    let path = registry.find(entry).ok().map(|p| p.display().to_string());
    // A measure that nobody installed is no fault; one that is damaged is.
    let left_out = entry.role == Role::Measure && path.is_none();
    let fault = registry.read(entry).err().filter(|_| !left_out).map(|e| format!("{e:#}"));
    Row { entry, path, fault }
}

impl Row<'_> {
    fn cells(&self) -> Vec<String> {
        let state = match (&self.path, &self.fault) {
            (None, None) => "optional",
            (None, _) => "missing",
            (_, Some(_)) => "damaged",
            (_, None) => "whole",
        };
        let entry = self.entry;
        vec![
            entry.name.clone(),
            entry.role.name().to_owned(),
            entry.version.clone(),
            entry.bytes.to_string(),
            short(&entry.licence),
            state.to_owned(),
            self.path.clone().unwrap_or_else(|| entry.file.clone()),
        ]
    }
}

/// A licence may be a paragraph; a table has room for its start.
fn short(licence: &str) -> String {
    const ROOM: usize = 40;
    if licence.chars().count() <= ROOM {
        return licence.to_owned();
    }
    licence.chars().take(ROOM - 3).chain("...".chars()).collect()
}
