"""How a picture divides into windows in which objects are looked for."""

from __future__ import annotations

from dataclasses import dataclass

from ..geometry import TILE_EDGE, Area, parts
from ..tasks.boxes import Box

_OVERLAP = TILE_EDGE // 2
"""Windows begin where tiles begin and reach this far into the next ones: half a tile."""

_MARGIN = 8
"""A box that ends this near to an edge is cut by it, in pixels: one position of the finest level."""


@dataclass(frozen=True, slots=True)
class WindowGrid:
    """The windows of a picture of ``width`` by ``height`` pixels: a tile and half of each next one.

    Every object of up to half a tile lies whole in one of them, and a picture of up to one and a half tiles has one.
    """

    width: int
    height: int

    @property
    def columns(self) -> int:
        """Columns of windows."""
        return max(1, parts(self.width - _OVERLAP, TILE_EDGE))

    @property
    def rows(self) -> int:
        """Rows of windows."""
        return max(1, parts(self.height - _OVERLAP, TILE_EDGE))

    def window(self, column: int, row: int) -> Area:
        """A window by its place in the grid."""
        x, y = column * TILE_EDGE, row * TILE_EDGE
        edge = TILE_EDGE + _OVERLAP
        return Area(x, y, min(edge, self.width - x), min(edge, self.height - y))

    def is_cut(self, box: Box, column: int, row: int) -> bool:
        """Whether a box found in a window is cut by the window's edge and lies whole in another one."""
        if self._is_whole(box, self.window(column, row)):
            return False
        return any(
            self._is_whole(box, self.window(c, r))
            for r in range(max(0, row - 1), min(self.rows - 1, row + 1) + 1)
            for c in range(max(0, column - 1), min(self.columns - 1, column + 1) + 1)
        )

    def _is_whole(self, box: Box, area: Area) -> bool:
        """Whether a box stays clear of all edges of an area that are not edges of the picture."""
        right, bottom = area.x + area.width, area.y + area.height
        return (
            (area.x == 0 or box.left - area.x > _MARGIN)
            and (area.y == 0 or box.top - area.y > _MARGIN)
            and (right == self.width or right - box.right > _MARGIN)
            and (bottom == self.height or bottom - box.bottom > _MARGIN)
        )
