//! What a preview shows, and how keys and the mouse change it.

use gstreamer_video::NavigationEvent;

/// What the keys do.
pub(super) const HELP: &str = "c  compare: wipe (drag with the mouse), side by side, off\n\
    space  bypass: the picture as it came in\n\
    f  figures\n\
    d  draw the faces\n\
    s  snapshot as PNG\n\
    r  record to a file, and stop\n\
    q  quit\n\
    h  this help";

/// How before and after are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Compare {
    /// Not at all.
    #[default]
    Off,
    /// Before on the left of a line, after on the right.
    Wipe,
    /// Both at half their size.
    Side,
}

/// The state of a preview.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each key switches one thing of its own")]
pub(super) struct View {
    pub compare: Compare,
    /// Where the line stands, 0 (left) to 1.
    pub wipe: f64,
    pub bypass: bool,
    pub figures: bool,
    pub faces: bool,
    pub help: bool,
    pub recording: bool,
    /// Something was changed since the last frame.
    pub fresh: bool,
    dragging: bool,
    snapshot: bool,
    quit: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            compare: Compare::Off,
            wipe: 0.5,
            bypass: false,
            figures: false,
            faces: false,
            help: false,
            recording: false,
            fresh: true,
            dragging: false,
            snapshot: false,
            quit: false,
        }
    }
}

/// What is to be done beside showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Todo {
    pub snapshot: bool,
    pub record: bool,
    pub quit: bool,
}

impl View {
    /// Changes by a key or the mouse, over a picture of this `width`.
    pub fn hear(&mut self, event: &NavigationEvent, width: f64) {
        match event {
            NavigationEvent::KeyPress { key, .. } => self.press(key),
            NavigationEvent::MouseButtonPress { button: 1, x, .. } => {
                self.dragging = self.compare == Compare::Wipe;
                self.drag(x / width);
            }
            NavigationEvent::MouseMove { x, .. } => self.drag(x / width),
            NavigationEvent::MouseButtonRelease { x, .. } => {
                // The window may have missed the last moves.
                self.drag(x / width);
                self.dragging = false;
            }
            _ => {}
        }
    }

    fn drag(&mut self, to: f64) {
        if self.dragging {
            self.wipe = to.clamp(0.0, 1.0);
        }
    }

    fn press(&mut self, key: &str) {
        self.fresh = true;
        match key {
            "c" | "C" => {
                self.compare = match self.compare {
                    Compare::Off => Compare::Wipe,
                    Compare::Wipe => Compare::Side,
                    Compare::Side => Compare::Off,
                }
            }
            "space" => self.bypass = !self.bypass,
            "f" | "F" => self.figures = !self.figures,
            "d" | "D" => self.faces = !self.faces,
            "h" | "H" | "question" => self.help = !self.help,
            "r" | "R" => self.recording = !self.recording,
            "s" | "S" => self.snapshot = true,
            "q" | "Q" | "Escape" => self.quit = true,
            _ => {}
        }
    }

    /// The recording has failed.
    pub fn stop_recording(&mut self) {
        (self.recording, self.fresh) = (false, true);
    }

    /// The state for one frame.
    pub fn take(&mut self) -> Self {
        let now = self.clone();
        self.fresh = false;
        now
    }

    /// What is to be done now; a snapshot once.
    pub fn todo(&mut self) -> Todo {
        let snapshot = std::mem::take(&mut self.snapshot);
        Todo { snapshot, record: self.recording, quit: self.quit }
    }

    /// The figures under what one must know of the picture.
    pub fn headed(&self, figures: &str) -> String {
        let mut lines = Vec::new();
        if self.bypass {
            lines.push("bypass: as it came in");
        }
        if self.recording {
            lines.push("recording");
        }
        lines.extend(figures.lines());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(keys: &[&str]) -> View {
        let mut view = View::default();
        for key in keys {
            view.press(key);
        }
        view
    }

    #[test]
    fn keys_do_what_the_help_says() {
        assert_eq!(pressed(&["c"]).compare, Compare::Wipe);
        assert_eq!(pressed(&["c", "c"]).compare, Compare::Side);
        assert_eq!(pressed(&["c", "c", "c"]).compare, Compare::Off);
        assert!(pressed(&["space"]).bypass && !pressed(&["space", "space"]).bypass);
        assert!(pressed(&["f"]).figures && pressed(&["d"]).faces && pressed(&["h"]).help);
        let mut view = pressed(&["s", "r", "q"]);
        assert_eq!(view.todo(), Todo { snapshot: true, record: true, quit: true });
        assert!(!view.todo().snapshot, "one picture a key");
        assert!(view.headed("a\nb").starts_with("recording\na"));
    }

    #[test]
    fn the_line_is_dragged_only_while_the_button_is_held() {
        let mut view = pressed(&["c"]);
        view.drag(0.9);
        assert!((view.wipe - 0.5).abs() < 1e-9);
        view.dragging = true;
        view.drag(1.7);
        assert!((view.wipe - 1.0).abs() < 1e-9);
    }
}
