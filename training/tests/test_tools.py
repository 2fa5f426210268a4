"""The tools that write fixtures run, and write what the fixtures hold."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

from dicm_training.data.pictures import synthetic_pictures

TRAINING = Path(__file__).parents[1]


def test_op_vectors_are_those_of_the_fixtures(tmp_path: Path) -> None:
    """Case by case: the same operations with the same options; values may differ in their last digits."""
    subprocess.run([sys.executable, TRAINING / "tools/make_op_vectors.py", tmp_path], check=True, cwd=TRAINING)
    written = sorted(tmp_path.iterdir())
    assert "modules.json" in [path.name for path in written]
    for path in written:
        kept = json.loads((TRAINING.parent / "fixtures/ops" / path.name).read_text())
        made = json.loads(path.read_text())
        assert outline(made) == outline(kept), path.name


def test_a_projection_is_fitted_to_features(tmp_path: Path) -> None:
    """Directions of most variance come first; the model's other files and ids stay as they are."""
    model = tmp_path / "model"
    shutil.copytree(TRAINING.parent / "fixtures/models/tiny", model)
    before = json.loads((model / "manifest.json").read_text())
    random = np.random.default_rng(3)
    directions = np.linalg.qr(random.normal(size=(24, 24)))[0][:3]
    rows = 5 + (random.normal(size=(400, 3)) * [0.9, 0.3, 0.1]) @ directions
    features = {f"photographs/{i}": row.astype(np.float32) for i, row in enumerate(rows)}
    features["evaluation/1"] = np.full(24, 1e9, np.float32) * np.arange(24)
    save_file(features, tmp_path / "features.safetensors")
    (tmp_path / "without.txt").write_text("evaluation/1\n")
    tool = [sys.executable, TRAINING / "tools/fit_search_projection.py", tmp_path / "features.safetensors"]
    options = ["--model", model, "--dimensions", "2", "--power", "0", "--without", tmp_path / "without.txt"]
    subprocess.run([*tool, *options], check=True)
    after = json.loads((model / "manifest.json").read_text())
    entry = after.pop("search")
    assert after == before
    data = (model / entry["file"]).read_bytes()
    assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    tensors = load_file(model / entry["file"])
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(tensors["search.mean"], units.mean(axis=0), atol=1e-6)
    projected = (units - units.mean(axis=0)) @ tensors["search.components"].T.astype(np.float64)
    assert entry["dimensions"] == 2
    deviations = projected.std(axis=0)
    assert 2 < deviations[0] / deviations[1] < 4
    assert abs(np.corrcoef(projected.T)[0, 1]) < 0.01


def test_ranges_hold_what_convolutions_take(tmp_path: Path) -> None:
    """One for each convolution of tail and heads, around 0; of what is added to others, also of what comes out."""
    model, photos = tmp_path / "model", tmp_path / "data" / "photos"
    shutil.copytree(TRAINING.parent / "fixtures/models/tiny", model)
    photos.mkdir(parents=True)
    random = np.random.default_rng(3)
    for i in range(3):
        Image.fromarray(random.integers(0, 256, (96, 128, 3)).astype(np.uint8)).save(photos / f"{i}.png")
    before = json.loads((model / "manifest.json").read_text())
    options = ["--model", model, "--data", tmp_path / "data", "--beyond", "0"]
    subprocess.run([sys.executable, TRAINING / "tools/fit_ranges.py", *options], check=True, cwd=TRAINING)
    after = json.loads((model / "manifest.json").read_text())
    entry = after.pop("ranges")
    assert after == before
    data = (model / entry["file"]).read_bytes()
    assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    weights = {name for path in model.glob("weights*") for name in load_file(path)}
    layers = {n.removesuffix(".weight") for n in weights if n.startswith(("tail.layer", "heads.")) and "weight" in n}
    ranges = load_file(model / entry["file"])
    assert {f"ranges.{layer}" for layer in layers if not layer.endswith("_scale")} == set(ranges)
    for name, ends in ranges.items():
        assert len(ends) == (4 if name.endswith((".conv3", ".downsample")) or ".lateral" in name else 2)
        assert (ends[::2] <= 0).all() and (ends[1::2] > 0).all()
    # Behind a ReLU nothing is negative.
    assert ranges["ranges.tail.layer2.0.conv2"][0] == 0


def outline(value: object) -> object:
    """Structure, names and whole numbers; how many numbers a list of fractions has."""
    if isinstance(value, dict):
        return {key: outline(one) for key, one in value.items()}
    if isinstance(value, list):
        if any(isinstance(one, float) for one in value):
            return len(value)
        return [outline(one) for one in value]
    return value


def test_symbol_search_finds_cheaper_symbols(tiny_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, picture in enumerate(synthetic_pictures(70, side=80)):
        Image.fromarray(picture).save(folder / f"{i}.png")
    options = ["--model", tiny_run / "model", "--data", tmp_path, "--side", "64", "--batches", "1", "--starts", "2"]
    learning = ["--learn", "pictures", "gradient", "--learn-batches", "2", "--learn-minutes", "0.01"]
    tool = [sys.executable, TRAINING / "tools/symbol_search.py", *options, "--steps", "2", "12", *learning]
    said = subprocess.run(tool, check=True, capture_output=True, text=True).stdout
    rows = [line.rsplit("cost", 1) for line in said.splitlines() if "  cost " in line]
    costs: dict[str, list[float]] = {}
    for name, cost in rows:
        costs.setdefault(name.split("  ")[0], []).append(float(cost))
    assert set(costs["plain"]) == {1.0}
    assert sum(costs["12 steps"]) < sum(costs["2 steps"]) < sum(costs["plain"])
    assert "learned, pictures" in costs and "learned, gradient" in costs
    assert 0 < float(said.split("in common: ")[1].split()[0]) <= 1
