"""The head of examples/train_linear_head.py on photographs, through the uncompressed network: what files cost it.

    python benchmarks/linear_head_on_pixels.py FOLDER --weights resnet50.safetensors

FOLDER has a folder of photographs for each class; the weights have torchvision's tensor names. Wants the package of
`training/`, Pillow, and torch. Photographs are fitted to 288 pixels as `dicm encode` fits them, and averaged over the
picture as pooled features are; splits, head and penalty are those of the example.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))

from dicm_training.models.backbone import load_backbone, normalise
from train_linear_head import mean_accuracy

MAX_SIDE = 288
"""What `dicm encode` fits photographs to."""


def main() -> None:
    """Runs the benchmark and prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--test", type=float, default=0.3)
    parser.add_argument("--splits", type=int, default=5)
    options = parser.parse_args()
    head, tail = load_backbone(options.weights)
    classes = sorted(entry for entry in options.folder.iterdir() if entry.is_dir())
    features, labels, size = [], [], 0
    for label, folder in enumerate(classes):
        for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
            with torch.inference_mode():
                features.append(tail(head(normalise(load(path))))[2].mean((2, 3))[0].clone())
            labels.append(label)
            size += path.stat().st_size
    # Outside of inference mode: the head is trained on them.
    inputs = torch.stack(features).clone()
    torch.set_num_threads(1)
    accuracy = mean_accuracy(inputs, torch.tensor(labels), options.test, options.splits)
    print(f"{len(labels)} photographs of {len(classes)} classes, {size:,} bytes: accuracy {100 * accuracy:.1f} %")


def load(path: Path) -> torch.Tensor:
    """A photograph, upright and fitted: [1, 3, height, width] in 0 to 1."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    scale = MAX_SIDE / max(upright.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in upright.size)
        upright = upright.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(upright)).permute(2, 0, 1)[None] / 255


if __name__ == "__main__":
    main()
