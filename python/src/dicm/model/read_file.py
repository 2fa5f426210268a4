"""Files of a model folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import ModelError


def read_model_file(path: Path) -> bytes:
    """Reads a regular file: a pipe in its place would keep the reader waiting, a device might never end.

    Raises:
        ModelError: ``model-missing``
    """
    try:
        # Without waiting for a writer, if it is a pipe after all. Windows has no such flag, and no such pipes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ModelError("model-missing", f"{path} is no regular file")
            return file.read()
    except FileNotFoundError as cause:
        raise ModelError("model-missing", f"{path} does not exist") from cause
    except OSError as cause:
        raise ModelError("model-missing", f"{path} cannot be read: {cause.strerror}") from cause
