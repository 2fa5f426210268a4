"""Estimated rate, top-1 and box AP50 of a stage's checkpoint on the validation photographs, level by level."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import distributed
from ..data.annotated import Annotated, read_annotated, synthetic_annotated
from ..data.layout import Data, read_table, validation_rows
from ..data.pictures import load_rgb, synthetic_pictures
from ..errors import UsageError
from ..evaluate.boxes import check_pycocotools, measure_boxes
from ..evaluate.classification import backbone_top1, measure_top1
from ..loop.checkpoint import checkpoint_of, load_heads, load_model
from ..loop.options import add_data_arguments, add_run_argument, add_threads_argument
from ..loop.setup import set_threads
from ..loop.stage import Input, Need, Stage
from ..models.backbone import WEIGHTS_FILE

STAGES = ("polish", "codec")
SIDE = 224
RELEASED_CLASSES = Path(__file__).resolve().parents[3] / "packages" / "model-r50" / "classes.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    add_run_argument(parser)
    add_data_arguments(parser)
    parser.add_argument("--stage", choices=STAGES, help="whose checkpoint (default: polish if any, else codec)")
    parser.add_argument("--classes", type=Path, help="class list: CSV index,wnid,name or a model's classes.json")
    parser.add_argument("--backbone", type=Path, help=f"also measure, on uncompressed pixels, this {WEIGHTS_FILE}")
    parser.add_argument("--limit", type=int, help="use this many pictures, evenly spread over the list")
    parser.add_argument("--detection", type=int, help="also box AP50 of RUN/heads.pt on this many annotated pictures")
    parser.add_argument("--detection-levels", type=int, nargs="+", default=[2, 4, 6], help="quality levels for it")
    parser.add_argument("--batch", type=int, default=25, help="pictures at once")
    add_threads_argument(parser)


def class_indexes(path: Path | None, data: Path) -> dict[str, int]:
    """Read which output belongs to which wnid."""
    places = [path] if path else [data / "imagenet1k-classes.csv", RELEASED_CLASSES]
    for place in places:
        if place.exists():
            is_json = place.suffix == ".json"
            rows = json.loads(place.read_text()) if is_json else read_table(place, ("index", "wnid"))
            return {row["wnid"]: int(row["index"]) for row in rows}
    raise UsageError(f"no class list at {' or '.join(map(str, places))}: name one with --classes")


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
        rows, index = validation_rows(args.data), class_indexes(args.classes, args.data)
        if args.limit and args.limit < len(rows):
            rows = [rows[i * len(rows) // args.limit] for i in range(args.limit)]
        unknown = sorted({wnid for _, wnid in rows} - index.keys())
        if unknown:
            raise UsageError(f"{unknown[0]} of val.csv is in no class list ({len(unknown)} are not): see --classes")
        pictures, labels = [load_rgb(path) for path, _ in rows], [index[wnid] for _, wnid in rows]
    return torch.from_numpy(np.stack([centre_crop(p) for p in pictures])).permute(0, 3, 1, 2), torch.tensor(labels)


def load_annotated(args: argparse.Namespace) -> list[Annotated]:
    """Return `--detection` photographs, evenly spread over the validation list."""
    if args.synthetic:
        return synthetic_annotated(args.detection)
    pictures = read_annotated(args.data, Data.ANNOTATED_VAL)
    count = min(args.detection, len(pictures))
    return [pictures[i * len(pictures) // count] for i in range(count)]


def print_levels(levels: list[dict], accuracy: str, title: str, uncompressed: dict[str, float]) -> None:
    """Print one measure as a table."""
    print(f"| level | estimated bpp | {title} |\n|---|---|---|")
    for row in levels:
        print(f"| {row['level']} | {row['bpp']:.3f} | {row[accuracy]:.1f} |")
    for name, value in uncompressed.items():
        print(f"| {name} | - | {value:.1f} |")


def stage_of(args: argparse.Namespace) -> str:
    """Whose checkpoint is measured."""
    return args.stage or next((s for s in STAGES if (args.run / f"{s}.pt").exists()), "codec")


def figures_of(args: argparse.Namespace) -> Path:
    """File that the figures go into."""
    return Path(args.run) / f"evaluate-{stage_of(args)}.json"


def run(args: argparse.Namespace) -> None:
    """Measure, print a table and write RUN/evaluate-STAGE.json."""
    if args.detection:
        check_pycocotools()
    set_threads(args)
    device = distributed.begin()
    stage = stage_of(args)
    model, state = load_model(checkpoint_of(args.run, stage), device)
    heads = load_heads(checkpoint_of(args.run, "heads"), device)[0] if args.detection else None
    crops, labels = load_pictures(args)
    result = {"stage": stage, "steps": state["schedule"]["step"], "done": state["done"]}
    result.update(measure_top1(model.eval(), crops, labels, args.batch, device))
    uncompressed = {"uncompressed": result["uncompressed"]["top1"]}
    if args.backbone:
        result["backbone"] = {"top1": backbone_top1(args.backbone, crops, labels, args.batch, device)}
        uncompressed["backbone, uncompressed"] = result["backbone"]["top1"]
    if heads is not None:
        pictures = load_annotated(args)
        result["detection"] = measure_boxes(model, heads, pictures, args.detection_levels, device)
    figures_of(args).write_text(json.dumps(result, indent=2) + "\n")
    print(f"{stage}, {result['pictures']} pictures\n")
    print_levels(result["levels"], "top1", "top-1 %", uncompressed)
    if args.detection:
        boxes = result["detection"]
        print(f"\nheads, {boxes['pictures']} pictures\n")
        print_levels(boxes["levels"], "ap50", "box AP50 %", {"uncompressed": boxes["uncompressed"]["ap50"]})


STAGE = Stage(
    name="evaluate",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(
        Input(("polish.pt", "codec.pt")),
        Input(("heads.pt",), when="detection"),
    ),
    product=figures_of,
    data=(Need(Data.LABELLED_VAL), Need(Data.ANNOTATED_VAL, when="detection")),
    files=("backbone", "classes"),
)
