"""Whole files: .dicm bytes to integers of every tile, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .container import DicmFile, Header, TileGrids, TileSection, integer_check, tile_grids
from .errors import DicmError
from .hyper_synthesis import HyperSynthesis
from .model import Model
from .quantiser import Gains, dequantise, gains_at, table_indexes
from .range_coder import RangeDecoder, RangeEncoder
from .tables import decode_symbols, encode_symbols


@dataclass(frozen=True)
class TileLatents:
    """Integers of one tile, each [rows, columns, channels], and the latents they stand for."""

    z: np.ndarray
    symbols: np.ndarray
    y: np.ndarray


class Codec:
    """The integer path of one model."""

    def __init__(self, model: Model) -> None:
        """Open the hyper-synthesis and check that tables and channels fit together."""
        self.model = model
        self.synthesis = HyperSynthesis(model.tensors)
        if len(model.factorised) != self.synthesis.hyper_channels or len(model.gaussian) != 64:
            raise DicmError("bad-tables", "there must be 64 Gaussian tables and one per hyper-latent channel")

    def decode(self, file: DicmFile) -> list[TileLatents]:
        """Decode every tile of a file."""
        if file.header.decode_id != self.model.decode_id:
            raise DicmError(
                "model-missing",
                f"the file needs model {file.header.decode_id.hex()}, this is {self.model.decode_id.hex()}",
            )
        gains = gains_at(self.model.tensors, file.header.quality_position)
        grids = tile_grids(file.header.width, file.header.height)
        return [self.decode_tile(t, g, gains) for t, g in zip(file.tiles, grids, strict=True)]

    def decode_tile(self, tile: TileSection, grids: TileGrids, gains: Gains) -> TileLatents:
        """Decode one tile and compare its integer check."""
        decoder = RangeDecoder(tile.payload)
        z_shape = (*grids.hyper, self.synthesis.hyper_channels)
        z = decode_symbols(decoder, self._channels(z_shape), self.model.factorised).reshape(z_shape)
        mean, scale = self.synthesis.run(z, grids.latents)
        indexes = table_indexes(scale, gains.index_offset)
        symbols = decode_symbols(decoder, indexes.ravel().tolist(), self.model.gaussian).reshape(mean.shape)
        decoder.finish()
        if integer_check(z, symbols) != tile.check:
            raise DicmError("integer-mismatch", "decoded integers differ from what was encoded")
        return TileLatents(z, symbols, dequantise(symbols, mean, gains))

    def encode_tile(self, z: np.ndarray, symbols: np.ndarray, grids: TileGrids, gains: Gains) -> TileSection:
        """Code the integers of one tile."""
        if z.shape != (*grids.hyper, self.synthesis.hyper_channels):
            raise ValueError(f"hyper-latents of shape {z.shape} for a tile of {grids}")
        if symbols.shape != (*grids.latents, self.synthesis.latent_channels):
            raise ValueError(f"latents of shape {symbols.shape} for a tile of {grids}")
        encoder = RangeEncoder()
        encode_symbols(encoder, z.ravel().tolist(), self._channels(z.shape), self.model.factorised)
        _, scale = self.synthesis.run(z, grids.latents)
        indexes = table_indexes(scale, gains.index_offset)
        encode_symbols(encoder, symbols.ravel().tolist(), indexes.ravel().tolist(), self.model.gaussian)
        return TileSection(encoder.finish(), integer_check(z, symbols))

    def encode(self, header: Header, tiles: list[tuple[np.ndarray, np.ndarray]]) -> DicmFile:
        """Code (z, symbols) of every tile; the header must name this model."""
        if header.decode_id != self.model.decode_id:
            raise DicmError("model-missing", f"the header names model {header.decode_id.hex()}")
        gains = gains_at(self.model.tensors, header.quality_position)
        grids = tile_grids(header.width, header.height)
        return DicmFile(header, [self.encode_tile(z, s, g, gains) for (z, s), g in zip(tiles, grids, strict=True)])

    @staticmethod
    def _channels(shape: tuple[int, ...]) -> list[int]:
        return list(range(shape[2])) * (shape[0] * shape[1])
