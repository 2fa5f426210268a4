"""Whole files through the reference, and its arithmetic against float64."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from dicm_reference.__main__ import main
from dicm_reference.codec import Codec
from dicm_reference.container import DicmFile, Header, TileSection, read_dicm, tile_grids, write_dicm
from dicm_reference.errors import DicmError
from dicm_reference.hyper_synthesis import HyperSynthesis, exp2, layer_norm
from dicm_reference.model import load_model
from dicm_reference.quantiser import gains_at, quantise

from dicm_training.release.released import ReleasedModel

FIXTURES = Path(__file__).parents[2] / "fixtures"
SMALL = FIXTURES / "hyper-synthesis" / "model"
FILES = sorted((FIXTURES / "hyper-synthesis" / "files").glob("*.dicm"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_command_line_decodes_and_encodes_the_same_bytes(path: Path, tmp_path: Path) -> None:
    latents, again = tmp_path / "latents.npz", tmp_path / "again.dicm"
    assert main(["decode", str(path), "--model", str(SMALL), "-o", str(latents)]) == 0
    assert main(["encode", str(latents), "--model", str(SMALL), "-o", str(again)]) == 0
    assert again.read_bytes() == path.read_bytes()


def test_command_line_keeps_ancillary_sections(tmp_path: Path) -> None:
    file = read_dicm(FILES[0].read_bytes())
    extra = [(0x31, b"b"), (0x02, b""), (0x31, bytes(300))] + [(0x3F, bytes([i])) for i in range(9)]
    first = tmp_path / "a.dicm"
    first.write_bytes(write_dicm(DicmFile(file.header, file.tiles, extra)))
    main(["decode", str(first), "--model", str(SMALL), "-o", str(tmp_path / "a.npz")])
    main(["encode", str(tmp_path / "a.npz"), "--model", str(SMALL), "-o", str(tmp_path / "b.dicm")])
    assert (tmp_path / "b.dicm").read_bytes() == first.read_bytes()


def test_refusals_reach_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.dicm"
    damaged.write_bytes(FILES[0].read_bytes()[:-1])
    assert main(["decode", str(damaged), "--model", str(SMALL), "-o", str(tmp_path / "x.npz")]) == 3
    assert "crc-mismatch" in capsys.readouterr().err


def test_a_file_for_another_model_is_refused() -> None:
    file = read_dicm(FILES[0].read_bytes())
    tiny = Codec(load_model(FIXTURES / "models" / "tiny"))
    with pytest.raises(DicmError, match="model-missing"):
        tiny.decode(file)


def test_a_wrong_integer_check_is_refused() -> None:
    file = read_dicm(FILES[0].read_bytes())
    tile = file.tiles[0]
    changed = DicmFile(file.header, [TileSection(tile.payload, tile.check ^ 1), *file.tiles[1:]])
    with pytest.raises(DicmError, match="integer-mismatch"):
        Codec(load_model(SMALL)).decode(changed)


def test_the_tiny_model_codes_a_usual_picture_quickly() -> None:
    model = load_model(FIXTURES / "models" / "tiny")
    codec = Codec(model)
    grids = tile_grids(224, 224)[0]
    rng = np.random.default_rng(0)
    z = rng.integers(-9, 10, (*grids.hyper, codec.synthesis.hyper_channels)).astype(np.int32)
    gains = gains_at(model.tensors, 1500)
    mean, _ = codec.synthesis.run(z, grids.latents)
    symbols = quantise(mean + rng.normal(0, 1, mean.shape).astype(np.float32), mean, gains.gain)
    header = Header(224, 224, 448, 448, 1500, model.decode_id, model.render_id)
    start = time.monotonic()
    data = write_dicm(codec.encode(header, [(z, symbols)]))
    tile = codec.decode(read_dicm(data))[0]
    assert time.monotonic() - start < 10
    assert (tile.z == z).all() and (tile.symbols == symbols).all()
    assert np.abs(tile.y).max() < 1e4


def test_arithmetic_approximates_the_real_functions() -> None:
    v = np.linspace(-60, 60, 4001).astype(np.float32)
    assert np.abs(exp2(v) / np.exp2(v.astype(np.float64)) - 1).max() < 1.2e-7
    x = np.random.default_rng(0).normal(3, 2, (5, 64)).astype(np.float32)
    one, zero = np.ones(64, np.float32), np.zeros(64, np.float32)
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-6)
    assert np.abs(layer_norm(x, one, zero) - expected).max() < 1e-5


def test_the_largest_weights_give_numbers() -> None:
    tensors = {name: tensor.copy() for name, tensor in load_model(SMALL).tensors.items()}
    for name, tensor in tensors.items():
        if name.startswith("hs."):
            tensor[...] = 256
    mean, scale = HyperSynthesis(tensors).run(np.full((2, 2, 5), 2**31 - 1, np.int32), (7, 6))
    assert np.isfinite(mean).all() and np.isfinite(scale).all()
    tensors["hs.in.bias"][0] = 256.5
    with pytest.raises(DicmError, match="bad-tensor"):
        HyperSynthesis(tensors)


def test_the_released_network_in_pytorch_agrees() -> None:
    tiny = FIXTURES / "models" / "tiny"
    z = np.random.default_rng(3).integers(-5, 6, (3, 4, 16)).astype(np.int32)
    with torch.no_grad():
        network = ReleasedModel.from_folder(tiny)
        there = network.hyper_synthesis(torch.from_numpy(z.astype(np.float32)).permute(2, 0, 1)[None], 11, 14)
    here = HyperSynthesis(load_model(tiny).tensors).run(z, (11, 14))
    for mine, theirs in zip(here, there, strict=True):
        assert np.abs(mine - theirs[0].permute(1, 2, 0).numpy()).max() < 1e-3
