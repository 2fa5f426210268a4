"""A layer of a file with the model that decodes it: its tiles, and its latents side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..container.info import LayerInfo, tile_payload
from ..geometry import HYPER_STRIDE, LATENT_STRIDE, Area, Tile, TileGrid, parts
from ..latents.decoder import DecodedTile
from ..limits import Limits
from ..shelf import OpenModel


@dataclass(frozen=True, slots=True)
class Latents:
    """Latents of a whole picture, its tiles joined.

    Attributes:
        y_hat: y^, float32 [height][width][channels] at one position for each 16 coded pixels: what the synthesis reads.
        z_hat: z^, int32 [height][width][channels] at one position for each 64 coded pixels.
    """

    y_hat: NDArray[np.float32]
    z_hat: NDArray[np.int32]


@dataclass(frozen=True)
class CodedLayer:
    """A layer that can be decoded.

    Attributes:
        data: The file.
        info: What the layer states, and where its tiles lie.
        model: The model it was encoded with.
        name: What to call it in errors, where it is not the first layer.
    """

    data: bytes
    info: LayerInfo
    model: OpenModel
    name: str | None = None

    @property
    def grid(self) -> TileGrid:
        """How the layer divides into tiles."""
        return TileGrid(self.info.width, self.info.height)

    def decode(self, index: int) -> DecodedTile:
        """Entropy-decodes one tile and compares its integers with their check. Raises FormatError."""
        section = f"tile {index}" if self.name is None else f"{self.name}, tile {index}"
        payload = tile_payload(self.data, self.info.tiles[index])
        tile = self.grid.tile(index)
        return self.model.decoder.decode(payload, tile, self.info.quality_position, section)

    def decode_all(self) -> Iterator[tuple[Tile, DecodedTile]]:
        """Entropy-decodes all tiles in raster order."""
        for index in range(self.grid.count):
            yield self.grid.tile(index), self.decode(index)


def join_latents(layer: CodedLayer, limits: Limits) -> Latents:
    """Entropy-decodes a layer and joins the latents of its tiles.

    Raises:
        LimitError: ``max_array_bytes``.
        FormatError: When a payload is damaged.
    """
    grid, decoder = layer.grid, layer.model.decoder
    columns = [grid.tile(i) for i in range(grid.columns)]
    rows = [grid.tile(i * grid.columns) for i in range(grid.rows)]
    # Sums over the tile grid: not the same as rounding the picture's sides up where tiles end inside a block.
    latent = (sum(t.latent_height for t in rows), sum(t.latent_width for t in columns))
    hyper = (sum(t.hyper_height for t in rows), sum(t.hyper_width for t in columns))
    for (height, width), channels in ((latent, decoder.latent_channels), (hyper, decoder.hyper_channels)):
        what = "The size of the latents in bytes"
        limits.check("max_array_bytes", 4 * height * width * channels, what)
    joined: Latents | None = None
    for tile, decoded in layer.decode_all():
        if grid.count == 1:
            return Latents(decoded.latents, decoded.hyper_latents)
        if joined is None:
            # Only now: what a header claims costs memory when a first tile has shown that there is something.
            joined = Latents(
                np.empty((*latent, decoder.latent_channels), np.float32),
                np.empty((*hyper, decoder.hyper_channels), np.int32),
            )
        # Only the last tile of a row or column is smaller, so the others start at whole multiples.
        _place(joined.y_hat, decoded.latents, tile.x // LATENT_STRIDE, tile.y // LATENT_STRIDE)
        _place(joined.z_hat, decoded.hyper_latents, tile.x // HYPER_STRIDE, tile.y // HYPER_STRIDE)
    assert joined is not None, "a file has at least one tile"
    return joined


def _place(plane: NDArray[np.generic], tile: NDArray[np.generic], left: int, top: int) -> None:
    plane[top : top + tile.shape[0], left : left + tile.shape[1]] = tile


class LatentSource:
    """Latents y^ of a region, decoded tile by tile when an area first asks for them and held until released."""

    def __init__(self, layer: CodedLayer, region: Area) -> None:
        """``region`` is in coded pixels and begins at whole latent positions; tiles outside of it are not touched."""
        self.region = region
        self._layer = layer
        self._held: dict[int, NDArray[np.float32]] = {}

    def cut(self, area: Area) -> NDArray[np.float32]:
        """Latents of an area, which counts from the region's corner and begins at a multiple of 16 pixels."""
        left = (self.region.x + area.x) // LATENT_STRIDE
        top = (self.region.y + area.y) // LATENT_STRIDE
        height, width = parts(area.height, LATENT_STRIDE), parts(area.width, LATENT_STRIDE)
        place = Area(self.region.x + area.x, self.region.y + area.y, area.width, area.height)
        cut: NDArray[np.float32] | None = None
        for index in self._layer.grid.touched(place):
            latents = self._latents_at(index)
            tile = self._layer.grid.tile(index)
            # Where the common part begins in the tile, and where in the area.
            tile_left, tile_top = tile.x // LATENT_STRIDE, tile.y // LATENT_STRIDE
            x, y = max(0, left - tile_left), max(0, top - tile_top)
            to_x, to_y = tile_left + x - left, tile_top + y - top
            part = latents[y : y + height - to_y, x : x + width - to_x]
            if part.shape[:2] == (height, width):
                return part
            if cut is None:
                # The first tile is decoded before there is memory for the others.
                cut = np.empty((height, width, latents.shape[2]), np.float32)
            _place(cut, part, to_x, to_y)
        assert cut is not None, "an area touches at least one tile"
        return cut

    def release(self, x: int, y: int) -> None:
        """Says that no area from here on begins in a tile at or before this corner, in raster order."""
        corner = (self.region.y + y, self.region.x + x)
        for index in list(self._held):
            tile = self._layer.grid.tile(index)
            if (tile.y, tile.x) <= corner:
                del self._held[index]

    def _latents_at(self, index: int) -> NDArray[np.float32]:
        latents = self._held.get(index)
        if latents is None:
            latents = self._held[index] = self._layer.decode(index).latents
        return latents
