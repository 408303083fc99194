//! The whole way, photo by photo: find faces, paint, write, note.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::finder::{Finder, Found};
use super::journal::{Done, Journal, Start};
use super::portrait::{self, BareFace, Refusal};
use super::store::{Entry, LeftOut, Store};
use super::{Recipe, Summary, contact, sample};
use crate::geometry::Rect;
use crate::image::photo::Photo;

/// Photos that are looked at before the next pairs are painted: their faces are in memory.
const AT_ONCE: usize = 32;

/// What one run works on.
pub struct Job<'a> {
    /// Folder of the photos.
    pub folder: &'a Path,
    /// Their paths in it, sorted.
    pub photos: &'a [String],
    /// Other files that lie there: they are told, not looked at.
    pub others: &'a [String],
    /// What finds faces.
    pub finder: &'a dyn Finder,
    /// What to make of them.
    pub recipe: &'a Recipe,
    /// Anew, or on from where a run was killed.
    pub start: Start,
    /// Called once for each photo.
    pub progress: &'a (dyn Fn() + Sync),
}

/// Makes the pairs of a job and writes them into `store`. The same seed and photos give the
/// same bytes, whatever the number of threads, and whether or not the run was killed and went
/// on. What is no use is told in the summary and stops nothing.
///
/// # Errors
/// If the store cannot be written, or holds something else.
pub fn make(job: &Job<'_>, store: &Store) -> Result<Summary> {
    let recipe = job.recipe;
    let Some((journal, mut done)) = Journal::open(store, &fingerprint(job), job.start)? else {
        return Ok(Summary { complete_before: true, ..Summary::default() });
    };
    let mut left = recipe.count.unwrap_or(usize::MAX);
    for photos in sample::order(job.photos, recipe.seed).chunks(AT_ONCE) {
        if left == 0 {
            break;
        }
        let fresh: Vec<usize> = photos.iter().copied().filter(|i| !done.contains_key(i)).collect();
        let faces: Vec<Faces> = fresh.into_par_iter().map(|index| Faces::of(job, index)).collect();
        let mut faces: BTreeMap<usize, Faces> = faces.into_iter().map(|f| (f.index, f)).collect();
        // One after the other: how many pairs a photo gets depends on those before it.
        for index in photos {
            let taken = match (done.get(index), faces.get_mut(index)) {
                (Some(done), _) => done.entries.len(),
                (None, Some(faces)) => faces.allot(recipe.per_face, left),
                (None, None) => 0,
            };
            left -= taken.min(left);
        }
        let made: Vec<Done> = faces
            .into_values()
            .collect::<Vec<_>>()
            .par_iter()
            .map(|faces| {
                let made = faces.paint(job, store)?;
                journal.note(&made)?;
                (job.progress)();
                Ok(made)
            })
            .collect::<Result<_>>()?;
        done.extend(made.into_iter().map(|made| (made.index, made)));
    }
    let summary = finish(job, store, done)?;
    journal.close()?;
    Ok(summary)
}

/// What must be the same for a run to go on: one line.
fn fingerprint(job: &Job<'_>) -> String {
    let (recipe, photos) = (job.recipe, job.photos.join("\n"));
    let guises: Vec<String> = recipe.guises.iter().map(ToString::to_string).collect();
    serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "photos": format!("{:016x}", sample::hash(0, &photos, 0)),
        "per_face": recipe.per_face,
        "count": recipe.count,
        "guises": guises,
        "painter": recipe.painter.fingerprint(),
        "side": recipe.side,
        "seed": recipe.seed,
    })
    .to_string()
}

/// Tables, contact sheet and summary of all that is done.
fn finish(job: &Job<'_>, store: &Store, done: BTreeMap<usize, Done>) -> Result<Summary> {
    let people = job.recipe.people.clone().decide(job.photos);
    let mut summary = Summary {
        files: done.len() + job.others.len(),
        told_by: people.told(),
        ..Summary::default()
    };
    let mut left_out: Vec<LeftOut> =
        job.others.iter().map(|path| left_out(path, 0, &Refusal::NoPhoto)).collect();
    let mut entries = Vec::new();
    for photo in done.into_values() {
        summary.faces += photo.faces;
        entries.extend(photo.entries);
        left_out.extend(photo.left_out);
    }
    for entry in &mut entries {
        let person = people.person(&entry.source);
        entry.person = format!("{:016x}", sample::hash(0, person, 0));
    }
    sample::divide(&mut entries, &job.recipe.split, job.recipe.seed);
    for entry in &entries {
        *summary.parts.entry(entry.split.clone()).or_default() += 1;
    }
    let persons: std::collections::BTreeSet<&str> =
        entries.iter().map(|e| e.person.as_str()).collect();
    summary.people = persons.len();
    summary.pairs = entries.len();
    for row in &left_out {
        let shown = if row.face == 0 {
            row.path.clone()
        } else {
            format!("{} face {}", row.path, row.face)
        };
        summary.left_out.entry(row.reason.clone()).or_default().push(shown);
    }
    store.write_left_out(&left_out)?;
    contact::write(store, &entries, job.recipe.seed).context("writing the contact sheet")?;
    store.write_manifest(&entries)?;
    Ok(summary)
}

fn left_out(path: &str, face: usize, refusal: &Refusal) -> LeftOut {
    let cause = match refusal {
        Refusal::Unreadable(cause) => cause.clone(),
        _ => String::new(),
    };
    LeftOut { path: path.to_owned(), face, reason: refusal.reason().to_owned(), cause }
}

/// The faces of one photo and how many pairs each is to become.
struct Faces {
    index: usize,
    usable: Vec<(usize, BareFace, Found)>,
    left_out: Vec<LeftOut>,
    counts: Vec<usize>,
}

impl Faces {
    fn of(job: &Job<'_>, index: usize) -> Self {
        let path = &job.photos[index];
        let mut faces =
            Self { index, usable: Vec::new(), left_out: Vec::new(), counts: Vec::new() };
        match find(job, path) {
            Err(refusal) => faces.left_out.push(left_out(path, 0, &refusal)),
            Ok((photo, found)) => {
                for (number, found) in found.into_iter().enumerate() {
                    match portrait::crop(&photo, &found, job.recipe.side) {
                        Ok(face) => faces.usable.push((number, face, found)),
                        Err(refusal) => {
                            faces.left_out.push(left_out(path, number + 1, &refusal));
                        }
                    }
                }
            }
        }
        faces
    }

    /// Gives each face its pairs, `left` altogether at most.
    fn allot(&mut self, per_face: usize, left: usize) -> usize {
        let mut given = 0;
        for _ in &self.usable {
            let count = per_face.min(left - given);
            self.counts.push(count);
            given += count;
        }
        given
    }

    fn paint(&self, job: &Job<'_>, store: &Store) -> Result<Done> {
        let (recipe, path) = (job.recipe, &job.photos[self.index]);
        let mut done = Done {
            index: self.index,
            faces: 0,
            entries: Vec::new(),
            left_out: self.left_out.clone(),
        };
        for ((number, face, found), &count) in self.usable.iter().zip(&self.counts) {
            if count == 0 {
                continue;
            }
            let name = sample::face_name(self.index, path, *number);
            let row = Row { path, number: *number, name: &name, face, found };
            match row.paint(recipe, count, store)? {
                Ok(entries) => {
                    done.faces += 1;
                    done.entries.extend(entries);
                }
                Err(refusal) => done.left_out.push(left_out(path, number + 1, &refusal)),
            }
        }
        Ok(done)
    }
}

fn find(job: &Job<'_>, path: &str) -> Result<(Photo, Vec<Found>), Refusal> {
    let unreadable = |error: anyhow::Error| Refusal::Unreadable(format!("{error:#}"));
    let bytes = std::fs::read(job.folder.join(path)).map_err(|e| unreadable(e.into()))?;
    let photo = Photo::decode(&bytes).map_err(unreadable)?;
    let found = job.finder.find(path, &photo).map_err(unreadable)?;
    if found.is_empty() { Err(Refusal::NoFace) } else { Ok((photo, found)) }
}

/// One face on its way into the set.
struct Row<'a> {
    path: &'a str,
    number: usize,
    name: &'a str,
    face: &'a BareFace,
    found: &'a Found,
}

impl Row<'_> {
    fn paint(
        &self,
        recipe: &Recipe,
        count: usize,
        store: &Store,
    ) -> Result<Result<Vec<Entry>, Refusal>> {
        let mut entries = Vec::with_capacity(count);
        for pair in sample::pairs(self.path, self.number, self.name, count, recipe) {
            let (crop, points) = (&self.face.crop, &self.face.landmarks);
            let painted = match recipe.painter.pair(crop, points, &pair.guise, pair.seed) {
                Ok(painted) => painted,
                Err(unfit) => return Ok(Err(Refusal::Unfit(unfit))),
            };
            store.write_input(&pair.name, &painted.masked, &painted.alpha)?;
            if let Some(clean) = &painted.clean {
                store.write_output(&pair.name, clean)?;
            }
            entries.push(self.entry(&pair, painted.clean.is_some()));
        }
        store.write_output(self.name, &self.face.crop)?;
        Ok(Ok(entries))
    }

    fn entry(&self, pair: &sample::Pair, own_output: bool) -> Entry {
        let points = self.face.landmarks.points();
        let numbers: Vec<String> =
            points.iter().map(|p| format!("{:.1} {:.1}", p.x, p.y)).collect();
        let bbox = Rect::around(self.found.landmarks.points());
        let bbox = bbox.map_or_else(String::new, |b| {
            format!("{:.1} {:.1} {:.1} {:.1}", b.min.x, b.min.y, b.max.x, b.max.y)
        });
        Entry {
            name: pair.name.clone(),
            output: if own_output { pair.name.clone() } else { self.name.to_owned() },
            source: self.path.to_owned(),
            split: String::new(),
            style: pair.guise.to_string(),
            seed: pair.seed,
            person: String::new(),
            landmarks: numbers.join(" "),
            face: bbox,
        }
    }
}
