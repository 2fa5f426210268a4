"""Regions of a photograph in coded pixels."""

from __future__ import annotations

import math

from ..errors import UsageError
from ..geometry import LATENT_STRIDE, Area, Scale

Region = tuple[float, float, float, float]
"""Left and top edge, width and height, in pixels of the photograph after orientation."""


def region_of(region: Region | None, scale: Scale, stride: int = LATENT_STRIDE) -> Area:
    """The coded pixels that a region lies in, grown to whole positions; all of them where none is given.

    Args:
        region: In pixels of the photograph.
        scale: Sizes of the coded picture and the photograph.
        stride: Coded pixels of a position that has to be whole; a latent's unless it is larger.

    Raises:
        UsageError: ``bad-region`` when no pixel of the photograph lies in it.
    """
    if region is None:
        return Area(0, 0, scale.width, scale.height)
    x, y, width, height = region
    step = max(stride, LATENT_STRIDE)
    across = _side(x, width, scale.source_width, scale.width, step)
    down = _side(y, height, scale.source_height, scale.height, step)
    if across is None or down is None:
        raise UsageError(
            "bad-region",
            f"the region {x},{y},{width},{height} holds no pixel of a photograph of "
            f"{scale.source_width} x {scale.source_height}",
        )
    return Area(across[0], down[0], across[1] - across[0], down[1] - down[0])


def _side(start: float, length: float, source: int, coded: int, stride: int) -> tuple[int, int] | None:
    first, end = max(0, start), min(source, start + length)
    # Written so that what is no number is refused too.
    if not (length > 0 and end > first):
        return None
    scale = coded / source
    return (
        math.floor(first * scale / stride) * stride,
        min(coded, math.ceil(end * scale / stride) * stride),
    )
