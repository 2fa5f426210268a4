"""Stage `export`: fold, quantise and write a model folder (safetensors shards, manifest, classes, vectors)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..loop.stage_run import load_heads
from ..models.heads import Heads
from ..release.folder import Description, check_bounds, read_classes, write_model_folder
from ..release.heads import fold_heads
from ..release.quantise import store
from ..release.shards import decode_id, earlier_paths
from ..release.tiny import tiny_heads, tiny_model
from ..release.vectors import write_vectors
from .codec import DECODE_FILE
from .heads import CATEGORIES_FILE, SYNTHETIC_CATEGORIES, base_tensors, stored
from .joint import load_synthesis


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage's options."""
    parser.add_argument("--run", type=Path, help="run folder of the training stages")
    parser.add_argument("--base", type=Path, help="released model folder to take all but the heads from")
    parser.add_argument(
        "--decode-path-of",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="released model folder of another decode id, whose files are to be opened too; may be repeated",
    )
    parser.add_argument("--tiny", action="store_true", help="export a tiny randomly initialised model instead")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--name", default="dicm-r50")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--classes", type=Path, help="CSV index,wnid,name")
    parser.add_argument("--licence-file", type=Path, help="licence text of the weights")
    parser.add_argument("--licence", default="Apache-2.0", help="SPDX name or short title of that licence")
    parser.add_argument("--notice", default="", help="provenance: where the weights come from and what was changed")
    parser.add_argument("--figures", type=Path, help="JSON of measured figures to record in the manifest")
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
        raise SystemExit(f"{', '.join(changed)} differ from {path}: the run's checkpoints are not of one chain")
    tensors.update(kept)


def heads_of(run: Path) -> tuple[Heads, list[dict[str, object]]] | None:
    """Load the heads that the run trained, with their categories; None when it has none."""
    path = next((run / name for name in ("joint.pt", "heads.pt") if (run / name).exists()), None)
    if path is None:
        return None
    heads, _ = load_heads(path, torch.device("cpu"))
    if not heads.arch.dynamic:
        raise SystemExit(f"{path} has prototype masks, which no runtime reads: train without --prototypes")
    return heads, json.loads((run / CATEGORIES_FILE).read_text())


def run(args: argparse.Namespace) -> None:
    """Write the model folder; an existing one at the same place is replaced as a whole."""
    if not args.tiny and args.run is None:
        raise SystemExit("--run FOLDER is needed, or --tiny")
    if args.tiny:
        model = tiny_model()
        tensors = stored(model)
        heads: tuple[Heads, list[dict[str, object]]] | None = (tiny_heads(model), SYNTHETIC_CATEGORIES)
    else:
        tensors, heads = base_tensors(args.run, args.base), heads_of(args.run)
        if (args.run / "joint.pt").exists():
            for name, value in load_synthesis(args.run / "joint.pt").items():
                tensors.update(store(name, value))
        if args.base is None:
            keep_decode_path(tensors, args.run)
    check_bounds(tensors)
    if heads is not None:
        for name, value in fold_heads(heads[0]).items():
            tensors.update(store(name, value))
    about = Description(
        name=args.name,
        version=args.version,
        description="tiny random weights for tests" if args.tiny else "ResNet-50 semantic profile",
        licence=args.licence,
        provenance=args.notice or ("random, seeded" if args.tiny else ""),
        classes=read_classes(args.classes, tensors["tail.fc.weight"].shape[0]),
        detection=describe_heads(*heads) if heads is not None else None,
        figures=json.loads(args.figures.read_text()) if args.figures else {},
        licence_file=args.licence_file,
    )
    carried = [*args.decode_path_of, *([args.base] if args.base else [])]
    manifest = write_model_folder(args.out, tensors, about, earlier_paths(carried, decode_id(tensors)))
    if args.vectors:
        write_vectors(args.out, args.vectors)
    total = sum(weights["bytes"] for weights in manifest["weights"])
    print(
        f"{args.out}: {total / 2**20:.1f} MiB, "
        f"decode id {manifest['decodeId'][:8]}, render id {manifest['renderId'][:4]}"
    )
