"""Where a network in training responds: heatmaps and boxes of whole pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import distributed
from ..data.crops import prefetch
from ..data.semantic_crops import heat_boxes, heatmaps
from ..models.backbone import normalise
from ..models.contrastive import Encoder
from .setup import Setup


def squeeze(pictures: Sequence[np.ndarray], side: int) -> Tensor:
    """Resize whole pictures to uint8 RGB [N, 3, side, side]."""
    small = [np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BILINEAR)) for p in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)


@torch.no_grad()
def heat_of(encoder: Encoder, setup: Setup, pictures: Tensor) -> Tensor:
    """Heatmaps [N, side, side] of what `squeeze` gives."""
    with setup.autocast():
        activation = encoder(normalise(setup.place(pictures))).heat
    return heatmaps(activation, pictures.shape[-1])


def refresh_boxes(encoder: Encoder, setup: Setup, side: int, batch: int = 64, workers: int = 1) -> Tensor:
    """Boxes [P, 4] of all the setup's pictures, each process looking at its share of them."""
    rank, world = distributed.share()
    count = len(setup.pictures)
    size = -(-count // world)
    mine = [min(i, count - 1) for i in range(rank * size, (rank + 1) * size)]
    groups = [mine[i : i + batch] for i in range(0, size, batch)]

    def read(i: int) -> Tensor:
        return squeeze([setup.pictures[j] for j in groups[i]], side)

    boxes = [heat_boxes(heat_of(encoder, setup, rgb)) for rgb in prefetch(read, 0, len(groups), workers)]
    return distributed.gather(torch.cat(boxes))[:count]
