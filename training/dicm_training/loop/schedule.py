"""How far a stage is, and the learning rates that follow from it."""

from __future__ import annotations

import math
import time
from typing import Any

from torch import Tensor


class Schedule:
    """Progress of a stage, bounded by steps or by minutes of its own running time, whichever is given.

    A budget in minutes makes the learning rate reach its end on machines of any speed; time spent before an
    interruption counts.
    """

    def __init__(self, steps: int | None, minutes: float | None, warmup: float = 0.02) -> None:
        """Exactly one of `steps` and `minutes` must be given; `warmup` is a share of the whole."""
        if (steps is None) == (minutes is None):
            raise ValueError("give either a number of steps or a number of minutes")
        self.steps, self.minutes, self.warmup = steps, minutes, warmup
        self.step, self.spent_s = 0, 0.0
        self._mark = 0.0

    def begin(self) -> None:
        """Start the clock: time until now does not count."""
        self._mark = time.monotonic()

    def tick(self) -> None:
        """Count one finished step."""
        now = time.monotonic()
        self.spent_s += now - self._mark
        self._mark = now
        self.step += 1

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        if self.steps is not None:
            return min(1.0, self.step / self.steps)
        assert self.minutes is not None
        return min(1.0, self.spent_s / (60 * self.minutes))

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.progress >= 1

    def rate(self) -> float:
        """Learning-rate factor: linear warm-up, then cosine to 1 % of the peak."""
        p = self.progress
        if p < self.warmup:
            return max(0.05, p / self.warmup)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (p - self.warmup) / (1 - self.warmup)))

    def state_dict(self) -> dict[str, float]:
        """Values to resume from."""
        return {"step": self.step, "spent_s": self.spent_s}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])


def root_mean_square(parameter: Tensor) -> float:
    """Size of a tensor's typical element."""
    return float(parameter.detach().float().square().mean().sqrt())


def step_size(parameter: Tensor, largest: float) -> float:
    """Peak learning rate of a tensor with norms folded in: 0.3 % of its RMS, `largest` at most."""
    return min(largest, 3e-3 * max(root_mean_square(parameter), 1e-3))
