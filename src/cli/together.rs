//! The stretches of a long video, put together, checked and told.

use std::time::Instant;

use anyhow::{Result, anyhow};

use super::batch::report::Outcome;
use super::counted::Counted;
use super::journal::Journal;
use super::progress::FileBoard;
use super::video::{self, Facts, conclude};
use crate::media::stretch::assemble;
use crate::media::{Launch, Plan, probe, verify};

/// Writes the output of a job whose stretches are all there, checks it and removes the journal.
///
/// # Errors
/// If a stretch is missing or the output cannot be written.
pub(super) fn put_together(
    plan: &Plan,
    launch: &Launch,
    journal: &Journal,
    board: &FileBoard<'_>,
    begun: Instant,
) -> Result<Outcome> {
    let leaves = journal.whole().map_err(|number| {
        let shown = plan.target.path().display();
        anyhow!("{shown}: its stretch {number} is not done; run the part that it belongs to again")
    })?;
    let stretches: Result<Vec<_>> = leaves
        .iter()
        .map(|(number, leaf)| Ok((leaf.stretch.clone(), journal.units(*number)?)))
        .collect();
    // what is left of the input's streams comes from the input
    probe::readable(&plan.input)?;
    let mut written = assemble(plan, launch, stretches?)?;
    let notes = leaves.iter().flat_map(|(_, leaf)| leaf.notes.iter().cloned()).collect();
    video::add_notes(&mut written, notes, &plan.input, board);
    let mut check = verify::verify(&plan.input, &written)?;
    if let Some(cause) = leaves.iter().find_map(|(_, leaf)| leaf.broken.as_ref()) {
        video::breaks_off(&mut check, &written, cause);
    }
    let mut counted = Counted::default();
    for (_, leaf) in &leaves {
        counted.add(&leaf.counted);
    }
    let model = leaves.into_iter().find_map(|(_, leaf)| leaf.model);
    journal.remove();
    Ok(conclude(plan, board, Facts { model, written, counted, check, begun, first_frame: None }))
}
