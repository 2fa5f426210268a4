"""The objects in a picture: categories, boxes, and the pixels they cover."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, UsageError
from ..geometry import Area, Scale
from ..model.manifest import Category, Manifest
from .boxes import Box, BoxCandidate, LevelMaps, box_candidates, suppress_overlaps
from .categories import CATEGORY_LISTS, category_key
from .masks import MaskGrid, evaluate_mask, grid_to_runs, mask_parameter_count
from .run_lengths import RunLengthMask

_CONSIDERED = 1000
"""Boxes of one window, and of all windows together, that are considered at all."""


@dataclass(frozen=True, slots=True)
class Detection:
    """An object in a picture.

    Attributes:
        label: Name of its category.
        category_id: Number of it, as in the data set the heads were trained on.
        score: Probability, 0 to 1.
        box: Left and top edge, width and height, in pixels of the photograph after orientation; fractions count.
        mask: Pixels of the photograph, inside the box; None from ``detect``.
    """

    label: str
    category_id: int
    score: float
    box: tuple[float, float, float, float]
    mask: RunLengthMask | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    category: int
    score: float
    box: Box
    mask: MaskGrid | None


def require_heads(manifest: Manifest) -> Sequence[Category]:
    """The categories of a model's detection heads. Raises ModelError ``no-heads`` for one that only classifies."""
    if manifest.categories is None:
        raise ModelError(
            "no-heads",
            f"model {manifest.name} {manifest.version} has no detection heads; detect and segment need a model with "
            "them, and a newer one of the same decode id reads the same files",
        )
    return manifest.categories


def choose_categories(categories: Sequence[Category], wanted: Sequence[str | int]) -> frozenset[int]:
    """The numbers of the categories that are wanted, in the order of the class logits.

    Args:
        categories: Of the model.
        wanted: Names in the words of COCO or PASCAL VOC, ids, or the lists ``coco`` and ``voc``, of which those count
            that the model knows.

    Raises:
        UsageError: ``unknown-category`` for one that the model does not know, and where none is named.
    """
    ids = {category.id: number for number, category in enumerate(categories)}
    keys = {category_key(category.name): number for number, category in enumerate(categories)}
    numbers: set[int] = set()
    for one in [wanted] if isinstance(wanted, str | int) else wanted:
        if isinstance(one, str) and one.lower() in CATEGORY_LISTS:
            numbers.update(keys[key] for key in CATEGORY_LISTS[one.lower()] & keys.keys())
            continue
        found = keys.get(category_key(one)) if isinstance(one, str) else ids.get(one)
        if found is None:
            raise _unknown_category(f"the model knows no category {one!r}", categories)
        numbers.add(found)
    if not numbers:
        raise _unknown_category("no category is named", categories)
    return frozenset(numbers)


def _unknown_category(problem: str, categories: Sequence[Category]) -> UsageError:
    names = ", ".join(category.name for category in categories)
    return UsageError("unknown-category", f"{problem}; there are {names}, and the lists coco and voc")


class ObjectCollector:
    """Collects the objects of a picture window by window.

    What it holds is bounded however large the picture is: the best 1000 objects and their masks.
    """

    def __init__(self, min_score: float, max_detections: int, categories: frozenset[int] | None = None) -> None:
        """Opens a collector.

        Args:
            min_score: Smallest score, 0 to 1.
            max_detections: How many objects at most: the best.
            categories: Numbers of the categories that count, in the order of the class logits; all unless given.
        """
        self._min_score = min_score
        self._categories = categories
        self._max_detections = max_detections
        self._found: list[_Found] = []

    def add(
        self,
        window: Area,
        levels: Sequence[LevelMaps],
        mask: NDArray[np.float32] | None,
        is_cut: Callable[[Box], bool],
    ) -> None:
        """Takes a window; windows come in raster order.

        Args:
            window: In coded pixels of the picture, without padding.
            levels: Strides 8, 16, 32.
            mask: Mask features at stride 4, where masks are wanted.
            is_cut: Whether a box, in pixels of the picture, is cut by the window's edge and lies whole in another.
        """
        size = (window.width, window.height)
        candidates = box_candidates(levels, *size, self._min_score, _CONSIDERED, self._categories)
        for candidate in suppress_overlaps(candidates, self._max_detections):
            box = candidate.box.moved(window.x, window.y)
            # After suppression, so that a cut object still silences the worse boxes around it.
            if is_cut(box):
                continue
            grid = None if mask is None else _mask_of(candidate, window, levels, mask)
            self._found.append(_Found(candidate.category, candidate.score, box, grid))
        self._found = sorted(self._found, key=lambda one: -one.score)[:_CONSIDERED]

    def finish(self, categories: Sequence[Category], scale: Scale) -> list[Detection]:
        """The objects in pixels of the photograph, best first."""
        return [_describe(one, categories, scale) for one in suppress_overlaps(self._found, self._max_detections)]


def _mask_of(
    candidate: BoxCandidate, window: Area, levels: Sequence[LevelMaps], features: NDArray[np.float32]
) -> MaskGrid:
    level = levels[candidate.level]
    wanted = mask_parameter_count(features.shape[2])
    given = 0 if level.controller is None else level.controller.shape[2]
    if level.controller is None or given != wanted:
        raise ModelError(
            "bad-tensor",
            f"the model's controller gives {given} numbers for {features.shape[2]} mask channels; "
            f"it must give {wanted}",
        )
    parameters = level.controller.reshape(-1, given)[candidate.position]
    grid = evaluate_mask(features, parameters, candidate, level.stride)
    return MaskGrid(grid.logits, grid.x + window.x, grid.y + window.y)


def _describe(found: _Found, categories: Sequence[Category], scale: Scale) -> Detection:
    category = categories[found.category]
    box = found.box
    left, right = (x * scale.source_width / scale.width for x in (box.left, box.right))
    top, bottom = (y * scale.source_height / scale.height for y in (box.top, box.bottom))
    mask = None
    if found.mask is not None:
        counts = grid_to_runs(found.mask, box, scale)
        mask = RunLengthMask((scale.source_height, scale.source_width), counts)
    return Detection(category.name, category.id, found.score, (left, top, right - left, bottom - top), mask)
