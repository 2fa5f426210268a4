"""Entropy decoding of tiles with a model: payload in, checked integers and latents out."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..container.info import TilePayload
from ..errors import FormatError
from ..geometry import Tile
from ..model.load import Tensors
from .tensors import core_tensors
from .tile_core import TileCore

_MAX_BYTES_PER_SYMBOL = 11
"""No symbol takes more: 16 bits, 64 of an escape code, and 8 that were begun before."""

_REFUSALS = {
    1: ("truncated-payload", "range-coded stream of {size} bytes ends before its symbols do"),
    2: ("trailing-payload", "range-coded stream has {size} bytes where its symbols end after {detail:.0f}"),
    3: ("non-canonical-payload", "range-coded stream does not end as an encoder ends it"),
    4: ("invalid-payload", "range-coded stream starts with ff ff ff ff"),
    5: ("invalid-payload", "escape code has a prefix of more than 31 ones"),
    6: ("invalid-payload", "escape code stands for {detail:.0f}, beyond 32 bits"),
    7: (
        "integer-mismatch",
        "The decoded integers differ from those that were encoded: the payload is damaged",
    ),
}
"""Statuses of a payload that is refused: code and message."""


@dataclass(frozen=True, slots=True)
class DecodedTile:
    """A decoded tile.

    Attributes:
        hyper_latents: z^, int32 [rows][columns][channels] of the hyper-latent grid.
        symbols: Latent symbols, int32 [rows][columns][channels] of the latent grid.
        latents: y^, float32, likewise: what the synthesis reads.
    """

    hyper_latents: NDArray[np.int32]
    symbols: NDArray[np.int32]
    latents: NDArray[np.float32]


class TileDecoder:
    """Decodes tiles with one decode path of a model, from any thread and in any process.

    Each thread has an instance of the tile core of its own, opened when it first decodes; after a fork the child opens
    its own.
    """

    def __init__(self, tensors: Tensors) -> None:
        """Checks the tensors; the tile core is opened at the first tile.

        Raises:
            ModelError: ``missing-tensor``, ``bad-tensor``
        """
        self._tensors = core_tensors(tensors)
        self._local = threading.local()
        self.hyper_channels = self._tensors.hyper_channels
        self.latent_channels = self._tensors.latent_channels

    def __getstate__(self) -> dict[str, object]:
        # What a process has opened is not for another one.
        return {name: value for name, value in self.__dict__.items() if name != "_local"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()

    def _core(self) -> TileCore:
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.core = TileCore(self._tensors)
            self._local.pid = os.getpid()
        core: TileCore = self._local.core
        return core

    def decode(self, payload: TilePayload, tile: Tile, position: int, section: str) -> DecodedTile:
        """Decodes a tile and compares its integers with their check.

        Args:
            payload: Of the tile.
            tile: Its place and grids.
            position: Quality position of the layer, 0 to 2047.
            section: What to call the tile in messages.

        Raises:
            FormatError: ``truncated-payload``, ``trailing-payload``, ``invalid-payload``, ``non-canonical-payload``,
                ``integer-mismatch``.
        """
        core = self._core()
        hyper_shape = (tile.hyper_height, tile.hyper_width, self.hyper_channels)
        latent_shape = (tile.latent_height, tile.latent_width, self.latent_channels)
        symbols = int(np.prod(hyper_shape)) + int(np.prod(latent_shape))
        # A longer payload goes on after its symbols, however long it is.
        data = bytes(payload.data[: symbols * _MAX_BYTES_PER_SYMBOL + 8])
        core.send(data)
        status = core.call("decodeTile", tile.latent_height, tile.latent_width, position, len(data), payload.check)
        if status in _REFUSALS:
            code, message = _REFUSALS[status]
            text = message.format(size=len(payload.data), detail=core.call("detail"))
            raise FormatError(code, text, section=section)
        if status != 0:
            raise RuntimeError(f"the tile core gave status {status} ({core.call('detail'):g})")
        return DecodedTile(
            core.receive("hyperSymbols", np.int32, hyper_shape),
            core.receive("latentSymbols", np.int32, latent_shape),
            core.receive("latents", np.float32, latent_shape),
        )
