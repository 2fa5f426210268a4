"""Table: put the evaluations of several runs (an ablation) side by side in Markdown."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from ..errors import UsageError
from ..loop.stage import Stage

RATES = (0.06, 0.12, 0.25, 0.5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders that `evaluate` has looked at")
    parser.add_argument("--stage", default="codec", help="whose evaluation to compare")
    parser.add_argument("--out", type=Path, help="Markdown file to write (default: standard output)")


def accuracy_at(levels: list[dict], bpp: float, metric: str) -> float | None:
    """Accuracy in % at a rate, linear in the logarithm of the rate between two levels; None outside of them."""
    points = sorted((row["bpp"], row[metric]) for row in levels)
    for (low, a), (high, b) in zip(points, points[1:], strict=False):
        if low <= bpp <= high:
            share = 0.0 if high == low else math.log(bpp / low) / math.log(high / low)
            return float(a + share * (b - a))
    return None


def at_common_rates(results: dict[str, dict], metric: str, title: str) -> list[str]:
    """Table of one metric, uncompressed and at common rates."""
    lines = ["| run | " + " | ".join([f"{title} uncompressed", *(f"at {rate:g} bpp" for rate in RATES)]) + " |"]
    lines.append("|---" * (2 + len(RATES)) + "|")
    for name, result in results.items():
        values = (accuracy_at(result["levels"], rate, metric) for rate in RATES)
        cells = " | ".join("-" if value is None else f"{value:.1f}" for value in values)
        lines.append(f"| {name} | {result['uncompressed'][metric]:.1f} | {cells} |")
    return lines


def by_level(results: dict[str, dict], metric: str, title: str) -> list[str]:
    """Table of what every level measures; the runs have the same levels."""
    lines = ["| level | " + " | ".join(f"{name}: bpp | {title}" for name in results) + " |"]
    lines.append("|---" * (1 + 2 * len(results)) + "|")
    for rows in zip(*(result["levels"] for result in results.values()), strict=True):
        cells = " | ".join(f"{row['bpp']:.3f} | {row[metric]:.1f}" for row in rows)
        lines.append(f"| {rows[0]['level']} | {cells} |")
    return lines


def markdown(results: dict[str, dict]) -> str:
    """Top-1, and box AP50 where it was evaluated: at common rates, then level by level."""
    lines = ["Steps: " + ", ".join(f"{name} {result['steps']}" for name, result in results.items()), ""]
    measures = [(results, "top1", "top-1 %")]
    boxes = {name: result["detection"] for name, result in results.items() if "detection" in result}
    if boxes:
        measures.append((boxes, "ap50", "box AP50 %"))
    for write in (at_common_rates, by_level):
        for measured, metric, title in measures:
            lines += [*write(measured, metric, title), ""]
    return "\n".join(lines[:-1]) + "\n"


def run(args: argparse.Namespace) -> None:
    """Read RUN/evaluate-STAGE.json of every run and write the tables."""
    results = {}
    for folder in args.runs:
        path = folder / f"evaluate-{args.stage}.json"
        if not path.exists():
            raise UsageError(f"{path} is missing: run `evaluate --run {folder} --stage {args.stage}` first")
        results[folder.name] = json.loads(path.read_text())
    text = markdown(results)
    if args.out:
        args.out.write_text(text)
    else:
        print(text, end="")


STAGE = Stage(name="table", about=__doc__ or "", add_arguments=add_arguments, run=run)
