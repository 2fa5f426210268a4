"""Trains a linear classifier on the pooled features of .dicm files, and prints how good it is.

    python examples/train_linear_head.py FOLDER

FOLDER has a folder for each class, with .dicm files or with photographs; photographs are encoded first, by the command
line `dicm` (Node), into a folder of their own. About 100 files take some seconds on a CPU, most of them to decode. Of
each class a part is kept for the test; the figure is the mean over several such splits, so that it depends less on
which files those are.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional
from torch.utils.data import DataLoader

from dicm import DicmError
from dicm.torch import DicmDataset


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder for each class, with .dicm files or photographs")
    parser.add_argument("--quality", type=float, default=40, help="of photographs that are encoded, 1 to 100")
    parser.add_argument("--dicm", default="dicm", help="the command line that encodes photographs")
    parser.add_argument("--model", type=Path, help="folder of the model (default: the package's own)")
    parser.add_argument("--test", type=float, default=0.3, help="part of each class that is kept for the test")
    parser.add_argument("--splits", type=int, default=5, help="how often it is divided, trained and tested")
    parser.add_argument("--workers", type=int, default=0, help="processes that decode")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = find_or_encode(options.folder, Path(scratch), options)
            began = time.perf_counter()
            data = DicmDataset(folder, "pooled", model=options.model)
            batches = list(DataLoader(data, batch_size=16, num_workers=options.workers))
        except DicmError as error:
            print(f"{error} [{error.code}]", file=sys.stderr)
            return error.exit_code
    decoded = time.perf_counter()
    features = torch.cat([features for features, _ in batches])
    labels = torch.cat([labels for _, labels in batches])
    if len(data.classes) < 2 or int(labels.bincount().min()) < 2:
        print("a classifier needs two classes, and two files of each", file=sys.stderr)
        return 2
    # The matrices are small: more threads wait for each other longer than they compute.
    torch.set_num_threads(1)
    accuracy = mean_accuracy(features, labels, options.test, options.splits)
    ended = time.perf_counter()
    print(
        f"{len(data)} files of {len(data.classes)} classes, {features.shape[1]} features each; "
        f"decoded in {decoded - began:.1f} s, trained {options.splits} times in {ended - decoded:.1f} s"
    )
    print(
        f"accuracy {100 * accuracy:.1f} % (mean over {options.splits} splits; chance {100 / len(data.classes):.1f} %)"
    )
    return 0


def find_or_encode(folder: Path, scratch: Path, options: argparse.Namespace) -> Path:
    """The folder itself where it has .dicm files, or one into which its photographs are encoded."""
    if next(folder.rglob("*.dicm"), None) is not None or not folder.is_dir():
        return folder
    if shutil.which(options.dicm) is None:
        raise SystemExit(
            f"{folder} has no .dicm files, and there is no command {options.dicm} to encode photographs with: "
            f"`npx dicm encode -r {folder} -o coded` makes them, or name the command with --dicm"
        )
    command = [options.dicm, "encode", "-r", str(folder), "-o", str(scratch), "-q", str(options.quality)]
    # 1: some inputs failed, and were named; the others are there.
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode not in (0, 1):
        raise SystemExit(f"`{' '.join(command)}` failed")
    return scratch


def mean_accuracy(features: torch.Tensor, labels: torch.Tensor, test: float, splits: int) -> float:
    """Trains and tests a head on several divisions of the files. Returns the mean of its accuracies, 0 to 1."""
    accuracies = []
    for seed in range(splits):
        in_test = draw_test(labels, test, seed)
        head = train_head(features[~in_test], labels[~in_test])
        accuracies.append((head(features[in_test]).argmax(1) == labels[in_test]).float().mean().item())
    return sum(accuracies) / splits


def draw_test(labels: torch.Tensor, part: float, seed: int) -> torch.Tensor:
    """Which files are tested: a part of each class, at least one, and never all."""
    chance = torch.Generator().manual_seed(seed)
    in_test = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        count = min(max(1, round(part * len(places))), len(places) - 1)
        in_test[places[torch.randperm(len(places), generator=chance)[:count]]] = True
    return in_test


def train_head(features: torch.Tensor, labels: torch.Tensor) -> torch.nn.Module:
    """Logistic regression on standardised features, to its optimum by L-BFGS."""
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    linear = torch.nn.Linear(features.shape[1], int(labels.max()) + 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    inputs = (features - mean) / deviation
    optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        # With more features than files, a penalty is what makes the optimum one.
        loss = functional.cross_entropy(linear(inputs), labels) + 1e-2 * linear.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)

    class Head(torch.nn.Module):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return linear((values - mean) / deviation)

    return Head().eval()


if __name__ == "__main__":
    raise SystemExit(main())
