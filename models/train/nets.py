"""The two networks. Both are plain convolutions: what training adds (parallel branches, batch norm) is folded away at
export, so that the runtime sees one convolution a layer."""
import onnx
import torch
import torch.nn.functional as F
from torch import nn


class Rep(nn.Module):
    """A dense 3x3 with a parallel 1x1 and, at equal width, an identity (RepVGG without its batch norm). The branches are
    linear, so their sum is one 3x3 kernel in training as well; only the gradient sees the three parts."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.stride = stride
        self.dense = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.point = nn.Parameter(torch.empty(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))
        same = stride == 1 and inputs == outputs
        gain = (.5 if same else 1.) ** .5
        nn.init.normal_(self.dense, std=gain * (2 / (9 * inputs)) ** .5 * .9)
        nn.init.normal_(self.point, std=gain * (2 / inputs) ** .5 * .3)
        self.skip = nn.Parameter(torch.full((outputs,), .7)) if same else None

    def kernel(self):
        """The fused [outputs, inputs, 3, 3] kernel."""
        centre = self.point[:, :, 0, 0]
        if self.skip is not None:
            centre = centre + torch.diag(self.skip)
        return self.dense + F.pad(centre[:, :, None, None], (1, 1, 1, 1))

    def forward(self, x):
        return F.relu(F.conv2d(x, self.kernel(), self.bias, self.stride, 1))


def unfused(model, net):
    """Gives `net` the weights of an exported ONNX file of its kind: the fused kernels become the 3x3 branches, the
    parallel branches begin as they are born (identity) or empty (1x1). For going on from shipped weights."""
    device = next(net.parameters()).device
    given = {t.name.split(".", 1)[1]: torch.tensor(onnx.numpy_helper.to_array(t), device=device) for t in onnx.load(model).graph.initializer}
    with torch.no_grad():
        for name, module in net.named_modules():
            if isinstance(module, Rep):
                module.point.zero_()
                module.dense.copy_(given[f"{name}.weight"] - (module.kernel() - module.dense))
                module.bias.copy_(given[f"{name}.bias"])
            elif isinstance(module, nn.Conv2d):
                module.weight.copy_(given[f"{name}.weight"])
                module.bias.copy_(given[f"{name}.bias"])


def unfolded(model, net, image):
    """Gives a `Landmarks` the weights of its exported ONNX file. Export folds each batch norm into its convolution; here
    it is born anew as one that changes nothing on `image` (a batch), for going on from shipped weights."""
    stored = {t.name: torch.tensor(onnx.numpy_helper.to_array(t), device=image.device) for t in onnx.load(model).graph.initializer}
    net.load_state_dict({name.removeprefix("net."): v for name, v in stored.items() if name.startswith("net.")}, strict=False)
    folded = iter([v for name, v in stored.items() if name.startswith("onnx::Conv")])

    def refill(conv, _):
        conv.weight.copy_(next(folded))

    def neutral(norm, inputs):
        mean, var = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), correction=0)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)
        norm.weight.copy_((var + norm.eps).sqrt())
        norm.bias.copy_(mean + next(folded))

    with torch.no_grad():
        hooks = []
        for module in net.modules():
            if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
                hooks += [module[0].register_forward_pre_hook(refill), module[1].register_forward_pre_hook(neutral)]
        net.eval()(image)
        for hook in hooks:
            hook.remove()
    net.train()


class Fused(nn.Conv2d):
    """A Rep as the plain convolution that is exported."""

    def __init__(self, rep):
        kernel = rep.kernel().detach()
        super().__init__(kernel.shape[1], kernel.shape[0], 3, rep.stride, 1)
        self.weight.data.copy_(kernel)
        self.bias.data.copy_(rep.bias.detach())

    def forward(self, x):
        return F.relu(super().forward(x))


class Light(nn.Module):
    """The light unmasker: [N, 3, S, S] RGB 0..1 -> face [N, 3, S, S], alpha [N, 1, S, S] as logits. S a multiple of 64;
    it is meant for 256. A U-Net over a 2x2-packed picture, down to S/64."""
    WIDTHS = (16, 32, 64, 96, 128, 160)
    DEEP = (1, 1, 1, 1, 2, 3)      # blocks a level on the way down, after the entering convolution
    RISE = (2, 2, 2, 2, 2)         # blocks a level on the way up

    def __init__(self):
        super().__init__()
        w = self.WIDTHS
        self.down = nn.ModuleList()
        for level, (width, blocks) in enumerate(zip(w, self.DEEP)):
            enter = Rep(12, width) if level == 0 else Rep(w[level - 1], width, 2)
            self.down.append(nn.Sequential(enter, *[Rep(width, width) for _ in range(blocks)]))
        self.bottom = None         # what ideas.py puts at the narrowest place: (x, image) -> x
        self.lift = nn.ModuleList(nn.Conv2d(w[i + 1], w[i], 1) for i in range(5))
        self.join = nn.ModuleList(nn.Conv2d(2 * w[i], w[i], 1) for i in range(5))
        self.up = nn.ModuleList(nn.Sequential(*[Rep(w[i], w[i]) for _ in range(self.RISE[i])]) for i in range(5))
        self.head = nn.Conv2d(w[0], 16, 3, padding=1)
        nn.init.normal_(self.head.weight, std=.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, image):
        x, kept = F.pixel_unshuffle(image * 2 - 1, 2), []
        for down in self.down:
            x = down(x)
            kept.append(x)
        if self.bottom is not None:
            x = self.bottom(x, image)
        for i in reversed(range(5)):
            x = F.interpolate(self.lift[i](x), scale_factor=2, mode="nearest")
            x = self.up[i](F.relu(self.join[i](torch.cat([x, kept[i]], 1))))
        out = F.pixel_shuffle(self.head(x), 2)
        return out[:, :3], out[:, 3:]


class LightExport(nn.Module):
    """The fused network with the outputs of the contract: face and alpha in 0..1."""

    def __init__(self, light):
        super().__init__()
        self.light = fuse(light)

    def forward(self, image):
        face, alpha = self.light(image)
        return torch.sigmoid(face), torch.sigmoid(alpha)


def fuse(module):
    """Every Rep inside `module` replaced by its one convolution, in place."""
    for name, child in module.named_children():
        setattr(module, name, Fused(child)) if isinstance(child, Rep) else fuse(child)
    return module


def conv(inputs, outputs, stride=1, size=3):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = conv(width, width)

    def forward(self, x):
        return x + self.body(x)


class Landmarks(nn.Module):
    """[N, 3, 112, 112] RGB 0..1 -> points [N, 68, 2] as fractions of the crop's side, and logits [N, 2]: face, worn.

    Two answers mixed, point by point: a linear layer over the whole picture, which guesses what is hidden, and the
    centre of mass of a heat map at a quarter of the resolution (Sun et al. 2018), which is exact where a point is seen.
    """
    SIZE = 112
    WIDTHS = (16, 40, 80, 144)     # channels at 56, 28, 14 and 7 px
    BLOCKS = (0, 1, 2, 2)          # residual blocks there
    FINE = (48, 32)                # channels on the way back up, at 14 and 28 px

    def __init__(self):
        super().__init__()
        stages, before = [], 3
        for width, blocks in zip(self.WIDTHS, self.BLOCKS):
            stages.append(nn.Sequential(conv(before, width, 2), *(Residual(width) for _ in range(blocks))))
            before = width
        self.stages = nn.ModuleList(stages)
        self.squeeze = conv(before, 24, 1, 1)
        self.points = nn.Linear(24 * 49, 136)
        self.facts = nn.Linear(before, 2)
        nn.init.normal_(self.points.weight, std=.005)
        self.register_buffer("mean", torch.full((68, 2), .5))
        (at14, at28), (_, c28, c14, c7) = self.FINE, self.WIDTHS
        self.beside = nn.ModuleList([nn.Conv2d(c14, at14, 1), nn.Conv2d(c28, at28, 1)])
        self.rise = nn.ModuleList([nn.Conv2d(c7, at14, 1), nn.Conv2d(at14, at28, 1)])
        self.blend = nn.ModuleList([conv(at14, at14), conv(at28, at28)])
        self.heat = nn.Conv2d(at28, 68, 1)
        self.seen = nn.Parameter(torch.zeros(68, 1))

    def forward(self, image):
        x, kept = image * 2 - 1, []
        for stage in self.stages:
            x = stage(x)
            kept.append(x)
        whole = self.points(self.squeeze(x).flatten(1)).reshape(-1, 68, 2).float() + self.mean
        fine = x
        for level, beside, rise, blend in zip((2, 1), self.beside, self.rise, self.blend):
            above = F.interpolate(rise(fine), scale_factor=2., mode="nearest")
            fine = blend(F.relu(above + beside(kept[level])))
        heat = self.heat(fine)
        side = heat.shape[-1]
        share = heat.flatten(2).float().softmax(-1)
        at = (torch.arange(side, device=heat.device) + .5) / side
        grid = torch.stack([at.repeat(side), at.repeat_interleave(side)], 1)
        points = whole + torch.sigmoid(self.seen) * (share @ grid - whole)
        return points, self.facts(x.mean((2, 3)))


class LandmarksExport(nn.Module):
    """The outputs of the contract: points, score and worn as probabilities [N, 1]."""
    # Painted masks are told from bare faces more easily than real ones: this much more on the logit of `worn` brings the
    # two kinds of error on real photos nearer together (.7 and .9 were best on one half of the sets each). No weight has
    # seen a real mask.
    WORN = .8

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        points, facts = self.net(image)
        return points, torch.sigmoid(facts[:, :1]), torch.sigmoid(facts[:, 1:] + self.WORN)
