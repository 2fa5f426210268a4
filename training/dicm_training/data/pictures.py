"""Pictures: read from files, kept in memory or not, or drawn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import UsageError


def read_pixels(path: Path, mode: str | None = None) -> np.ndarray:
    """Read a picture, converted to Pillow's `mode`. Raises UsageError, naming the file, for what cannot be read."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode) if mode else image)
    except (OSError, SyntaxError, ValueError) as problem:  # what Pillow says of damaged files
        raise UsageError(f"{path} cannot be read as a picture ({problem}): replace it or take it out") from problem


def load_rgb(path: Path) -> np.ndarray:
    """Read a picture as uint8 RGB [H, W, 3]."""
    return read_pixels(path, "RGB")


class Photographs(Sequence[np.ndarray]):
    """Pictures of a list of files: all in memory, or (`stream`) read from disk each time they are needed."""

    def __init__(self, paths: list[Path], stream: bool = False) -> None:
        """Read everything now unless `stream`."""
        self.paths = paths
        self._kept: list[np.ndarray] | None = None
        if not stream:
            with ThreadPoolExecutor(os.cpu_count() or 4) as pool:
                self._kept = list(pool.map(load_rgb, paths))

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.paths)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """Picture `index` as uint8 RGB [H, W, 3]."""
        return load_rgb(self.paths[index]) if self._kept is None else self._kept[index]


def synthetic_pictures(count: int, side: int = 160, seed: int = 0) -> list[np.ndarray]:
    """Draw smooth random colour fields with edges, for smoke tests without any photographs."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        field = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)).copy()
        y, x = rng.integers(0, side // 2, 2)
        field[y : y + side // 3, x : x + side // 3] = rng.integers(0, 256, 3)
        pictures.append(field)
    return pictures


def to_rgb(crops: Tensor) -> Tensor:
    """Turn uint8 crops [N, 3, H, W] into RGB in [0, 1]."""
    return crops.float() / 255


def rgb_on(device: torch.device, crops: Tensor) -> Tensor:
    """Move uint8 crops to a device as RGB in [0, 1] in channels-last order; a GPU is not waited for."""
    if device.type == "cuda":
        crops = crops.pin_memory()
    return to_rgb(crops.to(device, non_blocking=True)).contiguous(memory_format=torch.channels_last)
