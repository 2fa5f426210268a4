"""What the stages that train heads learn from: annotated photographs, and others in a detector's words."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import torch

from ..data.annotated import (
    SYNTHETIC_CATEGORIES,
    Annotated,
    read_annotated,
    read_categories,
    synthetic_annotated,
    without_boxes,
)
from ..data.categories import category_key, coco_categories
from ..data.layout import Data, unlabelled_paths
from ..data.pictures import Photographs
from ..data.views import Targets
from ..losses.detection import Opinion
from .detector_teacher import DetectorTeacher


@dataclass
class ObjectsToLearn:
    """Photographs to make views of, the categories [{id, name}] in the order of the outputs, and the teacher."""

    pictures: list[Annotated]
    categories: list[dict[str, object]]
    teacher: DetectorTeacher | None

    def opinion(self, rgb: torch.Tensor, targets: Targets) -> Opinion | None:
        """Say what the teacher thinks of views, RGB in [0, 1]; None without one."""
        return None if self.teacher is None else self.teacher.opinion(rgb, targets)


def objects_to_learn(args: argparse.Namespace, device: torch.device) -> ObjectsToLearn:
    """Read what --data and --detector name, or draw pictures; the teacher is asked on `device`.

    With a detector the categories are COCO's, and photographs without boxes are learned from too.
    """
    if args.synthetic:
        return ObjectsToLearn(synthetic_annotated(24), SYNTHETIC_CATEGORIES, None)
    known = read_categories(args.data)
    if args.detector is None:
        return ObjectsToLearn(read_annotated(args.data, Data.ANNOTATED), known, None)
    categories = coco_categories()
    names = [str(c["name"]) for c in categories]
    pictures = read_annotated(args.data, Data.ANNOTATED, names)
    pictures += [without_boxes(rgb) for rgb in Photographs(unlabelled_paths(args.data, args.per_class))]
    places = {category_key(name): i for i, name in enumerate(names)}
    labelled = [places[category_key(str(c["name"]))] for c in known]
    return ObjectsToLearn(pictures, categories, DetectorTeacher(args.detector, labelled, device))
