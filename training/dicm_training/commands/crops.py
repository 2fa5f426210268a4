"""Contact sheet of semantic guidance: picture, heatmap, box, and the crops that are sampled from it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from ..data.layout import Data
from ..data.semantic_crops import heat_boxes, sample_window
from ..loop.checkpoint import checkpoint_of, load_contrastive
from ..loop.options import add_input_arguments, coded_side
from ..loop.semantic_boxes import heat_of, squeeze
from ..loop.setup import prepare
from ..loop.stage import Input, Need, Stage

CELL = 160
GAP = 4
LABEL = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    add_input_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--count", type=int, default=8, help="pictures, evenly spread over the training set")
    parser.add_argument("--samples", type=int, default=5, help="sampled crops per picture")
    parser.add_argument("--heat-side", type=coded_side, default=224, help="side of the pictures that give heatmaps")


def fit(image: Image.Image) -> Image.Image:
    """Scale an image into a cell, centred."""
    scale = CELL / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    cell = Image.new("RGB", (CELL, CELL), (24, 24, 24))
    cell.paste(image, ((CELL - image.width) // 2, (CELL - image.height) // 2))
    return cell


def overlay_heat(picture: np.ndarray, heat: np.ndarray) -> Image.Image:
    """Blend a heatmap (0: blue, 1: red) over its picture."""
    shape = (picture.shape[1], picture.shape[0])
    h = np.asarray(Image.fromarray((heat * 255).astype(np.uint8)).resize(shape, Image.Resampling.BILINEAR)) / 255
    colours = np.stack([h, 0.6 * (1 - np.abs(2 * h - 1)), 1 - h], 2) * 255
    return Image.fromarray((0.5 * picture + 0.5 * colours).astype(np.uint8))


def row(picture: np.ndarray, heat: np.ndarray, box: list[float], windows: list[tuple]) -> list[Image.Image]:
    """Cells of one picture."""
    boxed = Image.fromarray(picture)
    draw = ImageDraw.Draw(boxed)
    sides = (boxed.width, boxed.height, boxed.width, boxed.height)
    left, top, right, bottom = (share * side for share, side in zip(box, sides, strict=True))
    draw.rectangle((left, top, right - 1, bottom - 1), outline=(255, 64, 64), width=max(2, boxed.width // 80))
    for window in windows:
        x, y = (window[0] + window[2]) / 2, (window[1] + window[3]) / 2
        r = max(3, boxed.width // 60)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=(255, 255, 0), width=2)
    crops = [Image.fromarray(picture[t:b, left:right]).resize((CELL, CELL)) for left, t, right, b in windows]
    return [*map(fit, (Image.fromarray(picture), overlay_heat(picture, heat), boxed)), *crops]


def sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """Put the cells of all rows on one labelled sheet."""
    columns = len(rows[0])
    labels = ["picture", "heatmap", "box, crop centres", *(f"crop {i + 1}" for i in range(columns - 3))]
    page = Image.new("RGB", (columns * (CELL + GAP) + GAP, len(rows) * (CELL + GAP) + GAP + LABEL), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    for x, label in enumerate(labels):
        draw.text((GAP + x * (CELL + GAP), 2), label, fill=(0, 0, 0))
    for y, cells in enumerate(rows):
        for x, cell in enumerate(cells):
            page.paste(cell, (GAP + x * (CELL + GAP), LABEL + GAP + y * (CELL + GAP)))
    return page


def run(args: argparse.Namespace) -> None:
    """Draw the sheet from the stage's checkpoint."""
    setup = prepare(args)
    model, _ = load_contrastive(checkpoint_of(args.run, "ssl"), setup.device)
    count = min(args.count, len(setup.pictures))
    chosen = [setup.pictures[i * len(setup.pictures) // count] for i in range(count)]
    heat = heat_of(model.query.eval(), setup, squeeze(chosen, args.heat_side))
    boxes = heat_boxes(heat).tolist()
    rng = np.random.default_rng(args.seed)
    rows = []
    for picture, map_, box in zip(chosen, heat.cpu().numpy(), boxes, strict=True):
        height, width = picture.shape[:2]
        windows = [sample_window(rng, width, height, box) for _ in range(args.samples)]
        rows.append(row(picture, map_, box, windows))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet(rows).save(args.out)
    area = torch.tensor([(b[2] - b[0]) * (b[3] - b[1]) for b in boxes]).mean()
    print(f"{args.out}: {count} pictures, boxes cover {100 * float(area):.0f} % of them on average")


STAGE = Stage(
    name="crops",
    about=__doc__ or "",
    add_arguments=add_arguments,
    run=run,
    reads=(Input(("ssl.pt",)),),
    data=(Need(Data.PHOTOGRAPHS),),
    backbone=True,
)
