"""Stage `export`: fold, quantise and write a model folder (safetensors shards, manifest, classes, vectors)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..data.annotated import SYNTHETIC_CATEGORIES
from ..errors import UsageError
from ..loop.checkpoint import CATEGORIES_FILE, DECODE_FILE, base_tensors, load_encoder, load_heads, load_trained
from ..loop.stage import Input, Stage
from ..models import backbone
from ..models.heads import Heads
from ..release.fold import fold
from ..release.folder import (
    Description,
    add_folder_options,
    check_bounds,
    manifest_of,
    read_classes,
    read_figures,
    stored_tensors,
    summary,
    write_model_folder,
)
from ..release.heads import fold_heads
from ..release.quantise import store_all
from ..release.shards import add_decode_path_option, decode_id, earlier_paths
from ..release.tiny import tiny_heads, tiny_model
from ..release.vectors import write_vectors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    parser.add_argument("--run", type=Path, help="run folder of the training stages")
    parser.add_argument("--base", type=Path, help="released model folder to take what the run did not train from")
    add_decode_path_option(parser)
    parser.add_argument("--tiny", action="store_true", help="export a tiny randomly initialised model instead")
    add_folder_options(parser, "dicm-r50")
    parser.add_argument("--classes", type=Path, help="CSV index,wnid,name")
    parser.add_argument("--vectors", type=Path, help="also write conformance vectors to this .safetensors file")


def describe_heads(heads: Heads, categories: list[dict[str, object]]) -> dict[str, object]:
    """Return the manifest's field `detection`."""
    return {"categories": categories, "maskChannels": heads.arch.mask_channels}


def keep_decode_path(tensors: dict[str, Tensor], run: Path) -> None:
    """Take the entropy tables of the release that the run's codec went on from, so that the decode id stays."""
    path = run / DECODE_FILE
    if not path.exists():
        return
    kept = load_file(path)
    changed = [name for name in kept if not name.startswith("entropy.") and not torch.equal(kept[name], tensors[name])]
    if changed:
        raise UsageError(f"{', '.join(changed)} differ from {path}: the run's checkpoints are not of one chain")
    tensors.update(kept)


def heads_of(run: Path) -> tuple[Heads, list[dict[str, object]]] | None:
    """Load the heads that the run trained, with their categories; None when it has none."""
    path = next((run / name for name in ("joint.pt", "heads.pt") if (run / name).exists()), None)
    if path is None:
        return None
    heads, _ = load_heads(path, torch.device("cpu"))
    if not heads.arch.dynamic:
        raise UsageError(f"{path} has prototype masks, which no runtime reads: train without --prototypes")
    return heads, json.loads((run / CATEGORIES_FILE).read_text())


def heads_of_base(base: Path) -> tuple[dict[str, Tensor], dict[str, object] | None]:
    """Return the heads of a released folder as stored, and what its manifest says of them; nothing if it has none."""
    tensors = {k: v for k, v in stored_tensors(base).items() if k.startswith("heads.")}
    return tensors, json.loads((base / "manifest.json").read_text()).get("detection")


def run(args: argparse.Namespace) -> None:
    """Write the model folder; an existing model at the same place is replaced."""
    figures = read_figures(args.figures)
    if args.tiny:
        model = tiny_model()
        tensors = store_all(fold(model.eval()))
        heads: tuple[Heads, list[dict[str, object]]] | None = (tiny_heads(model), SYNTHETIC_CATEGORIES)
    else:
        tensors, heads = base_tensors(args.run, args.base), heads_of(args.run)
        if (args.run / "joint.pt").exists():
            tensors.update(store_all(load_trained(args.run / "joint.pt")))
        if (args.run / "encoder.pt").exists():
            tensors.update(store_all(load_encoder(args.run / "encoder.pt")))
        if args.base is None:
            keep_decode_path(tensors, args.run)
    check_bounds(tensors)
    detection = describe_heads(*heads) if heads is not None else None
    if heads is not None:
        tensors.update(store_all(fold_heads(heads[0])))
    elif args.base is not None:
        kept, detection = heads_of_base(args.base)
        tensors.update(kept)
    about = Description(
        name=args.name,
        version=args.version,
        profile="semantic",
        description="tiny random weights for tests" if args.tiny else f"{backbone.NAME} semantic profile",
        licence=args.licence,
        provenance=args.notice or ("random, seeded" if args.tiny else ""),
        classes=read_classes(args.classes, backbone.released_widths(tensors)[1]),
        detection=detection,
        figures=figures,
        licence_file=args.licence_file,
    )
    carried = [*args.decode_path_of, *([args.base] if args.base else [])]
    manifest = write_model_folder(args.out, tensors, about, earlier_paths(carried, decode_id(tensors)))
    if args.vectors:
        write_vectors(args.out, args.vectors)
    print(summary(args.out, manifest))


STAGE = Stage(
    name="export",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(
        Input(("polish.pt", "codec.pt"), unless=("base", "tiny")),
        Input(("joint.pt", "heads.pt"), unless=("tiny",), optional=True),
        Input(("encoder.pt",), unless=("tiny",), optional=True),
        Input((CATEGORIES_FILE,), unless=("tiny",), optional=True),
        Input((DECODE_FILE,), unless=("base", "tiny"), optional=True),
    ),
    product=manifest_of,
    files=("classes", "licence-file", "figures"),
    models=("base", "decode-path-of"),
)
