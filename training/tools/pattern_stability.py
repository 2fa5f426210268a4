"""How far decoded features of unnatural pictures are from the untouched ones: figures of RESULTS, g_s on fine patterns.

From the repository's root, for a released model folder:

    python training/tools/pattern_stability.py packages/model-r50 [--exaggerate 1.4] [--no-limit]

Prints, of simple patterns and of others, how many relative errors |f3 - f1|^2 / |f1|^2 exceed 2, and the largest.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from dicm_training.losses.distortion import relative_error
from dicm_training.release import released

SIDE = 128
POSITIONS = (0, 512, 1024, 1536, 2047)
Patterns = dict[str, np.ndarray]
"""Pictures by name: [SIDE, SIDE] grey or [SIDE, SIDE, 3] RGB, in [0, 1]."""

Y, X = np.mgrid[:SIDE, :SIDE]


def simple_patterns(rng: np.random.Generator) -> Patterns:
    """Stripes, checkerboards and diagonals along the pixel grid, and black-and-white blocks at random."""
    drawn: Patterns = {}
    for w in (1, 2, 3, 4, 5, 8, 16):
        drawn |= {f"columns {w}": X // w % 2, f"rows {w}": Y // w % 2}
        drawn |= {f"checkerboard {w}": (X // w + Y // w) % 2, f"diagonals {w}": (X + Y) // w % 2}
    return drawn | {f"noise {w}": blocks(rng.integers(0, 2, (SIDE, SIDE)), w) for w in (1, 2, 3, 4, 8)}


def blocks(values: np.ndarray, width: int) -> np.ndarray:
    """Enlarge values to blocks of `width` pixels."""
    return values[Y // width, X // width]


def waves() -> Patterns:
    """Gratings in several directions, hard and soft, zone plates and rings."""
    drawn: Patterns = {}
    for period in (2.5, 3.3, 4.7, 6, 9, 13):
        for degrees in (13, 30, 57, 75):
            across, down = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            wave = np.cos(2 * np.pi * (X * across + Y * down) / period)
            drawn |= {f"grating {period} at {degrees}": wave > 0, f"sine {period} at {degrees}": (wave + 1) / 2}
    squared = (X - SIDE / 2) ** 2 + (Y - SIDE / 2) ** 2
    for rate in (0.5, 1, 2):
        drawn[f"zone plate {rate}"] = np.cos(squared * np.pi * rate / SIDE) > 0
    return drawn | {f"rings {w}": np.sqrt(squared) // w % 2 for w in (2, 3)}


def lattices() -> Patterns:
    """Dots and grids, and their negatives; checkerboards and stripes in colours."""
    drawn: Patterns = {}
    for d in (3, 4, 6, 8):
        dots, grid = (X % d < d / 2) & (Y % d < d / 2), (X % d == 0) | (Y % d == 0)
        drawn |= {f"dots {d}": dots, f"holes {d}": ~dots, f"grid {d}": grid, f"tiles {d}": ~grid}
    for w in (2, 3, 5):
        for colour in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 0), (0, 1, 1)):
            board, stripes = ((X // w + Y // w) % 2)[..., None], (X // w % 2)[..., None]
            drawn[f"checkerboard {w} {colour}"] = board * np.array(colour)
            drawn[f"stripes {w} {colour}"] = stripes * np.array(colour) + (1 - stripes) * (1 - np.array(colour))
    return drawn


def noise(rng: np.random.Generator) -> Patterns:
    """Salt, coloured noise in blocks, bar codes, larger blocks."""
    drawn: Patterns = {f"salt {share}": rng.random((SIDE, SIDE)) < share for share in (0.05, 0.2, 0.5, 0.8)}
    for w in (1, 2, 3, 4, 5, 6):
        drawn[f"colours {w}"] = blocks(rng.random((SIDE, SIDE, 3)), w)
        drawn[f"primaries {w}"] = blocks(rng.integers(0, 2, (SIDE, SIDE, 3)), w)
    drawn |= {f"bar code {w}": rng.integers(0, 2, SIDE)[X // w] for w in (2, 3)}
    return drawn | {f"code {w}": blocks(rng.integers(0, 2, (SIDE, SIDE)), w) for w in (4, 6)}


def drawings(rng: np.random.Generator) -> Patterns:
    """Text and random lines over it, dark on light and light on dark; plain areas."""
    drawn: Patterns = {}
    for size in (7, 9, 11, 16, 24):
        for ink in (0, 255):
            picture = Image.new("L", (SIDE, SIDE), 255 - ink)
            draw = ImageDraw.Draw(picture)
            for y in range(0, SIDE, size + 1):
                text = "".join(map(chr, rng.integers(33, 126, SIDE // 3)))
                draw.text((0, y), text, fill=ink, font=ImageFont.load_default(size))
            drawn[f"text {size}, ink {ink}"] = np.asarray(picture) / 255
            draw.line([tuple(map(int, rng.integers(0, SIDE, 2))) for _ in range(60)], fill=ink, width=2)
            drawn[f"lines over text {size}, ink {ink}"] = np.asarray(picture) / 255
    dot = (X == SIDE // 2) & (Y == SIDE // 2)
    return drawn | {"white": np.ones((SIDE, SIDE)), "half": Y // (SIDE // 2), "dot": dot, "ramp": X / SIDE}


@torch.no_grad()
def measure(model: released.ReleasedModel, patterns: Patterns, exaggerate: float) -> list[tuple[float, str]]:
    """Relative error and name of every pattern at every quality position, largest first."""
    errors = []
    for name, values in patterns.items():
        rgb = torch.from_numpy(np.broadcast_to(values.reshape(SIDE, SIDE, -1), (SIDE, SIDE, 3)).astype(np.float32))
        rgb = (rgb.permute(2, 0, 1)[None] * 255).round() / 255
        f1 = model.head(rgb)
        y = torch.cat([model.dequantised(rgb, torch.tensor([float(position)])) for position in POSITIONS])
        found = relative_error(model.synthesise(exaggerate * y), f1.expand(len(y), -1, -1, -1))
        errors += [(float(e), f"{name}, position {p}") for e, p in zip(found, POSITIONS, strict=True)]
    return sorted(errors, reverse=True)


def main() -> None:
    """Measure the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="released model folder")
    parser.add_argument("--exaggerate", type=float, default=1.0, help="factor of the dequantised latents")
    parser.add_argument("--no-limit", action="store_true", help="leave out the limit of products in g_a and g_s")
    args = parser.parse_args()
    if args.no_limit:
        released.PRODUCT_LIMIT = float("inf")
    model = released.ReleasedModel.from_folder(args.model)
    rng = np.random.default_rng(3)
    others = waves() | lattices() | noise(rng) | drawings(rng)
    for kind, patterns in (("simple", simple_patterns(rng)), ("other", others)):
        errors = measure(model, patterns, args.exaggerate)
        above = sum(error > 2 for error, _ in errors)
        error, name = errors[0]
        print(f"{kind}: {above} of {len(errors)} above 2, largest {error:.3g} ({name})")


if __name__ == "__main__":
    main()
