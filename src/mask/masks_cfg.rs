//! Reads a template library's masks.cfg: sections of a template's file and its six key points.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// One section.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Section {
    /// Its name: a style, perhaps with `_left` or `_right`.
    pub name: String,
    /// Where it begins, from 1 on.
    pub line: usize,
    /// The template's file, as it stands there.
    pub template: String,
    /// Points a to f in the template's pixels: upper left, top of the nose, upper right, lower
    /// left, chin, lower right.
    pub points: [[f32; 2]; 6],
}

/// A section while it is read: its keys with their lines and values.
struct Open {
    name: String,
    line: usize,
    keys: BTreeMap<String, (usize, String)>,
}

/// Reads the text of `path`. Sections without a key are none of templates and left out.
///
/// # Errors
/// If a line is neither section, key nor comment, or a section lacks something: with file,
/// line and what is wanted.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Section>> {
    let mut open: Vec<Open> = Vec::new();
    let shown = path.display();
    for (index, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), index + 1);
        if line.is_empty() || line.starts_with(';') || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name.strip_suffix(']').with_context(|| {
                format!("{shown}:{number}: the section's closing bracket is missing: '{line}'")
            })?;
            ensure!(
                open.iter().all(|s| s.name != name),
                "{shown}:{number}: the section '{name}' stands there twice"
            );
            open.push(Open { name: name.to_owned(), line: number, keys: BTreeMap::new() });
            continue;
        }
        let Some((key, value)) = line.split_once([':', '=']) else {
            bail!("{shown}:{number}: neither [section] nor key: value: '{line}'");
        };
        let Some(section) = open.last_mut() else {
            bail!("{shown}:{number}: the key '{}' stands before any [section]", key.trim());
        };
        section.keys.insert(key.trim().to_owned(), (number, value.trim().to_owned()));
    }
    open.retain(|section| !section.keys.is_empty());
    ensure!(!open.is_empty(), "{shown}: there is no section with a template in it");
    open.into_iter().map(|section| finish(path, section)).collect()
}

fn finish(path: &Path, section: Open) -> Result<Section> {
    let shown = path.display();
    let value = |key: &str| {
        section.keys.get(key).with_context(|| {
            format!("{shown}:{}: the section '{}' has no '{key}'", section.line, section.name)
        })
    };
    let template = value("template")?.1.clone();
    let mut points = [[0.0; 2]; 6];
    for (point, letter) in points.iter_mut().zip('a'..='f') {
        let key = format!("mask_{letter}");
        let (line, text) = value(&key)?;
        let numbers: Option<Vec<f32>> = text
            .split(',')
            .map(|n| n.trim().parse().ok().filter(|v: &f32| v.is_finite()))
            .collect();
        *point = numbers.and_then(|n| n.try_into().ok()).with_context(|| {
            format!("{shown}:{line}: '{key}' wants two numbers as 'x, y', not '{text}'")
        })?;
    }
    Ok(Section { name: section.name, line: section.line, template, points })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[cloth]\ntemplate: a.png\nmask_a: 1, 2\nmask_b: 3,4\nmask_c: 5, 6\n\
        ; a comment\nmask_d = 7, 8\nmask_e: 9, 10\nmask_f: -1, 2.5\n[empty]\n";

    fn told(text: &str) -> String {
        format!("{:#}", parse(Path::new("lib/masks.cfg"), text).unwrap_err())
    }

    #[test]
    fn sections_are_read_with_either_sign_and_comments() {
        let sections = parse(Path::new("masks.cfg"), GOOD).unwrap();
        assert_eq!((sections.len(), sections[0].name.as_str()), (1, "cloth"));
        assert_eq!((sections[0].points[3], sections[0].points[5]), ([7.0, 8.0], [-1.0, 2.5]));
    }

    #[test]
    fn a_broken_file_is_told_with_file_and_line() {
        let broken = told(&GOOD.replace("3,4", "3;4"));
        assert!(broken.contains("lib/masks.cfg:4: 'mask_b' wants two numbers"), "{broken}");
        let missing = told(&GOOD.replace("mask_e", "mask_x"));
        assert!(missing.contains("lib/masks.cfg:1: the section 'cloth' has no 'mask_e'"));
        assert!(told("[cloth\n").contains("masks.cfg:1: the section's closing bracket"));
        assert!(told("a: b\n").contains("masks.cfg:1: the key 'a' stands before any [section]"));
        assert!(told("[x]\nnonsense\n").contains("masks.cfg:2: neither [section] nor key: value"));
        assert!(
            told("[x]\na: b\n[x]\n").contains("masks.cfg:3: the section 'x' stands there twice")
        );
        assert!(told("\n").contains("no section with a template"));
    }
}
