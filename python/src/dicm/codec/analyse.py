"""What the networks say about a picture: some questions are asked tile by tile, others window by window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendError
from ..geometry import Area, Scale, TileGrid
from ..networks.sessions import Networks
from ..tasks.boxes import Box, LevelMaps
from ..tasks.objects import Detection, ObjectCollector, choose_categories, require_heads
from .layer import CodedLayer, LatentSource
from .windows import WindowGrid

_LEVELS = ((2, 8), (3, 16), (4, 32))
_TAIL_LAYERS = ("layer2", "layer3", "layer4")


def mean_over_tiles(layer: CodedLayer, area: Area, output: str) -> NDArray[np.float32]:
    """Mean of a vector that the tail gives, ``logits`` or ``embedding``, over the tiles of an area.

    Each tile weighs as much as it has pixels. The last layer is linear, so the mean of logits is the last layer of the
    mean of the pooled features.

    Raises:
        BackendError: ``bad-logits`` or ``bad-embedding`` where values are no finite numbers.
    """
    source = LatentSource(layer, area)
    grid = TileGrid(area.width, area.height)
    total: NDArray[np.float64] | None = None
    for index in range(grid.count):
        tile = grid.tile(index)
        f3 = _features(layer.model.networks, source.cut(tile))
        values = layer.model.networks.run("tail", {"f3": f3}, [output])[output].ravel()
        _check_finite(f"bad-{output}", "classifier" if output == "logits" else "tail", values)
        source.release(tile.x, tile.y)
        weight = tile.width * tile.height / (area.width * area.height)
        part = weight * values.astype(np.float64)
        total = part if total is None else total + part
    assert total is not None, "a picture has at least one tile"
    return total.astype(np.float32)


def find_objects(
    layer: CodedLayer,
    area: Area,
    scale: Scale,
    min_score: float,
    max_detections: int,
    *,
    masks: bool,
    wanted: Sequence[str | int] | None = None,
) -> list[Detection]:
    """Finds the objects in an area of a picture.

    Returns:
        Best first, in pixels of the photograph; of equal scores the earlier window's, then level, position, category.

    Raises:
        ModelError: ``no-heads``
        BackendError: ``bad-detections`` where values are no finite numbers.
        UsageError: ``unknown-category``
    """
    categories = require_heads(layer.model.model.manifest)
    chosen = None if wanted is None else choose_categories(categories, wanted)
    collector = ObjectCollector(min_score, max_detections, chosen)
    source = LatentSource(layer, area)
    grid = WindowGrid(area.width, area.height)
    for row in range(grid.rows):
        for column in range(grid.columns):
            window = grid.window(column, row)
            levels, mask = _detect(layer.model.networks, source.cut(window), masks)
            source.release(window.x, window.y)

            def is_cut(box: Box, column: int = column, row: int = row) -> bool:
                return grid.is_cut(box.moved(-area.x, -area.y), column, row)

            place = Area(area.x + window.x, area.y + window.y, window.width, window.height)
            collector.add(place, levels, mask, is_cut)
    return collector.finish(categories, scale)


def _features(networks: Networks, latents: NDArray[np.float32]) -> NDArray[np.float32]:
    return networks.run("features", {"latent": latents}, ["f3"])["f3"]


def _detect(
    networks: Networks, latents: NDArray[np.float32], masks: bool
) -> tuple[list[LevelMaps], NDArray[np.float32] | None]:
    layers = networks.run("tail", {"f3": _features(networks, latents)}, _TAIL_LAYERS)
    parts = ("classes", "distances", "controller") if masks else ("classes", "distances")
    names = [f"level{level}.{part}" for level, _ in _LEVELS for part in parts]
    maps = networks.run("heads", layers, [*names, *(["mask"] if masks else [])])
    _check_finite("bad-detections", "detector", *maps.values())
    levels = [
        LevelMaps(
            stride,
            maps[f"level{level}.classes"],
            maps[f"level{level}.distances"],
            maps.get(f"level{level}.controller"),
        )
        for level, stride in _LEVELS
    ]
    return levels, maps.get("mask")


def _check_finite(code: str, network: str, *maps: NDArray[np.float32]) -> None:
    """A file made for the purpose can make networks overflow; nobody downstream should have to look for the NaN."""
    if not all(np.isfinite(values).all() for values in maps):
        raise BackendError(code, f"the {network} network gave values that are no finite numbers")
