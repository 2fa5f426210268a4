"""Stage `perceptual-export`: write a model folder of the perceptual profile (safetensors shards, manifest)."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ..errors import UsageError
from ..loop.checkpoint import load_view
from ..loop.stage import Input, Stage
from ..release.fold import fold_view
from ..release.folder import Description, check_bounds, read_figures, write_model_folder
from ..release.quantise import store_all
from ..release.shards import add_decode_path_option, decode_id, earlier_paths

CHECKPOINTS = ("perceptual-polish.pt", "perceptual.pt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    parser.add_argument(
        "--run", type=Path, required=True, help="run folder of the stages perceptual, perceptual-polish"
    )
    add_decode_path_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--name", default="dicm-dpc", help="of the model")
    parser.add_argument("--version", default="1.0.0", help="of the model")
    parser.add_argument("--licence-file", type=Path, help="licence text of the weights")
    parser.add_argument("--licence", default="Apache-2.0", help="SPDX name or short title of that licence")
    parser.add_argument("--notice", default="", help="provenance: what the weights were trained on and towards")
    parser.add_argument("--figures", type=Path, help="JSON of measured figures to record in the manifest")


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
    total = sum(weights["bytes"] for weights in manifest["weights"])
    print(
        f"{args.out}: {total / 2**20:.1f} MiB, "
        f"decode id {manifest['decodeId'][:8]}, render id {manifest['renderId'][:4]}"
    )


def manifest_of(args: argparse.Namespace) -> Path:
    """The manifest, which is written last."""
    return Path(args.out) / "manifest.json"


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
