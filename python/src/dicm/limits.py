"""What a reader is willing to spend on a file before it has been shown to deserve it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from .errors import LimitError, UsageError


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a reader (format-spec/v1/dicm-v1.md, section 9), each compared before memory of that size is taken.

    ``math.inf`` switches a limit off.

    Attributes:
        max_pixels: Coded width times coded height of a layer, in pixels.
        max_source_pixels: Width times height of the photograph, in pixels, as the file states it.
        max_tiles: Tiles of all layers together.
        max_file_bytes: Size of the whole file, in bytes.
        max_ancillary_bytes: Content of all ancillary sections but layers, in bytes.
        max_array_bytes: Largest array that decoding allocates: latents, features or a picture, in bytes.

    Raises:
        UsageError: ``bad-limit`` for a limit that is no number of at least 0.
    """

    max_pixels: float = 2**28
    max_source_pixels: float = 2**32
    max_tiles: float = 2**14
    max_file_bytes: float = 2**28
    max_ancillary_bytes: float = 2**24
    max_array_bytes: float = 2**31

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value < 0:
                raise UsageError("bad-limit", f"limits.{field.name} must be a number of at least 0, not {value!r}")

    def check(self, name: str, actual: int, what: str) -> None:
        """Compares a declared size with its limit; ``what`` begins the message. Raises :class:`LimitError`."""
        maximum: float = getattr(self, name)
        if actual > maximum:
            raise LimitError(name, actual, maximum, what)


DEFAULT_LIMITS = Limits()
"""Pictures of 268 million pixels, files of 256 MiB, 16 MiB of metadata, arrays of 2 GiB: as on the command line."""
