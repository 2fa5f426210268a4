"""Locations of the heads' outputs, and the boxes and masks that a location's numbers stand for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

STRIDES = (8, 16, 32)
MASK_STRIDE = 4
DYNAMIC_WIDTH = 8
"""Width of the hidden layers of the dynamic mask network."""
LARGEST_LOG_DISTANCE = 6.0
"""Distances are stride x exp(min(t, this))."""


def locations(height: int, width: int, stride: int, device: torch.device | None = None) -> Tensor:
    """Centres (x, y) of a level's locations in pixels, [height * width, 2], in raster order."""
    y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
    return (torch.stack((x, y), -1).reshape(-1, 2).float() + 0.5) * stride


def all_locations(levels: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Centres [L, 2] and strides [L] of all levels' locations."""
    centres, strides = [], []
    for x, stride in zip(levels, STRIDES, strict=True):
        centres.append(locations(x.shape[2], x.shape[3], stride, x.device))
        strides.append(torch.full((len(centres[-1]),), float(stride), device=x.device))
    return torch.cat(centres), torch.cat(strides)


def flatten_levels(levels: list[Tensor]) -> Tensor:
    """[N, C, H, W] of every level to [N, all locations, C], in float32."""
    return torch.cat([x.flatten(2).transpose(1, 2) for x in levels], 1).float()


def boxes_from(centres: Tensor, strides: Tensor, distances: Tensor) -> Tensor:
    """Boxes (x0, y0, x1, y1) in pixels from raw distances [..., L, 4] at centres [L, 2] of strides [L]."""
    d = strides[:, None] * torch.exp(distances.float().clamp(max=LARGEST_LOG_DISTANCE))
    return torch.cat((centres - d[..., :2], centres + d[..., 2:]), -1)


def within(centres: Tensor, boxes: Tensor) -> Tensor:
    """Whether centres [L, 2] lie inside boxes [..., n, 4], (x0, y0, x1, y1), not on their edges: [..., n, L]."""
    low, high = centres - boxes[..., None, :2], boxes[..., None, 2:] - centres
    return torch.minimum(low, high).amin(-1) > 0


def intersection_over_union(a: Tensor, b: Tensor) -> Tensor:
    """IoU of all pairs of boxes a [..., n, 4] and b [..., m, 4], (x0, y0, x1, y1): [..., n, m]."""
    low = torch.maximum(a[..., :, None, :2], b[..., None, :, :2])
    high = torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(-1)
    area_a, area_b = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)
    return overlap / (area_a[..., :, None] + area_b[..., None, :] - overlap).clamp(min=1e-6)


def dynamic_masks(features: Tensor, parameters: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Mask logits [P, H, W] at stride 4 of P objects.

    features: [P, M, H, W] mask features of each object's picture; parameters: [P, 169]; centres [P, 2] in pixels
    and strides [P] of the locations that gave them. With [P, M + 1] parameters, a linear combination of prototypes.
    """
    count, channels, height, width = features.shape
    if parameters.shape[1] == channels + 1:
        weights, bias = parameters.split((channels, 1), 1)
        return torch.baddbmm(bias[:, None], weights[:, None], features.flatten(2)).view(count, height, width)
    w = DYNAMIC_WIDTH
    grid = locations(height, width, MASK_STRIDE, features.device).view(1, height * width, 2)
    relative = (grid - centres[:, None]) / (8 * strides)[:, None, None]
    x = torch.cat((relative.transpose(1, 2), features.reshape(count, channels, -1)), 1)
    sizes = ((2 + channels) * w, w * w, w, w, w, 1)
    w0, w1, w2, b0, b1, b2 = parameters.split(sizes, 1)
    x = F.relu(torch.baddbmm(b0.unsqueeze(2), w0.view(count, w, 2 + channels), x))
    x = F.relu(torch.baddbmm(b1.unsqueeze(2), w1.view(count, w, w), x))
    return torch.baddbmm(b2.unsqueeze(2), w2.view(count, 1, w), x).view(count, height, width)
