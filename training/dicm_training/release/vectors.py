"""Conformance vectors: what the released networks compute, in float32, for the runtime's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from ..evaluate.objects import draw_masks, find_objects
from ..models.heads import LEVELS
from .released import ReleasedModel


@torch.no_grad()
def write_vectors(folder: Path, path: Path) -> None:
    """Write inputs and outputs of the released networks, computed in float32, for the runtime's tests."""
    model = ReleasedModel.from_folder(folder)
    vectors: dict[str, Tensor] = {}
    for case, (height, width) in {"a": (64, 80), "b": (112, 48)}.items():
        rng = np.random.default_rng(7)
        field = rng.random((1, 3, 5, 5), np.float32)
        # Neither interpolation nor noise: a picture any implementation can read from the file itself.
        rgb = torch.nn.functional.interpolate(torch.from_numpy(field), (height, width), mode="bilinear")
        rgb = (rgb * 255).round() / 255
        y, z = model.encode(rgb)
        z_hat = z.round()
        mean, scale = model.hyper_synthesis(z_hat, *y.shape[2:])
        y_hat = model.dequantised(rgb, torch.tensor([1024.0]))
        f3 = model.synthesise(y_hat)
        *tail, logits = model.tail(f3)
        named = {"rgb": rgb, "y": y, "z": z, "mean": mean, "scale": scale, "y_hat": y_hat, "f3": f3}
        if model.has_heads:
            outputs = model.heads(*tail)
            for level, *maps in zip(LEVELS, outputs.classes, outputs.distances, outputs.controllers, strict=True):
                for part, value in zip(("classes", "distances", "controller"), maps, strict=True):
                    named[f"heads.level{level}.{part}"] = value
            named["heads.mask"] = outputs.mask_features
            source = (height * 3 // 2, width * 3 // 2)
            found = find_objects(outputs, 0, height, width, min_score=0.05, limit=20)
            vectors[f"{case}.found.scores"], vectors[f"{case}.found.boxes"] = found.scores, found.boxes
            vectors[f"{case}.found.categories"] = found.categories.int()
            masks = draw_masks(found, outputs.mask_features[0], (height, width), source)
            vectors[f"{case}.found.masks"] = masks.to(torch.uint8)  # in a source picture 1.5 times the coded size
        for name, value in named.items():
            vectors[f"{case}.{name}"] = value.permute(0, 2, 3, 1).contiguous()  # NHWC
        vectors[f"{case}.logits"] = logits
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(vectors, path)
    path.chmod(0o644)
