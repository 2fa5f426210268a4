"""Stage `polish`: with the entropy path frozen, g_s and the tail learn to read hard-rounded latents.

Nothing that a file's bytes depend on changes here, so the decode id is fixed by the stage before. The teacher is
the uncompressed network; no label is used.
"""

from __future__ import annotations

import argparse

import torch

from .. import distributed
from ..data.layout import Data
from ..loop.checkpoint import checkpoint_of, load_model
from ..loop.options import add_budget_arguments, add_common_arguments, add_earlier_argument
from ..loop.schedule import step_size
from ..loop.setup import prepare, seed_step
from ..loop.stage import Input, Need, Stage
from ..loop.stage_run import StageRun
from ..loop.teacher import load_teacher, ssl_of
from ..losses.distortion import ANSWERS_FIRST, agreement, distortion, tail_outputs
from ..models.backbone import normalise
from ..models.codec import Model
from ..release.earlier import EarlierEncoder
from ..release.fold import fold
from ..release.released import LARGEST_POSITION


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_common_arguments(parser)
    add_earlier_argument(parser)
    add_budget_arguments(parser)
    parser.add_argument("--tail-rate", type=float, default=6e-5, help="peak learning rate of the tail")
    parser.add_argument("--synthesis-rate", type=float, default=2e-4, help="peak learning rate of g_s")


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
    teacher = load_teacher(setup, ssl_of(state, setup.run_folder))
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
            target = teacher.targets(x)
            with torch.no_grad():
                y, _, _ = codec.analyse(model.head(x))
                mean, _, _ = codec.hyper(y, noisy=False)
            log2_gain, log2_inverse = codec.gains(level)
            coded = ((y - mean) * torch.exp2(log2_gain)).round(), mean, log2_gain.detach()
            coded = earlier.replace(coded, rgb, level / last_level * LARGEST_POSITION)
            outputs = tail_outputs(model.tail, codec.gs(codec.dequantise(*coded, log2_inverse)))
        error, parts = distortion(outputs, target, ANSWERS_FIRST)
        stage.step(error.mean(), {"agreement": agreement(outputs, target), **parts})
    stage.finish()


STAGE = Stage(
    name="polish",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(("codec.pt",)), Input(("ssl.pt",), optional=True)),
    writes=("polish.pt", "polish.jsonl"),
    budget=("minutes", "steps"),
    data=(Need(Data.PHOTOGRAPHS),),
    backbone=True,
    models=("earlier",),
    processes=True,
)
