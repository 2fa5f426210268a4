"""Stage `joint`: g_s, the heads and, if asked for, the tail fine-tuned together on files of random quality.

Steps take turns. On annotated views the heads' loss counts, half of them decoded and half untouched, with the tail's
outputs drawn towards the teacher's; on crops of all training photographs the polish stage's distortion counts, so that
what is classified stays as good as it was, and beside it fine patterns, on which g_s could run away otherwise. With
`--batch 0` there are crops alone, and the heads stay as they are.

The teacher is the model itself without its codec, or the network of `--backbone`: then the tail may learn too
(`--tail-rate`), from a start between the two (`--tail-share`; Wortsman et al. 2022), to give that network's answers
again. Head and entropy path stay frozen, so the decode id and what files hold do not change.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.crops import CropSource, batch_shapes
from ..data.layout import Data
from ..data.patterns import draw_patterns
from ..data.pictures import rgb_on
from ..data.views import ViewSource
from ..errors import UsageError
from ..loop.checkpoint import CATEGORIES_FILE, base_tensors
from ..loop.objects_to_learn import objects_to_learn
from ..loop.options import (
    add_backbone_argument,
    add_budget_arguments,
    add_data_arguments,
    add_detector_arguments,
    add_earlier_argument,
    add_loop_arguments,
    add_machine_arguments,
    add_run_argument,
    add_view_arguments,
    coded_side,
)
from ..loop.schedule import step_size
from ..loop.setup import seed_step, set_threads, training_pictures
from ..loop.stage import Input, Need, Stage
from ..loop.stage_run import StageRun
from ..loop.starting_heads import freeze_norms, starting_heads
from ..losses.detection import detection_loss
from ..losses.distortion import ANSWERS_FIRST, DistortionWeights, agreement, distortion, tail_outputs
from ..losses.runaway import exaggerate, pattern_loss, runaway_loss
from ..models.backbone import Tail, load_backbone, normalise
from ..models.heads import Heads
from ..models.place import place
from ..release.earlier import EarlierEncoder
from ..release.folder import widen
from ..release.released import LARGEST_POSITION, ReleasedModel

VIEW_WEIGHTS = DistortionWeights(features=(0.02, 0.25, 0.25, 0.25), logits=0.1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_run_argument(parser)
    parser.add_argument(
        "--base",
        type=Path,
        help="released model folder to build on, instead of the run's checkpoints; without heads.pt, its heads too",
    )
    add_data_arguments(parser)
    add_detector_arguments(parser)
    add_earlier_argument(parser)
    add_backbone_argument(parser)
    add_budget_arguments(parser)
    add_view_arguments(parser, batch=8)
    parser.add_argument("--pixels", type=int, default=8 * 224 * 224, help="pixels of a batch of crops")
    parser.add_argument("--crops", type=coded_side, nargs="+", default=[192, 224, 256], help="crop sides, in pixels")
    parser.add_argument("--synthesis-rate", type=float, default=2e-4, help="largest peak learning rate of g_s")
    parser.add_argument("--heads-rate", type=float, default=2e-4, help="peak learning rate of the heads")
    parser.add_argument(
        "--tail-rate", type=float, default=0.0, help="largest peak learning rate of the tail, 0 to leave it as it is"
    )
    parser.add_argument(
        "--tail-share", type=float, default=1.0, help="the tail starts this far from --backbone's towards the model's"
    )
    parser.add_argument(
        "--keep-weight",
        type=float,
        default=1.0,
        help="weight, beside the heads' loss, of what views keep of the teacher",
    )
    parser.add_argument("--patterns", type=int, default=8, help="fine patterns beside a batch of crops, 0 for none")
    add_machine_arguments(parser)
    add_loop_arguments(parser)


class ReleasedParts(nn.Module):
    """What the stage trains: released tensors (g_s, its inverse gains, the tail if asked for), and the heads."""

    def __init__(self, tensors: dict[str, Tensor], heads: Heads, with_tail: bool) -> None:
        """Take the trained ones of released tensors in float32."""
        super().__init__()
        self.arch, self.heads = heads.arch, heads
        prefixes = ("gs.", "gain.log2_inverse", *(("tail.",) if with_tail else ()))
        trained = {k: v for k, v in tensors.items() if k.startswith(prefixes)}
        # Names of parameters must not hold dots.
        self.released = nn.ParameterDict({k.replace(".", "/"): nn.Parameter(v.clone()) for k, v in trained.items()})

    def tensors(self) -> dict[str, Tensor]:
        """The trained released tensors by name."""
        return {k.replace("/", "."): v for k, v in self.released.items()}


def parameter_groups(model: ReleasedParts, args: argparse.Namespace) -> list[dict]:
    """AdamW groups. Folded weights differ in size by a factor of fifty, so a tensor's rate follows its own size."""
    heads = [p for p in model.heads.parameters() if p.requires_grad]
    groups: list[dict] = [{"params": heads, "peak": args.heads_rate}]
    for name, value in model.tensors().items():
        rate = args.tail_rate if name.startswith("tail.") else args.synthesis_rate
        # No decay: these are not the weights but the weights with norms folded in.
        groups.append({"params": [value], "peak": step_size(value, rate), "weight_decay": 0.0})
    return groups


def in_channels_last(value: Tensor) -> Tensor:
    """Lay a convolution's weight out as its kernels want it (a third faster on CPU)."""
    return value.to(memory_format=torch.channels_last) if value.dim() == 4 else value


def starting_tail(tensors: dict[str, Tensor], tail: Tail, share: float) -> None:
    """Move the tail among released tensors to `share` of the way from `tail` to where it is."""
    with torch.no_grad():
        for name, value in tail.state_dict().items():
            mine = tensors[f"tail.{name}"]
            tensors[f"tail.{name}"] = torch.lerp(value.to(mine).view_as(mine), mine, share)


def teacher_of(
    args: argparse.Namespace, released: ReleasedModel, tensors: dict[str, Tensor], device: torch.device
) -> Callable[[Tensor, Tensor], tuple[Tensor, ...]]:
    """Return what gives the outputs to reproduce (c2, c3, c4, logits) of RGB in [0, 1] and its f1."""
    if args.backbone is None:
        return lambda rgb, f1: released.tail(f1)
    head, tail = load_backbone(args.backbone)
    for part in (head, tail):
        place(part, device).requires_grad_(False).eval()
    starting_tail(tensors, tail, args.tail_share)
    return lambda rgb, f1: tail(head(normalise(rgb)))


def check_options(args: argparse.Namespace) -> None:
    """Refuse a tail that would learn from itself. Raises UsageError."""
    for option, unused in (("tail_rate", 0.0), ("tail_share", 1.0)):
        if args.backbone is None and getattr(args, option) != unused:
            raise UsageError(f"--{option.replace('_', '-')} needs --backbone: the network whose answers the tail keeps")


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    check_options(args)
    set_threads(args)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    objects = objects_to_learn(args, device)
    heads = starting_heads(args.run, args.base, objects.categories if args.detector else None).to(device)
    tensors = {k: in_channels_last(v.to(device)) for k, v in widen(base_tensors(args.run, args.base)).items()}
    released = ReleasedModel(tensors)
    teacher = teacher_of(args, released, tensors, device)
    model = ReleasedParts(tensors, heads, args.tail_rate > 0).to(device)
    model.heads.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # Batch norms stay as the stage heads left them: batches of decoded features alone have other statistics.
    freeze_norms(model.heads)
    released.t = {**tensors, **model.tensors()}
    earlier = EarlierEncoder(args.earlier, tensors, device)
    stage = StageRun("joint", args.run, model, parameter_groups(model, args), args)
    if stage.resume() and stage.finished:
        return
    shapes = batch_shapes(args.pixels, tuple(args.crops))
    crop_source = CropSource(training_pictures(args), shapes, args.seed, args.workers)
    view_shape = (max(1, args.batch), tuple(args.canvas), tuple(args.sides))
    view_source = ViewSource(objects.pictures, *view_shape, args.seed, args.workers)
    model.heads.follow_batches()
    stage.begin()

    def latents_of(rgb: Tensor, f1: Tensor) -> Tensor:
        """y^ of random quality."""
        with torch.no_grad():
            position = torch.rand(len(rgb), device=device) * LARGEST_POSITION
            coded = earlier.replace(released.quantised_features(f1, position), rgb, position)
        return released.dequantise(*coded, position)

    def outputs_of(rgb: Tensor, coded: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What features give, decoded ones of random quality where `coded` [N], and the teacher's: (f, .., logits)."""
        with torch.no_grad():
            f1 = released.head(rgb)
            target = (f1, *teacher(rgb, f1))
        f = f1.clone()
        f[coded] = released.synthesise(latents_of(rgb[coded], f1[coded])).to(f.dtype)
        return tail_outputs(released.tail, f), target

    def pattern_losses(rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Losses of patterns, and of the same with exaggerated latents."""
        with torch.no_grad():
            f1 = released.head(rgb)
        y = latents_of(rgb, f1)
        plain, exaggerated = released.synthesise(torch.cat((y, exaggerate(y)))).chunk(2)
        return pattern_loss(plain, f1), runaway_loss(exaggerated, f1)

    def view_step(step: int) -> None:
        pixels, found = next(views)
        rgb, targets = rgb_on(device, pixels), found.to(device)
        opinion = objects.opinion(rgb, targets)
        coded = torch.arange(len(rgb)) % 2 == step % 2
        with torch.autocast(device.type, torch.bfloat16):
            outputs, target = outputs_of(rgb, coded.to(device))
            raw = model.heads(outputs[1:4])
        loss, parts = detection_loss(raw, targets, opinion)
        error, kept = distortion(outputs, target, VIEW_WEIGHTS)
        stage.step(loss + args.keep_weight * error.mean(), {**parts, "view": kept["c4"]})

    def crop_step(step: int) -> None:
        rgb = rgb_on(device, next(crops))
        # Untouched features teach the tail alone.
        coded = torch.arange(len(rgb)) % 2 == step % 2 if args.tail_rate else torch.ones(len(rgb), dtype=torch.bool)
        with torch.autocast(device.type, torch.bfloat16):
            outputs, target = outputs_of(rgb, coded.to(device))
            error, kept = distortion(outputs, target, ANSWERS_FIRST)
            loss = error.mean()
            parts = {"crop": kept["c4"], "kl": kept["kl"], "agreement": agreement(outputs, target)}
            if args.patterns:
                drawn = draw_patterns(args.patterns, 128, args.seed, 2 * step + 1)
                strange = pattern_losses(drawn.to(device, memory_format=torch.channels_last))
                loss = loss + sum(strange)
                parts.update(pattern=strange[0].detach(), runaway=strange[1].detach())
        stage.step(loss, parts)

    # Steps take turns, so each kind has half of them.
    done = stage.schedule.step // (2 if args.batch else 1)
    crops = crop_source.batches(done, 1 << 39)
    views = view_source.batches((stage.schedule.step + 1) // 2, 1 << 39)
    while not stage.over:
        step = stage.schedule.step
        seed_step(args.seed + 3, step)
        if args.batch:
            (crop_step if step % 2 else view_step)(step // 2)
        else:
            crop_step(step)
    stage.finish()


STAGE = Stage(
    name="joint",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(
        Input(("heads.pt",), unless=("base",)),
        Input(("heads.pt",), when="base", optional=True),
        Input(("polish.pt", "codec.pt"), unless=("base",)),
    ),
    writes=("joint.pt", "joint.jsonl", CATEGORIES_FILE),
    budget=("minutes", "steps"),
    data=(Need(Data.PHOTOGRAPHS), Need(Data.ANNOTATED)),
    files=("detector", "backbone"),
    models=("base", "earlier"),
)
