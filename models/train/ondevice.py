"""Training samples of the unmasker made on the device itself, a batch at a time: a GPU would wait for any number of loader
processes. What `data.UnmaskSamples` does to one sample with OpenCV happens here to a batch with torch; on top, half of
the masks are put on another face than they were cut for, stretched to it by its points.

Pictures are [N, C, S, S] float, 0..1, RGB. Positions are in pixels of the 256-px crop until they are sampled.
"""
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from data import ALIGN
from faces import apply, similarity, warp
from layers import SIDE

MARGIN = SIDE // 8                                     # kept around a face's crop, so that it can be moved
HELD_TO = np.r_[1:16, 27:36, 48, 54]                   # the points that a mask is stretched by: jaw, nose, mouth corners

# JPEG (ITU-T T.81, annex K): luma and chroma steps at quality 50.
LUMA = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
CHROMA = [17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99] + [99] * 32
YCC = [[.299, .587, .114], [-.168736, -.331264, .5], [.5, -.418688, -.081312]]


def cosines(device):
    k, x = torch.arange(8, device=device).float()[:, None], torch.arange(8, device=device).float()[None]
    return torch.cos((2 * x + 1) * k * torch.pi / 16) * torch.where(k == 0, 8 ** -.5, .5)


def jpeg(image, quality):
    """What a JPEG of quality [N] (25..95, 4:2:0) leaves of the pictures; sides in multiples of 16."""
    n, _, h, w = image.shape
    to = torch.tensor(YCC, device=image.device)
    dct = cosines(image.device)
    share = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100

    def coded(plane, table):
        steps = (torch.tensor(table, device=image.device).float().view(8, 8) * share.view(n, 1, 1) + .5).floor().clamp(1, 255)
        c, hh, ww = plane.shape[1:]
        blocks = plane.view(n, c, hh // 8, 8, ww // 8, 8).transpose(3, 4) * 255
        steps = steps.view(n, 1, 1, 1, 8, 8)
        blocks = (dct @ blocks @ dct.T / steps).round() * steps
        return (dct.T @ blocks @ dct / 255).transpose(3, 4).reshape(n, c, hh, ww)

    ycc = torch.einsum("ij,njhw->nihw", to, image) - torch.tensor([.5, 0, 0], device=image.device).view(1, 3, 1, 1)
    luma, chroma = coded(ycc[:, :1].contiguous(), LUMA), coded(F.avg_pool2d(ycc[:, 1:], 2), CHROMA)
    ycc = torch.cat([luma + .5, F.interpolate(chroma, scale_factor=2., mode="bilinear")], 1)
    return torch.einsum("ij,njhw->nihw", torch.linalg.inv(to), ycc).clamp(0, 1)


def homogeneous(matrix):
    """[N, 2, 3] -> [N, 3, 3]."""
    row = torch.tensor([0., 0, 1], device=matrix.device).expand(len(matrix), 1, 3)
    return torch.cat([matrix, row], 1)


def diagonal(scale, shift, device):
    """x -> scale x + shift on both axes, [3, 3]."""
    return torch.tensor([[scale, 0, shift], [0, scale, shift], [0, 0, 1.]], device=device)


def stretched(source, target):
    """The least-squares affine maps [N, 3, 3] of points [N, K, 2]."""
    ones = torch.ones_like(source[..., :1])
    fit = torch.linalg.lstsq(torch.cat([source, ones], -1), target).solution
    return homogeneous(fit.transpose(1, 2))


class DeviceSamples:
    """Iterate for ever: (image, target [N, 3, S, S], cover [N, 1, S, S]), 0..1, on `device`."""

    def __init__(self, photos, layers, template, size, batch, device, bare=.22, borrowed=.5, seed=0, only=None):
        self.size, self.batch, self.device, self.bare, self.borrowed = size, batch, device, bare, borrowed
        self.draw = torch.Generator(device).manual_seed(seed)
        scale, names = size / SIDE, list(photos.names)
        faces = [i for i in photos.of("train") if only is None or photos.names[i].startswith(only)]
        held = set(names[i] for i in faces)
        matrices = {i: similarity(photos.points[i], template * SIDE, ALIGN) for i in faces}
        rng = np.random.default_rng(seed)
        edge = (SIDE + 2 * MARGIN) * scale

        def canvas(i):
            matrix = matrices[i].copy()
            matrix[:, 2] += MARGIN
            border = cv2.BORDER_REPLICATE if i % 2 else cv2.BORDER_CONSTANT
            return warp(photos[i][0], matrix * scale, int(edge), border)

        def thing(image):
            grown = cv2.copyMakeBorder(image, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
            return cv2.resize(grown, (int(edge), int(edge)), interpolation=cv2.INTER_AREA)

        def mask(i):
            colour, alpha = layers.sheet(i)
            a = alpha[..., None].astype(np.float32) / 255
            return cv2.resize(np.concatenate([colour * a, a * 255], 2).round().astype(np.uint8), (size, size), interpolation=cv2.INTER_AREA)

        usable = np.array([k for k in rng.permutation(len(layers)) if layers.source[k] in held])
        with ThreadPoolExecutor() as pool:
            things = list(pool.map(thing, layers.things))
            stack = lambda pictures: torch.from_numpy(np.stack(list(pictures))).permute(0, 3, 1, 2).contiguous().to(device)
            self.faces = torch.cat([stack(pool.map(canvas, faces)), stack(things)])
            self.masks = stack(pool.map(mask, usable))
        row = {names[i]: k for k, i in enumerate(faces)}
        points = lambda v: torch.tensor(np.array(v), dtype=torch.float32, device=device)
        self.people = len(faces)
        self.face_points = points([apply(matrices[i], photos.points[i])[HELD_TO] for i in faces])
        self.mask_points = points(layers.points[usable][:, HELD_TO])
        wearer = [row[layers.source[k]] if layers.on[k] < 0 else self.people + layers.on[k] for k in usable]
        self.wearer = torch.tensor(wearer, device=device)

    def __iter__(self):
        while True:
            yield self.sample()

    # ---- chance, a number a sample -----------------------------------------------------------------------------------
    def normal(self, *shape):
        return torch.randn(self.batch, *shape, device=self.device, generator=self.draw)

    def uniform(self, low, high, *shape):
        return low + (high - low) * torch.rand(self.batch, *shape, device=self.device, generator=self.draw)

    def chance(self, share, *shape):
        return self.uniform(0, 1, *(shape or (1, 1, 1))) < share

    def one_of(self, many):
        return torch.randint(many, (self.batch,), device=self.device, generator=self.draw)

    # ---- places --------------------------------------------------------------------------------------------------------
    def place(self, shift=.03, turn=3., zoom=.04):
        """Crop -> crop [N, 3, 3]: misplaced as landmarks misplace it, mirrored half the time."""
        angle, scale = self.normal() * turn * torch.pi / 180, (self.normal() * zoom).exp()
        c, s = angle.cos() * scale, angle.sin() * scale
        turned = torch.stack([c, -s, s, c], 1).view(-1, 2, 2)
        centre = torch.full((2,), SIDE / 2., device=self.device)
        moved = centre - turned @ centre + self.normal(2) * shift * SIDE
        matrix = homogeneous(torch.cat([turned, moved[..., None]], 2))
        mirror = torch.tensor([[-1., 0, SIDE], [0, 1, 0], [0, 0, 1]], device=self.device)
        return torch.where(self.chance(.5, 1, 1), mirror @ matrix, matrix)

    def misfit(self):
        """A mask sits a little otherwise on another face."""
        grow = torch.eye(2, device=self.device) + self.normal(2, 2) * .02
        centre = torch.tensor([SIDE / 2., .72 * SIDE], device=self.device)
        return homogeneous(torch.cat([grow, (centre - grow @ centre + self.normal(2) * .012 * SIDE)[..., None]], 2))

    def loose(self):
        """Cloth that is grown and moved past the face's outline, as `data.loosened` does; [N, 3, 3], and itself for the others."""
        grow = torch.diag_embed(torch.stack([self.uniform(-.02, .16), self.uniform(-.02, .1)], 1).exp())
        centre = torch.tensor([SIDE / 2., .62 * SIDE], device=self.device)
        grown = homogeneous(torch.cat([grow, (centre - grow @ centre + self.normal(2) * .015 * SIDE)[..., None]], 2))
        return torch.where(self.chance(.4, 1, 1), grown, torch.eye(3, device=self.device))

    def sampled(self, pictures, back, reach):
        """uint8 pictures -> 0..1 crops; `back` takes the crop's pixels to the picture's, which is `reach` wide."""
        to = diagonal(2 / reach, -1, self.device) @ back @ diagonal(SIDE / 2, SIDE / 2, self.device)
        n, c = pictures.shape[:2]
        grid = F.affine_grid(to[:, :2], (n, c, self.size, self.size), align_corners=False)
        return F.grid_sample(pictures.float() / 255, grid, padding_mode="border" if c == 3 else "zeros", align_corners=False)

    # ---- light and damage ----------------------------------------------------------------------------------------------
    def relit(self, image, strength):
        """Gain, colour, a slanted light, saturation and gamma."""
        image = image * (self.normal(1, 1, 1) * .16 * strength + self.normal(3, 1, 1) * .06 * strength).exp()
        ramp = torch.linspace(-1, 1, self.size, device=self.device)
        slope = self.uniform(-.3, .3, 2, 1, 1) * strength * self.chance(.4)
        image = image * (1 + slope[:, :1] * ramp[:, None] + slope[:, 1:] * ramp)
        grey = image.mean(1, keepdim=True)
        image = grey + (image - grey) * torch.where(self.chance(.4), self.uniform(.35, 1.35, 1, 1, 1), 1.)
        gamma = torch.where(self.chance(.3), (self.normal(1, 1, 1) * .25 * strength).exp(), 1.)
        return image.clamp(1e-4, 1) ** gamma

    def exposed(self, sheet, clean):
        """Far brighter or darker than the face, burnt out on one side, or in a colour of the picture around: `data.exposed`."""
        cells = F.adaptive_avg_pool2d(clean, 16).flatten(2)
        colour = cells.gather(2, self.one_of(256).view(-1, 1, 1).expand(-1, 3, 1))[..., None]
        there = (sheet > 0).any(1, keepdim=True)
        mean = (sheet * there).sum((2, 3), keepdim=True) / there.sum((2, 3), keepdim=True).clamp(min=1)
        sheet = sheet + (colour - mean) * self.uniform(.5, 1, 1, 1, 1) * self.chance(.12)
        sheet = sheet * torch.where(self.chance(.4), (self.normal(1, 1, 1) * .35 + .1).exp(), 1.)
        at, angle = torch.linspace(-1, 1, self.size, device=self.device), self.uniform(0, 2 * torch.pi, 1, 1, 1)
        along = angle.cos() * at + angle.sin() * at[:, None]
        glare = (.5 + along * self.uniform(.5, 3, 1, 1, 1) + self.normal(1, 1, 1) * .5).clamp(0, 1)
        return (sheet + (1 - sheet) * glare * self.uniform(.2, .9, 1, 1, 1) * self.chance(.35)).clamp(0, 1)

    def ended(self, stack):
        """Now and then the photo ends inside the crop: black past a line."""
        at = torch.arange(self.size, device=self.device) / self.size
        left = torch.where(self.chance(.12), self.uniform(.02, .28, 1, 1, 1), -1.)
        side = self.one_of(5).view(-1, 1, 1, 1)
        far = torch.where(side < 2, 1 - at[:, None], torch.where(side == 2, at[:, None], torch.where(side == 3, at, 1 - at)))
        return stack * (far >= left)

    def softened(self, stack):
        """Blur for some, lost resolution for others, the same for all channels."""
        n, c = stack.shape[:2]
        sigma = torch.where(self.chance(.18, 1), self.uniform(.3, 1.6, 1) * self.size / 256, .05)
        at = torch.arange(-5, 6, device=self.device).float()
        kernel = torch.exp(-at ** 2 / (2 * sigma ** 2))
        kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(c, 0)
        flat = F.pad(stack.reshape(1, n * c, *stack.shape[2:]), (5,) * 4, mode="replicate")
        flat = F.conv2d(F.conv2d(flat, kernel[:, None, None], groups=n * c), kernel[:, None, :, None], groups=n * c)
        stack = flat.view_as(stack)
        few = torch.rand(1, device=self.device, generator=self.draw).item()
        small, poor = int(self.size * (.25 + .65 * few)), slice(0, max(1, int(.22 * n)))        # samples come in no order
        lost = F.interpolate(F.interpolate(stack[poor], size=(small, small), mode="area"), size=stack.shape[2:], mode="bilinear")
        return torch.cat([lost, stack[poor.stop:]])

    def damaged(self, image):
        """Sensor noise and JPEG."""
        noise = self.uniform(1, 9, 1, 1, 1) / 255 * self.chance(.35)
        image = (image + noise * self.normal(*image.shape[1:])).clamp(0, 1)
        quality = self.uniform(25, 92)
        last = slice(int(.65 * len(image)), None)
        return torch.cat([image[:last.start], jpeg(image[last], quality[last])])

    @torch.no_grad()
    def sample(self):
        mask, own = self.one_of(len(self.masks)), self.chance(1 - self.borrowed, 1)[:, 0]
        bare, beside = self.chance(self.bare, 1)[:, 0], self.chance(.25, 1)[:, 0]
        wearer, stranger = self.wearer[mask], self.one_of(self.people)
        own = (own | (wearer >= self.people)) & ~bare      # a hand before a mask stays where it is
        face = torch.where(own, wearer, stranger)
        fit = stretched(self.mask_points[mask], self.face_points[face.clamp(max=self.people - 1)])
        fit = torch.where(own[:, None, None], torch.eye(3, device=self.device), torch.linalg.inv(fit @ self.misfit()))
        if len(self.faces) > self.people:
            face = torch.where(bare & beside, self.people + self.one_of(len(self.faces) - self.people), face)
        back = torch.linalg.inv(self.place())
        clean = self.sampled(self.faces[face], diagonal(1, MARGIN, self.device) @ back, SIDE + 2 * MARGIN)
        layer = self.sampled(self.masks[mask], torch.linalg.inv(self.loose()) @ fit @ back, SIDE)
        cover = layer[:, 3:] * ~bare.view(-1, 1, 1, 1)
        sheet = self.relit(layer[:, :3] / layer[:, 3:].clamp(min=.03), 1.)      # the mask's light is drawn apart from the face's
        clean = self.relit(clean, .6)
        sheet = self.exposed(sheet, clean)
        masked = clean + (sheet - clean) * cover
        ramp = torch.linspace(-1, 1, self.size, device=self.device)             # one light over both
        gain = torch.where(self.chance(.3), (self.uniform(-.35, .35, 1, 1, 1) * ramp + self.normal(1, 1, 1) * .2 - .1).exp(), 1.)
        stack = torch.cat([(masked * gain).clamp(0, 1), (clean * gain).clamp(0, 1), cover], 1)
        stack = self.softened(self.ended(stack))
        image = self.damaged(stack[:, :3])
        level = lambda v: (v * 255).round() / 255
        return level(image).contiguous(memory_format=torch.channels_last), level(stack[:, 3:6]).contiguous(), stack[:, 6:].contiguous()
