"""Loss of the heads: quality focal loss of classes, GIoU of boxes, dice of masks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.annotated import UNKNOWN
from ..data.views import Targets
from ..models.heads import HeadOutputs
from ..models.locations import all_locations, boxes_from, dynamic_masks, flatten_levels
from .assignment import assign

LARGEST_MASK_COUNT = 128
"""Objects of a batch whose masks are computed in one step."""


CONFIDENT_SCORE = 0.2
"""From this score on a teacher's box is learned from, in proportion to its score."""


@dataclass
class Opinion:
    """What another detector says of a batch, at the heads' locations: scores [N, L, K] and boxes [N, L, 4]."""

    scores: Tensor
    boxes: Tensor
    valid: Tensor
    """Whether it is asked [N, L, K]: where annotations know the answer they overrule it."""


def quality_focal(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy towards soft targets, weighted by the squared distance to them (Li et al. 2020)."""
    distance = (target - logits.sigmoid()).abs()
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none") * distance.square()


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU (Rezatofighi et al. 2019) of boxes [n, 4] pair by pair: [n]."""
    overlap = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - overlap
    return overlap / union.clamp(min=1e-6) - (hull - union) / hull


def dice(logits: Tensor, target: Tensor, counted: Tensor) -> Tensor:
    """1 - dice coefficient [P] over the positions [P, H, W] that count."""
    p, t = (logits.sigmoid() * counted).flatten(1), (target * counted).flatten(1)
    return 1 - (2 * (p * t).sum(1) + 1) / (p.square().sum(1) + t.square().sum(1) + 1)


def follow(opinion: Opinion, goal: Tensor, counted: Tensor, taken: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Complete the class goals [N, L, K] by a teacher's scores.

    Returns them, where they count [N, L, K], and how much the teacher's box counts at each location [N, L]: not at
    those that are `taken` by annotated objects.
    """
    scores = opinion.scores * opinion.valid
    best = scores.amax(2)
    strength = torch.where((best >= CONFIDENT_SCORE) & ~taken, best, torch.zeros_like(best))
    return torch.where(opinion.valid, scores, goal), counted | opinion.valid, strength


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Rows `index` [N, L] of each picture's values [N, n, ...]: [N, L, ...]."""
    return values[torch.arange(len(values), device=values.device)[:, None], index]


def detection_loss(
    outputs: HeadOutputs, targets: Targets, opinion: Opinion | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a batch and its parts: class, box and mask. `targets` are on the device of the outputs.

    Where a teacher's `opinion` is valid, class scores follow its scores and boxes its confident boxes.
    """
    centres, strides = all_locations(outputs.classes)
    logits, distances = flatten_levels(outputs.classes), flatten_levels(outputs.distances)
    parameters = flatten_levels(outputs.controllers)
    boxes = boxes_from(centres, strides, distances)
    found = assign(centres, logits.sigmoid(), boxes, targets.boxes, targets.categories, targets.ignored)
    positive, owner = found.objects >= 0, found.objects.clamp(min=0)
    weight = found.scores * positive
    category = rows(targets.categories, owner).clamp(min=0)
    goal = torch.zeros_like(logits).scatter_(2, category[..., None], weight[..., None])
    counted = found.counted[..., None].expand_as(goal)
    wanted = rows(targets.boxes, owner)
    if opinion is not None:
        goal, counted, strength = follow(opinion, goal, counted, positive)
        wanted = torch.where(positive[..., None], wanted, opinion.boxes)
        weight = weight + strength  # one of them is nothing
    total = weight.sum().clamp(min=1.0)
    class_loss = (quality_focal(logits, goal) * counted).sum() / total
    chosen = weight > 0
    box_loss = ((1 - generalised_iou(boxes[chosen], wanted[chosen])) * weight[chosen]).sum() / total
    exact = positive & rows(targets.exact, owner) & (owner + 1 < UNKNOWN)
    picture, where = exact.nonzero(as_tuple=True)
    if len(where) > LARGEST_MASK_COUNT:
        pick = torch.randperm(len(where), device=where.device)[:LARGEST_MASK_COUNT]
        picture, where = picture[pick], where[pick]
    mask_loss = parameters.sum() * 0
    if len(where):
        features = outputs.mask_features.float()[picture]
        masks = dynamic_masks(features, parameters[picture, where], centres[where], strides[where])
        objects = targets.objects[picture]
        shown = objects == (owner[picture, where] + 1)[:, None, None]
        mask_loss = dice(masks, shown.float(), objects != UNKNOWN).mean()
    loss = class_loss + 2 * box_loss + mask_loss
    return loss, {"class": class_loss.detach(), "box": box_loss.detach(), "mask": mask_loss.detach()}
