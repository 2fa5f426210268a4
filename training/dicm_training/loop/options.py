"""Options that several stages share, each declared once; help shows every default."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from ..models import backbone

LATENT_STRIDE = 16
"""Pixels that one position of the latents covers, in each direction."""


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Adds the default to the help of every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        default = action.default
        if not action.option_strings or default is None or default is argparse.SUPPRESS or isinstance(default, bool):
            return text
        if default == "" or default == [] or "(default" in text:
            return text
        shown = " ".join(map(str, default)) if isinstance(default, (list, tuple)) else str(default)
        return f"{text} (default: {shown})"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose help shows defaults."""

    def __init__(self, **options) -> None:  # type: ignore[no-untyped-def]
        """Take what ArgumentParser takes."""
        super().__init__(**{"formatter_class": _HelpFormatter, **options})

    def error(self, message: str) -> NoReturn:
        """End the program with exit code 2."""
        self.exit(2, f"{self.prog}: {message} (--help lists the options)\n")


def coded_side(text: str) -> int:
    """Read a side in pixels that latents cover without a rest."""
    side = int(text)
    if side < LATENT_STRIDE or side % LATENT_STRIDE:
        raise argparse.ArgumentTypeError(f"{text} is not a multiple of {LATENT_STRIDE}")
    return side


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the run folder."""
    parser.add_argument("--run", type=Path, required=True, help="run folder: checkpoints and logs")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where pictures come from."""
    parser.add_argument("--data", type=Path, help="data folder (training/README.md, data, describes it)")
    parser.add_argument("--synthetic", action="store_true", help="drawn pictures instead of --data, for smoke tests")


def add_backbone_argument(parser: argparse.ArgumentParser) -> None:
    """Declare where the backbone's weights come from."""
    parser.add_argument("--backbone", type=Path, help=backbone.WEIGHTS_FILE)


def add_machine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare seed and threads."""
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn at random")
    add_threads_argument(parser)


def add_threads_argument(parser: argparse.ArgumentParser) -> None:
    """Declare how many threads compute."""
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for PyTorch's choice")


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where pictures and networks come from."""
    add_run_argument(parser)
    add_data_arguments(parser)
    parser.add_argument("--stream", action="store_true", help="read pictures from disk at each use, not into memory")
    add_backbone_argument(parser)
    parser.add_argument("--tiny", action="store_true", help="tiny random networks, for smoke tests and fixtures")
    add_machine_arguments(parser)
    parser.add_argument("--float32", action="store_true", help="compute in float32 throughout, not in bfloat16")


def add_loop_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare when a stage stops, logs and saves."""
    parser.add_argument("--stop-after", type=int, help="stop, resumable, after this many steps of this start")
    parser.add_argument("--log-every", type=int, default=50, help="steps between log lines")
    parser.add_argument("--save-every", type=float, default=180, help="seconds between checkpoints")


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the stages that train on crops share."""
    add_input_arguments(parser)
    parser.add_argument("--pixels", type=int, default=16 * 128 * 128, help="pixels per batch, over all processes")
    parser.add_argument("--sides", type=coded_side, nargs="+", default=[128, 192, 224], help="crop sides, in pixels")
    add_workers_argument(parser)
    add_loop_arguments(parser)


def add_workers_argument(parser: argparse.ArgumentParser) -> None:
    """Declare how many batches are cropped at once."""
    parser.add_argument("--workers", type=int, default=1, help="batches cropped at once")


def add_budget_arguments(parser: argparse.ArgumentParser, of: str = "") -> None:
    """Declare the budget of a stage, or `of` a part of it; exactly one of the options is to be given."""
    parser.add_argument("--minutes", type=float, help=f"time budget{of}")
    parser.add_argument("--steps", type=int, help=f"step budget{of}, instead of --minutes")


def add_view_arguments(parser: argparse.ArgumentParser, batch: int) -> None:
    """Declare the views of annotated photographs."""
    parser.add_argument("--batch", type=int, default=batch, help="views a batch")
    parser.add_argument("--canvas", type=coded_side, nargs=2, default=[256, 320], help="height and width of a view")
    parser.add_argument("--sides", type=int, nargs=2, default=[192, 448], help="range of a photograph's longest side")
    add_workers_argument(parser)


def add_detector_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the detector of pixels that heads learn from beside annotations, and how many pictures of a class."""
    parser.add_argument(
        "--detector",
        type=Path,
        help="YOLOX network for COCO's 80 categories (.onnx) as teacher: the heads learn these categories, and from "
        "photographs without boxes too (needs onnx)",
    )
    parser.add_argument(
        "--per-class", type=int, help="photographs of a class of a train.csv to use at most (default: all)"
    )


def add_earlier_argument(parser: argparse.ArgumentParser) -> None:
    """Declare which release's files a stage that changes what reads them must keep readable."""
    parser.add_argument(
        "--earlier",
        type=Path,
        help="released model folder with the same decode id: a fifth of what is decoded was written by its encoder, so "
        "that its files stay as useful as new ones",
    )
