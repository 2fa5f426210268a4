"""Data sets for PyTorch: what they list, what they give, in how many processes."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import dicm

torch = pytest.importorskip("torch", reason="torch is not installed (dicm[torch])")

from torch.utils.data import DataLoader  # noqa: E402

from dicm.torch import DicmDataset, FeatureOptions, HuggingFaceTransform, WebDatasetDecoder, collate  # noqa: E402


@pytest.fixture
def model(models: dict[str, Path]) -> Path:
    return models["tiny"]


@pytest.fixture
def tree(tiny_files: dict[str, Path], tmp_path: Path) -> Path:
    """A folder for each class; files that are none, and hidden ones."""
    for place in ("cat/1", "cat/deep/2", "dog/1", "dog/.hidden"):
        path = tmp_path / f"{place}.dicm"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tiny_files["odd" if place == "dog/1" else "one"], path)
    (tmp_path / "cat" / "notes.txt").write_text("no file of the data set")
    (tmp_path / ".cache").mkdir()
    return tmp_path


def test_a_folder_for_each_class(tree: Path, model: Path) -> None:
    data = DicmDataset(tree, "layer4", model=model)
    assert [path.relative_to(tree).as_posix() for path in data.paths] == ["cat/1.dicm", "cat/deep/2.dicm", "dog/1.dicm"]
    assert (data.classes, data.labels, len(data)) == (["cat", "dog"], [0, 0, 1], 3)
    features, label = data[2]
    expected = dicm.open(data.paths[2], model=model).features("layer4")
    assert label == 1
    assert features.shape == (expected.shape[2], *expected.shape[:2])
    np.testing.assert_array_equal(features.permute(1, 2, 0).numpy(), expected)


def test_files_without_classes(tree: Path, model: Path) -> None:
    data = DicmDataset(tree / "cat" / "deep", dtype="float16", model=model, transform=lambda x: x.double())
    features, label = data[0]
    assert (label, data.classes, features.ndim, features.dtype) == (-1, [], 1, torch.float64)


def test_a_csv_file(tree: Path, model: Path) -> None:
    table = tree / "list.csv"
    table.write_text("﻿name,kind\ndog/1.dicm,dog\ncat/1.dicm,cat\ncat/deep/2.dicm,\n")
    columns = {"path_column": "name", "label_column": "kind", "model": model}
    data = DicmDataset(table, "latents", **columns)
    assert (data.classes, data.labels) == (["cat", "dog"], [1, 0, -1])
    y_hat = dicm.open(data.paths[0], model=model).latents().y_hat
    np.testing.assert_array_equal(data[0][0].permute(1, 2, 0).numpy(), y_hat)
    assert DicmDataset(table, classes=["bird", "dog", "cat"], **columns).labels == [1, 2, -1]


def test_sources_that_are_none(tree: Path) -> None:
    (tree / "empty").mkdir()
    table = tree / "list.csv"
    table.write_text("path,label\ncat/1.dicm,cat\n")
    for arguments, code in (
        ({"source": tree / "nowhere"}, "bad-dataset"),
        ({"source": tree / "empty"}, "empty-dataset"),
        ({"source": table, "path_column": "file"}, "bad-dataset"),
        ({"source": table, "classes": ["dog"]}, "bad-dataset"),
    ):
        with pytest.raises(dicm.UsageError) as caught:
            DicmDataset(**arguments)
        assert caught.value.code == code
    with pytest.raises(TypeError, match="float32 or float16"):
        DicmDataset(tree, dtype="float64")


def test_a_damaged_file_is_named(tree: Path, model: Path) -> None:
    data = DicmDataset(tree, model=model)
    content = bytearray(data.paths[1].read_bytes())
    content[-1] ^= 1
    data.paths[1].write_bytes(content)
    with pytest.raises(dicm.FormatError, match=r"deep/2\.dicm: ") as caught:
        data[1]
    assert caught.value.code == "crc-mismatch"


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [0, 2, 4])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_workers(tree: Path, model: Path, workers: int, start: str) -> None:
    if start == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    data = DicmDataset(tree, "layer3", model=model)
    # The model is open here already: a forked worker must not use what is its parent's.
    expected = [data[index] for index in range(len(data))]
    context = start if workers else None
    loader = DataLoader(data, batch_size=1, num_workers=workers, multiprocessing_context=context)
    for (features, labels), (own, label) in zip(loader, expected, strict=True):
        assert labels.tolist() == [label]
        # Another number of threads may add up in another order.
        torch.testing.assert_close(features[0], own, rtol=1e-4, atol=1e-5)


def test_collate_stacks_what_is_equal_and_pads_what_is_not() -> None:
    a, b = torch.arange(12.0).reshape(2, 2, 3), torch.ones(2, 3, 1)
    batch = collate([(a, 3), (b, -1)])
    assert (batch.labels.tolist(), batch.sizes.tolist()) == ([3, -1], [[2, 3], [3, 1]])
    assert batch.features.shape == (2, 2, 3, 3)
    assert torch.equal(batch.features[0, :, :2], a)
    assert torch.equal(batch.features[1, :, :, :1], b)
    assert batch.features.sum() == a.sum() + b.sum()
    assert torch.equal(collate([(a, 0), (a, 1)]).features, torch.stack([a, a]))
    vectors = collate([(torch.ones(4), 0), (torch.zeros(4), 1)])
    assert (vectors.features.shape, vectors.sizes.shape) == ((2, 4), (2, 0))
    with pytest.raises(ValueError, match="one number of channels"):
        collate([(a, 0), (torch.ones(3, 2, 3), 0)])


def test_webdataset_decodes_its_entries(tree: Path, model: Path) -> None:
    decoder = pickle.loads(pickle.dumps(WebDatasetDecoder("layer4", model=model)))
    data = (tree / "dog" / "1.dicm").read_bytes()
    expected = FeatureOptions("layer4", model=model).read(data)
    assert torch.equal(decoder(".dicm", data), expected)
    assert torch.equal(decoder(".photo.DICM", data), expected)
    assert decoder(".cls", b"1") is None


def test_webdataset_itself(tree: Path, model: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")
    archive = tmp_path / "shard.tar"
    data = (tree / "dog" / "1.dicm").read_bytes()
    with webdataset.TarWriter(str(archive)) as writer:
        writer.write({"__key__": "a", "dicm": data, "cls": 1})
    samples = webdataset.WebDataset(str(archive), shardshuffle=False).decode(WebDatasetDecoder(model=model))
    sample = next(iter(samples))
    assert torch.equal(sample["dicm"], FeatureOptions(model=model).read(data))


@pytest.mark.parametrize("kind", ["path", "bytes", "stored"])
def test_rows_and_batches_of_a_hugging_face_data_set(tree: Path, model: Path, kind: str) -> None:
    path = tree / "dog" / "1.dicm"
    value = {"path": str(path), "bytes": path.read_bytes(), "stored": {"bytes": None, "path": str(path)}}[kind]
    transform = HuggingFaceTransform("file", to="x", model=model)
    expected = FeatureOptions(model=model).read(path)
    row = transform({"file": value, "label": 3})
    assert (sorted(row), row["label"]) == (["label", "x"], 3)
    assert torch.equal(row["x"], expected)
    batch = transform({"file": [value, value], "label": [3, 4]})
    assert batch["label"] == [3, 4]
    assert all(torch.equal(one, expected) for one in batch["x"])
    for rows in ({"other": value}, {"file": None}):
        with pytest.raises(dicm.UsageError) as caught:
            transform(rows)
        assert caught.value.code == "bad-dataset"


def test_hugging_face_datasets_themselves(tree: Path, model: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    files = [str(path) for path in sorted(tree.rglob("[0-9].dicm"))]
    rows = datasets.Dataset.from_dict({"file": files, "label": [0, 0, 1]})
    expected = [FeatureOptions(model=model).read(path) for path in files]
    mapped = rows.map(HuggingFaceTransform("file", model=model), remove_columns="file").with_format("torch")
    rows.set_transform(HuggingFaceTransform("file", model=model))
    for index, features in enumerate(expected):
        assert torch.equal(rows[index]["features"], features)
        torch.testing.assert_close(mapped[index]["features"], features)
