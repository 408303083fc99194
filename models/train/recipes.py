"""What a step of training is told: the article's losses, and ours."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ideas import Following
from loop import autocast
from losses import dice, luma, ssim

# The article's choices. Its code's `ssim_l1_loss` has a squared error in the L1's place (here ssim+mse); the loss that
# its name promises is tried beside it.
ARTICLE = ("mse", "mae", "ssim", "ssim+mse", "ssim+l1")


@dataclass
class Batch:
    """Samples 0..1: image and target [N, 3, S, S], cover [N, 1, S, S] (the mask's alpha), hole (cover grown, 0/1)."""
    image: torch.Tensor
    target: torch.Tensor
    cover: torch.Tensor
    hole: torch.Tensor


def article(kind, net, batch):
    """The article's losses, over the whole crop; an alpha, if the network has one, is taught by BCE beside."""
    with autocast():
        face, alpha = net(batch.image)
    face, losses = torch.sigmoid(face.float().contiguous()), {}
    if "ssim" in kind:
        losses["ssim"] = 1 - ssim(face, batch.target).mean()
    if kind.endswith("mse"):
        losses["mse"] = F.mse_loss(face, batch.target)
    if kind == "mae" or kind.endswith("l1"):
        losses["l1"] = F.l1_loss(face, batch.target)
    if alpha is not None:
        losses["alpha"] = F.binary_cross_entropy_with_logits(alpha.float(), batch.cover)
    return losses


def pixel_losses(face, alpha, batch):
    """L1 (pixels and patches) and SSIM weighted to the hole, alpha by BCE and Dice; face 0..1, alpha as logits."""
    target, hole = batch.target, batch.hole
    l1 = ((.5 + 5.5 * hole) * (face - target).abs()).mean()
    structure = ((.1 + hole) * (1 - ssim(luma(face), luma(target)))).sum() / (.1 + hole).sum()
    # The eye forgives a blur sooner than a wrong complexion: the colour of patches of a sixteenth of the side.
    patch = face.shape[-1] // 16
    missed = F.avg_pool2d((face - target) * hole, patch).abs()
    tone = missed.sum() / (3 * F.avg_pool2d(hole, patch).sum() + 1)
    # Any trace of mask is to be painted over: a third of coverage already counts as all.
    goal = (batch.cover * 3).clamp(max=1)
    shape = F.binary_cross_entropy_with_logits(alpha, goal) + .5 * dice(torch.sigmoid(alpha), goal)
    return 2 * (l1 + tone), structure, shape


def detail(image):
    """What is finer than a sixteenth of the side."""
    cells = F.avg_pool2d(image, image.shape[-1] // 16)
    return image - F.interpolate(cells, size=image.shape[2:], mode="bilinear")


def nudged(image, *others):
    """The same small similarity on all pictures (1.5 degrees, 1 % shift, 1 % zoom), sensor noise on the first: what
    happens to a crop from one frame of a video to the next."""
    n = len(image)
    angle, zoom = torch.randn(n, device=image.device) * .026, 1 + torch.randn(n, device=image.device) * .01
    c, s = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    shift = torch.randn(n, 2, device=image.device) * .02
    grid = F.affine_grid(torch.stack([c, -s, shift[:, 0], s, c, shift[:, 1]], 1).view(n, 2, 3), image.shape, align_corners=False)
    moved = [F.grid_sample(v, grid, padding_mode="border", align_corners=False) for v in (image, *others)]
    noise = torch.rand(n, 1, 1, 1, device=image.device) * 6 / 255
    return (moved[0] + torch.randn_like(image) * noise).clamp(0, 1), *moved[1:]


class Ours:
    """Pixel and alpha first; likeness (LPIPS on the mouth), the teacher, a judge of patches and steadiness each with a
    weight and the progress at which it sets in. Returns the weighted losses by name."""

    def __init__(self, args, perceptual, patches, teacher):
        self.perceptual, self.patches, self.teacher = perceptual, patches, teacher
        self.weights = {k: (getattr(args, k), getattr(args, f"{k}_from")) for k in ("perceptual", "adversary", "stability", "distil")}

    def weight(self, name, there, progress):
        """The loss's weight by now; 0 where what it needs is not there."""
        weight, begin = self.weights[name]
        return weight if there and progress >= begin else 0.

    def __call__(self, net, batch, progress):
        image, target, hole = batch.image, batch.target, batch.hole
        with autocast():
            face, alpha = net(image)
        face, alpha = torch.sigmoid(face.float().contiguous()), alpha.float().contiguous()
        l1, structure, shape = pixel_losses(face, alpha, batch)
        # What the user sees, near the mask: the leftover fringe of the mask pushes alpha up.
        opacity, given = torch.sigmoid(alpha), image.contiguous()
        seen = given + (face - given) * opacity
        losses = dict(l1=l1, ssim=structure, alpha=shape, fringe=(hole * (seen - target).abs()).sum() / (3 * hole.sum() + 1))
        painted = target + (face - target) * hole
        if weight := self.weight("perceptual", self.perceptual, progress):
            with autocast():
                losses["lpips"] = weight * self.perceptual(painted, target)
        if weight := self.weight("distil", self.teacher, progress):
            with torch.no_grad(), autocast():
                wanted = torch.sigmoid(self.teacher(image)[0].float())
            # its detail alone: of colours the truth knows more
            losses["distil"] = weight * (hole * (detail(face) - detail(wanted)).abs()).sum() / (3 * hole.sum() + 1) * 6
        if weight := self.weight("adversary", self.patches, progress):
            losses["fooled"] = weight * self.patches.judge(painted, target, hole)
        if weight := self.weight("stability", True, progress):
            losses["steady"] = weight * self.unsteadiness(net, batch, face, opacity)
        return losses

    @staticmethod
    def unsteadiness(net, batch, face, opacity):
        """How far face and alpha of a nudged crop are from the nudged face and alpha. A network that sees the frame before
        is shown the painting that was not nudged, and is held to the truth as well, or it would copy for ever."""
        follows = isinstance(net, Following)
        before = (torch.cat([batch.image + (face - batch.image) * opacity, opacity], 1).detach(),) if follows else ()
        moved, face, opacity, hole, target = nudged(batch.image, face.detach(), opacity.detach(), batch.hole, batch.target)
        with autocast():
            again, alpha = net(moved.contiguous(memory_format=torch.channels_last), *before)
        again = torch.sigmoid(again.float())
        apart = (again - face).abs().mean(1, keepdim=True) + (torch.sigmoid(alpha.float()) - opacity).abs()
        if follows:
            apart = apart + (again - target).abs().mean(1, keepdim=True)
        return (hole * apart).sum() / (hole.sum() + 1)
