"""Batches of views for the heads, whose features may be computed once and learned from many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..data.pictures import rgb_on
from ..data.views import Targets, ViewSource
from ..losses.detection import Opinion
from .objects_to_learn import ObjectsToLearn

Features = tuple[Tensor, Tensor, Tensor]


@dataclass
class LearnedViews:
    """A batch to train heads on: the tail's outputs, what is on the views, and what the teacher says of them."""

    tail: Features
    targets: Targets
    opinion: Opinion | None


class KeptViews:
    """Batches of views: made anew at each step, or `keep` of them made once and then taken again in random order.

    What is taken again costs the heads alone, about a fifth of the whole; a batch of eight views of 256 x 320 takes
    25 MB. Batches depend on seed and step only.
    """

    def __init__(
        self,
        source: ViewSource,
        objects: ObjectsToLearn,
        features: Callable[[Tensor, int], Features],
        keep: int,
        device: torch.device,
    ) -> None:
        """Make batches of `source` on a device; `features` gives the tail's outputs of RGB in [0, 1] at a step."""
        self.source, self.objects, self.features = source, objects, features
        self.keep, self.device = keep, device
        self.kept: dict[int, LearnedViews] = {}

    def batches(self, first: int) -> Iterator[LearnedViews]:
        """Yield the batches from step `first` on, without end."""
        if self.keep:
            for step in range(first, 1 << 39):
                yield self._kept(step)
        for step, views in enumerate(self.source.batches(first, 1 << 39), first):
            yield self._learned(step, *views)

    def _kept(self, step: int) -> LearnedViews:
        turn, place = divmod(step, self.keep)
        index = int(np.random.default_rng((self.source.seed, turn)).permutation(self.keep)[place])
        if index not in self.kept:
            self.kept[index] = self._learned(index, *self.source.batch(index))
        return self.kept[index]

    def _learned(self, step: int, pixels: Tensor, targets: Targets) -> LearnedViews:
        rgb, targets = rgb_on(self.device, pixels), targets.to(self.device)
        c2, c3, c4 = (part.to(torch.bfloat16) for part in self.features(rgb, step))
        return LearnedViews((c2, c3, c4), targets, self.objects.opinion(rgb, targets))
