//! The table at the end of a batch: how many, and what is not done and why.

use super::report::{Report, Status};
use crate::cli::{one_line, shown, table};

/// Skipped files that are named; the report has them all.
const NAMED: usize = 20;

/// The summary of `report` as text: a line of counts, then the files that are not simply done.
pub(super) fn text(report: &Report) -> String {
    let counts = report.counts();
    let counted = [
        (counts.done, "done"),
        (counts.breach, "with a breach"),
        (counts.partial, "partial"),
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
    ];
    let counted = counted.iter().filter(|(n, name)| *n > 0 || *name == "done");
    let line: Vec<_> = counted.map(|(n, name)| format!("{n} {name}")).collect();
    let mut rows = Vec::new();
    for status in [Status::Skipped, Status::Partial, Status::Breach, Status::Failed] {
        let files: Vec<_> =
            report.files().iter().filter(|file| file.outcome.status == status).collect();
        let most = if status == Status::Skipped { NAMED } else { usize::MAX };
        for file in files.iter().take(most) {
            let why = file.outcome.why.as_deref().unwrap_or_default();
            let name = one_line(&shown(&file.input));
            // most reasons begin with the name, which has a column of its own
            let why = why.strip_prefix(&format!("{}: ", file.input.display())).unwrap_or(why);
            rows.push(vec![status.name().to_owned(), name, one_line(why)]);
        }
        if files.len() > most {
            let more = format!("and {} more", files.len() - most);
            rows.push(vec![status.name().to_owned(), more]);
        }
    }
    format!("mask2face: {}\n{}", line.join(", "), table::render(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::batch::report::{FileReport, Outcome};

    #[test]
    fn what_is_not_done_is_named_with_its_reason() {
        let mut report = Report::new(None);
        let mut add = |input: &str, status, why: Option<&str>| {
            let why = why.map(ToOwned::to_owned);
            let outcome = Outcome { output: None, status, why, details: None };
            report.add(FileReport::new(input.into(), outcome));
        };
        add("a.mp4", Status::Done, None);
        add("b\n.mp4", Status::Failed, Some("b\n.mp4: the file is empty"));
        (0..22).for_each(|n| add(&format!("{n}.mp4"), Status::Skipped, Some("finished already")));
        let text = text(&report);
        assert!(text.starts_with("mask2face: 1 done, 22 skipped, 1 failed\n"), "{text}");
        assert!(text.ends_with("failed   b\\n.mp4     the file is empty\n"), "{text}");
        assert!(text.contains("skipped  and 2 more\n"), "{text}");
        assert_eq!(text.lines().count(), 1 + 21 + 1);
    }
}
