"""A plugin for Pillow: after ``import dicm.pillow``, ``PIL.Image.open`` opens the view layer of .dicm files.

Files without one hold features, and no picture; that is said when one is opened.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageFile

from .container.signature import SIGNATURE
from .errors import UsageError
from .file import File, open

FORMAT = "DICM"


class DicmImageFile(ImageFile.ImageFile):
    """The view layer of a .dicm file as an image: RGB, of the size that was coded.

    Opening reads the header; the picture is rebuilt when its pixels are first needed, which wants onnxruntime and a
    model of the view layer.
    """

    format = FORMAT
    format_description = "dicm: a picture for eyes beside features for networks"

    _dicm: File | None = None

    def _open(self) -> None:
        assert self.fp is not None
        file = open(self.fp.read())
        view = next((layer for layer in file.info.layers if layer.layer == "view"), None)
        if view is None:
            raise UsageError(
                "missing-layer",
                "the file holds features for networks and no picture for eyes (no view layer): read what it holds with "
                "dicm.open(path).features(), or open the photograph that it was made of",
            )
        self._mode = "RGB"
        self._size = (view.width, view.height)
        self._dicm = file

    def load(self) -> Any:
        """Rebuilds the picture. Raises DicmError as :meth:`dicm.File.picture`."""
        if self._dicm is not None:
            pixels = self._dicm.picture()
            self._dicm = None
            if self.fp is not None and self._exclusive_fp:
                self.fp.close()
            self.fp = io.BytesIO(pixels.tobytes())
            self.tile = [("raw", (0, 0, *self.size), 0, self.mode)]  # type: ignore[list-item]
        return super().load()


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(SIGNATURE)


Image.register_open(FORMAT, DicmImageFile, _accept)
Image.register_extension(FORMAT, ".dicm")
