"""The start of the hyper-transforms: they hand on what an area is like, before they have learned anything.

Where h_s predicts latents to half a step they cost next to nothing, as in a flat picture. From an ordinary start the
hyper-latents never get there: what they could say is drowned by their rounding before any of it is of use, so they end
at some 14 bits per 64 x 64 pixels and say little. Here some of their channels carry an area's mean latents from the
first step on, through the linear parts of both networks: everything that is added to it on the way begins at zero. In
the view these are the three dimensions in which flat pictures of all colours differ, in the machine layer the principal
components of photographs' and drawings' areas (training/RESULTS.md has figures).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.blocks import VitBlock
from ..models.hyperprior import Hyperprior
from ..models.view import PATCH, View

Linear = nn.Linear | nn.Conv2d

COLOURS = 3
"""Dimensions of colour."""
AREA = 4
"""Latents beneath one hyper-latent, in each direction."""
PEAK = 2.0
"""Largest value on the way: larger ones would drown the other channels where layers are normalised."""
STEP = 1.0
"""How far two neighbouring values of z lie apart, in steps of the middle quality."""
UNPREDICTED = 0.5
"""Share of what sets flat pictures' latents apart; hyper-latents that miss more than this do not carry colours yet."""


@dataclass(frozen=True)
class Span:
    """Directions in the latents that hyper-latents are to carry."""

    basis: Tensor
    """Orthonormal directions [latent, dimensions]."""
    centre: Tensor
    """Mean latents [latent]."""
    largest: float
    """Largest coefficient met."""
    spread: Tensor
    """Standard deviations of the coefficients [dimensions]."""


def flat_latents(view: View) -> Tensor:
    """Latents [colours, latent, 4, 4] of flat pictures of all colours; inner ones see nothing but the colour."""
    shades = torch.cartesian_prod(*[torch.linspace(0, 1, 5, device=view.log2_gain.device)] * 3)
    return view.analyse(shades[:, :, None, None].expand(-1, -1, 4 * PATCH, 4 * PATCH).contiguous())


@torch.no_grad()
def carries_colours(view: View) -> bool:
    """Whether h_s knows flat pictures' latents already: `carry` would take what it has learned."""
    latents = flat_latents(view)
    mean = view.hyper(latents, noisy=False)[0][:, :, 1, 1]
    y = latents[:, :, 1, 1]
    return bool((y - mean).square().sum() < UNPREDICTED * (y - y.mean(0)).square().sum())


@torch.no_grad()
def colour_span(view: View, photographs: Iterable[Tensor]) -> Span:
    """Measure where `view` puts flat pictures of all colours, and photographs [N, 3, H, W] in [0, 1]."""
    flat = flat_latents(view)[:, :, 1, 1]
    means = torch.cat([view.analyse(rgb).mean((2, 3)) for rgb in photographs])
    centre = means.mean(0)
    basis = torch.linalg.svd(flat - centre, full_matrices=False).Vh[:COLOURS].T.contiguous()
    largest = float(((flat - centre) @ basis).abs().max())
    return Span(basis, centre, largest, ((means - centre) @ basis).std(0).clamp(min=1e-3))


@torch.no_grad()
def area_span(latents: Iterable[Tensor], dimensions: int) -> Span:
    """Find the principal components of what areas have in common, of y [N, latent, H, W] of many pictures."""
    means = torch.cat([F.avg_pool2d(y.float(), AREA).permute(0, 2, 3, 1).flatten(0, 2) for y in latents])
    centre = means.mean(0)
    basis = torch.linalg.svd(means - centre, full_matrices=False).Vh[:dimensions].T.contiguous()
    coefficients = (means - centre) @ basis
    return Span(basis, centre, float(coefficients.abs().max()), coefficients.std(0).clamp(min=1e-3))


def least_used(weight: Tensor, count: int) -> list[int]:
    """Inputs of a layer [out, in, ...] that weigh least in what follows."""
    sizes: Tensor = weight.detach().abs().transpose(0, 1).flatten(1).sum(1)
    return [int(i) for i in sizes.argsort()[:count]]


def silence(layer: Linear, outputs: Sequence[int]) -> None:
    """Let nothing into some of a layer's outputs."""
    layer.weight[list(outputs)] = 0
    assert layer.bias is not None
    layer.bias[list(outputs)] = 0


def pass_through(position: nn.Conv2d, block: VitBlock, channels: list[int]) -> None:
    """Let a position convolution and a ViT block hand some channels on as they are, and look at none of them."""
    silence(position, channels)
    silence(block.proj, channels)
    silence(block.mlp2, channels)
    block.qkv.weight[:, channels] = 0
    block.mlp1.weight[:, channels] = 0


def repeated(channel: int, channels: int) -> list[int]:
    """Outputs of a convolution before a depth-to-space of 2 that become `channel`."""
    return [place * channels + channel for place in range(4)]


@torch.no_grad()
def carry(codec: Hyperprior, span: Span) -> None:
    """Give a channel of h_a, z and h_s to each direction; they are taken from what is least used."""
    ha, hs, scale = codec.ha, codec.hs, span.largest / PEAK
    dimensions = span.basis.shape[1]
    first, second = least_used(ha.down2.weight, dimensions), least_used(ha.out.weight, dimensions)
    hyper = least_used(hs.enter.weight, dimensions)
    pass_through(ha.cpe1.conv, ha.vit1, first)
    pass_through(ha.cpe2.conv, ha.vit2, second)
    ha.down2.weight[:, first] = 0
    ha.out.weight[:, second] = 0
    silence(ha.down2, second)
    silence(ha.out, hyper)
    for i in range(dimensions):
        direction = span.basis[:, i] / (4 * scale)
        ha.down1.weight[first[i]] = (direction / ha.norm.weight)[:, None, None].expand(-1, 2, 2)
        ha.down1.bias[first[i]] = -4 * direction @ span.centre  # type: ignore[index]
        ha.down2.weight[second[i], first[i]] = 0.25
        ha.out.weight[hyper[i], second[i]] = scale / STEP
        width = span.spread[i] / STEP
        codec.prior.logits[hyper[i]] = 0
        codec.prior.means[hyper[i]] = width * torch.tensor([-1.0, 0.0, 1.0], device=width.device)
        codec.prior.log_scales[hyper[i]] = torch.log(width / 2)
    third, fourth = least_used(hs.up1.weight, dimensions), least_used(hs.up2.weight, dimensions)
    last = least_used(hs.out.weight, 2 * dimensions)
    pass_through(hs.cpe1.conv, hs.vit1, third)
    pass_through(hs.cpe2.conv, hs.vit2, fourth)
    silence(hs.cpe3.conv, last)
    silence(hs.enter, third)
    for layer, inputs in ((hs.enter, hyper), (hs.up1, third), (hs.up2, fourth), (hs.out, last)):
        layer.weight[:, inputs] = 0
    for i in range(dimensions):
        hs.enter.weight[third[i], hyper[i]] = STEP / scale
        rows = repeated(fourth[i], hs.cpe2.conv.out_channels)
        silence(hs.up1, rows)
        hs.up1.weight[rows, third[i]] = 1
        # hardswish(x) - hardswish(-x) = x
        for sign, channel in ((1, last[2 * i]), (-1, last[2 * i + 1])):
            rows = repeated(channel, hs.cpe3.conv.out_channels)
            silence(hs.up2, rows)
            hs.up2.weight[rows, fourth[i]] = sign
            hs.out.weight[: len(span.basis), channel, 0, 0] = sign * scale * span.basis[:, i]
