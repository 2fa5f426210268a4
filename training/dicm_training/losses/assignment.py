"""Task-aligned assignment of locations to objects (TOOD, Feng et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.locations import intersection_over_union

TOP = 10
"""Locations an object may claim."""


@dataclass
class Assignment:
    """For one picture: the object of each location [L] (-1: none), and the score each location should give [L]."""

    objects: Tensor
    scores: Tensor
    counted: Tensor
    """Whether the location's class scores count at all [L]: not where only an ignored box is."""


@torch.no_grad()
def assign(
    centres: Tensor, scores: Tensor, boxes: Tensor, truth: Tensor, categories: Tensor, ignored: Tensor
) -> Assignment:
    """Give each object the locations whose score and box already suit it best.

    centres [L, 2], scores [L, K] (probabilities), boxes [L, 4]: predictions; truth [n, 4], categories [n]: objects;
    ignored [m, 4]: boxes that are neither objects nor background. Alignment is score x IoU^6; the score to aim at is
    the alignment, scaled so that an object's best location aims at its best IoU.
    """

    def within(b: Tensor) -> Tensor:
        low = (centres[None] - b[:, None, :2]).amin(2)
        high = (b[:, None, 2:] - centres[None]).amin(2)
        return torch.minimum(low, high) > 0

    count = len(centres)
    objects = torch.full((count,), -1, dtype=torch.long, device=centres.device)
    target = torch.zeros(count, device=centres.device)
    counted = ~within(ignored).any(0) if len(ignored) else torch.ones(count, dtype=torch.bool, device=centres.device)
    if len(truth) == 0:
        return Assignment(objects, target, counted)
    iou = intersection_over_union(truth, boxes)
    inside = within(truth)
    alignment = scores[:, categories].T * iou.pow(6) * inside
    # Early on all alignments are nearly nothing; the distance to the middle then decides between them.
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    nearness = torch.exp(-(centres[None] - middle[:, None]).norm(dim=2) / 64) * inside
    chosen = torch.topk(alignment + 1e-9 * nearness, min(TOP, count), 1).indices
    claims = torch.zeros_like(inside).scatter_(1, chosen, True) & inside
    claimed_iou = torch.where(claims, iou, torch.full_like(iou, -1.0))
    best_iou, best = claimed_iou.max(0)
    positive = best_iou >= 0
    objects[positive] = best[positive]
    mine = torch.zeros_like(claims)
    mine[best[positive], positive.nonzero().squeeze(1)] = True
    alignment = alignment * mine
    top_alignment = alignment.amax(1, keepdim=True).clamp(min=1e-12)
    top_iou = (iou * mine).amax(1, keepdim=True)
    target = (alignment / top_alignment * top_iou).amax(0)
    return Assignment(objects, target, counted | positive)
