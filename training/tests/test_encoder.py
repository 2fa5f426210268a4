"""The stage encoder: rounding with a search's gradient, hyper-latents that carry areas, what of a release stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import COMMON, stage
from torch.nn import functional as F

from dicm_training.__main__ import main
from dicm_training.data.crops import CropSource, batch_shapes
from dicm_training.data.drawn import draw_screen
from dicm_training.data.pictures import synthetic_pictures
from dicm_training.loop.checkpoint import load_contrastive, load_model
from dicm_training.losses.rounding import bits_of_rounded, round_annealed
from dicm_training.models.architecture import TINY
from dicm_training.models.codec import Codec
from dicm_training.models.entropy import gaussian_bits
from dicm_training.release.folder import stored_tensors, widen
from dicm_training.release.released import LARGEST_POSITION, ReleasedModel
from dicm_training.release.shards import read_weights
from dicm_training.starts.hyper_latents import AREA, STEP, area_span, carry


def test_annealed_rounding_moves_what_lies_between_two_integers() -> None:
    values = torch.tensor([-1.5, -0.97, 0.02, 0.3, 0.499, 2.5, 2.9]).requires_grad_()
    symbols = round_annealed(values)
    assert torch.equal(symbols.detach(), values.detach().round())
    (slopes,) = torch.autograd.grad(symbols.sum(), values)
    # Largest halfway, next to nothing at an integer, and the same on both sides.
    assert slopes[0] > 2 and slopes[4] > 2 and slopes[5] > 2
    assert slopes[1] < 0.05 and slopes[2] < 0.05
    assert abs(float(slopes[0] - slopes[5])) < 1e-4
    # Over all that lies between two integers it adds up to one step.
    grid = torch.linspace(1e-3, 1 - 1e-3, 20_000).requires_grad_()
    (dense,) = torch.autograd.grad(round_annealed(grid).sum(), grid)
    assert abs(float(dense.mean()) - 1) < 0.01


def test_bits_of_rounded_symbols_are_the_true_ones_and_pull_towards_the_cheaper_neighbour() -> None:
    torch.manual_seed(3)
    values = (4 * torch.randn(2, 3, 4, 4)).requires_grad_()
    index = torch.full_like(values, 20.0, requires_grad=True)
    bits = bits_of_rounded(values, round_annealed(values), index)
    true = gaussian_bits(values.detach().round(), index.detach()).sum((1, 2, 3))
    torch.testing.assert_close(bits.detach(), true)
    towards_values, towards_index = torch.autograd.grad(bits.sum(), (values, index))
    near_half = (values - values.floor() - 0.5).abs() < 0.2
    assert (towards_values[near_half] * values.detach().sign()[near_half]).min() > -1e-6
    expected = torch.autograd.grad(gaussian_bits(values.detach().round(), index).sum(), index)[0]
    torch.testing.assert_close(towards_index, expected)


def test_hyper_latents_carry_what_areas_have_in_common() -> None:
    torch.manual_seed(5)
    codec = Codec(TINY)
    directions = torch.linalg.qr(torch.randn(TINY.latent, 5)).Q
    coefficients = torch.randn(16, 5, 4, 4) * torch.tensor([40.0, 30.0, 20.0, 15.0, 10.0])[:, None, None]
    areas = torch.einsum("cd,ndhw->nchw", directions, coefficients)
    y = F.interpolate(areas, scale_factor=AREA, mode="nearest")
    codec.hyper(y, noisy=False)  # sets the activation normalisation
    with torch.no_grad():
        codec.hs.out.weight[: TINY.latent] = 0
        codec.hs.out.bias[: TINY.latent] = 0  # type: ignore[index]
    span = area_span([y], 5)
    assert float((span.basis.T @ directions).square().sum()) > 4.99
    carry(codec, span)
    with torch.no_grad():
        mean, _, _ = codec.hyper(y, noisy=False)
    wanted = torch.einsum("cd,nchw->ndhw", span.basis, y - span.centre[:, None, None])
    found = torch.einsum("cd,nchw->ndhw", span.basis, mean)
    assert float((found - wanted).abs().max()) < 0.51 * STEP
    assert float(wanted.abs().max()) > 40


def test_some_crops_are_drawn_and_depend_on_the_seed_alone() -> None:
    shapes = batch_shapes(32 * 64 * 64, (64,))
    source, same = (CropSource(synthetic_pictures(4), shapes, seed=2, drawn=0.5) for _ in range(2))
    crops = source.batch(3)
    assert torch.equal(crops, same.batch(3))
    flat = (crops == crops[:, :, :1, :1]).flatten(1).all(1)
    assert 2 <= int(flat.sum()) <= 16
    screen = draw_screen(np.random.default_rng(1), 96)
    assert screen.shape == (96, 96, 3) and screen.dtype == np.uint8
    assert len(np.unique(screen.reshape(-1, 3), axis=0)) > 2


def test_encoder_alone_leaves_both_ids(tiny_run: Path, tmp_path: Path) -> None:
    base = tiny_run / "model"
    stage("encoder", "--run", str(tmp_path), *COMMON, "--steps", "3", "--base", str(base), "--re-mix", "0.3")
    stage("export", "--run", str(tmp_path), "--base", str(base), "--out", str(tmp_path / "model"))
    before, after = (json.loads((folder / "manifest.json").read_text()) for folder in (base, tmp_path / "model"))
    assert [after[key] for key in ("decodeId", "renderId")] == [before[key] for key in ("decodeId", "renderId")]
    assert after.get("detection") == before.get("detection")
    old, new = stored_tensors(base), stored_tensors(tmp_path / "model")
    changed = {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])}
    assert changed == {"re", "ga", "ha"}
    assert abs(float(new["re.mix"].float().mean()) - 0.3) < 0.05


def test_synthesis_learns_while_files_keep_their_decode_id(tiny_run: Path, tmp_path: Path) -> None:
    base, other, out = tiny_run / "model", tmp_path / "other", tmp_path / "model"
    shutil.copytree(base, other)
    stage("ssl", "--run", str(tmp_path), *COMMON, "--steps", "4", "--queue", "64", "--re-batches", "2")
    options = [*COMMON, "--base", str(base), "--earlier", str(other), "--trains", "synthesis", "--re-mix", "0.3"]
    printed = stage("encoder", "--run", str(tmp_path), *options, "--steps", "3")
    stage("export", "--run", str(tmp_path), "--base", str(base), "--out", str(out))
    before, after = (json.loads((folder / "manifest.json").read_text()) for folder in (base, out))
    assert after["decodeId"] == before["decodeId"] and after["renderId"] != before["renderId"]
    old, new = stored_tensors(base), stored_tensors(out)
    changed = {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])}
    assert changed == {"re", "ga", "ha", "gs"}
    assert f"RE of {tmp_path / 'ssl.pt'}" in printed
    trained, _ = load_contrastive(tmp_path / "ssl.pt", torch.device("cpu"))
    started, _ = load_model(tmp_path / "encoder.pt", torch.device("cpu"))
    expected, found = (module.encoder["down1"].weight for module in (trained.query.re, started.codec.re))
    torch.testing.assert_close(found, expected, rtol=0.05, atol=1e-3)


def test_new_hyper_latents_are_refused_where_the_entropy_path_stays(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--base", str(tiny_run / "model"), "--hyper-latents", "4", "--steps", "1"]
    with pytest.raises(SystemExit) as stopped:
        main(["encoder", "--run", str(tmp_path), *COMMON, *options])
    assert stopped.value.code == 2
    assert "--trains entropy is needed" in capsys.readouterr().err


def test_new_hyper_latents_keep_the_old_decode_path_and_the_tail(tiny_run: Path, tmp_path: Path) -> None:
    base, out = tiny_run / "model", tmp_path / "model"
    fits = ["--hyper-latents", "4", "--prior-steps", "6", "--refit-steps", "6"]
    options = [*COMMON, "--base", str(base), "--trains", "entropy", *fits]
    stage("encoder", "--run", str(tmp_path), *options, "--steps", "2", "--no-re")
    stage("export", "--run", str(tmp_path), "--base", str(base), "--out", str(out))
    old, new = stored_tensors(base), stored_tensors(out)
    earlier = read_weights(out)[1]
    identity = json.loads((base / "manifest.json").read_text())["decodeId"]
    assert list(earlier) == [identity]
    assert torch.equal(earlier[identity]["hs.out.weight"], old["hs.out.weight"])
    kept = [name for name in old if name.startswith(("head.", "tail.", "gain.", "heads."))]
    assert kept and all(torch.equal(old[name], new[name]) for name in kept)
    for name in ("hs.out.weight", "gs.in.weight", "ga.linear.weight", "ha.down1.weight"):
        assert not torch.equal(old[name], new[name]), name
    assert not new["re.mix"].any()
    # What is exported computes: files of both models are read by one g_s.
    model = ReleasedModel(widen(new))
    with torch.no_grad():
        rgb = torch.rand(1, 3, 64, 96)
        f3 = model.synthesise(model.dequantised(rgb, torch.full((1,), LARGEST_POSITION / 2)))
    assert f3.shape == (1, TINY.features, 16, 24) and torch.isfinite(f3).all()
