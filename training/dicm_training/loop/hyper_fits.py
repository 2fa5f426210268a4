"""Short fits of the hyper-transforms and the hyper-latents' density to a fixed transform."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from ..models.hyperprior import Hyperprior
from .setup import seed_step


class Batches(Protocol):
    """What a setup gives the fits: RGB in [0, 1] of preparatory steps."""

    seed: int

    def batch(self, step: int) -> Tensor:
        """Batch of a step, on the device."""

    def autocast(self) -> contextlib.AbstractContextManager:
        """The precision of networks."""


class HyperFit:
    """AdamW over h_a, h_s and the factorised density for a given number of steps: warm-up of 50, then a cosine."""

    def __init__(self, codec: Hyperprior, steps: int) -> None:
        """Bind the codec; nothing else of it is changed."""
        self.steps, self.done = steps, 0
        self.networks = [*codec.ha.parameters(), *codec.hs.parameters()]
        self.densities = list(codec.prior.parameters())
        groups = [{"params": self.networks, "peak": 1e-3}, {"params": self.densities, "peak": 2e-2}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.0)

    def step(self, loss: Tensor, clipped: list[torch.nn.Parameter]) -> None:
        """Go down the gradient of `loss`; the norm of the `clipped` parameters' gradients is at most 1."""
        for group in self.optimiser.param_groups:
            decay = 0.5 * (1 + math.cos(math.pi * self.done / self.steps))
            group["lr"] = group["peak"] * min(1, (self.done + 1) / 50) * decay
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(clipped, 1.0)
        self.optimiser.step()
        self.done += 1


def rate_at_random_quality(codec: Hyperprior, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Bits of y^ and of z^ per picture, and the level [N] that each was coded at."""
    level = torch.rand(len(y), device=y.device) * (codec.arch.quality_levels - 1)
    mean, scale, hyper_bits = codec.hyper(y, noisy=True)
    return codec.latent_bits(y, mean, scale, codec.gains(level)[0], noisy=True), hyper_bits, level


def fit_prior(setup: Batches, steps: int, analyse: Callable[[Tensor], Tensor], codec: Hyperprior) -> None:
    """Fit h_a, h_s and the factorised model to the latents that `analyse` makes of RGB; it does not change."""
    fit = HyperFit(codec, steps)
    for step in range(steps):
        seed_step(setup.seed, -2_000_000 + step)
        x = setup.batch(-1_000_000 - step)
        pixels = x.shape[2] * x.shape[3]
        with torch.no_grad(), setup.autocast():
            y = analyse(x).float()
        bits, hyper_bits, _ = rate_at_random_quality(codec, y)
        loss = (bits + hyper_bits).mean() / pixels
        fit.step(loss, [*fit.networks, *fit.densities])
        if step % 50 == 0:
            print(f"prior {step}: {loss:.4f} bpp, hyper-latents {hyper_bits.mean() / pixels:.4f}", flush=True)


def refit_hyper(
    setup: Batches, steps: int, lambdas: Sequence[float], analyse: Callable[[Tensor], Tensor], codec: Hyperprior
) -> None:
    """Bring h_a, h_s and the factorised model to rest on the finished transform.

    They are small and see cached latents, so they can learn at a rate that the transforms could not bear. The
    transforms, the gains and so the distortion stay.
    """
    codec.requires_grad_(False)
    latents = []
    with torch.no_grad(), setup.autocast():
        for i in range(max(1, steps // 6)):
            x = setup.batch(-5_000_000 - i)
            latents.append((analyse(x).float(), x.shape[2] * x.shape[3]))
    fit = HyperFit(codec, steps)
    low, high = (math.log2(value) for value in lambdas)
    for parameter in fit.networks + fit.densities:
        parameter.requires_grad_(True)
    recent = 0.0
    for step in range(steps):
        seed_step(setup.seed, -4_000_000 + step)
        y, pixels = latents[int(torch.randint(len(latents), (1,)))]
        bits, hyper_bits, level = rate_at_random_quality(codec, y)
        weight = torch.exp2(-0.5 * (low + (high - low) * level / (codec.arch.quality_levels - 1)))
        loss = ((bits + hyper_bits) * weight).mean() / pixels
        fit.step(loss, fit.networks)
        value = float(loss.detach())
        recent = value if step == 0 else 0.98 * recent + 0.02 * value
        if step % 100 == 0 or step == steps - 1:
            print(f"refit {step}: weighted rate {recent:.4f}", flush=True)
    codec.requires_grad_(True)
