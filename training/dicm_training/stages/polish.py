"""Stage `polish`: with the entropy path frozen, g_s and the tail learn to read hard-rounded latents.

Nothing that a file's bytes depend on changes here, so the decode id is fixed by the stage before. The teacher is
the uncompressed network; no label is used.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import distributed
from ..data.crops import normalise
from ..loop.setup import add_common_arguments, prepare, seed_step
from ..loop.stage_run import StageRun, checkpoint_of, load_model
from ..loop.teacher import load_reference
from ..losses.distortion import DistortionWeights, distortion
from ..models.codec import Model
from ..release.earlier import EarlierEncoder, add_earlier_argument
from ..release.fold import fold
from ..release.released import LARGEST_POSITION
from ..release.unfold import step_size

WEIGHTS = DistortionWeights(features=(0.05, 0.1, 0.15, 0.5), logits=1.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_common_arguments(parser)
    add_earlier_argument(parser)
    parser.add_argument("--minutes", type=float, help="time budget")
    parser.add_argument("--steps", type=int, help="step budget, instead of --minutes")
    parser.add_argument("--tail-rate", type=float, default=6e-5, help="peak learning rate of the tail")
    parser.add_argument("--synthesis-rate", type=float, default=2e-4, help="peak learning rate of g_s")


def decode_side(model: Model, latents: Tensor) -> tuple[Tensor, ...]:
    """Run g_s and the tail: (f3, c2, c3, c4, logits)."""
    f3 = model.codec.gs(latents)
    return (f3, *model.tail(f3))


def ssl_of(state: dict[str, Any], run_folder: Path) -> Path | None:
    """Return the checkpoint of the stage `ssl` that the codec in `state` was trained against, if any."""
    recorded = state["options"].get("ssl", "None")
    if recorded == "None":
        return None
    for path in (Path(recorded), run_folder / Path(recorded).name):
        if path.exists():
            return path
    raise SystemExit(f"the codec was trained against {recorded}, which is gone: polish needs it as its teacher")


def parameter_groups(model: Model, unfolded: bool, args: argparse.Namespace) -> list[dict]:
    """Sort parameters by learning rate; `unfolded` if g_s comes from a release, with its norms folded in."""
    synthesis = [*model.codec.gs.parameters(), model.codec.log2_inverse_gain]
    groups: list[dict] = [{"params": list(model.tail.parameters()), "peak": args.tail_rate}]
    if unfolded:
        return groups + [{"params": [p], "peak": step_size(p, args.synthesis_rate)} for p in synthesis]
    return [*groups, {"params": synthesis, "peak": args.synthesis_rate}]


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    setup = prepare(args)
    previous = checkpoint_of(setup.run_folder, "codec")
    model, state = load_model(previous, setup.device)
    if not state["done"]:
        print(f"note: {previous} is from an unfinished run of the stage codec", flush=True)
    reference = load_reference(setup, ssl_of(state, setup.run_folder))
    codec = model.codec
    model.requires_grad_(False)
    for trained in (codec.gs, model.tail, codec.log2_inverse_gain):
        trained.requires_grad_(True)
    groups = parameter_groups(model, state["options"].get("start", "None") != "None", args)
    earlier = EarlierEncoder(args.earlier, fold(model), setup.device)
    stage = StageRun("polish", setup.run_folder, model, groups, args)
    if stage.resume() and stage.finished:
        return
    stage.begin()
    last_level = setup.arch.quality_levels - 1
    for rgb in setup.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(setup.seed + 1, stage.schedule.step)
        x = normalise(rgb)
        level = distributed.uniform((len(x),), x.device) * last_level
        with setup.autocast():
            target = reference.targets(x)
            with torch.no_grad():
                y, _, _ = codec.analyse(model.head(x))
                mean, _, _ = codec.hyper(y, noisy=False)
            log2_gain, log2_inverse = codec.gains(level)
            coded = ((y - mean) * torch.exp2(log2_gain)).round(), mean, log2_gain.detach()
            coded = earlier.replace(coded, rgb, level / last_level * LARGEST_POSITION)
            outputs = decode_side(model, codec.dequantise(*coded, log2_inverse))
        error, parts = distortion(outputs, target, WEIGHTS)
        agreement = (outputs[4].argmax(1) == target[4].argmax(1)).float().mean()
        stage.step(error.mean(), {"agreement": agreement, **parts})
    stage.finish()
