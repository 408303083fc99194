"""A second, rough mask painter that runs while training: endless variety, no two masks alike.

It draws in crop pixels from 68 points and shares nothing with the photo's colours, so that no network can read the skin
off the mask. The careful painter is the Rust one (`mask2face generate`); this one widens what it teaches.
"""
import cv2
import numpy as np

# A hue that masks really have (RGB 0..255) and how often it is drawn.
CLOTH = [((238, 240, 242), 5), ((150, 195, 225), 5), ((60, 120, 180), 2), ((25, 25, 28), 5), ((120, 125, 130), 2),
         ((235, 180, 195), 1), ((130, 200, 170), 2), ((215, 190, 165), 2), ((160, 120, 95), 1), ((40, 50, 90), 1),
         ((150, 30, 40), 1)]
COLOURS = np.array([c for c, _ in CLOTH], float)
ODDS = np.array([n for _, n in CLOTH], float) / sum(n for _, n in CLOTH)


def on_jaw(points, at):
    """A point of the jaw line at a fractional index 0..16."""
    i = int(np.clip(np.floor(at), 0, 15))
    return points[i] + (points[i + 1] - points[i]) * (at - i)


def spline(knots, steps=8):
    """A closed Catmull-Rom curve through knots [K, 2] -> [K * steps, 2]."""
    a, b, c, d = (np.roll(knots, s, 0)[:, None] for s in (1, 0, -1, -2))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    return (.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3)).reshape(-1, 2)


def outline(rng, points, style):
    """A mask's edge [K, 2] in the pixels of `points`: upper edge left to right, then the chin back."""
    unit = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
    middle = points[[2, 14, 30, 33]].mean(0)
    low = rng.uniform(.55, .95) if rng.random() < .08 else rng.uniform(.05, .6)
    bridge = points[27] + (points[33] - points[27]) * low
    top, side = rng.uniform(1., 2.3), rng.uniform(.86, 1.03)
    down = points[8] - points[27]
    down = down / (np.linalg.norm(down) + 1e-6)
    left, right = (middle + (on_jaw(points, v) - middle) * side for v in (top, 16 - top + rng.normal(0, .15)))
    width = rng.uniform(.12, .3) * unit
    across = (right - left) / (np.linalg.norm(right - left) + 1e-6)
    sag = rng.uniform(-.06, .14) * unit
    upper = [left, (left * .5 + (bridge - across * width) * .5) + down * sag, bridge - across * width + down * .08 * unit,
             bridge, bridge + across * width + down * .08 * unit, (right * .5 + (bridge + across * width) * .5) + down * sag, right]
    if style == "scarf":
        length = rng.uniform(.5, 2.) * unit
        lower = [right + down * length * .5 + across * .1 * unit, right + down * length, points[8] + down * length,
                 left + down * length, left + down * length * .5 - across * .1 * unit]
    else:
        grow, chin = rng.uniform(.97, 1.1), rng.uniform(-.04, .16) * unit
        lower = [middle + (on_jaw(points, v) - middle) * grow + down * chin * (1 - abs(v - 8) / 6)
                 for v in (13., 11.5, 10, 8, 6, 4.5, 3.)]
    knots = np.array(upper + lower)
    return spline(knots + rng.normal(0, .014 * unit, knots.shape)), unit, (left, right, bridge, across, down)


def smooth_noise(rng, size, cells, amount):
    """A field [size, size] of mean 0 that varies over size/cells pixels."""
    grid = rng.normal(0, amount, (cells, cells)).astype(np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)


def fabric(rng, size, points, prints):
    """A mask's surface [size, size, 3], 0..255: colour or print."""
    colour = COLOURS[rng.choice(len(COLOURS), p=ODDS)] if rng.random() < .7 else rng.uniform(10, 250, 3)
    sheet = np.empty((size, size, 3), np.float32)
    sheet[:] = np.clip(colour + rng.normal(0, 14, 3), 4, 252).astype(np.float32)
    kind = rng.random()
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(.02, .12) * size
    wave = (x * float(np.cos(angle)) + y * float(np.sin(angle))) * (2 * np.pi / period)
    other = rng.uniform(0, 255, 3).astype(np.float32)
    if kind < .07:
        sheet += (np.sin(wave) > rng.uniform(-.5, .8))[..., None] * (other - sheet) * rng.uniform(.3, 1)
    elif kind < .13:
        cross = (x * float(np.sin(angle)) - y * float(np.cos(angle))) * (2 * np.pi / period)
        sheet += ((np.sin(wave) * np.sin(cross)) > rng.uniform(.2, .7))[..., None] * (other - sheet) * rng.uniform(.3, 1)
    elif kind < .25 and prints is not None:
        a = rng.uniform(.4, 1)
        sheet = sheet * (1 - a) + prints.astype(np.float32) * a
    elif kind < .32:
        sheet += ((smooth_noise(rng, size, int(rng.integers(6, 24)), 1) > .4)[..., None]) * (other - sheet) * rng.uniform(.3, 1)
    return sheet, x, y


def shade(rng, size, sheet, x, y, points, unit, frame, style):
    """Light, folds and weave over the sheet, in place."""
    left, right, bridge, across, down = frame
    centre, across, down, bridge = ((v.astype(np.float32)) for v in ((left + right) / 2, across, down, bridge))
    unit, half = float(unit), float(np.linalg.norm(right - left) / 2 + 1e-6)
    u = ((x - centre[0]) * across[0] + (y - centre[1]) * across[1]) / half
    v = ((x - bridge[0]) * down[0] + (y - bridge[1]) * down[1]) / unit
    light = 1 + float(rng.uniform(-.25, .25)) * u + float(rng.uniform(-.25, .2)) * v - rng.uniform(0, .4) * np.clip(np.abs(u), 0, 1.5) ** 2
    light += smooth_noise(rng, size, 5, .07) + smooth_noise(rng, size, 14, rng.uniform(0, .05))
    if style == "surgical" and rng.random() < .8:
        for k in range(int(rng.integers(2, 5))):
            at = .35 + k * float(rng.uniform(.22, .4)) + float(rng.uniform(-.05, .05)) + .12 * float(rng.normal()) * u
            light -= rng.uniform(.05, .25) * np.exp(-((v - at) / rng.uniform(.015, .05)) ** 2)
    if style == "cone" and rng.random() < .6:
        light += rng.uniform(-.25, .25) * np.exp(-(u / rng.uniform(.02, .08)) ** 2)
    light += float(rng.uniform(0, .03)) * rng.standard_normal((size, size), np.float32)
    sheet *= (np.clip(light, .1, 1.7) * rng.uniform(.45, 1.1))[..., None]
    sheet *= np.exp(rng.normal(0, .06, 3)).astype(np.float32)


def line(canvas, a, b, width, value):
    cv2.line(canvas, tuple(int(v) for v in a * 8), tuple(int(v) for v in b * 8), value, max(1, int(round(width))), cv2.LINE_AA, 3)


def details(rng, sheet, alpha, edge, points, unit, frame, style):
    """Border, straps and valve, in place. Whatever they cover counts as mask."""
    left, right, bridge, across, down = frame
    if rng.random() < .55:
        tone = tuple(float(v) for v in np.clip(sheet[alpha > .5].mean(0) * rng.uniform(.55, 1.45) if (alpha > .5).any() else [200] * 3, 0, 255))
        cv2.polylines(sheet, [np.int32(edge * 8)], True, tone, max(1, int(rng.uniform(.03, .11) * unit)), cv2.LINE_AA, 3)
    if rng.random() < (.3 if style == "cone" else .03):
        at = points[[33, 51]].mean(0) + across * rng.normal(0, .25) * unit + down * rng.uniform(-.05, .3) * unit
        tone = tuple(float(v) for v in np.clip(rng.uniform(30, 240) + rng.normal(0, 8, 3), 0, 255))
        radius = rng.uniform(.1, .22) * unit
        cv2.circle(sheet, tuple(np.int32(at * 8)), int(radius * 8), tone, -1, cv2.LINE_AA, 3)
        cv2.circle(sheet, tuple(np.int32(at * 8)), int(radius * 8), tuple(v * .6 for v in tone), 1, cv2.LINE_AA, 3)
    if style != "scarf" and rng.random() < .75:
        tone = np.clip((235 if rng.random() < .6 else rng.uniform(15, 235)) * rng.uniform(.5, 1.) + rng.normal(0, 8 if rng.random() < .8 else 70, 3), 5, 250)
        straps = np.zeros(alpha.shape, np.uint8)
        width = rng.uniform(.012, .05) * unit
        for corner, jaw, ear in ((left, 2.8, 0), (right, 13.2, 16)):
            out = points[ear] + (points[ear] - points[27]) * rng.uniform(-.02, .12)
            if rng.random() < .9:
                line(straps, corner, out - down * rng.uniform(-.15, .15) * unit, width, 255)
            if rng.random() < .8:
                line(straps, on_jaw(points, jaw + rng.uniform(-.6, .9)), out + down * rng.uniform(.15, .6) * unit, width, 255)
        straps = straps.astype(np.float32) / 255
        only = straps * (1 - alpha)
        sheet += (tone.astype(np.float32) - sheet) * np.clip(only * 1.3, 0, 1)[..., None]
        np.maximum(alpha, straps, out=alpha)


def respirator(rng, sheet, alpha, points, unit, frame):
    """Two canisters at the cheeks and a hard middle piece, in place."""
    left, right, bridge, across, down = frame
    body, cans = (np.clip(rng.uniform(20, 240) + rng.normal(0, 30, 3), 5, 250) for _ in range(2))
    middle = points[[33, 57]].mean(0)
    for side in (-1, 1):
        at = middle + across * side * rng.uniform(.6, 1.05) * unit + down * rng.uniform(-.1, .45) * unit
        axes = tuple(int(rng.uniform(.28, .55) * unit) for _ in "xy")
        turn = float(np.degrees(np.arctan2(across[1], across[0])) + rng.normal(0, 15))
        disc = np.zeros(alpha.shape, np.uint8)
        if rng.random() < .5:
            cv2.ellipse(disc, tuple(int(v) for v in at), axes, turn, 0, 360, 255, -1, cv2.LINE_AA)
        else:
            cv2.fillPoly(disc, [np.int32(cv2.boxPoints((tuple(map(float, at)), (axes[0] * 1.7, axes[1] * 1.7), turn)) * 8)], 255, cv2.LINE_AA, 3)
        disc = disc.astype(np.float32) / 255
        tone = cans * (1 + .25 * np.sin((np.indices(alpha.shape)[1] - at[0]) / unit * 4))[..., None]
        sheet += (np.clip(tone, 0, 255).astype(np.float32) - sheet) * disc[..., None]
        np.maximum(alpha, disc, out=alpha)
        if rng.random() < .6:
            cv2.circle(sheet, tuple(int(v) for v in at), int(min(axes) * rng.uniform(.3, .8)), tuple(float(v) for v in body), -1)
    knots = np.array([bridge, middle + across * .35 * unit, middle + down * .5 * unit, middle - across * .35 * unit])
    cv2.fillPoly(sheet, [np.int32(spline(knots))], tuple(float(v) for v in body))


def scribble(rng, sheet, points, unit, frame):
    """Seams, a nose wire, print that looks like writing, in place."""
    left, right, bridge, across, down = frame
    ink = tuple(float(v) for v in np.clip(rng.uniform(10, 240) + rng.normal(0, 30, 3), 5, 250))
    at = points[[33, 57]].mean(0) + across * rng.normal(0, .3) * unit + down * rng.normal(0, .2) * unit
    for _ in range(int(rng.integers(1, 6))):
        at = at + down * .07 * unit
        a = at + across * rng.uniform(-.25, 0) * unit
        for k in range(int(rng.integers(2, 9))):
            b = a + across * rng.uniform(.01, .06) * unit + down * rng.normal(0, .015) * unit
            if rng.random() < .75:
                cv2.line(sheet, tuple(int(v) for v in a), tuple(int(v) for v in b), ink, max(1, int(.012 * unit)))
            a = b + across * .015 * unit
    if rng.random() < .5:
        turn = rng.uniform(-.6, .6)
        way = across * np.cos(turn) + down * np.sin(turn)
        cv2.line(sheet, tuple(int(v) for v in bridge + down * .15 * unit - way * unit), tuple(int(v) for v in bridge + down * .15 * unit + way * unit),
                 ink, max(1, int(rng.uniform(.01, .05) * unit)))


def paint(rng, points, size, prints=None):
    """One mask for 68 points [68, 2] in the pixels of a `size` crop -> sheet [size, size, 3] 0..255 float32 RGB and its
    coverage alpha [size, size] 0..1. `prints` is any picture of that size, used now and then as the cloth's print."""
    points = np.asarray(points, float)
    style = rng.choice(["surgical", "cone", "cloth", "scarf"], p=[.48, .2, .26, .06])
    edge, unit, frame = outline(rng, points, style)
    filled = np.zeros((size, size), np.uint8)
    cv2.fillPoly(filled, [np.int32((edge - .5) * 8)], 255, cv2.LINE_AA, 3)
    alpha = filled.astype(np.float32) / 255
    sheet, x, y = fabric(rng, size, points, prints)
    shade(rng, size, sheet, x, y, points, unit, frame, style)
    if rng.random() < .05:
        respirator(rng, sheet, alpha, points, unit, frame)
    if rng.random() < .15:
        scribble(rng, sheet, points, unit, frame)
    details(rng, sheet, alpha, edge - .5, points, unit, frame, style)
    soft = rng.uniform(.2, .9) * size / 256
    if soft > .3:
        alpha = cv2.GaussianBlur(alpha, (0, 0), soft)
    return np.clip(sheet, 0, 255), np.clip(alpha, 0, 1)
