"""Random resized crops of photographs, in batches of equal cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .. import distributed
from .drawn import BORDER_SHARE, draw_simple, with_border

T = TypeVar("T")


class _Steps(Dataset[T]):
    """What is made of each step, for a DataLoader."""

    def __init__(self, make: Callable[[int], T]) -> None:
        self.make = make

    def __getitem__(self, step: int) -> T:
        return self.make(step)


def prepared(make: Callable[[int], T], first: int, last: int, workers: int) -> Iterator[T]:
    """Yield make(first) .. make(last - 1) in order: made by a thread, or by several `workers` in processes.

    `make` depends on nothing that changes later: processes have a copy of it as it is now.
    """
    if workers <= 1:
        yield from prefetch(make, first, last, 1)
    else:
        steps = range(first, last)
        yield from DataLoader(_Steps(make), batch_size=None, sampler=steps, num_workers=workers, prefetch_factor=2)


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
        self,
        pictures: Sequence[np.ndarray],
        shapes: list[BatchShape],
        seed: int = 0,
        workers: int = 1,
        drawn: float = 0.0,
    ) -> None:
        """Keep the pictures; `shapes` are drawn uniformly, one per batch; `workers` batches are made at once.

        With a share `drawn` of pictures that are drawn, some of the others have borders.
        """
        self.pictures, self.shapes, self.seed, self.workers = pictures, shapes, seed, workers
        self.drawn = drawn

    def _crop(self, rng: np.random.Generator, side: int) -> np.ndarray:
        if self.drawn == 0:
            return self._photograph(rng, side)
        if rng.random() < self.drawn:
            return draw_simple(rng, side)
        crop = self._photograph(rng, side)
        return with_border(rng, crop) if rng.random() < BORDER_SHARE else crop

    def _photograph(self, rng: np.random.Generator, side: int) -> np.ndarray:
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
        return prepared(self.batch, first, last, self.workers)
