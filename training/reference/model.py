"""The decode-critical tensors of a model folder, read with a safetensors parser of our own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import DicmError
from .tables import Table, build_tables

DTYPES = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I8": "i1"}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as stored."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def widened(self) -> np.ndarray:
        """Values as float32 or int32, exact."""
        values = np.frombuffer(self.data, DTYPES[self.dtype]).reshape(self.shape)
        return values.astype(np.int32 if self.dtype in ("I32", "I8") else np.float32)


def read_safetensors(path: Path) -> dict[str, StoredTensor]:
    """Read every tensor of one safetensors file."""
    blob = path.read_bytes()
    header_end = 8 + int.from_bytes(blob[:8], "little")
    if header_end > len(blob):
        raise DicmError("bad-weights", f"{path.name} is cut short")
    tensors = {}
    for name, entry in json.loads(blob[8:header_end]).items():
        if name == "__metadata__":
            continue
        begin, end = (header_end + offset for offset in entry["data_offsets"])
        shape = tuple(entry["shape"])
        dtype = entry["dtype"]
        if dtype not in DTYPES:
            raise DicmError("bad-weights", f"{path.name}: {name} has type {dtype}")
        if end > len(blob) or end - begin != np.dtype(DTYPES[dtype]).itemsize * int(np.prod(shape)):
            raise DicmError("bad-weights", f"{path.name}: {name} has the wrong size")
        tensors[name] = StoredTensor(dtype, shape, blob[begin:end])
    return tensors


def is_decode_critical(name: str) -> bool:
    """Whether a tensor counts in the decode hash."""
    return name.startswith(("hs.", "entropy.", "gain.")) and name != "gain.log2_inverse"


def is_render(name: str) -> bool:
    """Whether a tensor counts in the render hash."""
    return name.startswith(("gs.", "tail.", "heads.")) or name == "gain.log2_inverse"


def content_hash(tensors: dict[str, StoredTensor]) -> bytes:
    """SHA-256 of tensors in the order of their names (dicm-v1.md, section 4.3)."""
    digest = hashlib.sha256()
    for name in sorted(tensors, key=str.encode):
        tensor = tensors[name]
        digest.update(name.encode() + b"\0" + tensor.dtype.encode() + b"\0")
        digest.update(",".join(map(str, tensor.shape)).encode() + b"\0" + tensor.data)
    return digest.digest()


@dataclass(frozen=True)
class Model:
    """What the integer path needs of a model."""

    decode_id: bytes
    render_id: bytes
    tensors: dict[str, np.ndarray]
    gaussian: list[Table]
    factorised: list[Table]


def load_model(folder: Path, decode_id: bytes | None = None) -> Model:
    """Load a model folder; ids are computed from the weights, not taken from the manifest.

    `decode_id` is that of a file: where it is not the model's own, the model's earlier decode paths are looked
    through for it, and where none has it the model's own path is opened.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    stored: dict[str, StoredTensor] = {}
    for shard in manifest["weights"]:
        stored |= read_safetensors(folder / shard["file"])
    render = {name: tensor for name, tensor in stored.items() if is_render(name)}
    own = {"decodeId": manifest["decodeId"], "prefix": ""}
    paths = [own, *manifest.get("earlierDecodePaths", [])]
    wanted = next((path for path in paths if decode_id is not None and path["decodeId"][:8] == decode_id.hex()), own)
    prefix = wanted["prefix"]
    path = {name.removeprefix(prefix): tensor for name, tensor in stored.items() if name.startswith(prefix)}
    critical = {name: tensor for name, tensor in path.items() if is_decode_critical(name)}
    decode_hash, render_hash = content_hash(critical), content_hash(render)
    if decode_hash.hex() != wanted["decodeId"] or render_hash.hex() != manifest["renderId"]:
        raise DicmError("bad-weights", f"the weights in {folder} are not those the manifest describes")
    tensors = {name: tensor.widened() for name, tensor in critical.items()}
    if "gain.log2_inverse" in path:
        tensors["gain.log2_inverse"] = path["gain.log2_inverse"].widened()
    return Model(
        decode_hash[:4],
        render_hash[:2],
        tensors,
        tables_of(tensors, "entropy.gaussian"),
        tables_of(tensors, "entropy.factorised"),
    )


def tables_of(tensors: dict[str, np.ndarray], name: str) -> list[Table]:
    """Build the tables stored under a name."""
    parts = []
    for part in ("cdf", "size", "offset"):
        tensor = tensors.get(f"{name}.{part}")
        if tensor is None or tensor.dtype != np.int32 or tensor.ndim != 1:
            raise DicmError("bad-tables", f"{name}.{part} is missing or no int32 vector")
        parts.append(tensor)
    return build_tables(*parts)
