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

from ..data.instances import ViewSource, read_annotated, read_categories, synthetic_annotated
from ..loop.setup import seed_step
from ..loop.stage_run import StageRun, load_heads, load_model
from ..losses.detection import detection_loss
from ..models.codec import Model
from ..models.heads import TINY_HEADS, Heads, HeadsArchitecture
from ..release.fold import fold
from ..release.folder import stored_tensors, widen
from ..release.quantise import store
from ..release.released import LARGEST_POSITION, ReleasedModel

SYNTHETIC_CATEGORIES = [{"id": i + 1, "name": f"category {i + 1}"} for i in range(20)]
CATEGORIES_FILE = "heads.categories.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    parser.add_argument("--run", type=Path, required=True, help="run folder: checkpoints and logs")
    parser.add_argument("--base", type=Path, help="released model folder to build on, instead of the run's polish.pt")
    parser.add_argument("--data", type=Path, help="unpacked data folder with detection/")
    parser.add_argument("--synthetic", action="store_true", help="train on drawn pictures instead of --data")
    parser.add_argument("--tiny", action="store_true", help="tiny heads, for smoke tests")
    parser.add_argument("--minutes", type=float, help="time budget")
    parser.add_argument("--steps", type=int, help="step budget, instead of --minutes")
    parser.add_argument("--batch", type=int, default=12, help="views a batch")
    parser.add_argument("--canvas", type=int, nargs=2, default=[256, 320], help="height and width of a view, in pixels")
    parser.add_argument("--sides", type=int, nargs=2, default=[192, 448], help="range of a photograph's longest side")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--trunk", type=Path, help="heads.pt of another run: train only new mask parts on its detector")
    parser.add_argument("--start", type=Path, help="heads.pt of another run whose weights to start from")
    parser.add_argument("--prototypes", type=int, help="masks as combinations of this many prototypes, to compare")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: PyTorch's choice)")
    parser.add_argument("--stop-after", type=int, help="stop, resumable, after this many steps of this start")
    parser.add_argument("--log-every", type=int, default=50, help="steps between log lines")
    parser.add_argument("--save-every", type=float, default=180, help="seconds between checkpoints")


def base_tensors(run: Path, base: Path | None) -> dict[str, Tensor]:
    """Tensors the heads build on, as they are stored: a released folder's, or those the run would release."""
    if base is not None:
        return {k: v for k, v in stored_tensors(base).items() if not k.startswith("heads.")}
    for stage in ("polish.pt", "codec.pt"):
        if (run / stage).exists():
            return stored(load_model(run / stage, torch.device("cpu"))[0])
    raise SystemExit(f"no checkpoint in {run}: run the stages codec and polish first, or name a model with --base")


def stored(model: Model) -> dict[str, Tensor]:
    """Fold a trained model and round it to the precision it is released in."""
    tensors: dict[str, Tensor] = {}
    for name, value in fold(model.eval()).items():
        tensors.update(store(name, value))
    return tensors


@torch.no_grad()
def tail_features(model: ReleasedModel, rgb: Tensor, position: Tensor, coded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs of the tail on RGB in [0, 1] [N, 3, H, W]: of files of quality `position` where `coded` [N] is true."""
    f = model.head(rgb)
    if bool(coded.any()):
        f = f.clone()
        f[coded] = model.synthesise(model.dequantised(rgb[coded], position[coded])).to(f.dtype)
    c2, c3, c4, _ = model.tail(f)
    return c2, c3, c4


MASK_PARTS = ("controllers.", "mask_")
"""What makes masks in the heads, by the start of a parameter's name; the rest is the detector."""


def take_trunk(heads: Heads, path: Path) -> None:
    """Copy and freeze the detector of trained heads; the mask parts stay as they are."""
    detector = {k: v for k, v in load_heads(path, torch.device("cpu"))[0].state_dict().items()}
    detector = {k: v for k, v in detector.items() if not k.startswith(MASK_PARTS)}
    heads.load_state_dict(detector, strict=False)
    for name, parameter in heads.named_parameters():
        parameter.requires_grad_(name.startswith(MASK_PARTS))


def set_training(heads: Heads) -> None:
    """Let batch norms follow the batches, but not those of a frozen detector."""
    heads.train()
    for module in heads.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    if args.data is None and not args.synthetic:
        raise SystemExit("--data FOLDER is needed (with detection/ unpacked), or --synthetic")
    if args.threads:
        torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tensors = widen(base_tensors(args.run, args.base))
    frozen = ReleasedModel({k: v.to(device) for k, v in tensors.items()})
    pictures = synthetic_annotated(24) if args.synthetic else read_annotated(args.data, "train")
    categories = SYNTHETIC_CATEGORIES if args.synthetic else read_categories(args.data)
    source = ViewSource(pictures, args.batch, tuple(args.canvas), tuple(args.sides), args.seed)
    torch.manual_seed(args.seed)
    inputs = tuple(tensors[f"tail.layer{k}.0.conv3.weight"].shape[0] for k in (2, 3, 4))
    widths = TINY_HEADS if args.tiny else HeadsArchitecture()
    arch = replace(widths, inputs=inputs, categories=len(categories))  # type: ignore[arg-type]
    if args.prototypes:
        arch = replace(arch, mask_channels=args.prototypes, dynamic=False)
    heads = Heads(arch).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if args.start is not None:
        heads.load_state_dict(load_heads(args.start, torch.device("cpu"))[0].state_dict())
    if args.trunk is not None:
        take_trunk(heads, args.trunk)
    trained = [p for p in heads.parameters() if p.requires_grad]
    stage = StageRun("heads", args.run, heads, [{"params": trained, "peak": args.rate}], args)
    if stage.resume() and stage.finished:
        return
    # The categories belong to the heads: export writes them into the manifest.
    (args.run / CATEGORIES_FILE).write_text(json.dumps(categories))
    stage.begin()

    def autocast() -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16)

    def features(rgb: Tensor, step: int) -> tuple[Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(args.seed * 1_000_003 + step)
        position = (torch.rand(len(rgb), generator=generator) * LARGEST_POSITION).to(device)
        coded = (torch.arange(len(rgb)) % 2 == step % 2).to(device)
        with autocast():
            return tail_features(frozen, rgb.to(device, memory_format=torch.channels_last), position, coded)

    set_training(heads)
    for rgb, targets in source.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(args.seed + 2, stage.schedule.step)
        tail = features(rgb, stage.schedule.step)
        with autocast():
            outputs = heads(tail)
        loss, parts = detection_loss(outputs, targets)
        stage.step(loss, parts)
    stage.finish()
