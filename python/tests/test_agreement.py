"""Python and the command line agree: to the bit on integers and latents, to 1e-4 on what networks give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import R50, RELEASED, TINY, CommandLine

import dicm
from dicm.model.manifest import Category
from dicm.model.safetensors import read_safetensors
from dicm.tasks.objects import choose_categories

TINY_NAMES = ("one", "many", "odd")


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    return {name: tensor.values() for name, tensor in read_safetensors(path.read_bytes(), str(path)).items()}


def relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> list[tuple[Path, Path]]:
    """Files with the model of each: of the tiny model and of the released one."""
    models = request.getfixturevalue("models")
    files = request.getfixturevalue("tiny_files")
    return [(files[name], models["tiny"]) for name in TINY_NAMES] + [(path, models["r50"]) for path in RELEASED]


def test_latents_are_those_of_the_command_line(
    tiny_files: dict[str, Path], command_line: CommandLine, tmp_path: Path
) -> None:
    for path, model in [(path, TINY) for path in tiny_files.values()] + [(path, R50) for path in RELEASED]:
        output = tmp_path / f"{path.stem}.safetensors"
        command_line("decode", path, "--model", model, "--latents", "-o", output)
        wanted = arrays_of(output)
        found = dicm.open(path, model=model).latents()
        np.testing.assert_array_equal(found.y_hat, wanted["y_hat"], strict=True)
        np.testing.assert_array_equal(found.z_hat, wanted["z_hat"], strict=True)


def test_features_are_those_of_the_command_line(
    cases: list[tuple[Path, Path]], command_line: CommandLine, tmp_path: Path
) -> None:
    for path, model in cases:
        output = tmp_path / f"{path.stem}.npy"
        command_line("decode", path, "--model", model, "--backend", "onnx", "-o", output, "-f")
        wanted = np.load(output)
        file = dicm.open(path, model=model)
        found = file.features()
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert relative_error(found, wanted) < 1e-4
        half = file.features(dtype="float16")
        np.testing.assert_array_equal(half, found.astype(np.float16), strict=True)


def test_pooled_features_are_those_of_the_command_line(
    cases: list[tuple[Path, Path]], command_line: CommandLine, tmp_path: Path
) -> None:
    for path, model in cases:
        output = tmp_path / f"{path.stem}.npy"
        command_line("analyze", "embed", path, "--model", model, "--backend", "onnx", "-o", output, "-f")
        wanted = np.load(output)
        found = dicm.open(path, model=model).features("pooled")
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert relative_error(found, wanted) < 1e-4


@pytest.mark.parametrize(("layer", "stride"), [("f3", 4), ("layer2", 8), ("layer3", 16), ("layer4", 32)])
def test_deeper_layers_are_those_of_the_command_line(
    layer: str, stride: int, cases: list[tuple[Path, Path]], command_line: CommandLine, tmp_path: Path
) -> None:
    for path, model in (cases[1], cases[-1]):
        output = tmp_path / f"{path.stem}.npy"
        command_line("decode", path, "--model", model, "--backend", "onnx", "--layer", layer, "-o", output, "-f")
        wanted = np.load(output)
        file = dicm.open(path, model=model)
        found = file.features(layer)
        padded = [16 * -(-side // 16) for side in (file.info.height, file.info.width)]
        assert list(found.shape[:2]) == [-(-side // stride) for side in padded]
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert relative_error(found, wanted) < 1e-4


def test_classes_are_those_of_the_command_line(cases: list[tuple[Path, Path]], command_line: CommandLine) -> None:
    for path, model in cases:
        (wanted,) = command_line("analyze", "classify", path, "--model", model, "--backend", "onnx")
        found = dicm.open(path, model=model).classify()
        assert [one.index for one in found] == [one["index"] for one in wanted["predictions"]]
        assert [one.label for one in found] == [one["label"] for one in wanted["predictions"]]
        for one, other in zip(found, wanted["predictions"], strict=True):
            assert one.score == pytest.approx(other["score"], abs=1e-4)


def test_objects_of_some_categories_are_those_of_the_command_line(
    cases: list[tuple[Path, Path]], command_line: CommandLine
) -> None:
    counts = []
    for path, model in cases:
        file = dicm.open(path, model=model)
        everything = file.detect(min_score=0.2, max_detections=1000)
        if not everything:
            continue
        first = everything[0]
        least = ("--min-score", "0.2", "--categories", f"{first.label},{first.category_id}")
        (wanted,) = command_line("analyze", "detect", path, "--model", model, "--backend", "onnx", *least)
        found = file.detect(min_score=0.2, categories=[first.label.upper(), first.category_id])
        assert [one.label for one in found] == [one["label"] for one in wanted["detections"]]
        # With those of other categories fewer of them are among the thousand boxes that are considered at all.
        assert all(one in found for one in everything if one.label == first.label)
        counts.append(len({one.label for one in everything}) - 1)
        with pytest.raises(dicm.UsageError, match="knows no category 'unicorn'; there are") as caught:
            file.detect(categories=["unicorn"])
        assert caught.value.code == "unknown-category"
    # Others were left out somewhere.
    assert sum(counts) > 0


def test_lists_of_categories_are_what_a_model_knows_of_them() -> None:
    known = [Category(3, "couch"), Category(4, "giraffe"), Category(7, "front desk")]
    assert choose_categories(known, ["voc"]) == {0}
    assert choose_categories(known, ["coco", 7]) == {0, 1, 2}
    assert choose_categories(known, "Sofa") == {0}
    with pytest.raises(dicm.UsageError, match="no category is named"):
        choose_categories(known[2:], ["voc"])


def test_objects_are_those_of_the_command_line(cases: list[tuple[Path, Path]], command_line: CommandLine) -> None:
    masks = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed (dicm[dev])")
    count = 0
    for path, model in cases:
        least = ("--min-score", "0.2")
        (wanted,) = command_line("analyze", "segment", path, "--model", model, "--backend", "onnx", *least)
        found = dicm.open(path, model=model).segment(min_score=0.2)
        assert [one.label for one in found] == [one["label"] for one in wanted["detections"]]
        for one, other in zip(found, wanted["detections"], strict=True):
            assert one.score == pytest.approx(other["score"], abs=1e-4)
            assert one.category_id == other["categoryId"]
            box = [other["box"][key] for key in ("x", "y", "width", "height")]
            assert one.box == pytest.approx(box, rel=1e-4, abs=1e-2)
            assert one.mask is not None
            ours, theirs = masks.decode(one.mask.to_coco()), masks.decode(other["mask"])
            np.testing.assert_array_equal(ours, one.mask.decode(), strict=True)
            # A logit next to 0 may fall on either side.
            assert (ours != theirs).sum() <= 1e-4 * ours.size
            count += 1
        boxes = [(one.label, one.box) for one in dicm.open(path, model=model).detect(min_score=0.2)]
        assert boxes == [(one.label, one.box) for one in found]
    assert count > 5


def test_regions_are_those_of_the_command_line(
    cases: list[tuple[Path, Path]], command_line: CommandLine, tmp_path: Path
) -> None:
    path, model = cases[1]
    region = (120, 70, 300, 260)
    asked = ("--region", ",".join(map(str, region)), "--model", model, "--backend", "onnx")
    output = tmp_path / "region.npy"
    command_line("decode", path, *asked, "-o", output)
    file = dicm.open(path, model=model)
    found = file.features(region=region)
    assert found.shape == np.load(output).shape
    assert relative_error(found, np.load(output)) < 1e-4
    (wanted,) = command_line("analyze", "classify", path, *asked)
    assert [one.index for one in file.classify(region=region)] == [one["index"] for one in wanted["predictions"]]
    with pytest.raises(dicm.UsageError, match="holds no pixel"):
        file.features(region=(5000, 0, 10, 10))
