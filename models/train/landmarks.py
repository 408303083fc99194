"""Trains the landmark network: `landmarks.py PACK TEMPLATE -o landmarks.pt [--pairs PAIRS]`.

Inputs are crops at the framing the runtime uses, jittered; labels are the face mesh's points on the bare face, so that
putting a mask on must not move them. Each masked face comes with its bare twin, and the two answers shall agree. A run
that was cut off goes on from its own checkpoint when it is started again.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import LandmarkSamples, Pairs, Photos
from layers import Layers
from loop import DEVICE, Average, Journal, Loader, Schedule, autocast, load, picture, prepare, save
from losses import wing
from nets import Landmarks, unfolded

# What the alignment leans on counts more.
WEIGHTS = torch.cat([torch.full((17,), .7), torch.full((10,), 1.6), torch.full((9,), 1.2), torch.full((12,), 2.), torch.full((20,), .8)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("landmarks.pt"))
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--layers", type=Path, help="in the pairs' place: masks that layers.py packed")
    parser.add_argument("--init", type=Path, help="begin from these averaged weights, or from an exported .onnx")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=1e9, help="end by then, whatever --steps says")
    parser.add_argument("--batch", type=int, default=40, help="samples; the twins of masked ones come on top")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--workers", type=int, default=1, help="loader processes")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    prepare(args.seed)
    torch.backends.cudnn.benchmark = False       # the number of twins changes from batch to batch
    template = np.array(json.loads(args.template.read_text()))
    photos = Photos(args.pack)
    pairs = Layers(args.layers) if args.layers else Pairs(args.pairs) if args.pairs else None
    net = Landmarks().to(DEVICE, memory_format=torch.channels_last)
    # The mean face in the network's framing (see data.framing): the template as it lies in its own crop.
    low, high = template.min(0), template.max(0)
    longest = (high - low).max()
    net.mean.copy_(torch.tensor((template - (low + high) / 2 + [0, .17 * longest]) / (1.76 * longest) + .5))
    done, before, resumed = 0, 0., None
    if args.output.exists():
        resumed = load(args.output)
        done, before = resumed["step"], resumed["progress"]
        net.load_state_dict(resumed["net"])
    elif args.init and args.init.suffix == ".onnx":
        some = LandmarkSamples(photos, template, Landmarks.SIZE, pairs, seed=args.seed)
        unfolded(args.init, net, picture(np.stack([some()[0] for _ in range(256)])))
    elif args.init:
        net.load_state_dict(load(args.init)["average"])
    if before >= 1:
        return print(f"{args.output} is trained to its end; to go on, name another -o and this one as --init")
    average, schedule = Average(net), Schedule(args.steps, args.minutes, done, before)
    optimiser = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    if resumed:
        average.state, average.count = resumed["average"], 1000
        optimiser.load_state_dict(resumed["optimiser"])
    def samples(worker):
        return LandmarkSamples(photos, template, Landmarks.SIZE, pairs, seed=args.seed * 1000 + done + 101 * worker)
    loader, journal, weights = Loader(samples, args.batch, args.workers), Journal(args.output, "landmarks", done), WEIGHTS.to(DEVICE)
    for image, twin, truth, face, worn in loader:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(args.rate)
        masked = worn > 0
        image = np.concatenate([image, twin[masked]])
        truth, face, worn = (torch.from_numpy(np.concatenate(v)).to(DEVICE).float() for v in (
            (truth, truth[masked]), (face, face[masked]), (worn, 0 * worn[masked])))
        with autocast():
            points, facts = net(picture(image))
        points, facts = points.float(), facts.float()
        under, bare = points[:len(masked)][masked], points[len(masked):]
        # The bare answer knows better: it gives way by a fifth only.
        apart = wing(under - bare.lerp(bare.detach(), .8)).sum(-1) @ weights / 68
        place = (wing(points - truth).sum(-1) @ weights / 68 * face).sum() / face.sum()
        is_face = F.binary_cross_entropy_with_logits(facts[:, 0], face * .98 + .01)
        is_worn = (F.binary_cross_entropy_with_logits(facts[:, 1], worn, reduction="none") * face).sum() / face.sum()
        loss = 10 * place + 5 * apart.mean() + .15 * is_face + .15 * is_worn
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.)
        optimiser.step()
        average.update(net)
        schedule.step += 1
        error = (points.detach() - truth).norm(dim=-1).mean(1) @ face / face.sum()
        shift = (under - bare).detach().norm(dim=-1).mean()
        journal.add(percent_of_side=100 * error, shift=100 * shift, face=is_face.detach(), worn=is_worn.detach())
        if schedule.step % 100 == 0:
            journal.tell(schedule.step, schedule.progress, 100 * args.batch)
        if schedule.step % 200 == 0 or schedule.progress >= 1:
            save(args.output, net=net.state_dict(), average=average.state, optimiser=optimiser.state_dict(),
                 step=schedule.step, progress=schedule.progress, seed=args.seed)
        if schedule.progress >= 1:
            break
    loader.close()


if __name__ == "__main__":
    main()
