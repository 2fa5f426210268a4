"""The plugin for Pillow opens the view layer, and says what to do where there is none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES

import dicm

pytest.importorskip("PIL", reason="Pillow is not installed (dicm[pillow])")

from PIL import Image

import dicm.pillow

VALID = FIXTURES / "conformance" / "valid"


def test_the_view_layer_is_an_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = VALID / "two-layers.dicm"
    view = next(layer for layer in dicm.open(path).info.layers if layer.layer == "view")
    pixels = np.random.default_rng(1).integers(0, 256, (view.height, view.width, 3), np.uint8)
    calls = []
    monkeypatch.setattr(dicm.File, "picture", lambda file: calls.append(file.data) or pixels)
    for source in (path, io.BytesIO(path.read_bytes())):
        with Image.open(source) as image:
            assert (image.format, image.mode, image.size) == ("DICM", "RGB", (view.width, view.height))
            calls.clear()
            np.testing.assert_array_equal(np.asarray(image), pixels)
            assert image.getpixel((0, 0)) == tuple(pixels[0, 0])
            assert calls == [path.read_bytes()]
            image.resize((7, 5)).save(tmp_path / "saved.png")


def test_a_file_of_features_alone_says_what_to_do() -> None:
    with pytest.raises(dicm.UsageError, match=r"no view layer.*dicm\.open\(path\)\.features\(\)") as caught:
        Image.open(VALID / "one-tile.dicm")
    assert caught.value.code == "missing-layer"


def test_a_damaged_file_is_refused_by_name() -> None:
    data = bytearray((VALID / "two-layers.dicm").read_bytes())
    data[-1] ^= 1
    with pytest.raises(dicm.FormatError):
        Image.open(io.BytesIO(data))


def test_other_images_are_left_to_pillow() -> None:
    with Image.open(FIXTURES / "images" / "chelsea.png") as image:
        assert image.format == "PNG"
