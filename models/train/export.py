"""Checkpoint -> ONNX with its contract in the metadata: `export.py light CHECKPOINT OUT.onnx --version V [--metrics FILE]`.

The averaged weights are shipped, parallel branches and batch norms folded, float32, the batch size free. --int8 stores large
kernels as whole numbers of eight bits with a scale an output channel: a quarter of the bytes; they are computed with in float32.
"""
import argparse
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnx
import torch

os.environ["ORT_DISABLE_TELEMETRY"] = "1"        # before ONNX Runtime is loaded: it tells its maker nothing
import onnxruntime as ort

from nets import Landmarks, LandmarksExport, Light, LightExport
from reference import build

PARITY = 1e-4        # largest difference between PyTorch and ONNX Runtime that is let pass
TEMPLATE = "ibug68-eyes33-29/1"
LICENCE = ("Weights: non-commercial use only, as most of the training faces are licensed so (FFHQ CC BY-NC-SA 4.0; CelebAMask-HQ, "
           "MEBeauty, SCUT-FBP5500 non-commercial research). Code: MIT OR Apache-2.0.")
DATA = ("7,300 portraits of FFHQ, CelebAMask-HQ, MEBeauty, All-Age-Faces, CIPLAB, SCUT-FBP5500, US officials and conference "
        "headshots; masks painted by `mask2face generate` and by models/train/paint.py; no photo of a real masked person")


class Sigmoid(torch.nn.Module):
    """A network of reference.py with the outputs of the contract; without an alpha it paints over everything, as the article does."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        face, alpha = self.net(image)
        return torch.sigmoid(face), torch.ones_like(image[:, :1]) if alpha is None else torch.sigmoid(alpha)


KINDS = {
    "light": dict(contract="unmask/1", net=Light, shell=LightExport, size=256, outputs=["face", "alpha"],
                  role="unmasker", recipe="models/train/README.md, stages of models/train/reproduce.sh"),
    "reference": dict(contract="unmask/1", net=None, shell=Sigmoid, size=256, outputs=["face", "alpha"],
                      role="unmasker", recipe="models/train/README.md, unmasker.py --net"),
    "landmarks": dict(contract="landmarks/1", net=Landmarks, shell=LandmarksExport, size=112, outputs=["points", "score", "worn"],
                      role="landmarks", recipe="models/train/README.md, stages of models/train/reproduce.sh"),
}


def narrowed(model):
    """The kernels as int8 and a scale [O]; Cast and Mul, which a runtime does once at load, make floats of them again."""
    outputs = {node.input[1]: {"Conv": 0, "ConvTranspose": 1}[node.op_type] for node in model.graph.node if node.op_type.startswith("Conv")}
    stored, widened = [], []
    for tensor in model.graph.initializer:
        kernel, name = onnx.numpy_helper.to_array(tensor), tensor.name
        if name not in outputs or kernel.size < 2000:
            stored.append(tensor)
            continue
        scale = np.maximum(np.abs(kernel).max(tuple(k for k in range(4) if k != outputs[name]), keepdims=True), 1e-9) / 127
        stored += [onnx.numpy_helper.from_array(np.round(kernel / scale).astype(np.int8), name + ".int8"),
                   onnx.numpy_helper.from_array(scale.astype(np.float32), name + ".scale")]
        widened += [onnx.helper.make_node("Cast", [name + ".int8"], [name + ".wide"], to=onnx.TensorProto.FLOAT),
                    onnx.helper.make_node("Mul", [name + ".wide", name + ".scale"], [name])]
    nodes = [*widened, *model.graph.node]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes), model.graph.initializer.extend(stored)


def answers(model, image):
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"image": image.numpy()})


def export(kind, checkpoint, out, version, metrics, int8):
    facts = KINDS[kind]
    state = torch.load(checkpoint, map_location="cpu")
    net = facts["net"]() if facts["net"] else build(state["kind"])
    net.load_state_dict(state["average"])
    shell = facts["shell"](net).eval()
    image = torch.rand(2, 3, facts["size"], facts["size"])
    names = facts["outputs"]
    torch.onnx.export(shell, (image,), str(out), input_names=["image"], output_names=names, opset_version=17, dynamo=False,
                      dynamic_axes={n: {0: "N"} for n in ["image", *names]})
    model = onnx.load(out)
    properties = {"mask2face.contract": facts["contract"], "name": kind, "version": version,
                  "template": TEMPLATE, "licence": LICENCE, "recipe": facts["recipe"], "seed": str(state["seed"]),
                  "steps": str(state["step"]), "metrics": json.dumps(metrics), "data": DATA}
    if kind == "landmarks":
        properties["framing"] = ("square around the detector's box centre, side 1.35 x its longer side, upright by its eyes; then from the "
                                 "68 points: m = longer side of their upright box, centre .17 m above the box's centre, side 1.76 m")
    del model.metadata_props[:]
    for key, value in properties.items():
        key = key if key.startswith("mask2face.") else "mask2face." + key
        model.metadata_props.add(key=key, value=value)
    with torch.no_grad():
        want = [v.numpy() for v in shell(image)]
    apart = lambda got: max(float(np.abs(g - w).max()) for g, w in zip(got, want))
    if (worst := apart(answers(model, image))) > PARITY:
        raise SystemExit(f"{out}: differs from PyTorch by {worst:.2g}, more than {PARITY}")
    if int8:
        narrowed(model)
        worst = apart(answers(model, image))
    onnx.checker.check_model(model)
    onnx.save(model, out)
    data = Path(out).read_bytes()
    print(f"{out}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}, differs from PyTorch by {worst:.2g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--metrics", type=Path, help="JSON that goes into the metadata")
    parser.add_argument("--int8", action="store_true", help="store kernels as int8, for a large network")
    args = parser.parse_args()
    metrics = json.loads(args.metrics.read_text()) if args.metrics else {}
    export(args.kind, args.checkpoint, args.out, args.version, metrics, args.int8)


if __name__ == "__main__":
    main()
