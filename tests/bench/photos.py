"""What the program finds in photos, against what is known of them.

    photos.py boxes PROGRAM IMAGES ANNOTATIONS             recall and precision against VOC boxes
    photos.py worn PROGRAM [--boxes IMAGES ANNOTATIONS] [--masked FOLDER] [--bare FOLDER] [--count N]

PROGRAM is target/release/mask2face; `--options '...'` are passed on to it. IMAGES and ANNOTATIONS are the two folders of
masked-crowds, --masked a folder of close-ups of masked people, --bare one of portraits of bare faces (N of them, evenly
taken). Standard library only. Everything is read from the program's own JSON: each photo's `found`.

A box is found when a found one shares IOU of their union (annotators and detectors draw foreheads and chins differently).
Precision counts found faces of the asked height that lie on no box at all, of whatever class and size.
"""
import argparse
import json
import shlex
import subprocess
import tempfile
import xml.etree.ElementTree as Xml
from pathlib import Path

IOU = 0.3
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    area = lambda r: (r[2] - r[0]) * (r[3] - r[1])
    return both / (area(a) + area(b) - both)


def found_in(report, name=None):
    """Every (photo's name, its found faces) of a report, however it is nested."""
    if isinstance(report, list):
        for part in report:
            yield from found_in(part, name)
    elif isinstance(report, dict):
        name = Path(report["input"]).stem if "input" in report else name
        if isinstance(report.get("found"), list):
            yield name, report["found"]
        else:
            for part in report.values():
                yield from found_in(part, name)


def look(args, photos):
    """-> {stem: found faces}; photos that the program refuses are missing."""
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / "in"
        inside.mkdir()
        for photo in photos:
            (inside / photo.name).symlink_to(photo.resolve())
        done = subprocess.run([args.program, "run", inside, "-o", Path(folder) / "out", "--json", "--quiet", *shlex.split(args.options)],
                              stdout=subprocess.PIPE)
        return dict(found_in(json.loads(done.stdout)))


def photos_in(folder, count=None):
    photos = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    return photos[::max(1, len(photos) // count)][:count] if count else photos


def boxes_in(folder):
    """-> {stem: [(class, box)]}"""
    known = {}
    for path in sorted(Path(folder).glob("*.xml")):
        known[path.stem] = [(o.findtext("name"), [float(o.find("bndbox").findtext(k)) for k in ("xmin", "ymin", "xmax", "ymax")])
                            for o in Xml.parse(path).getroot().iter("object")]
    return known


def height(box):
    return box[3] - box[1]


def longer(box):
    return max(box[2] - box[0], height(box))


def boxes(args):
    known, found = boxes_in(args.annotations), look(args, photos_in(args.images))
    print(f"{len(found)} photos")
    for least in (args.least, 48):
        for label, classes in (("masked", ("con_mascarilla", "mascarilla_mal_puesta")), ("bare", ("sin_mascarilla",))):
            wanted = [(name, box) for name in found for kind, box in known[name] if kind in classes and longer(box) >= least]
            hits = sum(any(overlap(face["bbox"], box) >= IOU for face in found[name]) for name, box in wanted)
            print(f"{label} faces of {least} px and more (longer side): {hits} of {len(wanted)} found, recall {hits / len(wanted):.4f}")
        seen = [(name, face["bbox"]) for name in found for face in found[name] if longer(face["bbox"]) >= least]
        right = sum(any(overlap(bbox, box) >= IOU for _, box in known[name]) for name, bbox in seen)
        print(f"found faces of {least} px and more: {len(seen)}, on a box {right}, precision {right / len(seen):.4f}")


def worn(args):
    table = {}

    def count(source, truth, face):
        row = table.setdefault((source, truth), [0, 0])
        row[bool(face["worn"])] += 1

    if args.boxes:
        known, found = boxes_in(args.boxes[1]), look(args, photos_in(args.boxes[0]))
        for name, faces in found.items():
            for kind, box in known[name]:
                face = max(faces, key=lambda f: overlap(f["bbox"], box), default=None)
                if longer(box) >= args.least and face and overlap(face["bbox"], box) >= IOU:
                    count("crowds", "bare" if kind == "sin_mascarilla" else "masked" if kind == "con_mascarilla" else "badly worn", face)
    for folder, truth in ((args.masked, "masked"), (args.bare, "bare")):
        if folder:
            photos = photos_in(folder, args.count if truth == "bare" else None)
            found = look(args, photos)
            for faces in found.values():
                face = max(faces, key=lambda f: height(f["bbox"]), default=None)
                if face and longer(face["bbox"]) >= args.least:
                    count(Path(folder).name, truth, face)
            print(f"{folder}: no face in {len(photos) - sum(bool(f) for f in found.values())} of {len(photos)}")
    print(f"{'source':18} {'truth':11} {'said bare':>9} {'said worn':>9}   right")
    right = total = 0
    for (source, truth), (bare, masked) in sorted(table.items()):
        good = bare if truth == "bare" else masked
        right, total = right + good, total + bare + masked
        print(f"{source:18} {truth:11} {bare:9} {masked:9}   {good / (bare + masked):.4f}")
    print(f"all: {right} of {total} right, {right / total:.4f}")


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    for name, do in (("boxes", boxes), ("worn", worn)):
        verb = verbs.add_parser(name)
        verb.add_argument("program")
        verb.add_argument("--options", default="")
        verb.add_argument("--least", type=float, default=32 if do is boxes else 48)
        verb.set_defaults(do=do)
        if do is boxes:
            verb.add_argument("images")
            verb.add_argument("annotations")
        else:
            verb.add_argument("--boxes", nargs=2)
            verb.add_argument("--masked")
            verb.add_argument("--bare")
            verb.add_argument("--count", type=int, default=600)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
