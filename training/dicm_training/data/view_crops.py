"""Crops for the perceptual profile: pixels as they are where a picture is pristine, shrunk where it was compressed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ..errors import UsageError
from .crops import BatchShape, CropSource
from .drawn import DRAWN_SHARE, without_colours
from .layout import PRISTINE, view_paths
from .pictures import Photographs, load_rgb

SHRINK = (1.3, 2.0)
"""How many times smaller compressed photographs become, so that their own compression disappears."""
PRISTINE_SHRINK = (1.0, 1.6)
PRISTINE_SHARE = 0.5
GREY_SHARE = 0.08
"""Of crops of photographs: without colours."""


def large_enough(pictures: list[np.ndarray], side: int) -> list[np.ndarray]:
    """Choose the compressed pictures of which crops of `side` can be shrunk enough."""
    return [picture for picture in pictures if min(picture.shape[:2]) >= SHRINK[0] * side]


def view_pictures(root: Path, side: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Read pristine pictures, and compressed ones that are large enough for crops of `side`, the smallest."""
    pristine_paths, compressed_paths = view_paths(root)

    def read(path: Path) -> np.ndarray | None:
        with Image.open(path) as image:
            fits = min(image.size) >= SHRINK[0] * side
        return load_rgb(path) if fits else None

    pristine = list(Photographs(pristine_paths))
    with ThreadPoolExecutor(os.cpu_count() or 4) as pool:
        compressed = [rgb for rgb in pool.map(read, compressed_paths) if rgb is not None]
    if not pristine and not compressed:
        raise UsageError(
            f"no photographs below {root} are {SHRINK[0] * side:.0f} pixels high and wide, which crops of {side} need: "
            f"put pictures that were never compressed into {PRISTINE}/, or larger ones into photos/"
        )
    return pristine, compressed


class ViewCrops(CropSource):
    """Crops of two kinds of pictures, and drawn ones; like CropSource they depend on seed, step and place alone."""

    def __init__(
        self,
        pristine: list[np.ndarray],
        compressed: list[np.ndarray],
        shapes: list[BatchShape],
        seed: int = 0,
        workers: int = 1,
    ) -> None:
        """Keep the pictures of both kinds."""
        super().__init__([*pristine, *compressed], shapes, seed, workers, DRAWN_SHARE)
        self.pristine = pristine
        self.compressed = {shape.side: large_enough(compressed, shape.side) for shape in shapes}

    def _photograph(self, rng: np.random.Generator, side: int) -> np.ndarray:
        compressed = self.compressed[side]
        clean = bool(self.pristine) and (not compressed or rng.random() < PRISTINE_SHARE)
        # Where a picture of neither kind is large enough, the smaller ones are enlarged.
        pool = self.pristine if clean else compressed or self.pictures
        picture = pool[int(rng.integers(len(pool)))]
        height, width = picture.shape[:2]
        low, high = PRISTINE_SHRINK if clean else SHRINK
        most = min(high, min(height, width) / side)
        shrink = 1.0 if clean and rng.random() < 0.5 else rng.uniform(min(low, most), most)
        window = min(min(height, width), round(side * shrink))
        x, y = int(rng.integers(width - window + 1)), int(rng.integers(height - window + 1))
        crop = picture[y : y + window, x : x + window]
        if window != side:
            crop = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.LANCZOS))
        if rng.random() < GREY_SHARE:
            crop = without_colours(crop)
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return crop.transpose(1, 0, 2) if rng.random() < 0.1 else crop

    def batch(self, step: int) -> Tensor:
        """Return this process's share of the batch of `step`: uint8 RGB [N, 3, side, side]."""
        return super().batch(step).contiguous()
