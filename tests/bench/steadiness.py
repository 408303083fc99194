"""How still the crop of a still face is held, and how far it lags behind a moving one.

    steadiness.py still FOLLOW PHOTO... [--plot OUT.png]    a photo becomes 5 s of noisy H.264 at 1.5 Mbit/s
    steadiness.py lag TABLE.csv                             a table that FOLLOW wrote of a clip with fast motion

FOLLOW is the program of `cargo bench --bench follow` (cargo prints its path). Needs ffmpeg, NumPy, and matplotlib
for the plot. Distances are in pixels of the 256-pixel crop, RMS over frames and corners about their mean place.
"""
import argparse
import csv
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SIDE = 256
SETTLE = 0.4  # seconds before the filter is judged


def read(path):
    """-> {track: {column: array over its frames}}"""
    tracks = {}
    with open(path) as table:
        for row in csv.DictReader(table):
            tracks.setdefault(int(row["id"]), []).append({k: float(v) if v else np.nan for k, v in row.items()})
    return {i: {k: np.array([r[k] for r in rows]) for k in rows[0]} for i, rows in tracks.items()}


def points(track, kind, count):
    """-> [frames, count, 2]"""
    return np.stack([np.stack([track[f"{kind}_x{i}"], track[f"{kind}_y{i}"]], -1) for i in range(count)], 1)


def unrest(track, kind):
    """RMS distance of the crop's corners from their mean place, in crop pixels."""
    corners = points(track, kind, 4)[track["seconds"] > track["seconds"][0] + SETTLE]
    mean = corners.mean(0)
    side = np.linalg.norm(mean[1] - mean[0])
    return float(np.sqrt(((corners - mean) ** 2).sum(-1).mean())) * SIDE / side


def clip_of(photo, folder, noise, seconds=5, size="1280:720"):
    """A noisy clip of a photo, as a cheap camera and its encoder would give it."""
    clip = Path(folder) / (Path(photo).stem + ".mp4")
    graph = f"scale={size}:force_original_aspect_ratio=decrease,pad={size}:(ow-iw)/2:(oh-ih)/2,noise=alls={noise}:allf=t,format=yuv420p"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-loop", "1", "-framerate", "25", "-i", str(photo), "-t", str(seconds),
                    "-vf", graph, "-c:v", "libx264", "-preset", "veryfast", "-b:v", "1500k", "-maxrate", "1500k", "-bufsize", "1500k",
                    str(clip)], check=True)
    return clip


def still(args):
    rows, kept = [], None
    with tempfile.TemporaryDirectory() as folder:
        for photo in args.photos:
            table = Path(folder) / "table.csv"
            subprocess.run([args.follow, clip_of(photo, folder, args.noise), table], check=True, stdout=subprocess.DEVNULL)
            for number, track in read(table).items():
                if len(track["frame"]) > 100:
                    rows.append((unrest(track, "raw_corner"), unrest(track, "corner")))
                    kept = kept or track
                    print(f"{Path(photo).name} face {number}, {track['bottom'][0] - track['top'][0]:.0f} px: "
                          f"raw {rows[-1][0]:.3f}, filtered {rows[-1][1]:.3f}", flush=True)
    raw, filtered = np.array(rows).T
    print(f"{len(rows)} faces, RMS in crop pixels: raw median {np.median(raw):.3f} worst {raw.max():.3f}, "
          f"filtered median {np.median(filtered):.3f} worst {filtered.max():.3f}")
    if args.plot:
        plot(kept, args.plot)


def plot(track, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axis = plt.subplots(figsize=(7, 2.6))
    for kind, colour in (("raw", "0.7"), ("smooth", "C1")):
        x = points(track, kind, 68)[:, 36, 0]
        axis.plot(track["seconds"], x - x.mean(), color=colour, lw=1, label="as read" if kind == "raw" else "filtered")
    axis.set(xlabel="s", ylabel="outer eye corner, x, px")
    axis.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def lag(args):
    """The delay, in frames, at which the unfiltered eye points fit the filtered ones best, in the fastest tenth of the frames."""
    for number, track in read(args.table).items():
        if len(track["frame"]) < 100:
            continue
        raw, smooth = points(track, "raw", 68)[:, 17:48], points(track, "smooth", 68)[:, 17:48]
        unit = np.linalg.norm(raw[:, 19:25].mean(1) - raw[:, 25:31].mean(1), axis=-1)
        step = np.linalg.norm(np.diff(raw.mean(1), axis=0), axis=-1) / unit[1:]
        fast = np.where(step >= np.quantile(step, .9))[0] + 1
        fast = fast[(fast > 4) & (fast < len(raw) - 4)]
        delays = np.arange(0, 3.01, .05)
        errors = []
        for delay in delays:
            low, share = int(delay), delay - int(delay)
            then = raw[fast - low] * (1 - share) + raw[fast - low - 1] * share
            errors.append(np.sqrt((((smooth[fast] - then) / unit[fast, None, None]) ** 2).sum(-1).mean()))
        behind = np.linalg.norm((smooth - raw).mean(1), axis=-1) / unit
        speed = np.concatenate([[0], step])
        print(f"face {number}, {len(raw)} frames: speed in the fastest tenth {step[fast - 1].mean():.3f} eye distances a frame, "
              f"lag {delays[int(np.argmin(errors))]:.2f} frames; distance to unfiltered / step of the frame: "
              f"median {np.median(behind[fast] / speed[fast]):.2f}, 95 % {np.quantile(behind[fast] / speed[fast], .95):.2f}")


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("still")
    verb.add_argument("follow"), verb.add_argument("photos", nargs="+"), verb.add_argument("--plot"), verb.add_argument("--noise", type=int, default=10)
    verb.set_defaults(do=still)
    verb = verbs.add_parser("lag")
    verb.add_argument("table"), verb.set_defaults(do=lag)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
