"""Storage precision of released tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def quantise_per_channel(weight: Tensor, steps: int = 24) -> tuple[Tensor, Tensor]:
    """Round a weight to int8 with one scale per output channel; return (int8, scale [out]).

    The scale of each channel is the one among `steps` clipping points that loses least in squared error.
    """
    flat = weight.flatten(1).float()
    top = flat.abs().amax(1, keepdim=True).clamp(min=1e-12)
    best_error = torch.full_like(top, float("inf"))
    best_scale = top / 127
    for step in range(steps):
        scale = top * (1 - 0.5 * step / steps) / 127
        error = ((flat / scale).round().clamp(-127, 127) * scale - flat).square().sum(1, keepdim=True)
        better = error < best_error
        best_error, best_scale = torch.where(better, error, best_error), torch.where(better, scale, best_scale)
    values = (flat / best_scale).round().clamp(-127, 127).to(torch.int8)
    return values.view_as(weight), best_scale.flatten()


def store(name: str, value: Tensor) -> dict[str, Tensor]:
    """Choose how a tensor is stored: int8 for the tail's weights, float16 for other weights, exact otherwise."""
    if value.dtype == torch.int32:
        return {name: value}
    if name.startswith("tail.") and name.endswith(".weight"):
        values, scale = quantise_per_channel(value)
        return {name: values, f"{name}_scale": scale}
    if name.startswith("gain.") or name.startswith("tail."):
        return {name: value.float()}
    half = value.half()
    if not torch.isfinite(half).all():
        raise ValueError(f"{name} does not fit float16: largest magnitude {float(value.abs().max()):g}")
    return {name: half}


def store_all(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round tensors by released name to the precision they are released in."""
    stored: dict[str, Tensor] = {}
    for name, value in tensors.items():
        stored.update(store(name, value))
    return stored
