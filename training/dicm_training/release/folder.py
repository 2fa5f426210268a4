"""A model folder (manifest, safetensors shards, classes): its tensors by name, their identity, reading and writing.

Which tensors make which id and how the ids are computed: the specification, model identity.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

SHARD_BYTES = 15 * 2**20
DTYPE_NAMES = {torch.float32: "F32", torch.float16: "F16", torch.int8: "I8", torch.int32: "I32"}
BOUNDS = {"hs.": 256.0, "gain.log2_inverse": 64.0, "gain.log2": 16.0, "gain.index_per_octave": 256.0}
"""Largest magnitudes the decoder accepts (spec: hyper-synthesis), longest name first where one starts another."""


def is_decode_critical(name: str) -> bool:
    """Whether entropy decoding depends on the tensor (it is part of the decode id)."""
    return name.startswith(("hs.", "entropy.", "gain.")) and name != "gain.log2_inverse"


def is_render(name: str) -> bool:
    """Whether analysis of decoded latents depends on the tensor (it is part of the render id)."""
    return name.startswith(("gs.", "tail.", "heads.")) or name == "gain.log2_inverse"


def stored_tensors(folder: Path) -> dict[str, Tensor]:
    """Read all shards named in the manifest, in the precision they are stored in."""
    manifest = json.loads((folder / "manifest.json").read_text())
    raw: dict[str, Tensor] = {}
    for shard in manifest["weights"]:
        raw.update(load_file(folder / shard["file"]))
    return raw


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


def content_id(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, sorted by name (spec: model identity)."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        shape = ",".join(str(d) for d in value.shape)
        digest.update(f"{name}\0{DTYPE_NAMES[value.dtype]}\0{shape}\0".encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_shards(tensors: dict[str, Tensor], folder: Path) -> list[dict[str, object]]:
    """Write the tensors in shards below SHARD_BYTES and return the manifest's list of them."""
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name in sorted(tensors, key=lambda n: (not is_decode_critical(n.removesuffix("_scale")), n)):
        nbytes = tensors[name].numel() * tensors[name].element_size()
        if size and size + nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = tensors[name].contiguous()
        size += nbytes
    entries = []
    for i, shard in enumerate(shards):
        file = f"weights-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file)
        (folder / file).chmod(0o644)
        data = (folder / file).read_bytes()
        entries.append({"file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    return entries


def read_classes(path: Path | None, count: int) -> list[dict[str, object]]:
    """Read class names; without a file the classes are numbered."""
    if path is None:
        return [{"index": i, "wnid": f"c{i:08d}", "label": f"class {i}"} for i in range(count)]
    with path.open() as file:
        rows = [{"index": int(r["index"]), "wnid": r["wnid"], "label": r["name"]} for r in csv.DictReader(file)]
    if len(rows) != count:
        raise SystemExit(f"{path} holds {len(rows)} classes, but the network has {count}")
    return rows


@dataclass(frozen=True)
class Description:
    """What a manifest says beside what follows from the tensors."""

    name: str
    version: str
    description: str
    licence: str
    provenance: str
    classes: list[dict[str, object]]
    detection: dict[str, object] | None
    """Categories and mask channels of the heads, where the model has them."""
    figures: dict[str, object]
    licence_file: Path | None


def write_model_folder(folder: Path, tensors: dict[str, Tensor], about: Description) -> dict[str, Any]:
    """Write a model folder of stored tensors and return its manifest; an existing one there is replaced as a whole."""
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    rows = ",\n".join(json.dumps(c) for c in about.classes)
    (temporary / "classes.json").write_text(f"[\n{rows}\n]\n")
    manifest = {
        "schema": "dicm.model/1",
        "name": about.name,
        "description": about.description,
        "version": about.version,
        "profile": "semantic",
        "decodeId": content_id({k: v for k, v in tensors.items() if is_decode_critical(k)}),
        "renderId": content_id({k: v for k, v in tensors.items() if is_render(k)}),
        "weights": write_shards(tensors, temporary),
        "classes": "classes.json",
        "architecture": {
            "latentChannels": tensors["gain.log2"].shape[1],
            "hyperChannels": tensors["hs.in.weight"].shape[1],
            "tileSize": 512,
            "qualityLevels": tensors["gain.log2"].shape[0],
            "classes": len(about.classes),
        },
        **({"detection": about.detection} if about.detection is not None else {}),
        "licence": about.licence,
        "provenance": about.provenance,
        "figures": about.figures,
    }
    (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    if about.licence_file is not None:
        shutil.copyfile(about.licence_file, temporary / "LICENSE")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)
    return manifest
