"""What reading .dicm files costs in Python, beside Node. Prints one JSON object; wants a quiet machine.

    python benchmarks/reading.py FILE... --model MODEL [--runs 200] [--files 10000] [--workers 0 2 4]

- `perFileMs`: wall and CPU time of latents, pooled and classify, the median over the runs, which take the files in
  turns after a warm-up of each; the same calls in Node (ONNX Runtime) with `node`, where the repository is built. CPU
  time is that of all threads.
- `picturesPerSecond`: a DataLoader over the files, repeated, with each number of workers; without the workers' start.
- `peakMemory`: peak resident memory of a process that reads pooled features of `--files` files, the same ones repeated,
  beside that after the first hundred: what is not given back grows with the number of files.

MODEL is a folder with the model's graphs (`dicm models export --onnx MODEL/onnx`).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset

import dicm
from dicm.torch import FeatureOptions

WARM_UP_FILES = 32


def main() -> None:
    """Runs everything and prints it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--files", type=int, default=10_000, help="of which the peak memory is taken")
    parser.add_argument("--loaded", type=int, default=400, help="pictures for each number of workers")
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2, 4])
    options = parser.parse_args()
    # In processes of their own: neither threads nor memory of one part are in the figures of another.
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1, maxtasksperchild=1) as pool:
        memory = pool.apply(peak_memory, (options.inputs, options.model, options.files))
        python = pool.apply(per_file, (options.inputs, options.model, options.runs))
        speeds = {
            workers: loader_speed(options.inputs, options.model, options.loaded, workers) for workers in options.workers
        }
    print(
        json.dumps(
            {
                "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
                "files": len(options.inputs),
                "bytes": statistics.mean(path.stat().st_size for path in options.inputs),
                "runs": options.runs,
                "perFileMs": {"python": python, "node": node_per_file(options.inputs, options.model, options.runs)},
                "picturesPerSecond": speeds,
                "peakMemory": memory,
            },
            indent=2,
        )
    )


def per_file(paths: list[Path], model: Path, runs: int) -> dict[str, dict[str, float]]:
    """Median wall and CPU milliseconds of each call, from a path to its answer."""
    calls: dict[str, Callable[[Path], object]] = {
        "latents": lambda path: dicm.open(path, model=model).latents(),
        "pooled": lambda path: dicm.open(path, model=model).features("pooled"),
        "classify": lambda path: dicm.open(path, model=model).classify(),
    }
    results = {}
    for name, call in calls.items():
        for path in paths:
            call(path)
        wall, cpu = [], []
        for run in range(runs):
            began, began_cpu = time.perf_counter(), time.process_time()
            call(paths[run % len(paths)])
            wall.append(1000 * (time.perf_counter() - began))
            cpu.append(1000 * (time.process_time() - began_cpu))
        results[name] = {"wall": statistics.median(wall), "cpu": statistics.median(cpu)}
    return results


def node_per_file(paths: list[Path], model: Path, runs: int) -> Any:
    """The same of the library for Node; a reason where it cannot run."""
    script = Path(__file__).with_name("reading.js")
    command = ["node", str(script), str(runs), str(model), *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return "there is no node"
    except subprocess.CalledProcessError as error:
        return error.stderr.strip().splitlines()[-1:]
    return json.loads(done.stdout)


class Repeated(Dataset[Any]):
    """Pooled features of files, over and over."""

    def __init__(self, paths: list[Path], model: Path, count: int) -> None:
        self.paths, self.count = paths, count
        self.options = FeatureOptions("pooled", model=model)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return self.options.read(self.paths[index % len(self.paths)])


def loader_speed(paths: list[Path], model: Path, count: int, workers: int) -> float:
    """Pictures a second, once every worker has begun."""
    context = "spawn" if workers else None
    loader = DataLoader(
        Repeated(paths, model, count + WARM_UP_FILES),
        batch_size=8,
        num_workers=workers,
        multiprocessing_context=context,
    )
    batches = iter(loader)
    for _ in range(WARM_UP_FILES // 8):
        next(batches)
    began = time.perf_counter()
    read = sum(len(batch) for batch in batches)
    return read / (time.perf_counter() - began)


def peak_memory(paths: list[Path], model: Path, count: int) -> dict[str, int]:
    """Peak resident bytes after a hundred files, and after all."""
    first = min(100, count)
    result = {"files": count}
    for index in range(count):
        dicm.open(paths[index % len(paths)], model=model).features("pooled")
        if index + 1 == first:
            result["peakBytesAfter100"] = peak_bytes()
    result["peakBytes"] = peak_bytes()
    return result


def peak_bytes() -> int:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else 1024 * peak


if __name__ == "__main__":
    main()
