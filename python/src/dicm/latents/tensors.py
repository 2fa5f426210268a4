"""The tensors that the tile core takes, in its order, with the checks that are the host's (docs/tile-core.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..model.load import Tensors

_MAX_WEIGHT = 256.0
_MAX_LOG2_GAIN = 16.0
_MAX_LOG2_INVERSE_GAIN = 64.0
_MAX_INDEX_PER_OCTAVE = 256.0
_MAX_WIDTH = 512
_MAX_HYPER_CHANNELS = 256
_MAX_LATENT_CHANNELS = 1024
_HEAD_CHANNELS = 32
_GAUSSIAN_TABLES = 64


@dataclass(frozen=True)
class CoreTensors:
    """What the tile core is laid out for, and the values of its tensors in its order.

    Attributes:
        hyper_channels: Channels of z.
        latent_channels: Channels of y.
        extents: The arguments of ``layOut``.
        values: One array a tensor, int32 or float32.
    """

    hyper_channels: int
    latent_channels: int
    extents: tuple[int, ...]
    values: tuple[NDArray[np.generic], ...]


def core_tensors(tensors: Tensors) -> CoreTensors:
    """Takes the tensors of a decode path.

    Raises:
        ModelError: ``missing-tensor``, ``bad-tensor``. What only the values of tables show, the core itself refuses.
    """
    hyper_channels, latent_channels, widths = _hyper_synthesis_shape(tensors)
    tables = [
        _take(tensors, f"entropy.{kind}.{part}", (-1,), np.int32)
        for kind in ("factorised", "gaussian")
        for part in ("size", "offset", "cdf")
    ]
    levels = _take(tensors, "gain.log2", (-1, latent_channels), np.float32, _MAX_LOG2_GAIN)
    gains = [
        levels,
        _take(tensors, "gain.log2_inverse", levels.shape, np.float32, _MAX_LOG2_INVERSE_GAIN),
        _take_scalar(tensors, "gain.index_per_octave"),
    ]
    if len(tables[0]) != hyper_channels or len(tables[3]) != _GAUSSIAN_TABLES or len(levels) == 0:
        raise ModelError(
            "bad-tensor",
            f"the parts of the model do not fit together: {len(tables[0])} factorised tables for {hyper_channels} "
            f"hyper-latent channels, {len(tables[3])} Gaussian tables, {len(levels)} levels of gains",
        )
    weights = [
        _take(tensors, name, shape, np.float32, _MAX_WEIGHT)
        for name, shape in _hyper_synthesis_tensors(hyper_channels, latent_channels, widths)
    ]
    return CoreTensors(
        hyper_channels,
        latent_channels,
        (hyper_channels, latent_channels, *widths, len(tables[2]), len(tables[5]), len(levels)),
        (*tables, *gains, *weights),
    )


def _hyper_synthesis_shape(tensors: Tensors) -> tuple[int, int, tuple[int, int, int]]:
    """Channels of z and y, and the widths of the hyper-synthesis, from the shapes of its linear layers."""

    def extents(name: str) -> tuple[int, int]:
        shape = _take(tensors, name, (-1, -1), np.float32, _MAX_WEIGHT).shape
        return shape[0], shape[1]

    d1, hyper_channels = extents("hs.in.weight")
    up1, from_d1 = extents("hs.up1.weight")
    up2, from_d2 = extents("hs.up2.weight")
    out, from_d3 = extents("hs.out.weight")
    widths = (d1, up1 // 4, up2 // 4)
    consistent = (from_d1, from_d2, from_d3) == widths and up1 % 4 == up2 % 4 == out % 2 == 0
    allowed = all(1 <= width <= _MAX_WIDTH and width % _HEAD_CHANNELS == 0 for width in widths)
    latent_channels = out // 2
    counts = 1 <= hyper_channels <= _MAX_HYPER_CHANNELS and 1 <= latent_channels <= _MAX_LATENT_CHANNELS
    if not (consistent and allowed and counts):
        raise ModelError(
            "bad-tensor",
            f"hyper-synthesis of widths {', '.join(map(str, widths))} from {hyper_channels} to {latent_channels} "
            f"channels is not one: widths are multiples of {_HEAD_CHANNELS} up to {_MAX_WIDTH}",
        )
    return hyper_channels, latent_channels, widths


def _hyper_synthesis_tensors(
    hyper_channels: int, latent_channels: int, widths: tuple[int, int, int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the ``hs.*`` tensors in the order of the network."""
    d1, d2, d3 = widths

    def pair(name: str, *shape: int) -> list[tuple[str, tuple[int, ...]]]:
        return [(f"{name}.weight", shape), (f"{name}.bias", shape[:1])]

    def vit(name: str, d: int) -> list[tuple[str, tuple[int, ...]]]:
        return [
            *pair(f"{name}.norm1", d),
            *pair(f"{name}.qkv", 3 * d, d),
            *pair(f"{name}.proj", d, d),
            *pair(f"{name}.norm2", d),
            *pair(f"{name}.mlp1", 2 * d, d),
            *pair(f"{name}.mlp2", d, 2 * d),
        ]

    return [
        *pair("hs.in", d1, hyper_channels),
        *pair("hs.cpe1", d1, 1, 3, 3),
        *vit("hs.vit1", d1),
        *pair("hs.up1", 4 * d2, d1),
        *pair("hs.cpe2", d2, 1, 3, 3),
        *vit("hs.vit2", d2),
        *pair("hs.up2", 4 * d3, d2),
        *pair("hs.cpe3", d3, 1, 3, 3),
        *pair("hs.out", 2 * latent_channels, d3),
    ]


def _take(
    tensors: Tensors,
    name: str,
    shape: Sequence[int],
    dtype: type[np.generic],
    bound: float | None = None,
) -> NDArray[np.generic]:
    """A tensor of a type and shape, -1 for any extent, with no magnitude above the bound."""
    values = tensors.get(name)
    if values is None:
        raise ModelError("missing-tensor", f"the model has no tensor {name}")
    fits = len(shape) == values.ndim and all(n in (-1, m) for n, m in zip(shape, values.shape, strict=True))
    if not fits or values.dtype != dtype:
        wanted = ", ".join("*" if n == -1 else str(n) for n in shape)
        raise ModelError(
            "bad-tensor",
            f"{name} is {values.dtype} {list(values.shape)}, not {np.dtype(dtype)} [{wanted}]",
        )
    # Written so that NaN fails too.
    if bound is not None and not np.all(np.abs(values.astype(np.float64)) <= bound):
        raise ModelError("bad-tensor", f"{name} has values where magnitudes end at {bound:g}")
    return values


def _take_scalar(tensors: Tensors, name: str) -> NDArray[np.generic]:
    rank = tensors[name].ndim if name in tensors else 0
    return _take(tensors, name, () if rank == 0 else (1,), np.float32, _MAX_INDEX_PER_OCTAVE)
