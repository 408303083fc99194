//! Blocks in the order in which they are to be read, gathered into clusters and written.

use std::io::{Seek, Write};
use std::os::unix::fs::FileExt;

use anyhow::Result;

use super::element::{Element, id, length};
use super::film::{Film, Packet};
use crate::media::units::{Unit, Units};

/// A cluster goes no further than this, in ns and in bytes.
const LONGEST: (i64, usize) = (5_000_000_000, 4 << 20);

/// Writes clusters and remembers where the key frames are.
#[derive(Debug)]
pub(super) struct Clusters<W> {
    out: W,
    /// Where the segment's body begins.
    base: u64,
    scale: i64,
    track: u64,
    /// The present cluster's time and its elements.
    open: Option<(i64, Vec<u8>)>,
    cues: Vec<(i64, u64)>,
}

impl<W: Write + Seek> Clusters<W> {
    /// Clusters of ticks of `scale` ns behind what `out` holds; the picture's blocks bear `track`.
    pub fn new(out: W, base: u64, scale: i64, track: u64) -> Self {
        Self { out, base, scale, track, open: None, cues: Vec::new() }
    }

    /// Writes the picture of `stretches`, its times moved by `shift` ns, and every other block
    /// of `film`, up to `until` ticks.
    pub fn write(
        mut self,
        film: &Film,
        stretches: &[Units],
        shift: i64,
        until: Option<i64>,
    ) -> Result<(W, Vec<(i64, u64)>)> {
        let mut packets = film.packets();
        let mut packet = self.next(&mut packets, until)?;
        // a demuxer takes the time of the first block for the film's beginning
        let first = stretches.iter().flat_map(|units| &units.list).next();
        let lag = first.map_or(0, |unit| unit.pts - unit.dts) + shift;
        for (units, unit) in stretches.iter().flat_map(|u| u.list.iter().map(move |unit| (u, unit)))
        {
            while let Some(other) = packet.filter(|other| other.time * self.scale < unit.dts + lag)
            {
                self.other(film, &other)?;
                packet = self.next(&mut packets, until)?;
            }
            self.picture(units, unit, shift)?;
        }
        while let Some(other) = packet {
            self.other(film, &other)?;
            packet = self.next(&mut packets, until)?;
        }
        self.close()?;
        Ok((self.out, self.cues))
    }

    /// The next block that is not of the old picture and lies before `until`.
    fn next(
        &self,
        packets: &mut super::film::Packets<'_>,
        until: Option<i64>,
    ) -> Result<Option<Packet>> {
        while let Some(packet) = packets.next_packet()? {
            if packet.track != self.track && until.is_none_or(|until| packet.time < until) {
                return Ok(Some(packet));
            }
        }
        Ok(None)
    }

    fn picture(&mut self, units: &Units, unit: &Unit, shift: i64) -> Result<()> {
        let time = (unit.pts + shift + self.scale / 2).div_euclid(self.scale);
        if unit.key {
            self.close()?;
        }
        let relative = self.place(time)?;
        if unit.key {
            let position = self.out.stream_position()? - self.base;
            self.cues.push((time, position));
        }
        let mut body = length(self.track);
        body.extend(relative.to_be_bytes());
        body.push(if unit.key { 0x80 } else { 0 });
        body.extend(units.read(unit)?);
        self.put(&Element::new(id::SIMPLE_BLOCK, body));
        Ok(())
    }

    /// Another track's block: its bytes as they are but for the time within the cluster.
    fn other(&mut self, film: &Film, packet: &Packet) -> Result<()> {
        let mut bytes = vec![0; usize::try_from(packet.size)?];
        film.file.read_exact_at(&mut bytes, packet.offset)?;
        let relative = self.place(packet.time)?;
        let at = packet.time_at as usize;
        bytes[at..at + 2].copy_from_slice(&relative.to_be_bytes());
        if let Some((_, cluster)) = &mut self.open {
            cluster.extend(bytes);
        }
        Ok(())
    }

    fn put(&mut self, element: &Element) {
        if let Some((_, cluster)) = &mut self.open {
            element.write(cluster);
        }
    }

    /// The time of a block within the present cluster, or within a new one if it is too far.
    fn place(&mut self, time: i64) -> Result<i16> {
        if let Some((begun, cluster)) = &self.open {
            let far = (time - begun) * self.scale > LONGEST.0 || cluster.len() > LONGEST.1;
            if let (Ok(relative), false) = (i16::try_from(time - begun), far) {
                return Ok(relative);
            }
        }
        self.close()?;
        let begun = time.max(0);
        let mut cluster = Vec::new();
        Element::number(id::TIMESTAMP, begun as u64).write(&mut cluster);
        self.open = Some((begun, cluster));
        Ok(i16::try_from(time - begun)?)
    }

    fn close(&mut self) -> Result<()> {
        if let Some((_, cluster)) = self.open.take() {
            let mut bytes = Vec::with_capacity(cluster.len() + 12);
            Element::new(id::CLUSTER, cluster).write(&mut bytes);
            self.out.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// Where to find key frames: (time in ticks, place of the cluster).
pub(super) fn cues(found: &[(i64, u64)], track: u64) -> Element {
    let point = |(time, place): &(i64, u64)| {
        let positions = Element::of(
            id::CUE_POSITIONS,
            &[Element::number(id::CUE_TRACK, track), Element::number(id::CUE_CLUSTER, *place)],
        );
        let time = Element::number(id::CUE_TIME, (*time).max(0) as u64);
        Element::of(id::CUE_POINT, &[time, positions])
    };
    Element::of(id::CUES, &found.iter().map(point).collect::<Vec<_>>())
}
