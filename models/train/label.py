"""Landmarks of a tree of portraits: `label.py ROOT -o landmarks.csv --template template.json`.

CSV: path,score,x0,y0,...,x67,y67. One row a photo (its largest face); the path is relative to ROOT, the points are in
photo pixels (pixel centres at +.5, y down), the score is the face mesh's confidence. Beside it boxes.csv keeps the
detector's box and five points, from which the landmark network's crops are made.

The template is the mean 68-point shape (generalised Procrustes over near-frontal faces) in units of the crop's side,
with the eye centres at (.335, .29) and (.665, .29).
"""
import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np

from faces import LEFT_EYE, MIRROR, RIGHT_EYE, Mesh, YuNet, apply, similarity

EYES = np.array([[.335, .29], [.665, .29]])
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def eyes(points):
    """The two eye centres [2, 2] of 68 points."""
    return np.stack([points[RIGHT_EYE].mean(0), points[LEFT_EYE].mean(0)])


def frontal(points):
    """Near-frontal: the nose tip lies between the jaw's sides within a fifth, as seen along the eye line."""
    aligned = apply(similarity(eyes(points), EYES), points)
    left, right = aligned[30, 0] - aligned[1, 0], aligned[15, 0] - aligned[30, 0]
    return abs(left - right) < .2 * (left + right)


def template(shapes, rounds=5):
    """Mean shape [68, 2] of shapes [K, 68, 2], made symmetric, on the canonical eyes."""
    mean = apply(similarity(eyes(shapes[0]), EYES), shapes[0])
    for _ in range(rounds):
        mean = np.mean([apply(similarity(s, mean), s) for s in shapes], 0)
        mirrored = (np.array([1, 0]) + mean * np.array([-1, 1]))[MIRROR]
        mean = (mean + mirrored) / 2
        mean = apply(similarity(eyes(mean), EYES), mean)
    return mean


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("landmarks.csv"))
    parser.add_argument("--template", type=Path, default=Path("template.json"))
    parser.add_argument("--yunet", type=Path, required=True)
    parser.add_argument("--mesh", type=Path, required=True)
    parser.add_argument("--skip", nargs="*", default=["masks", "masked-closeups"], help="folders of ROOT left out")
    args = parser.parse_args()
    detect, mesh = YuNet(args.yunet), Mesh(args.mesh)
    paths = sorted(p for p in args.root.rglob("*") if p.suffix.lower() in PICTURES
                   and p.relative_to(args.root).parts[0] not in args.skip)
    shapes, missed = [], 0
    with open(args.output, "w", newline="") as points_file, open(args.output.with_name("boxes.csv"), "w", newline="") as boxes_file:
        rows, boxes = csv.writer(points_file), csv.writer(boxes_file)
        rows.writerow(["path", "score"] + [f"{a}{i}" for i in range(68) for a in "xy"])
        boxes.writerow(["path", "score", "x", "y", "w", "h"] + [f"k{a}{i}" for i in range(5) for a in "xy"])
        for path in paths:
            image = cv2.imread(str(path))
            found = detect(image) if image is not None else []
            if not found:
                missed += 1
                continue
            box, five, face = max(found, key=lambda f: f[0][2] * f[0][3])
            points, score = mesh(image, box, five)
            name = path.relative_to(args.root).as_posix()
            rows.writerow([name, f"{score:.4f}"] + [f"{v:.2f}" for v in points.reshape(-1)])
            boxes.writerow([name, f"{face:.4f}"] + [f"{v:.2f}" for v in [*box, *five.reshape(-1)]])
            if score > .9 and frontal(points):
                shapes.append(points)
    mean = template(np.array(shapes))
    args.template.write_text(json.dumps([[round(float(v), 6) for v in p] for p in mean]) + "\n")
    print(f"{len(paths)} photos, {missed} without a face, template of {len(shapes)} shapes")


if __name__ == "__main__":
    main()
