"""Box AP50 of a training run's heads on annotated photographs, level by level, by pycocotools.

Measures unquantised weights and estimated bits, to compare runs with each other; what a release reaches is measured
by `dicm bench detect`, with the bytes of real files.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..data.annotated import Annotated
from ..data.pictures import to_rgb
from ..errors import UsageError
from ..models.backbone import normalise
from ..models.codec import Model
from ..models.heads import Heads
from .objects import find_objects

CODED_MULTIPLE = 16
MIN_SCORE = 0.05


def check_pycocotools() -> None:
    """Refuse to measure boxes without pycocotools. Raises UsageError."""
    if importlib.util.find_spec("pycocotools") is None:
        raise UsageError("box AP needs pycocotools: pip install -e 'training[dev]'")


def coded_picture(rgb: np.ndarray, side: int) -> tuple[Tensor, int, int]:
    """Fit [H, W, 3] to a longest side and repeat its edge to multiples of 16: ([1, 3, h', w'], fitted h, w)."""
    scale = min(1.0, side / max(rgb.shape[:2]))
    height, width = (max(1, round(length * scale)) for length in rgb.shape[:2])
    if scale < 1:
        rgb = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS))
    padded = np.pad(rgb, ((0, -height % CODED_MULTIPLE), (0, -width % CODED_MULTIPLE), (0, 0)), mode="edge")
    return torch.from_numpy(padded).permute(2, 0, 1)[None], height, width


@torch.no_grad()
def measure_boxes(
    model: Model,
    heads: Heads,
    pictures: list[Annotated],
    levels: Sequence[int],
    device: torch.device,
    side: int = 288,
) -> dict[str, Any]:
    """Box AP50 % (mean over categories) and estimated bits per fitted pixel of each level, and of untouched features.

    `side` is the longest side that photographs are fitted to, as `dicm encode` does.
    """
    found: dict[int | None, list[dict]] = {level: [] for level in (None, *levels)}
    bits, pixels = dict.fromkeys(levels, 0.0), 0
    for index, picture in enumerate(pictures):
        rgb, height, width = coded_picture(picture.rgb, side)
        pixels += height * width
        f1 = model.head(normalise(to_rgb(rgb.to(device))).contiguous(memory_format=torch.channels_last))
        for level in found:
            features = f1
            if level is not None:
                coded = model.codec(f1, torch.full((1,), float(level), device=device), noisy=False)
                bits[level] += float((coded.latent_bits + coded.hyper_bits).sum())
                features = coded.features
            c2, c3, c4, _ = model.tail(features)
            objects = find_objects(heads((c2, c3, c4)), 0, height, width, MIN_SCORE)
            scale = picture.rgb.shape[0] / height
            for score, category, (x0, y0, x1, y1) in zip(
                objects.scores.tolist(), objects.categories.tolist(), (objects.boxes * scale).tolist(), strict=True
            ):
                box = [x0, y0, x1 - x0, y1 - y0]
                found[level].append({"image_id": index, "category_id": category, "bbox": box, "score": score})
    return {
        "pictures": len(pictures),
        "uncompressed": {"ap50": box_ap50(pictures, found[None])},
        "levels": [
            {"level": level, "bpp": bits[level] / pixels, "ap50": box_ap50(pictures, found[level])} for level in levels
        ],
    }


def box_ap50(pictures: list[Annotated], found: list[dict]) -> float:
    """COCO's AP at IoU 0.5 in %, mean over the categories that occur; `found` as in COCO's results files."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations: list[dict[str, Any]] = []
    for index, picture in enumerate(pictures):
        for box, category, crowd in zip(picture.boxes, picture.categories, picture.crowd, strict=True):
            x0, y0, x1, y1 = (float(edge) for edge in box)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": index,
                    "category_id": int(category),
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": (x1 - x0) * (y1 - y0),
                    "iscrowd": int(crowd),
                }
            )
    categories = sorted({a["category_id"] for a in annotations})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": i} for i in range(len(pictures))],
            "annotations": annotations,
            "categories": [{"id": c, "name": str(c)} for c in categories],
        }
        truth.createIndex()
        found = [one for one in found if one["category_id"] in categories]
        if not found or not annotations:
            return 0.0
        judge = COCOeval(truth, truth.loadRes([dict(one) for one in found]), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return 100 * max(0.0, float(judge.stats[1]))
