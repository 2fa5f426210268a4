"""Stage `perceptual-polish`: with the entropy path frozen, the view's g_s learns to read hard-rounded latents.

Nothing that a file's bytes depend on changes here. The loss is that of the stage `perceptual` without its rate.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from .. import distributed
from ..data.layout import Data
from ..loop.checkpoint import checkpoint_of, load_view
from ..loop.options import add_budget_arguments
from ..loop.schedule import step_size
from ..loop.setup import seed_step
from ..loop.stage import Input, Need, Stage
from ..loop.stage_run import StageRun
from ..loop.view_setup import (
    EarlierView,
    add_loss_arguments,
    add_view_options,
    prepare_view,
    report,
    terms_of,
)
from ..losses.rate import lagrangians
from ..losses.view import view_distortion
from ..models.place import place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_view_options(parser)
    add_budget_arguments(parser)
    add_loss_arguments(parser)
    parser.add_argument(
        "--earlier", type=Path, help="released model folder whose files are to be read too, of whatever decode id"
    )
    parser.add_argument("--synthesis-rate", type=float, default=2e-4, help="largest peak learning rate of g_s")


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    setup = prepare_view(args)
    terms = terms_of(args)
    view, _ = load_view(checkpoint_of(args.run, "perceptual"), setup.device)
    place(view, setup.device).requires_grad_(False)
    trained = [*view.gs.parameters(), view.log2_inverse_gain]
    for parameter in trained:
        parameter.requires_grad_(True)
    groups = [{"params": [p], "peak": step_size(p, args.synthesis_rate), "weight_decay": 0.0} for p in trained]
    stage = StageRun("perceptual-polish", setup.run_folder, view, groups, args)
    if stage.resume() and stage.finished:
        return
    stage.begin()
    earlier = EarlierView(setup, args.earlier)
    for rgb in setup.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(setup.seed + 1, stage.schedule.step)
        share = distributed.uniform((len(rgb),), rgb.device)
        with setup.autocast():
            with torch.no_grad():
                y = view.analyse(rgb)
                mean, _, _ = view.hyper(y, noisy=False)
            level = share * (setup.arch.quality_levels - 1)
            log2_gain, log2_inverse = view.gains(level)
            symbols = ((y - mean) * torch.exp2(log2_gain)).round()
            values = view.dequantise(symbols, mean, log2_gain.detach(), log2_inverse)
            rebuilt = view.rebuild(earlier.replace(values, rgb, level))
        error, parts = view_distortion(rebuilt, rgb, terms, setup.lpips)
        stage.step((error * lagrangians(args.lambdas, share).sqrt()).mean(), parts)
    if stage.schedule.done:
        stage.average.copy_to(view)
        report(setup, view, terms, -3_000_000)
    stage.finish()


STAGE = Stage(
    name="perceptual-polish",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(("perceptual.pt",)),),
    writes=("perceptual-polish.pt", "perceptual-polish.jsonl"),
    budget=("minutes", "steps"),
    data=(Need(Data.VIEW_PHOTOGRAPHS),),
    models=("earlier",),
)
