"""Training photographs: read once into memory, cropped at random, never from a validation list."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def normalise(rgb: Tensor) -> Tensor:
    """Map RGB in [0, 1], [N, 3, H, W], to the backbone's input."""
    mean = torch.tensor(IMAGENET_MEAN, device=rgb.device)[:, None, None]
    std = torch.tensor(IMAGENET_STD, device=rgb.device)[:, None, None]
    return (rgb - mean) / std


def training_paths(root: Path) -> list[Path]:
    """List every training photograph under the unpacked data folder.

    Classification: rows of train.csv. Detection: images of instances_train.json. Photos: all.
    """
    paths: list[Path] = []
    table = root / "classification" / "train.csv"
    if table.exists():
        with table.open() as file:
            paths += [root / "classification" / row["path"] for row in csv.DictReader(file)]
    instances = root / "detection" / "instances_train.json"
    if instances.exists():
        images = json.loads(instances.read_text())["images"]
        paths += [root / "detection" / image["file_name"] for image in images]
    paths += sorted((root / "photos").glob("*/*.[jp][pn]g"))
    if not paths:
        raise FileNotFoundError(
            f"no training photographs under {root}: expected classification/train.csv, "
            "detection/instances_train.json or photos/; unpack the data archives there or use --synthetic"
        )
    return paths


def validation_rows(root: Path) -> list[tuple[Path, str]]:
    """List (path, wnid) of classification/val.csv."""
    with (root / "classification" / "val.csv").open() as file:
        return [(root / "classification" / row["path"], row["wnid"]) for row in csv.DictReader(file)]


def load_rgb(path: Path) -> np.ndarray:
    """Read a picture as uint8 RGB [H, W, 3]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


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


@dataclass
class BatchShape:
    """A crop side in pixels and how many crops of it make one batch."""

    side: int
    count: int


def batch_shapes(pixels: int, sides: tuple[int, ...]) -> list[BatchShape]:
    """For each side, as many crops as fit `pixels` (batch x side^2), so that every step costs the same."""
    return [BatchShape(side, max(1, round(pixels / side**2))) for side in sides]


class CropSource:
    """Random resized, flipped crops of pictures held in memory.

    The order of pictures and the crops depend only on the seed and the step, so that a resumed run sees what
    an uninterrupted one would have seen.
    """

    def __init__(self, pictures: list[np.ndarray], shapes: list[BatchShape], seed: int = 0) -> None:
        """Keep the pictures; `shapes` are drawn uniformly, one per batch."""
        self.pictures, self.shapes, self.seed = pictures, shapes, seed

    @classmethod
    def from_folder(cls, root: Path, shapes: list[BatchShape], seed: int = 0) -> CropSource:
        """Read all training photographs under `root`."""
        with ThreadPoolExecutor(4) as pool:
            return cls(list(pool.map(load_rgb, training_paths(root))), shapes, seed)

    def _crop(self, rng: np.random.Generator, side: int) -> np.ndarray:
        picture = self.pictures[rng.integers(len(self.pictures))]
        height, width = picture.shape[:2]
        # The window is between `side` / 1.3 and the whole picture, so details are seen at many scales.
        short = min(height, width)
        low = min(short, side / 1.3)
        window = float(np.exp(rng.uniform(np.log(low), np.log(short))))
        aspect = float(np.exp(rng.uniform(-0.2, 0.2)))
        w, h = min(width, window * aspect), min(height, window / aspect)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        margin = (int(x), int(y), min(width, int(x + w) + 1), min(height, int(y + h) + 1))
        crop = Image.fromarray(picture[margin[1] : margin[3], margin[0] : margin[2]])
        out = np.asarray(crop.resize((side, side), Image.Resampling.BICUBIC))
        return out[:, ::-1] if rng.random() < 0.5 else out

    def batch(self, step: int) -> Tensor:
        """Return the batch of `step`: float RGB in [0, 1], [N, 3, side, side]."""
        rng = np.random.default_rng((self.seed, step))
        shape = self.shapes[rng.integers(len(self.shapes))]
        crops = np.stack([self._crop(rng, shape.side) for _ in range(shape.count)])
        return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255

    def batches(self, first: int, last: int) -> Iterator[Tensor]:
        """Yield the batches of steps first .. last - 1, each prepared while the one before it is used."""
        with ThreadPoolExecutor(1) as pool:
            pending = pool.submit(self.batch, first)
            for step in range(first + 1, last + 1):
                ready = pending.result()
                if step < last:
                    pending = pool.submit(self.batch, step)
                yield ready
