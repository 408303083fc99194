//! The window, on a display of its own, with keys and a mouse.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use image::RgbImage;

use super::rig::eventually;
use super::support;

/// A display without a screen, gone when the test ends.
struct Display {
    name: String,
    _server: Mortal,
}

impl Display {
    /// `None` where what it takes is not installed.
    fn start() -> Option<Self> {
        for tool in ["xdotool", "ffmpeg"] {
            if Command::new(tool).arg("-version").output().is_err() {
                eprintln!("skipped: {tool} is not installed");
                return None;
            }
        }
        // It writes the number of a free display to its standard output. Without -noreset it starts
        // anew whenever its last client leaves, and takes whoever comes at that moment with it.
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "640x480x24"])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(server) = server else {
            eprintln!("skipped: Xvfb is not installed");
            return None;
        };
        let (mut server, mut number) = (Mortal(server), String::new());
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { name: format!(":{}", number.trim()), _server: server })
    }

    fn press(&self, actions: &[&str]) {
        let done =
            Command::new("xdotool").env("DISPLAY", &self.name).args(actions).status().unwrap();
        assert!(done.success(), "{actions:?}");
    }

    /// What the display shows.
    fn screen(&self, folder: &Path) -> RgbImage {
        let path = folder.join("screen.png");
        let taken = Command::new("ffmpeg")
            .args([
                "-v",
                "error",
                "-y",
                "-f",
                "x11grab",
                "-draw_mouse",
                "0",
                "-video_size",
                "640x480",
                "-i",
            ])
            .args([&self.name, "-frames:v", "1"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(taken.status.success(), "{taken:?}");
        image::open(&path).unwrap().to_rgb8()
    }

    /// Looks until the screen is as wanted.
    fn until(&self, folder: &Path, wanted: &str, is: impl Fn(&RgbImage) -> bool) {
        let seen = eventually(wanted, || Some(self.screen(folder)).filter(|s| is(s)));
        assert!(seen.is_some(), "never seen: {wanted}");
    }
}

/// A program that does not outlive its test.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended by itself
        let _ = self.0.wait();
    }
}

fn preview(folder: &Path, display: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mask2face"));
    command.args(["run", "test", "--size", "320x240", "-o", "window"]).current_dir(folder);
    command.env_remove("DISPLAY");
    if let Some(display) = display {
        command.env("DISPLAY", display);
    }
    command
}

fn brightness(screen: &RgbImage, x: u32, y: u32) -> u8 {
    screen.get_pixel(x, y).0[1]
}

/// A column is white from top to bottom where the wipe's line stands.
fn is_line(screen: &RgbImage, x: u32) -> bool {
    (100..140).all(|y| brightness(screen, x, y) > 200)
}

#[test]
fn without_a_display_the_window_says_so() {
    let folder = support::folder();
    let (code, said) = support::outcome(&preview(folder.path(), None).output().unwrap());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("no display for a window (DISPLAY is not set)"), "{said}");
    let nobody = preview(folder.path(), Some("nowhere:9")).output().unwrap();
    let (code, said) = support::outcome(&nobody);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the display nowhere:9 does not answer"), "{said}");
}

#[test]
fn keys_and_the_mouse_do_what_the_help_says() {
    let Some(display) = Display::start() else { return };
    let folder = support::folder();
    let folder = folder.path();
    let mut running = Mortal(preview(folder, Some(&display.name)).spawn().unwrap());
    let gray = |screen: &RgbImage| brightness(screen, 10, 230).abs_diff(0x40) < 12;
    display.until(folder, "the picture", gray);
    display.press(&["mousemove", "160", "120", "key", "c"]);
    display.until(folder, "a line in the middle", |s| is_line(s, 159));
    display.press(&["mousedown", "1", "mousemove", "80", "120", "mouseup", "1"]);
    display.until(folder, "the line where it was dragged", |s| is_line(s, 79) && !is_line(s, 159));
    display.press(&["key", "c"]);
    display.until(folder, "both at half their size", |s| {
        brightness(s, 10, 30) < 30 && brightness(s, 10, 210) < 30 && brightness(s, 10, 120) > 40
    });
    display.press(&["key", "c"]);
    display.until(folder, "one picture", gray);
    // Text lies on a shade, which the white ball never is.
    let shaded = |s: &RgbImage, y: u32| (20..200).any(|x| brightness(s, x, y) < 0x20);
    for (key, y) in [("space", 34), ("f", 34), ("h", 180)] {
        let text = |s: &RgbImage| (y - 8..y + 8).any(|y| shaded(s, y));
        display.press(&["key", key]);
        display.until(folder, "text", text);
        display.press(&["key", key]);
        display.until(folder, "no text", |s| !text(s));
    }
    display.press(&["key", "s", "key", "r"]);
    let made = |ending: &str| {
        let made = |name: &String| name.ends_with(ending) && name.starts_with("mask2face-");
        support::names(folder).into_iter().find(made)
    };
    let snapshot = eventually("a snapshot", || made(".png")).unwrap();
    let picture = eventually("a whole one", || image::open(folder.join(&snapshot)).ok()).unwrap();
    assert_eq!((picture.width(), picture.height()), (320, 240));
    let bytes = std::fs::read(folder.join(&snapshot)).unwrap();
    let says = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(says("AI-reconstructed faces"), "a snapshot says what it is");
    display.until(folder, "that it records", |s| (26..42).any(|y| shaded(s, y)));
    display.press(&["key", "r"]);
    let film = eventually("a recording", || made(".mkv")).unwrap();
    display.press(&["key", "q"]);
    let ended = eventually("the end", || running.0.try_wait().unwrap());
    assert!(ended.unwrap().success());
    assert!(support::video(&support::contents(&folder.join(film))).units > 0);
}
