//! Boxes as bytes: a name and a body, which may hold boxes again.

use anyhow::{Context, Result, bail, ensure};

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    pub name: [u8; 4],
    pub body: Vec<u8>,
}

impl Atom {
    pub fn new(name: [u8; 4], body: Vec<u8>) -> Self {
        Self { name, body }
    }

    /// A box with version and flags.
    pub fn full(name: [u8; 4], version: u8, flags: u32, body: &[u8]) -> Self {
        let head = u32::from(version) << 24 | flags;
        Self::new(name, [&head.to_be_bytes()[..], body].concat())
    }

    /// A box of boxes.
    pub fn of(name: [u8; 4], children: &[Atom]) -> Self {
        let mut body = Vec::new();
        for child in children {
            child.write(&mut body);
        }
        Self::new(name, body)
    }

    /// The boxes within.
    pub fn children(&self) -> Result<Vec<Atom>> {
        parse(&self.body)
    }

    /// The first box of that name within.
    pub fn child(&self, name: [u8; 4]) -> Result<Atom> {
        find(&self.children()?, name).cloned()
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend((self.body.len() as u32 + 8).to_be_bytes());
        out.extend(self.name);
        out.extend(&self.body);
    }

    /// A number of four bytes.
    pub fn word(&self, at: usize) -> Result<u32> {
        word(&self.body, at)
    }

    pub fn version(&self) -> u8 {
        self.body.first().copied().unwrap_or_default()
    }

    /// The entries of a table of `width` words: a full box with a count before them.
    pub fn table(&self, width: usize) -> Result<Vec<Vec<u32>>> {
        let count = self.word(4)? as usize;
        ensure!(self.body.len() >= 8 + count * width * 4, "a table is cut off");
        let entry = |n: usize| (0..width).map(move |i| self.word(8 + (n * width + i) * 4));
        (0..count).map(|n| entry(n).collect()).collect()
    }
}

/// The box `name` among `atoms`.
pub(super) fn find(atoms: &[Atom], name: [u8; 4]) -> Result<&Atom> {
    let found = atoms.iter().find(|atom| atom.name == name);
    found.with_context(|| format!("the box {} is missing", String::from_utf8_lossy(&name)))
}

/// Replaces the box of that name, or adds it.
pub(super) fn put(atoms: &mut Vec<Atom>, new: Atom) {
    match atoms.iter_mut().find(|atom| atom.name == new.name) {
        Some(old) => *old = new,
        None => atoms.push(new),
    }
}

/// The boxes that `bytes` are; four zero bytes may end them, as `QuickTime` does in `udta`.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Atom>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 8 <= bytes.len() {
        let size = word(bytes, at)? as usize;
        if size < 8 || at + size > bytes.len() {
            bail!("a box does not fit");
        }
        let name = [bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]];
        found.push(Atom::new(name, bytes[at + 8..at + size].to_vec()));
        at += size;
    }
    ensure!(bytes[at..].iter().all(|byte| *byte == 0), "a box is cut off");
    Ok(found)
}

pub(super) fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let word = bytes.get(at..at + 4).context("a box is too short")?;
    Ok(u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Result<u64> {
    Ok(u64::from(word(bytes, at)?) << 32 | u64::from(word(bytes, at + 4)?))
}

/// The bytes of words.
pub(super) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_go_there_and_back() {
        let inner = Atom::full(*b"stss", 0, 0, &words(&[2, 1, 25]));
        let outer = Atom::of(*b"stbl", &[inner.clone(), Atom::new(*b"free", vec![1, 2, 3])]);
        let mut bytes = Vec::new();
        outer.write(&mut bytes);
        let back = parse(&bytes).unwrap();
        assert_eq!(back, [outer]);
        assert_eq!(back[0].child(*b"stss").unwrap().table(1).unwrap(), [[1], [25]]);
        assert!(parse(&bytes[..bytes.len() - 1]).is_err());
        assert!(back[0].child(*b"nope").is_err());
        assert!(Atom::full(*b"stss", 0, 0, &words(&[3, 1, 25])).table(1).is_err());
    }
}
