"""Stage `perceptual-export`: write a model folder of the perceptual profile (safetensors shards, manifest)."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ..errors import UsageError
from ..loop.checkpoint import load_view
from ..loop.stage import Input, Stage
from ..release.fold import fold_view
from ..release.folder import (
    Description,
    add_folder_options,
    check_bounds,
    manifest_of,
    read_figures,
    summary,
    write_model_folder,
)
from ..release.quantise import store_all
from ..release.shards import add_decode_path_option, decode_id, earlier_paths

CHECKPOINTS = ("perceptual-polish.pt", "perceptual.pt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    parser.add_argument(
        "--run", type=Path, required=True, help="run folder of the stages perceptual, perceptual-polish"
    )
    add_decode_path_option(parser)
    add_folder_options(parser, "dicm-dpc")


def run(args: argparse.Namespace) -> None:
    """Write the model folder; an existing model at the same place is replaced."""
    figures = read_figures(args.figures)
    path = next((args.run / name for name in CHECKPOINTS if (args.run / name).exists()), None)
    if path is None:
        raise UsageError(f"no checkpoint in {args.run}: run the stage perceptual first")
    view, _ = load_view(path, torch.device("cpu"))
    tensors = store_all(fold_view(view.eval()))
    check_bounds(tensors)
    about = Description(
        name=args.name,
        version=args.version,
        profile="perceptual",
        description="perceptual profile: pictures for human eyes",
        licence=args.licence,
        provenance=args.notice,
        classes=None,
        detection=None,
        figures=figures,
        licence_file=args.licence_file,
    )
    manifest = write_model_folder(args.out, tensors, about, earlier_paths(args.decode_path_of, decode_id(tensors)))
    print(summary(args.out, manifest))


STAGE = Stage(
    name="perceptual-export",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(CHECKPOINTS),),
    product=manifest_of,
    files=("licence-file", "figures"),
    models=("decode-path-of",),
)
