"""Objects that the options name: device, pictures, backbone, run folder."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import distributed
from ..data.crops import BatchShape, CropSource, batch_shapes
from ..data.layout import training_paths
from ..data.pictures import Photographs, rgb_on, synthetic_pictures
from ..models.architecture import TINY, Architecture
from ..models.backbone import Head, Tail, load_backbone
from ..models.place import place


def seed_step(seed: int, step: int) -> None:
    """Make the noise and levels of a step depend on nothing but seed and step."""
    torch.manual_seed((seed * 1_000_003 + step) % (1 << 62))


@dataclass
class Setup:
    """Objects made from the common options."""

    device: torch.device
    run_folder: Path
    arch: Architecture
    pictures: Sequence[np.ndarray]
    shapes: list[BatchShape]
    source: CropSource
    backbone_path: Path | None
    seed: int
    float32: bool = False

    def backbone(self) -> tuple[Head, Tail]:
        """Frozen head and tail of the uncompressed network."""
        if self.backbone_path is None:
            torch.manual_seed(self.seed)
            head, tail = Head(self.arch.backbone), Tail(self.arch.backbone)
        else:
            head, tail = load_backbone(self.backbone_path)
        for module in (head, tail):
            place(module, self.device).requires_grad_(False).eval()
        return head, tail

    def autocast(self) -> contextlib.AbstractContextManager:
        """bfloat16 autocast on the setup's device, unless float32 is asked for."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=not self.float32)

    def place(self, crops: Tensor) -> Tensor:
        """Move uint8 crops to the device as RGB in [0, 1] in channels-last order."""
        return rgb_on(self.device, crops)

    def batch(self, step: int) -> Tensor:
        """Batch of a (possibly negative: preparatory) step, on the device."""
        return self.place(self.source.batch(step + (1 << 40)))

    def batches(self, first: int) -> Iterator[Tensor]:
        """Batches of the joint training from step `first`, without end."""
        return map(self.place, self.source.batches(first, 1 << 39))


def training_pictures(args: argparse.Namespace, stream: bool = False) -> Sequence[np.ndarray]:
    """Photographs of --data, or drawn ones."""
    if args.synthetic:
        return synthetic_pictures(24)
    return Photographs(training_paths(args.data, getattr(args, "per_class", None)), stream)


def set_threads(args: argparse.Namespace) -> None:
    """Let PyTorch use as many threads as the options say."""
    if args.threads:
        torch.set_num_threads(args.threads)


def prepare(args: argparse.Namespace) -> Setup:
    """Make what the common options name.

    Tools that train nothing declare only the input arguments: they get single pictures, and no batches.
    """
    set_threads(args)
    device = distributed.begin()
    torch.manual_seed(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)
    trains = hasattr(args, "pixels")
    shapes = batch_shapes(args.pixels, tuple(args.sides), distributed.share()[1]) if trains else []
    pictures = training_pictures(args, args.stream or not trains)
    source = CropSource(pictures, shapes, args.seed, args.workers if trains else 1, getattr(args, "drawn", 0.0))
    arch = TINY if args.tiny else Architecture()
    backbone = None if args.tiny else args.backbone
    return Setup(device, args.run, arch, pictures, shapes, source, backbone, args.seed, args.float32)
