//! Who is who: the person of a photo, so that no person is in two parts of a set.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use regex_lite::Regex;

/// What tells the person of a photo.
#[derive(Clone, Debug)]
pub enum People {
    /// The folder of the photo, if the tree looks like a folder for each person; else the photo.
    Guess,
    /// Every photo is another person.
    Photo,
    /// The folder that the photo lies in.
    Folder,
    /// The first group of a pattern in the path; a path without it is a person of its own.
    Pattern(Box<Regex>),
    /// A table of paths and persons; a path that is not in it is a person of its own.
    Table(BTreeMap<String, String>),
}

/// A tree with at least so many folders, and not more photos than this in most of them, has a
/// folder for each person.
const FOLDERS: usize = 5;
const PHOTOS_IN_FOLDER: usize = 60;

impl FromStr for People {
    type Err = anyhow::Error;

    /// `auto`, `photo`, `folder`, the name of a CSV table, or a pattern with a group.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Guess),
            "photo" => Ok(Self::Photo),
            "folder" => Ok(Self::Folder),
            table if Path::new(table).extension().is_some_and(|e| e == "csv") => {
                let file = File::open(table).with_context(|| format!("opening {table}"))?;
                Ok(Self::Table(read(file).with_context(|| format!("reading {table}"))?))
            }
            pattern => {
                let regex = Regex::new(pattern).map_err(|error| {
                    let text = error.to_string();
                    anyhow::anyhow!("{}", text.lines().last().unwrap_or_default().to_owned())
                })?;
                ensure!(
                    regex.captures_len() > 1,
                    "auto, photo, folder, a table FILE.csv of path,person, or a pattern with a \
                     group, as ([^/]+)_[0-9]+"
                );
                Ok(Self::Pattern(Box::new(regex)))
            }
        }
    }
}

/// Reads rows of path and person.
fn read(file: impl std::io::Read) -> Result<BTreeMap<String, String>> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    let mut people = BTreeMap::new();
    for row in rows.records() {
        let row = row?;
        ensure!(row.len() >= 2, "a row of the table of persons is path,person");
        people.insert(row[0].to_owned(), row[1].to_owned());
    }
    Ok(people)
}

impl People {
    /// The same with a guess decided by the photos there are.
    #[must_use]
    pub fn decide(self, photos: &[String]) -> Self {
        let Self::Guess = self else { return self };
        let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
        for photo in photos {
            *folders.entry(folder(photo)).or_default() += 1;
        }
        let small = folders.values().filter(|&&n| n <= PHOTOS_IN_FOLDER).count();
        let by_folder = folders.len() >= FOLDERS && 2 * small > folders.len();
        if by_folder { Self::Folder } else { Self::Photo }
    }

    /// The person of a photo.
    pub fn person<'a>(&'a self, path: &'a str) -> &'a str {
        match self {
            Self::Guess | Self::Photo => path,
            // Photos outside any folder are persons of their own.
            Self::Folder => Some(folder(path)).filter(|f| !f.is_empty()).unwrap_or(path),
            Self::Pattern(regex) => {
                let group = regex.captures(path).and_then(|found| found.get(1));
                group.map_or(path, |found| found.as_str())
            }
            Self::Table(people) => people.get(path).map_or(path, String::as_str),
        }
    }

    /// How people are told apart, in words.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Guess | Self::Photo => "each photo taken for another person",
            Self::Folder => "each folder taken for a person",
            Self::Pattern(_) => "persons by their pattern",
            Self::Table(_) => "persons by their table",
        }
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_the_folder_the_pattern_or_what_the_table_says() {
        let path = "lfw/Ann_Lee/Ann_Lee_0002.jpg";
        assert_eq!(People::Folder.person(path), "lfw/Ann_Lee");
        assert_eq!(People::Photo.person(path), path);
        let pattern: People = "([^/]+)_[0-9]+".parse().unwrap();
        assert_eq!(pattern.person(path), "Ann_Lee");
        assert_eq!(pattern.person("x.jpg"), "x.jpg");
        let table = People::Table(read("a.jpg,Ann\nb.jpg,Ann\n".as_bytes()).unwrap());
        assert_eq!((table.person("b.jpg"), table.person("c.jpg")), ("Ann", "c.jpg"));
        assert!("(".parse::<People>().is_err() && "no group".parse::<People>().is_err());
    }

    #[test]
    fn many_small_folders_are_people_and_few_large_ones_are_collections() {
        let tree = |folders: usize, photos: usize| -> Vec<String> {
            let name = |i: usize| format!("{}/{i}.jpg", i % folders);
            (0..folders * photos).map(name).collect()
        };
        assert!(matches!(People::Guess.decide(&tree(30, 4)), People::Folder));
        assert!(matches!(People::Guess.decide(&tree(9, 300)), People::Photo));
        assert!(matches!(People::Guess.decide(&tree(2, 4)), People::Photo));
    }
}
