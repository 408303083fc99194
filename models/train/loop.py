"""What both trainings share: a loader process, a schedule that ends on time, the averaged weights, checkpoints."""
import math
import multiprocessing as mp
import os
import time
from pathlib import Path

import torch

from data import stream


class Loader:
    """Batches from one process of their own: iterate for ever over tuples of uint8 or float arrays."""

    def __init__(self, make, batch, depth=6):
        context = mp.get_context("fork")
        self.queue = context.Queue(depth)
        self.process = context.Process(target=stream, args=(make, batch, self.queue), daemon=True)
        self.process.start()

    def __iter__(self):
        while True:
            yield self.queue.get()

    def close(self):
        self.process.terminate()


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
        for key, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[key].lerp_(value.detach(), 1 - keep)
            else:
                self.state[key].copy_(value)


def save(path, **parts):
    """Writes a checkpoint beside its name and renames it when whole."""
    part = Path(str(path) + ".part")
    torch.save(parts, part)
    os.replace(part, path)


def picture(array):
    """uint8 [N, S, S, 3] -> float [N, 3, S, S] 0..1, channels last in memory."""
    return (torch.from_numpy(array).permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
