"""A model folder (manifest, weights files, classes): reading and writing."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data.layout import read_table
from ..errors import UsageError
from .shards import DecodePaths, decode_id, read_weights, render_id, write_weights

BOUNDS = {"hs.": 256.0, "gain.log2_inverse": 64.0, "gain.log2": 16.0, "gain.index_per_octave": 256.0}
"""Largest magnitudes the decoder accepts (spec: hyper-synthesis), longest name first where one starts another."""


CLASSES_FILE = "classes.json"


def stored_tensors(folder: Path) -> dict[str, Tensor]:
    """Read all tensors of a model but those of earlier decode paths, in the precision they are stored in."""
    return read_weights(folder)[0]


def widen(raw: dict[str, Tensor]) -> dict[str, Tensor]:
    """Turn stored tensors (F16, and I8 with its scales) into float32, as the runtime does."""
    tensors = {}
    for name, value in raw.items():
        if name.endswith("_scale"):
            continue
        if value.dtype == torch.int8:
            scale = raw[f"{name}_scale"]
            value = value.float() * scale.reshape(-1, *[1] * (value.dim() - 1))
        tensors[name] = value if value.dtype == torch.int32 else value.float()
    return tensors


def check_bounds(tensors: dict[str, Tensor]) -> None:
    """Refuse weights that every decoder would refuse."""
    for name, value in tensors.items():
        bound = next((b for prefix, b in BOUNDS.items() if name.startswith(prefix)), None)
        largest = float(value.float().abs().max())
        if bound is not None and not largest <= bound:
            raise SystemExit(f"{name} reaches {largest:g}, but a decoder accepts at most {bound:g}: training diverged")


def read_classes(path: Path | None, count: int) -> list[dict[str, object]]:
    """Read class names; without a file the classes are numbered."""
    if path is None:
        return [{"index": i, "wnid": f"c{i:08d}", "label": f"class {i}"} for i in range(count)]
    rows = read_table(path, ("index", "wnid", "name"))
    if len(rows) != count:
        raise UsageError(f"{path} holds {len(rows)} classes, but the network has {count}")
    return [{"index": int(r["index"]), "wnid": r["wnid"], "label": r["name"]} for r in rows]


def add_folder_options(parser: argparse.ArgumentParser, name: str) -> None:
    """Declare where a model folder is written and what its manifest says; the model is called `name` unless told."""
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--name", default=name, help="of the model")
    parser.add_argument("--version", default="1.0.0", help="of the model")
    parser.add_argument("--licence-file", type=Path, help="licence text of the weights")
    parser.add_argument("--licence", default="Apache-2.0", help="SPDX name or short title of that licence")
    parser.add_argument("--notice", default="", help="provenance: where the weights come from and what was changed")
    parser.add_argument("--figures", type=Path, help="JSON of measured figures to record in the manifest")


def manifest_of(args: argparse.Namespace) -> Path:
    """Return the manifest that these options lead to, which is written last."""
    return Path(args.out) / "manifest.json"


def summary(folder: Path, manifest: dict[str, Any]) -> str:
    """Describe a written model folder in a line."""
    total = sum(weights["bytes"] for weights in manifest["weights"])
    ids = f"decode id {manifest['decodeId'][:8]}, render id {manifest['renderId'][:4]}"
    return f"{folder}: {total / 2**20:.1f} MiB, {ids}"


def read_figures(path: Path | None) -> dict[str, object]:
    """Read measured figures for the manifest."""
    try:
        figures = json.loads(path.read_text()) if path else {}
    except ValueError as problem:
        raise UsageError(f"--figures {path} is not JSON: {problem}") from problem
    if not isinstance(figures, dict):
        raise UsageError(f"--figures {path}: expected an object of names and figures, found {type(figures).__name__}")
    return figures


@dataclass(frozen=True)
class Description:
    """What a manifest says beside what follows from the tensors."""

    name: str
    version: str
    profile: str
    description: str
    licence: str
    provenance: str
    classes: list[dict[str, object]] | None
    """Names of the classes that the tail tells apart, where the model has one."""
    detection: dict[str, object] | None
    """Categories and mask channels of the heads, where the model has them."""
    figures: dict[str, object]
    licence_file: Path | None


def write_model_folder(
    folder: Path, tensors: dict[str, Tensor], about: Description, earlier: DecodePaths
) -> dict[str, Any]:
    """Write a model folder of stored tensors and return its manifest; an existing model there is replaced.

    `earlier` holds the decode paths of releases whose files the model is to open too.
    """
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    if about.classes is not None:
        rows = ",\n".join(json.dumps(c) for c in about.classes)
        (temporary / CLASSES_FILE).write_text(f"[\n{rows}\n]\n")
    manifest = {
        "schema": "dicm.model/1",
        "name": about.name,
        "description": about.description,
        "version": about.version,
        "profile": about.profile,
        "decodeId": decode_id(tensors),
        "renderId": render_id(tensors),
        **write_weights(tensors, earlier, temporary),
        **({"classes": CLASSES_FILE} if about.classes is not None else {}),
        "architecture": {
            "latentChannels": tensors["gain.log2"].shape[1],
            "hyperChannels": tensors["hs.in.weight"].shape[1],
            "tileSize": 512,
            "qualityLevels": tensors["gain.log2"].shape[0],
            **({"classes": len(about.classes)} if about.classes is not None else {}),
        },
        **({"detection": about.detection} if about.detection is not None else {}),
        "licence": about.licence,
        "provenance": about.provenance,
        "figures": about.figures,
    }
    (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    if about.licence_file is not None:
        shutil.copyfile(about.licence_file, temporary / "LICENSE")
    replace_model(folder, temporary)
    return manifest


def replace_model(folder: Path, new: Path) -> None:
    """Move the files of the model in `new` to `folder`, in the place of a model there.

    What is no part of a model stays: a released one has a package.json and a README beside it. So does the projection
    for searches, which no stage writes: it still suits a network that was trained on from the one it was fitted to, and
    its vectors are told from earlier ones by the render id. `tools/fit_search_projection.py` fits it anew. The ranges
    of a network are those of no other: they go, unless the new manifest has them too (`tools/fit_ranges.py`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.json"
    if manifest.exists():
        old = json.loads(manifest.read_text())
        fields = json.loads((new / manifest.name).read_text())
        if "search" in old and "search" not in fields:
            (new / manifest.name).write_text(json.dumps({**fields, "search": old["search"]}, indent=2) + "\n")
        manifest.unlink()  # first, so that what an interruption leaves is no model
        listed = [*old["weights"], *([old["ranges"]] if "ranges" in old and "ranges" not in fields else [])]
        for file in [old.get("classes", CLASSES_FILE), *(entry["file"] for entry in listed)]:
            (folder / file).unlink(missing_ok=True)
    for path in sorted(new.iterdir(), key=lambda path: (path.name == manifest.name, path.name)):
        path.replace(folder / path.name)
    new.rmdir()
