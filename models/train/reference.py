"""The seed article's networks, rebuilt from its code's description, and named by a short text:

    resnet:64,128,128,256,256,512/7,7,7,3,3,3     its U-Net with ResNet blocks: filters / kernels a level
    plain:16,32,64,128,256                        its plain U-Net: 3x3 convolutions, max pooling

No normalisation, biases everywhere, ReLU, 'same' padding, inputs 0..1, outputs three channels and no alpha. `alpha` as a
fourth channel (`resnet+alpha:...`) makes them fit the program's contract `unmask/1`.
"""
import torch
import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, kernel, stride=1):
    """TensorFlow's 'same': an odd kernel at stride 2 pads one more behind than before, the sides being even."""
    before, odd = divmod(kernel - stride, 2)
    layer = nn.Conv2d(inputs, outputs, kernel, stride, 0 if odd else before)
    nn.init.xavier_uniform_(layer.weight)        # Keras' default
    nn.init.zeros_(layer.bias)
    return nn.Sequential(nn.ZeroPad2d((before, before + 1) * 2), layer) if odd else layer


class Down(nn.Module):
    """x = conv(stride 2), linear, which is the skip; out = relu(conv(relu(conv(x))) + x)."""

    def __init__(self, inputs, width, kernel):
        super().__init__()
        self.enter = conv(inputs, width, kernel, 2)
        self.first, self.second = conv(width, width, kernel), conv(width, width, kernel)

    def forward(self, x):
        x = self.enter(x)
        return F.relu(self.second(F.relu(self.first(x))) + x), x


class Up(nn.Module):
    """r = relu(conv(relu(conv(cat(x, skip)))) + x), then cat(r, skip), transposed convolution of stride 2, relu(conv)."""

    def __init__(self, width, skip, outputs, kernel):
        super().__init__()
        self.first, self.second = conv(width + skip, width, kernel), conv(width, width, kernel)
        self.rise = nn.ConvTranspose2d(width + skip, outputs, kernel, 2, kernel // 2, 1)
        self.leave = conv(outputs, outputs, kernel)

    def forward(self, x, skip):
        r = F.relu(self.second(F.relu(self.first(torch.cat([x, skip], 1)))) + x)
        return F.relu(self.leave(self.rise(torch.cat([r, skip], 1))))


class ResidualUnet(nn.Module):
    """[N, 3, S, S] RGB 0..1 -> face [N, 3, S, S] and, with alpha, [N, 1, S, S], both as logits; S a multiple of 64."""

    def __init__(self, filters=(64, 128, 128, 256, 256, 512), kernels=(7, 7, 7, 3, 3, 3), alpha=False):
        super().__init__()
        self.alpha = alpha
        self.stem = conv(3, filters[0], kernels[0])
        widths = (filters[0], *filters)
        self.down = nn.ModuleList(Down(widths[i], widths[i + 1], kernels[i]) for i in range(len(filters)))
        self.bottom = conv(filters[-1], filters[-1], 3)
        # An up step hands on the width of the level that it reaches: F[i - 1], and F0 at the end.
        self.up = nn.ModuleList(Up(filters[i], filters[i], filters[max(i - 1, 0)], kernels[max(i - 1, 0)]) for i in range(len(filters)))
        self.head = nn.Sequential(conv(2 * filters[0], filters[0], kernels[0]), nn.ReLU(), conv(filters[0], 4 if alpha else 3, 1))

    def forward(self, image):
        stem = x = self.stem(image)
        skips = []
        for down in self.down:
            x, skip = down(x)
            skips.append(skip)
        x = F.relu(self.bottom(x))
        for i in reversed(range(len(self.up))):
            x = self.up[i](x, skips[i])
        out = self.head(torch.cat([stem, x], 1))
        return out[:, :3], out[:, 3:] if self.alpha else None


class PlainUnet(nn.Module):
    """The article's first network: a 3x3 convolution and max pooling a level on the way down; nearest upsampling and two
    convolutions a level on the way up. S a multiple of 32 with its five levels."""

    def __init__(self, filters=(16, 32, 64, 128, 256), kernels=None, alpha=False):
        super().__init__()
        kernels, self.alpha = kernels or (3,) * len(filters), alpha
        layer = lambda i, o, k: nn.Sequential(conv(i, o, k), nn.ReLU())
        above = (*filters[1:], filters[-1])          # channels that come up to a level
        self.down = nn.ModuleList(layer(i, o, k) for i, o, k in zip((3, *filters), filters, kernels))
        self.bottom = layer(filters[-1], filters[-1], 3)
        self.rise = nn.ModuleList(layer(i, o, k) for i, o, k in zip(above, filters, kernels))
        self.join = nn.ModuleList(layer(2 * w, w, k) for w, k in zip(filters, kernels))
        self.head = nn.Sequential(layer(filters[0], filters[0] // 2, 3), conv(filters[0] // 2, 4 if alpha else 3, 1))

    def forward(self, image):
        x, kept = image, []
        for down in self.down:
            kept.append(down(x))
            x = F.max_pool2d(kept[-1], 2)
        x = self.bottom(x)
        for i in reversed(range(len(kept))):
            x = self.rise[i](F.interpolate(x, scale_factor=2, mode="nearest"))
            x = self.join[i](torch.cat([x, kept[i]], 1))
        out = self.head(x)
        return out[:, :3], out[:, 3:] if self.alpha else None


def build(text):
    """A network from its description, see the top of this file."""
    kind, _, numbers = text.partition(":")
    kind, _, extra = kind.partition("+")
    parts = [tuple(int(v) for v in part.split(",")) for part in numbers.split("/")] if numbers else []
    networks = {"resnet": ResidualUnet, "plain": PlainUnet}
    if kind not in networks or extra not in ("", "alpha") or (len(parts) == 2 and len(parts[0]) != len(parts[1])):
        raise SystemExit(f"no network '{text}': write resnet or plain, +alpha if wanted, then :filters/kernels of equal number")
    return networks[kind](*parts, alpha=extra == "alpha")
