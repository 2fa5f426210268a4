"""Training photographs: read once into memory, cropped at random, never from a validation list."""

from __future__ import annotations

import csv
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import distributed

T = TypeVar("T")
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


def batch_shapes(pixels: int, sides: tuple[int, ...], multiple: int = 1) -> list[BatchShape]:
    """For each side, as many crops as fit `pixels` (batch x side^2), so that every step costs the same.

    The counts are rounded to a `multiple`, the number of processes that share a batch.
    """
    return [BatchShape(side, multiple * max(1, round(pixels / side**2 / multiple))) for side in sides]


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


def to_rgb(crops: Tensor) -> Tensor:
    """Turn uint8 crops [N, 3, H, W] into RGB in [0, 1]."""
    return crops.float() / 255


def prefetch(make: Callable[[int], T], first: int, last: int, workers: int) -> Iterator[T]:
    """Yield make(first) .. make(last - 1) in order, up to `workers` of them under way in threads."""
    pending: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for step in range(first, last):
                pending.append(pool.submit(make, step))
                if len(pending) > workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


class CropSource:
    """Random resized, flipped crops of pictures.

    The pictures and the crops depend only on the seed, the step and the place in the batch, so that a resumed run
    sees what an uninterrupted one would have seen, and several processes together see what one would.
    """

    def __init__(
        self, pictures: Sequence[np.ndarray], shapes: list[BatchShape], seed: int = 0, workers: int = 1
    ) -> None:
        """Keep the pictures; `shapes` are drawn uniformly, one per batch; `workers` batches are made at once."""
        self.pictures, self.shapes, self.seed, self.workers = pictures, shapes, seed, workers

    def _crop(self, rng: np.random.Generator, side: int) -> np.ndarray:
        picture = self.pictures[int(rng.integers(len(self.pictures)))]
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
        """Return this process's share of the batch of `step`: uint8 RGB [N, 3, side, side]."""
        rank, world = distributed.share()
        shape = self.shapes[np.random.default_rng((self.seed, step)).integers(len(self.shapes))]
        count = shape.count // world
        places = range(rank * count, (rank + 1) * count)
        crops = [self._crop(np.random.default_rng((self.seed, step, place)), shape.side) for place in places]
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)

    def batches(self, first: int, last: int) -> Iterator[Tensor]:
        """Yield the batches of steps first .. last - 1, prepared while the ones before them are used."""
        return prefetch(self.batch, first, last, self.workers)
