"""What a layer rebuilds: features of the machine layer, pixels of the view layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendError
from ..geometry import LATENT_STRIDE, TILE_EDGE, Area, parts
from ..limits import Limits
from ..networks.sessions import Networks
from .layer import CodedLayer, LatentSource


@dataclass(frozen=True, slots=True)
class Synthesis:
    """How something is rebuilt from latents.

    Attributes:
        output: Name of the network's output: ``f3``, ``layer2``, ``layer3``, ``layer4``, ``rgb``.
        stride: Coded pixels per position, on a side.
        refusal: Code of the error when a network gives something that is none.
        context: Latent positions around a tile that the network sees with it, so that no border between tiles is to be
            seen; None where tiles are rebuilt alone.
    """

    output: str
    stride: int
    refusal: str
    context: int | None = None

    def extent(self, pixels: int) -> int:
        """Positions that are kept along a side of so many coded pixels: of features, all of whole latent positions."""
        if self.stride == 1:
            return pixels
        return parts(LATENT_STRIDE * parts(pixels, LATENT_STRIDE), self.stride)

    def run(self, networks: Networks, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs the networks on the latents of a tile: [height][width][channels]."""
        if self.output == "rgb":
            return networks.run("picture", {"latent": latents}, ["rgb"])["rgb"]
        f3 = networks.run("features", {"latent": latents}, ["f3"])["f3"]
        if self.output == "f3":
            return f3
        return networks.run("tail", {"f3": f3}, [self.output])[self.output]


FEATURE_LAYERS = {
    "f3": Synthesis("f3", 4, "bad-features"),
    "layer2": Synthesis("layer2", 8, "bad-features"),
    "layer3": Synthesis("layer3", 16, "bad-features"),
    "layer4": Synthesis("layer4", 32, "bad-features"),
}
"""Layers of the network whose features can be decoded: the synthesis' own, and three of the tail behind it."""

PICTURE = Synthesis("rgb", 1, "bad-pixels", context=4)
"""The picture of a view layer. A border of a tile is seen from 3.5 latents on either side of it."""


def rebuild(
    layer: CodedLayer,
    area: Area,
    synthesis: Synthesis,
    dtype: type[np.generic],
    limits: Limits,
) -> NDArray[np.generic]:
    """Rebuilds an area, tile by tile.

    Args:
        layer: Of a file.
        area: In coded pixels, beginning at whole positions of latents and of what is rebuilt.
        synthesis: What to rebuild.
        dtype: float32 or float16 for features; uint8 for a picture, whose values from 0 to 1 become 0 to 255.
        limits: ``max_array_bytes`` bounds the result.

    Returns:
        [height][width][channels]

    Raises:
        LimitError, FormatError, ModelError, BackendError
    """
    height, width = synthesis.extent(area.height), synthesis.extent(area.width)
    joined: NDArray[np.generic] | None = None
    stride, context = synthesis.stride, synthesis.context
    picture = Area(0, 0, layer.info.width, layer.info.height)
    source = LatentSource(layer, picture)
    for index in layer.grid.touched(area):
        tile = layer.grid.tile(index)
        part = tile.common(area)
        seen = tile if context is None else part.with_context(context, picture)
        piece = synthesis.run(layer.model.networks, source.cut(seen))
        # What is around a tile begins in the one above and to the left of it.
        reach = 0 if context is None else TILE_EDGE
        source.release(tile.x - reach, tile.y - reach)
        _check(piece, seen, synthesis)
        if joined is None:
            size = height * width * piece.shape[2] * np.dtype(dtype).itemsize
            limits.check("max_array_bytes", size, "The size in bytes of what is rebuilt")
            joined = np.empty((height, width, piece.shape[2]), dtype)
        # Where the part begins in what was rebuilt, and where in the area, in positions.
        x, y = (part.x - seen.x) // stride, (part.y - seen.y) // stride
        to_x, to_y = (part.x - area.x) // stride, (part.y - area.y) // stride
        kept = piece[y : y + synthesis.extent(part.height), x : x + synthesis.extent(part.width)]
        if dtype is np.uint8:
            kept = np.floor(255 * kept.astype(np.float64) + 0.5)
        with np.errstate(over="ignore"):
            joined[to_y : to_y + kept.shape[0], to_x : to_x + kept.shape[1]] = kept.astype(dtype)
    assert joined is not None, "an area touches at least one tile"
    return joined


def _check(piece: NDArray[np.float32], area: Area, synthesis: Synthesis) -> None:
    """Refuses features, or pixels, that are none.

    Nothing in the format keeps a file, made for the purpose, from symbols so large that the networks overflow; nobody
    downstream should have to look for the NaN that comes of it.
    """
    expected = tuple(
        parts(LATENT_STRIDE * parts(extent, LATENT_STRIDE), synthesis.stride) for extent in (area.height, area.width)
    )
    if piece.shape[:2] != expected:
        message = f"the synthesis network gave {piece.shape[:2]} values instead of {expected}"
        raise BackendError(synthesis.refusal, message)
    if not np.isfinite(piece).all():
        message = "the synthesis network gave values that are no finite numbers"
        raise BackendError(synthesis.refusal, message)
