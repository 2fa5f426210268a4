"""A small seeded model for the known answers, as a model folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from .model import StoredTensor, content_hash, is_decode_critical, is_render
from .random_source import RandomSource
from .vectors_entropy import bell, flatten, frequencies

HYPER, LATENT = 5, 7
WIDTHS = (64, 32, 96)
LEVELS = 4


def stored(values: np.ndarray) -> StoredTensor:
    """A tensor as a file holds it; the type says how."""
    names = {"float16": "F16", "float32": "F32", "int32": "I32"}
    little = values.astype(values.dtype.newbyteorder("<"))
    return StoredTensor(names[values.dtype.name], values.shape, little.tobytes())


def safetensors_bytes(tensors: dict[str, StoredTensor]) -> bytes:
    """One safetensors file."""
    header: dict[str, Any] = {}
    offset = 0
    for name, tensor in tensors.items():
        end = offset + len(tensor.data)
        header[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(t.data for t in tensors.values())


def small_model() -> dict[str, StoredTensor]:
    """Seeded weights in binary16 with everything the integer path needs."""
    source = RandomSource(2026)
    tensors: dict[str, StoredTensor] = {}

    def put(name: str, size: float, *shape: int) -> None:
        tensors[name] = stored(source.uniform(size, *shape).astype(np.float16))

    def linear(name: str, inputs: int, outputs: int, bias: float = 0.5) -> None:
        put(f"{name}.weight", 2 / np.sqrt(inputs), outputs, inputs)
        put(f"{name}.bias", bias, outputs)

    d1, d2, d3 = WIDTHS
    linear("hs.in", HYPER, d1)
    linear("hs.up1", d1, 4 * d2)
    linear("hs.up2", d2, 4 * d3)
    linear("hs.out", d3, 2 * LATENT, bias=20.0)
    for i, width in enumerate(WIDTHS, 1):
        put(f"hs.cpe{i}.weight", 0.5, width, 1, 3, 3)
        put(f"hs.cpe{i}.bias", 0.5, width)
    for block, width in (("vit1", d1), ("vit2", d2)):
        for norm in ("norm1", "norm2"):
            put(f"hs.{block}.{norm}.weight", 2, width)
            put(f"hs.{block}.{norm}.bias", 0.5, width)
        linear(f"hs.{block}.qkv", width, 3 * width)
        linear(f"hs.{block}.proj", width, width)
        linear(f"hs.{block}.mlp1", width, 2 * width)
        linear(f"hs.{block}.mlp2", 2 * width, width)
    gains = source.uniform(0.5, LEVELS, LATENT) + np.arange(-1, 3)[:, None] * 1.25
    tensors["gain.log2"] = stored(gains.astype(np.float32))
    tensors["gain.log2_inverse"] = stored((-gains + source.uniform(0.1, LEVELS, LATENT)).astype(np.float32))
    tensors["gain.index_per_octave"] = stored(np.array(6.3, np.float32))
    scales = [(t + 2) / 4 for t in range(64)]
    gaussian = [(-max(1, int(3 * s)), frequencies(bell(s, max(1, int(3 * s))))) for s in scales]
    factorised = [(-9 + c, frequencies(bell(1.5 + c, 9))) for c in range(HYPER)]
    for name, tables in (("gaussian", gaussian), ("factorised", factorised)):
        for part, values in flatten(tables).items():
            tensors[f"entropy.{name}.{part}"] = stored(np.array(values, np.int32))
    return dict(sorted(tensors.items()))


def write_small_model(folder: Path) -> None:
    """Write the seeded model as a model folder."""
    tensors = small_model()
    blob = safetensors_bytes(tensors)
    file = "weights-00001-of-00001.safetensors"
    digest = hashlib.sha256(blob).hexdigest()
    manifest = {
        "schema": "dicm.model/1",
        "name": "hyper-synthesis-vectors",
        "description": "seeded random weights for the known answers of the integer path; it has no networks",
        "decodeId": content_hash({n: t for n, t in tensors.items() if is_decode_critical(n)}).hex(),
        "renderId": content_hash({n: t for n, t in tensors.items() if is_render(n)}).hex(),
        "weights": [{"file": file, "bytes": len(blob), "sha256": digest}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(blob)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
