"""Reads .dicm files: photographs as features that networks analyse directly.

>>> import dicm
>>> file = dicm.open("photo.dicm")
>>> file.latents().y_hat                 # float32 [height][width][channels], needs no network
>>> file.features("pooled")              # float32 [2048], by onnxruntime
>>> file.classify(top=5)

Every error is a :class:`DicmError` with a stable ``code`` (docs/errors.md).
"""

from .codec.layer import Latents
from .container.header import Header, LayerHeader
from .container.info import FileInfo, LayerInfo, SectionInfo
from .container.sections import TilePlace
from .errors import (
    BackendError,
    DicmError,
    FormatError,
    LimitError,
    ModelError,
    UnsupportedError,
    UsageError,
)
from .file import File, Source, VerifiedLayer, open
from .limits import DEFAULT_LIMITS, Limits
from .tasks.classify import Prediction
from .tasks.objects import Detection
from .tasks.run_lengths import RunLengthMask
from .version import __version__

__all__ = [
    "DEFAULT_LIMITS",
    "BackendError",
    "Detection",
    "DicmError",
    "File",
    "FileInfo",
    "FormatError",
    "Header",
    "Latents",
    "LayerHeader",
    "LayerInfo",
    "LimitError",
    "Limits",
    "ModelError",
    "Prediction",
    "RunLengthMask",
    "SectionInfo",
    "Source",
    "TilePlace",
    "UnsupportedError",
    "UsageError",
    "VerifiedLayer",
    "__version__",
    "open",
]
