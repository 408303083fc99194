//! Printed and stamped words: type names on a respirator, slogans on cloth.

use super::Dice;

/// Letters as 5 x 7 dots: seven rows, the leftmost dot in bit 4.
const GLYPHS: [(u8, [u8; 7]); 38] = [
    (b'A', [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11]),
    (b'B', [0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e]),
    (b'C', [0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e]),
    (b'D', [0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e]),
    (b'E', [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f]),
    (b'F', [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10]),
    (b'G', [0x0e, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0f]),
    (b'H', [0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11]),
    (b'I', [0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e]),
    (b'J', [0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0c]),
    (b'K', [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11]),
    (b'L', [0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f]),
    (b'M', [0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11]),
    (b'N', [0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11]),
    (b'O', [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e]),
    (b'P', [0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10]),
    (b'Q', [0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d]),
    (b'R', [0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11]),
    (b'S', [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e]),
    (b'T', [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04]),
    (b'U', [0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e]),
    (b'V', [0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04]),
    (b'W', [0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11]),
    (b'X', [0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11]),
    (b'Y', [0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04]),
    (b'Z', [0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f]),
    (b'0', [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e]),
    (b'1', [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e]),
    (b'2', [0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f]),
    (b'3', [0x0e, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0e]),
    (b'4', [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02]),
    (b'5', [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e]),
    (b'6', [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e]),
    (b'7', [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08]),
    (b'8', [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e]),
    (b'9', [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c]),
    (b'-', [0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00]),
    (b'!', [0x04, 0x04, 0x04, 0x04, 0x04, 0x00, 0x04]),
];

/// Words that a maker stamps on a mask.
const STAMPS: [&str; 12] = [
    "N95",
    "KN95",
    "FFP2 NR",
    "GB2626-2019",
    "EN149",
    "CE 2797",
    "NIOSH",
    "8210",
    "9501",
    "1870",
    "WARNING",
    "KF94",
];

/// Words that people wear.
const SLOGANS: [&str; 14] = [
    "VOTE",
    "LOVE",
    "STAY SAFE",
    "HOPE",
    "NYC",
    "SMILE",
    "STAFF",
    "VIP",
    "HELLO",
    "TEAM 7",
    "BOSS",
    "PEACE",
    "NO",
    "2020",
];

/// One line of a block.
#[derive(Clone, Debug)]
struct Line {
    text: Vec<u8>,
    /// Height of its letters, and where its middle lies below the block's, in units.
    height: f32,
    below: f32,
}

/// Lines of letters, perhaps in a frame. Lengths are in units of the sheet.
#[derive(Clone, Debug)]
pub(super) struct Block {
    middle: [f32; 2],
    tilt: f32,
    lines: Vec<Line>,
    /// Half width, half height and thickness of a frame.
    frame: Option<[f32; 3]>,
    /// Width of a letter in shares of its height.
    wide: f32,
}

impl Block {
    /// A maker's stamp: one to five lines of small print.
    pub fn stamp(dice: &mut Dice) -> Self {
        let count = dice.weighted(&[(1usize, 1.0), (2, 2.0), (3, 2.0), (5, 2.0)]);
        let height = dice.range(0.035, 0.075);
        let side = dice.weighted(&[(0.0, 2.0), (0.42, 1.0), (-0.42, 1.0)]);
        let mut block = Self::of(count, height, dice, &STAMPS);
        block.middle = [side + 0.05 * dice.normal(), dice.range(-0.02, 0.3)];
        block.tilt = 0.12 * side + 0.03 * dice.normal();
        if dice.chance(0.25) {
            block.frame = Some([dice.range(0.1, 0.3), 0.8 * height * count as f32, 0.012]);
        }
        block
    }

    /// A slogan: a large word or two.
    pub fn slogan(dice: &mut Dice) -> Self {
        let count = dice.weighted(&[(1usize, 3.0), (2, 1.5), (3, 0.5)]);
        let height = dice.range(0.12, 0.42);
        let mut block = Self::of(count, height, dice, &SLOGANS);
        block.middle = [0.12 * dice.normal(), dice.range(-0.15, 0.2)];
        block.tilt = 0.08 * dice.normal();
        block
    }

    fn of(count: usize, height: f32, dice: &mut Dice, words: &[&str]) -> Self {
        let odds: Vec<(&str, f32)> = words.iter().map(|&w| (w, 1.0)).collect();
        let lines = (0..count)
            .map(|i| Line {
                text: if dice.chance(0.5) {
                    dice.weighted(&odds).bytes().collect()
                } else {
                    gibberish(dice)
                },
                height: height * dice.weighted(&[(1.0, 3.0), (0.6, 2.0), (1.5, 1.0)]),
                below: 1.7 * height * (i as f32 - 0.5 * (count as f32 - 1.0)),
            })
            .collect();
        let wide = dice.range(0.6, 0.85);
        Self { middle: [0.0; 2], tilt: 0.0, lines, frame: None, wide }
    }

    /// Whether there is ink at (x, y).
    pub fn inked(&self, x: f32, y: f32) -> bool {
        let (dx, dy) = (x - self.middle[0], y - self.middle[1]);
        let (sin, cos) = self.tilt.sin_cos();
        let (x, y) = (dx * cos + dy * sin, dy * cos - dx * sin);
        if let Some([w, h, thick]) = self.frame {
            let edge = (x.abs() - w).max(y.abs() - h);
            if edge.abs() < thick {
                return true;
            }
        }
        self.lines.iter().any(|line| self.line(line, x, y))
    }

    fn line(&self, line: &Line, x: f32, y: f32) -> bool {
        let row = ((y - line.below) / line.height + 0.5) * 7.0;
        if !(0.0..7.0).contains(&row) {
            return false;
        }
        let cell = line.height * self.wide * 6.0 / 5.0;
        let along = x / cell + 0.5 * line.text.len() as f32;
        if !(0.0..line.text.len() as f32).contains(&along) {
            return false;
        }
        let letter = line.text[along as usize];
        let dot = (along.fract() * 6.0) as u32;
        let glyph = GLYPHS.iter().find(|g| g.0 == letter);
        dot < 5 && glyph.is_some_and(|g| g.1[row as usize] >> (4 - dot) & 1 == 1)
    }
}

fn gibberish(dice: &mut Dice) -> Vec<u8> {
    let length = 3 + (dice.bits() % 9) as usize;
    let letter = |dice: &mut Dice| match dice.bits() % 44 {
        i @ 0..38 => GLYPHS[i as usize].0,
        _ => b' ',
    };
    (0..length).map(|_| letter(dice)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_ink_where_its_dots_are() {
        let line = Line { text: b"L".to_vec(), height: 0.7, below: 0.0 };
        let block =
            Block { middle: [0.0; 2], tilt: 0.0, lines: vec![line], frame: None, wide: 0.7 };
        // 5 dots and a space of .098 each; the stem is the first, the foot the last row.
        assert!(block.inked(-0.27, -0.3) && block.inked(0.1, 0.3));
        assert!(!block.inked(0.1, -0.3) && !block.inked(0.27, 0.3));
    }
}
