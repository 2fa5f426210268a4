"""Weights files of a model folder: what a tensor is for decides in which file it lies.

Files hold what changes together, so that a release which changes only the heads rewrites only the heads' file: `joint`
changes synthesis and heads, `polish` synthesis and tail. The tail is cut by layer, because all of it is 25 MB.
Which tensors make which id and how the ids are computed: the specification, model identity.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import UsageError

COMMON = ("gain.log2_inverse",)
"""Tensors of a file that states no use, so that it is read with any other: they count with the synthesis, and decoding
latents needs them, and little else of its file."""
COMMON_FILE = "0-gains.safetensors"

USES = {
    "entropy": ("hs.", "entropy.", "gain."),
    "encoder": ("head.", "re.", "ga.", "ha."),
    "synthesis": ("gs.", "gain.log2_inverse"),
    "tail": ("tail.",),
    "heads": ("heads.",),
}
"""Uses of tensors in the order of their files, each with names and starts of names; of several the longest counts."""

DTYPE_NAMES = {torch.float32: "F32", torch.float16: "F16", torch.int8: "I8", torch.int32: "I32"}

Part = tuple[str | None, str]
"""Use and name of a weights file; no use where it is read with any."""
DecodePaths = dict[str, dict[str, Tensor]]
"""What entropy decoding needs (and the inverse gains), by decode id; names are those of the current path."""


def use_of(name: str) -> str:
    """Return what a tensor is for."""
    found = [(len(start), use) for use, starts in USES.items() for start in starts if name.startswith(start)]
    if not found:
        raise ValueError(f"{name} is for nothing that is known: its name must start with {USES}")
    return max(found)[1]


def is_decode_critical(name: str) -> bool:
    """Whether a tensor counts in the decode id."""
    return use_of(name) == "entropy"


def is_render(name: str) -> bool:
    """Whether a tensor counts in the render id."""
    return use_of(name) in ("synthesis", "tail", "heads")


def content_id(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, sorted by name (spec: model identity)."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        shape = ",".join(str(d) for d in value.shape)
        digest.update(f"{name}\0{DTYPE_NAMES[value.dtype]}\0{shape}\0".encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def decode_id(tensors: dict[str, Tensor]) -> str:
    """Return the decode id of a model or of one decode path, 64 digits."""
    return content_id({name: value for name, value in tensors.items() if is_decode_critical(name)})


def render_id(tensors: dict[str, Tensor]) -> str:
    """Return the render id of a model, 64 digits."""
    return content_id({name: value for name, value in tensors.items() if is_render(name)})


def decode_path(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a model that take its files to y^, by which another model can go on reading them."""
    return {name: value for name, value in tensors.items() if name.startswith(USES["entropy"])}


def write_weights(tensors: dict[str, Tensor], earlier: DecodePaths, folder: Path) -> dict[str, object]:
    """Write the weights files of a model and return the manifest's fields about them.

    The same tensors give the same bytes, whatever else the model holds. An earlier decode path has a file of its own,
    but for its inverse gains, which lie with the model's.
    """
    files: dict[Part, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        files.setdefault(part_of(name), {})[name] = value
    for identity, path in earlier.items():
        for name, value in path.items():
            part: Part = (None, COMMON_FILE) if name in COMMON else ("entropy", file_of_path(identity))
            files.setdefault(part, {})[prefix_of(identity) + name] = value
    entries = []
    for use, file in sorted(files, key=lambda part: part[1].removesuffix(".safetensors")):
        save_file({name: value.contiguous() for name, value in files[use, file].items()}, folder / file)
        (folder / file).chmod(0o644)
        data = (folder / file).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        entry = {"file": file, "bytes": len(data), "sha256": digest}
        entries.append(entry if use is None else {"use": use, **entry})
    paths = [
        {"decodeId": identity, "prefix": prefix_of(identity), "file": file_of_path(identity)} for identity in earlier
    ]
    return {"weights": entries, **({"earlierDecodePaths": paths} if paths else {})}


def part_of(name: str) -> Part:
    """Return use and name of the file of a tensor."""
    if name in COMMON:
        return None, COMMON_FILE
    use = use_of(name)
    part = f"{use}-{name.split('.')[1]}" if use == "tail" else use
    return use, f"{list(USES).index(use) + 1}-{part}.safetensors"


def file_of_path(identity: str) -> str:
    """Return the name of the file of an earlier decode path, which holds nothing else."""
    return f"{list(USES).index('entropy') + 1}-entropy-{identity[:8]}.safetensors"


def prefix_of(identity: str) -> str:
    """Return what stands before the names of an earlier decode path's tensors."""
    return f"decode-{identity[:8]}."


def read_weights(folder: Path) -> tuple[dict[str, Tensor], DecodePaths]:
    """Read a model folder: its tensors as stored, and its earlier decode paths, whose ids are checked."""
    manifest = json.loads((folder / "manifest.json").read_text())
    tensors: dict[str, Tensor] = {}
    for shard in manifest["weights"]:
        try:
            tensors.update(load_file(folder / shard["file"]))
        except (OSError, SafetensorError) as problem:
            raise UsageError(f"{folder / shard['file']} cannot be read ({problem}): fetch the model anew") from problem
    earlier: DecodePaths = {}
    for entry in manifest.get("earlierDecodePaths", []):
        prefix = entry["prefix"]
        names = [name for name in tensors if name.startswith(prefix)]
        path = {name.removeprefix(prefix): tensors.pop(name) for name in names}
        if decode_id(path) != entry["decodeId"]:
            raise UsageError(f"{folder}: the tensors behind {prefix} do not have the decode id {entry['decodeId']}")
        earlier[entry["decodeId"]] = path
    return tensors, earlier


def add_decode_path_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--decode-path-of`, whose folders `earlier_paths` takes."""
    parser.add_argument(
        "--decode-path-of",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="released model folder of another decode id, whose files the model is to open too; may be repeated",
    )


def earlier_paths(folders: list[Path], current: str) -> DecodePaths:
    """Collect the decode paths of released model folders, but for the one whose decode id is `current`."""
    paths: DecodePaths = {}
    for folder in folders:
        tensors, earlier = read_weights(folder)
        paths.update({**earlier, decode_id(tensors): decode_path(tensors)})
    paths.pop(current, None)
    return dict(sorted(paths.items()))
