"""The projection by which pictures are compared in an index, fitted to pooled features of training photographs.

    dicm encode -r photographs -o coded -q 50
    dicm decode -r coded --layer pooled --shard all -o features.safetensors
    python training/tools/fit_search_projection.py features.safetensors --model packages/model-r50

Writes `6-search.safetensors` into the model folder and its entry into the manifest; decode and render id stay as they
are. Features are brought to unit length and centred; components are the directions of most variance, divided by a power
of their deviation (docs/index-format.md). Files of evaluation sets are left out by `--without`, a list of names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

FILE = "6-search.safetensors"


def fit(features: NDArray[np.float32], dimensions: int, power: float) -> dict[str, NDArray[np.generic]]:
    """Fit the tensors of a projection to pooled features [photographs][channels]."""
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    mean = units.mean(axis=0)
    centred = (units - mean).astype(np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, directions = variances[::-1][:dimensions], directions[:, ::-1][:, :dimensions]
    # Signs are free; this one makes the same features give the same file.
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dimensions)])
    components = (directions / variances ** (power / 2)).T
    return {
        "search.mean": mean.astype(np.float32),
        # In the order of rows, which is the order that is written.
        "search.components": np.ascontiguousarray(components / np.abs(components).max(), np.float16),
    }


def main() -> None:
    """Read features, fit, and write the file and its entry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", nargs="+", type=Path, help="shards of pooled features")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--without", type=Path, help="names of arrays to leave out, one a line")
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--power", type=float, default=0.5, help="0 keeps variances as they are, 1 makes all the same")
    options = parser.parse_args()
    left_out = set(options.without.read_text().split("\n")) if options.without else set()
    rows = [value for shard in options.features for name, value in load_file(shard).items() if name not in left_out]
    tensors = fit(np.stack(rows).astype(np.float32), options.dimensions, options.power)
    save_file(tensors, options.model / FILE)
    (options.model / FILE).chmod(0o644)
    data = (options.model / FILE).read_bytes()
    manifest_path = options.model / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    manifest.pop("search", None)
    entry = {
        "file": FILE,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "dimensions": options.dimensions,
    }
    renewed: dict[str, object] = {}
    for key, value in manifest.items():
        renewed[key] = value
        if key == "weights":
            renewed["search"] = entry
    manifest_path.write_text(json.dumps(renewed, indent=2) + "\n")
    print(f"{FILE}: {len(rows)} photographs, {options.dimensions} dimensions, {len(data):,} bytes")


if __name__ == "__main__":
    main()
