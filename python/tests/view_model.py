"""A small model of the view profile: a cosine transform of patches, and the tiny model's hyperprior for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from conftest import TINY

from dicm.model.load import _decode_id
from dicm.model.safetensors import StoredTensor, read_safetensors

EDGE, CHANNELS, SCALE = 16, 32, 8


def write_view_model(folder: Path) -> Path:
    """Writes the model into a new folder."""
    source = next(TINY.glob("*.safetensors"))
    tensors = {
        name: tensor
        for name, tensor in read_safetensors(source.read_bytes(), source.name).items()
        if name.split(".")[0] in ("hs", "entropy", "gain", "ha")
    }
    analysis, synthesis = cosine_transform()
    tensors["ga.linear.weight"] = float_tensor(analysis)
    tensors["gs.linear.weight"] = float_tensor(synthesis)
    weights = safetensors_of(tensors)
    manifest = json.loads((TINY / "manifest.json").read_text())
    for key in ("classes", "detection"):
        manifest.pop(key, None)
    manifest["architecture"].pop("classes", None)
    render = {n: t for n, t in tensors.items() if n.startswith("gs.") or n == "gain.log2_inverse"}
    manifest |= {
        "name": "tiny-view",
        "profile": "perceptual",
        "decodeId": _decode_id(tensors, ""),
        "renderId": hash_of(render),
        "weights": [{"file": "view.safetensors", "bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}],
    }
    folder.mkdir(parents=True)
    (folder / "view.safetensors").write_bytes(weights)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def cosine_transform() -> tuple[np.ndarray, np.ndarray]:
    """Weights of analysis and synthesis: the lowest frequencies of each colour of patches of 16 x 16 pixels."""
    frequencies = sorted(((v, u) for v in range(4) for u in range(4)), key=lambda place: (sum(place), place))
    waves = [(colour, v, u) for v, u in frequencies for colour in range(3)][:CHANNELS]
    at = np.arange(EDGE) + 0.5
    analysis = np.zeros((CHANNELS, 3, EDGE, EDGE), np.float32)
    for channel, (colour, v, u) in enumerate(waves):
        down, across = (np.sqrt((1 + (k > 0)) / EDGE) * np.cos(np.pi * k * at / EDGE) for k in (v, u))
        analysis[channel, colour] = np.outer(down, across)
    # Sub-pixels are the outer order of a depth-to-space, colours the inner one.
    synthesis = analysis.transpose(2, 3, 1, 0).reshape(3 * EDGE**2, CHANNELS, 1, 1)
    return SCALE * analysis, synthesis / np.float32(SCALE)


def float_tensor(values: np.ndarray) -> StoredTensor:
    return StoredTensor("F32", values.shape, memoryview(np.ascontiguousarray(values, "<f4").tobytes()))


def hash_of(tensors: dict[str, StoredTensor]) -> str:
    """An id over all of some tensors (section 4.3 of the format)."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}\0{tensor.type}\0{','.join(map(str, tensor.shape))}\0".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def safetensors_of(tensors: dict[str, StoredTensor]) -> bytes:
    """A weights file."""
    header, end = {}, 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": tensor.type,
            "shape": list(tensor.shape),
            "data_offsets": [end, end + len(tensor.data)],
        }
        end += len(tensor.data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(bytes(tensor.data) for tensor in tensors.values())
