"""Known answers of the hyper-synthesis, the quantiser and whole files, with a small seeded model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from .codec import Codec
from .container import DicmFile, Header, tile_grids, write_dicm
from .errors import DicmError
from .hyper_synthesis import F, HyperSynthesis, exp2
from .model import Model, StoredTensor, load_model
from .quantiser import dequantise, gains_at, quantise, table_indexes
from .random_source import RandomSource
from .vectors_model import HYPER, small_model, write_small_model


def hexadecimal(values: np.ndarray) -> str:
    """Binary32 values as the hexadecimal digits of their bits, little-endian, one after the other."""
    return values.astype("<f4").tobytes().hex()


def digest(values: np.ndarray) -> str:
    """SHA-256 of the values, little-endian."""
    return hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest()


def synthesis_vectors(synthesis: HyperSynthesis) -> dict[str, Any]:
    """Hyper-latents in, bits of mean and scale out."""
    source = RandomSource(11)
    vectors = []

    def add(name: str, musts: list[str], latents: tuple[int, int], z: np.ndarray) -> None:
        mean, scale = synthesis.run(z, latents)
        vector = {
            "name": name,
            "musts": musts,
            "latentHeight": latents[0],
            "latentWidth": latents[1],
            "z": z.ravel().tolist(),
            "meanSha256": digest(mean),
            "scaleSha256": digest(scale),
        }
        if mean.size <= 200:
            vector |= {"mean": hexadecimal(mean), "scale": hexadecimal(scale)}
        vectors.append(vector)

    def draw(latents: tuple[int, int], bound: int) -> np.ndarray:
        return source.integers(bound, -(-latents[0] // 4), -(-latents[1] // 4), HYPER)

    whole = [f"DICM-S-{n}" for n in ("01", "05", "06", "10", "11", "12", "13", "14", "15", "16")]
    for latents in ((1, 1), (1, 2), (3, 1), (4, 4), (5, 4), (2, 13)):
        add(f"{latents[0]}x{latents[1]} latents", whole, latents, draw(latents, 6))
    for latents in ((14, 14), (9, 23), (32, 1), (32, 32)):
        add(f"{latents[0]}x{latents[1]} latents", whole, latents, draw(latents, 6))
    add("all zero", whole, (3, 3), np.zeros((1, 1, HYPER), np.int32))
    add("large hyper-latents", whole, (5, 5), draw((5, 5), 3000))
    ends = np.array([-(2**31), 2**31 - 1, -32769, 32768, 32767], np.int32)
    add("the ends of int32", ["DICM-S-03"], (2, 2), ends[None, None])
    add("what they are clamped to", ["DICM-S-03"], (2, 2), np.clip(ends, -32768, 32767)[None, None])
    add("one end everywhere", ["DICM-S-03", "DICM-S-04"], (7, 6), np.full((2, 2, HYPER), -(2**31), np.int32))
    return {"schema": "dicm.vectors.hyper-synthesis/1", "model": "model", "vectors": vectors}


def exp2_vectors() -> dict[str, Any]:
    """Arguments and powers, as bits."""
    source = RandomSource(3)
    chosen = [0, -0.0, 0.5, -0.5, 1, -1, 0.49999997, -0.49999997, 16, -16, -64, 64, -63.999996, 1e-7, -1e-30]
    drawn = np.concatenate([source.uniform(1, 60).ravel(), source.uniform(64, 60).ravel()])
    v = np.concatenate([np.array(chosen), drawn]).astype(F)
    vectors = [{"name": "all", "musts": ["DICM-S-05"], "v": hexadecimal(v), "exp2": hexadecimal(exp2(v))}]
    return {"schema": "dicm.vectors.exp2/1", "vectors": vectors}


def gain_vectors() -> dict[str, Any]:
    """Gain tensors and quality positions to gains, inverse gains and index offsets."""
    source = RandomSource(5)
    vectors = []
    for levels, positions in (
        (8, (0, 1, 292, 293, 1024, 1755, 2046, 2047)),
        (2, (0, 700, 2047)),
        (1, (0, 9)),
    ):
        tensors = {
            "gain.log2": source.uniform(15.99, levels, 3).astype(F),
            "gain.log2_inverse": source.uniform(15.99, levels, 3).astype(F),
            "gain.index_per_octave": np.array(6.187, F),
        }
        for position in positions:
            gains = gains_at(tensors, position)
            vectors.append(
                {
                    "name": f"position {position} of {levels} levels",
                    "musts": ["DICM-S-21"],
                    "levels": levels,
                    "log2": hexadecimal(tensors["gain.log2"]),
                    "log2Inverse": hexadecimal(tensors["gain.log2_inverse"]),
                    "indexPerOctave": hexadecimal(tensors["gain.index_per_octave"]),
                    "position": position,
                    "gain": hexadecimal(gains.gain),
                    "inverseGain": hexadecimal(gains.inverse_gain),
                    "indexOffset": hexadecimal(gains.index_offset),
                }
            )
    return {"schema": "dicm.vectors.gains/1", "vectors": vectors}


def quantiser_vectors() -> dict[str, Any]:
    """Table indexes, symbols and decoded latents, with the cases where rounding shows."""
    source = RandomSource(6)
    edges = [0.49999997, 0.5, 1.4999999, -0.5, -0.50000006, 62.5, 63.49, 63.5, 65536, -65536, -0.0, 8388607]
    scale = np.concatenate([np.array(edges), source.uniform(70, 60).ravel()]).astype(F).reshape(-1, 3)
    offset = np.array([0, 0.25, -30.3], F)
    y = source.uniform(9, 16, 3).astype(F)
    mean = source.uniform(3, 16, 3).astype(F)
    y[:4] = np.array([[0.5, 1.5, -0.5], [-1.5, 2.5, 1e9], [-1e9, 0.49999997, 4.5], [3.5, -2.5, -3.5]], F)
    mean[:4] = 0
    gains = gains_at({n: t.widened()[:, :3] if t.shape else t.widened() for n, t in _gain_tensors()}, 900)
    unit = np.ones(3, F)
    return {
        "schema": "dicm.vectors.quantiser/1",
        "musts": ["DICM-S-22", "DICM-S-23"],
        "scale": hexadecimal(scale),
        "indexOffset": hexadecimal(offset),
        "indexes": table_indexes(scale, offset).ravel().tolist(),
        "y": hexadecimal(y),
        "mean": hexadecimal(mean),
        "gain": hexadecimal(gains.gain),
        "inverseGain": hexadecimal(gains.inverse_gain),
        "symbols": quantise(y, mean, gains.gain).ravel().tolist(),
        "symbolsAtGain1": quantise(y, mean, unit).ravel().tolist(),
        "decoded": hexadecimal(dequantise(quantise(y, mean, gains.gain), mean, gains)),
    }


def _gain_tensors() -> list[tuple[str, StoredTensor]]:
    return [(n, t) for n, t in small_model().items() if n.startswith("gain.")]


def model_vectors(model: Model) -> dict[str, Any]:
    """Changes to the small model that make it one to refuse: a tensor is gone, reshaped, or has a value."""
    vectors: list[dict[str, Any]] = []

    def add(must: str, tensor: str, change: dict[str, Any]) -> None:
        changed = dict(model.tensors)
        del changed[tensor]
        if "shape" in change:
            changed[tensor] = np.zeros(change["shape"], F)
        elif "bits" in change:
            changed[tensor] = model.tensors[tensor].copy()
            changed[tensor].reshape(-1)[-1] = np.frombuffer(bytes.fromhex(change["bits"]), "<f4")[0]
        try:
            HyperSynthesis(changed)
            gains_at(changed, 0)
        except DicmError as error:
            code = error.code
        else:
            raise AssertionError(f"{tensor} {change} is accepted")
        what = " ".join(str(part) for item in change.items() for part in item) or "missing"
        vectors.append({"name": f"{tensor} {what}", "musts": [must], "tensor": tensor, **change, "code": code})

    for name in (
        "hs.in.weight",
        "hs.cpe3.bias",
        "hs.vit1.norm2.weight",
        "hs.vit2.mlp2.bias",
        "hs.out.weight",
    ):
        add("DICM-S-02", name, {})
        for value in (256.00003, -256.00003, np.inf, -np.inf, np.nan):
            add("DICM-S-02", name, {"bits": hexadecimal(np.array(value, F))})
    for name, shape in (
        ("hs.in.weight", (64, 0)),
        ("hs.in.weight", (64, 257)),
        ("hs.in.weight", (48, 5)),
        ("hs.in.bias", (63,)),
        ("hs.cpe2.weight", (32, 3, 3)),
        ("hs.vit1.qkv.weight", (64, 192)),
        ("hs.up1.weight", (128, 65)),
        ("hs.up2.weight", (385, 32)),
        ("hs.out.weight", (13, 96)),
        ("hs.out.bias", (16,)),
    ):
        add("DICM-S-02", name, {"shape": shape})
    for name, bound in (("gain.log2", 16), ("gain.log2_inverse", 64), ("gain.index_per_octave", 256)):
        add("DICM-S-20", name, {})
        for value in (np.nextafter(F(bound), F(999)), np.nan):
            add("DICM-S-20", name, {"bits": hexadecimal(np.array(value, F))})
    add("DICM-S-20", "gain.log2", {"shape": (0, 7)})
    return {"schema": "dicm.vectors.model-refusals/1", "model": "model", "vectors": vectors}


def file_vectors(codec: Codec, folder: Path) -> dict[str, Any]:
    """Whole files of one and several tiles, and what they decode to."""
    source = RandomSource(8)
    folder.mkdir(parents=True, exist_ok=True)
    vectors = []
    sizes = (
        ("one-pixel", 1, 1, 0),
        ("odd", 77, 130, 1100),
        ("usual", 224, 224, 600),
        ("tiles", 700, 530, 2047),
    )
    for name, width, height, position in sizes:
        model = codec.model
        header = Header(width, height, width * 3, height * 3, position, model.decode_id, model.render_id)
        gains = gains_at(model.tensors, position)
        tiles = []
        for grids in tile_grids(width, height):
            z = source.integers(12, *grids.hyper, HYPER)
            mean, _ = codec.synthesis.run(z, grids.latents)
            noise = sum(source.uniform(2, *mean.shape) for _ in range(3))
            tiles.append((z, quantise((mean + noise).astype(F), mean, gains.gain)))
        file = codec.encode(header, tiles)
        tiled = codec.decode(file)
        data = write_dicm(DicmFile(header, file.tiles))
        (folder / f"{name}.dicm").write_bytes(data)
        vectors.append(
            {
                "path": f"files/{name}.dicm",
                "musts": ["DICM-E-20", "DICM-S-16", "DICM-S-21", "DICM-S-22", "DICM-S-23"],
                "bytes": len(data),
                "tiles": [
                    {
                        "zSha256": digest(tile.z),
                        "symbolsSha256": digest(tile.symbols),
                        "ySha256": digest(tile.y),
                    }
                    for tile in tiled
                ],
            }
        )
    return {"schema": "dicm.vectors.files/1", "model": "model", "vectors": vectors}


def write_hyper_vectors(folder: Path) -> dict[str, dict[str, Any]]:
    """Write the model and the files of fixtures/hyper-synthesis; return its JSON files."""
    write_small_model(folder / "model")
    codec = Codec(load_model(folder / "model"))
    return {
        "hyper-synthesis.json": synthesis_vectors(codec.synthesis),
        "exp2.json": exp2_vectors(),
        "gains.json": gain_vectors(),
        "quantiser.json": quantiser_vectors(),
        "model-refusals.json": model_vectors(codec.model),
        "files.json": file_vectors(codec, folder / "files"),
    }
