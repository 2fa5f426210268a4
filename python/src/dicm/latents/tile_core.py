"""The tile core in WebAssembly, run by wasmtime: one instance for a model, a thread and a process."""

from __future__ import annotations

import os
import threading
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import wasmtime
from numpy.typing import NDArray

from ..errors import ModelError
from .tensors import CoreTensors

ABI_VERSION = 1
"""Version of the tile core's calls that this host speaks."""

STATUS_BAD_TENSOR = (16, 17)
STATUS_BAD_TABLES = 18

CORE_FILE = "dicm-core.wasm"
"""Name of the tile core where the package keeps it."""

_lock = threading.Lock()
_compiled: tuple[int, wasmtime.Engine, wasmtime.Module] | None = None


def core_bytes() -> bytes:
    """The WebAssembly module, byte for byte that of the npm package.

    Raises:
        RuntimeError: Where the package was installed without it.
    """
    packaged = resources.files("dicm") / "data" / CORE_FILE
    if packaged.is_file():
        return packaged.read_bytes()
    built = Path(__file__).resolve().parents[4] / "src" / "wasm" / "generated" / CORE_FILE
    if built.is_file():
        return built.read_bytes()
    raise RuntimeError(
        f"{CORE_FILE} is not in the package: in a checkout, `npm ci && npm run build` makes it; "
        "then install the package again"
    )


def _compile() -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Compiles the module once a process: what an engine holds is its process's own."""
    global _compiled
    with _lock:
        if _compiled is None or _compiled[0] != os.getpid():
            config = wasmtime.Config()
            # Threads that compile would be the parent's: a forked child would wait for them without end.
            config.parallel_compilation = False
            engine = wasmtime.Engine(config)
            _compiled = os.getpid(), engine, wasmtime.Module(engine, core_bytes())
        return _compiled[1], _compiled[2]


def _renew_lock() -> None:
    """In a forked child: whoever held the lock is not here to give it back."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class TileCore:
    """An instance of the tile core with the tensors of a model. Not for two threads at a time."""

    def __init__(self, tensors: CoreTensors) -> None:
        """Opens an instance: compiles the module if need be, and hands over the tensors.

        Raises:
            ModelError: ``bad-tensor``, ``bad-tables``
        """
        engine, module = _compile()
        self._store = wasmtime.Store(engine)
        exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._exports: dict[str, Any] = {name: exports[name] for name in exports}
        version = self.call("abiVersion")
        if version != ABI_VERSION:
            raise RuntimeError(f"{CORE_FILE} has version {version} of its calls, not {ABI_VERSION}")
        self._expect_ok(self.call("layOut", *tensors.extents), "extents")
        for number, values in enumerate(tensors.values):
            self.send(np.ascontiguousarray(values).tobytes())
            self._expect_ok(self.call("takeTensor", number, values.size), f"tensor {number}")

    def call(self, name: str, *arguments: int) -> Any:
        """Calls an export (docs/tile-core.md)."""
        return self._exports[name](self._store, *arguments)

    def send(self, data: bytes) -> None:
        """Writes bytes into the exchange area."""
        address = self.call("exchange", len(data))
        if address == 0:
            raise MemoryError("there is no memory left for a tile")
        self._exports["memory"].write(self._store, data, address & 0xFFFFFFFF)

    def receive(self, area: str, dtype: type[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
        """A copy of an area: an array of a type and shape."""
        start = self.call(area) & 0xFFFFFFFF
        count = int(np.prod(shape))
        end = start + count * np.dtype(dtype).itemsize
        data = self._exports["memory"].read(self._store, start, end)
        return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).astype(dtype, copy=False).reshape(shape)

    def _expect_ok(self, status: int, what: str) -> None:
        if status == 0:
            return
        detail = self.call("detail")
        if status == STATUS_BAD_TABLES:
            kind = "entropy.factorised" if what in ("tensor 0", "tensor 1", "tensor 2") else "entropy.gaussian"
            raise ModelError("bad-tables", f"{kind}: the tables break a rule of the format (table {detail:g})")
        if status in STATUS_BAD_TENSOR:
            raise ModelError("bad-tensor", f"the tile core refuses {what} of the model ({detail:g})")
        raise RuntimeError(f"the tile core gave status {status} ({detail:g}) for {what}")
