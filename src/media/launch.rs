//! `pipelines/*.launch`: `GStreamer` text in sections, with {placeholders}.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// The pipelines of a video file.
const FILE: &str = include_str!("../../pipelines/file.launch");

macro_rules! presets {
    ($($name:literal),*) => {
        /// The built-in pipelines by name.
        const PRESETS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../pipelines/", $name, ".launch")))),*];
    };
}

presets!(
    "camera",
    "hls",
    "play",
    "push",
    "record",
    "rtmp",
    "rtsp",
    "serve",
    "srt",
    "stdin",
    "stdout",
    "test",
    "virtual-camera",
    "window"
);

/// The text of one `.launch` file: built in, or the user's own.
#[derive(Clone, Debug)]
pub struct Launch {
    text: String,
    origin: PathBuf,
}

impl Launch {
    /// The section that holds no pipeline, but a set of live streams.
    pub const STREAMS: &str = "streams";

    /// The built-in pipelines for video files.
    pub fn file() -> Self {
        Self { text: FILE.to_owned(), origin: "pipelines/file.launch".into() }
    }

    /// The built-in pipelines of that name.
    ///
    /// # Errors
    /// If there are none.
    pub fn preset(name: &str) -> Result<Self> {
        let found = PRESETS.iter().find(|(known, _)| *known == name);
        let (_, text) = found.with_context(|| format!("there is no preset {name}"))?;
        Ok(Self { text: (*text).to_owned(), origin: format!("pipelines/{name}.launch").into() })
    }

    /// The same text with `{name}` filled in everywhere.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self { text: self.text.replace(&format!("{{{name}}}"), value), origin: self.origin.clone() }
    }

    /// Whether there is a section of that name.
    pub fn has(&self, section: &str) -> bool {
        self.text.lines().any(|line| line.trim() == format!("[{section}]"))
    }

    /// The user's own pipelines.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: cannot read the pipeline", path.display()))?;
        Ok(Self { text, origin: path.to_owned() })
    }

    /// The text of `[section]` with its placeholders filled in. `values` are (name, value)
    /// pairs; a value is put in as it stands: see [`quoted`].
    ///
    /// # Errors
    /// If there is no such section, or it holds a placeholder without a value.
    pub fn section(&self, section: &str, values: &[(&str, &str)]) -> Result<String> {
        fill(&self.lines_of(section)?.join(" "), values)
            .with_context(|| format!("{}: [{section}]", self.origin.display()))
    }

    /// The lines of `[section]`, without comments and empty ones.
    ///
    /// # Errors
    /// If there is no such section.
    pub fn lines_of(&self, section: &str) -> Result<Vec<&str>> {
        let header = format!("[{section}]");
        let lines: Vec<&str> = self
            .text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .skip_while(|line| *line != header)
            .skip(1)
            .take_while(|line| !(line.starts_with('[') && line.ends_with(']')))
            .collect();
        ensure!(!lines.is_empty(), "{}: section {header} is missing", self.origin.display());
        Ok(lines)
    }
}

/// `text` with every `{name}` replaced by its value.
fn fill(text: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { bail!("a {{ without its }}") };
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = values.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            bail!("{{{name}}} is unknown; known are {}", known.join(", "));
        };
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// `value` as one word of launch text.
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_named() {
        let launch =
            Launch { text: "# x\n[a]\nfoo {b}\n ! bar\n[c]\nbaz".into(), origin: "p".into() };
        assert_eq!(launch.section("a", &[("b", "1")]).unwrap(), "foo 1 ! bar");
        assert_eq!(launch.section("c", &[]).unwrap(), "baz");
        let error = format!("{:#}", launch.section("a", &[("z", "1")]).unwrap_err());
        assert_eq!(error, "p: [a]: {b} is unknown; known are {z}");
        assert_eq!(launch.section("d", &[]).unwrap_err().to_string(), "p: section [d] is missing");
    }

    #[test]
    fn a_value_with_quotes_stays_one_word() {
        assert_eq!(quoted(r#"a "b" \c"#), r#""a \"b\" \\c""#);
    }
}
