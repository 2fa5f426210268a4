"""Tiles, strides and extents: constants of the format (format-spec/v1/dicm-v1.md, section 6)."""

from __future__ import annotations

from dataclasses import dataclass

TILE_EDGE = 512
"""Edge of a full tile, in pixels."""

LATENT_STRIDE = 16
"""Pixels per position of the latent y, on a side; what networks see is padded to multiples of it."""

HYPER_STRIDE = 64
"""Pixels per position of the hyper-latent z, on a side."""

MAX_QUALITY_POSITION = 2047
"""Largest quality position: the header has 11 bits for it."""


def parts(extent: int, size: int) -> int:
    """How many parts of a size cover an extent."""
    return -(-extent // size)


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a picture, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def common(self, other: Area) -> Area:
        """Where two areas meet."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Area(x, y, right - x, bottom - y)

    def with_context(self, positions: int, picture: Area) -> Area:
        """Adds as many latent positions around the area on every side, as far as the picture goes."""
        margin = positions * LATENT_STRIDE
        around = Area(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)
        return around.common(picture)


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of a picture as it was coded and of the photograph it was made from, in pixels."""

    width: int
    height: int
    source_width: int
    source_height: int


@dataclass(frozen=True, slots=True)
class Tile(Area):
    """Place of one tile in the coded picture, without padding, with its grids."""

    @property
    def latent_width(self) -> int:
        """Columns of the latent grid."""
        return parts(self.width, LATENT_STRIDE)

    @property
    def latent_height(self) -> int:
        """Rows of the latent grid."""
        return parts(self.height, LATENT_STRIDE)

    @property
    def hyper_width(self) -> int:
        """Columns of the hyper-latent grid."""
        return parts(self.latent_width, HYPER_STRIDE // LATENT_STRIDE)

    @property
    def hyper_height(self) -> int:
        """Rows of the hyper-latent grid."""
        return parts(self.latent_height, HYPER_STRIDE // LATENT_STRIDE)


@dataclass(frozen=True, slots=True)
class TileGrid:
    """How a picture of ``width`` by ``height`` coded pixels divides into tiles; nothing is held for each tile."""

    width: int
    height: int

    @property
    def columns(self) -> int:
        """Columns of tiles."""
        return parts(self.width, TILE_EDGE)

    @property
    def rows(self) -> int:
        """Rows of tiles."""
        return parts(self.height, TILE_EDGE)

    @property
    def count(self) -> int:
        """All tiles."""
        return self.columns * self.rows

    def tile(self, index: int) -> Tile:
        """Tile number ``index`` in raster order."""
        row, column = divmod(index, self.columns)
        x, y = column * TILE_EDGE, row * TILE_EDGE
        return Tile(x, y, min(TILE_EDGE, self.width - x), min(TILE_EDGE, self.height - y))

    def touched(self, area: Area) -> list[int]:
        """Numbers of the tiles that an area touches, in raster order."""
        columns = range(area.x // TILE_EDGE, (area.x + area.width - 1) // TILE_EDGE + 1)
        rows = range(area.y // TILE_EDGE, (area.y + area.height - 1) // TILE_EDGE + 1)
        return [row * self.columns + column for row in rows for column in columns]
