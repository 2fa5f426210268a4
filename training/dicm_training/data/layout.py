"""The data folder: which lists of photographs a stage asks for, where they lie, and whether they are there.

training/README.md describes the layout. Everything is checked before any work: UsageError says what was expected,
what was found, and what to do.
"""

from __future__ import annotations

import csv
import enum
import functools
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import features

from ..errors import UsageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif")
"""Names of photographs end so, in any case."""
OPTIONAL_FORMATS = {".webp": "webp", ".avif": "avif"}
"""Suffixes that not every Pillow reads, with its name for the feature."""
PRISTINE = "photos-clean"
"""Folder with pictures that were never compressed, for the perceptual profile alone."""
HELD_OUT = frozenset({"kodak"})
"""Folders below photos/ that are kept for comparisons of codecs and never trained on."""

COCO_LISTS = ("images", "annotations", "categories")


class Data(enum.Enum):
    """What a stage may ask of the data folder."""

    PHOTOGRAPHS = "*/train.csv, */instances_train.json, */instances_more.json, photos/ (what there is of them)"
    VIEW_PHOTOGRAPHS = "photos-clean/, and what there is of the other photographs"
    ANNOTATED = "detection/instances_train.json"
    ANNOTATED_VAL = "detection/instances_val.json"
    LABELLED_VAL = "classification/val.csv"


def read_table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a CSV file whose first line names at least these columns."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            found = ", ".join(reader.fieldnames or ()) or "an empty file"
            raise UsageError(f"{path}: expected the columns {', '.join(columns)} in the first line, found {found}")
        return list(reader)


def read_instances(path: Path) -> dict[str, Any]:
    """Read a file in COCO layout: images, annotations and categories."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise UsageError(f"{path} is not JSON: {problem}") from problem
    if not isinstance(listed, dict) or not all(isinstance(listed.get(k), list) for k in COCO_LISTS):
        found = ", ".join(listed) if isinstance(listed, dict) else type(listed).__name__
        raise UsageError(f"{path}: expected an object with the lists {', '.join(COCO_LISTS)}, found {found}")
    return listed


def photographs_below(folder: Path) -> list[Path]:
    """List the pictures in a folder and all folders below it, sorted, but hidden ones and those of HELD_OUT folders."""
    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back up
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if name.lower() not in HELD_OUT and not name.startswith(".")]
        named = [name for name in files if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
        found += [Path(place) / name for name in named]
    return sorted(found)


def annotated_lists(root: Path, data: Data) -> list[Path]:
    """List the files of one of the two annotated lists: the one that is required, and further ones for training."""
    more = root.glob("*/instances_more.json") if data is Data.ANNOTATED else ()
    return [root / data.value, *sorted(more)]


def unlabelled_paths(root: Path, per_class: int | None = None) -> list[Path]:
    """List the training photographs without boxes: rows of every train.csv, and photos/ but for HELD_OUT.

    With `per_class` at most that many of a wnid, the first ones of their table, so that a class with many pictures
    weighs no more than others; rows without a wnid all count.
    """
    paths: list[Path] = []
    for table in sorted(root.glob("*/train.csv")):
        seen: Counter[str] = Counter()
        for row in read_table(table, ("path",)):
            wnid = row.get("wnid") or ""
            seen[wnid] += 1
            if per_class is None or not wnid or seen[wnid] <= per_class:
                paths.append(table.parent / row["path"])
    return paths + photographs_below(root / "photos")


def training_paths(root: Path, per_class: int | None = None) -> list[Path]:
    """List every training photograph of a data folder: annotated ones, and `unlabelled_paths`. Raises UsageError."""
    paths = compressed_paths(root, per_class)
    if not paths:
        raise no_photographs(root, "classification/train.csv, detection/instances_train.json or pictures in photos/")
    return paths


def compressed_paths(root: Path, per_class: int | None = None) -> list[Path]:
    """List what `training_paths` lists, of which there may be none."""
    paths = unlabelled_paths(root, per_class)
    for instances in annotated_lists(root, Data.ANNOTATED):
        if instances.exists():
            paths += [instances.parent / image["file_name"] for image in read_instances(instances)["images"]]
    return paths


def pristine_paths(root: Path) -> list[Path]:
    """List the pictures below `photos-clean/`, which were never compressed."""
    return photographs_below(root / PRISTINE)


def view_paths(root: Path) -> tuple[list[Path], list[Path]]:
    """List what the perceptual profile learns from: `pristine_paths`, `compressed_paths`. Raises UsageError."""
    pristine, compressed = pristine_paths(root), compressed_paths(root)
    if not pristine and not compressed:
        raise no_photographs(root, f"pictures in {PRISTINE}/ or photos/, or classification/train.csv")
    return pristine, compressed


def no_photographs(root: Path, expected: str) -> UsageError:
    """Say what a data folder without photographs lacks."""
    inside = ", ".join(sorted(p.name for p in root.iterdir())[:8]) or "nothing"
    return UsageError(
        f"no training photographs below {root}: expected {expected} ({' '.join(SUFFIXES)}), found {inside}; "
        "unpack the data there, or use --synthetic"
    )


def validation_rows(root: Path) -> list[tuple[Path, str]]:
    """List (path, wnid) of classification/val.csv."""
    table = root / "classification" / "val.csv"
    return [(table.parent / row["path"], row["wnid"]) for row in read_table(table, ("path", "wnid"))]


def check_files(paths: list[Path], where: str) -> None:
    """Refuse a list of pictures of which one is missing, or of a format that the installed Pillow does not read."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise UsageError(
            f"{missing[0]} is missing ({len(missing)} of {len(paths)} pictures of {where} are): "
            "unpack the data completely"
        )
    for suffix, feature in OPTIONAL_FORMATS.items():
        if not features.check(feature):
            unread = next((path for path in paths if path.suffix.lower() == suffix), None)
            if unread is not None:
                raise UsageError(
                    f"{unread} cannot be read: the installed Pillow has no {feature.upper()}; "
                    "install one that has (pip install -U pillow), or convert such files"
                )


def list_pictures(root: Path, data: Data) -> list[Path]:
    """List the pictures behind a list of the data folder; all of the list is read, no picture is."""
    if data is Data.PHOTOGRAPHS:
        return training_paths(root)
    if data is Data.VIEW_PHOTOGRAPHS:
        return [path for paths in view_paths(root) for path in paths]
    path = root / data.value
    if not path.exists():
        raise UsageError(f"{path} is missing: unpack the data so that {data.value} is below {root}, or use --synthetic")
    if data is Data.LABELLED_VAL:
        return [picture for picture, _ in validation_rows(root)]
    pictures: list[Path] = []
    for instances in annotated_lists(root, data):
        images = read_instances(instances)["images"]
        pictures += [instances.parent / image["file_name"] for image in images]
        pictures += [instances.parent / image["instance_map"] for image in images if image.get("instance_map")]
    return pictures


@functools.lru_cache
def check_data(root: Path, data: Data) -> None:
    """Refuse a data folder that does not hold what is asked for."""
    if not root.is_dir():
        raise UsageError(f"--data {root} is not a folder: expected the unpacked data (training/README.md, data)")
    pictures = list_pictures(root, data)
    where = str(root) if data is Data.PHOTOGRAPHS else str(root / data.value)
    if not pictures:
        raise UsageError(f"{where} lists no pictures")
    check_files(pictures, where)
