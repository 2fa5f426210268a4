"""A .dicm file, from its bytes to what it shows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .codec.analyse import find_objects, mean_over_tiles
from .codec.layer import CodedLayer, Latents, join_latents
from .codec.rebuild import FEATURE_LAYERS, PICTURE, rebuild
from .codec.region import Region, region_of
from .container.header import profile_of_layer
from .container.info import FileInfo, LayerInfo, describe, digest_place
from .container.layout import read_layout, read_prefix_layout
from .errors import FormatError, ModelError, UsageError
from .geometry import Scale
from .limits import DEFAULT_LIMITS, Limits
from .shelf import open_model
from .tasks.classify import Prediction, top_predictions
from .tasks.objects import Detection

_DTYPES: dict[str, type[np.generic]] = {"float32": np.float32, "float16": np.float16}
_RESULTS = {"semantic": "features", "perceptual": "a picture"}
"""What a layer of a profile holds, in the words of messages."""


class Readable(Protocol):
    """A binary file that is open for reading."""

    def read(self, size: int = -1, /) -> bytes:
        """Reads bytes."""


Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Readable
"""What a file is opened from: its path, its bytes, or a binary file that is open for reading."""


@dataclass(frozen=True, slots=True)
class VerifiedLayer:
    """A layer that was decoded completely, or of which no model is here.

    Attributes:
        layer: ``machine`` or ``view``.
        proved: Whether all of its integers are those that were encoded.
        reason: Why they could not be proved.
    """

    layer: str
    proved: bool
    reason: str | None = None


def open(
    source: Source,
    *,
    model: str | os.PathLike[str] | None = None,
    providers: Sequence[str] | None = None,
    threads: int | None = None,
    prefix: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> File:
    """Opens a file: its structure is checked, nothing is decoded yet.

    Args:
        source: Path, bytes, or a binary file.
        model: Name of a model, its folder, or a folder of models; unless given, those of ``$DICM_MODEL_PATH`` and the
            package's own are looked through for one that decodes the file.
        providers: onnxruntime's execution providers for the networks, first choice first, for example
            ``["CUDAExecutionProvider", "CPUExecutionProvider"]``; the CPU unless given.
        threads: CPU threads of one network; onnxruntime's own choice unless given.
        prefix: Whether the bytes may be only the beginning of a file; then there is its first layer alone.
        limits: What the file may declare.

    Raises:
        FormatError: For bytes that are damaged or no .dicm file.
        UnsupportedError: For a file that needs a newer version.
        LimitError: For a file that declares more than the limits allow.
        UsageError: ``not-bytes``, ``is-directory``
    """
    data = _read_source(source, limits)
    if prefix:
        layout, _, proved_by = read_prefix_layout(data, limits)
        info = describe(data, layout, proved_by)
        # Even where more is there: what follows the first layer was not asked for.
        first = info.layers[:1]
        payload_bytes = first[0].payload_bytes
        info = FileInfo(
            header=info.header,
            file_bytes=info.file_bytes,
            payload_bytes=payload_bytes,
            overhead_bytes=info.file_bytes - payload_bytes,
            layers=first,
            prefix_bytes=info.prefix_bytes,
            proved_by=proved_by,
            digest=None,
            sections=info.sections,
        )
        return File(data, info, None, model, providers, threads, limits)
    layout = read_layout(data, limits)
    info = describe(data, layout, "file-checksum")
    return File(data, info, digest_place(layout), model, providers, threads, limits)


class File:
    """A .dicm file whose structure has been checked. Made by :func:`open`.

    Models and networks are opened when they are first needed, once a process, and shared by all files; several threads
    may use one file, and a file may be used after a fork or sent to another process.

    Attributes:
        info: Everything that can be said without a model.
        data: The bytes of the file.
    """

    def __init__(
        self,
        data: bytes,
        info: FileInfo,
        digest_at: tuple[int, int, int] | None,
        model: str | os.PathLike[str] | None,
        providers: Sequence[str] | None,
        threads: int | None,
        limits: Limits,
    ) -> None:
        """Use :func:`open`."""
        self.data = data
        self.info = info
        self._digest_at = digest_at
        self._model = model
        self._providers = providers
        self._threads = threads
        self._limits = limits

    def __repr__(self) -> str:
        layers = " and ".join(layer.layer for layer in self.info.layers)
        return f"<dicm.File {self.info.width} x {self.info.height}, {layers} layer, {self.info.file_bytes} bytes>"

    def latents(self, layer: str | None = None) -> Latents:
        """Entropy-decodes a layer; no network runs.

        Args:
            layer: ``machine`` or ``view``; the first one unless given.

        Returns:
            ``y_hat``, float32 [height][width][channels] at stride 16, and ``z_hat``, int32 at stride 64, of the whole
            picture: the arrays that ``dicm decode --latents`` writes.

        Raises:
            FormatError: When a payload is damaged.
            ModelError: ``model-missing``, or what a damaged model gives.
            LimitError: ``max_array_bytes``
            UsageError: ``bad-layer``, ``missing-layer``
        """
        if layer is None:
            return join_latents(self._open(0), self._limits)
        profile = profile_of_layer(layer)
        return join_latents(self._open(self._find(profile, f"no {layer} layer")), self._limits)

    def features(self, layer: str = "f3", dtype: str = "float32", *, region: Region | None = None) -> NDArray[Any]:
        """Decodes features of the machine layer; no pixels are rebuilt.

        Args:
            layer: ``f3`` (stride 4), ``layer2`` (8), ``layer3`` (16), ``layer4`` (32), or ``pooled``, the mean of
                layer4 over the picture.
            dtype: ``float32`` or ``float16``.
            region: Left and top edge, width and height, in pixels of the photograph: only the tiles that it touches are
                decoded, and it grows to whole positions. All of the picture unless given.

        Returns:
            [height][width][channels]; of ``pooled`` [channels].

        Raises:
            FormatError: When a payload is damaged.
            ModelError: ``model-missing``, also where the model's ONNX files are.
            BackendError: ``no-backend`` without onnxruntime, ``bad-features``, ``bad-embedding``
            LimitError: ``max_array_bytes``
            UsageError: ``bad-feature-layer``, ``bad-region``, ``missing-layer``
        """
        if layer != "pooled" and layer not in FEATURE_LAYERS:
            known = ", ".join([*FEATURE_LAYERS, "pooled"])
            message = f"there are no features of {layer}; choose one of {known}"
            raise UsageError("bad-feature-layer", message)
        if dtype not in _DTYPES:
            raise TypeError(f"features are float32 or float16, not {dtype}")
        coded = self._open(self._find("semantic"))
        if layer == "pooled":
            pooled = mean_over_tiles(coded, region_of(region, self._scale(coded.info)), "embedding")
            with np.errstate(over="ignore"):
                return pooled.astype(_DTYPES[dtype])
        synthesis = FEATURE_LAYERS[layer]
        area = region_of(region, self._scale(coded.info), synthesis.stride)
        return rebuild(coded, area, synthesis, _DTYPES[dtype], self._limits)

    def classify(self, top: int = 5, min_score: float = 0, *, region: Region | None = None) -> list[Prediction]:
        """Says what the picture shows, of the classes the model knows.

        Args:
            top: How many answers at most.
            min_score: Smallest probability.
            region: As for :meth:`features`.

        Returns:
            Best first.

        Raises:
            FormatError, ModelError, BackendError, UsageError: ``bad-top``, ``bad-min-score`` and as :meth:`features`.
        """
        _check_count("bad-top", "top", top)
        _check_score(min_score)
        coded = self._open(self._find("semantic"))
        area = region_of(region, self._scale(coded.info))
        logits = mean_over_tiles(coded, area, "logits")
        return top_predictions(logits, coded.model.model.classes, top, min_score)

    def detect(
        self,
        min_score: float = 0.3,
        max_detections: int = 100,
        *,
        categories: Sequence[str | int] | None = None,
        region: Region | None = None,
    ) -> list[Detection]:
        """Finds the objects in the picture.

        Args:
            min_score: Smallest probability of an object that is reported.
            max_detections: How many at most, the best.
            categories: Which to report: names in the words of COCO or PASCAL VOC, ids, or the lists ``coco`` and
                ``voc``, of which those count that the model knows; all unless given.
            region: As for :meth:`features`.

        Returns:
            Best first; boxes in pixels of the photograph.

        Raises:
            FormatError, ModelError, BackendError, UsageError: ``no-heads``, ``bad-min-score``, ``bad-max-detections``,
                ``unknown-category`` and as :meth:`features`.
        """
        return self._find_objects(min_score, max_detections, categories, region, masks=False)

    def segment(
        self,
        min_score: float = 0.3,
        max_detections: int = 100,
        *,
        categories: Sequence[str | int] | None = None,
        region: Region | None = None,
    ) -> list[Detection]:
        """Finds the objects in the picture and the pixels they cover; arguments and errors as :meth:`detect`."""
        return self._find_objects(min_score, max_detections, categories, region, masks=True)

    def picture(self, *, region: Region | None = None) -> NDArray[np.uint8]:
        """Rebuilds the picture of the view layer.

        Args:
            region: As for :meth:`features`.

        Returns:
            sRGB, uint8 [height][width][3], of the size that was coded.

        Raises:
            FormatError: When a payload is damaged.
            ModelError: ``model-missing``
            BackendError: ``no-backend``, ``bad-pixels``
            UsageError: ``missing-layer`` for a file without a view layer.
        """
        coded = self._open(self._find("perceptual"))
        area = region_of(region, self._scale(coded.info))
        pixels: NDArray[np.uint8] = rebuild(coded, area, PICTURE, np.uint8, self._limits).view(np.uint8)
        return pixels

    def verify(self) -> list[VerifiedLayer]:
        """Decodes all layers and compares all checksums, and the digest if there is one. No network runs.

        Returns:
            The layers; of a further one, whose model is not here, why it was not proved.

        Raises:
            FormatError: When the file is damaged.
            ModelError: Where the model of the first layer is missing.
        """
        if self._digest_at is not None:
            section, content, end = self._digest_at
            if hashlib.sha256(memoryview(self.data)[:section]).digest() != self.data[content:end]:
                raise FormatError(
                    "digest-mismatch",
                    "The checksum of the file holds and its digest does not: it was changed by someone who mended the "
                    "checksum, or by a program that does not know digests. Only a copy from elsewhere is good for sure",
                    offset=content,
                    section="digest",
                )
        verified = []
        for index, info in enumerate(self.info.layers):
            try:
                coded = self._open(index)
            except ModelError as error:
                if index == 0 or error.code != "model-missing":
                    raise
                verified.append(VerifiedLayer(info.layer, proved=False, reason=str(error)))
                continue
            for _ in coded.decode_all():
                pass
            verified.append(VerifiedLayer(info.layer, proved=True))
        return verified

    def _find_objects(
        self,
        min_score: float,
        max_detections: int,
        categories: Sequence[str | int] | None,
        region: Region | None,
        *,
        masks: bool,
    ) -> list[Detection]:
        _check_count("bad-max-detections", "max_detections", max_detections)
        _check_score(min_score)
        coded = self._open(self._find("semantic"))
        scale = self._scale(coded.info)
        area = region_of(region, scale)
        return find_objects(coded, area, scale, min_score, max_detections, masks=masks, wanted=categories)

    def _find(self, profile: str, lack: str | None = None) -> int:
        """Number of the layer of a profile. Raises UsageError ``missing-layer``."""
        for index, layer in enumerate(self.info.layers):
            if layer.profile == profile:
                return index
        has = " and ".join(f"a {one.layer} layer, which holds {_RESULTS[one.profile]}" for one in self.info.layers)
        lack = lack or f"no layer that holds {_RESULTS[profile]}"
        raise UsageError("missing-layer", f"the file has {lack}; it has {has}")

    def _open(self, index: int) -> CodedLayer:
        info = self.info.layers[index]
        model = open_model(self._model, info.decode_id, info.profile, self._providers, self._threads)
        return CodedLayer(self.data, info, model, None if index == 0 else f"{info.layer} layer")

    def _scale(self, layer: LayerInfo) -> Scale:
        return Scale(layer.width, layer.height, *self.info.source_size)


def _check_count(code: str, name: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise UsageError(code, f"{name} must be an integer of at least 1, not {count}")


def _check_score(score: float) -> None:
    if not 0 <= score <= 1:
        raise UsageError("bad-min-score", f"min_score must be a number from 0 to 1, not {score}")


def _read_source(source: Source, limits: Limits) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    # One byte more than allowed is enough to see that a file is too large.
    most = -1 if limits.max_file_bytes == float("inf") else int(limits.max_file_bytes) + 1
    if isinstance(source, str | os.PathLike):
        return _read_path(Path(source), most, limits)
    read = getattr(source, "read", None)
    data = read(most) if callable(read) else None
    if not isinstance(data, bytes):
        raise UsageError(
            "not-bytes",
            "A .dicm file is read from a path, from bytes, or from a file that is open in binary mode, "
            f"not from {type(source).__name__}",
        )
    return data


def _read_path(path: Path, most: int, limits: Limits) -> bytes:
    if path.is_dir():
        raise UsageError("is-directory", f"{path} is a folder; name a file in it")
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            limits.check("max_file_bytes", size, "The file size in bytes")
            return file.read(most)
    except FileNotFoundError as cause:
        raise FormatError("file-missing", f"{path} does not exist") from cause
    except OSError as cause:
        raise FormatError("file-unreadable", f"{path} cannot be read: {cause.strerror}") from cause
