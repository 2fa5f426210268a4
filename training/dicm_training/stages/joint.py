"""Stage `joint`: g_s and the heads fine-tuned together on files of random quality.

Steps take turns. On annotated views the heads' loss counts, on decoded and on untouched features, with the tail's
outputs on decoded features drawn towards those on f1; on crops of all training photographs the polish stage's
distortion counts, so that what is classified stays as good as it was, and beside it fine patterns, on which g_s could
run away otherwise. The teacher is the model itself without its codec. Head, entropy path and tail stay frozen:
neither the decode id nor anything on uncompressed features changes but the heads.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.annotated import read_annotated, synthetic_annotated
from ..data.crops import CropSource, batch_shapes
from ..data.layout import Data
from ..data.patterns import draw_patterns
from ..data.pictures import to_rgb
from ..data.views import ViewSource
from ..errors import UsageError
from ..loop.checkpoint import CATEGORIES_FILE, base_tensors, checkpoint_of, load_heads
from ..loop.options import (
    add_budget_arguments,
    add_data_arguments,
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
from ..losses.detection import detection_loss
from ..losses.distortion import ANSWERS_FIRST, DistortionWeights, agreement, distortion, tail_outputs
from ..losses.runaway import exaggerate, pattern_loss, runaway_loss
from ..models.heads import Heads
from ..release.earlier import EarlierEncoder
from ..release.folder import stored_tensors, widen
from ..release.heads import unfold_heads
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
    add_earlier_argument(parser)
    add_budget_arguments(parser)
    add_view_arguments(parser, batch=6)
    parser.add_argument("--pixels", type=int, default=8 * 224 * 224, help="pixels of a batch of crops")
    parser.add_argument("--crops", type=coded_side, nargs="+", default=[192, 224, 256], help="crop sides, in pixels")
    parser.add_argument("--synthesis-rate", type=float, default=2e-4, help="largest peak learning rate of g_s")
    parser.add_argument("--heads-rate", type=float, default=2e-4, help="peak learning rate of the heads")
    parser.add_argument("--patterns", type=int, default=8, help="fine patterns beside a batch of crops, 0 for none")
    add_machine_arguments(parser)
    add_loop_arguments(parser)


class SynthesisAndHeads(nn.Module):
    """What the stage trains: the released tensors of g_s and its inverse gains, and the heads."""

    def __init__(self, tensors: dict[str, Tensor], heads: Heads) -> None:
        """Take g_s from released tensors in float32."""
        super().__init__()
        self.arch, self.heads = heads.arch, heads
        trained = {k: v for k, v in tensors.items() if k.startswith("gs.") or k == "gain.log2_inverse"}
        # Names of parameters must not hold dots.
        self.synthesis = nn.ParameterDict({k.replace(".", "/"): nn.Parameter(v.clone()) for k, v in trained.items()})

    def tensors(self) -> dict[str, Tensor]:
        """The trained released tensors by name."""
        return {k.replace("/", "."): v for k, v in self.synthesis.items()}


def parameter_groups(model: SynthesisAndHeads, synthesis_rate: float, heads_rate: float) -> list[dict]:
    """AdamW groups. Folded weights differ in size by a factor of fifty, so a tensor's rate follows its own size."""
    heads = [p for p in model.heads.parameters() if p.requires_grad]
    groups: list[dict] = [{"params": heads, "peak": heads_rate}]
    for value in model.synthesis.values():
        # No decay: these are not the weights but the weights with norms folded in.
        groups.append({"params": [value], "peak": step_size(value, synthesis_rate), "weight_decay": 0.0})
    return groups


def in_channels_last(value: Tensor) -> Tensor:
    """Lay a convolution's weight out as its kernels want it (a third faster on CPU)."""
    return value.to(memory_format=torch.channels_last) if value.dim() == 4 else value


def starting_heads(run: Path, base: Path | None) -> Heads:
    """Load the heads of the run's heads.pt, or without one those of the released model, with their categories."""
    if base is None or (run / "heads.pt").exists():
        return load_heads(checkpoint_of(run, "heads"), torch.device("cpu"))[0]
    try:
        heads = unfold_heads(widen(stored_tensors(base)))
    except ValueError as problem:
        raise UsageError(f"--base {base}: {problem}; run the stage heads first") from problem
    categories = json.loads((base / "manifest.json").read_text())["detection"]["categories"]
    run.mkdir(parents=True, exist_ok=True)
    (run / CATEGORIES_FILE).write_text(json.dumps(categories))
    return heads


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    set_threads(args)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    heads = starting_heads(args.run, args.base).to(device)
    tensors = {k: in_channels_last(v.to(device)) for k, v in widen(base_tensors(args.run, args.base)).items()}
    model = SynthesisAndHeads(tensors, heads).to(device)
    model.heads.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # Batch norms stay as the stage heads left them: batches of decoded features alone have other statistics.
    for name, parameter in model.heads.named_parameters():
        parameter.requires_grad_("norms" not in name)
    released = ReleasedModel({**tensors, **model.tensors()})
    earlier = EarlierEncoder(args.earlier, tensors, device)
    stage = StageRun("joint", args.run, model, parameter_groups(model, args.synthesis_rate, args.heads_rate), args)
    if stage.resume() and stage.finished:
        return
    shapes = batch_shapes(args.pixels, tuple(args.crops))
    crops = CropSource(training_pictures(args), shapes, args.seed)
    annotated = synthetic_annotated(24) if args.synthetic else read_annotated(args.data, Data.ANNOTATED)
    views = ViewSource(annotated, args.batch, tuple(args.canvas), tuple(args.sides), args.seed)
    model.heads.follow_batches()
    stage.begin()

    def latents_of(rgb: Tensor) -> tuple[Tensor, Tensor]:
        """y^ of random quality, and f1."""
        with torch.no_grad():
            f1 = released.head(rgb)
            position = torch.rand(len(rgb), device=device) * LARGEST_POSITION
            coded = earlier.replace(released.quantised(rgb, position), rgb, position)
        return released.dequantise(*coded, position), f1

    def outputs_of(rgb: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What decoded features of random quality give, and what f1 gives: (features, c2, c3, c4, logits) each."""
        y, f1 = latents_of(rgb)
        f3 = released.synthesise(y)
        with torch.no_grad():
            target = tail_outputs(released.tail, f1)
        return tail_outputs(released.tail, f3), target

    def pattern_losses(rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Losses of patterns, and of the same with exaggerated latents."""
        y, f1 = latents_of(rgb)
        plain, exaggerated = released.synthesise(torch.cat((y, exaggerate(y)))).chunk(2)
        return pattern_loss(plain, f1), runaway_loss(exaggerated, f1)

    while not stage.over:
        step = stage.schedule.step
        seed_step(args.seed + 3, step)
        with torch.autocast(device.type, torch.bfloat16):
            if step % 2 == 0:
                rgb, targets = views.batch(step // 2)
                outputs, target = outputs_of(rgb.to(device, memory_format=torch.channels_last))
                raw, plain = model.heads(outputs[1:4]), model.heads(target[1:4])
            else:
                rgb = to_rgb(crops.batch(step // 2))
                outputs, target = outputs_of(rgb.to(device, memory_format=torch.channels_last))
                if args.patterns:
                    drawn = draw_patterns(args.patterns, 128, args.seed, step)
                    strange = pattern_losses(drawn.to(device, memory_format=torch.channels_last))
        if step % 2 == 0:
            loss, parts = detection_loss(raw, targets)
            untouched, _ = detection_loss(plain, targets)
            error, kept = distortion(outputs, target, VIEW_WEIGHTS)
            named = {**parts, "untouched": untouched.detach(), "view": kept["c4"]}
            stage.step(loss + 0.5 * untouched + error.mean(), named)
        else:
            error, kept = distortion(outputs, target, ANSWERS_FIRST)
            parts = {"crop": kept["c4"], "kl": kept["kl"], "agreement": agreement(outputs, target)}
            loss = error.mean()
            if args.patterns:
                loss = loss + sum(strange)
                parts.update(pattern=strange[0].detach(), runaway=strange[1].detach())
            stage.step(loss, parts)
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
    models=("base", "earlier"),
)
