"""Binary masks as COCO writes them in results files (``cocoapi/common/maskApi.c``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

_FIRST_CHARACTER = 48


@dataclass(frozen=True, slots=True)
class RunLengthMask:
    """Binary mask of a picture in COCO's run-length form.

    Attributes:
        size: Height and width of the picture, in pixels.
        counts: Lengths of alternating runs of background and object in column-major order, starting with background,
            each a variable-length group of printable characters.
    """

    size: tuple[int, int]
    counts: str

    def to_coco(self) -> dict[str, list[int] | str]:
        """The mask as pycocotools takes it: ``pycocotools.mask.decode(mask.to_coco())``."""
        return {"size": list(self.size), "counts": self.counts}

    def decode(self) -> NDArray[np.uint8]:
        """The mask as [height][width], 1 for the object and 0 for the rest.

        Raises:
            UsageError: ``bad-mask`` for a string that is no mask of that size.
        """
        height, width = self.size
        runs = decode_runs(self.counts)
        total = sum(runs)
        if total != height * width:
            message = f"its runs hold {total} pixels, the picture {height}x{width} has {height * width}"
            raise _bad_mask(message)
        flags = np.arange(len(runs)) % 2
        mask: NDArray[np.uint8] = np.repeat(flags.astype(np.uint8), runs).reshape(width, height).T
        return mask


def encode_runs(runs: Iterable[int]) -> str:
    """Writes the lengths of runs as characters."""
    characters = []
    lengths = [int(run) for run in runs]
    for i, run in enumerate(lengths):
        # From the fourth run on, the difference to the run before the last is stored.
        value = run - lengths[i - 2] if i > 2 else run
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            characters.append(chr(_FIRST_CHARACTER + group + (32 if more else 0)))
    return "".join(characters)


def decode_runs(counts: str) -> list[int]:
    """Reads the lengths of runs. Raises UsageError ``bad-mask``."""
    runs: list[int] = []
    value = shift = 0
    for i, character in enumerate(counts):
        group = ord(character) - _FIRST_CHARACTER
        if not 0 <= group < 64 or shift > 50:
            raise _bad_mask(f"character {i + 1} is {character!r}")
        value |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            value -= 1 << shift
        if len(runs) > 2:
            value += runs[-2]
        if value < 0:
            raise _bad_mask(f"run {len(runs) + 1} has the length {value}")
        runs.append(value)
        value = shift = 0
    if shift:
        raise _bad_mask("the last number is cut off")
    return runs


def _bad_mask(problem: str) -> UsageError:
    return UsageError("bad-mask", f"bad run-length mask: {problem}")
