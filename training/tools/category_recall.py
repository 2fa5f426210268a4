"""Which of COCO's 80 categories a released model's heads find, by the word of a detector of pixels; a table of RESULTS.

    python training/tools/category_recall.py packages/model-r50 --detector yolox_nano_coco.onnx --data DATA

On training photographs drawn at random, fitted to 288 pixels and not compressed: of the detector's objects (score from
--teacher-score) the share that the heads find too (same category, score from --min-score, overlap from 0.5), and how
many they find that the detector does not know at half its score. There are no masks of most categories to judge by, so
the last column says how well the box around a mask agrees with the object's own box, as mean overlap: masks that spill
over or miss parts do not. Writes a table in Markdown.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dicm_training.data.categories import COCO_CATEGORIES
from dicm_training.data.layout import training_paths
from dicm_training.data.pictures import load_rgb
from dicm_training.data.views import Targets
from dicm_training.evaluate.objects import draw_masks, find_objects, non_maximum_suppression
from dicm_training.loop.detector_teacher import DetectorTeacher
from dicm_training.models.locations import intersection_over_union
from dicm_training.release.released import ReleasedModel

SIDE = 288
"""Of the square that a photograph is fitted to, in pixels."""
MULTIPLE = 32
"""Of the sides that are looked at: what strides cover without a rest, so that both see all of the same picture."""


@dataclass
class Counts:
    """Of one category: the detector's objects, those found too, those found alone, overlaps of masks' boxes."""

    known: int = 0
    found: int = 0
    alone: int = 0
    overlaps: float = 0.0
    masks: int = 0


def fitted(path: Path) -> Tensor:
    """Read a photograph as RGB in [0, 1], [1, 3, H, W], its longest side SIDE, sides cut to a MULTIPLE."""
    image = Image.fromarray(load_rgb(path))
    share = SIDE / max(image.size)
    width, height = (max(MULTIPLE, round(share * side)) for side in image.size)
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    pixels = pixels[: height - height % MULTIPLE, : width - width % MULTIPLE]
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def nothing_known(rgb: Tensor) -> Targets:
    """Targets of a photograph of which nothing is annotated, so that the detector is asked everywhere."""
    none = torch.zeros(1, 1, 4)
    whole = torch.tensor([[[0.0, 0.0, rgb.shape[3], rgb.shape[2]]]])
    return Targets(none, torch.full((1, 1), -1), torch.zeros(1, 1).bool(), none, whole, torch.zeros(1, 1, 1))


def teachers_objects(teacher: DetectorTeacher, rgb: Tensor, least: float) -> tuple[Tensor, Tensor, Tensor]:
    """Categories [n], boxes [n, 4] and scores [n] of the detector's objects from a score on, best first."""
    opinion = teacher.opinion(rgb, nothing_known(rgb))
    place, category = (opinion.scores[0] >= least).nonzero(as_tuple=True)
    scores = opinion.scores[0][place, category]
    order = scores.argsort(descending=True)
    category, boxes, scores = category[order], opinion.boxes[0][place[order]], scores[order]
    kept = non_maximum_suppression(boxes, category)
    return category[kept], boxes[kept], scores[kept]


def extent(mask: Tensor) -> Tensor:
    """Box [4] around a mask [H, W]."""
    y, x = mask.nonzero(as_tuple=True)
    return torch.tensor([float(x.min()), float(y.min()), float(x.max()) + 1, float(y.max()) + 1])


@torch.no_grad()
def count(
    model: ReleasedModel, teacher: DetectorTeacher, rgb: Tensor, options: argparse.Namespace, counts: dict[int, Counts]
) -> None:
    """Add what is on one photograph."""
    size = (rgb.shape[2], rgb.shape[3])
    outputs = model.heads(*model.tail(model.head(rgb))[:3])
    ours = find_objects(outputs, 0, *size, options.min_score)
    category, boxes, scores = teachers_objects(teacher, rgb, options.teacher_score / 2)
    same = (intersection_over_union(boxes, ours.boxes) >= 0.5) & (category[:, None] == ours.categories[None])
    sure = scores >= options.teacher_score
    for c, met in zip(category[sure].tolist(), same[sure].any(1).tolist(), strict=True):
        counts[c].known += 1
        counts[c].found += met
    masks = draw_masks(ours, outputs.mask_features[0], size, size)
    for i, c in enumerate(ours.categories.tolist()):
        counts[c].alone += not bool(same[:, i].any())
        if bool(masks[i].any()):
            counts[c].masks += 1
            counts[c].overlaps += float(intersection_over_union(extent(masks[i])[None], ours.boxes[i : i + 1]))


def main() -> None:
    """Count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("--detector", type=Path, required=True, help="YOLOX network (.onnx)")
    parser.add_argument("--data", type=Path, required=True, help="DATA, as training takes it")
    parser.add_argument("--photographs", type=int, default=2000)
    parser.add_argument("--teacher-score", type=float, default=0.5)
    parser.add_argument("--min-score", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = ReleasedModel.from_folder(options.model)
    teacher = DetectorTeacher(options.detector, [], torch.device("cpu"))
    paths = training_paths(options.data)
    paths = random.Random(options.seed).sample(paths, min(options.photographs, len(paths)))
    counts: dict[int, Counts] = defaultdict(Counts)
    for path in paths:
        count(model, teacher, fitted(path), options, counts)
    print(f"{len(paths)} photographs")
    print("| category | the detector's | found too | share % | found alone | masks' boxes |")
    print("|---|---:|---:|---:|---:|---:|")
    for place, (_, name) in enumerate(COCO_CATEGORIES):
        c = counts[place]
        share = f"{100 * c.found / c.known:.0f}" if c.known else "-"
        overlap = f"{c.overlaps / c.masks:.2f}" if c.masks else "-"
        print(f"| {name} | {c.known} | {c.found} | {share} | {c.alone} | {overlap} |")


if __name__ == "__main__":
    main()
