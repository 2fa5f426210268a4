"""Second witness for the project's metrics: pycocotools for masks and average precision, scipy for Bjontegaard deltas.

Takes cases in the form of `fixtures/evaluation/*.json` and returns what they should give. `make_evaluation_vectors.py`
writes the files with it, `tests/test_metrics.py` checks that they still say the same.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.interpolate import PchipInterpolator
from scipy.optimize import isotonic_regression

Case = dict[str, Any]


def run_lengths(bitmap: np.ndarray) -> Case:
    """Encode a bitmap [height, width] of 0 and 1 as a COCO mask."""
    encoded = coco_mask.encode(np.asfortranarray(bitmap.astype(np.uint8)))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def mask_figures(case: Case) -> Case:
    """Area of two masks, of their intersection and union, and the strings of both."""
    a, b = case["a"], case["b"]
    both = [coco_mask.merge([a, b], intersect=intersect) for intersect in (True, False)]
    rest = coco_mask.decode(a) & (1 - coco_mask.decode(b))
    return {
        "areaA": int(coco_mask.area(a)),
        "intersection": both[0]["counts"].decode("ascii"),
        "intersectionArea": int(coco_mask.area(both[0])),
        "union": both[1]["counts"].decode("ascii"),
        "difference": run_lengths(rest)["counts"],
    }


def known_part(objects: list[Case], unknown: Case | None) -> list[Case]:
    """Masks without unknown pixels; objects of which nothing is left are left out."""
    if unknown is None:
        return objects
    known = 1 - coco_mask.decode(unknown)
    kept = []
    for item in objects:
        before = coco_mask.decode(item["mask"])
        after = before & known
        if after.any() or not before.any():
            kept.append({**item, "mask": run_lengths(after)})
    return kept


def coco_annotations(images: list[Case], which: str, kind: str) -> list[Case]:
    """Annotations as pycocotools wants them, with ids from 1: it takes 0 for "no match"."""
    annotations: list[Case] = []
    for image_id, image in enumerate(images):
        objects = image[which]
        if kind == "mask":
            objects = known_part(objects, image.get("unknown"))
        for item in objects:
            box = item["box"]
            annotation = {
                "id": len(annotations) + 1,
                "image_id": image_id,
                "category_id": item["categoryId"],
                "iscrowd": int(item.get("isCrowd", False)),
                "score": item.get("score", 0),
                "bbox": [box["x"], box["y"], box["width"], box["height"]],
                "area": box["width"] * box["height"],
            }
            if kind == "mask":
                annotation |= {"segmentation": item["mask"], "area": int(coco_mask.area(item["mask"]))}
            annotations.append(annotation)
    return annotations


def average_precision(case: Case) -> Case:
    """AP, AP50, AP75 over all categories and for each, as COCOeval summarises them; None where it says -1."""
    truth, found = COCO(), COCO()
    for coco, which in ((truth, "truth"), (found, "detections")):
        coco.dataset = {
            "images": [{"id": i, "height": case["height"], "width": case["width"]} for i in range(len(case["images"]))],
            "categories": [{"id": i, "name": str(i)} for i in case["categoryIds"]],
            "annotations": coco_annotations(case["images"], which, case["kind"]),
        }
        with contextlib.redirect_stdout(io.StringIO()):
            coco.createIndex()
    evaluation = COCOeval(truth, found, "segm" if case["kind"] == "mask" else "bbox")
    evaluation.params.imgIds = list(range(len(case["images"])))
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    # [thresholds, recalls, categories] at area "all" and 100 detections.
    precision = evaluation.eval["precision"][:, :, :, 0, 2]

    def mean(values: np.ndarray) -> float | None:
        known = values[values > -1]
        return float(known.mean()) if known.size > 0 else None

    def figures(values: np.ndarray) -> Case:
        return {"ap": mean(values), "ap50": mean(values[0]), "ap75": mean(values[5])}

    by_category = [
        {"categoryId": c, **figures(precision[:, :, evaluation.params.catIds.index(c)])} for c in case["categoryIds"]
    ]
    return {**figures(precision), "categories": by_category}


def rising_curve(points: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Log rates and the nearest rising accuracies; points of one rate are averaged."""
    rates = sorted({rate for rate, _ in points})
    means = [np.mean([accuracy for rate, accuracy in points if rate == one]) for one in rates]
    return np.log(rates), isotonic_regression(means).x


def delta(case: Case) -> Case:
    """BD-rate in percent and BD-accuracy with the share of the range that both curves have; None without overlap."""
    (anchor_rate, anchor), (test_rate, test) = rising_curve(case["anchor"]), rising_curve(case["test"])

    def inverse(rate: np.ndarray, accuracy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = np.unique(accuracy)
        return values, np.array([rate[accuracy == value].mean() for value in values])

    def difference(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> tuple[float | None, float]:
        low, high = max(a[0][0], b[0][0]), min(a[0][-1], b[0][-1])
        if high <= low:
            return None, 0.0
        area = PchipInterpolator(*b).integrate(low, high) - PchipInterpolator(*a).integrate(low, high)
        return float(area / (high - low)), float((high - low) / min(np.ptp(a[0]), np.ptp(b[0])))

    log_ratio, rate_share = difference(inverse(anchor_rate, anchor), inverse(test_rate, test))
    gain, accuracy_share = difference((anchor_rate, anchor), (test_rate, test))
    return {
        "bdRate": None if log_ratio is None else float(100 * np.expm1(log_ratio)),
        "bdRateShare": rate_share,
        "bdAccuracy": gain,
        "bdAccuracyShare": accuracy_share,
    }


def draws(seed: int, images: int, resamples: int) -> np.ndarray:
    """How often each picture is drawn, [resamples, images], with the generator mulberry32."""
    word, state = 0xFFFFFFFF, seed & 0xFFFFFFFF
    counts = np.zeros((resamples, images), dtype=np.int64)
    for draw in range(resamples):
        for _ in range(images):
            state = (state + 0x6D2B79F5) & word
            mixed = ((state ^ (state >> 15)) * (state | 1)) & word
            mixed ^= (mixed + (((mixed ^ (mixed >> 7)) * (mixed | 61)) & word)) & word
            number = mixed ^ (mixed >> 14)
            counts[draw, int(number / 2**32 * images)] += 1
    return counts


def bootstrap(case: Case) -> Case:
    """Percentile intervals of BD-rate and BD-accuracy over pictures drawn anew."""

    def curves(weights: np.ndarray) -> Case:
        return {
            name: [
                [float(np.average(point["bytes"], weights=weights)), float(np.average(point["hits"], weights=weights))]
                for point in case[name]
            ]
            for name in ("anchor", "test")
        }

    images = len(case["anchor"][0]["bytes"])
    results = [delta(curves(weights)) for weights in draws(case["seed"], images, case["resamples"])]
    tail = (1 - case["confidence"]) / 2
    intervals: Case = {}
    for name in ("bdRate", "bdAccuracy"):
        values = [result[name] for result in results if result[name] is not None and result[f"{name}Share"] >= 0.25]
        low, high = np.quantile(values, [tail, 1 - tail])
        intervals[name] = {"low": float(low), "high": float(high), "used": len(values)}
    return intervals
