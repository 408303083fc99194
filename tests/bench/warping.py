"""How well restored clips follow the motion of the true one: what is left of a frame when the frame before is first moved along.

    warping.py CLEAN MASKED RESTORED...    the same frames bare, with painted masks, and as programs made them of those

The measure of `mask2face evaluate --clip` (Lai et al. 2018) with another flow, OpenCV's dense inverse search, and in the
frame instead of the crop: mean absolute difference where the mask was, as a multiple of the clean clip's own. Needs
opencv-python and NumPy.
"""
import sys

import cv2
import numpy as np

DIFFERS = 12  # levels between clean and masked, a little blurred, beyond what encoders do
SMALLEST = 300  # pixels; fewer are no mask


def frames(path):
    clip = cv2.VideoCapture(path)
    while True:
        there, frame = clip.read()
        if not there:
            return
        yield frame


def main(clean, masked, *restored):
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    errors, before = [], None
    for now in zip(*map(frames, (clean, masked, *restored))):
        truth, hidden, shown = now[0], now[1], (now[0], *now[2:])
        if before is not None:
            flow = search.calc(*(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY) for f in (truth, before[0])), None)
            rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
            hole = cv2.GaussianBlur(cv2.absdiff(truth, hidden).astype(np.float32).mean(2), (0, 0), 2) > DIFFERS
            if hole.sum() >= SMALLEST:
                moved = (cv2.remap(f, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR) for f in before)
                errors.append([cv2.absdiff(a, b)[hole].mean() for a, b in zip(moved, shown)])
        before = shown
    mean = np.mean(errors, 0)
    for name, error in zip((clean, *restored), mean):
        print(f"{name}: {error:.2f} levels, {error / mean[0]:.2f} times the clean clip's")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
