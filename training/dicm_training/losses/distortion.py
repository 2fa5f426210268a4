"""Distortion of decoded features as the uncompressed network sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..models.backbone import Tail


@dataclass(frozen=True)
class DistortionWeights:
    """Weights of the relative squared errors at f3, layer2, layer3, layer4 and of the logit divergence."""

    features: tuple[float, float, float, float] = (0.15, 0.25, 0.35, 0.5)
    logits: float = 0.25


ANSWERS_FIRST = DistortionWeights(features=(0.05, 0.1, 0.15, 0.5), logits=1.0)
"""For stages after the entropy path is fixed: answers and the last layers count most."""

SEARCHED = DistortionWeights(features=(0.0, 0.5, 0.25, 0.25), logits=0.1)
"""What a search over symbols goes by (`src/codec/refinement/distortion.ts`), without the heads' small part."""


def tail_outputs(tail: Callable[[Tensor], tuple[Tensor, ...]], f: Tensor) -> tuple[Tensor, ...]:
    """What the network behind features f [N, C, H/4, W/4] sees of them: (f, c2, c3, c4, logits)."""
    return (f, *tail(f))


def relative_error(x: Tensor, target: Tensor) -> Tensor:
    """Squared error over squared norm, per image [N]."""
    target = target.float()
    return (x.float() - target).square().sum((1, 2, 3)) / target.square().sum((1, 2, 3)).clamp(min=1e-6)


def distortion(
    outputs: tuple[Tensor, ...], target: tuple[Tensor, ...], weights: DistortionWeights
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the weighted distortion per image [N] and its parts (means) for the log."""
    parts = [relative_error(x, t) for x, t in zip(outputs[:4], target[:4], strict=True)]
    log_p = F.log_softmax(outputs[4].float(), 1)
    log_q = F.log_softmax(target[4].float(), 1)
    divergence = (log_q.exp() * (log_q - log_p)).sum(1)
    total = sum(w * part for w, part in zip(weights.features, parts, strict=True)) + weights.logits * divergence
    named = dict(zip(("f3", "c2", "c3", "c4"), (part.detach().mean() for part in parts), strict=True))
    assert isinstance(total, Tensor)
    return total, {**named, "kl": divergence.detach().mean()}


def agreement(outputs: tuple[Tensor, ...], target: tuple[Tensor, ...]) -> Tensor:
    """Share of the pictures whose first answer is the target's."""
    return (outputs[4].argmax(1) == target[4].argmax(1)).float().mean()


def gauss_newton_probe(tail: Tail, f1: Tensor, weights: DistortionWeights) -> Tensor:
    """Draw a random gradient g at f1 whose covariance is the Gauss-Newton matrix of `distortion` there.

    Each term's residual is probed with noise of that term's own curvature: white noise over the norm for a
    relative squared error, (one-hot sample - probabilities) for the divergence.
    """
    f = f1.detach().requires_grad_()
    outputs = tail_outputs(tail, f)
    probe = f.new_zeros((), dtype=torch.float32)
    for weight, x in zip(weights.features, outputs[:4], strict=True):
        norm = x.detach().float().square().sum((1, 2, 3), keepdim=True).clamp(min=1e-6).sqrt()
        probe = probe + (2 * weight) ** 0.5 * (x.float() * (torch.randn_like(x, dtype=torch.float32) / norm)).sum()
    p = outputs[4].detach().float().softmax(1)
    sample = F.one_hot(torch.multinomial(p, 1).squeeze(1), p.shape[1])
    probe = probe + weights.logits**0.5 * (outputs[4].float() * (sample - p)).sum()
    (gradient,) = torch.autograd.grad(probe, f)
    return gradient
