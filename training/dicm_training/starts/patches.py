"""The start of the view's g_a and g_s: the Karhunen-Loeve transform of patches of 16 x 16 pixels of RGB around grey."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..models.view import BASE, CENTRE, PATCH, View


def patches(rgb: Tensor) -> Tensor:
    """Cut centred pictures [N, 3, H, W] into patches [N H W / 256, 768], elements ordered (y, x, channel)."""
    n, c, h, w = rgb.shape
    cut = (rgb - CENTRE).view(n, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return cut.permute(0, 2, 4, 3, 5, 1).reshape(-1, PATCH * PATCH * c)


def transform(batches: Iterable[Tensor], rank: int) -> tuple[Tensor, Tensor]:
    """Return the orthonormal basis [rank, 768] that keeps most of the patches' energy, and the energies [rank]."""
    second, count = torch.zeros(()), 0
    for rgb in batches:
        p = patches(rgb).double()
        second = second + p.T @ p
        count += len(p)
    if count == 0:
        raise ValueError("a transform needs at least one batch")
    energies, vectors = torch.linalg.eigh(second / count)
    return vectors.flip(1)[:, :rank].T.float(), energies.flip(0)[:rank].float()


@torch.no_grad()
def initialise(view: View, basis: Tensor, log2_scale: float) -> None:
    """Write the transform into the linear paths; y is 2^log2_scale times the coefficients."""
    rank = len(basis)
    kernel = basis.view(rank, PATCH, PATCH, 3).permute(0, 3, 1, 2)
    view.ga.linear.weight.copy_(kernel * 2**log2_scale)
    # Rows of the synthesis are ordered (y / 4, x / 4, y % 4, x % 4, channel): twice depth to space by 4.
    split = basis.view(rank, PATCH // BASE, BASE, PATCH // BASE, BASE, 3).permute(0, 1, 3, 2, 4, 5).reshape(rank, -1)
    view.gs.linear.weight.copy_(split.T[:, :, None, None] * 2**-log2_scale)
