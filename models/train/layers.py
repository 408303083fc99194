"""Masks lifted off their faces, in one small file: what a GPU is fed with, and all that has to travel to one.

    layers.py PACK PAIRS TEMPLATE OUT.npz [--masks 7500] [--rough 1500] [--things 1500]

holds masks of `mask2face generate` and of paint.py as WebP with alpha on the canonical 256-px crop, each with the 68
points of the face that it was cut for, and bare crops with a thing before them that is no mask. Training faces only.
"""
import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from data import ALIGN, Pairs, Photos, lifted
from faces import apply, similarity
from paint import paint

SIDE = 256


class Layers:
    """Read as `Pairs` are, by LandmarkSamples: layers[i] -> (mask on black, black [256, 256, 3] RGB, alpha [256, 256], points
    [68, 2]). `things[k]` -> a bare crop [256, 256, 3] RGB. `on[i]` is the thing that mask i lies on, -1 for a plain portrait."""

    def __init__(self, path):
        held = np.load(path)
        self.data, self.ends = held["data"], held["ends"]
        self.source, self.style, self.points, self.on = held["source"], held["style"], held["points"].astype(float), held["on"]
        self.split, self.black = np.full(len(self.source), "train"), np.zeros((SIDE, SIDE, 3), np.uint8)

    def __len__(self):
        return len(self.source)

    def stored(self, i):
        return cv2.imdecode(self.data[self.ends[i - 1] if i else 0:self.ends[i]], cv2.IMREAD_UNCHANGED)

    def sheet(self, i):
        """The mask's colours [256, 256, 3] RGB and its alpha [256, 256], apart."""
        image = self.stored(i)
        return image[:, :, 2::-1], image[:, :, 3]

    def __getitem__(self, i):
        colour, alpha = self.sheet(i)
        return np.round(colour * (alpha[..., None] / 255)).astype(np.uint8), self.black, alpha, self.points[i]

    @property
    def things(self):
        """Bare crops [K, 256, 256, 3] RGB with a hand, a cup, a telephone ... before the mouth."""
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(lambda i: self.stored(i)[:, :, ::-1], range(len(self), len(self.ends)))))


def webp(image, quality):
    return cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1]


def layer(pairs, i):
    """The mask of a pair as BGRA."""
    masked, bare, alpha, _ = pairs[i]
    sheet = lifted(masked, bare, alpha[..., None].astype(np.float32) / 255)
    return np.dstack([sheet[:, :, ::-1], alpha]).round().astype(np.uint8)


def rough(rng, points):
    sheet, alpha = paint(rng, points, SIDE, None)
    return np.dstack([sheet[:, :, ::-1], alpha * 255]).clip(0, 255).round().astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--masks", type=int, default=7500)
    parser.add_argument("--rough", type=int, default=1500)
    parser.add_argument("--things", type=int, default=1500)
    parser.add_argument("--quality", type=int, default=75)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    photos, pairs, rng = Photos(args.pack), Pairs(args.pairs), np.random.default_rng(args.seed)
    template = np.array(json.loads(args.template.read_text()))
    train = photos.of("train")
    mine = np.isin(pairs.source, photos.names[train]) & (pairs.split == "train")
    bare = np.char.startswith(pairs.style, "bare")
    alone = pairs.output == pairs.names            # the thing beside or before the mask is in the target too
    things = rng.permutation(np.flatnonzero(mine & bare & alone))[:args.things]
    masks = rng.permutation(np.flatnonzero(mine & ~bare))[:args.masks]
    on = np.full(len(masks) + args.rough, -1)
    extra = np.flatnonzero(alone[masks])
    on[extra] = len(things) + np.arange(len(extra))
    crops = np.concatenate([things, masks[extra]])
    pieces = [webp(layer(pairs, i), args.quality) for i in masks]
    faces = rng.choice(train, args.rough)
    placed = [apply(similarity(photos.points[i], template * SIDE, ALIGN), photos.points[i]) for i in faces]
    pieces += [webp(rough(rng, points), args.quality) for points in placed]
    pieces += [webp(pairs.read("outputs", pairs.output[i])[:, :, ::-1], 85) for i in crops]
    np.savez(args.out, data=np.concatenate([p.ravel() for p in pieces]), ends=np.cumsum([p.size for p in pieces]),
             source=np.concatenate([pairs.source[masks], photos.names[faces]]), on=on,
             style=np.concatenate([pairs.style[masks], np.full(args.rough, "rough")]),
             points=np.concatenate([pairs.points[masks], placed]).astype(np.float32))
    print(f"{args.out}: {len(on)} masks, {len(crops)} things, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
