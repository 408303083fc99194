//! What a photo's file holds besides its pixels: EXIF, XMP, the colour profile, how it was
//! compressed.

use anyhow::{Context, Result};
use img_parts::jpeg::{Jpeg, JpegSegment};
use img_parts::png::{Png, PngChunk};
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::WebP;
use img_parts::{Bytes, ImageEXIF, ImageICC};

use super::exif;
use super::photo::PhotoFormat;
use super::xmp::{self, Mark};
use crate::geometry::Size;

const XMP_IN_JPEG: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const IPTC_IN_JPEG: u8 = 0xed;
const COMMENT_IN_JPEG: u8 = 0xfe;
const XMP_IN_PNG: &[u8] = b"XML:com.adobe.xmp\0";

/// The papers of a photo.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    pub(super) exif: Option<Bytes>,
    pub(super) profile: Option<Bytes>,
    pub(super) xmp: Option<String>,
    /// A JPEG's IPTC and comments.
    pub(super) segments: Vec<JpegSegment>,
    /// A PNG's text and physical size.
    pub(super) chunks: Vec<PngChunk>,
    /// How a JPEG was compressed.
    pub jpeg: Option<JpegStyle>,
    /// A WebP without loss.
    pub lossless: bool,
}

/// How a JPEG was compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JpegStyle {
    /// Steps of luma and of chroma, row by row.
    pub steps: [Box<[u16; 64]>; 2],
    /// Luma samples to a chroma sample, across and down.
    pub sampling: (u8, u8),
    /// In several passes.
    pub progressive: bool,
}

impl Papers {
    /// The papers of the file `bytes` of `format`; what cannot be read is left out.
    pub fn of(bytes: &[u8], format: PhotoFormat) -> Self {
        let bytes = Bytes::copy_from_slice(bytes);
        match format {
            PhotoFormat::Jpeg => Jpeg::from_bytes(bytes).map(|file| of_jpeg(&file)),
            PhotoFormat::Png => Png::from_bytes(bytes).map(|file| of_png(&file)),
            PhotoFormat::WebP => WebP::from_bytes(bytes).map(|file| of_webp(&file)),
        }
        .unwrap_or_default()
    }

    /// The file `encoded` of `format` and `size`, upright, with these papers and `mark`.
    ///
    /// # Errors
    /// If `encoded` is no such file.
    pub fn attach(
        &self,
        encoded: Vec<u8>,
        format: PhotoFormat,
        size: Size,
        mark: Option<&Mark>,
    ) -> Result<Vec<u8>> {
        let note = mark.map(|mark| mark.text.as_str());
        let old = self.exif.as_deref().or(note.map(|_| &exif::EMPTY[..]));
        let exif = old.and_then(|old| exif::rewritten(old, note)).map(Bytes::from);
        let xmp = match mark {
            Some(mark) => Some(xmp::marked(self.xmp.as_deref(), mark)),
            None => self.xmp.clone(),
        };
        let (bytes, profile) = (Bytes::from(encoded), self.profile.clone());
        let attached = match format {
            PhotoFormat::Jpeg => {
                let mut file = Jpeg::from_bytes(bytes).context("the JPEG that was written")?;
                file.segments_mut().splice(1..1, self.segments.iter().cloned());
                if let Some(xmp) = xmp {
                    let body = [XMP_IN_JPEG, xmp.as_bytes()].concat();
                    let segment = JpegSegment::new_with_contents(0xe1, body.into());
                    file.segments_mut().insert(1, segment);
                }
                file.set_icc_profile(profile);
                file.set_exif(exif);
                file.encoder().bytes()
            }
            PhotoFormat::Png => {
                let mut file = Png::from_bytes(bytes).context("the PNG that was written")?;
                file.chunks_mut().splice(1..1, self.chunks.iter().cloned());
                if let Some(xmp) = xmp {
                    // not compressed, no language, no translated keyword
                    let body = [XMP_IN_PNG, &[0; 4], xmp.as_bytes()].concat();
                    file.chunks_mut().insert(1, PngChunk::new(*b"iTXt", body.into()));
                }
                file.set_icc_profile(profile);
                file.set_exif(exif);
                file.encoder().bytes()
            }
            PhotoFormat::WebP => {
                let mut file = WebP::from_bytes(bytes).context("the WebP that was written")?;
                extend(&mut file, size);
                file.set_icc_profile(profile);
                file.set_exif(exif);
                if let Some(xmp) = xmp {
                    let body = RiffContent::Data(xmp.into_bytes().into());
                    file.chunks_mut().push(RiffChunk::new(*b"XMP ", body));
                    flag(&mut file, 0x04);
                }
                file.encoder().bytes()
            }
        };
        Ok(attached.to_vec())
    }
}

fn of_jpeg(file: &Jpeg) -> Papers {
    let xmp = file.segments_by_marker(0xe1).find_map(|s| s.contents().strip_prefix(XMP_IN_JPEG));
    let xmp = xmp.and_then(|xmp| std::str::from_utf8(xmp).ok()).map(str::to_owned);
    let kept = |s: &&JpegSegment| [IPTC_IN_JPEG, COMMENT_IN_JPEG].contains(&s.marker());
    let colours = frame(file).map(|frame| frame.1[5]);
    Papers {
        exif: file.exif(),
        // a profile of gray or of inks does not fit red, green and blue
        profile: file.icc_profile().filter(|_| colours == Some(3)),
        xmp,
        segments: file.segments().iter().filter(kept).cloned().collect(),
        jpeg: style(file),
        ..Papers::default()
    }
}

/// The frame header: its marker and its contents.
fn frame(file: &Jpeg) -> Option<(u8, &Bytes)> {
    let is_frame =
        |s: &&JpegSegment| (0xc0..=0xc2).contains(&s.marker()) && s.contents().len() >= 9;
    file.segments().iter().find(is_frame).map(|s| (s.marker(), s.contents()))
}

fn style(file: &Jpeg) -> Option<JpegStyle> {
    let (marker, frame) = frame(file)?;
    let mut tables: [Option<Box<[u16; 64]>>; 4] = Default::default();
    for segment in file.segments_by_marker(0xdb) {
        let mut rest = &segment.contents()[..];
        while let Some((head, after)) = rest.split_first() {
            let wide = usize::from(head >> 4 > 0) + 1;
            let values = after.get(..64 * wide)?;
            let mut table = Box::new([0; 64]);
            for (n, value) in values.chunks(wide).enumerate() {
                let value = value.iter().fold(0, |value, byte| value << 8 | u16::from(*byte));
                table[zigzag(n)] = value;
            }
            *tables.get_mut(usize::from(head & 15))? = Some(table);
            rest = &after[64 * wide..];
        }
    }
    let part = |n: usize| frame.get(6 + n * 3..9 + n * 3);
    let (luma, chroma) = (part(0)?, part(1)?);
    let steps = |part: &[u8]| tables.get(usize::from(part[2]))?.clone();
    if frame[5] != 3 || chroma[1] != 0x11 {
        return None;
    }
    Some(JpegStyle {
        steps: [steps(luma)?, steps(chroma)?],
        sampling: (luma[1] >> 4, luma[1] & 15),
        progressive: marker == 0xc2,
    })
}

/// The place, row by row, of the `n`th value along the diagonals (ITU-T T.81, figure 5).
fn zigzag(n: usize) -> usize {
    let mut order: Vec<(usize, usize)> = (0..64).map(|i| (i / 8, i % 8)).collect();
    order.sort_by_key(|&(row, column)| {
        let diagonal = row + column;
        (diagonal, if diagonal % 2 == 0 { column } else { row })
    });
    let (row, column) = order[n];
    row * 8 + column
}

fn of_png(file: &Png) -> Papers {
    let text = |chunk: &PngChunk| chunk.contents().strip_prefix(XMP_IN_PNG).map(<[u8]>::to_vec);
    let xmp = file.chunks_by_type(*b"iTXt").find_map(text);
    let xmp = xmp.filter(|xmp| xmp.first() == Some(&0)).and_then(|xmp| {
        let body = xmp.get(2..)?.splitn(3, |byte| *byte == 0).nth(2)?.to_vec();
        String::from_utf8(body).ok()
    });
    let kept = |chunk: &&PngChunk| match &chunk.kind() {
        b"iTXt" => !chunk.contents().starts_with(XMP_IN_PNG),
        kind => {
            [*b"tEXt", *b"zTXt", *b"pHYs", *b"gAMA", *b"cHRM", *b"sRGB", *b"tIME"].contains(kind)
        }
    };
    // the colour type's second bit: not gray
    let colour = file.chunk_by_type(*b"IHDR").and_then(|c| c.contents().get(9).copied());
    Papers {
        exif: file.exif(),
        profile: file.icc_profile().filter(|_| colour.is_some_and(|colour| colour & 2 > 0)),
        xmp,
        chunks: file.chunks().iter().filter(kept).cloned().collect(),
        ..Papers::default()
    }
}

fn of_webp(file: &WebP) -> Papers {
    let xmp = file.chunk_by_id(*b"XMP ").and_then(|chunk| chunk.content().data());
    Papers {
        exif: file.exif(),
        profile: file.icc_profile(),
        xmp: xmp.and_then(|xmp| String::from_utf8(xmp.to_vec()).ok()),
        lossless: file.has_chunk(*b"VP8L"),
        ..Papers::default()
    }
}

/// Gives a plain WebP the header that papers need.
fn extend(file: &mut WebP, size: Size) {
    if file.has_chunk(*b"VP8X") {
        return;
    }
    let side = |side: usize| (side as u32 - 1).to_le_bytes();
    let (width, height) = (side(size.width), side(size.height));
    let body = [&[0; 4][..], &width[..3], &height[..3]].concat();
    let chunk = RiffChunk::new(*b"VP8X", RiffContent::Data(body.into()));
    file.chunks_mut().insert(0, chunk);
}

/// Sets flags in the header of an extended WebP.
fn flag(file: &mut WebP, flags: u8) {
    let head = file.chunks_mut().iter_mut().find(|chunk| chunk.id() == *b"VP8X");
    if let Some(RiffContent::Data(data)) = head.map(RiffChunk::content_mut) {
        let mut body = data.to_vec();
        if let Some(first) = body.first_mut() {
            *first |= flags;
        }
        *data = body.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagonals_run_as_in_the_standard() {
        let first: Vec<usize> = (0..10).map(zigzag).collect();
        assert_eq!(first, [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]);
        assert_eq!(zigzag(63), 63);
    }
}
