"""The numpy reference reads files of the released model to the same integers, and writes them back to the byte."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from dicm_reference.codec import Codec
from dicm_reference.container import DicmFile, read_dicm, tile_grids, write_dicm
from dicm_reference.model import load_model

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "fixtures" / "released"
FILES = [
    {**case, "file": f"{place}{case['file']}"}
    for place in ("", "view/")
    for case in json.loads((RELEASED / place / "files.json").read_text())
]
MODELS = {
    path["decodeId"][:8]: (folder, manifest["renderId"][:4])
    for folder in (ROOT / "packages").iterdir()
    if (folder / "manifest.json").exists()
    for manifest in [json.loads((folder / "manifest.json").read_text())]
    for path in [manifest, *manifest.get("earlierDecodePaths", [])]
}


def sha256(array: np.ndarray) -> str:
    """Hash of an array's little-endian bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize("case", FILES, ids=lambda case: case["file"])
def test_released_file(case: dict) -> None:
    data = (RELEASED / case["file"]).read_bytes()
    file = read_dicm(data)
    folder, render_id = MODELS[case["decodeId"]]
    codec = Codec(load_model(folder, bytes.fromhex(case["decodeId"])))
    tiles = codec.decode(file)
    again = codec.encode(file.header, [(tile.z, tile.symbols) for tile in tiles])
    assert write_dicm(DicmFile(again.header, again.tiles, file.ancillary)) == data
    if len(tiles) == 1:
        assert list(tiles[0].y.shape) == case["latentShape"]
        assert sha256(tiles[0].z.astype("<i4")) == case["hyperLatentSha256"]
        expected = case["latentSha256"][render_id]
        assert sha256(tiles[0].y.astype("<f4")) == expected, "dequantised latents agree to the bit"
    else:
        assert len(tiles) == len(tile_grids(file.header.width, file.header.height))
