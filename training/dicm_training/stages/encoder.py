"""Stage `encoder`: RE, g_a and h_a of a released model trained on against its own decoder.

The head, which the uncompressed network shares, tail and heads stay as released. Rate and distortion are what a search
over symbols (`--effort`) goes by: bits, and how far layers 2 to 4 and the logits of a decoded file are from those of
the uncompressed picture, with the search's rounding.

--trains says how far into the decoder training reaches. `encoder`: g_s, h_s and the densities stay too, so that both
ids do. `synthesis`: g_s learns with the encoder; files keep their decode id, and open in the release. `entropy`: h_s
and the densities learn too, and files have another decode id, for which `export --base` keeps the release's decode
path; with --hyper-latents they begin anew, carrying what areas have in common from the first step on. Wherever g_s
learns, a share of what it reads are the release's own files and those of --earlier, so that it goes on reading them.

RE begins as released, or with the weights that `ssl` gave where the run folder has its checkpoint.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from .. import distributed
from ..data.crops import CropSource
from ..data.drawn import DRAWN_SHARE
from ..data.layout import Data
from ..errors import UsageError
from ..loop.hyper_fits import refit_hyper
from ..loop.options import add_budget_arguments, add_common_arguments
from ..loop.schedule import step_size
from ..loop.setup import Setup, prepare, seed_step
from ..loop.stage import Input, Need, Stage
from ..loop.stage_run import AveragedWeights, StageRun
from ..loop.teacher import load_ssl
from ..losses.distortion import SEARCHED, distortion, relative_error, tail_outputs
from ..losses.rate import lagrangians, rate_and_distortion
from ..losses.rounding import bits_of_rounded, round_annealed
from ..models.backbone import normalise
from ..models.codec import Codec, Model
from ..models.entropy import INDEX_PER_OCTAVE, add_noise
from ..models.place import place
from ..release.earlier import EARLIER_SHARE
from ..release.folder import stored_tensors, widen
from ..release.released import LARGEST_POSITION, ReleasedModel
from ..release.unfold import fit_density, unfold
from ..starts.hyper_latents import area_span, carry

TRAINS = ("encoder", "synthesis", "entropy")
"""What learns; each of them with those before it."""
SPAN_BATCHES = 60
"""Batches of which the hyper-latents' start learns what areas have in common."""
REFIT_DRAWN_SHARE = 0.4
REPORT_STEP = -3_000_000
REPORT_BATCHES = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_common_arguments(parser)
    parser.add_argument("--base", type=Path, help="released model folder to go on from")
    parser.add_argument(
        "--trains",
        choices=TRAINS,
        default="encoder",
        help="what learns: the encoder alone; g_s too; or h_s and the densities too, which is another decode id",
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="released model folders, of any decode id, whose files g_s is to go on reading beside those of --base",
    )
    add_budget_arguments(parser, " of the joint part")
    parser.add_argument(
        "--per-class", type=int, help="photographs of a class of a train.csv to use at most (default: all)"
    )
    parser.add_argument("--rate", type=float, default=2e-4, help="largest peak learning rate of the networks")
    parser.add_argument(
        "--lambdas",
        type=float,
        nargs=2,
        default=(0.05, 6.0),
        help="bits a pixel that one unit of distortion is worth at the end levels",
    )
    parser.add_argument("--no-re", action="store_true", help="leave redundancy elimination out (for ablation)")
    parser.add_argument("--re-mix", type=float, help="share of decoder_RE's output in f2 at the start, 0 to 1")
    parser.add_argument("--re-mix-rate", type=float, default=2e-3, help="peak learning rate of that share")
    parser.add_argument("--re-rate", type=float, default=0.1, help="weight of the rate of RE's latent (bpp)")
    parser.add_argument("--re-distortion", type=float, default=0.4, help="weight of RE's relative feature error")
    parser.add_argument(
        "--hyper-latents",
        type=int,
        metavar="DIMENSIONS",
        help="begin the hyper-latents anew, these many of their channels carrying what areas have in common "
        "(--trains entropy is needed)",
    )
    parser.add_argument("--hyper-weight", type=float, default=1.2, help="weight of the hyper-latents' rate")
    parser.add_argument("--prior-steps", type=int, default=2400, help="steps that fit new hyper-latents at the start")
    parser.add_argument(
        "--refit-steps", type=int, default=4000, help="steps that fit h_a, h_s and the densities again at the end"
    )
    parser.add_argument(
        "--refit-drawn",
        type=float,
        default=REFIT_DRAWN_SHARE,
        help="share of drawn pictures in that fit, half of them of one colour: areas cost little where h_s predicts "
        "them to half a step, and it takes many flat ones to get there",
    )


def latents_of(model: Model, rgb: Tensor) -> Tensor:
    """Map RGB in [0, 1] to y."""
    return model.codec.analyse(model.head(normalise(rgb)))[0]


def load_base(args: argparse.Namespace, model: Model) -> None:
    """Give the model the networks of the release, all frozen but those that the stage trains."""
    stored = stored_tensors(args.base)
    tensors, codec = widen(stored), model.codec
    for part, module in (("head.", model.head), ("tail.", model.tail)):
        values = {k.removeprefix(part): v for k, v in tensors.items() if k.startswith(part)}
        module.load_state_dict({k: v.view_as(module.state_dict()[k]) for k, v in values.items()})
    unfold(tensors, codec)
    density, excess = fit_density(stored)
    codec.prior.load_state_dict(density.state_dict())
    print(f"encoder of {args.base}; density of z: {excess:.4f} bits/symbol over the released tables", flush=True)


def take_elimination(setup: Setup, args: argparse.Namespace, model: Model) -> None:
    """Take RE and its density from `ssl` where the run has it."""
    path = setup.run_folder / "ssl.pt"
    if args.no_re or not path.exists():
        return
    trained = load_ssl(setup, path)
    share = model.codec.re.mix.detach().clone()
    model.codec.re.load_state_dict(trained.query.re.state_dict())
    model.codec.redundancy_prior.load_state_dict(trained.prior.state_dict())
    with torch.no_grad():
        model.codec.re.mix.copy_(share)
    print(f"RE of {path}", flush=True)


def trained_parts(codec: Codec, args: argparse.Namespace) -> list[torch.nn.Module]:
    """List what the stage trains."""
    parts: list[torch.nn.Module] = [codec.ga, codec.ha]
    if not args.no_re:
        parts += [codec.re, codec.redundancy_prior]
    if args.trains != "encoder":
        parts.append(codec.gs)
    return parts + ([codec.hs, codec.prior] if args.trains == "entropy" else [])


class EarlierFiles:
    """What files of releases hold, in the place of a share of a batch: g_s is to go on reading them."""

    def __init__(self, args: argparse.Namespace, device: torch.device) -> None:
        """Load the encoders and decode paths of --base and --earlier, where g_s changes."""
        folders = [args.base, *args.earlier] if args.trains != "encoder" else []
        self.models: list[ReleasedModel] = []
        for folder in folders:
            tensors = widen(stored_tensors(folder)).items()
            encoder = {k: v.to(device) for k, v in tensors if not k.startswith(("gs.", "tail.", "heads."))}
            self.models.append(ReleasedModel(encoder))

    @torch.no_grad()
    def latents(self, f1: Tensor, share: Tensor) -> Tensor | None:
        """Return y^ of the first pictures of a batch, as many as are to be replaced; None for none."""
        count = int(EARLIER_SHARE * len(f1) + float(torch.rand(())))
        if not self.models or count == 0:
            return None
        model = self.models[int(torch.randint(len(self.models), ()))]
        position = share[:count] * LARGEST_POSITION
        return model.dequantise(*model.quantised_features(f1[:count], position), position)


def freeze_decoder(model: Model, args: argparse.Namespace) -> None:
    """Let gradients reach what the stage trains, and nothing else."""
    model.requires_grad_(False)
    for part in trained_parts(model.codec, args):
        part.requires_grad_(True)


def parameter_groups(model: Model, args: argparse.Namespace) -> list[dict]:
    """AdamW groups: folded weights differ in size, so a tensor's rate follows its own."""
    groups = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if name == "codec.re.mix":
            peak = args.re_mix_rate  # a share, whatever its size
        elif "prior." in name:
            peak = 1e-2  # densities follow what they describe at once, or they hold its rate up
        else:
            peak = step_size(parameter, args.rate)
        groups.append({"params": [parameter], "peak": peak, "weight_decay": 0.0})
    return groups


@dataclass(frozen=True)
class Coded:
    """What a file holds, and what it costs per picture [N]."""

    latents: Tensor
    """y^."""
    bits: Tensor
    hyper_bits: Tensor
    redundancy: Tensor
    """RE's latent before rounding."""
    approximation: Tensor
    """decoder_RE's approximation of f1."""


def code(model: Model, f1: Tensor, level: Tensor) -> Coded:
    """Code f1 at `level` [N]."""
    codec = model.codec
    y, redundancy, approximation = codec.analyse(f1)
    mean, scale, hyper_bits = codec.hyper(y, noisy=True)
    log2_gain, log2_inverse = codec.gains(level)
    values = (y - mean) * torch.exp2(log2_gain)
    symbols = round_annealed(values)
    bits = bits_of_rounded(values, symbols, scale + log2_gain * INDEX_PER_OCTAVE)
    latents = codec.dequantise(symbols, mean, log2_gain, log2_inverse)
    return Coded(latents, bits, hyper_bits, redundancy, approximation)


@torch.no_grad()
def report(setup: Setup, model: Model, args: argparse.Namespace, when: str) -> None:
    """Print bytes and distortion of every level, of batches that no step sees."""
    levels = setup.arch.quality_levels
    totals = torch.zeros(levels, 4)
    for step in range(REPORT_BATCHES):
        rgb = setup.batch(REPORT_STEP - step)
        with setup.autocast():
            f1 = model.head(normalise(rgb))
            target = (f1, *model.tail(f1))
            for i in range(levels):
                level = torch.full((len(f1),), float(i), device=f1.device)
                coded = code(model, f1, level)
                error, parts = distortion(tail_outputs(model.tail, model.codec.gs(coded.latents)), target, SEARCHED)
                bpp = (coded.bits + coded.hyper_bits) / (rgb.shape[2] * rgb.shape[3])
                cost = bpp + lagrangians(args.lambdas, level / (levels - 1)) * error
                means = torch.stack([bpp.mean(), error.mean(), parts["kl"], cost.mean()])
                totals[i] += means.cpu() / REPORT_BATCHES
    for i, (rate, distance, divergence, whole) in enumerate(totals.tolist()):
        print(
            f"{when}, level {i}: {rate:.4f} bpp, distortion {distance:.4f}, divergence {divergence:.3f}, "
            f"cost {whole:.4f}",
            flush=True,
        )


def first_weights(setup: Setup, model: Model, args: argparse.Namespace) -> None:
    """Start from the release; with --hyper-latents, from new ones that are fitted to its latents."""
    codec = model.codec
    load_base(args, model)
    take_elimination(setup, args, model)
    report(setup, model, args, "released")
    if args.re_mix is not None:
        with torch.no_grad():
            codec.re.mix.fill_(args.re_mix)
    if args.hyper_latents:
        with torch.no_grad(), setup.autocast():
            latents = [latents_of(model, setup.batch(-101 - i)).float() for i in range(SPAN_BATCHES)]
        carry(codec, area_span(latents, args.hyper_latents))
        refit_hyper(setup, args.prior_steps, args.lambdas, lambda x: latents_of(model, x), codec)
    report(setup, model, args, "start")


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    if args.base is None:
        raise UsageError("--base FOLDER is needed: the released model whose encoder is trained")
    if args.hyper_latents and args.trains != "entropy":
        raise UsageError("--hyper-latents begins h_s and the densities anew: --trains entropy is needed with it")
    args.drawn = DRAWN_SHARE
    setup = prepare(args)
    model = place(Model(setup.arch), setup.device)
    codec = model.codec
    codec.use_redundancy_elimination = not args.no_re
    if not (setup.run_folder / "encoder.pt").exists():
        first_weights(setup, model, args)
    freeze_decoder(model, args)
    earlier = EarlierFiles(args, setup.device)
    stage = StageRun("encoder", setup.run_folder, model, parameter_groups(model, args), args)
    if stage.resume() and stage.finished:
        return
    stage.begin()
    for rgb in setup.batches(stage.schedule.step):
        if stage.over:
            break
        seed_step(setup.seed, stage.schedule.step)
        share = distributed.uniform((len(rgb),), rgb.device)
        weight = lagrangians(args.lambdas, share)
        with setup.autocast():
            with torch.no_grad():
                f1 = model.head(normalise(rgb))
                target = (f1, *model.tail(f1))
            coded = code(model, f1, share * (setup.arch.quality_levels - 1))
            latents, counted = coded.latents, torch.ones_like(share)
            if (older := earlier.latents(f1, share)) is not None:
                latents = torch.cat((older.to(latents), latents[len(older) :]))
                counted[: len(older)] = 0  # rates without their distortion
            error, parts = distortion(tail_outputs(model.tail, codec.gs(latents)), target, SEARCHED)
        pixels = rgb.shape[2] * rgb.shape[3]
        all_bits = counted * (coded.bits + args.hyper_weight * coded.hyper_bits)
        loss = rate_and_distortion(all_bits, pixels, error, weight)
        if not args.no_re:
            re_bpp = codec.redundancy_prior.bits(add_noise(coded.redundancy.float())).sum((1, 2, 3)).mean() / pixels
            re_error = relative_error(coded.approximation, f1).mean()
            loss = loss + args.re_rate * re_bpp + args.re_distortion * re_error
            parts |= {"re_bpp": re_bpp.detach(), "re_error": re_error.detach(), "re_mix": codec.re.mix.detach().mean()}
        rates = {"bpp": coded.bits.detach().mean() / pixels, "hyper_bpp": coded.hyper_bits.detach().mean() / pixels}
        stage.step(loss, {**rates, "D": error.detach().mean(), **parts})
    if stage.schedule.done:
        stage.average.copy_to(model)
        report(setup, model, args, "trained")
        if args.trains == "entropy" and args.refit_steps:
            source = CropSource(setup.pictures, setup.shapes, setup.seed, drawn=args.refit_drawn)
            plainer = replace(setup, source=source)
            refit_hyper(plainer, args.refit_steps, args.lambdas, lambda x: latents_of(model, x), codec)
            report(setup, model, args, "fitted again")
            freeze_decoder(model, args)
        stage.average = AveragedWeights(model, 0.999)
    stage.finish()


STAGE = Stage(
    name="encoder",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(("ssl.pt",), unless=("no-re",), optional=True),),
    writes=("encoder.pt", "encoder.jsonl"),
    budget=("minutes", "steps"),
    data=(Need(Data.PHOTOGRAPHS),),
    models=("base", "earlier"),
)
