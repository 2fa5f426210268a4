"""Boxes that the detector proposes, and which of them are the same object."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

_LARGEST_LOG_DISTANCE = 6.0
"""Distances end here, at 403 strides: a larger logarithm comes from damage, and must not overflow."""

_CERTAIN_LOGIT = 36.0
"""The score is 1 in double precision from here on."""

_SAME_OBJECT_OVERLAP = 0.6
"""Two boxes of a category that overlap more than this are the same object."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle by its edges, in pixels; fractions count. Right and bottom are exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    def moved(self, x: float, y: float) -> Box:
        """The box moved to the right and down."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    @property
    def area(self) -> float:
        """In square pixels."""
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class LevelMaps:
    """The detector's outputs on one level of the pyramid.

    Attributes:
        stride: Pixels between neighbouring positions.
        classes: Logits [h][w][categories].
        distances: Logarithms [h][w][4] of left, top, right, bottom in strides.
        controller: Parameters of masks [h][w][parameters]; None where no masks are wanted.
    """

    stride: int
    classes: NDArray[np.float32]
    distances: NDArray[np.float32]
    controller: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class BoxCandidate:
    """A box that the detector proposes, in pixels of what the network saw, clipped to it.

    Attributes:
        category: Number of the category, in the order of the class logits.
        score: Probability of the category, 0 to 1.
        box: Its edges.
        centre_x: Centre of the position that proposes it.
        centre_y: Likewise.
        level: Number of its level.
        position: Number of its position there, in raster order.
    """

    category: int
    score: float
    box: Box
    centre_x: float
    centre_y: float
    level: int
    position: int


def box_candidates(
    levels: Sequence[LevelMaps],
    width: int,
    height: int,
    min_score: float,
    limit: int,
    categories: frozenset[int] | None = None,
) -> list[BoxCandidate]:
    """Decodes the detector's outputs: every position proposes a box for every category that reaches the smallest score.

    A position (ix, iy) lies at ((ix + 0.5) stride, (iy + 0.5) stride); its edges are stride * exp(distance) away.

    Args:
        levels: Finest first.
        width: Of what the network saw without its padding, in pixels.
        height: Likewise.
        min_score: Smallest score, 0 to 1.
        limit: How many at most: the best.
        categories: Numbers of the categories that count, in the order of the class logits; all unless given.

    Returns:
        Best first; equal scores by level, then position in raster order, then category.
    """
    candidates = []
    for level, index, score in _best_scores(levels, min_score, limit, categories):
        maps = levels[level]
        position, category = divmod(index, maps.classes.shape[2])
        row, column = divmod(position, maps.classes.shape[1])
        centre_x, centre_y = (column + 0.5) * maps.stride, (row + 0.5) * maps.stride
        edges = [
            maps.stride * math.exp(min(float(distance), _LARGEST_LOG_DISTANCE))
            for distance in maps.distances[row, column]
        ]
        box = Box(
            max(0.0, centre_x - edges[0]),
            max(0.0, centre_y - edges[1]),
            min(float(width), centre_x + edges[2]),
            min(float(height), centre_y + edges[3]),
        )
        if box.right > box.left and box.bottom > box.top:
            candidates.append(BoxCandidate(category, score, box, centre_x, centre_y, level, position))
    return candidates


def _best_scores(
    levels: Sequence[LevelMaps], min_score: float, limit: int, categories: frozenset[int] | None
) -> list[tuple[int, int, float]]:
    """Level, place in its logits and score of the best scores, in their order."""
    logits = np.concatenate([maps.classes.ravel() for maps in levels])
    starts = np.cumsum([0, *(maps.classes.size for maps in levels)])
    if min_score >= 1:
        least = _CERTAIN_LOGIT
    else:
        # Comparing logits first saves an exponential for each of them; the margin covers its rounding.
        least = math.log(min_score / (1 - min_score)) - 1e-6 if min_score > 0 else -math.inf
        least = min(least, _CERTAIN_LOGIT)
    places = np.flatnonzero(logits >= least)
    places = places[_sigmoid(logits[places]) >= min_score]
    if categories is not None:
        # Every level has the same categories, so that theirs repeat throughout.
        places = places[np.isin(places % levels[0].classes.shape[2], sorted(categories))]
    if len(places) > limit:
        passing = logits[places]
        lowest = np.partition(passing, len(places) - limit)[len(places) - limit]
        above, equal = places[passing > lowest], places[passing == lowest]
        places = np.sort(np.concatenate([above, equal[: limit - len(above)]]))
    scores = _sigmoid(logits[places])
    # The sort is stable, and they are in the order that decides between equal scores.
    order = np.argsort(-scores, kind="stable")
    found = []
    for at in order:
        level = int(np.searchsorted(starts, places[at], "right")) - 1
        found.append((level, int(places[at] - starts[level]), float(scores[at])))
    return found


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return scores


class Scored(Protocol):
    """A box of a category."""

    @property
    def category(self) -> int:
        """Number of the category."""

    @property
    def box(self) -> Box:
        """Its edges."""


S = TypeVar("S", bound=Scored)


def suppress_overlaps(found: Iterable[S], limit: int) -> list[S]:
    """Greedy non-maximum suppression, category by category.

    Args:
        found: Best first; the order decides between equal scores.
        limit: How many to keep at most.

    Returns:
        Those that overlap no better one of their category.
    """
    kept: list[S] = []
    kept_of: dict[int, list[Box]] = {}
    for one in found:
        if len(kept) >= limit:
            break
        rivals = kept_of.setdefault(one.category, [])
        if any(_overlap(box, one.box) > _SAME_OBJECT_OVERLAP for box in rivals):
            continue
        rivals.append(one.box)
        kept.append(one)
    return kept


def _overlap(a: Box, b: Box) -> float:
    """Area of the intersection over area of the union, 0 to 1; 0 where both are empty."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.area + b.area - shared)
