"""Stage `ssl`: head, RE and tail learn compact features without labels: InfoNCE + rate + feature distortion.

Two parts in one run: RE alone with the backbone frozen (rate + 128 x distortion), then everything jointly
(DICM section III-D). The positives are plain random resized crops at first, then crops around what the tail's last
convolution responds to. Resumes from its run folder after a kill at any moment.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import distributed
from ..data.augment import augment
from ..data.layout import Data
from ..data.positives import PositivePairs
from ..data.semantic_crops import AREA
from ..errors import UsageError
from ..loop.options import add_budget_arguments, add_common_arguments, coded_side
from ..loop.semantic_boxes import refresh_boxes
from ..loop.setup import Setup, prepare, seed_step
from ..loop.stage import Need, Stage
from ..loop.stage_run import StageRun
from ..models.backbone import Head, Tail, normalise
from ..models.contrastive import ContrastiveModel
from ..models.place import place
from ..starts.gains import starting_gains
from ..starts.redundancy import match_spread, start_redundancy_elimination


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    add_common_arguments(parser)
    add_budget_arguments(parser)
    parser.add_argument("--epochs", type=float, help="budget in passes over the pictures, instead of --minutes")
    parser.add_argument("--re-share", type=float, default=0.2, help="share of the budget in which RE trains alone")
    parser.add_argument("--re-batches", type=int, default=20, help="batches for the statistics that RE starts from")
    parser.add_argument(
        "--weights",
        type=float,
        nargs=3,
        default=(1.0, 0.1, 0.1),
        metavar=("INFONCE", "RATE", "DISTORTION"),
        help="of the joint loss: contrastive loss, bits per pixel of RE's latent, mean |f1 - f2|",
    )
    parser.add_argument("--re-distortion", type=float, default=128.0, help="weight of |f1 - f2| while RE trains alone")
    parser.add_argument(
        "--answers",
        type=float,
        default=1.0,
        help="weight of the divergence from the starting network's logits, which keeps the classifier valid (0: the "
        "published loss, after which a classifier has to be trained anew)",
    )
    parser.add_argument("--target-rate", type=float, default=0.5, help="bits per pixel of RE's latent to stay near")
    parser.add_argument(
        "--rate-switch",
        type=float,
        nargs=2,
        default=(8.0, 0.25),
        metavar=("ABOVE", "BELOW"),
        help="the controller's factors on the rate's weight above and below the target",
    )
    parser.add_argument("--temperature", type=float, default=0.2, help="of the contrastive loss")
    parser.add_argument("--momentum", type=float, default=0.999, help="of the momentum encoder")
    parser.add_argument("--queue", type=int, default=65536, help="keys in the queue")
    parser.add_argument("--dimension", type=int, default=128, help="of the projections")
    parser.add_argument("--area", type=float, nargs=2, default=AREA, help="share of a picture that a crop covers")
    parser.add_argument("--no-guidance", action="store_true", help="plain random resized crops throughout")
    parser.add_argument("--warmup", type=float, default=5, help="epochs with plain crops before the first heatmaps")
    parser.add_argument("--refresh", type=float, default=5, help="epochs between refreshes of the boxes")
    parser.add_argument("--heat-side", type=coded_side, default=224, help="side of the pictures that give heatmaps")
    parser.add_argument("--no-shuffle", action="store_true", help="do not shuffle the keys over the processes")
    parser.add_argument("--rate", type=float, default=3e-4, help="peak learning rate of RE and projector")
    parser.add_argument("--backbone-rate", type=float, default=2e-5, help="the same for head and tail")


def rate_weight(recent_bpp: float, target: float, switch: tuple[float, float]) -> float:
    """Return the controller's factor: the large one above the target rate, the small one below (Mentzer 2020)."""
    return switch[0] if recent_bpp > target else switch[1]


def parameter_groups(model: ContrastiveModel, args: argparse.Namespace) -> list[dict]:
    """Sort parameters by learning rate."""
    query = model.query
    return [
        {"params": [*query.re.parameters(), *query.projector.parameters()], "peak": args.rate},
        {"params": [*query.head.parameters(), *query.tail.parameters()], "peak": args.backbone_rate},
        {"params": list(model.prior.parameters()), "peak": 1e-2},  # densities follow what they describe at once
    ]


def make_model(setup: Setup, args: argparse.Namespace, head: Head, tail: Tail) -> ContrastiveModel:
    """Build the model from the backbone; the queue and RE start from seeded random values."""
    torch.manual_seed(args.seed)
    model = ContrastiveModel(setup.arch, args.dimension, args.queue, len(setup.pictures))
    model.query.head.load_state_dict(head.state_dict())
    model.query.tail.load_state_dict(tail.state_dict())
    place(model, setup.device)
    model.follow(0.0)
    return model


@torch.no_grad()
def start_elimination(setup: Setup, model: ContrastiveModel, args: argparse.Namespace) -> None:
    """Give RE a linear transform that costs about the target rate, and its norms their statistics."""

    def features() -> Iterator[Tensor]:
        for i in range(args.re_batches):
            with setup.autocast():
                f1 = model.query.head(normalise(setup.batch(-6_000_000 - i)))
            yield f1.float()

    def log2_gain(variances: Tensor) -> float:
        return starting_gains(variances, 2, (args.target_rate, args.target_rate))[0]

    start_redundancy_elimination(model.query.re, features, log2_gain)
    f1 = next(features())
    latent, f2 = model.query.eliminate(f1)
    match_spread(model.prior, latent)
    error, size = float((f1 - f2).abs().mean()), float(f1.abs().mean())
    print(f"RE: mean |f1 - f2| {error:.3f} of |f1| {size:.3f}, |latent| {float(latent.abs().mean()):.2f}", flush=True)


def rate_and_distortion(
    model: ContrastiveModel, latent: Tensor, f1: Tensor, f2: Tensor, pixels: int
) -> tuple[Tensor, Tensor]:
    """Bits per pixel of RE's latent and mean |f1 - f2|, over the batch."""
    return model.rate_bits(latent).mean() / pixels, (f1.float() - f2.float()).abs().mean()


def alone_loss(model: ContrastiveModel, setup: Setup, x: Tensor, args: argparse.Namespace) -> tuple[Tensor, dict]:
    """Loss while RE trains alone on normalised RGB, and its parts."""
    with setup.autocast():
        with torch.no_grad():
            f1 = model.query.head(x)
        latent, f2 = model.query.eliminate(f1)
    bpp, error = rate_and_distortion(model, latent, f1, f2, x.shape[2] * x.shape[3])
    recent = float(model.observe_rate(bpp))
    factor = rate_weight(recent, args.target_rate, args.rate_switch)
    return factor * bpp + args.re_distortion * error, {"bpp": bpp, "error": error}


def joint_loss(
    model: ContrastiveModel,
    setup: Setup,
    views: tuple[Tensor, Tensor],
    pairs: PositivePairs,
    step: int,
    answers: Tensor | None,
    args: argparse.Namespace,
) -> tuple[Tensor, dict]:
    """Joint loss of normalised query and (shuffled) key views, and its parts; the keys enter the queue."""
    x, other = views
    with setup.autocast():
        with torch.no_grad():
            encoded_keys = distributed.gather(model.key(other).projection)
        encoded = model.query(x)
    keys = pairs.unshuffle(encoded_keys, step)
    rank, _ = distributed.share()
    contrast, found = model.contrastive_loss(
        encoded.projection, keys[rank * len(x) : (rank + 1) * len(x)], args.temperature
    )
    bpp, error = rate_and_distortion(model, encoded.latent, encoded.f1, encoded.f2, x.shape[2] * x.shape[3])
    recent = float(model.observe_rate(bpp))
    weights = args.weights
    factor = rate_weight(recent, args.target_rate, args.rate_switch)
    loss = weights[0] * contrast + weights[1] * factor * bpp + weights[2] * error
    parts = {"contrast": contrast, "found": found, "bpp": bpp, "error": error}
    if answers is not None:
        log_p = F.log_softmax(encoded.logits.float(), 1)
        divergence = F.kl_div(log_p, F.log_softmax(answers.float(), 1), log_target=True, reduction="batchmean")
        loss = loss + args.answers * divergence
        parts["kl"] = divergence
    model.enqueue(keys)
    return loss, parts


def set_phase(model: ContrastiveModel, joint: bool) -> None:
    """Choose what trains: RE and its entropy model, or everything but the momentum encoder.

    The momentum encoder starts as a copy of the encoder at the moment the joint part begins.
    """
    if joint and not bool(model.joint):
        model.joint.fill_(True)
        model.follow(0.0)
    for part in (model.query.head, model.query.tail, model.query.projector):
        part.requires_grad_(joint)


def next_refresh(step: int, epoch_steps: int, args: argparse.Namespace) -> int:
    """First step at or after `step` before which the boxes are drawn anew."""
    first = round(args.warmup * epoch_steps)
    period = max(1, round(args.refresh * epoch_steps))
    return first if step <= first else first + -(-(step - first) // period) * period


def check(args: argparse.Namespace, pairs: PositivePairs) -> None:
    """Refuse options that cannot work together."""
    if args.queue < pairs.stride:
        raise UsageError(f"--queue {args.queue} is smaller than a batch of {pairs.stride} pictures")
    if not 0 <= args.re_share < 1:
        raise UsageError(f"--re-share {args.re_share}: at least 0 and below 1 is needed")


def run(args: argparse.Namespace) -> None:
    """Run or resume the stage."""
    setup = prepare(args)
    pairs = PositivePairs(setup.pictures, setup.shapes, args.seed, tuple(args.area), not args.no_shuffle, args.workers)
    check(args, pairs)
    if args.epochs is not None:
        args.steps = max(1, round(args.epochs * pairs.epoch_steps))
    head, tail = setup.backbone()
    model = make_model(setup, args, head, tail)
    stage = StageRun("ssl", setup.run_folder, model, parameter_groups(model, args), args)
    if stage.resume():
        if stage.finished:
            return
    else:
        with distributed.alone() as first:
            if first:
                start_elimination(setup, model, args)
        distributed.copy_from_first(model)
    set_phase(model, bool(model.joint))
    stage.begin()
    while not stage.over:
        step = stage.schedule.step
        last = 1 << 39
        if not args.no_guidance:
            last = next_refresh(step, pairs.epoch_steps, args)
            if last == step:
                model.boxes.copy_(refresh_boxes(model.query, setup, args.heat_side, workers=args.workers))
                model.guided.fill_(True)
                last = next_refresh(step + 1, pairs.epoch_steps, args)
                size = (model.boxes[:, 2:] - model.boxes[:, :2]).prod(1).mean()
                print(f"step {step}: boxes drawn anew, {100 * float(size):.0f} % of the pictures' area", flush=True)
        pairs.boxes = model.boxes.cpu().numpy() if bool(model.guided) else None
        train(stage, model, setup, pairs, (head, tail), last, args)
    stage.finish()


def train(
    stage: StageRun,
    model: ContrastiveModel,
    setup: Setup,
    pairs: PositivePairs,
    teacher: tuple[Head, Tail],
    last: int,
    args: argparse.Namespace,
) -> None:
    """Train until step `last` or the end of the budget."""
    for crops in pairs.pairs(stage.schedule.step, last):
        if stage.over:
            return
        step = stage.schedule.step
        set_phase(model, bool(model.joint) or stage.schedule.progress >= args.re_share)
        seed_step(setup.seed + 3, step)
        x = normalise(augment(setup.place(crops[0])))
        if not bool(model.joint):
            stage.step(*alone_loss(model, setup, x, args))
            continue
        model.follow(args.momentum)
        order = pairs.order(step, len(x) * distributed.share()[1])
        key_view = augment(setup.place(crops[1]), order)
        answers = None
        if args.answers > 0:
            with torch.no_grad(), setup.autocast():
                answers = teacher[1](teacher[0](x))[3]
        loss, parts = joint_loss(model, setup, (x, normalise(key_view)), pairs, step, answers, args)
        stage.step(loss, parts)


STAGE = Stage(
    name="ssl",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    writes=("ssl.pt", "ssl.jsonl"),
    budget=("minutes", "steps", "epochs"),
    data=(Need(Data.PHOTOGRAPHS),),
    backbone=True,
    processes=True,
)
