"""Trains the landmark network: `landmarks.py PACK TEMPLATE -o landmarks.pt [--pairs PAIRS]`.

Inputs are crops at the framing the runtime uses, jittered; labels are the face mesh's points on the bare face, so that
putting a mask on must not move them. A run that was cut off goes on from its own checkpoint when it is started again.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import LandmarkSamples, Pairs, Photos
from loop import Average, Loader, Schedule, picture, save
from losses import wing
from nets import Landmarks

# What the alignment leans on counts more.
WEIGHTS = torch.cat([torch.full((17,), .7), torch.full((10,), 1.6), torch.full((9,), 1.2), torch.full((12,), 2.), torch.full((20,), .8)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("landmarks.pt"))
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--init", type=Path, help="begin from these averaged weights")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=1e9, help="end by then, whatever --steps says")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    template = np.array(json.loads(args.template.read_text()))
    photos = Photos(args.pack)
    pairs = Pairs(args.pairs) if args.pairs else None
    net = Landmarks().to(memory_format=torch.channels_last)
    # The mean face in the network's framing (see data.framing): the template as it lies in its own crop.
    low, high = template.min(0), template.max(0)
    longest = (high - low).max()
    net.mean.copy_(torch.tensor((template - (low + high) / 2 + [0, .17 * longest]) / (1.76 * longest) + .5))
    done, before, resumed = 0, 0., None
    if args.output.exists():
        resumed = torch.load(args.output)
        done, before = resumed["step"], resumed["progress"]
        net.load_state_dict(resumed["net"])
    elif args.init:
        net.load_state_dict(torch.load(args.init)["average"])
    average, schedule = Average(net), Schedule(args.steps, args.minutes, done, before)
    optimiser = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    if resumed:
        average.state, average.count = resumed["average"], 1000
        optimiser.load_state_dict(resumed["optimiser"])
    loader = Loader(lambda: LandmarkSamples(photos, template, Landmarks.SIZE, pairs, seed=args.seed * 1000 + done), args.batch)
    sums, began = np.zeros(3), time.time()
    for image, truth, face, worn in loader:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(args.rate)
        face, worn = torch.from_numpy(face).float(), torch.from_numpy(worn).float()
        with torch.autocast("cpu", torch.bfloat16):
            points, facts = net(picture(image))
        points, facts = points.float(), facts.float()
        error = wing(points - torch.from_numpy(truth)).sum(-1) @ WEIGHTS / 68
        place = (error * face).sum() / face.sum()
        is_face = F.binary_cross_entropy_with_logits(facts[:, 0], face * .98 + .01)
        is_worn = (F.binary_cross_entropy_with_logits(facts[:, 1], worn, reduction="none") * face).sum() / face.sum()
        loss = 10 * place + .15 * is_face + .15 * is_worn
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.)
        optimiser.step()
        average.update(net)
        schedule.step += 1
        sums += [float((points.detach() - torch.from_numpy(truth)).norm(dim=-1).mean(1) @ face / face.sum()), float(is_face), float(is_worn)]
        if schedule.step % 100 == 0:
            print(f"{schedule.step} {schedule.progress:.3f} error {sums[0]:.3f} % of the side, face {sums[1] / 100:.4f}, worn {sums[2] / 100:.4f}"
                  f", {(time.time() - began) * 10 / args.batch:.2f} ms a crop", flush=True)
            sums, began = np.zeros(3), time.time()
        if schedule.step % 200 == 0 or schedule.progress >= 1:
            save(args.output, net=net.state_dict(), average=average.state, optimiser=optimiser.state_dict(),
                 step=schedule.step, progress=schedule.progress, seed=args.seed)
        if schedule.progress >= 1:
            break
    loader.close()


if __name__ == "__main__":
    main()
