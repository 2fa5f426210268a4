"""Fine patterns, drawn: what photographs hardly hold, and print, screens and fences do (`losses/runaway.py`)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

DIRECTIONS = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0))
"""Rows, columns and both diagonals, in whole pixels."""


def draw_wave(rng: np.random.Generator, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Draw stripes 1 to 8 pixels wide, hard or soft; half of them follow the pixel grid. Values in [0, 1]."""
    if rng.random() < 0.5:
        across, down = DIRECTIONS[int(rng.integers(len(DIRECTIONS)))]
        period, share = 2.0 * int(rng.integers(1, 9)), 0.5
    else:
        angle = rng.uniform(0, np.pi)
        across, down = np.cos(angle), np.sin(angle)
        period, share = 2 ** rng.uniform(1, 4), rng.uniform(0.2, 0.8)
    phase = (across * x + down * y + int(rng.integers(16))) / period % 1
    return (phase < share).astype(np.float64) if rng.random() < 0.6 else 0.5 + 0.5 * np.cos(2 * np.pi * phase)


def draw_pattern(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw stripes, two of them crossed (checkerboards, dots, grids), or random blocks; uint8 [side, side, 3]."""
    y, x = np.mgrid[:side, :side]
    kind = rng.random()
    if kind < 0.2:
        width = int(rng.integers(1, 9))
        blocks = rng.random((side // width + 1, side // width + 1)) < rng.uniform(0.1, 0.9)
        share = blocks[y // width, x // width].astype(np.float64)
    else:
        share = draw_wave(rng, y, x)
        if kind > 0.6:
            other = draw_wave(rng, y, x)
            share = share * other if rng.random() < 0.5 else np.abs(share - other)
    first, second = np.array([[0, 0, 0], [255, 255, 255]]) if rng.random() < 0.5 else rng.integers(0, 256, (2, 3))
    return np.rint(first + (second - first) * share[..., None]).astype(np.uint8)


def draw_patterns(count: int, side: int, seed: int, step: int) -> Tensor:
    """Patterns of a step as RGB in [0, 1] [count, 3, side, side]."""
    rng = np.random.default_rng((seed, step, 0x7A77))
    pictures = np.stack([draw_pattern(rng, side) for _ in range(count)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
