"""Short fits of the hyper-transforms and the hyper-latents' density to a fixed transform."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..models.codec import Codec


class HyperFit:
    """AdamW over h_a, h_s and the factorised density for a given number of steps: warm-up of 50, then a cosine."""

    def __init__(self, codec: Codec, steps: int) -> None:
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
