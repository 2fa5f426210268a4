"""The data folder: what is found in it, what is left out, and how mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from dicm_training.data.annotated import UNKNOWN, read_annotated, read_categories
from dicm_training.data.layout import Data, check_data, photographs_below, training_paths, validation_rows
from dicm_training.data.pictures import Photographs, load_rgb
from dicm_training.errors import UsageError

CATEGORIES = [{"id": 7, "name": "cat"}, {"id": 3, "name": "dog"}]
ANNOTATION = {"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "instance": 1, "mask": "exact", "iscrowd": 0}


def picture(path: Path, size: tuple[int, int] = (12, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    formats = {".jpg": "JPEG", ".jpeg": "JPEG"}
    Image.new("RGB", size, (200, 30, 60)).save(path, formats.get(path.suffix.lower()))
    return path


def data_folder(root: Path, annotation: dict[str, Any] | None = None) -> Path:
    """A data folder with one picture in each list."""
    picture(root / "classification" / "a" / "one.jpg")
    picture(root / "classification" / "a" / "held.jpg")
    (root / "classification" / "train.csv").write_text("path,wnid\na/one.jpg,n01\n")
    (root / "classification" / "val.csv").write_text("path,wnid\na/held.jpg,n01\n")
    picture(root / "detection" / "x.jpg")
    Image.fromarray(np.ones((8, 12), np.uint8)).save(root / "detection" / "x.png")
    images = [{"id": 1, "file_name": "x.jpg", "instance_map": "x.png"}]
    listed = {"images": images, "annotations": [annotation or ANNOTATION], "categories": CATEGORIES}
    for part in ("train", "val"):
        (root / "detection" / f"instances_{part}.json").write_text(json.dumps(listed))
    return root


def test_photographs_are_found_at_any_depth_in_any_case_and_format(tmp_path: Path) -> None:
    names = ["a.jpg", "b/c.JPG", "b/d/e.Jpeg", "b/d/f.PNG", "g/h.webp"]
    names += ["g/i.AVIF"] if features.check("avif") else []
    made = {picture(tmp_path / "photos" / name) for name in names}
    for name in ("notes.txt", "b/.hidden.jpg", ".trash/j.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = training_paths(tmp_path)
    assert set(found) == made
    assert found == sorted(found)
    for pixels in Photographs(found):
        assert pixels.shape == (8, 12, 3)
        assert pixels.dtype == np.uint8


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    made = picture(tmp_path / "photos" / "a" / "one.png")
    (tmp_path / "photos" / "a" / "up").symlink_to(tmp_path / "photos", target_is_directory=True)
    assert photographs_below(tmp_path / "photos") == [made]


def test_held_out_pictures_are_in_no_training_list(tmp_path: Path) -> None:
    root = data_folder(tmp_path)
    for name in ("kodak/kodim03.png", "more/Kodak/kodim04.png", "mine/kodak-like.png"):
        picture(root / "photos" / name)
    found = {path.relative_to(root).as_posix() for path in training_paths(root)}
    assert found == {"classification/a/one.jpg", "detection/x.jpg", "photos/mine/kodak-like.png"}
    assert [path.name for path, _ in validation_rows(root)] == ["held.jpg"]


def test_a_whole_data_folder_passes_and_is_read(tmp_path: Path) -> None:
    root = data_folder(tmp_path)
    for data in Data:
        check_data(root, data)
    assert [c["name"] for c in read_categories(root)] == ["dog", "cat"]
    (one,) = read_annotated(root, Data.ANNOTATED_VAL)
    assert one.boxes.tolist() == [[1, 2, 4, 6]]
    assert one.categories.tolist() == [1]
    assert one.exact.tolist() == [True]
    assert (one.instance_map == 1).all()


def test_photograph_without_a_map_is_unknown_everywhere(tmp_path: Path) -> None:
    root = data_folder(tmp_path)
    path = root / "detection" / "instances_train.json"
    listed = json.loads(path.read_text())
    del listed["images"][0]["instance_map"]
    path.write_text(json.dumps(listed))
    check_data(root, Data.ANNOTATED)
    assert (read_annotated(root, Data.ANNOTATED)[0].instance_map == UNKNOWN).all()


def break_nothing_there(root: Path) -> None:
    for path in (root / "classification" / "train.csv", root / "detection" / "instances_train.json"):
        path.unlink()


def break_columns(root: Path) -> None:
    (root / "classification" / "train.csv").write_text("file;label\na/one.jpg;n01\n")


def break_json(root: Path) -> None:
    (root / "detection" / "instances_train.json").write_text("{")


def break_lists(root: Path) -> None:
    (root / "detection" / "instances_train.json").write_text('{"images": []}')


def break_file(root: Path) -> None:
    (root / "detection" / "x.jpg").unlink()


@pytest.mark.parametrize(
    ("harm", "data", "message"),
    [
        (
            break_nothing_there,
            Data.PHOTOGRAPHS,
            "expected classification/train.csv, .* found classification, det",
        ),
        (break_columns, Data.PHOTOGRAPHS, "expected the columns path in the first line, found file;label"),
        (break_json, Data.PHOTOGRAPHS, "instances_train.json is not JSON"),
        (break_lists, Data.ANNOTATED, "expected an object with the lists images, annotations, .* found images"),
        (break_file, Data.ANNOTATED, r"x\.jpg is missing \(1 of 2 pictures of .*instances_train.json are\)"),
        (break_nothing_there, Data.ANNOTATED, r"instances_train\.json is missing: unpack the data"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, harm: Any, data: Data, message: str) -> None:
    root = data_folder(tmp_path)
    harm(root)
    with pytest.raises(UsageError, match=message):
        check_data(root, data)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder: expected the unpacked data"):
        check_data(tmp_path / "nowhere", Data.PHOTOGRAPHS)


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (
            {"id": 5, "image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1]},
            "annotation 5 has no instance, mask, iscrowd",
        ),
        (
            {
                "id": 5,
                "image_id": 2,
                "category_id": 7,
                "bbox": [0, 0, 1, 1],
                "instance": 1,
                "mask": "none",
                "iscrowd": 0,
            },
            "annotation 5 is of image 2, which is not listed",
        ),
    ],
)
def test_annotations_that_cannot_be_used_are_named(tmp_path: Path, annotation: dict, message: str) -> None:
    root = data_folder(tmp_path, annotation)
    with pytest.raises(UsageError, match=message):
        read_annotated(root, Data.ANNOTATED)


def test_a_map_of_another_size_is_named(tmp_path: Path) -> None:
    root = data_folder(tmp_path)
    Image.fromarray(np.ones((4, 12), np.uint8)).save(root / "detection" / "x.png")
    with pytest.raises(UsageError, match=r"x\.png: expected a map of 8 bits, 8x12 like .* found uint8 4x12"):
        read_annotated(root, Data.ANNOTATED)


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:45])
    with pytest.raises(UsageError, match=r"a\.png cannot be read as a picture"):
        load_rgb(path)


def test_a_format_that_pillow_lacks_is_named_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = data_folder(tmp_path)
    (root / "photos").mkdir()
    (root / "photos" / "new.avif").write_bytes(b"an AVIF file")
    monkeypatch.setattr(features, "check", lambda feature: feature != "avif")
    with pytest.raises(UsageError, match=r"new\.avif cannot be read: the installed Pillow has no AVIF"):
        check_data(root, Data.PHOTOGRAPHS)
