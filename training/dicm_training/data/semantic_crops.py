"""Semantic-aware localisation: positives are cropped where the network's last convolution responds.

ContrastiveCrop (Peng et al., CVPR 2022), fed by DICM's tail: heatmap -> box -> crops whose centres are drawn from a
Beta distribution with its mass at the borders of the box, so that two crops of one object overlap less than two
uniform ones would and still show it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

HEAT_THRESHOLD = 0.1
CENTRE_BETA = 0.6
AREA = (0.2, 1.0)
ASPECT = (3 / 4, 4 / 3)
WHOLE = (0.0, 0.0, 1.0, 1.0)

Window = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, right and bottom exclusive."""


def heatmaps(activation: Tensor, side: int) -> Tensor:
    """Map the last convolution's output [N, C, h, w] to heat in [0, 1] [N, side, side].

    Sum over the channels, minimum and maximum of each picture to 0 and 1, bilinear upsampling.
    """
    heat = activation.float().sum(1)
    low, high = heat.amin((1, 2), keepdim=True), heat.amax((1, 2), keepdim=True)
    heat = (heat - low) / (high - low).clamp(min=1e-12)
    return F.interpolate(heat[:, None], (side, side), mode="bilinear", align_corners=False)[:, 0]


def heat_boxes(heat: Tensor, threshold: float = HEAT_THRESHOLD) -> Tensor:
    """Tight bounds of heat > threshold: left, top, right, bottom [N, 4] as shares of the sides; all if nothing is."""
    hot = heat > threshold
    boxes = []
    for axis in (1, 2):  # over rows: which columns are hot; over columns: which rows are
        line = hot.any(axis)
        length = line.shape[1]
        first = line.float().argmax(1)
        last = length - line.flip(1).float().argmax(1)
        boxes.append((first / length, last / length))
    (left, right), (top, bottom) = boxes
    box = torch.stack([left, top, right, bottom], 1)
    whole = torch.tensor(WHOLE, device=heat.device)
    return torch.where(hot.any(2).any(1)[:, None], box, whole)


def sample_window(
    rng: np.random.Generator, width: int, height: int, box: Sequence[float] | None, area: tuple[float, float] = AREA
) -> Window:
    """Draw a crop of a width x height picture: a random share of its area at a random aspect ratio.

    Without a `box` its place is uniform (plain random resized crop); with one (shares of the sides) its centre is
    drawn from Beta(0.6, 0.6) between the box's borders, and the crop is then moved inside the picture.
    """
    pixels = width * height * rng.uniform(*area)
    aspect = float(np.exp(rng.uniform(np.log(ASPECT[0]), np.log(ASPECT[1]))))
    w = max(1, min(width, round((pixels * aspect) ** 0.5)))
    h = max(1, min(height, round((pixels / aspect) ** 0.5)))
    if box is None:
        u, v = rng.random(2)
        left, top = int(u * (width - w + 1)), int(v * (height - h + 1))
    else:
        u, v = rng.beta(CENTRE_BETA, CENTRE_BETA, 2)
        left = round(width * (box[0] + (box[2] - box[0]) * u) - w / 2)
        top = round(height * (box[1] + (box[3] - box[1]) * v) - h / 2)
        left, top = min(max(left, 0), width - w), min(max(top, 0), height - h)
    return left, top, left + w, top + h
