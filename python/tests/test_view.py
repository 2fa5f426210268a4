"""Pictures of view layers, and files of two layers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES, RELEASED, ROOT, TINY, VIEW, CommandLine

import dicm

ENCODE = """
import { writeFileSync } from 'node:fs';
import { openCodec } from './dist/src/index.js';
const [picture, model, output] = process.argv.slice(1);
const codec = await openCodec({ model, backend: 'onnx' });
const { bytes } = await codec.encode(picture, { layers: ['machine', 'view'], maxSide: 'none' });
writeFileSync(output, bytes);
writeFileSync(output.replace('.dicm', '.rgb'), (await codec.decodePicture(bytes)).data);
await codec.dispose();
"""


@pytest.fixture(scope="module")
def layered(command_line: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file of two layers, and the folder of the models that read it."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (dicm[onnx])")
    folder = tmp_path_factory.mktemp("view")
    models = folder / "models"
    shutil.copytree(TINY, models / "tiny")
    view = shutil.copytree(VIEW, models / "view")
    command_line("models", "export", "--model", view, "--onnx", view / "onnx")
    path = folder / "two.dicm"
    picture = FIXTURES / "images" / "coffee.png"
    subprocess.run(
        ["node", "--input-type=module", "-e", ENCODE, str(picture), str(models), str(path)],
        check=True,
        cwd=ROOT,
    )
    return path, models


def test_the_picture_is_that_of_node(layered: tuple[Path, Path]) -> None:
    path, models = layered
    found = dicm.open(path, model=models).picture()
    height, width, _ = found.shape
    assert (width, height) == (dicm.open(path).info.layers[1].width, dicm.open(path).info.layers[1].height)
    wanted = np.frombuffer(path.with_suffix(".rgb").read_bytes(), np.uint8).reshape(found.shape).astype(int)
    # Where executors differ in the last bit, a sample may round to its neighbour.
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 1e-3
    assert found.std() > 10


def test_a_region_is_a_part_of_the_picture(layered: tuple[Path, Path]) -> None:
    path, models = layered
    file = dicm.open(path, model=models)
    whole = file.picture().astype(int)
    # Across the border of the two tiles, at column 512.
    region = file.picture(region=(480, 96, 100, 160)).astype(int)
    assert region.shape == (160, 112, 3)
    assert np.abs(region - whole[96:256, 480:592]).max() <= 1


def test_both_layers_decode_and_verify(layered: tuple[Path, Path]) -> None:
    path, models = layered
    file = dicm.open(path, model=models)
    assert [layer.layer for layer in file.info.layers] == ["machine", "view"]
    np.testing.assert_array_equal(file.latents().y_hat, file.latents("machine").y_hat)
    assert file.latents("view").y_hat.shape == (*file.latents().y_hat.shape[:2], 192)
    assert [one.proved for one in file.verify()] == [True, True]
    machine_alone = dicm.open(path, model=models / "tiny").verify()
    assert [one.proved for one in machine_alone] == [True, False]
    assert "no model" in (machine_alone[1].reason or "")


def test_a_prefix_is_its_first_layer(layered: tuple[Path, Path]) -> None:
    path, models = layered
    whole = dicm.open(path, model=models)
    assert whole.info.prefix_bytes is not None
    cut = dicm.open(path.read_bytes()[: whole.info.prefix_bytes + 9], model=models, prefix=True)
    assert cut.info.proved_by == "prefix-check"
    np.testing.assert_array_equal(cut.latents().y_hat, whole.latents().y_hat)
    with pytest.raises(dicm.UsageError, match="no layer that holds a picture"):
        cut.picture()


def test_what_a_file_or_a_model_lacks_is_said(tmp_path: Path) -> None:
    file = dicm.open(RELEASED[0], model=TINY)
    with pytest.raises(dicm.UsageError, match="holds features") as caught:
        file.picture()
    assert caught.value.code == "missing-layer"
    with pytest.raises(dicm.UsageError) as caught:
        file.latents("view")
    assert caught.value.code == "missing-layer"
    with pytest.raises(dicm.UsageError) as caught:
        file.latents("front")
    assert caught.value.code == "bad-layer"
    with pytest.raises(dicm.UsageError) as caught:
        file.features("layer5")
    assert caught.value.code == "bad-feature-layer"


def test_graphs_that_are_missing_or_of_another_model_are_refused(
    models: dict[str, Path], tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(TINY, folder)
    path = tiny_files["one"]
    with pytest.raises(dicm.ModelError, match="dicm models export --onnx") as caught:
        dicm.open(path, model=folder).features()
    assert caught.value.code == "model-missing"
    shutil.copytree(models["r50"] / "onnx", folder / "onnx")
    with pytest.raises(dicm.ModelError, match="is of a model with name dicm-r50") as caught:
        dicm.open(path, model=folder).features()
    assert caught.value.code == "model-damaged"
    shutil.rmtree(folder / "onnx")
    shutil.copytree(models["tiny"] / "onnx", folder / "onnx")
    data = bytearray((folder / "onnx" / "features.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "onnx" / "features.onnx").write_bytes(data)
    with pytest.raises(dicm.ModelError, match="export the graphs again"):
        dicm.open(path, model=folder).features()
    with pytest.raises(dicm.BackendError, match="no execution provider Nowhere") as backend:
        dicm.open(path, model=models["tiny"], providers=["Nowhere"]).features()
    assert backend.value.code == "no-backend"
