//! The whole file: the input's index with a new picture in it, and all samples behind it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::boxes::{Atom, find, put, words};
use super::movie::{self, Chunk, Movie};
use super::picture::{Picture, Run, description};
use super::tags;
use crate::media::mux::Wish;
use crate::media::target::Container;
use crate::media::units::Units;

/// What a piece is copied through.
const BUFFER: usize = 1 << 20;

impl Movie {
    /// Whether a file of `container` may take over the tracks as they are.
    pub fn is_own_kind(&self, container: Container) -> bool {
        let quicktime = &self.brand == b"qt  ";
        matches!((container, quicktime), (Container::Mov, true) | (Container::Mp4, false))
    }
}

/// Writes to `path` what `movie` is with the picture of `stretches`, described as in the file
/// `pattern` that a muxer wrote.
pub(in crate::media) fn graft(
    movie: &Movie,
    (stretches, pattern): (&[Units], &Path),
    wish: Wish<'_>,
    path: &Path,
) -> Result<()> {
    let pattern = Movie::open(pattern).context("the picture's description")?;
    let caps = stretches.first().context("there is no picture")?.caps()?;
    let description = description(&pattern.boxes, &caps)?;
    let shown = shown(&pattern)?;
    let picture = Picture { stretches, description, shown, end: wish.extent.end };
    let runs = picture.runs();
    let layout = Layout::new(movie, &runs)?;
    let kinds = if movie.brand == pattern.brand { &movie.kinds } else { &pattern.kinds };
    let kinds = kinds.as_ref().or(pattern.kinds.as_ref()).context("no file type")?;
    let index = |base: u64| index(movie, &picture, &runs, (&layout, base), wish);
    let mut head = Vec::new();
    kinds.write(&mut head);
    // offsets may need eight bytes each, which moves the samples on
    let mut base = 0;
    let index = loop {
        let index = index(base)?;
        let after = (head.len() + index.body.len() + 8 + 16) as u64;
        if after == base {
            break index;
        }
        base = after;
    };
    index.write(&mut head);
    head.extend(words(&[1]));
    head.extend(b"mdat");
    head.extend((layout.size + 16).to_be_bytes());
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&head)?;
    layout.copy(movie, stretches, &mut out)?;
    let mut end = Vec::new();
    for atom in tags::boxes(&movie.asides, wish.mark)? {
        atom.write(&mut end);
    }
    out.write_all(&end)?;
    out.flush()?;
    Ok(())
}

/// The picture's width and height as its first writer meant it.
fn shown(pattern: &Movie) -> Result<(u32, u32)> {
    let header = pattern.picture()?.child(*b"tkhd")?;
    let at = header.body.len().checked_sub(8).context("a track's header is too short")?;
    Ok((header.word(at)? >> 16, header.word(at + 4)? >> 16))
}

/// A chunk on its way: whose it is, and what it becomes.
#[derive(Clone, Copy, Debug)]
struct Piece {
    track: usize,
    nth: usize,
    /// Of the coded picture, if it is not the input's.
    stretch: Option<usize>,
    chunk: Chunk,
}

/// All chunks in their new order.
#[derive(Debug)]
struct Layout {
    pieces: Vec<Piece>,
    /// Where the chunks of each track begin behind the samples' start.
    offsets: Vec<Vec<u64>>,
    size: u64,
}

impl Layout {
    /// By time, so that a player need not jump.
    fn new(movie: &Movie, runs: &[Run]) -> Result<Self> {
        let picture = movie.picture()?;
        let mut pieces = Vec::new();
        for (track, atom) in movie.tracks().enumerate() {
            if std::ptr::eq(atom, picture) {
                pieces.extend(runs.iter().enumerate().map(|(nth, run)| Piece {
                    track,
                    nth,
                    stretch: Some(run.stretch),
                    chunk: run.chunk,
                }));
            } else {
                let chunks = movie::chunks(atom)?;
                pieces.extend(chunks.into_iter().enumerate().map(|(nth, chunk)| Piece {
                    track,
                    nth,
                    stretch: None,
                    chunk,
                }));
            }
        }
        pieces.sort_by(|a, b| a.chunk.time.total_cmp(&b.chunk.time));
        let mut offsets: Vec<Vec<u64>> = movie.tracks().map(|_| Vec::new()).collect();
        let mut size = 0;
        for piece in &pieces {
            let of = &mut offsets[piece.track];
            of.resize(of.len().max(piece.nth + 1), 0);
            of[piece.nth] = size;
            size += piece.chunk.size;
        }
        Ok(Self { pieces, offsets, size })
    }

    /// The offsets of a track's chunks in a file whose samples begin at `base`.
    fn of(&self, track: usize, base: u64) -> Vec<u64> {
        self.offsets[track].iter().map(|offset| offset + base).collect()
    }

    fn copy(&self, movie: &Movie, stretches: &[Units], out: &mut impl Write) -> Result<()> {
        let mut buffer = vec![0; BUFFER];
        for piece in &self.pieces {
            let file = match piece.stretch {
                Some(stretch) => stretches[stretch].file(),
                None => &movie.file,
            };
            let (mut at, mut left) = (piece.chunk.offset, piece.chunk.size);
            while left > 0 {
                let part = usize::try_from(left)?.min(BUFFER);
                file.read_exact_at(&mut buffer[..part], at)?;
                out.write_all(&buffer[..part])?;
                (at, left) = (at + part as u64, left - part as u64);
            }
        }
        Ok(())
    }
}

/// The input's index with the new picture, for samples that begin at `base`.
fn index(
    movie: &Movie,
    picture: &Picture<'_>,
    runs: &[Run],
    (layout, base): (&Layout, u64),
    Wish { extent, mark }: Wish<'_>,
) -> Result<Atom> {
    let scale = movie.timescale()?;
    let end = (extent.end.as_secs_f64() * f64::from(scale)).ceil() as u64;
    let (old, mut nth, mut boxes) = (movie.picture()?, 0, Vec::new());
    for atom in &movie.boxes {
        if &atom.name != b"trak" {
            boxes.push(atom.clone());
            continue;
        }
        let offsets = layout.of(nth, base);
        nth += 1;
        boxes.push(if std::ptr::eq(atom, old) {
            picture.track(atom, scale, runs, &offsets)?
        } else if extent.partial {
            movie::clipped(&movie::moved(atom, &offsets)?, end)?
        } else {
            movie::moved(atom, &offsets)?
        });
    }
    let tracks = boxes.iter().filter(|atom| &atom.name == b"trak");
    let longest = tracks
        .map(|track| movie::length(&track.child(*b"tkhd")?))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .max();
    let header = movie::with_length(find(&boxes, *b"mvhd")?, longest.unwrap_or(end))?;
    put(&mut boxes, header);
    if let Some(mark) = mark {
        let text =
            if extent.partial { format!("{} (partial)", mark.text) } else { mark.text.clone() };
        tags::comment(&mut boxes, &text, &movie.brand == b"qt  ")?;
    }
    Ok(Atom::of(*b"moov", &boxes))
}
