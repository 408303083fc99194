"""What the trainings share: the device, loader processes, a schedule that ends on time, averaged weights, checkpoints,
and what a person looks at meanwhile: curves and sheets."""
import json
import math
import multiprocessing as mp
import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from data import stream

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast():
    """bfloat16 on either device: it needs no loss scaling, and a CPU with AVX-512 gains by it too."""
    return torch.autocast(DEVICE.type, torch.bfloat16)


def prepare(seed):
    """Seeds, and threads that leave the loaders room. OpenCV's pool must never have run when a loader forks: the child
    would wait for threads that it has not got."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.backends.cudnn.benchmark = True


class Loader:
    """Batches from processes of their own: iterate for ever over tuples of uint8 or float arrays. `make(worker)` gives a
    worker's source of samples; with one worker the order of the batches is that of the seed."""

    def __init__(self, make, batch, workers=1, depth=6):
        context = mp.get_context("fork")
        self.queue = context.Queue(depth * workers)
        self.processes = [context.Process(target=stream, args=(lambda k=k: make(k), batch, self.queue), daemon=True) for k in range(workers)]
        for process in self.processes:
            process.start()

    def __iter__(self):
        while True:
            yield self.queue.get()

    def close(self):
        for process in self.processes:
            process.terminate()


class Schedule:
    """Progress 0..1: steps done of `steps`, or minutes gone of `minutes`, whichever is further; a resumed run goes on
    from the progress it had. Cosine with a warm-up."""

    def __init__(self, steps, minutes, done=0, before=0.):
        self.steps, self.minutes, self.step, self.before, self.began = steps, minutes, done, before, time.time()

    @property
    def progress(self):
        gone = (time.time() - self.began) / 60 / self.minutes
        return min(1., max(self.step / self.steps, self.before + (1 - self.before) * gone))

    def rate(self, top, floor=.02):
        warm = min(1., (self.step + 1) / 200)
        return top * warm * (floor + (1 - floor) * .5 * (1 + math.cos(math.pi * self.progress)))


class Average:
    """An exponential moving average of a module's weights, warmed up."""

    def __init__(self, module, decay=.999):
        self.decay, self.count = decay, 0
        self.state = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module):
        self.count += 1
        keep = min(self.decay, (1 + self.count) / (10 + self.count))
        state = module.state_dict()
        real = [k for k, v in state.items() if v.dtype.is_floating_point]
        torch._foreach_lerp_([self.state[k] for k in real], [state[k].detach() for k in real], 1 - keep)
        for key in state.keys() - set(real):
            self.state[key].copy_(state[key])


def save(path, **parts):
    """Writes a checkpoint beside its name and renames it when whole."""
    part = Path(str(path) + ".part")
    torch.save(parts, part)
    os.replace(part, path)


def load(path):
    return torch.load(path, map_location=DEVICE, weights_only=False)


def picture(array):
    """uint8 [N, S, S, 3] -> float [N, 3, S, S] 0..1 on the device, channels last in memory."""
    return (torch.from_numpy(array).to(DEVICE).permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)


class Journal:
    """What a run printed, as one JSON object a line beside its checkpoint, and as curves."""

    def __init__(self, output, kind, done=0):
        self.path, self.picture, self.kind = output.with_suffix(".jsonl"), output.with_suffix(".curves.png"), kind
        # What came after the checkpoint is done once more.
        lines = self.path.read_text().splitlines(True) if self.path.exists() else []
        self.path.write_text("".join(line for line in lines if json.loads(line)["step"] <= done))
        self.sums, self.count, self.began = {}, 0, time.time()

    def add(self, **values):
        self.count += 1
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.) + torch.as_tensor(value).float()      # read when told: a GPU is not to be waited for at each step

    def tell(self, step, progress, images, **more):
        """The means since the last call and whatever else is known, on stdout and in the file."""
        row = dict(step=step, progress=round(progress, 4), **{k: round(float(v) / self.count, 5) for k, v in self.sums.items()},
                   ms_an_image=round((time.time() - self.began) * 1000 / max(1, images), 1), **more)
        print(f"{self.kind} " + " ".join(f"{k} {v}" for k, v in row.items()), flush=True)
        with open(self.path, "a") as file:
            file.write(json.dumps(row) + "\n")
        self.sums, self.count, self.began = {}, 0, time.time()
        self.draw()

    def draw(self, width=420, height=180):
        """A panel a value, steps to the right."""
        rows = [json.loads(line) for line in open(self.path)]
        names = [n for n in dict.fromkeys(n for r in rows for n in r) if n not in ("step", "progress", "ms_an_image")]
        panels = []
        for name in names:
            points = [(r["step"], r[name]) for r in rows if name in r]
            panel = np.full((height, width, 3), 255, np.uint8)
            x, y = np.array(points, float).T
            low, high = y.min(), y.max()
            at = np.stack([12 + (x - x[0]) / max(1, x[-1] - x[0]) * (width - 24), height - 12 - (y - low) / max(1e-9, high - low) * (height - 44)], 1)
            cv2.polylines(panel, [np.int32(at * 8)], False, (160, 60, 20), 1, cv2.LINE_AA, 3)
            cv2.putText(panel, f"{name}  {low:.4g} .. {high:.4g}  now {y[-1]:.4g}", (10, 18), cv2.FONT_HERSHEY_SIMPLEX, .42, (0, 0, 0), 1, cv2.LINE_AA)
            panels.append(panel)
        panels += [np.full((height, width, 3), 255, np.uint8)] * (-len(panels) % 3)
        cv2.imwrite(str(self.picture), np.vstack([np.hstack(panels[i:i + 3]) for i in range(0, len(panels), 3)]))


def sheet(path, *columns, rows=8):
    """Pictures [N, 3, S, S] 0..1 side by side, one row a sample, as PNG."""
    tiles = torch.cat([c[:rows].float().clamp(0, 1).cpu() for c in columns], 3)
    image = (torch.cat(list(tiles), 1).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    cv2.imwrite(str(path), image[:, :, ::-1])
