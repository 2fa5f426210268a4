"""Numbers for the known answers, the same on every machine."""

from __future__ import annotations

import numpy as np


class RandomSource:
    """Linear congruential generator (Numerical Recipes); only its upper 16 bits are used."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._state = seed

    def bits16(self) -> int:
        """Draw an integer, 0..65535."""
        self._state = (self._state * 1664525 + 1013904223) % 2**32
        return self._state >> 16

    def below(self, count: int) -> int:
        """Draw an integer, 0..count - 1, for counts up to 65536."""
        return self.bits16() * count >> 16

    def uniform(self, size: float, *shape: int) -> np.ndarray:
        """Draw float64 values in [-size, size)."""
        count = int(np.prod(shape))
        return np.array([self.bits16() / 32768 - 1 for _ in range(count)]).reshape(shape) * size

    def integers(self, bound: int, *shape: int) -> np.ndarray:
        """Draw int32 values in -bound..bound."""
        count = int(np.prod(shape))
        draws = [self.below(2 * bound + 1) - bound for _ in range(count)]
        return np.array(draws, np.int32).reshape(shape)
