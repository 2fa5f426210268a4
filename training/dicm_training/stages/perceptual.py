"""Stage `perceptual`: the codec of the view, trained for rate and for distances between pictures (DPC).

Starts from the Karhunen-Loeve transform of patches and hyper-transforms that carry colours and are fitted to it, learns
for rate and squared error first, then for rate and LPIPS, MS-SSIM and squared error together, and fits the
hyper-transforms again at the end. Every picture has a random quality.

With --start it goes on from a released model instead, without the part for squared error alone. Its decode id changes;
g_s goes on learning from what that model's files hold too.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from .. import distributed
from ..data.layout import Data
from ..loop.hyper_fits import fit_prior, refit_hyper
from ..loop.options import add_budget_arguments
from ..loop.schedule import root_mean_square
from ..loop.setup import seed_step
from ..loop.stage import Need, Stage
from ..loop.stage_run import AveragedWeights, StageRun
from ..loop.view_setup import (
    EarlierView,
    ViewSetup,
    add_loss_arguments,
    add_view_options,
    prepare_view,
    report,
    terms_of,
)
from ..losses.rate import lagrangians, rate_and_distortion
from ..losses.view import MSE_ALONE, ViewTerms, view_distortion
from ..models.place import place
from ..models.view import View
from ..release.folder import stored_tensors
from ..release.unfold import fit_density
from ..starts.gains import starting_gains
from ..starts.hyper_latents import carries_colours, carry, colour_span
from ..starts.patches import initialise, transform

COLOUR_BATCHES = 20
"""Batches of which the colours' start learns what colours photographs have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_view_options(parser)
    add_budget_arguments(parser, " of the joint part")
    add_loss_arguments(parser)
    parser.add_argument("--start", type=Path, help="released model folder to go on from; g_s goes on reading its files")
    parser.add_argument(
        "--mse-share", type=float, default=0.3, help="share of the budget for rate and MSE alone (not with --start)"
    )
    parser.add_argument("--klt-batches", type=int, default=60, help="batches for the transform's statistics")
    parser.add_argument("--prior-steps", type=int, default=400, help="steps that fit the hyper-transforms alone")
    parser.add_argument("--refit-steps", type=int, default=2400, help="steps that fit the hyper-transforms at the end")
    parser.add_argument("--rate", type=float, default=4e-4, help="peak learning rate of the networks")
    parser.add_argument("--linear-rate", type=float, default=2e-3, help="the same for linear paths: per weight RMS")
    parser.add_argument("--bpp", type=float, nargs=2, default=(0.05, 1.5), help="rates of the end levels at the start")
    parser.add_argument("--hyper-weight", type=float, default=1.5, help="weight of the hyper-latents' rate")


def start(setup: ViewSetup, args: argparse.Namespace, view: View) -> None:
    """Give `view` its Karhunen-Loeve start and its gains."""
    began = time.monotonic()
    basis, energies = transform((setup.batch(-1 - i) for i in range(args.klt_batches)), view.arch.latent)
    levels = view.arch.quality_levels
    gains = starting_gains(energies, levels, tuple(args.bpp))
    # One quantisation step of the middle level becomes 1, as in the stage codec.
    centre = (gains[0] + gains[-1]) / 2
    initialise(view, basis, centre)
    with torch.no_grad():
        view.log2_gain.copy_(torch.tensor([g - centre for g in gains])[:, None].expand_as(view.log2_gain))
        view.log2_inverse_gain.copy_(-view.log2_gain)
        view.hyper(view.analyse(setup.batch(-1)), noisy=False)  # sets the activation normalisation
    print(f"transform: energies {energies[0]:.3g} to {energies[-1]:.3g}, {time.monotonic() - began:.0f} s", flush=True)


def go_on(setup: ViewSetup, folder: Path, view: View) -> None:
    """Give `view` the networks of a released model."""
    view.load_state_dict(setup.released(folder).state_dict())
    density, excess = fit_density(stored_tensors(folder))
    view.prior.load_state_dict(density.state_dict())
    print(f"going on from {folder}; density of z: {excess:.4f} bits/symbol over the released tables", flush=True)


def parameter_groups(view: View, args: argparse.Namespace) -> list[dict]:
    """Sort parameters by learning rate: weights that start from measured values get one relative to their own RMS."""
    networks: list[torch.nn.Parameter] = []
    groups: list[dict] = [{"params": networks, "peak": args.rate}]
    for name, parameter in view.named_parameters():
        if name.endswith("gain"):
            groups.append({"params": [parameter], "peak": 2e-3})
        elif name.startswith("prior."):
            groups.append({"params": [parameter], "peak": 1e-2})
        elif ".linear." in name:
            peak = args.linear_rate * max(root_mean_square(parameter), 1e-5)
            groups.append({"params": [parameter], "peak": peak})
        else:
            networks.append(parameter)
    return groups


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    setup = prepare_view(args)
    terms, first = terms_of(args), ViewTerms(0.0, 0.0, MSE_ALONE)
    view = place(View(setup.arch), setup.device)
    if not (setup.run_folder / "perceptual.pt").exists():
        if args.start is None:
            start(setup, args, view)
        else:
            go_on(setup, args.start, view)
        if not carries_colours(view):
            carry(view, colour_span(view, (setup.batch(-101 - i) for i in range(COLOUR_BATCHES))))
        fit_prior(setup, args.prior_steps, view.analyse, view)
        report(setup, view, terms, -3_000_000)
    earlier = EarlierView(setup, args.start)
    mse_share = args.mse_share if args.start is None else 0.0
    stage = StageRun("perceptual", setup.run_folder, view, parameter_groups(view, args), args)
    if stage.resume() and stage.finished:
        return
    stage.begin()
    for rgb in setup.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(setup.seed, stage.schedule.step)
        share = distributed.uniform((len(rgb),), rgb.device)
        with setup.autocast():
            level = share * (setup.arch.quality_levels - 1)
            coded = view.code(rgb, level)
            rebuilt = view.rebuild(earlier.replace(coded.values, rgb, level))
        now = first if stage.schedule.progress < mse_share else terms
        error, parts = view_distortion(rebuilt, rgb, now, setup.lpips)  # in float32: small differences of large sums
        pixels = rgb.shape[2] * rgb.shape[3]
        bits = coded.latent_bits + args.hyper_weight * coded.hyper_bits
        loss = rate_and_distortion(bits, pixels, error, lagrangians(args.lambdas, share))
        rates = {"bpp": coded.latent_bits + coded.hyper_bits, "hyper_bpp": coded.hyper_bits}
        stage.step(loss, {**{k: v.detach().mean() / pixels for k, v in rates.items()}, **parts})
    if stage.schedule.done:
        stage.average.copy_to(view)
        refit_hyper(setup, args.refit_steps, args.lambdas, view.analyse, view)
        stage.average = AveragedWeights(view, 0.999)
        report(setup, view, terms, -3_000_000)
    stage.finish()


STAGE = Stage(
    name="perceptual",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    writes=("perceptual.pt", "perceptual.jsonl"),
    budget=("minutes", "steps"),
    data=(Need(Data.VIEW_PHOTOGRAPHS),),
    models=("start",),
)
