"""Task-aligned assignment of locations to objects (TOOD, Feng et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.locations import intersection_over_union, within

TOP = 10
"""Locations an object may claim."""


@dataclass
class Assignment:
    """The object of each location [N, L] (-1: none), and the score each location should give [N, L]."""

    objects: Tensor
    scores: Tensor
    counted: Tensor
    """Whether the location's class scores count at all [N, L]: not where only an ignored box is."""


@torch.no_grad()
def assign(
    centres: Tensor, scores: Tensor, boxes: Tensor, truth: Tensor, categories: Tensor, ignored: Tensor
) -> Assignment:
    """Give each object the locations whose score and box already suit it best.

    centres [L, 2], scores [N, L, K] (probabilities), boxes [N, L, 4]: predictions; truth [N, n, 4], categories [N, n],
    -1 for none: objects; ignored [N, m, 4]: boxes that are neither objects nor background. Alignment is score x IoU^6;
    the score to aim at is the alignment, scaled so that an object's best location aims at its best IoU.
    """
    inside = within(centres, truth) & (categories >= 0)[..., None]
    iou = intersection_over_union(truth, boxes)
    of_category = categories.clamp(min=0)[..., None].expand(-1, -1, len(centres))
    alignment = scores.transpose(1, 2).gather(1, of_category) * iou.pow(6) * inside
    # Early on all alignments are nearly nothing; the distance to the middle then decides between them.
    middle = (truth[..., :2] + truth[..., 2:]) / 2
    nearness = torch.exp(-(centres - middle[..., None, :]).norm(dim=-1) / 64) * inside
    chosen = torch.topk(alignment + 1e-9 * nearness, min(TOP, len(centres)), 2).indices
    claims = torch.zeros_like(inside).scatter_(2, chosen, True) & inside
    best_iou, best = torch.where(claims, iou, torch.full_like(iou, -1.0)).max(1)
    positive = best_iou >= 0
    mine = torch.zeros_like(claims).scatter_(1, best[:, None], positive[:, None])
    alignment = alignment * mine
    top_alignment = alignment.amax(2, keepdim=True).clamp(min=1e-12)
    top_iou = (iou * mine).amax(2, keepdim=True)
    target = (alignment / top_alignment * top_iou).amax(1)
    counted = ~within(centres, ignored).any(1) | positive
    return Assignment(torch.where(positive, best, torch.full_like(best, -1)), target, counted)
