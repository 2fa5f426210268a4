"""Weights files of a released model, and decode paths of earlier releases in them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import stage
from dicm_reference.codec import Codec
from dicm_reference.container import Header, tile_grids
from dicm_reference.errors import DicmError
from dicm_reference.model import load_model
from safetensors.torch import load_file

from dicm_training.release.folder import replace_model, stored_tensors
from dicm_training.release.released import ReleasedModel
from dicm_training.release.shards import decode_id, earlier_paths, read_weights, render_id, use_of, write_weights

TINY = Path(__file__).parents[2] / "fixtures" / "models" / "tiny"


def test_files_hold_what_changes_together(tmp_path: Path) -> None:
    tensors, _ = read_weights(TINY)
    fields = write_weights(tensors, {}, tmp_path)
    assert fields.keys() == {"weights"}
    weights = fields["weights"]
    assert isinstance(weights, list)
    assert [(entry.get("use"), entry["file"]) for entry in weights] == [
        (None, "0-gains.safetensors"),
        ("entropy", "1-entropy.safetensors"),
        ("encoder", "2-encoder.safetensors"),
        ("synthesis", "3-synthesis.safetensors"),
        ("tail", "4-tail-fc.safetensors"),
        ("tail", "4-tail-layer2.safetensors"),
        ("tail", "4-tail-layer3.safetensors"),
        ("tail", "4-tail-layer4.safetensors"),
        ("heads", "5-heads.safetensors"),
    ]
    # Who decodes latents alone reads no synthesis.
    assert list(load_file(tmp_path / "0-gains.safetensors")) == ["gain.log2_inverse"]
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    tensors["heads.mask.up.bias"] = tensors["heads.mask.up.bias"] + 1
    write_weights(dict(reversed(tensors.items())), {}, tmp_path)
    changed = [name for name, data in before.items() if (tmp_path / name).read_bytes() != data]
    assert changed == ["5-heads.safetensors"]


def test_a_tensor_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"new\.weight is for nothing"):
        use_of("new.weight")


@pytest.fixture()
def two_paths(tmp_path: Path) -> tuple[Path, Path]:
    """An earlier tiny model, and a later one of another decode id that holds the earlier one's path too."""
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    shutil.copytree(TINY, earlier)
    shutil.copytree(TINY, later)
    tensors, _ = read_weights(earlier)
    tensors["gain.log2"] = tensors["gain.log2"] + 0.5
    tensors["gain.log2_inverse"] = tensors["gain.log2_inverse"] - 0.5
    for path in later.glob("*.safetensors"):
        path.unlink()
    manifest = json.loads((earlier / "manifest.json").read_text())
    paths = earlier_paths([earlier], decode_id(tensors))
    assert list(paths) == [manifest["decodeId"]]
    manifest |= write_weights(tensors, paths, later)
    manifest |= {"decodeId": decode_id(tensors), "renderId": render_id(tensors)}
    (later / "manifest.json").write_text(json.dumps(manifest))
    return earlier, later


def test_files_of_an_earlier_decode_id_are_read(two_paths: tuple[Path, Path]) -> None:
    earlier, later = two_paths
    old = Codec(load_model(earlier))
    grids = tile_grids(96, 80)[0]
    rng = np.random.default_rng(0)
    z = rng.integers(-5, 6, (*grids.hyper, old.synthesis.hyper_channels)).astype(np.int32)
    symbols = rng.integers(-3, 4, (*grids.latents, old.synthesis.latent_channels)).astype(np.int32)
    file = old.encode(Header(96, 80, 96, 80, 900, old.model.decode_id, old.model.render_id), [(z, symbols)])
    with pytest.raises(DicmError, match="model-missing"):
        Codec(load_model(later)).decode(file)
    tile = Codec(load_model(later, file.header.decode_id)).decode(file)[0]
    assert (tile.z == z).all() and (tile.symbols == symbols).all()
    assert (tile.y == old.decode(file)[0].y).all()
    # Networks are those of the later model alone.
    assert not any(name.startswith("decode-") for name in ReleasedModel.from_folder(later).t)


def test_recut_keeps_tensors_and_ids(two_paths: tuple[Path, Path], tmp_path: Path) -> None:
    earlier, later = two_paths
    before, old_paths = read_weights(later)
    manifest = json.loads((later / "manifest.json").read_text())
    stage("recut", str(later), "--decode-path-of", str(earlier))
    assert json.loads((later / "manifest.json").read_text()) == manifest
    after, paths = read_weights(later)
    assert all(torch.equal(after[name], before[name]) for name in before) and after.keys() == before.keys()
    assert paths.keys() == old_paths.keys()

    shutil.copytree(TINY, tmp_path / "tiny")
    (tmp_path / "tiny" / "package.json").write_text("{}")
    stage("recut", str(tmp_path / "tiny"))
    names = sorted(p.name for p in (tmp_path / "tiny").iterdir())
    assert names[:2] == ["0-gains.safetensors", "1-entropy.safetensors"]
    assert names[-4:] == ["5-heads.safetensors", "classes.json", "manifest.json", "package.json"]
    recut = json.loads((tmp_path / "tiny" / "manifest.json").read_text())
    assert list(recut)[:9] == list(json.loads((TINY / "manifest.json").read_text()))[:9]
    assert stored_tensors(tmp_path / "tiny").keys() == stored_tensors(TINY).keys()


def test_export_carries_earlier_decode_paths(two_paths: tuple[Path, Path], tiny_run: Path, tmp_path: Path) -> None:
    _, later = two_paths
    out = tmp_path / "model"
    stage("export", "--run", str(tiny_run), "--out", str(out), "--decode-path-of", str(later))
    manifest = json.loads((out / "manifest.json").read_text())
    ids = {entry["decodeId"] for entry in manifest["earlierDecodePaths"]}
    assert ids == {json.loads((folder / "manifest.json").read_text())["decodeId"] for folder in (later, TINY)}
    for entry in manifest["earlierDecodePaths"]:
        # Its file holds nothing but it, so that a reader need not fetch it for other files.
        assert all(name.startswith(entry["prefix"]) for name in load_file(out / entry["file"]))
        assert load_model(out, bytes.fromhex(entry["decodeId"][:8])).decode_id.hex() == entry["decodeId"][:8]


def test_the_projection_for_searches_outlives_a_new_model_and_the_ranges_of_its_values_do_not(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(TINY, old)
    shutil.copytree(TINY, new)
    manifest = json.loads((old / "manifest.json").read_text())
    manifest["search"] = {"file": "6-search.safetensors", "bytes": 5, "sha256": "0" * 64, "dimensions": 4}
    manifest["ranges"] = {"file": "7-ranges.safetensors", "bytes": 5, "sha256": "0" * 64}
    (old / "manifest.json").write_text(json.dumps(manifest))
    (old / "6-search.safetensors").write_bytes(b"12345")
    (old / "7-ranges.safetensors").write_bytes(b"12345")
    replace_model(old, new)
    renewed = json.loads((old / "manifest.json").read_text())
    assert renewed["search"] == manifest["search"]
    assert "ranges" not in renewed and not (old / "7-ranges.safetensors").exists()
    assert (old / "6-search.safetensors").read_bytes() == b"12345"
    assert not new.exists()
