"""Where models are looked for, and which of them reads a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .manifest import MANIFEST_FILE, Manifest, read_manifest

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT_DATA = _PACKAGE.parent.parent / "build" / "data"

PACKAGE_DATA = _CHECKOUT_DATA if (_CHECKOUT_DATA / "model").is_dir() else _PACKAGE / "data"
"""What a wheel brings besides code: the tile core, a model and its graphs.

``scripts/assemble-python.js`` makes it, in ``build/data``, where an editable install of a checkout finds it.
"""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model of which only the manifest has been read."""

    folder: Path
    manifest: Manifest


def list_models(path: Path | None = None) -> list[FoundModel]:
    """Reads the manifests of all models there are, first found first.

    Args:
        path: A model folder, or a folder of such; unless given, those of ``$DICM_MODEL_PATH`` (separated as in
            ``$PATH``) and then the package's own.

    Raises:
        ModelError: ``bad-manifest``
    """
    folders = [folder for place in _places(path) for folder in _folders_at(place)]
    return [FoundModel(folder, read_manifest(folder)) for folder in folders]


def find_model(choice: str | os.PathLike[str] | None, decode_id: str, profile: str) -> FoundModel:
    """Finds the first model that decodes a layer, its own decode id before one whose files it reads too.

    Args:
        choice: Name of a model, its folder, or a folder of models; any unless given. What exists as a folder or looks
            like a path is one, and then nothing else is searched.
        decode_id: Of the layer, as files name it: 8 hexadecimal digits.
        profile: Of the layer.

    Raises:
        ModelError: ``model-missing`` naming what was wanted, what was found, and where; ``bad-manifest``.
    """
    path, name = _read_choice(choice)
    models = list_models(path)
    fits = [
        model
        for model in models
        if name in (None, model.manifest.name)
        and model.manifest.profile == profile
        and decode_id in model.manifest.short_decode_ids
    ]
    own = [model for model in fits if model.manifest.short_decode_ids[0] == decode_id]
    found = next(iter(own or fits), None)
    if found is not None:
        return found
    places = ", ".join(str(place) for place in _places(path))
    wanted = f"no model{'' if name is None else f' named {name}'}"
    if models:
        wanted += f" of the {profile} profile"
    present = ", ".join(
        f"{m.manifest.name} ({m.manifest.profile}, {', '.join(m.manifest.short_decode_ids)})" for m in models
    )
    parts = [f"{wanted} with decode id {decode_id}{f' in {places}' if places else ''}"]
    parts.append(f"found {present}" if present else "there is none at all")
    if path is None and not (PACKAGE_DATA / "model").is_dir():
        parts.append(
            "name a model folder with model= or in $DICM_MODEL_PATH, or install the wheel, which brings one "
            "(in a checkout: `node scripts/assemble-python.js`)"
        )
    raise ModelError("model-missing", "; ".join(parts))


def _read_choice(choice: str | os.PathLike[str] | None) -> tuple[Path | None, str | None]:
    if choice is None:
        return None, None
    text = os.fspath(choice)
    looks_like_path = "/" in text or os.sep in text or text.startswith(".")
    if isinstance(choice, os.PathLike) or looks_like_path or os.path.isdir(text):
        return Path(text), None
    return None, text


def _places(path: Path | None) -> list[Path]:
    if path is not None:
        return [path]
    listed = [Path(entry) for entry in os.environ.get("DICM_MODEL_PATH", "").split(os.pathsep) if entry]
    own = PACKAGE_DATA / "model"
    return [*listed, own] if own.is_dir() else listed


def _folders_at(place: Path) -> list[Path]:
    if (place / MANIFEST_FILE).exists():
        return [place]
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return []
    return [place / name for name in names if (place / name / MANIFEST_FILE).exists()]
