"""Views of annotated photographs: the collages that the heads are trained on, and what they should be answered with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from .annotated import UNKNOWN, Annotated
from .crops import prepared


@dataclass
class View:
    """A training canvas: rgb uint8 [H, W, 3], its objects, boxes to ignore, and the map at stride 4.

    In `objects` [H/4, W/4] value k + 1 is object k, 0 background, 255 unknown. `unlabelled` [m, 4] are the parts of
    the canvas where photographs without boxes lie.
    """

    rgb: np.ndarray
    boxes: np.ndarray
    categories: np.ndarray
    exact: np.ndarray
    ignored: np.ndarray
    unlabelled: np.ndarray
    objects: np.ndarray


@dataclass
class Targets:
    """What a batch of N views should be answered with, padded to the view that has most of each.

    boxes [N, n, 4] and categories [N, n], -1 where there is no object; `exact` [N, n]; `ignored` [N, m, 4] and
    `unlabelled` [N, k, 4], empty boxes where there are none; `objects` [N, H/4, W/4].
    """

    boxes: Tensor
    categories: Tensor
    exact: Tensor
    ignored: Tensor
    unlabelled: Tensor
    objects: Tensor

    @classmethod
    def of(cls, views: list[View]) -> Targets:
        """Gather those of views of one size."""

        def padded(parts: list[np.ndarray], value: float = 0) -> Tensor:
            count = max(1, *(len(part) for part in parts))
            out = np.full((len(parts), count, *parts[0].shape[1:]), value, parts[0].dtype)
            for row, part in zip(out, parts, strict=True):
                row[: len(part)] = part
            return torch.from_numpy(out)

        return cls(
            padded([v.boxes for v in views]),
            padded([v.categories for v in views], -1),
            padded([v.exact for v in views]),
            padded([v.ignored for v in views]),
            padded([v.unlabelled for v in views]),
            torch.from_numpy(np.stack([v.objects for v in views])),
        )

    def to(self, device: torch.device) -> Targets:
        """The same on a device."""
        return Targets(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def sampling_weights(pictures: list[Annotated], threshold: float = 0.05, largest: float = 4.0) -> np.ndarray:
    """Probability of each picture: those with a category seen in fewer than `threshold` of all come up more often.

    Repeat factor sampling (Gupta et al. 2019): max over a picture's categories of sqrt(threshold / frequency).
    """
    seen = Counter(int(c) for p in pictures for c in set(p.categories.tolist()))
    factor = {c: min(largest, max(1.0, (threshold * len(pictures) / n) ** 0.5)) for c, n in seen.items()}
    weights = np.array([max([factor[int(c)] for c in p.categories] or [1.0]) for p in pictures])
    return weights / weights.sum()


class ViewSource:
    """Collages of scaled, cropped, flipped and recoloured photographs with their objects.

    A photograph smaller than the canvas leaves strips, which crops of other photographs fill, so that no
    computation is spent on blank borders. Everything depends on seed and step only.
    """

    def __init__(
        self,
        pictures: list[Annotated],
        count: int,
        canvas: tuple[int, int],
        sides: tuple[int, int],
        seed: int,
        workers: int = 1,
    ) -> None:
        """Make batches of `count` views of `canvas` (height, width) pixels or the same turned upright.

        The longest side of a photograph is drawn log-uniformly from `sides`; `workers` batches are made at once.
        """
        self.pictures, self.count, self.canvas, self.sides, self.seed = pictures, count, canvas, sides, seed
        self.workers = workers
        weights = sampling_weights(pictures)
        tall = np.array([p.rgb.shape[0] > p.rgb.shape[1] for p in pictures])
        self.pools = {False: np.flatnonzero(~tall), True: np.flatnonzero(tall)}
        self.tall_share = float(weights[tall].sum())
        self.chances = {upright: weights[pool].cumsum() for upright, pool in self.pools.items()}

    def _draw(self, rng: np.random.Generator, tall: bool) -> Annotated:
        shape = tall if len(self.pools[tall]) else not tall
        chances = self.chances[shape]
        place = np.searchsorted(chances, rng.random() * chances[-1], side="right")
        return self.pictures[int(self.pools[shape][min(place, len(chances) - 1)])]

    def _place(
        self, rng: np.random.Generator, picture: Annotated, view: View, x: int, y: int, width: int, height: int
    ) -> tuple[int, int]:
        """Put a random part of the scaled picture at (x, y), at most width x height; return the size it took."""
        h, w = picture.rgb.shape[:2]
        side = float(np.exp(rng.uniform(np.log(self.sides[0]), np.log(self.sides[1]))))
        stretch = float(np.exp(rng.uniform(-0.1, 0.1)))
        sx, sy = side / max(h, w) * stretch, side / max(h, w) / stretch
        sw, sh = max(8, round(w * sx)), max(8, round(h * sy))
        tw, th = min(sw, width), min(sh, height)
        ox, oy = int(rng.integers(0, sw - tw + 1)), int(rng.integers(0, sh - th + 1))
        window = (ox * w / sw, oy * h / sh, (ox + tw) * w / sw, (oy + th) * h / sh)
        rgb = Image.fromarray(picture.rgb).resize((tw, th), Image.Resampling.BICUBIC, window)
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            rgb = enhance(rgb).enhance(float(rng.uniform(0.75, 1.3)))
        instance_map = np.asarray(
            Image.fromarray(picture.instance_map).resize((tw, th), Image.Resampling.NEAREST, window)
        )
        boxes = picture.boxes * np.array([sw / w, sh / h] * 2, np.float32) - np.array([ox, oy] * 2, np.float32)
        pixels = np.asarray(rgb)
        if rng.random() < 0.5:
            pixels, instance_map = pixels[:, ::-1], instance_map[:, ::-1]
            boxes = np.stack((tw - boxes[:, 2], boxes[:, 1], tw - boxes[:, 0], boxes[:, 3]), 1)
        full = np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-6)
        boxes = np.stack(
            [boxes[:, 0].clip(0, tw), boxes[:, 1].clip(0, th), boxes[:, 2].clip(0, tw), boxes[:, 3].clip(0, th)], 1
        )
        extent = boxes[:, 2:] - boxes[:, :2]
        visible = extent.prod(1) / full
        # What is cut to less than a third, or to a few pixels, can neither be asked for nor counted as background.
        keep = (visible > 0.33) & (extent.min(1) >= 4) & ~picture.crowd
        drop = ~keep & (extent.min(1) > 0)
        objects = np.where(instance_map == UNKNOWN, UNKNOWN, 0).astype(np.uint8)
        first = len(view.boxes)
        for k, i in enumerate(np.flatnonzero(keep)):
            if first + k + 1 < UNKNOWN:
                objects[instance_map == picture.instances[i]] = first + k + 1
        for i in np.flatnonzero(drop):
            objects[instance_map == picture.instances[i]] = UNKNOWN
        view.rgb[y : y + th, x : x + tw] = pixels
        view.objects[y : y + th, x : x + tw] = objects
        offset = np.array([x, y, x, y], np.float32)
        view.boxes = np.concatenate((view.boxes, boxes[keep] + offset))
        view.categories = np.concatenate((view.categories, picture.categories[keep]))
        view.exact = np.concatenate((view.exact, picture.exact[keep]))
        view.ignored = np.concatenate((view.ignored, boxes[drop] + offset))
        if not picture.labelled:
            view.unlabelled = np.concatenate((view.unlabelled, [np.array([x, y, x + tw, y + th], np.float32)]))
        return tw, th

    def view(self, rng: np.random.Generator, tall: bool) -> View:
        """Make one view."""
        height, width = self.canvas if not tall else self.canvas[::-1]
        none = np.zeros((0, 4), np.float32)
        view = View(
            np.full((height, width, 3), 120, np.uint8),
            none,
            np.zeros(0, np.int64),
            np.zeros(0, bool),
            none,
            none,
            np.zeros((height, width), np.uint8),
        )
        w, h = self._place(rng, self._draw(rng, tall), view, 0, 0, width, height)
        if width - w >= 32:
            self._place(rng, self._draw(rng, height > width - w), view, w, 0, width - w, height)
        if height - h >= 32:
            self._place(rng, self._draw(rng, height - h > w), view, 0, h, w, height - h)
        view.objects = view.objects[2::4, 2::4]
        return view

    def batch(self, step: int) -> tuple[Tensor, Targets]:
        """Return RGB, uint8 [N, 3, H, W], and the targets of `step`."""
        rng = np.random.default_rng((self.seed, step))
        tall = bool(rng.random() < self.tall_share)
        views = [self.view(rng, tall) for _ in range(self.count)]
        return torch.from_numpy(np.stack([v.rgb for v in views])).permute(0, 3, 1, 2), Targets.of(views)

    def batches(self, first: int, last: int) -> Iterator[tuple[Tensor, Targets]]:
        """Yield the batches of steps first .. last - 1, prepared while the ones before them are used."""
        return prepared(self.batch, first, last, self.workers)
