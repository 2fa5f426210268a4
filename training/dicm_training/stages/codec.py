"""Stage `codec`: RE, g_a, g_s, h_a, h_s and the gains, trained for rate and for the uncompressed network's features.

Four parts: a sensitivity-weighted Karhunen-Loeve start (klt), a short fit of the hyper-transforms alone, then
everything jointly at a random quality per picture, and a last fit of the hyper-transforms. Resumes from its run
folder after a kill at any moment of the joint part, which is nearly all of it.

With --start it goes on from a released model instead: only the joint part, and h_s, the gains and the densities stay as
released, so that the decode id does.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from .. import distributed
from ..data.layout import Data
from ..loop.checkpoint import DECODE_FILE, save_atomically
from ..loop.hyper_fits import fit_prior, refit_hyper
from ..loop.options import add_budget_arguments, add_common_arguments
from ..loop.schedule import root_mean_square, step_size
from ..loop.setup import Setup, prepare, seed_step
from ..loop.stage import Input, Need, Stage
from ..loop.stage_run import AveragedWeights, StageRun
from ..loop.teacher import Teacher, find_ssl, load_teacher
from ..losses.distortion import DistortionWeights, distortion, relative_error, tail_outputs
from ..models.backbone import Head, Tail, normalise
from ..models.codec import Codec, Coded, Model
from ..models.place import place
from ..release.folder import stored_tensors, widen
from ..release.shards import is_decode_critical
from ..release.unfold import fit_density, unfold
from ..starts import klt
from ..starts.gains import starting_gains


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_common_arguments(parser)
    parser.add_argument("--ssl", type=Path, help="checkpoint of the stage ssl to start from instead of RUN/ssl.pt")
    parser.add_argument("--no-ssl", action="store_true", help="start from --backbone even if RUN/ssl.pt exists")
    parser.add_argument("--start", type=Path, help="released model folder to go on from, keeping its decode id")
    add_budget_arguments(parser, " of the joint part")
    parser.add_argument("--klt-batches", type=int, default=120, help="batches for the transform's statistics")
    parser.add_argument("--prior-steps", type=int, default=500, help="steps that fit the hyper-transforms alone")
    parser.add_argument("--refit-steps", type=int, default=900, help="steps that refit the hyper-transforms at the end")
    parser.add_argument("--rate", type=float, default=3e-4, help="peak learning rate of the networks")
    parser.add_argument(
        "--linear-rate", type=float, default=2e-3, help="the same for linear paths, head: per weight RMS"
    )
    parser.add_argument("--bpp", type=float, nargs=2, default=(0.03, 0.6), help="rates of the end levels at the start")
    parser.add_argument("--lambdas", type=float, nargs=2, default=(0.025, 2.5), help="multipliers of the end levels")
    parser.add_argument(
        "--hyper-weight",
        type=float,
        default=2.0,
        help="weight of the hyper-latents' rate: all qualities share z, and above 1 it suits the low ones",
    )
    parser.add_argument("--train-head-from", type=float, default=0.7, help="progress from which the head is tuned too")
    parser.add_argument("--no-re", action="store_true", help="leave redundancy elimination out (for ablation)")
    parser.add_argument(
        "--re-mix", type=float, default=0.0, help="share of decoder_RE's output in f2 at the start, 0 to 1 (learned)"
    )
    parser.add_argument("--re-rate", type=float, default=0.1, help="weight of the rate of RE's latent (bpp)")
    parser.add_argument("--re-distortion", type=float, default=0.4, help="weight of RE's relative feature error")


def start(setup: Setup, args: argparse.Namespace, head: Head, tail: Tail, codec: Codec) -> None:
    """Give `codec` its Karhunen-Loeve start and its gains."""
    began = time.monotonic()
    cache = setup.run_folder / "klt.pt"
    stale = args.ssl is not None and cache.exists() and cache.stat().st_mtime < args.ssl.stat().st_mtime
    if cache.exists() and not stale:
        mean, analysis, synthesis, variances = torch.load(cache, map_location=setup.device, weights_only=True)
    else:
        batches = (normalise(setup.batch(-1 - i)) for i in range(args.klt_batches))
        mean, covariance, sensitivity = klt.patch_statistics(head, tail, batches, DistortionWeights())
        analysis, synthesis, variances = klt.weighted_transform(covariance, sensitivity, codec.arch.latent)
        save_atomically((mean, analysis, synthesis, variances), cache)
    levels = codec.arch.quality_levels
    gains = starting_gains(variances, levels, tuple(args.bpp))
    # One quantisation step of the middle level becomes 1: y, its mean and the nonlinear paths are then of
    # ordinary size, and one learning rate suits them all.
    centre = (gains[0] + gains[-1]) / 2
    klt.initialise(codec, mean, analysis * 2**centre, synthesis * 2**-centre)
    gains = [gain - centre for gain in gains]
    with torch.no_grad():
        codec.log2_gain.copy_(torch.tensor(gains)[:, None].expand_as(codec.log2_gain))
        codec.log2_inverse_gain.copy_(-codec.log2_gain)
        f1 = head(normalise(setup.batch(-1)))
        share = klt.captured_energy(f1, mean, analysis, synthesis)
        codec(f1, torch.full((len(f1),), levels - 1.0, device=f1.device))  # sets the activation normalisation
    print(
        f"transform: {share:.3f} of the energy of f1 kept, variances {variances[0]:.3g} to {variances[-1]:.3g}, "
        f"log2 gains {gains[0]:.2f} to {gains[-1]:.2f}, {time.monotonic() - began:.0f} s",
        flush=True,
    )


@torch.no_grad()
def report_start(setup: Setup, teacher: Teacher, codec: Codec) -> None:
    """Print rate and distortion of every level before the joint training."""
    x, tail = normalise(setup.batch(-3_000_000)), teacher.tail
    with setup.autocast():
        target = teacher.targets(x)
        f1 = target[0]
        for level in range(codec.arch.quality_levels):
            coded = codec(f1, torch.full((len(x),), float(level), device=x.device), noisy=False)
            error, parts = distortion(tail_outputs(tail, coded.features), target, DistortionWeights())
            bpp = float((coded.latent_bits + coded.hyper_bits).mean()) / x.shape[2] / x.shape[3]
            print(f"level {level}: {bpp:.3f} bpp, distortion {error.mean():.3f}, kl {parts['kl']:.3f}", flush=True)


def loss_terms(
    coded: Coded,
    f1: Tensor,
    outputs: tuple[Tensor, ...],
    target: tuple[Tensor, ...],
    lagrangian: Tensor,
    pixels: int,
    args: argparse.Namespace,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Joint loss and its parts: rate + lambda x distortion, balanced over levels, and RE's own two terms."""
    error, parts = distortion(outputs, target, DistortionWeights())
    bpp = (coded.latent_bits + coded.hyper_bits) / pixels
    # Dividing by sqrt(lambda) keeps the fine levels from outvoting the coarse ones.
    extra = (args.hyper_weight - 1) * coded.hyper_bits / pixels
    loss = ((bpp + extra + lagrangian * error) / lagrangian.sqrt()).mean()
    re_bpp = coded.redundancy_bits / pixels
    if not args.no_re:
        re_error = relative_error(coded.redundancy_features, f1.detach())
        loss = loss + (args.re_rate * re_bpp + args.re_distortion * re_error).mean()
        parts = {**parts, "re_bpp": re_bpp.detach().mean(), "re_error": re_error.detach().mean()}
    hyper = (coded.hyper_bits / pixels).detach().mean()
    return loss, {"bpp": bpp.detach().mean(), "hyper_bpp": hyper, "D": error.detach().mean(), **parts}


def parameter_groups(model: Model, args: argparse.Namespace) -> list[dict]:
    """Sort parameters by learning rate.

    Adam moves every weight by about the learning rate a step, whatever its size, so weights that start from
    measured values (head and linear paths, 0.001 to 0.3 in size) get a rate relative to their own RMS.
    """
    networks: list[torch.nn.Parameter] = []
    groups: list[dict] = [{"params": networks, "peak": args.rate}]
    for name, parameter in model.named_parameters():
        if name.startswith("tail."):
            continue
        peak = None
        if name.endswith("gain"):
            peak = 1e-3
        elif "prior." in name:
            peak = 1e-2  # densities follow what they describe at once, or they hold its rate up
        elif name.startswith("head.") or ".linear." in name:
            peak = args.linear_rate * max(root_mean_square(parameter), 1e-5) * (0.1 if name.startswith("head.") else 1)
        elif args.start is not None and name != "codec.re.mix" and not (args.ssl and name.startswith("codec.re.")):
            peak = step_size(parameter, args.rate)  # RE of the stage ssl is as it was trained, and its mix starts at 0
        if peak is None:
            networks.append(parameter)
        else:
            groups.append({"params": [parameter], "peak": peak})
    return groups


def continue_release(setup: Setup, args: argparse.Namespace, codec: Codec) -> None:
    """Give the codec the networks of the released folder `--start`, and the run folder what must not change of it."""
    stored = stored_tensors(args.start)
    unfold(widen(stored), codec)
    density, excess = fit_density(stored)
    codec.prior.load_state_dict(density.state_dict())
    if distributed.is_first():
        save_file({k: v for k, v in stored.items() if is_decode_critical(k)}, setup.run_folder / DECODE_FILE)
    print(f"going on from {args.start}; density of z: {excess:.4f} bits/symbol over the released tables", flush=True)


def first_weights(setup: Setup, args: argparse.Namespace, teacher: Teacher, model: Model) -> None:
    """Give the codec all it starts from: RE as the stage `ssl` left it, the transform, fitted hyper-transforms.

    With --start all but RE is the release's, and RE too where there was no stage `ssl`.
    """
    codec = model.codec
    if args.start is not None:
        continue_release(setup, args, codec)
    elif distributed.is_first():
        (setup.run_folder / DECODE_FILE).unlink(missing_ok=True)  # of a codec that was here before
    if teacher.elimination is not None and not args.no_re:
        codec.re.load_state_dict(teacher.elimination.state_dict())
        assert teacher.redundancy_prior is not None
        codec.redundancy_prior.load_state_dict(teacher.redundancy_prior)
    if args.start is None or teacher.elimination is not None:
        with torch.no_grad():
            codec.re.mix.fill_(args.re_mix)
    # Short, and on whole batches: one process does it for all.
    with distributed.alone() as first:
        if first:
            if args.start is None:
                start(setup, args, teacher.head, teacher.tail, codec)
                fit_prior(setup, args.prior_steps, lambda x: codec.ga.linear(teacher.head(normalise(x))), codec)
            report_start(setup, teacher, codec)
    distributed.copy_from_first(model)


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    setup = prepare(args)
    args.ssl = find_ssl(args)
    teacher = load_teacher(setup, args.ssl)
    model = place(Model(setup.arch), setup.device)
    model.head.load_state_dict(teacher.head.state_dict())
    model.tail.load_state_dict(teacher.tail.state_dict())
    codec = model.codec
    codec.use_redundancy_elimination = not args.no_re
    model.tail.requires_grad_(False)
    if args.start is not None:
        for kept in (codec.hs, codec.prior, codec.log2_gain):
            kept.requires_grad_(False)
    (exists,) = distributed.first_says([float((setup.run_folder / "codec.pt").exists())], setup.device)
    if not exists:
        first_weights(setup, args, teacher, model)
    stage = StageRun("codec", setup.run_folder, model, parameter_groups(model, args), args)
    if stage.resume() and stage.finished:
        return
    stage.begin()
    low_lambda, high_lambda = (math.log2(value) for value in args.lambdas)
    for x in setup.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(setup.seed, stage.schedule.step)
        tune_head = stage.schedule.progress >= args.train_head_from
        model.head.requires_grad_(tune_head)
        x = normalise(x)
        share = distributed.uniform((len(x),), x.device)
        level = share * (setup.arch.quality_levels - 1)
        lagrangian = torch.exp2(low_lambda + (high_lambda - low_lambda) * share)
        with setup.autocast():
            target = teacher.targets(x)
            coded = codec(model.head(x) if tune_head else target[0], level)
            outputs = tail_outputs(model.tail, coded.features)
        loss, parts = loss_terms(coded, target[0], outputs, target, lagrangian, x.shape[2] * x.shape[3], args)
        stage.step(loss, parts)
    if stage.schedule.done:
        stage.average.copy_to(model)
        with distributed.alone() as first:
            if first and args.start is None:
                refit_hyper(
                    setup, args.refit_steps, args.lambdas, lambda x: codec.analyse(model.head(normalise(x)))[0], codec
                )
        distributed.copy_from_first(model)
        stage.average = AveragedWeights(model, 0.999)
    stage.finish()


STAGE = Stage(
    name="codec",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(("ssl.pt",), unless=("no-ssl", "ssl"), optional=True),),
    writes=("codec.pt", "codec.jsonl", "klt.pt", DECODE_FILE),
    budget=("minutes", "steps"),
    data=(Need(Data.PHOTOGRAPHS),),
    backbone=True,
    files=("ssl",),
    models=("start",),
    processes=True,
)
