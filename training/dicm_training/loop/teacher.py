"""The teacher: the uncompressed network whose features and answers the codec is trained to keep."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UsageError
from ..losses.distortion import tail_outputs
from ..models.backbone import Head, Tail
from ..models.contrastive import ContrastiveModel
from ..models.networks import RedundancyElimination
from .checkpoint import load_contrastive
from .setup import Setup


@dataclass
class Teacher:
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
        outputs = tail_outputs(self.tail, self.head(x))
        if self.classifier is None:
            return outputs
        head, tail = self.classifier
        return (*outputs[:4], tail(head(x))[3])


def find_ssl(args: argparse.Namespace) -> Path | None:
    """Resolve `--ssl` and `--no-ssl` to the checkpoint to use."""
    if args.no_ssl:
        return None
    path: Path = args.ssl or args.run / "ssl.pt"
    return path if path.exists() else None


def ssl_of(state: dict[str, Any], run: Path) -> Path | None:
    """Return the checkpoint of the stage `ssl` that the codec in `state` was trained against, if any."""
    recorded = state["options"].get("ssl", "None")
    if recorded == "None":
        return None
    for path in (Path(recorded), run / Path(recorded).name):
        if path.exists():
            return path
    raise UsageError(f"{recorded} is missing, the teacher that the codec was trained against: put it back into {run}")


def load_ssl(setup: Setup, ssl: Path) -> ContrastiveModel:
    """Load what the stage `ssl` trained. Raises UsageError where it is of another architecture than this run."""
    model, state = load_contrastive(ssl, setup.device)
    if state["arch"] != setup.arch.to_dict():
        raise UsageError(
            f"{ssl} is of another architecture than this run: train ssl anew, or do without (--no-ssl, --no-re)"
        )
    if not state["done"]:
        print(f"note: {ssl} is from an unfinished run of the stage ssl", flush=True)
    return model


def load_teacher(setup: Setup, ssl: Path | None) -> Teacher:
    """Load the backbone, replaced by what the stage `ssl` made of it if a checkpoint is given."""
    head, tail = setup.backbone()
    if ssl is None:
        return Teacher(head, tail)
    model = load_ssl(setup, ssl)
    encoder = model.query.requires_grad_(False).eval()
    return Teacher(encoder.head, encoder.tail, (head, tail), encoder.re, model.prior.state_dict())
