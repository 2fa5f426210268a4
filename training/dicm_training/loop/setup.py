"""Options and objects that every stage needs: device, data, backbone, run folder."""

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
from ..data.crops import BatchShape, CropSource, Photographs, batch_shapes, synthetic_pictures, to_rgb, training_paths
from ..models.backbone import Head, Tail, load_resnet50
from ..models.networks import TINY, Architecture


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where pictures and networks come from."""
    parser.add_argument("--run", type=Path, required=True, help="run folder: checkpoints and logs")
    parser.add_argument("--data", type=Path, help="unpacked data folder (classification/, detection/, photos/)")
    parser.add_argument("--stream", action="store_true", help="read pictures from disk at each use, not into memory")
    parser.add_argument("--synthetic", action="store_true", help="train on drawn pictures instead of --data")
    parser.add_argument("--backbone", type=Path, help="ResNet-50 with torchvision's names (.safetensors or .pth)")
    parser.add_argument("--tiny", action="store_true", help="tiny random networks, for smoke tests and fixtures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: PyTorch's choice)")
    parser.add_argument("--float32", action="store_true", help="compute in float32 throughout, not in bfloat16")


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what all training stages share."""
    add_input_arguments(parser)
    parser.add_argument("--pixels", type=int, default=16 * 128 * 128, help="pixels per batch, over all processes")
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 192, 224], help="crop sides, in pixels")
    parser.add_argument("--workers", type=int, default=1, help="batches cropped at once, in threads")
    parser.add_argument("--stop-after", type=int, help="stop, resumable, after this many steps of this start")
    parser.add_argument("--log-every", type=int, default=50, help="steps between log lines")
    parser.add_argument("--save-every", type=float, default=180, help="seconds between checkpoints")


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
            head = Head(self.arch.backbone_width, self.arch.head_blocks)
            tail = Tail(self.arch.backbone_width, self.arch.tail_blocks, self.arch.classes)
        else:
            head, tail = load_resnet50(self.backbone_path)
        for module in (head, tail):
            module.to(self.device).requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return head, tail

    def autocast(self) -> contextlib.AbstractContextManager:
        """bfloat16 autocast on the setup's device, unless float32 is asked for."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=not self.float32)

    def place(self, crops: Tensor) -> Tensor:
        """Move uint8 crops to the device as RGB in [0, 1] in channels-last order."""
        if self.device.type == "cuda":
            crops = crops.pin_memory()
        return to_rgb(crops.to(self.device, non_blocking=True)).contiguous(memory_format=torch.channels_last)

    def batch(self, step: int) -> Tensor:
        """Batch of a (possibly negative: preparatory) step, on the device."""
        return self.place(self.source.batch(step + (1 << 40)))

    def batches(self, first: int) -> Iterator[Tensor]:
        """Batches of the joint training from step `first`, without end."""
        return map(self.place, self.source.batches(first, 1 << 39))


def prepare(args: argparse.Namespace) -> Setup:
    """Check the common options and make what they name.

    Tools that train nothing declare only the input arguments: they get single pictures, and no batches.
    """
    if args.backbone is None and not args.tiny:
        raise SystemExit("--backbone FILE is needed (a ResNet-50 with torchvision's names), or --tiny")
    if args.data is None and not args.synthetic:
        raise SystemExit("--data FOLDER is needed (unpacked training photographs), or --synthetic")
    if args.threads:
        torch.set_num_threads(args.threads)
    device = distributed.begin()
    torch.manual_seed(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)
    trains = hasattr(args, "pixels")
    shapes = batch_shapes(args.pixels, tuple(args.sides), distributed.share()[1]) if trains else []
    pictures: Sequence[np.ndarray]
    if args.synthetic:
        pictures = synthetic_pictures(24)
    else:
        pictures = Photographs(training_paths(args.data), args.stream or not trains)
    source = CropSource(pictures, shapes, args.seed, args.workers if trains else 1)
    arch = TINY if args.tiny else Architecture()
    backbone = None if args.tiny else args.backbone
    return Setup(device, args.run, arch, pictures, shapes, source, backbone, args.seed, args.float32)
