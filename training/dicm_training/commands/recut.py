"""Recut: write the weights files of a released model anew, tensors and ids unchanged."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch

from ..errors import UsageError
from ..loop.stage import Stage
from ..release.folder import replace_model
from ..release.shards import (
    add_decode_path_option,
    decode_id,
    earlier_paths,
    read_weights,
    render_id,
    write_weights,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    parser.add_argument("model", type=Path, help="model folder; its weights files and manifest are replaced")
    add_decode_path_option(parser)


def run(args: argparse.Namespace) -> None:
    """Write the new files beside the old ones, compare, and only then remove the old ones."""
    folder: Path = args.model
    manifest = json.loads((folder / "manifest.json").read_text())
    tensors, kept = read_weights(folder)
    if (decode_id(tensors), render_id(tensors)) != (manifest["decodeId"], manifest["renderId"]):
        raise UsageError(f"{folder}: the tensors do not have the ids that the manifest states")
    earlier = {**kept, **earlier_paths(args.decode_path_of, manifest["decodeId"])}
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    fields = write_weights(tensors, dict(sorted(earlier.items())), partial)
    # In the manifest's own order: `earlierDecodePaths` stands beside `weights`.
    manifest.pop("earlierDecodePaths", None)
    renewed: dict[str, object] = {}
    for key, value in manifest.items():
        renewed.update(fields if key == "weights" else {key: value})
    (partial / "manifest.json").write_text(json.dumps(renewed, indent=2) + "\n")
    written, paths = read_weights(partial)
    same = written.keys() == tensors.keys() and all(torch.equal(written[name], tensors[name]) for name in tensors)
    if not same or paths.keys() != earlier.keys():
        raise UsageError(f"{partial} does not hold what {folder} holds; nothing was changed")
    if "classes" in manifest:
        shutil.copyfile(folder / manifest["classes"], partial / manifest["classes"])
    replace_model(folder, partial)
    for shard in json.loads((folder / "manifest.json").read_text())["weights"]:
        print(f"{shard['bytes']:>12,}  {shard['file']}")


STAGE = Stage(
    name="recut", about=__doc__ or "", add_arguments=add_arguments, run=run, models=("model", "decode-path-of")
)
