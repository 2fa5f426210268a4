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


def follow(opinion: Opinion, n: int, goal: Tensor, counted: Tensor, taken: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Complete the class goals [L, K] of picture n by a teacher's scores.

    Returns them, where they count [L, K], and how much the teacher's box counts at each location [L]: not at those
    that are `taken` by annotated objects.
    """
    valid = opinion.valid[n]
    scores = opinion.scores[n] * valid
    best = scores.amax(1)
    strength = torch.where((best >= CONFIDENT_SCORE) & ~taken, best, torch.zeros_like(best))
    return torch.where(valid, scores, goal), counted | valid, strength


def detection_loss(
    outputs: HeadOutputs, targets: Targets, opinion: Opinion | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a batch and its parts: class, box and mask.

    Where a teacher's `opinion` is valid, class scores follow its scores and boxes its confident boxes.
    """
    centres, strides = all_locations(outputs.classes)
    logits, distances = flatten_levels(outputs.classes), flatten_levels(outputs.distances)
    parameters = flatten_levels(outputs.controllers)
    boxes = boxes_from(centres, strides, distances)
    device = logits.device
    class_loss = logits.new_zeros(())
    weights, box_terms, mask_owner, mask_index, mask_location = [], [], [], [], []
    for n in range(len(logits)):
        truth, categories = targets.boxes[n].to(device), targets.categories[n].to(device)
        found = assign(centres, logits[n].sigmoid(), boxes[n], truth, categories, targets.ignored[n].to(device))
        positive = (found.objects >= 0).nonzero().squeeze(1)
        goal = torch.zeros_like(logits[n])
        owner = found.objects[positive]
        goal[positive, categories[owner]] = found.scores[positive]
        counted = found.counted[:, None].expand_as(goal)
        weights.append(found.scores[positive])
        box_terms.append(1 - generalised_iou(boxes[n][positive], truth[owner]))
        if opinion is not None:
            goal, counted, strength = follow(opinion, n, goal, counted, found.objects >= 0)
            confident = strength.nonzero().squeeze(1)
            weights.append(strength[confident])
            box_terms.append(1 - generalised_iou(boxes[n][confident], opinion.boxes[n][confident]))
        class_loss = class_loss + (quality_focal(logits[n], goal) * counted).sum()
        exact = targets.exact[n].to(device)[owner] & (owner + 1 < UNKNOWN)
        mask_location.append(positive[exact])
        mask_owner.append(torch.full_like(positive[exact], n))
        mask_index.append(owner[exact])
    weight = torch.cat(weights)
    total = weight.sum().clamp(min=1.0)
    box_loss = (torch.cat(box_terms) * weight).sum() / total
    where, picture, index = torch.cat(mask_location), torch.cat(mask_owner), torch.cat(mask_index)
    if len(where) > LARGEST_MASK_COUNT:
        pick = torch.randperm(len(where), device=device)[:LARGEST_MASK_COUNT]
        where, picture, index = where[pick], picture[pick], index[pick]
    mask_loss = parameters.sum() * 0
    if len(where):
        features = outputs.mask_features.float()[picture]
        masks = dynamic_masks(features, parameters[picture, where], centres[where], strides[where])
        objects = targets.objects.to(device)[picture]
        mask_loss = dice(masks, (objects == (index + 1)[:, None, None]).float(), objects != UNKNOWN).mean()
    class_loss = class_loss / total
    loss = class_loss + 2 * box_loss + mask_loss
    return loss, {"class": class_loss.detach(), "box": box_loss.detach(), "mask": mask_loss.detach()}
