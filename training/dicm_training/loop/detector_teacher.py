"""A detector of pixels as the teacher of ours: a YOLOX network for the 80 categories of COCO, as an ONNX file.

YOLOX (Ge et al. 2021) is anchor-free too and has the same strides 8, 16 and 32, so its raw outputs stand at the very
locations of our heads, and no matching is needed: every location has a score for each category (probability of the
class times objectness) and a box.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ..data.categories import COCO_CATEGORIES
from ..data.views import Targets
from ..errors import UsageError
from ..losses.detection import Opinion
from ..models.locations import STRIDES, locations, within
from ..models.onnx_network import OnnxNetwork

PADDING = 114
"""Grey value around pictures that do not fill the network's input."""


class DetectorTeacher:
    """A YOLOX network that is asked about batches of views, on the device where they are."""

    def __init__(self, path: Path, labelled: list[int], device: torch.device) -> None:
        """Load the network. `labelled` are the places, among COCO's 80, of the categories that annotations know.

        Raises UsageError where the file is no such network or cannot be read.
        """
        network = OnnxNetwork(path, device)
        shape = network.input_shape
        side = shape[2] if len(shape) == 4 and shape[2:] == [shape[2], shape[2]] else 0
        expected = [1, sum((side // stride) ** 2 for stride in STRIDES), 5 + len(COCO_CATEGORIES)]
        found = list(network(torch.zeros(1, 3, side, side, device=device)).shape) if side else []
        if not side or found != expected:
            raise UsageError(
                f"--detector {path} is not laid out as YOLOX is: expected one input [1, 3, S, S] and an output "
                f"[1, locations, {5 + len(COCO_CATEGORIES)}], found {shape} and {found}"
            )
        self.network: Callable[[Tensor], Tensor] = network
        self.side = side
        self.labelled = torch.zeros(len(COCO_CATEGORIES), dtype=torch.bool, device=device)
        self.labelled[labelled] = True

    @torch.no_grad()
    def opinion(self, rgb: Tensor, targets: Targets) -> Opinion:
        """Ask about views, RGB in [0, 1] [N, 3, H, W], at most as large as the network's input."""
        height, width = rgb.shape[2:]
        if max(height, width) > self.side:
            raise UsageError(f"--canvas {height} {width}: the detector takes {self.side} pixels at most")
        pixels = rgb.new_full((len(rgb), 3, self.side, self.side), PADDING, dtype=torch.float32)
        pixels[:, :, :height, :width] = rgb.flip(1) * 255  # blue first
        answers = self.network(pixels)
        scores, boxes, centres = [], [], []
        for stride in STRIDES:
            side = self.side // stride
            level, answers = answers[:, : side * side].unflatten(1, (side, side)), answers[:, side * side :]
            h, w = -(-height // stride), -(-width // stride)
            level = level[:, :h, :w].flatten(1, 2)
            at = locations(h, w, stride, rgb.device)
            middle = at - 0.5 * stride + level[..., :2] * stride
            extent = level[..., 2:4].exp() * stride
            boxes.append(torch.cat((middle - extent / 2, middle + extent / 2), 2))
            scores.append(level[..., 4:5] * level[..., 5:])
            centres.append(at)
        unlabelled = within(torch.cat(centres), targets.unlabelled.to(rgb.device)).any(1)
        return Opinion(torch.cat(scores, 1), torch.cat(boxes, 1), unlabelled[..., None] | ~self.labelled)
