"""Judges exported networks on people that no training saw: `evaluate.py light|landmarks MODEL.onnx PACK TEMPLATE MASKS ...`.

The masks are the MaskTheFace templates, which no training saw either: a homography by six points of the face, blended
under the template's own alpha, its colours left as they are. The network's answer goes into the crop under the
network's own alpha. Tables go to stdout, numbers to --json, a sheet (masked | restored | truth) to --sheet.
"""
import argparse
import configparser
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from data import ALIGN, Pairs, Photos, framing
from faces import YuNet, apply, eye_angle, invert, session, similarity, square, warp
from losses import lpips_net, ssim

STYLES = ("surgical", "surgical_blue", "surgical_green", "N95", "KN95", "cloth", "gas")
SIDE = 256


class Templates:
    """The MaskTheFace library (MIT): masks.cfg names six points a-f of every template: upper left, nose, upper right,
    lower left, chin, lower right."""

    def __init__(self, folder):
        config = configparser.ConfigParser()
        config.read(folder / "masks.cfg")
        self.masks = {}
        for name in (n for n in config.sections() if "template" in config[n]):
            path = folder / "templates" / Path(config[name]["template"]).name
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            points = [[float(v) for v in config[name][f"mask_{k}"].split(",")] for k in "abcdef"]
            self.masks[name] = image[:, :, [2, 1, 0, 3]], np.array(points)

    def paint(self, photo, points, style):
        """RGB photo and its 68 points -> (masked photo, alpha [H, W] 0..1)."""
        level = lambda at: [crossing(points[:9], at, points), crossing(points[16:7:-1], at, points)]
        (a, c), (d, f) = level(points[28]), level(points[57])
        target = np.array([a, points[28], c, d, points[8], f])
        aligned = apply(similarity(points[[36, 45]], np.array([[0, 0], [1, 0]])), points)
        lean = (aligned[30, 0] - aligned[1, 0]) / (aligned[15, 0] - aligned[1, 0]) - .5
        turned = style + ("" if abs(lean) < .12 else "_left" if lean < 0 else "_right")
        image, source = self.masks.get(turned, self.masks[style])
        if len(source) < 6:
            return None
        matrix, _ = cv2.findHomography(source, target - .5)
        size = photo.shape[1], photo.shape[0]
        image = image.astype(np.float32)
        image[:, :, :3] *= image[:, :, 3:] / 255
        shrink = np.linalg.norm(target[2] - target[0]) / np.linalg.norm(source[2] - source[0])
        if shrink < .7:
            image = cv2.GaussianBlur(image, (0, 0), .4 / shrink)
        layer = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR)
        alpha = np.clip(layer[:, :, 3] / 255, 0, 1)
        masked = photo * (1 - alpha[..., None]) + layer[:, :, :3]
        return np.clip(np.round(masked), 0, 255).astype(np.uint8), alpha


def crossing(line, at, points):
    """Where a jaw line [K, 2] meets the line through `at` that runs along the eyes."""
    d = points[42:48].mean(0) - points[36:42].mean(0)
    height = (line - at) @ np.array([-d[1], d[0]])
    for i in range(len(line) - 1):
        if height[i] <= 0 < height[i + 1]:
            return line[i] + (line[i + 1] - line[i]) * (-height[i] / (height[i + 1] - height[i]))
    return line[0] if height[0] > 0 else line[-1]


# ---- measures ---------------------------------------------------------------------------------------------------------

def tensor(image):
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255


def decibel(error):
    return float(10 * np.log10(255. ** 2 / max(error, 1e-3)))


class Measures:
    """Every measure of one restored crop against the bare one, gathered a method; means are over pictures."""

    def __init__(self, lpips):
        self.alex, self.vgg = lpips_net(lpips, "alex"), lpips_net(lpips, "vgg")
        self.rows = {}

    def add(self, method, got, truth, hole, alpha=None, matrix=None):
        """With a matrix the pictures are photos: LPIPS looks at the crop that it cuts out."""
        error = (got.astype(float) - truth) ** 2
        a, b = tensor(got), tensor(truth)
        with torch.no_grad():
            likeness = ssim(a, b)[0].mean(0).numpy()
            if matrix is not None:
                a, b = (tensor(warp(v, matrix, SIDE)) for v in (got, truth))
            row = dict(psnr=decibel(error.mean()), ssim=float(likeness.mean()), hole_psnr=decibel(error[hole].mean()),
                       hole_ssim=float(likeness[hole].mean()), lpips_alex=float(self.alex(a * 2 - 1, b * 2 - 1)),
                       lpips_vgg=float(self.vgg(a * 2 - 1, b * 2 - 1)))
        if alpha is not None:
            row["iou"] = float((alpha & hole).sum() / max(1, (alpha | hole).sum()))
        self.rows.setdefault(method, []).append(row)

    def table(self):
        return {m: {k: round(float(np.mean([r[k] for r in rows])), 4) for k in rows[0]} | {"pictures": len(rows)} for m, rows in self.rows.items()}


def inpainted(masked, hole):
    grown = cv2.dilate(hole.astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    return cv2.inpaint(masked, grown, 5, cv2.INPAINT_TELEA)


def skin_filled(masked, alpha, hole, matrix=None):
    """The hole filled with the mean colour of the skin between eyes and hole (of the canonical crop, which a matrix
    cuts out of a photo)."""
    seen = np.zeros((SIDE, SIDE), np.uint8)
    seen[int(.33 * SIDE):int(.5 * SIDE), int(.25 * SIDE):int(.75 * SIDE)] = 1
    if matrix is not None:
        seen = cv2.warpAffine(seen, invert(matrix), hole.shape[::-1], flags=cv2.INTER_NEAREST)
    seen = seen > 0
    seen &= alpha < .02
    colour = masked[seen].mean(0) if seen.sum() > 50 else masked.mean((0, 1))
    a = np.clip(alpha * 3, 0, 1)[..., None]
    return np.round(masked * (1 - a) + colour * a).astype(np.uint8)


class Unmasker:
    def __init__(self, path):
        self.net = session(path)

    def __call__(self, crop):
        """RGB crop -> (composite, alpha 0..1)."""
        face, alpha = self.net.run(None, {"image": tensor(crop).numpy()})
        a = alpha[0, 0][..., None]
        face = face[0].transpose(1, 2, 0) * 255
        return np.clip(np.round(crop * (1 - a) + face * a), 0, 255).astype(np.uint8), alpha[0, 0]


class LandmarkNet:
    def __init__(self, path):
        self.net = session(path)

    def crop(self, photo, centre, side, angle):
        matrix = square(centre, side, angle, 112)
        points, score, worn = self.net.run(None, {"image": tensor(warp(photo, matrix, 112)).numpy()})
        back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
        return apply(back, points[0].astype(float) * 112), float(score[0, 0]), float(worn[0, 0])

    def __call__(self, photo, box, five, rounds=3):
        """RGB photo, the detector's box and points -> (points [68, 2], score, worn): the mean of the last two looks, as in the program."""
        x, y, w, h = box
        looks = [self.crop(photo, np.array([x + w / 2, y + h / 2]), 1.35 * max(w, h), eye_angle(five[0], five[1]))]
        for _ in range(rounds - 1):
            looks.append(self.crop(photo, *framing(looks[-1][0])))
        return tuple((a + b) / 2 for a, b in zip(*looks[-2:]))


# ---- the two judgements -----------------------------------------------------------------------------------------------

def crops(photos, template, masks, split, finder=None):
    """Yields (style, masked crop, bare crop, alpha); with a `finder` the crop is placed by what it sees of the masked
    photo, as at run time, else by the labels of the bare one."""
    for n, i in enumerate(photos.of(split)):
        photo, points = photos[i]
        masked, alpha = masks.paint(photo, points, STYLES[n % len(STYLES)])
        if finder is not None:
            points = finder(masked)
            if points is None:
                continue
        matrix = similarity(points, template * SIDE, ALIGN)
        grown = np.repeat((alpha * 255).astype(np.uint8)[..., None], 3, 2)
        yield (STYLES[n % len(STYLES)], warp(masked, matrix, SIDE), warp(photo, matrix, SIDE),
               warp(grown, matrix, SIDE)[:, :, 0].astype(np.float32) / 255)


def pair_crops(pairs, photos):
    """Pairs of our own painter whose photo no training saw, the first mask of each."""
    split = dict(zip(photos.names, photos.split))
    held = [i for i in range(len(pairs)) if split.get(pairs.source[i]) in ("test", "val")]
    _, first = np.unique(pairs.source[held], return_index=True)
    for i in np.array(held)[first]:
        masked, bare, alpha, _ = pairs[i]
        yield str(pairs.style[i]), masked, bare, alpha.astype(np.float32) / 255


def judge_light(net, source, lpips, limit, sheet=None, baselines=True):
    measures, tiles, bare_rows = Measures(lpips), [], []
    for n, (style, masked, bare, alpha) in enumerate(source):
        hole = alpha > .5
        if n >= limit:
            break
        if hole.sum() < 200:
            continue
        restored, opacity = net(masked)
        measures.add("network, its own alpha", restored, bare, hole, opacity > .5)
        if not style.startswith("gas"):
            measures.rows.setdefault("network, without gas respirators", []).append(measures.rows["network, its own alpha"][-1])
        if baselines:
            measures.add("masked input", masked, bare, hole)
            measures.add("OpenCV inpaint, true hole", inpainted(masked, alpha > .02), bare, hole)
            measures.add("mean skin colour, true hole", skin_filled(masked, alpha, hole), bare, hole)
        untouched, opacity = net(bare)
        bare_rows.append((decibel(((untouched.astype(float) - bare) ** 2).mean()), float(opacity.mean()), float((opacity > .5).mean())))
        tiles.append(np.hstack([masked, restored, bare]))
    if sheet:
        tiles = tiles[:len(tiles) // 3 * 3][:36]
        cv2.imwrite(str(sheet), np.vstack([np.hstack(tiles[i:i + 3]) for i in range(0, len(tiles), 3)])[:, :, ::-1])
    bare = np.array(bare_rows)
    table = measures.table()
    table["bare faces"] = dict(psnr=round(float(bare[:, 0].mean()), 2), psnr_worst=round(float(bare[:, 0].min()), 2),
                               alpha=round(float(bare[:, 1].mean()), 5), painted=round(float((bare[:, 2] > .01).mean()), 4))
    return table


def in_photo(photos, template, masks, split):
    """Yields (style, masked photo, bare photo, alpha, matrix photo -> crop): the whole portrait instead of the crop."""
    for n, i in enumerate(photos.of(split)):
        photo, points = photos[i]
        style = STYLES[n % len(STYLES)]
        masked, alpha = masks.paint(photo, points, style)
        yield style, masked, photo, alpha, similarity(points, template * SIDE, ALIGN)


def judge_in_photo(net, source, lpips, limit):
    """The network's answer laid into the whole photo under its own alpha: full figures over the photo, LPIPS over the
    crop. This is how MODELS.md's trial was judged; the baselines tell how hard its pictures were beside these."""
    measures = Measures(lpips)
    for n, (style, masked, bare, alpha, matrix) in enumerate(source):
        hole = alpha > .5
        if n >= limit:
            break
        if style == "gas" or hole.sum() < 200:
            continue
        face, opacity = net.net.run(None, {"image": tensor(warp(masked, matrix, SIDE)).numpy()})
        layer = np.concatenate([face[0] * opacity[0], opacity[0]]).transpose(1, 2, 0)
        back = invert(matrix)
        back[:, 2] += back[:, :2] @ np.array([.5, .5]) - .5
        layer = cv2.warpAffine(layer, back, bare.shape[1::-1], flags=cv2.INTER_LINEAR)
        a = layer[:, :, 3:]
        answers = {"network, its own alpha": np.clip(np.round(masked * (1 - a) + layer[:, :, :3] * 255), 0, 255).astype(np.uint8),
                   "masked input": masked, "OpenCV inpaint, true hole": inpainted(masked, alpha > .02),
                   "mean skin colour, true hole": skin_filled(masked, alpha, hole, matrix)}
        for method, got in answers.items():
            measures.add(method, got, bare, hole, a[:, :, 0] > .5 if got is answers["network, its own alpha"] else None, matrix)
    return measures.table()


def judge_landmarks(net, detector, photos, masks, split):
    """Shifts and errors in eye distances; the teacher on the bare face is the truth."""
    five = lambda p: np.stack([p[36:42].mean(0), p[42:48].mean(0), p[30], p[48], p[54]])
    rows, missed = [], 0
    upper = np.r_[17:27, 36:48]
    for n, i in enumerate(photos.of(split)):
        photo, truth = photos[i]
        masked, _ = masks.paint(photo, truth, STYLES[n % len(STYLES)])
        unit = np.linalg.norm(truth[36:42].mean(0) - truth[42:48].mean(0))
        found = [detector(np.ascontiguousarray(v[:, :, ::-1]), .5) for v in (photo, masked)]
        if not all(found):
            missed += 1
            continue
        (box0, kps0, _), (box1, kps1, _) = (max(f, key=lambda f: f[0][2] * f[0][3]) for f in found)
        (p0, s0, w0), (p1, s1, w1) = net(photo, box0, kps0), net(masked, box1, kps1)
        d = lambda a, b: float(np.linalg.norm(a - b, axis=-1).mean() / unit)
        move = similarity(p0, p1, ALIGN)
        centre = five(p0)[:2].mean(0)
        rows.append(dict(
            network_bare_error=d(p0, truth), network_masked_error=d(p1, truth), network_shift=d(p0, p1),
            network_upper_masked_error=d(p1[upper], truth[upper]), network_five_shift=d(five(p0), five(p1)),
            network_five_masked_error=d(five(p1), five(truth)), yunet_five_bare_error=d(kps0, five(truth)),
            yunet_five_masked_error=d(kps1, five(truth)), yunet_five_shift=d(kps0, kps1),
            crop_shift=float(np.linalg.norm(apply(move, centre) - centre) / unit),
            crop_turn_degrees=abs(float(np.degrees(np.arctan2(move[1, 0], move[0, 0])))),
            crop_zoom_percent=abs(float(np.sqrt(np.linalg.det(move[:, :2])) - 1) * 100),
            score_bare=s0, score_masked=s1, worn_wrong_bare=float(w0 > .5), worn_missed=float(w1 < .5)))
    return {k: round(float(np.mean([r[k] for r in rows])), 4) for k in rows[0]} | {"pictures": len(rows), "missed_by_detector": missed}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["light", "landmarks"])
    parser.add_argument("model", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--yunet", type=Path)
    parser.add_argument("--landmarks", type=Path, help="also judge with crops placed by this network, as at run time")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--lpips", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--quick", action="store_true", help="the network alone, without the baselines")
    parser.add_argument("--limit", type=int, default=10 ** 6)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    photos, masks = Photos(args.pack), Templates(args.masks)
    template = np.array(json.loads(args.template.read_text()))
    if args.kind == "landmarks":
        result = {"landmarks": judge_landmarks(LandmarkNet(args.model), YuNet(args.yunet), photos, masks, args.split)}
    else:
        net = Unmasker(args.model)
        result = {"MaskTheFace templates": judge_light(net, crops(photos, template, masks, args.split), args.lpips, args.limit, args.sheet, not args.quick)}
        result["the same in the whole photo, without gas respirators"] = judge_in_photo(net, in_photo(photos, template, masks, args.split), args.lpips, args.limit)
        if args.landmarks:
            detect, place = YuNet(args.yunet), LandmarkNet(args.landmarks)
            def finder(photo):
                found = detect(np.ascontiguousarray(photo[:, :, ::-1]), .5)
                return place(photo, *max(found, key=lambda f: f[0][2] * f[0][3])[:2])[0] if found else None
            result["the same, crop placed on the masked photo"] = judge_light(net, crops(photos, template, masks, args.split, finder), args.lpips, args.limit, baselines=False)
        if args.pairs:
            sheet = args.sheet.with_name(args.sheet.stem + "_pairs.png") if args.sheet else None
            result["held-out pairs of our own painter"] = judge_light(net, pair_crops(Pairs(args.pairs), photos), args.lpips, args.limit, sheet)
    for title, table in result.items():
        print(f"\n{title}")
        for name, row in table.items():
            print(f"  {name}: {row}")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
