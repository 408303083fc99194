//! `mask2face cameras`: the cameras of this machine, by name, with what they can give.

use anyhow::Result;

use super::{Verdict, table};
use crate::media::camera::{self, Camera};

/// Lists cameras by name with their formats.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Args {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Lists the cameras; none is no failure, and is told.
///
/// # Errors
/// If the system cannot be asked.
pub fn run(args: &Args) -> Result<Verdict> {
    let cameras = camera::list()?;
    if args.json {
        table::print_json(&cameras)?;
    } else if cameras.is_empty() {
        eprintln!("mask2face: there is no camera here; plug one in, or use `test` as INPUT");
    } else {
        table::print(&rows(&cameras))?;
    }
    Ok(Verdict::Done)
}

/// A row a format; name and device stand in the first one of each camera.
fn rows(cameras: &[Camera]) -> Vec<Vec<String>> {
    let mut rows = vec![["CAMERA", "DEVICE", "FORMAT", "SIZE", "FPS"].map(str::to_owned).to_vec()];
    for camera in cameras {
        let device = camera.device.clone().unwrap_or_default();
        let mut told = Some((camera.name.clone(), device));
        for format in &camera.formats {
            let (name, device) = told.take().unwrap_or_default();
            let format = [&format.kind, &format.size, &format.fps].map(Clone::clone);
            rows.push([name, device].into_iter().chain(format).collect());
        }
        rows.extend(told.map(|(name, device)| vec![name, device]));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::camera::CameraFormat;

    #[test]
    fn a_row_a_format_under_the_cameras_name() {
        let format = |kind: &str| CameraFormat {
            kind: kind.to_owned(),
            size: "640x480".to_owned(),
            fps: "30".to_owned(),
        };
        let camera = |name: &str, formats| Camera { name: name.to_owned(), device: None, formats };
        let rows =
            rows(&[camera("one", vec![format("MJPEG"), format("YUY2")]), camera("two", vec![])]);
        let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, ["CAMERA", "one", "", "two"]);
        assert_eq!(rows[2][2..], ["YUY2", "640x480", "30"]);
    }
}
