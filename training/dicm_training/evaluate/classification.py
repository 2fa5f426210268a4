"""Estimated rate and top-1 accuracy of a model in training, level by level, and of an uncompressed backbone."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..data.pictures import to_rgb
from ..models.backbone import load_backbone, normalise
from ..models.codec import Model


@torch.no_grad()
def measure_top1(model: Model, crops: Tensor, labels: Tensor, batch: int, device: torch.device) -> dict:
    """Bits per pixel (estimated from the entropy models, hard rounding) and top-1 % per level and uncompressed."""
    levels = model.arch.quality_levels
    bits, hits, plain = torch.zeros(levels), torch.zeros(levels), 0
    for x, y in zip(crops.split(batch), labels.split(batch), strict=True):
        rgb = normalise(to_rgb(x.to(device))).contiguous(memory_format=torch.channels_last)
        y = y.to(device)
        f1 = model.head(rgb)
        plain += int((model.tail(f1)[3].argmax(1) == y).sum())
        for level in range(levels):
            coded = model.codec(f1, torch.full((len(x),), float(level), device=device), noisy=False)
            bits[level] += float((coded.latent_bits + coded.hyper_bits).sum())
            hits[level] += int((model.tail(coded.features)[3].argmax(1) == y).sum())
    n, pixels = len(crops), crops.shape[2] * crops.shape[3]
    return {
        "pictures": n,
        "uncompressed": {"top1": 100 * plain / n},
        "levels": [
            {"level": i, "bpp": float(bits[i]) / n / pixels, "top1": 100 * float(hits[i]) / n} for i in range(levels)
        ],
    }


@torch.no_grad()
def backbone_top1(path: Path, crops: Tensor, labels: Tensor, batch: int, device: torch.device) -> float:
    """Top-1 % of an uncompressed backbone."""
    head, tail = (part.to(device).eval() for part in load_backbone(path))
    hits = 0
    for x, y in zip(crops.split(batch), labels.split(batch), strict=True):
        hits += int((tail(head(normalise(to_rgb(x.to(device)))))[3].argmax(1) == y.to(device)).sum())
    return 100 * hits / len(crops)
