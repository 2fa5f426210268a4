"""Stage `heads`: feature pyramid, detection and instance segmentation on the frozen tail's features.

Half of the views go through the codec at a random quality, hard-rounded, and half straight from f1, so that the
heads read files of every quality and untouched features alike. Head, codec and tail stay as they are: what the
model classifies does not change.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..data.layout import Data
from ..data.views import ViewSource
from ..errors import UsageError
from ..loop.checkpoint import CATEGORIES_FILE, base_tensors, load_heads
from ..loop.kept_views import KeptViews
from ..loop.objects_to_learn import objects_to_learn
from ..loop.options import (
    add_budget_arguments,
    add_data_arguments,
    add_detector_arguments,
    add_loop_arguments,
    add_machine_arguments,
    add_run_argument,
    add_view_arguments,
)
from ..loop.setup import seed_step, set_threads
from ..loop.stage import Input, Need, Stage
from ..loop.stage_run import StageRun
from ..loop.starting_heads import Categories, freeze_norms, heads_of_release, with_categories
from ..losses.detection import detection_loss
from ..models.backbone import released_widths
from ..models.heads import TINY_HEADS, Heads, HeadsArchitecture
from ..models.place import place
from ..release.folder import widen
from ..release.released import LARGEST_POSITION, ReleasedModel

MASK_PARTS = ("controllers.", "mask_")
"""What makes masks in the heads, by the start of a parameter's name; the rest is the detector."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_run_argument(parser)
    parser.add_argument("--base", type=Path, help="released model folder to build on, instead of the run's checkpoints")
    add_data_arguments(parser)
    add_detector_arguments(parser)
    parser.add_argument("--tiny", action="store_true", help="tiny heads, for smoke tests")
    add_budget_arguments(parser)
    add_view_arguments(parser, batch=12)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--trunk", type=Path, help="heads.pt of another run: train only new mask parts on its detector")
    parser.add_argument(
        "--start", type=Path, help="heads.pt of another run, or released model folder, whose heads to start from"
    )
    parser.add_argument(
        "--kept-batches",
        type=int,
        default=0,
        help="batches of views to compute once and take again and again, 0 to make each step's anew",
    )
    parser.add_argument("--prototypes", type=int, help="masks as combinations of this many prototypes, to compare")
    add_machine_arguments(parser)
    add_loop_arguments(parser)


@torch.no_grad()
def tail_features(model: ReleasedModel, rgb: Tensor, position: Tensor, coded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs of the tail on RGB in [0, 1] [N, 3, H, W]: of files of quality `position` where `coded` [N] is true."""
    f = model.head(rgb)
    if bool(coded.any()):
        f = f.clone()
        f[coded] = model.synthesise(model.dequantised(rgb[coded], position[coded])).to(f.dtype)
    c2, c3, c4, _ = model.tail(f)
    return c2, c3, c4


def take_trunk(heads: Heads, path: Path) -> None:
    """Copy and freeze the detector of trained heads; the mask parts stay as they are."""
    trunk, _ = load_heads(path, torch.device("cpu"))
    if replace(trunk.arch, mask_channels=heads.arch.mask_channels, dynamic=heads.arch.dynamic) != heads.arch:
        raise UsageError(f"--trunk {path} has a detector of another architecture: {trunk.arch}, not {heads.arch}")
    detector = {k: v for k, v in trunk.state_dict().items() if not k.startswith(MASK_PARTS)}
    heads.load_state_dict(detector, strict=False)
    for name, parameter in heads.named_parameters():
        parameter.requires_grad_(name.startswith(MASK_PARTS))


def take_start(heads: Heads, path: Path, categories: Categories) -> None:
    """Copy trained heads of another run, or those of a released model, which keep their norms as they are."""
    if path.is_dir():
        first, present = heads_of_release(path, "start")
        first = with_categories(first, present, categories)
        freeze_norms(heads)
    else:
        first, _ = load_heads(path, torch.device("cpu"))
    if first.arch != heads.arch:
        raise UsageError(f"--start {path} has heads of another architecture: {first.arch}, not {heads.arch}")
    heads.load_state_dict(first.state_dict())


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    set_threads(args)
    args.run.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tensors = widen(base_tensors(args.run, args.base))
    frozen = ReleasedModel({k: v.to(device) for k, v in tensors.items()})
    objects = objects_to_learn(args, device)
    shape = (args.batch, tuple(args.canvas), tuple(args.sides))
    source = ViewSource(objects.pictures, *shape, args.seed, args.workers)
    torch.manual_seed(args.seed)
    widths = TINY_HEADS if args.tiny else HeadsArchitecture()
    arch = replace(widths, inputs=released_widths(tensors)[0], categories=len(objects.categories))
    if args.prototypes:
        arch = replace(arch, mask_channels=args.prototypes, dynamic=False)
    heads = place(Heads(arch), device)
    if args.start is not None:
        take_start(heads, args.start, objects.categories)
    if args.trunk is not None:
        take_trunk(heads, args.trunk)
    trained = [p for p in heads.parameters() if p.requires_grad]
    stage = StageRun("heads", args.run, heads, [{"params": trained, "peak": args.rate}], args)
    if stage.resume() and stage.finished:
        return
    # The categories belong to the heads: export writes them into the manifest.
    (args.run / CATEGORIES_FILE).write_text(json.dumps(objects.categories))
    stage.begin()

    def autocast() -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16)

    def features(rgb: Tensor, step: int) -> tuple[Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(args.seed * 1_000_003 + step)
        position = (torch.rand(len(rgb), generator=generator) * LARGEST_POSITION).to(device)
        coded = (torch.arange(len(rgb)) % 2 == step % 2).to(device)
        with autocast():
            return tail_features(frozen, rgb, position, coded)

    heads.follow_batches()
    views = KeptViews(source, objects, features, args.kept_batches, device)
    for batch in views.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(args.seed + 2, stage.schedule.step)
        with autocast():
            outputs = heads(batch.tail)
        loss, parts = detection_loss(outputs, batch.targets, batch.opinion)
        stage.step(loss, parts)
    stage.finish()


STAGE = Stage(
    name="heads",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(("polish.pt", "codec.pt"), unless=("base",)),),
    writes=("heads.pt", "heads.jsonl", CATEGORIES_FILE),
    budget=("minutes", "steps"),
    data=(Need(Data.ANNOTATED),),
    files=("trunk", "detector"),
    models=("base",),
)
