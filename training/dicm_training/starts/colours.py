"""The start of the view's hyper-transforms: they hand on what colour an area has, before they have learned anything.

A flat picture should cost next to nothing, and can only where h_s predicts its latents to half a step. From an ordinary
start the hyper-latents never get there: what they could say is drowned by their rounding before any of it is of use, so
they end at 14 bits per 64 x 64 pixels and say little. Here three of their channels carry the colour from the first step
on, through the linear parts of both networks: everything that is added to it on the way begins at zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models.blocks import VitBlock
from ..models.view import PATCH, View

Linear = nn.Linear | nn.Conv2d

COLOURS = 3
"""Dimensions of colour, and channels of z that are given to it."""
PEAK = 2.0
"""Largest value on the way: larger ones would drown the other channels where layers are normalised."""
STEP = 1.0
"""How far two neighbouring values of z lie apart, in steps of the middle quality."""


UNPREDICTED = 0.5
"""Share of what sets flat pictures' latents apart; hyper-latents that miss more than this do not carry colours yet."""


@dataclass(frozen=True)
class ColourSpan:
    """Where in the latents flat pictures lie."""

    basis: Tensor
    """Orthonormal directions [latent, COLOURS]."""
    centre: Tensor
    """Mean latents of photographs [latent]."""
    largest: float
    """Largest coefficient of any colour."""
    spread: Tensor
    """Standard deviations of the coefficients of photographs [COLOURS]."""


def flat_latents(view: View) -> Tensor:
    """Latents [colours, latent, 4, 4] of flat pictures of all colours; inner ones see nothing but the colour."""
    shades = torch.cartesian_prod(*[torch.linspace(0, 1, 5, device=view.log2_gain.device)] * 3)
    return view.analyse(shades[:, :, None, None].expand(-1, -1, 4 * PATCH, 4 * PATCH).contiguous())


@torch.no_grad()
def carries_colours(view: View) -> bool:
    """Whether h_s knows flat pictures' latents already: `carry_colours` would take what it has learned."""
    latents = flat_latents(view)
    mean = view.hyper(latents, noisy=False)[0][:, :, 1, 1]
    y = latents[:, :, 1, 1]
    return bool((y - mean).square().sum() < UNPREDICTED * (y - y.mean(0)).square().sum())


@torch.no_grad()
def colour_span(view: View, photographs: Iterable[Tensor]) -> ColourSpan:
    """Measure where `view` puts flat pictures of all colours, and photographs [N, 3, H, W] in [0, 1]."""
    flat = flat_latents(view)[:, :, 1, 1]
    means = torch.cat([view.analyse(rgb).mean((2, 3)) for rgb in photographs])
    centre = means.mean(0)
    basis = torch.linalg.svd(flat - centre, full_matrices=False).Vh[:COLOURS].T.contiguous()
    largest = float(((flat - centre) @ basis).abs().max())
    return ColourSpan(basis, centre, largest, ((means - centre) @ basis).std(0).clamp(min=1e-3))


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
def carry_colours(view: View, span: ColourSpan) -> None:
    """Give three channels of h_a, z and h_s to the colour; they are taken from what is least used."""
    ha, hs, scale = view.ha, view.hs, span.largest / PEAK
    first, second = least_used(ha.down2.weight, COLOURS), least_used(ha.out.weight, COLOURS)
    hyper = least_used(hs.enter.weight, COLOURS)
    pass_through(ha.cpe1.conv, ha.vit1, first)
    pass_through(ha.cpe2.conv, ha.vit2, second)
    ha.down2.weight[:, first] = 0
    ha.out.weight[:, second] = 0
    silence(ha.down2, second)
    silence(ha.out, hyper)
    for i in range(COLOURS):
        direction = span.basis[:, i] / (4 * scale)
        ha.down1.weight[first[i]] = (direction / ha.norm.weight)[:, None, None].expand(-1, 2, 2)
        ha.down1.bias[first[i]] = -4 * direction @ span.centre  # type: ignore[index]
        ha.down2.weight[second[i], first[i]] = 0.25
        ha.out.weight[hyper[i], second[i]] = scale / STEP
        width = span.spread[i] / STEP
        view.prior.logits[hyper[i]] = 0
        view.prior.means[hyper[i]] = width * torch.tensor([-1.0, 0.0, 1.0], device=width.device)
        view.prior.log_scales[hyper[i]] = torch.log(width / 2)
    third, fourth = least_used(hs.up1.weight, COLOURS), least_used(hs.up2.weight, COLOURS)
    last = least_used(hs.out.weight, 2 * COLOURS)
    pass_through(hs.cpe1.conv, hs.vit1, third)
    pass_through(hs.cpe2.conv, hs.vit2, fourth)
    silence(hs.cpe3.conv, last)
    silence(hs.enter, third)
    for layer, inputs in ((hs.enter, hyper), (hs.up1, third), (hs.up2, fourth), (hs.out, last)):
        layer.weight[:, inputs] = 0
    for i in range(COLOURS):
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
