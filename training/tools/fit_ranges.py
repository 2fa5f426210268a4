"""Ranges of the values inside tail and heads, by which `--precision int8` rounds them, over training photographs.

    python training/tools/fit_ranges.py --model packages/model-r50 --data DATA

Writes `7-ranges.safetensors` into the model folder and its entry into the manifest; decode and render id stay as they
are. Half of the photographs are decoded at a random quality, half untouched. A range is the largest over them of what
all but a share of a photograph's values stay within (`--beyond`): single values far out would cost all others
precision.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from torch import Tensor

from dicm_training.data.layout import training_paths
from dicm_training.data.pictures import load_rgb
from dicm_training.release.folder import stored_tensors, widen
from dicm_training.release.released import LARGEST_POSITION, ReleasedModel

FILE = "7-ranges.safetensors"
SIDE = 288
"""Of the square that a photograph is fitted to, in pixels: what files are coded at unless told otherwise."""
ADDED = (".conv3", ".downsample", ".lateral2", ".lateral3", ".lateral4")
"""Ends of the names of layers whose results are added to others, and so are rounded too."""


class Recorder(ReleasedModel):
    """The released model, noting what goes into the convolutions of tail and heads and what comes out of some."""

    def begin(self, beyond: float) -> None:
        """Forget what was noted; `beyond` is the share of values that a range need not hold."""
        self.beyond = beyond
        self.lowest: dict[str, list[float]] = defaultdict(list)
        self.highest: dict[str, list[float]] = defaultdict(list)

    def note(self, name: str, value: Tensor) -> None:
        """Note the range of a value."""
        ends = torch.tensor([self.beyond, 1 - self.beyond])
        low, high = np.quantile(value.numpy().ravel(), ends.numpy())
        self.lowest[name].append(float(low))
        self.highest[name].append(float(high))

    def conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        """Apply a convolution and note ranges."""
        out = super().conv(x, name, stride, padding)
        if name.startswith(("tail.", "heads.")):
            self.note(f"{name} in", x)
            if name.endswith(ADDED):
                self.note(f"{name} out", out)
        return out

    def ranges(self) -> dict[str, np.ndarray]:
        """Range of what goes into each layer, and of what comes out where that is rounded: [2] or [4]."""
        found = {}
        for name in (key.removesuffix(" in") for key in self.lowest if key.endswith(" in")):
            places = [f"{name} in"] + ([f"{name} out"] if f"{name} out" in self.lowest else [])
            # A value that was always 0 has a range too.
            ends = [[min(0.0, *self.lowest[p]), max(1e-6, *self.highest[p])] for p in places]
            found[f"ranges.{name}"] = np.array(ends, np.float32).ravel()
        return found


def fitted(path: Path) -> Tensor:
    """Read a photograph, fitted to SIDE and cut to multiples of 16: RGB in [0, 1] [1, 3, H, W]."""
    picture = Image.fromarray(load_rgb(path))
    scale = SIDE / max(picture.size)
    width, height = (max(16, round(extent * scale)) // 16 * 16 for extent in picture.size)
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


@torch.no_grad()
def measure(model: Recorder, paths: list[Path], seed: int) -> None:
    """Run the model on photographs, every other one decoded at a random quality."""
    rng = random.Random(seed)
    for index, path in enumerate(paths):
        rgb = fitted(path)
        if index % 2:
            position = torch.tensor([float(rng.randint(0, LARGEST_POSITION))])
            f3 = model.synthesise(model.dequantised(rgb, position))
        else:
            f3 = model.head(rgb)
        c2, c3, c4, _ = model.tail(f3)
        if model.has_heads:
            model.heads(c2, c3, c4)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--data", type=Path, required=True, help="DATA, as training takes it")
    parser.add_argument("--photographs", type=int, default=200)
    parser.add_argument("--beyond", type=float, default=1e-5, help="share of a photograph's values beyond a range")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    paths = training_paths(options.data)
    random.Random(options.seed).shuffle(paths)
    model = Recorder(widen(stored_tensors(options.model)))
    model.begin(options.beyond)
    measure(model, paths[: options.photographs], options.seed)
    save_file(model.ranges(), options.model / FILE)
    (options.model / FILE).chmod(0o644)
    data = (options.model / FILE).read_bytes()
    manifest_path = options.model / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    manifest.pop("ranges", None)
    renewed: dict[str, object] = {}
    for key, value in manifest.items():
        renewed[key] = value
        if key == "weights":
            renewed["ranges"] = {"file": FILE, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest_path.write_text(json.dumps(renewed, indent=2) + "\n")
    print(f"{FILE}: {len(paths[: options.photographs])} photographs, {len(model.ranges())} layers, {len(data):,} bytes")


if __name__ == "__main__":
    main()
