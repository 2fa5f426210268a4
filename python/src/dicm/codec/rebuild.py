"""What a layer rebuilds: features of the machine layer, pixels of the view layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendError
from ..geometry import LATENT_STRIDE, Area, Tile, parts
from ..limits import Limits
from ..networks.sessions import Networks
from .layer import CodedLayer


@dataclass(frozen=True, slots=True)
class Synthesis:
    """How something is rebuilt from latents.

    Attributes:
        output: Name of the network's output: ``f3``, ``layer2``, ``layer3``, ``layer4``, ``rgb``.
        stride: Coded pixels per position, on a side.
        refusal: Code of the error when a network gives something that is none.
    """

    output: str
    stride: int
    refusal: str

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

PICTURE = Synthesis("rgb", 1, "bad-pixels")
"""The picture of a view layer."""


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
    stride = synthesis.stride
    for index in layer.grid.touched(area):
        tile = layer.grid.tile(index)
        piece = synthesis.run(layer.model.networks, layer.decode(index).latents)
        _check(piece, tile, synthesis)
        if joined is None:
            size = height * width * piece.shape[2] * np.dtype(dtype).itemsize
            limits.check("max_array_bytes", size, "The size in bytes of what is rebuilt")
            joined = np.empty((height, width, piece.shape[2]), dtype)
        # Where tile and area meet, from the corners of both, in positions.
        x, y = max(0, area.x - tile.x) // stride, max(0, area.y - tile.y) // stride
        to_x, to_y = max(0, tile.x - area.x) // stride, max(0, tile.y - area.y) // stride
        part = piece[y : y + height - to_y, x : x + width - to_x]
        if dtype is np.uint8:
            part = np.floor(255 * part.astype(np.float64) + 0.5)
        with np.errstate(over="ignore"):
            joined[to_y : to_y + part.shape[0], to_x : to_x + part.shape[1]] = part.astype(dtype)
    assert joined is not None, "an area touches at least one tile"
    return joined


def _check(piece: NDArray[np.float32], tile: Tile, synthesis: Synthesis) -> None:
    """Refuses features, or pixels, that are none.

    Nothing in the format keeps a file, made for the purpose, from symbols so large that the networks overflow; nobody
    downstream should have to look for the NaN that comes of it.
    """
    expected = tuple(
        parts(LATENT_STRIDE * extent, synthesis.stride) for extent in (tile.latent_height, tile.latent_width)
    )
    if piece.shape[:2] != expected:
        message = f"the synthesis network gave {piece.shape[:2]} values for a tile of {expected}"
        raise BackendError(synthesis.refusal, message)
    if not np.isfinite(piece).all():
        message = "the synthesis network gave values that are no finite numbers"
        raise BackendError(synthesis.refusal, message)
