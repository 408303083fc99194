"""The article's further ideas, each as a small change of the light network, so that its gain can be told with a number.

    light+difference     the difference from the input is predicted, not the face
    light+refined        a second network repaints what the first one composed
    light+embedding      ImageNet features (AlexNet, frozen) joined at the narrowest place
    light+variational    the narrowest place is drawn from a distribution that is kept near the normal one
    light+previous       the previous frame's painting and its alpha are seen as well

All answer as `nets.Light` does: face and alpha as logits. `light.md` has what each of them gave.
"""
import torch
import torch.nn.functional as F
from torch import nn

from nets import Light, Rep


def logit(image):
    return torch.logit(image.float().clamp(.004, .996))


class Difference(Light):
    def __init__(self, _):
        super().__init__()

    def forward(self, image):
        face, alpha = super().forward(image)
        return face + logit(image), alpha


class Refined(nn.Module):
    def __init__(self, _):
        super().__init__()
        self.coarse, self.fine = Light(), Light()

    def forward(self, image):
        face, alpha = self.coarse(image)
        composed = image + (torch.sigmoid(face.float()) - image) * torch.sigmoid(alpha.float())
        more, edge = self.fine(composed.contiguous(memory_format=torch.channels_last))
        return face + more, alpha + edge


class Embedding(nn.Module):
    """Frozen AlexNet features of the whole crop, pooled, added to every place of the bottleneck."""

    def __init__(self, weights, width):
        super().__init__()
        from losses import lpips_net
        self.see = [lpips_net(weights, "alex").net]          # in a list: not a part of what is trained or saved
        self.join = nn.Linear(256, width)

    def forward(self, x, image):
        see = self.see[0].to(image.device)
        with torch.no_grad():
            seen = see(F.interpolate(image.float() * 4 - 2, size=(224, 224), mode="bilinear"))[-1].float().mean((2, 3))
        return x + self.join(seen)[:, :, None, None]


class Embedded(Light):
    def __init__(self, weights):
        super().__init__()
        self.bottom = Embedding(weights, self.WIDTHS[-1])


class Latent(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mean, self.spread, self.cost = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1), 0.

    def forward(self, x, _):
        mean, spread = self.mean(x).float(), self.spread(x).float().clamp(-8, 8)
        self.cost = .5 * (mean ** 2 + spread.exp() - 1 - spread).mean()
        return mean + torch.randn_like(mean) * (spread / 2).exp() if self.training else mean


class Variational(Light):
    def __init__(self, _):
        super().__init__()
        self.bottom = Latent(self.WIDTHS[-1])


class Following(Light):
    """`before` [N, 4, S, S], 0..1: the crop as it was painted a frame ago, and the alpha of that; nothing at a cut."""

    def __init__(self, _):
        super().__init__()
        self.down[0][0] = Rep(28, self.WIDTHS[0])

    def forward(self, image, before=None):
        before = torch.zeros_like(image[:, :1]).expand(-1, 4, -1, -1) if before is None else before
        return super().forward(torch.cat([image, before], 1).contiguous(memory_format=torch.channels_last))

    def begin(self, light):
        """Goes on from the weights of a `Light`: nothing is seen of the previous frame yet."""
        own = self.state_dict()
        for name, value in light.items():
            if value.shape != own[name].shape:
                value = torch.cat([value, torch.zeros_like(own[name][:, value.shape[1]:])], 1)
            own[name].copy_(value)


NETWORKS = {"light+difference": Difference, "light+refined": Refined, "light+embedding": Embedded, "light+variational": Variational,
            "light+previous": Following}
