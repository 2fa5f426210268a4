"""Pictures that photographs do not hold: flat areas, slopes, fine patterns, screens and documents; borders; grey."""

from __future__ import annotations

import string

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .patterns import draw_pattern

DRAWN_SHARE = 0.12
"""Of crops, where drawn ones are wanted."""
BORDER_SHARE = 0.05
"""Of crops of photographs: with a strip of one colour along a side, as letterboxed pictures and drawings have."""
LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in grey (Rec. ITU-R BT.601)."""
LETTERS = np.array(list(string.ascii_letters + string.digits + "    .,;:-()"))


def draw_colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour [3]: any, a grey, or a corner (black, white, saturated ones), which drawings have most."""
    kind = rng.random()
    if kind < 0.5:
        return rng.integers(0, 256, 3)
    return np.repeat(rng.integers(0, 256, 1), 3) if kind < 0.7 else rng.choice([0, 255], 3)


def draw_simple(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a flat colour, a slope between two, a fine pattern, or a screen; uint8 [side, side, 3]."""
    kind = rng.random()
    first, second = draw_colour(rng), draw_colour(rng)
    if kind < 0.45:
        return np.broadcast_to(first.astype(np.uint8), (side, side, 3))
    if kind < 0.6:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[:side, :side] / side - 0.5
        share = 0.5 + 0.7 * (np.cos(angle) * x + np.sin(angle) * y)
        return np.rint(first + (second - first) * share.clip(0, 1)[..., None]).astype(np.uint8)
    return draw_pattern(rng, side) if kind < 0.8 else draw_screen(rng, side)


def draw_screen(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a page or a screen: a ground, some boxes with edges, and lines of letters; uint8 [side, side, 3]."""

    def colour() -> tuple[int, int, int]:
        red, green, blue = (int(part) for part in draw_colour(rng))
        return red, green, blue

    ground = (255, 255, 255) if rng.random() < 0.5 else colour()
    page = Image.new("RGB", (side, side), ground)
    draw = ImageDraw.Draw(page)
    for _ in range(int(rng.integers(4))):
        left, top = (int(part) for part in rng.integers(0, side - 8, 2))
        right, bottom = (int(rng.integers(edge + 4, side)) for edge in (left, top))
        draw.rectangle((left, top, right, bottom), fill=colour(), outline=colour())
    size, ink = int(rng.integers(8, 25)), (0, 0, 0) if rng.random() < 0.5 else colour()
    font = ImageFont.load_default(size)
    left, first = (int(part) for part in rng.integers(0, side // 3, 2))
    for top in range(first, side, int(size * rng.uniform(1.1, 2))):
        text = "".join(rng.choice(LETTERS, int(rng.integers(4, 1 + max(4, 2 * side // size)))))
        draw.text((left, top), text, fill=ink, font=font)
        if rng.random() < 0.1:
            break
    return np.asarray(page)


def without_colours(crop: np.ndarray) -> np.ndarray:
    """Return the grey picture of the same lightness, uint8 [H, W, 3]."""
    return np.repeat(np.rint(crop @ LUMA).astype(np.uint8)[..., None], 3, 2)


def with_border(rng: np.random.Generator, crop: np.ndarray) -> np.ndarray:
    """Cover up to half of a crop, from any of its sides, by a colour."""
    covered = crop.copy()
    width = int(rng.integers(8, len(crop) // 2 + 1))
    strip = slice(width) if rng.random() < 0.5 else slice(-width, None)
    covered[(slice(None), strip) if rng.random() < 0.5 else strip] = draw_colour(rng)
    return covered
