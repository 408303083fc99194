"""What the trainers eat. Portraits are packed once and warped on the fly; pairs are read as they lie.

    data.py ROOT LANDMARKS.csv OUT --template T   packs the portraits (RGB uint8, one flat file), their 68 points, a split

Split: photos that are near-copies of each other (difference hash of the aligned face) share a fate; about 4 % of the
photos are held out, and the first 160 of them (none from the sets that show a person several times) are the test.
"""
import argparse
import csv
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

from faces import LEFT_EYE, MIRROR, RIGHT_EYE, apply, invert, similarity, warp
from paint import paint, smooth_noise

# Weights of the 68 points when a crop is aligned, as in src/face/align.rs: what a mask hides does not move the crop.
ALIGN = np.concatenate([np.zeros(17), np.full(10, .5), np.full(3, .7), np.zeros(6), np.ones(12), np.zeros(20)])
SHUNNED = ("celebamask", "ffhq-hard")     # not in the test: several photos a person, or no clear lower face


def fingerprint(face):
    """A 128-bit difference hash of an aligned RGB face."""
    grey = cv2.resize(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (9, 9), interpolation=cv2.INTER_AREA).astype(int)
    return np.concatenate([(np.diff(grey, axis=1)[:8] > 0).ravel(), (np.diff(grey, axis=0)[:, :8] > 0).ravel()])


def groups(prints, near=12):
    """A group number a photo: photos whose hashes differ in at most `near` of 128 bits belong together."""
    bits = np.array(prints, np.float32) * 2 - 1
    owner = np.arange(len(bits))
    for i in range(len(bits)):
        close = np.flatnonzero((128 - bits[i + 1:] @ bits[i]) / 2 <= near) + i + 1
        for j in close:
            owner[owner == owner[j]] = owner[i]
    return owner


def pack_photos(root, landmarks, out, template):
    rows = list(csv.reader(open(landmarks)))[1:]
    out.mkdir(parents=True, exist_ok=True)
    names, shapes, offsets, points, prints, at = [], [], [], [], [], 0
    with open(out / "photos.bin", "wb") as store:
        for row in rows:
            image = cv2.imread(str(root / row[0]))[:, :, ::-1]
            p = np.array(row[2:], np.float32).reshape(68, 2)
            store.write(np.ascontiguousarray(image).tobytes())
            names.append(row[0]), shapes.append(image.shape[:2]), offsets.append(at), points.append(p)
            at += image.size
            prints.append(fingerprint(warp(image, similarity(p, template * 64, ALIGN), 64)))
    owner = groups(prints)
    rank = [hashlib.sha1(names[g].encode()).hexdigest() for g in owner]
    held = [i for i in np.argsort(rank, kind="stable") if int(rank[i], 16) % 100 < 4]
    test = [i for i in held if not names[i].startswith(SHUNNED)][:160]
    split = np.array(["train"] * len(names), dtype="<U5")
    split[held] = "val"
    split[test] = "test"
    np.savez(out / "photos.npz", names=names, shapes=shapes, offsets=offsets, points=points, split=split)
    with open(out / "split.csv", "w") as file:
        file.writelines(f"{n},{s}\n" for n, s in zip(names, split))
    print(f"{len(names)} photos, {len(set(owner))} groups, {len(held)} held out, {len(test)} for the test")


class Photos:
    """The packed portraits: photos[i] -> (RGB [H, W, 3] uint8, points [68, 2])."""

    def __init__(self, folder):
        index = np.load(Path(folder) / "photos.npz")
        self.names, self.split, self.points = index["names"], index["split"], index["points"].astype(np.float64)
        self.shapes, self.offsets = index["shapes"], index["offsets"]
        self.store = np.memmap(Path(folder) / "photos.bin", np.uint8, "r")

    def __len__(self):
        return len(self.names)

    def __getitem__(self, i):
        h, w = self.shapes[i]
        at = self.offsets[i]
        return np.asarray(self.store[at:at + h * w * 3]).reshape(h, w, 3), self.points[i]

    def of(self, split):
        return np.flatnonzero(self.split == split)


class Pairs:
    """What `mask2face generate` wrote, read when asked for: pairs[i] -> (masked, bare [256, 256, 3] RGB, alpha [256, 256],
    points [68, 2] in crop pixels). A photo has several masks, `source` is its path."""

    def __init__(self, folder):
        self.folder = Path(folder)
        rows = list(csv.DictReader(open(self.folder / "manifest.csv")))
        self.names, self.output, self.source, self.split, self.style = (
            np.array([r[k] for r in rows]) for k in ("name", "output", "source", "split", "style"))
        self.points = np.array([r["landmarks"].split() for r in rows], float).reshape(-1, 68, 2)

    def __len__(self):
        return len(self.names)

    def read(self, kind, name, flag=cv2.IMREAD_COLOR_RGB):
        return cv2.imread(str(self.folder / kind / f"{name}.png"), flag)

    def __getitem__(self, i):
        return (self.read("inputs", self.names[i]), self.read("outputs", self.output[i]),
                self.read("alpha", self.names[i], cv2.IMREAD_GRAYSCALE), self.points[i])


def lifted(masked, bare, a):
    """The mask alone, float 0..255: what was laid over `bare` with coverage `a` [S, S, 1], 0..1, to make `masked`."""
    return np.clip((masked - bare * (1 - a)) / np.maximum(a, .08), 0, 255)


# ---- light and damage -------------------------------------------------------------------------------------------------

def relight(rng, image, strength=1.):
    """Colour, gain and a slanted light, on float32 RGB 0..255 of any square size."""
    size = image.shape[0]
    gain = np.exp(rng.normal(0, .16 * strength) + rng.normal(0, .06 * strength, 3)).astype(np.float32)
    image = image * gain
    if rng.random() < .4:
        ramp = np.linspace(-1, 1, size, dtype=np.float32)
        a, b = (float(v) for v in rng.uniform(-.3, .3, 2) * strength)
        image = image * (1 + a * ramp[:, None, None] + b * ramp[None, :, None])
    if rng.random() < .4:
        grey = image.mean(2, keepdims=True)
        image = grey + (image - grey) * rng.uniform(.35, 1.35)
    if rng.random() < .3:
        image = 255 * (np.clip(image, 0, 255) / 255) ** float(np.exp(rng.normal(0, .25 * strength)))
    return np.clip(image, 0, 255)


def soften(rng, images, size):
    """Blur or lost resolution, the same for all images of the list."""
    kind = rng.random()
    if kind < .18:
        sigma = rng.uniform(.3, 1.6) * size / 256
        return [cv2.GaussianBlur(v, (0, 0), max(sigma, .2)) for v in images]
    if kind < .40:
        small = int(size * rng.uniform(.25, .9))
        return [cv2.resize(cv2.resize(v, (small, small), interpolation=cv2.INTER_AREA), (size, size), interpolation=cv2.INTER_LINEAR)
                for v in images]
    return images


def damage(rng, image):
    """Sensor noise and JPEG on the input alone; float32 0..255 -> uint8."""
    if rng.random() < .35:
        image = image + float(rng.uniform(1, 9)) * rng.standard_normal(image.shape, np.float32)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < .35:
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))])[1], 1)
    return image


def jiggle(rng, size, shift=.03, turn=3., zoom=.04):
    """A small similarity of a crop, as misplaced landmarks make it: shift in sides, turn in degrees."""
    a, s = np.deg2rad(rng.normal(0, turn)), np.exp(rng.normal(0, zoom))
    m = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * s
    c = np.full(2, size / 2)
    return np.concatenate([m, (c - m @ c + rng.normal(0, shift, 2) * size)[:, None]], 1)


def flip(size):
    return np.array([[-1., 0, size], [0, 1, 0]])


def after(second, first):
    """The 2x3 matrix of first, then second."""
    return np.concatenate([second[:, :2] @ first[:, :2], (second[:, :2] @ first[:, 2] + second[:, 2])[:, None]], 1)


# ---- what a mask does that its face does not ---------------------------------------------------------------------------

def loosened(rng, sheet, cover):
    """A mask [S, S, 3] and its coverage [S, S] 0..1, grown and moved past the face's outline as loose cloth is."""
    size = len(cover)
    grow = np.diag(np.exp([rng.uniform(-.02, .16), rng.uniform(-.02, .1)]))
    centre = np.array([.5, .62]) * size
    matrix = np.concatenate([grow, (centre - grow @ centre + rng.normal(0, .015, 2) * size)[:, None]], 1)
    stack = warp(np.dstack([sheet * cover[..., None], cover]).astype(np.float32), matrix, size, cv2.BORDER_REPLICATE)
    return stack[:, :, :3] / np.maximum(stack[:, :, 3:], .03), stack[:, :, 3]


def exposed(rng, sheet, clean):
    """A mask [S, S, 3] far brighter or darker than its face, burnt out on one side, or in a colour of the picture around."""
    size = len(sheet)
    if rng.random() < .12:
        y, x = rng.integers(0, size, 2)
        colour = cv2.resize(clean, (16, 16), interpolation=cv2.INTER_AREA)[y * 16 // size, x * 16 // size]
        sheet = sheet + (colour - sheet.mean((0, 1))) * float(rng.uniform(.5, 1))
    if rng.random() < .4:
        sheet = sheet * float(np.exp(rng.normal(.1, .35)))
    if rng.random() < .35:
        at, angle = np.linspace(-1, 1, size, dtype=np.float32), rng.uniform(0, 2 * np.pi)
        along = np.cos(angle) * at[None] + np.sin(angle) * at[:, None]
        glare = np.clip(.5 + along * rng.uniform(.5, 3) + rng.normal(0, .5), 0, 1) * rng.uniform(.2, .9)
        sheet = sheet + (255 - sheet) * glare[..., None].astype(np.float32)
    return np.clip(sheet, 0, 255)


# ---- samples of the light network -----------------------------------------------------------------------------------

class UnmaskSamples:
    """Endless samples (input, target [S, S, 3], alpha [S, S]; uint8), from the photos under the rough painter and, once
    there are any, from the pairs."""

    def __init__(self, photos, template, size, pairs=None, share=.75, bare=.22, seed=0, part="train"):
        self.photos, self.template, self.size, self.pairs = photos, template, size, pairs
        self.share, self.bare, self.rng = share if pairs is not None else 0., bare, np.random.default_rng(seed)
        self.train = photos.of(part)
        if pairs is not None:
            mine = set(photos.names[self.train])
            self.usable = np.array([i for i in range(len(pairs)) if pairs.source[i] in mine and (part != "train" or pairs.split[i] == "train")])
            self.share = share if len(self.usable) else 0.
            if part == "train":
                held = set(pairs.source[pairs.split != "train"])
                self.train = np.array([i for i in self.train if photos.names[i] not in held])

    def place(self):
        move = jiggle(self.rng, self.size)
        return after(flip(self.size), move) if self.rng.random() < .5 else move

    def from_photo(self):
        rng, size = self.rng, self.size
        photo, points = self.photos[rng.choice(self.train)]
        matrix = after(self.place(), similarity(points, self.template * size, ALIGN))
        clean = warp(photo, matrix, size, cv2.BORDER_REPLICATE if rng.random() < .5 else cv2.BORDER_CONSTANT).astype(np.float32)
        moved = apply(matrix, points)
        if np.linalg.det(matrix[:, :2]) < 0:
            moved = moved[MIRROR]
        if rng.random() < self.bare:
            return self.occlude(clean, moved), None, None
        prints = None
        if rng.random() < .2:
            other, _ = self.photos[rng.choice(self.train)]
            y, x = (rng.integers(0, max(1, s - 64)) for s in other.shape[:2])
            prints = cv2.resize(other[y:y + 64, x:x + 64], (size, size))
        return clean, *paint(rng, moved, size, prints)

    def occlude(self, clean, points):
        """Now and then something that is no mask beside a bare face, so that not every object is painted away."""
        rng, size = self.rng, self.size
        if rng.random() < .25:
            unit = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
            at = points[8] + np.array([rng.normal(0, 1.) * unit, rng.uniform(.45, 1.) * unit])
            blot = np.zeros((size, size), np.uint8)
            cv2.ellipse(blot, tuple(int(v) for v in at), tuple(int(rng.uniform(.15, .7) * unit) for _ in "xy"),
                        float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
            blot = cv2.GaussianBlur(blot, (0, 0), .6).astype(np.float32)[..., None] / 255
            colour = rng.uniform(5, 250, 3) * np.clip(1 + smooth_noise(rng, size, 5, .15), .3, 1.6)[..., None]
            clean = clean * (1 - blot) + np.clip(colour, 0, 255).astype(np.float32) * blot
        return clean

    def from_pair(self):
        rng, size = self.rng, self.size
        masked, bare, alpha, points = self.pairs[rng.choice(self.usable)]
        matrix = after(self.place(), np.array([[size / 256, 0, 0], [0, size / 256, 0]]))
        border = cv2.BORDER_REPLICATE
        clean = warp(bare, matrix, size, border).astype(np.float32)
        if rng.random() < self.bare:
            return self.occlude(clean, apply(matrix, points)), None, None
        cover = warp(np.ascontiguousarray(alpha), matrix, size, border).astype(np.float32) / 255
        a = cover[..., None]
        return clean, lifted(warp(masked, matrix, size, border).astype(np.float32), clean, a), cover

    def cut(self, images):
        """Now and then the photo ends inside the crop: everything past a line is black, in place."""
        rng, size = self.rng, self.size
        if rng.random() < .12:
            at = int(size * rng.uniform(.02, .28))
            part = [np.s_[-at:], np.s_[-at:], np.s_[:at], np.s_[:, :at], np.s_[:, -at:]][rng.integers(5)]
            for image in images:
                image[part] = 0

    def __call__(self):
        """One sample; the mask's light is drawn apart from the face's."""
        rng, size = self.rng, self.size
        clean, sheet, cover = self.from_pair() if rng.random() < self.share else self.from_photo()
        clean = relight(rng, clean, .6)
        if sheet is None:
            masked, cover = clean, np.zeros((size, size), np.float32)
        else:
            if rng.random() < .4:
                sheet, cover = loosened(rng, sheet, cover)
            sheet = exposed(rng, relight(rng, sheet, 1.), clean)
            masked = clean + (sheet - clean) * cover[..., None]
        if rng.random() < .3:                       # one light over both
            ramp = float(rng.uniform(-.35, .35)) * np.linspace(-1, 1, size, dtype=np.float32)
            gain = (np.exp(ramp) * float(np.exp(rng.normal(-.1, .2))))[None, :, None].astype(np.float32)
            clean, masked = np.clip(clean * gain, 0, 255), np.clip(masked * gain, 0, 255)
        masked, clean, cover = (np.array(v, np.float32) for v in (masked, clean, cover))
        self.cut([masked, clean, cover])
        masked, target, cover = soften(rng, [masked, clean, cover], size)
        return damage(rng, masked), np.round(target).astype(np.uint8), np.round(cover * 255).astype(np.uint8)


# ---- what hides a face and is no mask -----------------------------------------------------------------------------------

def sunglasses(rng, image, points):
    """Dark lenses over both eyes of a float32 RGB crop, in place."""
    unit = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
    across = (points[42:48].mean(0) - points[36:42].mean(0)) / unit
    turn, shine = float(np.degrees(np.arctan2(across[1], across[0]))), rng.uniform(.55, 1.)
    axes = rng.uniform(.30, .46) * unit, rng.uniform(.2, .36) * unit
    lens = np.zeros(image.shape[:2], np.uint8)
    for eye in (points[36:42].mean(0), points[42:48].mean(0)):
        cv2.ellipse(lens, (tuple(map(float, eye)), (2 * axes[0], 2 * axes[1]), turn), 255, -1, cv2.LINE_AA)
    cv2.line(lens, *(tuple(int(v) for v in points[k]) for k in (39, 42)), 255, max(1, int(.05 * unit)), cv2.LINE_AA)
    a = shine * cv2.GaussianBlur(lens, (0, 0), .5).astype(np.float32)[..., None] / 255
    image += (np.clip(rng.uniform(5, 70) + rng.normal(0, 12, 3), 0, 120).astype(np.float32) - image) * a


def hand(rng, image, points):
    """Fingers in a skin's colour, or the head of a microphone, before the mouth of a float32 RGB crop, in place."""
    unit = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
    size = image.shape[0]
    blot = np.zeros(image.shape[:2], np.uint8)
    at = points[[33, 51, 57, 8]].mean(0) + rng.normal(0, .35, 2) * unit
    if rng.random() < .25:
        cv2.ellipse(blot, tuple(int(v) for v in at), tuple(int(rng.uniform(.2, .4) * unit) for _ in "xy"), 0, 0, 360, 255, -1, cv2.LINE_AA)
        colour = rng.uniform(5, 90) + rng.normal(0, 10, 3)
    else:
        angle, width = rng.uniform(0, 2 * np.pi), rng.uniform(.13, .24) * unit
        along, beside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        for k in range(int(rng.integers(1, 6))):
            tip = at + beside * (k - 1.5) * width * 1.05 + along * rng.normal(0, .12) * unit
            cv2.line(blot, tuple(np.int32(tip)), tuple(np.int32(tip + along * rng.uniform(.8, 2.5) * unit)), 255, max(2, int(width)), cv2.LINE_AA)
        cheek = points[[2, 14, 29]].mean(0).astype(int).clip(1, size - 2)
        colour = image[cheek[1] - 1:cheek[1] + 2, cheek[0] - 1:cheek[0] + 2].mean((0, 1)) * rng.uniform(.75, 1.15) + rng.normal(0, 6, 3)
    edge = cv2.GaussianBlur(blot, (0, 0), max(.6, .03 * unit)).astype(np.float32)[..., None] / 255
    shade = np.clip(.75 + .35 * cv2.GaussianBlur(blot, (0, 0), .09 * unit + .5).astype(np.float32)[..., None] / 255 + smooth_noise(rng, size, 6, .05)[..., None], .4, 1.2)
    image += (np.clip(colour, 3, 250).astype(np.float32) * shade - image) * edge


# ---- samples of the landmark network ---------------------------------------------------------------------------------

# The crop of the landmark network, from 68 points: with m the longer side of the points' upright box, centred .17 m
# above the box's centre, 1.76 m wide (measured: it is the detector's box times 1.35).
RISE, WIDE = .17, 1.76


def framing(points, angle=None):
    """(centre [2], side, angle) of the landmark network's crop around known points."""
    if angle is None:
        d = points[LEFT_EYE].mean(0) - points[RIGHT_EYE].mean(0)
        angle = float(np.arctan2(d[1], d[0]))
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    upright = points @ turn.T
    low, high = upright.min(0), upright.max(0)
    longest = (high - low).max()
    return turn.T @ ((low + high) / 2 - np.array([0, RISE * longest])), WIDE * longest, angle


class LandmarkSamples:
    """Endless samples: input [112, 112, 3] uint8, its twin (the same crop without the mask, in another light, where a
    mask is worn; else the input), points [68, 2] in sides, face 0/1, worn 0/1."""

    def __init__(self, photos, template, size, pairs=None, share=.75, worn=.75, seed=0):
        self.photos, self.size, self.rng, self.pairs, self.worn = photos, size, np.random.default_rng(seed), pairs, worn
        self.light = UnmaskSamples(photos, template, 256, pairs, share, 0., seed + 1)
        self.share, self.train, self.layers = share if pairs is not None else 0., self.light.train, {}
        if pairs is not None:
            of = {}
            for i in self.light.usable[~np.char.startswith(pairs.style[self.light.usable], "bare")]:      # "worn" is what they teach
                of.setdefault(pairs.source[i], []).append(i)
            self.layers = {n: of[photos.names[n]] for n in self.train if photos.names[n] in of}
            self.layered = np.array(list(self.layers))
            self.share = share if self.layers else 0.

    def crop(self, points):
        rng, size = self.rng, self.size
        centre, side, angle = framing(points)
        # As many looks come from the detector's box as from the network's own points, which lie much closer.
        first = rng.random() < .5
        turn = rng.uniform(-45, 45) if rng.random() < .1 else rng.normal(0, 10 if first else 4)
        angle += np.deg2rad(np.clip(turn, -45, 45))
        side *= np.exp(np.clip(rng.normal(0, .11 if first else .05), -.3, .3))
        centre = centre + rng.uniform(-1, 1, 2) * (.12 if first else .04) * side
        c, s = np.cos(angle) * size / side, np.sin(angle) * size / side
        turn = np.array([[c, s], [-s, c]])
        matrix = np.concatenate([turn, (size / 2 - turn @ centre)[:, None]], 1)
        return after(flip(size), matrix) if rng.random() < .5 else matrix

    def misfit(self, points):
        """Another size and place for a mask: where its edge lies must not tell where the chin is."""
        rng = self.rng
        mouth, unit = points[48:68].mean(0), np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
        down = points[8] - points[27]
        down = down / max(np.linalg.norm(down), 1e-6)
        across = np.array([down[1], -down[0]])
        grow = rng.normal(0, .07) * np.outer(across, across) + rng.normal(0, .10) * np.outer(down, down)
        grow += rng.normal(0, .06) * (np.outer(down, across) - np.outer(across, down))
        shift = unit * (rng.normal(0, .08) * across + rng.normal(0, .08) * down)
        return np.concatenate([np.eye(2) + grow, (shift - grow @ mouth)[:, None]], 1)

    def negative(self):
        """No face: a far corner of a photo, a face far out of frame, a bare mask's cloth, or noise."""
        rng, size = self.rng, self.size
        photo, points = self.photos[rng.choice(self.train)]
        h, w = photo.shape[:2]
        kind = rng.random()
        if kind < .15:
            return cv2.resize(np.clip(rng.normal(rng.uniform(0, 255, 3), 40, (7, 7, 3)), 0, 255).astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)
        low, high = points.min(0), points.max(0)
        face = (high - low).max()
        for _ in range(20):
            side = face * rng.uniform(.35, 1.6)
            centre = rng.uniform([-.1 * w, -.1 * h], [1.1 * w, 1.1 * h])
            gap = np.abs(centre - (low + high) / 2).max()
            if gap > .5 * side + .35 * face:
                break
        else:
            side, centre = face * .25, rng.uniform(low, high)       # a patch of skin
        a = rng.uniform(-np.pi, np.pi)
        c, s = np.cos(a) * size / side, np.sin(a) * size / side
        turn = np.array([[c, s], [-s, c]])
        return warp(photo, np.concatenate([turn, (size / 2 - turn @ centre)[:, None]], 1), size, cv2.BORDER_REPLICATE)

    def finish(self, image):
        """Light, lost resolution and damage, drawn anew."""
        rng = self.rng
        image = relight(rng, image, 1.3)
        if rng.random() < .15:
            image = image * rng.uniform(.12, .6)
        image, = soften(rng, [image], self.size)
        return damage(rng, image)

    def __call__(self):
        rng, size = self.rng, self.size
        if rng.random() < .14:
            image = damage(rng, relight(rng, self.negative().astype(np.float32), 1.3))
            return image, image, np.zeros((68, 2), np.float32), 0, 0
        worn = rng.random() < self.worn
        layer = worn and rng.random() < self.share
        i = rng.choice(self.layered) if layer else rng.choice(self.train)
        photo, points = self.photos[i]
        matrix = self.crop(points)
        image = warp(photo, matrix, size, cv2.BORDER_REPLICATE if rng.random() < .5 else cv2.BORDER_CONSTANT).astype(np.float32)
        moved = apply(matrix, points)
        if np.linalg.det(matrix[:, :2]) < 0:
            moved = moved[MIRROR]
        if rng.random() < .10:
            sunglasses(rng, image, moved)
        bare = image
        if layer:
            masked, clean, cover, inner = self.pairs[rng.choice(self.layers[i])]
            to = after(self.misfit(moved), after(matrix, invert(similarity(points, inner, np.ones(68)))))
            a = warp(np.ascontiguousarray(cover), to, size).astype(np.float32)[..., None] / 255
            m, b = (warp(v, to, size).astype(np.float32) for v in (masked, clean))
            image = image + (relight(rng, lifted(m, b, a)) - image) * a
        elif worn:
            sheet, a = paint(rng, moved, size, None)
            image = image + (relight(rng, sheet) - image) * a[..., None]
        elif rng.random() < .15:
            hand(rng, image, moved)
        image = self.finish(image)
        return image, self.finish(bare) if worn else image, (moved / size).astype(np.float32), 1, int(worn)


def stream(make, batch, queue):
    """Fills `queue` with batches (tuples of stacked arrays) for ever; runs in a process of its own."""
    cv2.setNumThreads(1)
    sample = make()
    while True:
        queue.put(tuple(np.stack(v) for v in zip(*[sample() for _ in range(batch)])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("landmarks", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--template", type=Path, required=True)
    args = parser.parse_args()
    pack_photos(args.root, args.landmarks, args.out, np.array(json.loads(args.template.read_text())))


if __name__ == "__main__":
    main()
