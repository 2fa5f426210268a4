"""The perceptual profile: its distances, its start, its stages at smoke size, and what is exported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import assert_same_path, stage
from torch import Tensor
from torch.nn import functional as F

from dicm_training.data.crops import batch_shapes
from dicm_training.data.drawn import draw_colour, draw_simple, with_border, without_colours
from dicm_training.data.pictures import synthetic_pictures, to_rgb
from dicm_training.data.view_crops import SHRINK, ViewCrops, view_pictures
from dicm_training.errors import UsageError
from dicm_training.loop.checkpoint import load_view
from dicm_training.losses.perceptual import LINEAR_FILE, load_lpips, ms_ssim, random_lpips
from dicm_training.losses.view import SMOOTH, ViewTerms, smoothness, view_distortion
from dicm_training.models.architecture import TINY_VIEW, ViewArchitecture
from dicm_training.models.view import View
from dicm_training.release.folder import stored_tensors, widen
from dicm_training.release.unfold import unfold
from dicm_training.starts.hyper_latents import STEP, carries_colours, carry, colour_span
from dicm_training.starts.patches import initialise, transform

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import picture_witness as witness  # noqa: E402
from make_op_vectors import view_synthesis  # noqa: E402

WEIGHTS = Path(__file__).resolve().parents[3] / "shared" / "weights"
COMMON = ["--synthetic", "--tiny", "--pixels", "73728", "--sides", "192", "--log-every", "1", "--threads", "2"]
START = ["--klt-batches", "2", "--prior-steps", "2", "--refit-steps", "6"]


def pictures(count: int, side: int, seed: int = 0) -> Tensor:
    drawn = np.stack(synthetic_pictures(count, side, seed))
    return to_rgb(torch.from_numpy(drawn).permute(0, 3, 1, 2))


def test_ms_ssim_is_that_of_scipy() -> None:
    a = pictures(2, 192)
    b = (a + 0.1 * torch.randn(a.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    in_255ths = [255 * x.permute(0, 2, 3, 1).double().numpy() for x in (a, b)]
    wanted = [witness.ms_ssim(*pair) for pair in zip(*in_255ths, strict=True)]
    assert np.allclose(ms_ssim(a, b).numpy(), wanted, atol=1e-5)
    assert np.allclose(ms_ssim(a, a).numpy(), 1, atol=1e-6)
    with pytest.raises(ValueError, match="161 pixels"):
        ms_ssim(a[:, :, :160], b[:, :, :160])


def test_lpips_compares_unit_vectors_at_seven_points() -> None:
    lpips = random_lpips()
    a, b = pictures(2, 96), pictures(2, 96, seed=1)
    points = lpips.features(a)
    assert [p.shape[1] for p in points] == [64, 128, 256, 384, 384, 512, 512]
    # Halving by poolings that round up: 96 -> 47 -> 23 -> 11 -> 5.
    assert [p.shape[2] for p in points] == [47, 23, 11, 5, 5, 5, 5]
    assert all(torch.allclose(p.square().sum(1).clamp(min=0.5), torch.ones(()), atol=1e-5) for p in points[1:])
    assert torch.equal(lpips(a, a), torch.zeros(2))
    assert (lpips(a, b) > 0).all()
    near = lpips(a.lerp(b, 0.1), a)
    assert (near < lpips(a.lerp(b, 0.5), a)).all()


def test_lpips_names_the_file_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "squeezenet1_1.safetensors").touch()
    with pytest.raises(UsageError, match=LINEAR_FILE):
        load_lpips(tmp_path)


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason=f"the public weights are not at {WEIGHTS}")
def test_lpips_of_published_weights_grows_with_what_eyes_see() -> None:
    lpips = load_lpips(WEIGHTS)
    assert all((getattr(lpips, f"lin{i}") >= 0).all() for i in range(7))
    a = pictures(4, 128)
    blurred = F.interpolate(F.avg_pool2d(a, 4), scale_factor=4, mode="bilinear")
    brighter = a * 0.98 + 0.02
    assert (lpips(blurred, a) > 4 * lpips(brighter, a)).all()


def test_errors_in_smooth_areas_count_more() -> None:
    noise = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for spread, expected in ((0.0, 1.0), (SMOOTH, 0.5), (30 * SMOOTH, 0.0)):
        weight = smoothness(0.5 + spread * noise)
        assert weight.shape == (1, 1, 64, 64)
        assert torch.allclose(weight, torch.tensor(expected), atol=0.03)
    half = torch.full((2, 3, 64, 64), 0.5)
    half[:, :, 32:] += 0.2 * noise[:, :, 32:]
    terms, error = ViewTerms(lpips=0, ms_ssim=0, mse=10, smooth=90), 0.1
    smooth_off, rough_off = half.clone(), half.clone()
    smooth_off[:, :, :32] += error
    rough_off[:, :, 32:] += error
    (in_smooth, parts), (in_rough, _) = (
        view_distortion(x, half, terms, random_lpips()) for x in (smooth_off, rough_off)
    )
    assert torch.allclose(in_smooth, torch.tensor(0.5 * error**2 * 100), rtol=1e-3)
    assert torch.allclose(in_rough, torch.tensor(0.5 * error**2 * 10), rtol=0.1)
    assert set(parts) == {"mse", "smooth"}


def test_a_view_starts_as_the_transform_it_is_given() -> None:
    batch = pictures(8, 64)
    view = View(
        ViewArchitecture(widths=(8, 8), latent=768, hyper_analysis=(32, 32), hyper=8, hyper_synthesis=(32,) * 3)
    )
    basis, energies = transform([batch], 768)
    assert torch.allclose(basis @ basis.T, torch.eye(768), atol=1e-4)
    assert (energies.diff() <= 1e-4).all()
    initialise(view, basis, 3.0)
    with torch.no_grad():
        y = view.analyse(batch)
        assert torch.allclose(view.rebuild(y), batch, atol=1e-4)
    assert torch.allclose(y.square().mean((0, 2, 3))[:8], energies[:8] * 64, rtol=1e-3)


def test_hyper_latents_carry_colours_from_the_first_step_on() -> None:
    batch = pictures(8, 128)
    view = View(
        ViewArchitecture(widths=(8, 8), latent=32, hyper_analysis=(32, 64), hyper=16, hyper_synthesis=(64, 32, 32))
    )
    initialise(view, transform([batch], 32)[0], 4.0)
    with torch.no_grad():
        view.hyper(view.analyse(batch), noisy=False)  # sets the activation normalisation
        # What else they say of the mean would stand beside it.
        view.hs.out.weight[:32] = 0
        view.hs.out.bias[:32] = 0  # type: ignore[index]
    span = colour_span(view, [batch])
    assert not carries_colours(view)
    carry(view, span)
    assert carries_colours(view)  # and so they are not given to it again
    colours = torch.tensor([[0.5, 0.5, 0.5], [1.0, 0.0, 0.0], [0.1, 0.4, 0.9], [0.0, 0.0, 0.0]])
    flat = colours[:, :, None, None].expand(-1, -1, 128, 128).contiguous()
    with torch.no_grad():
        y = view.analyse(flat)
        mean, _, _ = view.hyper(y, noisy=False)
        found, wanted = mean.permute(0, 2, 3, 1) @ span.basis, (y - span.centre[:, None, None]).permute(0, 2, 3, 1)
        # Every position, not only those far from a border.
        assert float((found - wanted @ span.basis).abs().max()) < 0.51 * STEP
        assert float(found.abs().max()) > 4 * STEP
        # Nothing else of what flat pictures are is left.
        assert float((wanted - wanted @ span.basis @ span.basis.T).abs().max()) < 0.02 * span.largest


def test_some_crops_are_grey_or_have_a_border() -> None:
    rng = np.random.default_rng(3)
    crop = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    grey = without_colours(crop)
    assert grey.dtype == np.uint8 and (grey == grey[:, :, :1]).all()
    assert abs(float(grey[0, 0, 0]) - float(crop[0, 0] @ [0.299, 0.587, 0.114])) <= 0.5
    for _ in range(20):
        covered = with_border(rng, crop)
        same = (covered == crop).all(2)
        assert 32 * 64 <= same.sum() < 57 * 64
        assert len(np.unique(covered[~same], axis=0)) == 1
    assert {tuple(draw_colour(rng)) for _ in range(200)} >= {(0, 0, 0), (255, 255, 255), (255, 0, 0)}


def test_crops_of_compressed_pictures_are_shrunk() -> None:
    line = np.zeros((400, 400, 3), np.uint8)
    line[:, ::2] = 255  # a pixel wide: whole where a picture is kept as it is, grey where it is shrunk

    def contrast(source: ViewCrops, seed: int) -> float:
        return float(np.abs(np.diff(source._crop(np.random.default_rng(seed), 64)[:, :, 0].astype(int))).mean())

    shapes = batch_shapes(64 * 64, (64,))
    kept, shrunk = ViewCrops([line], [], shapes), ViewCrops([], [line], shapes)
    assert max(contrast(kept, seed) for seed in range(20)) > 240
    assert max(contrast(shrunk, seed) for seed in range(20)) < 50
    rng = np.random.default_rng(5)
    assert draw_simple(rng, 32).shape == (32, 32, 3)


def test_pictures_that_are_too_small_are_refused(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "photos").mkdir()
    Image.new("RGB", (200, 200)).save(tmp_path / "photos" / "a.png")
    with pytest.raises(UsageError, match=f"{SHRINK[0] * 192:.0f} pixels.*photos-clean"):
        view_pictures(tmp_path, 192)


@pytest.fixture(scope="module")
def view_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("view")
    stage("perceptual", "--run", str(run), *COMMON, *START, "--steps", "4")
    stage("perceptual-polish", "--run", str(run), *COMMON, "--steps", "2")
    stage("perceptual-export", "--run", str(run), "--out", str(run / "model"), "--name", "smoke-view")
    return run


def test_stages_train_what_they_say(view_run: Path) -> None:
    first, _ = load_view(view_run / "perceptual.pt", torch.device("cpu"))
    last, state = load_view(view_run / "perceptual-polish.pt", torch.device("cpu"))
    assert state["done"]
    before, after = dict(first.named_parameters()), dict(last.named_parameters())
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert moved == {name for name in after if name.startswith("gs.")} | {"log2_inverse_gain"}
    lines = [json.loads(line) for line in (view_run / "perceptual.jsonl").read_text().splitlines()]
    # Squared error alone in the first third of the budget, all three distances after it.
    assert "lpips" not in lines[0]
    assert {"mse", "1-msssim", "lpips", "bpp", "hyper_bpp"} <= lines[-1].keys()


def test_the_export_computes_what_was_trained(view_run: Path) -> None:
    view, _ = load_view(view_run / "perceptual-polish.pt", torch.device("cpu"))
    manifest = json.loads((view_run / "model" / "manifest.json").read_text())
    assert manifest["profile"] == "perceptual"
    assert "classes" not in manifest and "classes" not in manifest["architecture"]
    assert not (view_run / "model" / "classes.json").exists()
    tensors = widen(stored_tensors(view_run / "model"))
    y = torch.randn(1, TINY_VIEW.latent, 4, 5, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(view_synthesis(y, tensors), view.rebuild(y).clamp(0, 1), atol=3e-3)


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    stage("perceptual", "--run", str(whole), *COMMON, *START, "--steps", "4")
    stage("perceptual", "--run", str(halves), *COMMON, *START, "--steps", "4", "--stop-after", "2")
    middle = torch.load(halves / "perceptual.pt", weights_only=True)
    assert middle["schedule"]["step"] == 2
    stage("perceptual", "--run", str(halves), *COMMON, *START, "--steps", "4")
    found, wanted = (torch.load(run / "perceptual.pt", weights_only=True) for run in (halves, whole))
    assert_same_path(found["model"], wanted["model"], middle["model"])


def test_a_run_goes_on_from_a_release_and_reads_its_files(view_run: Path, tmp_path: Path) -> None:
    model, run = view_run / "model", tmp_path / "run"
    stage("perceptual", "--run", str(run), *COMMON, *START, "--start", str(model), "--steps", "3")
    lines = [json.loads(line) for line in (run / "perceptual.jsonl").read_text().splitlines()]
    assert all("lpips" in line for line in lines)  # no part for squared error alone
    stage("perceptual-polish", "--run", str(run), *COMMON, "--earlier", str(model), "--steps", "2")
    stage("perceptual-export", "--run", str(run), "--out", str(tmp_path / "model"), "--decode-path-of", str(model))
    earlier, manifest = (json.loads((folder / "manifest.json").read_text()) for folder in (model, tmp_path / "model"))
    assert manifest["decodeId"] != earlier["decodeId"]
    assert [path["decodeId"] for path in manifest["earlierDecodePaths"]] == [earlier["decodeId"]]


def test_a_release_is_the_codec_it_was_exported_from(view_run: Path) -> None:
    trained, _ = load_view(view_run / "perceptual-polish.pt", torch.device("cpu"))
    again = View(TINY_VIEW)
    unfold(widen(stored_tensors(view_run / "model")), again)
    rgb, level = pictures(2, 128), torch.tensor([0.0, 5.5])
    with torch.no_grad():
        wanted, found = trained.analyse(rgb), again.analyse(rgb)
        assert torch.allclose(found, wanted, atol=2e-2)
        for a, b in zip(trained.hyper(wanted, noisy=False), again.hyper(wanted, noisy=False), strict=True):
            if a.dim() == 4:  # the density of z is not in the folder as such
                assert torch.allclose(a, b, rtol=1e-2, atol=2e-2)
        assert torch.equal(trained.gains(level)[0], again.gains(level)[0])
        assert torch.allclose(trained.rebuild(wanted), again.rebuild(wanted), atol=5e-3)
    with pytest.raises(ValueError, match="no place"):
        unfold(widen(stored_tensors(view_run / "model")), View(ViewArchitecture()))
