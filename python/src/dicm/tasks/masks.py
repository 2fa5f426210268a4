"""Masks of objects: the small network of each object, and its result in source pixels as COCO's run lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import Scale
from .boxes import Box, BoxCandidate
from .run_lengths import encode_runs

_MASK_STRIDE = 4
_HIDDEN = 8
_OFFSET_STRIDES = 8
_COLUMNS_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class MaskGrid:
    """Logits [height][width] of one object's mask over its box only; above 0 is object.

    ``x`` and ``y`` are left and top edge of the first cell, in pixels; cells are 4 pixels wide and high.
    """

    logits: NDArray[np.float32]
    x: float
    y: float


def mask_parameter_count(mask_channels: int) -> int:
    """Numbers that a controller gives for masks of so many mask channels."""
    return _HIDDEN * (2 + mask_channels) + _HIDDEN * _HIDDEN + _HIDDEN + _HIDDEN + _HIDDEN + 1


def evaluate_mask(
    features: NDArray[np.float32],
    parameters: NDArray[np.float32],
    candidate: BoxCandidate,
    stride: int,
) -> MaskGrid:
    """Evaluates the mask network of one object (Tian et al., CondInst, 2020).

    Three 1x1 convolutions with 8, 8 and 1 outputs, ReLU between them, on the offset from the object's position and the
    mask features. Only the cells that interpolation inside the box can reach are evaluated.

    Args:
        features: Mask features [height][width][channels] at stride 4.
        parameters: Weights [8][2 + channels], [8][8], [1][8], then biases 8, 8, 1.
        candidate: Box and position of the object, in pixels of what the network saw.
        stride: Of the object's level.
    """
    height, width, channels = features.shape
    inputs = channels + 2
    cuts = np.cumsum([_HIDDEN * inputs, _HIDDEN * _HIDDEN, _HIDDEN, _HIDDEN, _HIDDEN])
    first, second, third, bias1, bias2, bias3 = np.split(parameters.astype(np.float64), cuts)
    box = candidate.box
    first_x, last_x = _cell_range(box.left, box.right, width)
    first_y, last_y = _cell_range(box.top, box.bottom, height)
    unit = _OFFSET_STRIDES * stride
    across = ((np.arange(first_x, last_x + 1) + 0.5) * _MASK_STRIDE - candidate.centre_x) / unit
    down = ((np.arange(first_y, last_y + 1) + 0.5) * _MASK_STRIDE - candidate.centre_y) / unit
    cells = features[first_y : last_y + 1, first_x : last_x + 1].astype(np.float64)
    weights = first.reshape(_HIDDEN, inputs)
    hidden = cells @ weights[:, 2:].T + bias1
    hidden += across[np.newaxis, :, np.newaxis] * weights[:, 0] + down[:, np.newaxis, np.newaxis] * weights[:, 1]
    hidden = np.maximum(np.maximum(hidden, 0) @ second.reshape(_HIDDEN, _HIDDEN).T + bias2, 0)
    logits = (hidden @ third + bias3[0]).astype(np.float32)
    return MaskGrid(logits, first_x * _MASK_STRIDE, first_y * _MASK_STRIDE)


def _cell_range(start: float, end: float, count: int) -> tuple[int, int]:
    """First and last cell whose centre is at or next to a place between ``start`` and ``end`` pixels."""
    first = max(0, math.floor(start / _MASK_STRIDE - 0.5))
    return first, max(first, min(count - 1, math.ceil(end / _MASK_STRIDE - 0.5)))


def grid_to_runs(grid: MaskGrid, box: Box, scale: Scale) -> str:
    """Mask of an object in source pixels, in COCO's run-length form.

    Logits are interpolated bilinearly between the cells' centres, and a pixel whose centre lies in the box and where
    they exceed 0 belongs to the object. There is no bitmap on the way: down a column the logits are straight lines
    between the rows of the grid, so each column costs one step per row of the grid and a search where a line crosses 0.
    A photograph may claim to be 65,535 pixels wide and high.

    Args:
        grid: In coded pixels.
        box: Likewise.
        scale: Sizes of the coded picture and the photograph.
    """
    height, width = grid.logits.shape
    scale_x, scale_y = scale.source_width / scale.width, scale.source_height / scale.height
    left, right = _pixel_range(box.left * scale_x, box.right * scale_x, scale.source_width)
    top, bottom = _pixel_range(box.top * scale_y, box.bottom * scale_y, scale.source_height)
    # Places of source pixels' centres among the centres of the grid's cells.
    grid_x = np.clip(((np.arange(left, right) + 0.5) / scale_x - grid.x) / _MASK_STRIDE - 0.5, 0, width - 1)
    grid_y = np.clip(((np.arange(top, bottom) + 0.5) / scale_y - grid.y) / _MASK_STRIDE - 0.5, 0, height - 1)
    # Rows of pixels that lie between two rows of the grid: from starts[j] to starts[j + 1].
    gaps = max(1, height - 1)
    starts = np.searchsorted(grid_y, np.arange(gaps + 1), "left")
    starts[0], starts[gaps] = 0, bottom - top
    lengths = [np.array([left * scale.source_height])]
    flags = [np.array([False])]
    margins = top, scale.source_height - bottom
    for first in range(0, right - left, _COLUMNS_AT_ONCE):
        columns = grid_x[first : first + _COLUMNS_AT_ONCE]
        some = _column_segments(grid.logits, columns, grid_y, starts, margins)
        lengths.append(some[0])
        flags.append(some[1])
    lengths.append(np.array([(scale.source_width - right) * scale.source_height]))
    flags.append(np.array([False]))
    return encode_runs(_join(np.concatenate(lengths), np.concatenate(flags)))


def _column_segments(
    logits: NDArray[np.float32],
    grid_x: NDArray[np.float64],
    grid_y: NDArray[np.float64],
    starts: NDArray[np.intp],
    margins: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Lengths of pieces of columns, and whether they are of the object, one column after another.

    Between two rows of the grid a column has two pieces, of which one may be empty.
    """
    height, width = logits.shape
    before = np.floor(grid_x).astype(np.intp)
    share = (grid_x - before)[:, np.newaxis]
    # A single row counts twice.
    rows = np.minimum(np.arange(len(starts)), height - 1)
    values = logits[rows].T.astype(np.float64)
    value = values[before]
    column = value + (values[np.minimum(before + 1, width - 1)] - value) * share
    above, below = column[:, :-1], column[:, 1:]
    crossing, gap = np.nonzero((above > 0) != (below > 0))
    change = np.broadcast_to(starts[1:], above.shape).copy()
    change[crossing, gap] = _find_crossings(above[crossing, gap], below[crossing, gap], gap, starts, grid_y)
    count = len(grid_x)
    lengths = np.zeros((count, 2 * len(starts)), np.int64)
    flags = np.zeros(lengths.shape, np.bool_)
    lengths[:, 0], lengths[:, -1] = margins
    lengths[:, 1:-1:2] = change - starts[:-1]
    lengths[:, 2:-1:2] = starts[1:] - change
    flags[:, 1:-1:2] = above > 0
    flags[:, 2:-1:2] = below > 0
    return lengths.ravel(), flags.ravel()


def _find_crossings(
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    gap: NDArray[np.intp],
    starts: NDArray[np.intp],
    grid_y: NDArray[np.float64],
) -> NDArray[np.intp]:
    """First pixels of gaps that are on the other side of 0 than their beginnings: a binary search in all of them."""
    low, high = starts[gap], starts[gap + 1]
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = (low + high) // 2
        y = grid_y[np.minimum(middle, len(grid_y) - 1)]
        changed = (above + (below - above) * (y - gap) > 0) == (below > 0)
        high = np.where(open_ & changed, middle, high)
        low = np.where(open_ & ~changed, middle + 1, low)


def _join(lengths: NDArray[np.int64], flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of alternating runs, background first, of pieces that may be empty or go on with the one before."""
    filled = lengths > 0
    lengths, flags = lengths[filled], flags[filled]
    beginnings = np.flatnonzero(np.concatenate([[True], flags[1:] != flags[:-1]]))
    runs = np.add.reduceat(lengths, beginnings)
    return np.concatenate([[0], runs]) if flags[0] else runs


def _pixel_range(start: float, end: float, count: int) -> tuple[int, int]:
    """Pixels whose centres lie between two places: the first, and the one after the last."""
    first = max(0, math.ceil(start - 0.5))
    return first, max(first, min(count, math.ceil(end - 0.5)))
