"""Gains and quantiser (format-spec/v1/hyper-synthesis.md, section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import DicmError
from .hyper_synthesis import F, exp2

TABLES = 64
BOUNDS = {"gain.log2": 16, "gain.log2_inverse": 64, "gain.index_per_octave": 256}


@dataclass(frozen=True)
class Gains:
    """What a quality position does to each channel."""

    gain: np.ndarray
    inverse_gain: np.ndarray
    index_offset: np.ndarray


def gains_at(tensors: dict[str, np.ndarray], position: int) -> Gains:
    """Interpolate the gains of a quality position, 0..2047 ([DICM-S-21])."""
    for name, bound in BOUNDS.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise DicmError("missing-tensor", name)
        if tensor.dtype != F or not np.all(np.abs(tensor) <= bound):
            raise DicmError("bad-tensor", f"{name} is not float or exceeds {bound}")
    shape = tensors["gain.log2"].shape
    if len(shape) != 2 or shape[0] < 1 or tensors["gain.log2_inverse"].shape != shape:
        raise DicmError("bad-tensor", f"gains of {shape} and {tensors['gain.log2_inverse'].shape}")
    levels = shape[0]
    level = max(0, min(position * (levels - 1) // 2047, levels - 2))
    fraction = F(position * (levels - 1) - level * 2047) / F(2047)

    def between(values: np.ndarray) -> np.ndarray:
        if levels == 1:
            return values[0]
        a, b = values[level], values[level + 1]
        return a + fraction * (b - a)

    log2 = between(tensors["gain.log2"])
    per_octave = tensors["gain.index_per_octave"].reshape(())
    return Gains(exp2(log2), exp2(between(tensors["gain.log2_inverse"])), log2 * per_octave)


def table_indexes(scale: np.ndarray, index_offset: np.ndarray) -> np.ndarray:
    """Gaussian table of each latent ([DICM-S-22])."""
    index = np.floor((scale + index_offset) + F(0.5))
    return np.clip(index, 0, TABLES - 1).astype(np.uint8)


def quantise(y: np.ndarray, mean: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Symbols an encoder chooses: nearest, ties to even, within +-2^22."""
    return np.rint(np.clip(y * gain - mean * gain, -(2**22), 2**22)).astype(np.int32)


def dequantise(symbols: np.ndarray, mean: np.ndarray, gains: Gains) -> np.ndarray:
    """Decoded latents ([DICM-S-23])."""
    return (symbols.astype(F) + mean * gains.gain) * gains.inverse_gain
