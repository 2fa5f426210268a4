"""A tiny model and tiny heads with random weights, for fixtures and tests of everything that reads a model folder."""

from __future__ import annotations

import torch

from ..models.architecture import TINY
from ..models.codec import Model
from ..models.heads import TINY_HEADS, Heads


def tiny_model() -> Model:
    """Make a tiny model with random weights whose latents are large enough to exercise every table."""
    torch.manual_seed(20)
    model = Model(TINY)
    codec = model.codec
    with torch.no_grad():
        for conv in (codec.ga.out, codec.gs.up2):
            torch.nn.init.normal_(conv.weight, std=0.05)
        codec.ga.linear.weight.mul_(8)
        codec.gs.linear.weight.mul_(4)
        codec.re.mix.fill_(0.3)
        codec.ha.out.weight.mul_(6)
        codec.hs.out.weight.mul_(4)
        codec.hs.out.bias[: TINY.latent].zero_()  # type: ignore[index]
        codec.hs.out.bias[TINY.latent :].fill_(24)  # type: ignore[index]
        levels = torch.linspace(-1, 4, TINY.quality_levels)[:, None]
        codec.log2_gain.copy_(levels + 0.2 * torch.randn(1, TINY.latent))
        codec.log2_inverse_gain.copy_(-codec.log2_gain)
        for parameter in model.tail.parameters():
            if parameter.dim() == 1:
                parameter.uniform_(-0.1, 0.1)
        codec(model.head(torch.randn(4, 3, 64, 64)), torch.zeros(4))
    return model


def tiny_heads(model: Model) -> Heads:
    """Make tiny heads with random weights whose scores and boxes spread enough to be worth comparing."""
    torch.manual_seed(21)
    heads = Heads(TINY_HEADS).eval()
    with torch.no_grad():
        for conv in (*heads.classes, *heads.distances, *heads.controllers):
            assert isinstance(conv, torch.nn.Conv2d) and conv.bias is not None
            torch.nn.init.normal_(conv.weight, std=0.15)
            conv.bias.add_(0.3 * torch.randn(conv.bias.shape))
        heads.train()
        for _ in range(60):
            *tail, _ = model.tail(model.head(torch.randn(4, 3, 64, 64)))
            heads(tuple(tail))  # sets the running statistics of the norms
    return heads.eval()
