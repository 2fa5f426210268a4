"""``manifest.json`` of a released model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..container.header import PROFILES
from ..errors import ModelError
from .read_file import read_model_file

MANIFEST_FILE = "manifest.json"
"""Name of the file that describes a model."""

USES = ("entropy", "encoder", "synthesis", "tail", "heads")
"""What tensors are for, in the order of a model's weights files."""

_LARGEST_COUNT = 2**53 - 1


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file: what its tensors are for (None in models from before files were cut by use), size, SHA-256."""

    use: str | None
    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DecodePath:
    """Tables, hyper-synthesis and gains of a release: its decode id and what stands before its tensors' names."""

    decode_id: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Category:
    """A category of objects: its number in the data set the heads were trained on, and its name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model says of itself.

    Attributes:
        name: Name of the model.
        version: Version of the release.
        profile: ``semantic`` or ``perceptual``.
        decode_id: SHA-256 of everything entropy decoding depends on, 64 hexadecimal digits.
        render_id: SHA-256 of everything analysis of decoded latents depends on.
        weights: Its weights files.
        decode_paths: The model's own decode path, then those of earlier releases whose files it reads too.
        classes_file: File of class names; None in models without a classifier.
        class_count: Outputs of the classifier; 0 without one.
        latent_channels: Channels of y.
        hyper_channels: Channels of z.
        quality_levels: Trained levels of quality.
        categories: Of the detector, in the order of its logits; None in models that only classify.
        mask_channels: Channels of the mask features; 0 in models that only classify.
        licence: Licence of the weights.
    """

    name: str
    version: str
    profile: str
    decode_id: str
    render_id: str
    weights: tuple[WeightsFile, ...]
    decode_paths: tuple[DecodePath, ...]
    classes_file: str | None
    class_count: int
    latent_channels: int
    hyper_channels: int
    quality_levels: int
    categories: tuple[Category, ...] | None
    mask_channels: int
    licence: str

    @property
    def short_decode_ids(self) -> tuple[str, ...]:
        """Decode ids of the files that the model reads, its own first, as files name them: 8 digits."""
        return tuple(path.decode_id[:8] for path in self.decode_paths)

    @property
    def short_render_id(self) -> str:
        """The render id as files name it: 4 digits."""
        return self.render_id[:4]


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest of a model folder. Raises ModelError ``model-missing``, ``bad-manifest``."""
    path = folder / MANIFEST_FILE
    text = read_model_file(path).decode("utf-8", "replace")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise ModelError("bad-manifest", f"{path} is not JSON: {cause}") from cause
    root = _Fields(parsed, str(path), "")
    if root.text("schema") != "dicm.model/1":
        raise ModelError("bad-manifest", f"{path} has schema {root.text('schema')}, not dicm.model/1")
    return _parse(root)


def _parse(root: _Fields) -> Manifest:
    architecture = root.object("architecture")
    if architecture.count("tileSize") != 512:
        raise architecture.wrong("tileSize", "512, the edge of a file's tiles")
    classifies = root.has("classes") or architecture.has("classes")
    detection = root.object("detection") if root.has("detection") else None
    return Manifest(
        name=root.matching("name", r"[\w.-]+", 'letters, digits, ".", "_" and "-"'),
        version=root.text("version"),
        profile=root.one_of("profile", PROFILES),
        decode_id=root.hash("decodeId"),
        render_id=root.hash("renderId"),
        weights=tuple(_parse_weights(shard) for shard in root.list("weights")),
        decode_paths=_parse_decode_paths(root),
        classes_file=root.file_name("classes") if classifies else None,
        class_count=architecture.count("classes") if classifies else 0,
        latent_channels=architecture.count("latentChannels"),
        hyper_channels=architecture.count("hyperChannels"),
        quality_levels=architecture.count("qualityLevels"),
        categories=None if detection is None else _parse_categories(detection),
        mask_channels=0 if detection is None else detection.count("maskChannels"),
        licence=root.text("licence"),
    )


def _parse_weights(shard: _Fields) -> WeightsFile:
    return WeightsFile(
        use=shard.one_of("use", USES) if shard.has("use") else None,
        file=shard.file_name("file"),
        size_bytes=shard.count("bytes"),
        sha256=shard.hash("sha256"),
    )


def _parse_decode_paths(root: _Fields) -> tuple[DecodePath, ...]:
    paths = [DecodePath(root.hash("decodeId"), "")]
    if root.has("earlierDecodePaths"):
        what = '"decode-", letters or digits, and "."'
        paths += [
            DecodePath(path.hash("decodeId"), path.matching("prefix", r"decode-[\w-]+\.", what))
            for path in root.list("earlierDecodePaths")
        ]
    if len({path.decode_id[:8] for path in paths}) < len(paths):
        raise root.wrong("earlierDecodePaths", "a list of ids that .dicm files can tell apart")
    if len({path.prefix for path in paths}) < len(paths):
        raise root.wrong("earlierDecodePaths", "a list of different prefixes")
    return tuple(paths)


def _parse_categories(detection: _Fields) -> tuple[Category, ...]:
    categories = tuple(Category(one.count("id"), one.text("name")) for one in detection.list("categories"))
    if len({one.id for one in categories}) < len(categories):
        raise detection.wrong("categories", "a list of different ids")
    return categories


class _Fields:
    """An object of the manifest whose fields are checked as they are read."""

    def __init__(self, value: object, where: str, path: str) -> None:
        self.where = where
        self.path = path
        if not isinstance(value, dict):
            raise ModelError("bad-manifest", f"{where}: {path or 'the whole'} is not an object")
        self.values: dict[str, Any] = value

    def has(self, key: str) -> bool:
        return key in self.values

    def wrong(self, key: str, what: str) -> ModelError:
        found = "wrong" if self.has(key) else "missing"
        return ModelError("bad-manifest", f"{self.where}: {self._name(key)} is {found}; it must be {what}")

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str):
            raise self.wrong(key, "text")
        return value

    def matching(self, key: str, pattern: str, what: str) -> str:
        value = self.text(key)
        if re.fullmatch(pattern, value, re.ASCII) is None:
            raise self.wrong(key, what)
        return value

    def one_of(self, key: str, allowed: Sequence[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(key, " or ".join(allowed))
        return value

    def hash(self, key: str) -> str:
        return self.matching(key, "[0-9a-f]{64}", "64 hexadecimal digits")

    def file_name(self, key: str) -> str:
        # Without folders: a manifest must not reach outside its own folder.
        return self.matching(key, r"[\w-][\w.-]*", "a plain file name")

    def count(self, key: str) -> int:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST_COUNT:
            raise self.wrong(key, "a positive whole number")
        return value

    def object(self, key: str) -> _Fields:
        return _Fields(self.values.get(key), self.where, self._name(key))

    def list(self, key: str) -> list[_Fields]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            raise self.wrong(key, "a list with entries")
        return [_Fields(item, self.where, f"{self._name(key)}[{i}]") for i, item in enumerate(value)]

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key
