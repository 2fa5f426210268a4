"""The start of g_a and g_s: a sensitivity-weighted Karhunen-Loeve transform of 4x4 patches of f1.

With C the covariance of the patches and M the average Gauss-Newton matrix of the distortion (how much the
later layers and the logits notice an error in a patch), the linear transform that loses least is
A = V^T M^(1/2), S = M^(-1/2) V, with V the leading eigenvectors of M^(1/2) C M^(1/2). In its coordinates
equal errors cost the same, so one quantisation step serves all coefficients.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from ..losses.distortion import DistortionWeights, gauss_newton_probe
from ..models.backbone import Head, Tail
from ..models.codec import Codec

PATCH = 4


def patches(f: Tensor) -> Tensor:
    """Cut [N, C, H, W] into 4x4 patches [N H W / 16, 16 C], rows ordered (dy, dx, c)."""
    n, c, h, w = f.shape
    f = f.view(n, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return f.permute(0, 2, 4, 3, 5, 1).reshape(-1, PATCH * PATCH * c)


def patch_statistics(
    head: Head, tail: Tail, batches: Iterable[Tensor], weights: DistortionWeights
) -> tuple[Tensor, Tensor, Tensor]:
    """Accumulate mean [D], covariance [D, D] and sensitivity [D, D] of f1's patches over normalised batches."""
    total, count = None, 0
    second = sensitivity = torch.zeros(())
    device_type = next(head.parameters()).device.type
    for x in batches:
        with torch.autocast(device_type, torch.bfloat16):
            with torch.no_grad():
                f1 = head(x)
            gradient = gauss_newton_probe(tail, f1.detach(), weights)
        p, g = patches(f1.float()), patches(gradient.float())
        if total is None:
            total = torch.zeros(p.shape[1], device=p.device)
            second = torch.zeros(p.shape[1], p.shape[1], device=p.device)
            sensitivity = torch.zeros_like(second)
        total += p.sum(0)
        second.addmm_(p.T, p)
        sensitivity.addmm_(g.T, g)
        count += len(p)
    if total is None:
        raise ValueError("patch_statistics needs at least one batch")
    mean = total / count
    return mean, second / count - torch.outer(mean, mean), sensitivity / count


def weighted_transform(
    covariance: Tensor, sensitivity: Tensor, rank: int, floor: float = 0.02
) -> tuple[Tensor, Tensor, Tensor]:
    """Return (analysis [rank, D], synthesis [D, rank], variances [rank]), normalised to mean sensitivity 1.

    `floor` mixes that share of a uniform sensitivity in: the rest is an estimate from finite data.
    """
    d = len(covariance)
    m = sensitivity / (sensitivity.trace() / d) * (1 - floor) + floor * torch.eye(d, device=covariance.device)
    values, vectors = torch.linalg.eigh(m)
    values = values.clamp(min=floor / 2)
    root = (vectors * values.sqrt()) @ vectors.T
    inverse_root = (vectors / values.sqrt()) @ vectors.T
    variances, basis = torch.linalg.eigh(root @ covariance @ root)
    basis = basis.flip(1)[:, :rank]
    return basis.T @ root, inverse_root @ basis, variances.flip(0)[:rank]


@torch.no_grad()
def initialise(codec: Codec, mean: Tensor, analysis: Tensor, synthesis: Tensor) -> None:
    """Write the transform into the linear paths of g_a and g_s."""
    rank, c = len(analysis), codec.arch.features
    kernel = analysis.view(rank, PATCH, PATCH, c).permute(0, 3, 1, 2)
    codec.ga.linear.weight.copy_(kernel)
    codec.ga.linear.bias.copy_(-(analysis @ mean))  # type: ignore[union-attr]
    codec.gs.linear.weight.copy_(synthesis[:, :, None, None])
    codec.gs.linear.bias.copy_(mean)  # type: ignore[union-attr]


def captured_energy(f1: Tensor, mean: Tensor, analysis: Tensor, synthesis: Tensor) -> float:
    """Share of the energy of f1's patches that survives the transform without quantisation."""
    p = patches(f1.float())
    approximation = F.linear(F.linear(p - mean, analysis), synthesis)
    return 1 - float((p - mean - approximation).square().sum() / (p - mean).square().sum())
