"""Pairs of views of the same photograph for contrastive training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import distributed
from .crops import BatchShape, prefetch
from .semantic_crops import sample_window

Pair = tuple[Tensor, Tensor]


class PositivePairs:
    """Two random crops each of a batch of pictures, the second ones in shuffled order.

    Every epoch visits the pictures in an order of its own. All choices depend only on the seed, the step and the
    place in the batch. MoCo shuffles the key pictures over the processes before they are encoded and back after;
    here every process reads its shuffled share of the keys at once, which saves sending pictures around.
    """

    def __init__(
        self,
        pictures: Sequence[np.ndarray],
        shapes: list[BatchShape],
        seed: int,
        area: tuple[float, float],
        shuffle: bool = True,
        workers: int = 1,
    ) -> None:
        """Keep the pictures; crops cover a share of `area` of them; `workers` batches are made at once."""
        self.pictures, self.shapes, self.seed = pictures, shapes, seed
        self.area, self.shuffle, self.workers = area, shuffle, workers
        self.stride = max(shape.count for shape in shapes)
        self.boxes: np.ndarray | None = None
        self._orders: dict[int, np.ndarray] = {}

    @property
    def epoch_steps(self) -> int:
        """Steps that visit about every picture once."""
        return max(1, round(len(self.pictures) / self.stride))

    def picture(self, step: int, place: int) -> int:
        """Which picture stands at a place of a step's batch."""
        epoch, position = divmod(step * self.stride + place, len(self.pictures))
        order = self._orders.get(epoch)
        if order is None:
            order = np.random.default_rng((self.seed, 1, epoch)).permutation(len(self.pictures))
            # Batches of two epochs can be under way at once; older orders are not needed again.
            self._orders = {**{e: o for e, o in self._orders.items() if e >= epoch - 1}, epoch: order}
        return int(order[position])

    def order(self, step: int, count: int) -> Tensor:
        """Places of the batch in the order in which the keys are encoded: a permutation, the same in every process."""
        if not self.shuffle:
            return torch.arange(count)
        return torch.from_numpy(np.random.default_rng((self.seed, 2, step)).permutation(count))

    def view(self, step: int, place: int, which: int, side: int) -> np.ndarray:
        """View 0 or 1 of the picture at `place`: uint8 [side, side, 3]."""
        rng = np.random.default_rng((self.seed, 3, step, place, which))
        index = self.picture(step, place)
        picture = self.pictures[index]
        height, width = picture.shape[:2]
        box = None if self.boxes is None else self.boxes[index].tolist()
        left, top, right, bottom = sample_window(rng, width, height, box, self.area)
        crop = Image.fromarray(picture[top:bottom, left:right]).resize((side, side), Image.Resampling.BICUBIC)
        out = np.asarray(crop)
        return out[:, ::-1] if rng.random() < 0.5 else out

    def pair(self, step: int) -> Pair:
        """Return this process's share of a step: queries, and keys in shuffled order, both uint8 [N, 3, side, side]."""
        rank, world = distributed.share()
        shape = self.shapes[np.random.default_rng((self.seed, 0, step)).integers(len(self.shapes))]
        count = shape.count // world
        mine = range(rank * count, (rank + 1) * count)
        order = self.order(step, shape.count)
        queries = [self.view(step, place, 0, shape.side) for place in mine]
        keys = [self.view(step, int(order[place]), 1, shape.side) for place in mine]
        pair = [torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2) for views in (queries, keys)]
        return pair[0], pair[1]

    def pairs(self, first: int, last: int) -> Iterator[Pair]:
        """Yield the pairs of steps first .. last - 1, prepared while the ones before them are used."""
        return prefetch(self.pair, first, last, self.workers)

    def unshuffle(self, keys: Tensor, step: int) -> Tensor:
        """Put the encoded keys of all processes back into the batch's order."""
        restored = torch.empty_like(keys)
        restored[self.order(step, len(keys)).to(keys.device)] = keys
        return restored
