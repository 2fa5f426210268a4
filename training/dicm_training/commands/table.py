"""Table: put the evaluations of several runs (an ablation) side by side in Markdown."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

RATES = (0.06, 0.12, 0.25, 0.5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders that `evaluate` has looked at")
    parser.add_argument("--stage", default="codec", help="whose evaluation to compare")
    parser.add_argument("--out", type=Path, help="Markdown file to write (default: standard output)")


def top1_at(levels: list[dict], bpp: float) -> float | None:
    """Top-1 % at a rate, linear in the logarithm of the rate between two levels; None outside of them."""
    points = sorted((row["bpp"], row["top1"]) for row in levels)
    for (low, a), (high, b) in zip(points, points[1:], strict=False):
        if low <= bpp <= high:
            share = 0.0 if high == low else math.log(bpp / low) / math.log(high / low)
            return float(a + share * (b - a))
    return None


def markdown(results: dict[str, dict]) -> str:
    """Two tables: top-1 at common rates, and what every level measures."""
    rates = " | ".join(f"top-1 % at {rate:g} bpp" for rate in RATES)
    lines = [f"| run | steps | top-1 % uncompressed | {rates} |", "|---" * (3 + len(RATES)) + "|"]
    for name, result in results.items():
        values = (top1_at(result["levels"], rate) for rate in RATES)
        cells = " | ".join("-" if value is None else f"{value:.1f}" for value in values)
        lines.append(f"| {name} | {result['steps']} | {result['uncompressed']['top1']:.1f} | {cells} |")
    levels = len(next(iter(results.values()))["levels"])
    lines += ["", "| level | " + " | ".join(f"{name}: bpp | top-1 %" for name in results) + " |"]
    lines.append("|---" * (1 + 2 * len(results)) + "|")
    for level in range(levels):
        rows = (result["levels"][level] for result in results.values())
        lines.append(f"| {level} | " + " | ".join(f"{r['bpp']:.3f} | {r['top1']:.1f}" for r in rows) + " |")
    return "\n".join(lines) + "\n"


def run(args: argparse.Namespace) -> None:
    """Read RUN/evaluate-STAGE.json of every run and write the tables."""
    results = {}
    for folder in args.runs:
        path = folder / f"evaluate-{args.stage}.json"
        if not path.exists():
            raise SystemExit(f"{path} is missing: run `evaluate --run {folder} --stage {args.stage}` first")
        results[folder.name] = json.loads(path.read_text())
    text = markdown(results)
    if args.out:
        args.out.write_text(text)
    else:
        print(text, end="")
