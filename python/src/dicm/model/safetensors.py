"""Weights files: 8 bytes of header length, a JSON header, then the values of all tensors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

_TYPES = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I8": "<i1"}
_MAX_HEADER_BYTES = 2**24
_MAX_RANK = 8


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as it lies in the file: type by its safetensors name, extents, and bytes, row-major, little-endian."""

    type: str
    shape: tuple[int, ...]
    data: memoryview

    def values(self) -> NDArray[np.generic]:
        """The values, in the type they are stored in."""
        return np.frombuffer(self.data, _TYPES[self.type]).reshape(self.shape)


def read_safetensors(data: bytes, where: str) -> dict[str, StoredTensor]:
    """Reads a safetensors file, whose tensors must cover its data without gap or overlap. Tensors are views.

    Args:
        data: The whole file.
        where: Its path, for messages.

    Raises:
        ModelError: ``bad-weights``
    """

    def fail(message: str) -> ModelError:
        return ModelError("bad-weights", f"{where}: {message}")

    if len(data) < 8:
        raise fail("too short for a safetensors file")
    declared = int.from_bytes(data[:8], "little")
    if declared > min(_MAX_HEADER_BYTES, len(data) - 8):
        raise fail(f"the header claims {declared} bytes of {len(data)}")
    try:
        header = json.loads(data[8 : 8 + declared].decode("utf-8"))
    except (ValueError, RecursionError) as cause:
        raise fail("the header is not JSON") from cause
    if not isinstance(header, dict):
        raise fail("the header is not an object")
    body = memoryview(data)[8 + declared :]
    tensors: dict[str, StoredTensor] = {}
    ranges: list[tuple[int, int, str]] = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end, tensor = _read_entry(name, entry, body, fail)
        tensors[name] = tensor
        ranges.append((start, end, name))
    covered = 0
    for start, end, name in sorted(ranges):
        if start != covered:
            raise fail(f"{name} starts at byte {start}, not at {covered}")
        covered = end
    if covered != len(body):
        raise fail(f"{len(body) - covered} bytes belong to no tensor")
    return tensors


def _read_entry(
    name: str, entry: object, body: memoryview, fail: Callable[[str], ModelError]
) -> tuple[int, int, StoredTensor]:
    fields = entry if isinstance(entry, dict) else {}
    kind, shape, offsets = (fields.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(kind, str) or kind not in _TYPES:
        raise fail(f"{name} has the element type {kind}; this reads {', '.join(_TYPES)}")
    if not _is_counts(shape) or len(shape) > _MAX_RANK:
        raise fail(f"{name} has no usable shape")
    if not _is_counts(offsets) or len(offsets) != 2:
        raise fail(f"{name} has no usable data_offsets")
    start, end = offsets
    wanted = prod(shape) * np.dtype(_TYPES[kind]).itemsize
    if end - start != wanted:
        raise fail(f"{name} has {end - start} bytes where its shape needs {wanted}")
    if end > len(body):
        raise fail(f"{name} ends at byte {end} of {len(body)}")
    return start, end, StoredTensor(kind, tuple(shape), body[start:end])


def _is_counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value)
