"""Models are found, compared with what they say of themselves, and refused by name."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES, R50, RELEASED, TINY

import dicm
from dicm.container.info import tile_payload
from dicm.geometry import TileGrid
from dicm.latents.decoder import DecodedTile, TileDecoder
from dicm.model.find import FoundModel
from dicm.model.load import load_model
from dicm.model.manifest import read_manifest
from dicm.model.safetensors import read_safetensors

HYPER = FIXTURES / "hyper-synthesis"
FILES = json.loads((HYPER / "files.json").read_text())["vectors"]
REFUSALS = json.loads((HYPER / "model-refusals.json").read_text())["vectors"]


def copy_of(model: Path, folder: Path, **changes: object) -> Path:
    """A copy of a model whose manifest says something else."""
    shutil.copytree(model, folder)
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def load(folder: Path) -> object:
    return load_model(FoundModel(folder, read_manifest(folder)))


def test_models_are_found_by_folder_name_and_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(R50, tmp_path / "some-folder")
    file = RELEASED[0]
    for model in (tmp_path, str(tmp_path), tmp_path / "some-folder"):
        assert dicm.open(file, model=model).latents().y_hat.size > 0
    monkeypatch.setenv("DICM_MODEL_PATH", f"{tmp_path / 'nothing'}:{tmp_path}")
    assert dicm.open(file).latents().y_hat.size > 0
    assert dicm.open(file, model="dicm-r50").latents().y_hat.size > 0


def test_a_missing_model_is_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(dicm.ModelError, match=r"1c1e0cca.*found tiny") as caught:
        dicm.open(RELEASED[0], model=TINY).latents()
    assert (caught.value.code, caught.value.exit_code) == ("model-missing", 6)
    with pytest.raises(dicm.ModelError, match="there is none at all"):
        dicm.open(RELEASED[0], model=tmp_path).latents()


def test_only_the_files_of_entropy_decoding_are_needed(tmp_path: Path) -> None:
    entropy = [path.name for path in R50.glob("1-entropy*.safetensors")]
    for name in ("manifest.json", "classes.json", "0-gains.safetensors", *entropy):
        shutil.copy(R50 / name, tmp_path / name)
    assert dicm.open(RELEASED[0], model=tmp_path).latents().z_hat.shape[2] == 64


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decodeId": "0" * 64}, "model-damaged"),
        ({"schema": "dicm.model/2"}, "bad-manifest"),
        ({"name": "a name"}, "bad-manifest"),
        ({"weights": []}, "bad-manifest"),
        ({"weights": [{"file": "../x", "bytes": 1, "sha256": "0" * 64}]}, "bad-manifest"),
        ({"profile": "other"}, "bad-manifest"),
        ({"profile": "perceptual"}, "bad-manifest"),
        ({"architecture": {"latentChannels": 31}}, "bad-manifest"),
        ({"classes": "nowhere.json"}, "model-missing"),
    ],
)
def test_manifests_that_are_wrong_are_refused(tmp_path: Path, changes: dict, code: str) -> None:
    with pytest.raises(dicm.ModelError) as caught:
        load(copy_of(TINY, tmp_path / "model", **changes))
    assert caught.value.code == code


def hyper_tensors() -> dict[str, np.ndarray]:
    path = next((HYPER / "model").glob("*.safetensors"))
    stored = read_safetensors(path.read_bytes(), str(path))
    types = {"I32": np.int32}
    return {name: tensor.values().astype(types.get(tensor.type, np.float32)) for name, tensor in stored.items()}


def decode(tensors: dict[str, np.ndarray], case: dict) -> list[DecodedTile]:
    file = dicm.open(HYPER / case["path"])
    decoder, info = TileDecoder(tensors), file.info.layers[0]
    grid = TileGrid(info.width, info.height)
    return [
        decoder.decode(tile_payload(file.data, place), grid.tile(i), info.quality_position, f"tile {i}")
        for i, place in enumerate(info.tiles)
    ]


@pytest.mark.parametrize("case", FILES, ids=lambda case: case["path"])
def test_known_files_decode_to_their_known_bits(case: dict) -> None:
    for tile, wanted in zip(decode(hyper_tensors(), case), case["tiles"], strict=True):
        assert hashlib.sha256(tile.hyper_latents.tobytes()).hexdigest() == wanted["zSha256"]
        assert hashlib.sha256(tile.symbols.tobytes()).hexdigest() == wanted["symbolsSha256"]
        assert hashlib.sha256(tile.latents.tobytes()).hexdigest() == wanted["ySha256"]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case["name"])
def test_tensors_that_break_a_rule_are_refused_as_the_vectors_say(case: dict) -> None:
    tensors = hyper_tensors()
    name = case["tensor"]
    if "bits" in case:
        tensors[name].reshape(-1)[-1] = np.frombuffer(bytes.fromhex(case["bits"]), "<f4")[0]
    elif "shape" in case:
        tensors[name] = np.zeros(case["shape"], np.float32)
    else:
        del tensors[name]
    with pytest.raises(dicm.ModelError) as caught:
        TileDecoder(tensors)
    assert caught.value.code == case["code"]


@pytest.mark.parametrize(("kind", "name"), [("gaussian", "cdf"), ("factorised", "cdf"), ("gaussian", "offset")])
def test_tables_that_break_a_rule_are_refused(kind: str, name: str) -> None:
    tensors = hyper_tensors()
    tensors[f"entropy.{kind}.{name}"][0] = 2**30 + 1
    with pytest.raises(dicm.ModelError, match=rf"entropy\.{kind}") as caught:
        decode(tensors, FILES[0])
    assert caught.value.code == "bad-tables"


def test_weights_that_are_not_those_of_the_manifest_are_refused(tmp_path: Path) -> None:
    folder = copy_of(TINY, tmp_path / "model")
    weights = next(folder.glob("*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(dicm.ModelError, match="SHA-256"):
        load(folder)
    weights.write_bytes(data[:-1])
    with pytest.raises(dicm.ModelError, match="bytes, not"):
        load(folder)
