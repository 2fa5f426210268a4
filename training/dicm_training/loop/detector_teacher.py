"""A detector of pixels as the teacher of ours: a YOLOX network for the 80 categories of COCO, as an ONNX file.

YOLOX (Ge et al. 2021) is anchor-free too and has the same strides 8, 16 and 32, so its raw outputs stand at the very
locations of our heads, and no matching is needed: every location has a score for each category (probability of the
class times objectness) and a box.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.categories import COCO_CATEGORIES
from ..data.views import Targets
from ..errors import UsageError
from ..losses.detection import Opinion
from ..models.locations import STRIDES, locations

PADDING = 114
"""Grey value around pictures that do not fill the network's input."""


class DetectorTeacher:
    """A YOLOX network that is asked about batches of views."""

    def __init__(self, path: Path, labelled: list[int], threads: int = 0) -> None:
        """Load the network. `labelled` are the places, among COCO's 80, of the categories that annotations know.

        Raises UsageError where onnxruntime is missing or the file is no such network.
        """
        try:
            import onnxruntime
        except ImportError:
            raise UsageError("--detector needs onnxruntime: pip install onnxruntime") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self.session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # onnxruntime's errors share no base class of their own
            raise UsageError(f"--detector {path} cannot be read: {str(problem).splitlines()[0]}") from problem
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        shape = inputs[0].shape
        self.side = shape[2] if len(shape) == 4 and shape[2:] == [shape[2], shape[2]] else 0
        count = sum((self.side // stride) ** 2 for stride in STRIDES) if isinstance(self.side, int) else -1
        if len(inputs) != 1 or outputs[0].shape != [1, count, 5 + len(COCO_CATEGORIES)]:
            raise UsageError(
                f"--detector {path} is not laid out as YOLOX is: expected one input [1, 3, S, S] and an output "
                f"[1, locations, {5 + len(COCO_CATEGORIES)}], found {shape} and {outputs[0].shape}"
            )
        self.name = inputs[0].name
        self.labelled = torch.zeros(len(COCO_CATEGORIES), dtype=torch.bool)
        self.labelled[labelled] = True

    def opinion(self, rgb: Tensor, targets: Targets) -> Opinion:
        """Ask about views, RGB in [0, 1] [N, 3, H, W], at most as large as the network's input."""
        scores, boxes, valid = [], [], []
        for picture, unlabelled in zip(rgb, targets.unlabelled, strict=True):
            s, b, centres = self._answer(picture)
            inside = torch.zeros(len(centres), dtype=torch.bool)
            for x0, y0, x1, y1 in unlabelled.tolist():
                inside |= (centres[:, 0] >= x0) & (centres[:, 0] < x1) & (centres[:, 1] >= y0) & (centres[:, 1] < y1)
            scores.append(s)
            boxes.append(b)
            valid.append(inside[:, None] | ~self.labelled[None])
        device = rgb.device
        return Opinion(torch.stack(scores).to(device), torch.stack(boxes).to(device), torch.stack(valid).to(device))

    def _answer(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores [L, 80], boxes [L, 4] and centres [L, 2] of one view [3, H, W]."""
        height, width = picture.shape[1:]
        if max(height, width) > self.side:
            raise UsageError(f"--canvas {height} {width}: the detector takes {self.side} pixels at most")
        pixels = np.full((1, 3, self.side, self.side), PADDING, np.float32)
        pixels[0, :, :height, :width] = picture.flip(0).float().cpu().numpy() * 255  # blue first
        (raw,) = self.session.run(None, {self.name: pixels})
        answers = torch.from_numpy(raw[0])
        scores, boxes, centres = [], [], []
        for stride in STRIDES:
            side = self.side // stride
            level, answers = answers[: side * side].view(side, side, -1), answers[side * side :]
            h, w = -(-height // stride), -(-width // stride)
            level = level[:h, :w].reshape(h * w, -1)
            at = locations(h, w, stride)
            middle = at - 0.5 * stride + level[:, :2] * stride
            extent = level[:, 2:4].exp() * stride
            boxes.append(torch.cat((middle - extent / 2, middle + extent / 2), 1))
            scores.append(level[:, 4:5] * level[:, 5:])
            centres.append(at)
        return torch.cat(scores), torch.cat(boxes), torch.cat(centres)
