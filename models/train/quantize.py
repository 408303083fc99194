"""light.onnx -> int8: `quantize.py MODEL.onnx OUT.onnx PACK TEMPLATE --pairs PAIRS`.

Static quantisation (QDQ, weights a channel, activations calibrated on crops as the network meets them), the first and the
last convolution left in float32. It is worth shipping only if it holds 38 dB against float32 inside the hole; the figure
is printed, goes into the metadata, and a model under the bar is not written.
"""
import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import onnx

os.environ["ORT_DISABLE_TELEMETRY"] = "1"        # before ONNX Runtime is loaded: it tells its maker nothing
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from data import Pairs, Photos, UnmaskSamples
from faces import session

BAR = 38.


class Crops(CalibrationDataReader):
    def __init__(self, samples, count):
        self.left = (dict(image=tensor(samples()[0])) for _ in range(count))

    def get_next(self):
        return next(self.left, None)


def tensor(image):
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None]).astype(np.float32) / 255


def agreement(exact, rounded, samples, count):
    """Mean PSNR of the painted pixels inside the hole, int8 against float32, and the largest mean difference of alpha."""
    decibels, alphas = [], []
    for _ in range(count):
        image, _, cover = samples()
        hole = cover > 127
        if hole.sum() < 200:
            continue
        (a, alpha), (b, other) = (s.run(None, {"image": tensor(image)}) for s in (exact, rounded))
        decibels.append(-10 * np.log10(max(1e-9, float(((a - b) ** 2).mean(1)[0][hole].mean()))))
        alphas.append(float(np.abs(alpha - other).mean()))
    return float(np.mean(decibels)), max(alphas)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("template", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--keep", nargs="*", default=None, help="nodes left in float32; without it the first and the last convolution")
    parser.add_argument("--calibrate", type=int, default=96)
    parser.add_argument("--method", default="Percentile", choices=["MinMax", "Percentile", "Entropy"])
    args = parser.parse_args()
    photos, template = Photos(args.pack), np.array(json.loads(args.template.read_text()))
    pairs = Pairs(args.pairs) if args.pairs else None
    samples = lambda seed, part: UnmaskSamples(photos, template, 256, pairs, seed=seed, part=part)
    convolutions = [n.name for n in onnx.load(args.model).graph.node if n.op_type == "Conv"]
    keep = args.keep if args.keep is not None else [convolutions[0], convolutions[-1]]
    with tempfile.TemporaryDirectory() as folder:
        ready, made = Path(folder) / "ready.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(args.model, ready, skip_symbolic_shape=True)
        quantize_static(ready, made, Crops(samples(5, "train"), args.calibrate), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, op_types_to_quantize=["Conv"],
                        nodes_to_exclude=keep, calibrate_method=CalibrationMethod[args.method])
        decibels, alpha = agreement(session(args.model), session(made), samples(6, "val"), 64)
        print(f"int8 against float32 in the hole: {decibels:.2f} dB ({BAR} asked), alpha differs by {alpha:.5f} on average at worst")
        if decibels < BAR:
            raise SystemExit(f"under the bar: {args.out} is not written")
        model = onnx.load(made)
        for prop in onnx.load(args.model).metadata_props:
            model.metadata_props.add(key=prop.key, value=prop.value)
        model.metadata_props.add(key="mask2face.int8_decibels", value=f"{decibels:.2f}")
        onnx.save(model, args.out)


if __name__ == "__main__":
    main()
