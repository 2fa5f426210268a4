"""A model as this package uses it: tensors for entropy decoding, and names of what its networks say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .find import FoundModel
from .manifest import Manifest, WeightsFile
from .read_file import read_model_file
from .safetensors import StoredTensor, read_safetensors

Tensors = Mapping[str, NDArray[np.generic]]
"""Tensors by name: int32 or float32."""

_ENTROPY_STARTS = ("hs.", "entropy.", "gain.")
_NOT_ENTROPY = "gain.log2_inverse"
_VIEW_FOREIGN = ("head.", "re.", "tail.", "heads.")


@dataclass(frozen=True, slots=True)
class ClassName:
    """What one output of the classifier stands for: its number, WordNet identifier and label."""

    index: int
    wnid: str
    label: str


@dataclass(frozen=True)
class Model:
    """A model whose decode ids are those of its tensors.

    Attributes:
        folder: Where it lies.
        manifest: What it says of itself.
        classes: Class names in the order of the classifier's outputs; empty in models without one.
    """

    folder: Path
    manifest: Manifest
    classes: tuple[ClassName, ...]
    stored: Mapping[str, StoredTensor] = field(repr=False)

    def tensors_of(self, decode_id: str) -> Tensors:
        """Tensors of the decode path of a decode id (8 digits), by names without its prefix, widened to 32 bits."""
        path = next(p for p in self.manifest.decode_paths if p.decode_id[:8] == decode_id)
        size = len(path.prefix)
        names = (name for name in self.stored if name.startswith(path.prefix))
        return {name[size:]: _widened(name, self.stored[name]) for name in names if _is_needed(name[size:])}


def load_model(found: FoundModel) -> Model:
    """Loads what entropy decoding needs of a model, and its class names.

    Read are the weights files for entropy and those that state no use; where the inverse gains are in none of them, as
    in models up to dicm-r50 1.4.0, the one for synthesis too. Sizes, SHA-256 and decode ids are compared with the
    manifest, and sizes that it states with the tensors.

    Raises:
        ModelError: ``model-missing``, ``bad-manifest``, ``bad-classes``, ``bad-weights``, ``model-damaged``
    """
    folder, manifest = found.folder, found.manifest
    stored: dict[str, StoredTensor] = {}
    _read_uses(folder, manifest, (None, "entropy"), stored)
    if _NOT_ENTROPY not in stored:
        _read_uses(folder, manifest, ("synthesis",), stored)
    _check_sizes(folder, manifest, stored)
    for path in manifest.decode_paths:
        found_id = _decode_id(stored, path.prefix)
        if found_id != path.decode_id:
            raise ModelError(
                "model-damaged",
                f"{folder}: the tensors have decodeId {found_id}, the manifest states {path.decode_id}",
            )
    return Model(folder, manifest, _read_classes(folder, manifest), stored)


def _read_uses(folder: Path, manifest: Manifest, uses: tuple[str | None, ...], stored: dict[str, StoredTensor]) -> None:
    for weights in manifest.weights:
        if weights.use not in uses:
            continue
        for name, tensor in _read_weights(folder, weights).items():
            if name in stored:
                raise ModelError("bad-weights", f"{folder}: {name} is in two files")
            stored[name] = tensor


def _read_weights(folder: Path, weights: WeightsFile) -> dict[str, StoredTensor]:
    path = folder / weights.file
    data = read_model_file(path)
    if len(data) != weights.size_bytes:
        raise ModelError("model-damaged", f"{path} has {len(data)} bytes, not {weights.size_bytes}")
    if hashlib.sha256(data).hexdigest() != weights.sha256:
        raise ModelError("model-damaged", f"{path} does not have the SHA-256 its manifest states")
    return read_safetensors(data, str(path))


def _read_classes(folder: Path, manifest: Manifest) -> tuple[ClassName, ...]:
    if manifest.classes_file is None:
        return ()
    path = folder / manifest.classes_file
    try:
        entries = json.loads(read_model_file(path).decode("utf-8", "replace"))
    except (ValueError, RecursionError) as cause:
        raise ModelError("bad-classes", f"{path} is not JSON: {cause}") from cause
    if not isinstance(entries, list) or len(entries) != manifest.class_count:
        message = f"{path} is not a list of the model's {manifest.class_count} classes"
        raise ModelError("bad-classes", message)
    classes = []
    for i, entry in enumerate(entries):
        fields = entry if isinstance(entry, dict) else {}
        index, wnid, label = fields.get("index"), fields.get("wnid"), fields.get("label")
        if index != i or not isinstance(wnid, str) or not isinstance(label, str):
            message = f"{path}: entry {i} is not {{index: {i}, wnid, label}}"
            raise ModelError("bad-classes", message)
        classes.append(ClassName(i, wnid, label))
    return tuple(classes)


def _check_sizes(folder: Path, manifest: Manifest, stored: Mapping[str, StoredTensor]) -> None:
    """Compares what the manifest states with the tensors that were read."""

    def fail(what: str) -> ModelError:
        return ModelError("bad-manifest", f"{folder}/manifest.json: {what}")

    if manifest.profile == "perceptual":
        stranger = next((name for name in stored if name.startswith(_VIEW_FOREIGN)), None)
        if stranger is not None:
            raise fail(f"profile is perceptual, but {stranger} is a tensor of another profile")
    channels = manifest.latent_channels
    stated = [("architecture.latentChannels", f"{path.prefix}gain.log2", 1, channels) for path in manifest.decode_paths]
    stated += [
        ("architecture.latentChannels", "hs.out.weight", 0, 2 * channels),
        ("architecture.hyperChannels", "hs.in.weight", 1, manifest.hyper_channels),
        ("architecture.qualityLevels", "gain.log2", 0, manifest.quality_levels),
    ]
    for field_name, name, axis, size in stated:
        shape = stored[name].shape if name in stored else ()
        if axis >= len(shape) or shape[axis] != size:
            raise fail(f"{field_name} asks for {size} in dimension {axis} of {name}, whose shape is {list(shape)}")


def _is_entropy(name: str) -> bool:
    return name.startswith(_ENTROPY_STARTS) and name != _NOT_ENTROPY


def _is_needed(name: str) -> bool:
    return name.startswith(_ENTROPY_STARTS)


def _decode_id(stored: Mapping[str, StoredTensor], prefix: str) -> str:
    """SHA-256 over name, type, extents and values of all tensors of entropy decoding (section 4.3 of the format)."""
    names = sorted(
        (name[len(prefix) :] for name in stored if name.startswith(prefix)),
        key=lambda name: name.encode(),
    )
    digest = hashlib.sha256()
    for name in filter(_is_entropy, names):
        tensor = stored[prefix + name]
        shape = ",".join(str(extent) for extent in tensor.shape)
        digest.update(f"{name}\0{tensor.type}\0{shape}\0".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def _widened(name: str, tensor: StoredTensor) -> NDArray[np.generic]:
    if tensor.type == "I8":
        raise ModelError("bad-tensor", f"{name} is stored in 8 bits, which nothing that entropy decoding needs is")
    values = tensor.values()
    return values.astype(np.int32 if tensor.type == "I32" else np.float32)
