"""Estimated rate, top-1 and box AP50 of a stage's checkpoint on the validation photographs, level by level."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import distributed
from ..data.crops import load_rgb, normalise, synthetic_pictures, to_rgb, validation_rows
from ..data.instances import Annotated, read_annotated, synthetic_annotated
from ..evaluate.boxes import measure_boxes
from ..loop.stage_run import checkpoint_of, load_heads, load_model
from ..models.backbone import load_resnet50
from ..models.codec import Model

STAGES = ("polish", "codec")
SIDE = 224
RELEASED_CLASSES = Path(__file__).resolve().parents[3] / "packages" / "model-r50" / "classes.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    parser.add_argument("--run", type=Path, required=True, help="run folder of the training stages")
    parser.add_argument("--data", type=Path, help="unpacked data folder with classification/val.csv")
    parser.add_argument("--synthetic", action="store_true", help="drawn pictures with arbitrary labels instead")
    parser.add_argument("--stage", choices=STAGES, help="whose checkpoint (default: polish, else codec)")
    parser.add_argument("--classes", type=Path, help="class list: CSV index,wnid,name or a model's classes.json")
    parser.add_argument("--backbone", type=Path, help="also measure this network on uncompressed pixels")
    parser.add_argument("--limit", type=int, help="use this many pictures, evenly spread over the list")
    parser.add_argument("--detection", type=int, help="also box AP50 of RUN/heads.pt on this many annotated pictures")
    parser.add_argument("--detection-levels", type=int, nargs="+", default=[2, 4, 6], help="quality levels for it")
    parser.add_argument("--batch", type=int, default=25, help="pictures at once")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: PyTorch's choice)")


def class_indexes(path: Path | None, data: Path) -> dict[str, int]:
    """Read which output belongs to which wnid."""
    places = [path] if path else [data / "imagenet1k-classes.csv", RELEASED_CLASSES]
    for place in places:
        if place.exists():
            if place.suffix == ".json":
                rows = json.loads(place.read_text())
            else:
                with place.open() as file:
                    rows = list(csv.DictReader(file))
            return {row["wnid"]: int(row["index"]) for row in rows}
    raise SystemExit(f"no class list at {' or '.join(map(str, places))}: name one with --classes")


def centre_crop(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Cut the central square, resized to side x side unless it already is."""
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = picture[top : top + short, left : left + short]
    return (
        square if short == side else np.asarray(Image.fromarray(square).resize((side, side), Image.Resampling.BICUBIC))
    )


def load_pictures(args: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Return uint8 pictures [N, 3, 224, 224] and their labels [N]."""
    if args.synthetic:
        pictures, labels = synthetic_pictures(8, SIDE), list(range(8))
    else:
        if args.data is None:
            raise SystemExit("--data FOLDER is needed (with classification/val.csv), or --synthetic")
        rows, index = validation_rows(args.data), class_indexes(args.classes, args.data)
        if args.limit and args.limit < len(rows):
            rows = [rows[i * len(rows) // args.limit] for i in range(args.limit)]
        pictures, labels = [load_rgb(path) for path, _ in rows], [index[wnid] for _, wnid in rows]
    return torch.from_numpy(np.stack([centre_crop(p) for p in pictures])).permute(0, 3, 1, 2), torch.tensor(labels)


@torch.no_grad()
def measure(model: Model, crops: Tensor, labels: Tensor, batch: int, device: torch.device) -> dict:
    """Bits per pixel (estimated from the entropy models, hard rounding) and top-1 % per level and uncompressed."""
    levels = model.arch.quality_levels
    bits, hits, plain = torch.zeros(levels), torch.zeros(levels), 0
    for x, y in zip(crops.split(batch), labels.split(batch), strict=True):
        rgb = normalise(to_rgb(x.to(device))).contiguous(memory_format=torch.channels_last)
        y = y.to(device)
        f1 = model.head(rgb)
        plain += int((model.tail(f1)[3].argmax(1) == y).sum())
        for level in range(levels):
            coded = model.codec(f1, torch.full((len(x),), float(level), device=device), noisy=False)
            bits[level] += float((coded.latent_bits + coded.hyper_bits).sum())
            hits[level] += int((model.tail(coded.features)[3].argmax(1) == y).sum())
    n, pixels = len(crops), crops.shape[2] * crops.shape[3]
    return {
        "pictures": n,
        "uncompressed": {"top1": 100 * plain / n},
        "levels": [
            {"level": i, "bpp": float(bits[i]) / n / pixels, "top1": 100 * float(hits[i]) / n} for i in range(levels)
        ],
    }


@torch.no_grad()
def backbone_top1(path: Path, crops: Tensor, labels: Tensor, batch: int, device: torch.device) -> float:
    """Top-1 % of an uncompressed ResNet-50."""
    head, tail = (part.to(device).eval() for part in load_resnet50(path))
    hits = 0
    for x, y in zip(crops.split(batch), labels.split(batch), strict=True):
        hits += int((tail(head(normalise(to_rgb(x.to(device)))))[3].argmax(1) == y.to(device)).sum())
    return 100 * hits / len(crops)


def load_annotated(args: argparse.Namespace) -> list[Annotated]:
    """Return `--detection` photographs, evenly spread over the validation list."""
    if args.synthetic:
        return synthetic_annotated(args.detection)
    pictures = read_annotated(args.data, "val")
    count = min(args.detection, len(pictures))
    return [pictures[i * len(pictures) // count] for i in range(count)]


def print_levels(levels: list[dict], accuracy: str, title: str, uncompressed: dict[str, float]) -> None:
    """Print one measure as a table."""
    print(f"| level | estimated bpp | {title} |\n|---|---|---|")
    for row in levels:
        print(f"| {row['level']} | {row['bpp']:.3f} | {row[accuracy]:.1f} |")
    for name, value in uncompressed.items():
        print(f"| {name} | - | {value:.1f} |")


def run(args: argparse.Namespace) -> None:
    """Measure, print a table and write RUN/evaluate-STAGE.json."""
    if args.threads:
        torch.set_num_threads(args.threads)
    device = distributed.begin()
    stage = args.stage or next((s for s in STAGES if (args.run / f"{s}.pt").exists()), "codec")
    model, state = load_model(checkpoint_of(args.run, stage), device)
    heads = load_heads(checkpoint_of(args.run, "heads"), device)[0] if args.detection else None
    crops, labels = load_pictures(args)
    result = {"stage": stage, "steps": state["schedule"]["step"], "done": state["done"]}
    result.update(measure(model.eval(), crops, labels, args.batch, device))
    uncompressed = {"uncompressed": result["uncompressed"]["top1"]}
    if args.backbone:
        result["backbone"] = {"top1": backbone_top1(args.backbone, crops, labels, args.batch, device)}
        uncompressed["backbone, uncompressed"] = result["backbone"]["top1"]
    if heads is not None:
        pictures = load_annotated(args)
        result["detection"] = measure_boxes(model, heads, pictures, args.detection_levels, device)
    (args.run / f"evaluate-{stage}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{stage}, {result['pictures']} pictures\n")
    print_levels(result["levels"], "top1", "top-1 %", uncompressed)
    if args.detection:
        boxes = result["detection"]
        print(f"\nheads, {boxes['pictures']} pictures\n")
        print_levels(boxes["levels"], "ap50", "box AP50 %", {"uncompressed": boxes["uncompressed"]["ap50"]})
