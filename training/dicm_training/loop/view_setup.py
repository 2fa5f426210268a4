"""Objects that the options of the perceptual profile's stages name: device, crops, networks, distances."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import distributed
from ..data.crops import CropSource, batch_shapes
from ..data.pictures import rgb_on, synthetic_pictures
from ..data.view_crops import ViewCrops, view_pictures
from ..errors import UsageError
from ..losses.perceptual import Lpips, load_lpips, random_lpips
from ..losses.view import ViewTerms, view_distortion
from ..models.architecture import TINY_VIEW, ViewArchitecture
from ..models.place import place
from ..models.view import View
from ..release.folder import stored_tensors, widen
from ..release.unfold import unfold
from .options import (
    add_data_arguments,
    add_loop_arguments,
    add_machine_arguments,
    add_run_argument,
    add_workers_argument,
    coded_side,
)
from .setup import set_threads

EARLIER_SHARE = 0.1
"""Of the pictures of a batch, rebuilt from what an earlier release's files hold."""


@dataclass
class ViewSetup:
    """Objects made from the options."""

    device: torch.device
    run_folder: Path
    arch: ViewArchitecture
    source: CropSource
    lpips: Lpips
    seed: int
    float32: bool = False

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

    def released(self, folder: Path) -> View:
        """Return the codec of a released model, all but the density of its hyper-latents."""
        view = place(View(self.arch), self.device)
        try:
            unfold(widen(stored_tensors(folder)), view)
        except ValueError as problem:
            raise UsageError(f"{folder} is no model of the perceptual profile that fits: {problem}") from problem
        return view.requires_grad_(False)


class EarlierView:
    """What an earlier release's files hold, in the place of a share of a batch: g_s is to read them too."""

    def __init__(self, setup: ViewSetup, folder: Path | None) -> None:
        """Load the release; without one nothing is ever replaced."""
        self.view = None if folder is None else setup.released(folder)

    @torch.no_grad()
    def values(self, rgb: Tensor, level: Tensor) -> Tensor:
        """Return the y^ that the release's files of RGB in [0, 1] at `level` [N] give."""
        assert self.view is not None
        with torch.autocast(rgb.device.type, enabled=False):  # a file's symbols are those of binary32
            return self.view.code(rgb, level, noisy=False).values

    def replace(self, values: Tensor, rgb: Tensor, level: Tensor) -> Tensor:
        """Replace y^ of some of the pictures by what the release's files hold."""
        if self.view is None:
            return values
        # The first ones are as good as any; their number is drawn on the CPU, since a GPU would have to be waited for.
        count = int(EARLIER_SHARE * len(rgb) + float(torch.rand(())))
        if count == 0:
            return values
        return torch.cat((self.values(rgb[:count], level[:count]).to(values), values[count:]))


def add_view_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the stages of the perceptual profile share."""
    add_run_argument(parser)
    add_data_arguments(parser)
    parser.add_argument("--lpips", type=Path, help="folder of LPIPS' weights (squeeze variant; training/README.md)")
    parser.add_argument("--tiny", action="store_true", help="tiny random networks, for smoke tests and fixtures")
    add_machine_arguments(parser)
    parser.add_argument("--float32", action="store_true", help="compute in float32 throughout, not in bfloat16")
    parser.add_argument("--pixels", type=int, default=6 * 192 * 192, help="pixels per batch")
    parser.add_argument(
        "--sides", type=coded_side, nargs="+", default=[192, 240, 288, 384], help="crop sides, in pixels"
    )
    add_workers_argument(parser)
    add_loop_arguments(parser)


def prepare_view(args: argparse.Namespace) -> ViewSetup:
    """Make what the options name."""
    if args.lpips is None and args.lpips_weight > 0 and not (args.synthetic or args.tiny):
        raise UsageError("--lpips FOLDER is needed (training/README.md says what is in it), or --lpips-weight 0")
    set_threads(args)
    device = distributed.begin()
    torch.backends.cudnn.benchmark = False  # many shapes of small convolutions
    torch.manual_seed(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)
    shapes = batch_shapes(args.pixels, tuple(args.sides))
    if args.synthetic:
        pristine, compressed = synthetic_pictures(24, side=max(args.sides)), list[np.ndarray]()
    else:
        pristine, compressed = view_pictures(args.data, min(args.sides))
    source = ViewCrops(pristine, compressed, shapes, args.seed, args.workers)
    lpips = random_lpips() if args.lpips is None else load_lpips(args.lpips)
    arch = TINY_VIEW if args.tiny else ViewArchitecture()
    return ViewSetup(device, args.run, arch, source, place(lpips, device), args.seed, args.float32)


def add_loss_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the distances that a stage learns to make small, and what they weigh beside the rate."""
    terms = ViewTerms()
    parser.add_argument("--lpips-weight", type=float, default=terms.lpips, help="of LPIPS")
    parser.add_argument("--ms-ssim-weight", type=float, default=terms.ms_ssim, help="of 1 - MS-SSIM")
    parser.add_argument("--mse-weight", type=float, default=terms.mse, help="of the mean squared error")
    parser.add_argument(
        "--smooth-weight", type=float, default=terms.smooth, help="of the squared error in smooth areas, beside that"
    )
    parser.add_argument("--lambdas", type=float, nargs=2, default=(0.2, 12.0), help="multipliers of the end levels")


def terms_of(args: argparse.Namespace) -> ViewTerms:
    """The weights that the options give."""
    return ViewTerms(args.lpips_weight, args.ms_ssim_weight, args.mse_weight, args.smooth_weight)


@torch.no_grad()
def report(setup: ViewSetup, view: View, terms: ViewTerms, step: int) -> None:
    """Print rate and distances of every level on one batch, with true rounding."""
    rgb = setup.batch(step)
    for level in range(view.arch.quality_levels):
        coded = view(rgb, torch.full((len(rgb),), float(level), device=rgb.device), noisy=False)
        _, parts = view_distortion(coded.rgb.clamp(0, 1), rgb, terms, setup.lpips)
        bpp = float((coded.latent_bits + coded.hyper_bits).mean()) / rgb.shape[2] / rgb.shape[3]
        values = ", ".join(f"{name} {value:.4f}" for name, value in parts.items())
        print(f"level {level}: {bpp:.3f} bpp, {values}", flush=True)
