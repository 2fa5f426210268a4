"""From the heads' raw predictions to boxes and masks: the twin of the runtime's post-processing (src/tasks)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..models.heads import HeadOutputs
from ..models.locations import (
    MASK_STRIDE,
    all_locations,
    boxes_from,
    dynamic_masks,
    flatten_levels,
    intersection_over_union,
)

NMS_IOU = 0.6
LARGEST_CANDIDATE_COUNT = 1000


@dataclass
class Found:
    """Objects of one picture, best first: scores [n], categories [n] from 0, boxes [n, 4] in coded pixels, and what
    their masks are made from."""

    scores: Tensor
    categories: Tensor
    boxes: Tensor
    parameters: Tensor
    centres: Tensor
    strides: Tensor


def non_maximum_suppression(boxes: Tensor, categories: Tensor) -> list[int]:
    """Indexes of the boxes (best first) that no kept box of the same category overlaps by more than NMS_IOU."""
    overlaps = (intersection_over_union(boxes, boxes) > NMS_IOU) & (categories[:, None] == categories[None])
    kept: list[int] = []
    for i in range(len(boxes)):
        if not overlaps[i, kept].any():
            kept.append(i)
    return kept


def find_objects(
    outputs: HeadOutputs, picture: int, height: int, width: int, min_score: float, limit: int = 100
) -> Found:
    """Objects of one picture of a batch, whose coded size is height x width pixels.

    Order: score, then level, raster position and category, so that equal scores have one order everywhere.
    """
    centres, strides = all_locations(outputs.classes)
    scores = flatten_levels(outputs.classes)[picture].sigmoid()
    location, category = (scores >= min_score).nonzero(as_tuple=True)
    values = scores[location, category]
    order = torch.sort(values, descending=True, stable=True).indices[:LARGEST_CANDIDATE_COUNT]
    location, category, values = location[order], category[order], values[order]
    boxes = boxes_from(centres, strides, flatten_levels(outputs.distances)[picture])[location]
    limits = torch.tensor([width, height, width, height], dtype=boxes.dtype)
    boxes = torch.minimum(boxes.clamp(min=0), limits)
    solid = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(1)
    location, category, values, boxes = location[solid], category[solid], values[solid], boxes[solid]
    kept = torch.tensor(non_maximum_suppression(boxes, category)[:limit], dtype=torch.long)
    at = location[kept]
    parameters = flatten_levels(outputs.controllers)[picture][at]
    return Found(values[kept], category[kept], boxes[kept], parameters, centres[at], strides[at])


def draw_masks(
    found: Found, mask_features: Tensor, coded: tuple[int, int], source: tuple[int, int], batch: int = 16
) -> Tensor:
    """Masks [n, H, W] (bool) in a source picture of `source` (height, width) pixels, each cropped to its box.

    mask_features: [M, h, w] of the picture. Logits are interpolated bilinearly between position centres; a source
    pixel belongs to the object when the logit at its centre is positive.
    """
    height, width = source
    masks = torch.zeros((len(found.scores), height, width), dtype=torch.bool)
    scale = torch.tensor([width / coded[1], height / coded[0]])
    xs = (torch.arange(width) + 0.5) / scale[0]
    ys = (torch.arange(height) + 0.5) / scale[1]
    h, w = mask_features.shape[1:]
    # grid_sample's coordinates: -1 and 1 are the outer edges of the first and last position.
    grid = torch.stack(torch.meshgrid(ys / (h * MASK_STRIDE) * 2 - 1, xs / (w * MASK_STRIDE) * 2 - 1, indexing="ij"), 2)
    for first in range(0, len(masks), batch):
        part = slice(first, first + batch)
        count = len(found.scores[part])
        features = mask_features.float()[None].expand(count, -1, -1, -1)
        logits = dynamic_masks(features, found.parameters[part], found.centres[part], found.strides[part])
        full = F.grid_sample(
            logits[:, None], grid.flip(2)[None].expand(count, -1, -1, -1), padding_mode="border", align_corners=False
        )[:, 0]
        box = found.boxes[part] * scale.repeat(2)
        x, y = torch.arange(width) + 0.5, torch.arange(height) + 0.5
        inside_x = (x[None] >= box[:, None, 0]) & (x[None] < box[:, None, 2])
        inside_y = (y[None] >= box[:, None, 1]) & (y[None] < box[:, None, 3])
        masks[part] = (full > 0) & inside_y[:, :, None] & inside_x[:, None]
    return masks
