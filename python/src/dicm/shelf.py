"""Models that are open: each once a process, for all files that it decodes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .latents.decoder import TileDecoder
from .model.find import find_model
from .model.load import Model, load_model
from .networks.sessions import DEFAULT_PROVIDERS, Networks

T = TypeVar("T")


@dataclass(frozen=True)
class OpenModel:
    """A model that is ready for a decode path: its names, its decoder of tiles, and its networks."""

    model: Model
    decoder: TileDecoder
    networks: Networks


_lock = threading.RLock()
_kept: dict[Hashable, Any] = {}


def _renew_lock() -> None:
    """In a forked child: whoever held the lock is not here to give it back. What is open renews itself."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def open_model(
    choice: str | os.PathLike[str] | None,
    decode_id: str,
    profile: str,
    providers: Sequence[str] | None = None,
    threads: int | None = None,
) -> OpenModel:
    """The model of a layer, found and opened at the first call and kept for the process.

    Args:
        choice: Name of a model, its folder, or a folder of models; any unless given.
        decode_id: Of the layer, 8 hexadecimal digits.
        profile: Of the layer.
        providers: onnxruntime's execution providers for its networks; the CPU unless given.
        threads: CPU threads of one network; onnxruntime's own choice unless given.

    Raises:
        ModelError: ``model-missing``, or what a damaged model gives.
    """
    place = os.environ.get("DICM_MODEL_PATH") if choice is None else (type(choice), os.fspath(choice), os.getcwd())
    wanted = tuple(DEFAULT_PROVIDERS if providers is None else providers)
    with _lock:
        return _once(
            ("open", place, decode_id, profile, wanted, threads),
            lambda: _open(choice, decode_id, profile, wanted, threads),
        )


def _open(
    choice: str | os.PathLike[str] | None,
    decode_id: str,
    profile: str,
    providers: tuple[str, ...],
    threads: int | None,
) -> OpenModel:
    found = find_model(choice, decode_id, profile)
    folder = _identity(found.folder)
    model: Model = _once(("model", folder), lambda: load_model(found))
    decoder = _once(("decoder", folder, decode_id), lambda: TileDecoder(model.tensors_of(decode_id)))
    networks = _once(("networks", folder, providers, threads), lambda: Networks(model, providers, threads))
    return OpenModel(model, decoder, networks)


def _identity(folder: Path) -> tuple[Path, int]:
    """A folder, and when its manifest was written: a model that took the place of another is another."""
    return folder.resolve(), (folder / "manifest.json").stat().st_mtime_ns


def _once(key: Hashable, make: Callable[[], T]) -> T:
    """The value of a key, which is made when first asked for."""
    if key not in _kept:
        _kept[key] = make()
    value: T = _kept[key]
    return value
