"""The uncompressed network whose features and answers the codec is trained to keep."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..losses.distortion import targets
from ..models.backbone import Head, Tail
from ..models.contrastive import load_contrastive
from ..models.networks import RedundancyElimination
from .setup import Setup


@dataclass
class Reference:
    """Frozen head and tail before any compression.

    After the stage `ssl` they are that stage's, and `classifier` is the network it started from: training without
    labels moves the features of the last layers away from the classifier a little, so the logits to keep are asked
    of the network they were learned with.
    """

    head: Head
    tail: Tail
    classifier: tuple[Head, Tail] | None = None
    elimination: RedundancyElimination | None = None
    redundancy_prior: dict[str, Tensor] | None = None

    @torch.no_grad()
    def targets(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs to reproduce for normalised RGB [N, 3, H, W]: (f1, c2, c3, c4, logits)."""
        outputs = targets(self.tail, self.head(x))
        if self.classifier is None:
            return outputs
        head, tail = self.classifier
        return (*outputs[:4], tail(head(x))[3])


def add_ssl_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which checkpoint of the stage `ssl` a stage starts from."""
    parser.add_argument(
        "--ssl", type=Path, help="checkpoint of the stage ssl to start from (default: RUN/ssl.pt, if any)"
    )
    parser.add_argument("--no-ssl", action="store_true", help="start from --backbone even if RUN/ssl.pt exists")


def find_ssl(args: argparse.Namespace) -> Path | None:
    """Resolve `--ssl` and `--no-ssl` to the checkpoint to use."""
    if args.no_ssl:
        return None
    if args.ssl is not None and not args.ssl.exists():
        raise SystemExit(f"--ssl {args.ssl} does not exist")
    path = args.ssl or args.run / "ssl.pt"
    return path if path.exists() else None


def load_reference(setup: Setup, ssl: Path | None) -> Reference:
    """Load the backbone, replaced by what the stage `ssl` made of it if a checkpoint is given."""
    head, tail = setup.backbone()
    if ssl is None:
        return Reference(head, tail)
    model, state = load_contrastive(ssl, setup.device)
    if state["arch"] != setup.arch.to_dict():
        raise SystemExit(f"{ssl} is of another architecture than this run")
    if not state["done"]:
        print(f"note: {ssl} is from an unfinished run of the stage ssl", flush=True)
    encoder = model.query.requires_grad_(False).eval()
    return Reference(encoder.head, encoder.tail, (head, tail), encoder.re, model.prior.state_dict())
