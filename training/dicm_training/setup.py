"""Options and objects that every stage needs: device, data, backbone, run folder."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .data import CropSource, batch_shapes, synthetic_pictures
from .networks import TINY, Architecture
from .resnet import Head, Tail, load_resnet50


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what all training stages share."""
    parser.add_argument("--run", type=Path, required=True, help="run folder: checkpoints and logs")
    parser.add_argument("--data", type=Path, help="unpacked data folder (classification/, detection/, photos/)")
    parser.add_argument("--synthetic", action="store_true", help="train on drawn pictures instead of --data")
    parser.add_argument("--backbone", type=Path, help="ResNet-50 with torchvision's names (.safetensors or .pth)")
    parser.add_argument("--tiny", action="store_true", help="tiny random networks, for smoke tests and fixtures")
    parser.add_argument("--pixels", type=int, default=16 * 128 * 128, help="pixels per batch")
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 192, 224], help="crop sides, in pixels")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: PyTorch's choice)")
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
    source: CropSource
    backbone_path: Path | None
    seed: int

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
        """bfloat16 autocast on the setup's device."""
        return torch.autocast(self.device.type, torch.bfloat16)

    def place(self, batch: Tensor) -> Tensor:
        """Move a batch to the device in channels-last order."""
        return batch.to(self.device, memory_format=torch.channels_last, non_blocking=True)

    def batch(self, step: int) -> Tensor:
        """Batch of a (possibly negative: preparatory) step, on the device."""
        return self.place(self.source.batch(step + (1 << 40)))

    def batches(self, first: int) -> Iterator[Tensor]:
        """Batches of the joint training from step `first`, without end."""
        return map(self.place, self.source.batches(first, 1 << 39))


def prepare(args: argparse.Namespace) -> Setup:
    """Check the common options and make what they name."""
    if args.backbone is None and not args.tiny:
        raise SystemExit("--backbone FILE is needed (a ResNet-50 with torchvision's names), or --tiny")
    if args.data is None and not args.synthetic:
        raise SystemExit("--data FOLDER is needed (unpacked training photographs), or --synthetic")
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)
    shapes = batch_shapes(args.pixels, tuple(args.sides))
    if args.synthetic:
        source = CropSource(synthetic_pictures(24), shapes, args.seed)
    else:
        source = CropSource.from_folder(args.data, shapes, args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arch = TINY if args.tiny else Architecture()
    return Setup(device, args.run, arch, source, None if args.tiny else args.backbone, args.seed)
