"""Photographs with boxes and instance maps, in COCO layout (training/README.md, data)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UsageError
from .categories import category_key
from .layout import Data, annotated_lists, read_instances
from .pictures import load_rgb, read_pixels, synthetic_pictures

UNKNOWN = 255
"""Value of an instance map that counts neither for nor against a prediction."""
SYNTHETIC_CATEGORIES: list[dict[str, object]] = [{"id": i + 1, "name": f"category {i + 1}"} for i in range(20)]
NO_INSTANCE = -1
"""In place of the value of an instance map, for objects that are in none."""
ANNOTATION_KEYS = ("image_id", "category_id", "bbox", "instance", "mask", "iscrowd")


@dataclass
class Annotated:
    """One photograph: rgb [H, W, 3], instance map [H, W] and its objects.

    boxes [n, 4] are (x0, y0, x1, y1) in pixels; categories count from 0; `exact` says whose pixels in the map can be
    trusted; `crowd` boxes are to be ignored.
    """

    rgb: np.ndarray
    instance_map: np.ndarray
    boxes: np.ndarray
    categories: np.ndarray
    instances: np.ndarray
    exact: np.ndarray
    crowd: np.ndarray
    labelled: bool = True
    """Whether its objects are known at all; a photograph without boxes says nothing about what is on it."""


def without_boxes(rgb: np.ndarray) -> Annotated:
    """Make an entry of a photograph whose objects nobody has marked."""
    none = np.zeros(0, np.int64)
    unknown = np.full(rgb.shape[:2], UNKNOWN, np.uint8)
    return Annotated(rgb, unknown, np.zeros((0, 4), np.float32), none, none, none > 0, none > 0, labelled=False)


def read_categories(root: Path) -> list[dict[str, object]]:
    """Read the categories [{id, name}] of the training annotations, by id."""
    listed = read_instances(root / Data.ANNOTATED.value)["categories"]
    return sorted(({"id": c["id"], "name": c["name"]} for c in listed), key=lambda c: c["id"])


def category_order(path: Path, listed: list[dict], names: list[str] | None) -> dict[int, int]:
    """Map the ids of a file's categories to places among `names`, or without those to their order by id."""
    if names is None:
        return {c["id"]: i for i, c in enumerate(sorted(listed, key=lambda c: c["id"]))}
    places = {category_key(name): i for i, name in enumerate(names)}
    unknown = [c["name"] for c in listed if category_key(c["name"]) not in places]
    if unknown:
        raise UsageError(f"{path} has the categories {', '.join(unknown)}, which are not among {', '.join(names)}")
    return {c["id"]: places[category_key(c["name"])] for c in listed}


def read_annotated(root: Path, data: Data, names: list[str] | None = None) -> list[Annotated]:
    """Read all photographs of one of the two annotated lists into memory.

    Categories count in the order of their ids, or with `names` in that order.
    """
    found: list[Annotated] = []
    for path in annotated_lists(root, data):
        found += read_instance_file(path, names)
    return found


def read_instance_file(path: Path, names: list[str] | None) -> list[Annotated]:
    """Read all photographs of a file in COCO layout into memory."""
    folder = path.parent
    listed = read_instances(path)
    order = category_order(path, listed["categories"], names)
    objects: dict[int, list[dict]] = {image["id"]: [] for image in listed["images"]}
    for annotation in listed["annotations"]:
        check_annotation(path, annotation, objects, order)
        objects[annotation["image_id"]].append(annotation)

    def read(image: dict) -> Annotated:
        found = objects[image["id"]]
        boxes = np.array([a["bbox"] for a in found], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        rgb = load_rgb(folder / image["file_name"])
        instance_map = np.full(rgb.shape[:2], UNKNOWN, np.uint8)
        if image.get("instance_map") is not None:
            instance_map = read_map(folder / image["instance_map"], rgb.shape[:2])
        return Annotated(
            rgb,
            instance_map,
            boxes,
            np.array([order[a["category_id"]] for a in found], np.int64),
            np.array([a.get("instance", NO_INSTANCE) for a in found], np.int64),
            np.array([a["mask"] == "exact" for a in found], bool),
            np.array([a["iscrowd"] == 1 for a in found], bool),
        )

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(read, listed["images"]))


def check_annotation(path: Path, annotation: dict, images: dict[int, list[dict]], categories: dict[int, int]) -> None:
    """Refuse an annotation that lacks a field, or names an image or a category that is not listed."""
    without_map = annotation.get("mask") == "none"
    missing = [key for key in ANNOTATION_KEYS if key not in annotation and not (key == "instance" and without_map)]
    name = f"{path}: annotation {annotation.get('id', '?')}"
    if missing:
        raise UsageError(f"{name} has no {', '.join(missing)}: expected {', '.join(ANNOTATION_KEYS)}")
    if annotation["image_id"] not in images:
        raise UsageError(f"{name} is of image {annotation['image_id']}, which is not listed")
    if annotation["category_id"] not in categories:
        raise UsageError(f"{name} is of category {annotation['category_id']}, which is not listed")


def read_map(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read an instance map: 8-bit, one value a pixel, of its photograph's size."""
    values = read_pixels(path)
    if values.dtype != np.uint8 or values.shape != shape:
        found = f"{values.dtype} {'x'.join(map(str, values.shape))}"
        raise UsageError(f"{path}: expected a map of 8 bits, {shape[0]}x{shape[1]} like its photograph, found {found}")
    return values


def synthetic_annotated(count: int, side: int = 160, seed: int = 0) -> list[Annotated]:
    """Draw pictures with coloured ellipses as objects of 20 categories, for smoke tests."""
    rng = np.random.default_rng(seed)
    made = []
    for picture in synthetic_pictures(count, side, seed):
        rgb, instance_map = picture.copy(), np.zeros((side, side), np.uint8)
        boxes, categories = [], []
        for k in range(int(rng.integers(1, 4))):
            w, h = rng.integers(side // 8, side // 2, 2)
            x, y = rng.integers(0, side - w), rng.integers(0, side - h)
            ys, xs = np.mgrid[:side, :side]
            inside = ((xs - x - w / 2) / (w / 2)) ** 2 + ((ys - y - h / 2) / (h / 2)) ** 2 < 1
            category = int(rng.integers(20))
            rgb[inside] = np.random.default_rng(category).integers(0, 256, 3)
            instance_map[inside] = k + 1
            boxes.append((x, y, x + w, y + h))
            categories.append(category)
        n = len(boxes)
        made.append(
            Annotated(
                rgb,
                instance_map,
                np.array(boxes, np.float32),
                np.array(categories, np.int64),
                np.arange(1, n + 1),
                np.ones(n, bool),
                np.zeros(n, bool),
            )
        )
    return made
