"""The start of RE: a Karhunen-Loeve transform of f1 in two levels of 2x2 patches, quantised to the target rate.

RE's residual blocks pass their input on, so its convolutions form a linear path; the blocks' nonlinear parts begin
at zero around it. From random weights RE would need most of a short budget to become transparent at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ..models.blocks import ConvFormerBlock
from ..models.entropy import FactorisedModel
from ..models.networks import RedundancyElimination


def cut(f: Tensor) -> Tensor:
    """Cut [N, C, H, W] into 2x2 patches [N H W / 4, 4 C], rows ordered (dy, dx, c)."""
    n, c, h, w = f.shape
    f = f.reshape(n, c, h // 2, 2, w // 2, 2)
    return f.permute(0, 2, 4, 3, 5, 1).reshape(-1, 4 * c)


def principal_components(batches: Iterable[Tensor], rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return (basis [rank, D], mean [D], variances [rank]) of vectors [n, D] given in batches."""
    total, second, count = torch.zeros(()), torch.zeros(()), 0
    for vectors in batches:
        v = vectors.double()
        total, second, count = total + v.sum(0), second + v.T @ v, count + len(v)
    mean = total / count
    variances, basis = torch.linalg.eigh(second / count - torch.outer(mean, mean))
    return basis.flip(1)[:, :rank].T.float(), mean.float(), variances.flip(0)[:rank].clamp(min=0).float()


def kernel(basis: Tensor) -> Tensor:
    """Turn rows over (dy, dx, c) into the weight of a 2x2 convolution [rank, c, 2, 2]."""
    return basis.reshape(len(basis), 2, 2, -1).permute(0, 3, 1, 2)


def write(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    """Overwrite a convolution."""
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)


@torch.no_grad()
def match_spread(prior: FactorisedModel, latent: Tensor) -> None:
    """Give every channel's density about the width that its latent [N, C, H, W] has after rounding."""
    width = (latent.var((0, 2, 3)) + 1 / 12).sqrt()[:, None]
    prior.means.copy_(width * torch.tensor([-0.8, 0.0, 0.8], device=latent.device))
    prior.log_scales.copy_((0.3 * width).log().expand_as(prior.log_scales))


@torch.no_grad()
def start_redundancy_elimination(
    re: RedundancyElimination, features: Callable[[], Iterable[Tensor]], log2_gain: Callable[[Tensor], float]
) -> None:
    """Write the transform into `re`.

    `features` gives the same batches of f1, float32, each time it is called; `log2_gain` maps the coefficients'
    variances to the logarithm of the gain at which rounding them costs the rate that is wanted.
    """
    rank = int(re.encoder["down1"].out_channels)  # type: ignore[arg-type]
    first, mean, _ = principal_components((cut(f) for f in features()), rank)
    size = first.shape[1] // 4
    sides = first.view(-1, 4, size)
    grids = ((f, (cut(f) - mean) @ first.T) for f in features())
    maps = (a.view(f.shape[0], f.shape[2] // 2, f.shape[3] // 2, -1).permute(0, 3, 1, 2) for f, a in grids)
    second, centre, variances = principal_components((cut(a) for a in maps), rank)
    gain = 2 ** log2_gain(variances)
    re.norm(next(iter(features())))  # sets the normalisation in front, which the first convolution undoes
    scale, shift = re.norm.weight, re.norm.bias
    assert shift is not None
    undone = (sides / scale).reshape(len(first), -1)
    write(re.encoder["down1"], kernel(undone), -(first @ mean) - undone @ shift.repeat(4))
    write(re.encoder["down2"], kernel(second) * gain, -gain * (second @ centre))
    write(re.decoder["up1"], second.T[:, :, None, None] / gain, centre)
    write(re.decoder["up2"], first.T[:, :, None, None], mean)
    for block in (re.encoder["block1"], re.decoder["block1"]):
        assert isinstance(block, ConvFormerBlock)
        for layer in (block.w2, block.m2):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
