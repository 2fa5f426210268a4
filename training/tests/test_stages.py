"""Each stage at smoke size: it runs, it resumes, and its export means what was trained."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import COMMON, assert_same_path, stage

from dicm_training.data.crops import CropSource, batch_shapes
from dicm_training.data.pictures import synthetic_pictures
from dicm_training.errors import UsageError
from dicm_training.loop.checkpoint import load_model
from dicm_training.loop.options import add_common_arguments
from dicm_training.loop.setup import prepare
from dicm_training.models.architecture import TINY
from dicm_training.models.backbone import normalise
from dicm_training.models.codec import Codec
from dicm_training.release.earlier import EarlierEncoder
from dicm_training.release.folder import stored_tensors, widen
from dicm_training.release.released import ReleasedModel
from dicm_training.release.unfold import unfold


def test_stages_leave_finished_checkpoints(tiny_run: Path) -> None:
    for name, steps in (("codec", 3), ("polish", 2)):
        state = torch.load(tiny_run / f"{name}.pt", weights_only=True)
        assert state["done"]
        assert state["schedule"]["step"] == steps
        records = [json.loads(line) for line in (tiny_run / f"{name}.jsonl").read_text().splitlines()]
        assert [r["step"] for r in records] == list(range(1, steps + 1))
        assert all(record["loss"] == record["loss"] for record in records), "a loss is NaN"


def test_every_released_part_is_trained_and_polish_keeps_the_entropy_path(tiny_run: Path) -> None:
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    setup = prepare(parser.parse_args(["--run", str(tiny_run / "start"), *COMMON]))
    teacher = {f"head.{k}": v for k, v in setup.backbone()[0].state_dict().items()}
    codec = dict(load_model(tiny_run / "codec.pt", torch.device("cpu"))[0].named_parameters())
    polish = dict(load_model(tiny_run / "polish.pt", torch.device("cpu"))[0].named_parameters())
    assert not any(torch.equal(teacher[k], codec[k]) for k in teacher if k.endswith("weight"))
    moved = {k for k in polish if not torch.equal(codec[k], polish[k])}
    assert all(k.startswith(("tail.", "codec.gs.")) or k == "codec.log2_inverse_gain" for k in moved)
    assert {k for k in polish if k.startswith("tail.")} <= moved


def test_resumed_run_equals_uninterrupted_run(tmp_path: Path) -> None:
    start = ["--klt-batches", "2", "--prior-steps", "2", "--refit-steps", "2", "--train-head-from", "2"]
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    stage("codec", "--run", str(whole), *COMMON, "--steps", "4", *start)
    # The learning rate depends on the budget, so the first half is cut short by hand: same budget, killed at step 2.
    stage("codec", "--run", str(halves), *COMMON, "--steps", "4", *start, "--stop-after", "2")
    state = torch.load(halves / "codec.pt", weights_only=True)
    assert state["schedule"]["step"] == 2
    assert "resuming codec at step 2" in stage("codec", "--run", str(halves), *COMMON, "--steps", "4", *start)
    found, expected = (torch.load(run / "codec.pt", weights_only=True)["model"] for run in (halves, whole))
    assert_same_path(found, expected, state["model"])


def test_export_folds_to_the_same_functions(tiny_run: Path) -> None:
    """The released tensors (float16 and int8) compute what the trained modules do, within storage precision."""
    model, _ = load_model(tiny_run / "polish.pt", torch.device("cpu"))
    released = ReleasedModel.from_folder(tiny_run / "model")
    torch.manual_seed(0)
    rgb = torch.rand(1, 3, 48, 80)
    with torch.no_grad():
        f1 = model.head(normalise(rgb))
        y, _, _ = model.codec.analyse(f1)
        z = model.codec.ha(y)
        mean, scale = model.codec.hs(z.round(), *y.shape[2:])
        f3 = model.codec.gs(y)
        logits = model.tail(f3)[3]
        ry, rz = released.encode(rgb)
        rmean, rscale = released.hyper_synthesis(z.round(), *y.shape[2:])
        rf3 = released.synthesise(y)
        rlogits = released.tail(f3)[3]
    for name, a, b, tolerance in (
        ("f1", f1, released.head(rgb), 5e-3),
        ("y", y, ry, 2e-2),
        ("z", z, rz, 5e-2),
        ("mean", mean, rmean, 5e-3),
        ("scale", scale, rscale, 5e-3),
        ("f3", f3, rf3, 5e-3),
        ("logits", logits, rlogits, 3e-2),
    ):
        error = float((a - b).norm() / a.norm())
        assert error < tolerance, f"{name}: relative error {error:.2g}"


def test_manifest_identifies_the_weights(tiny_run: Path) -> None:
    manifest = json.loads((tiny_run / "model" / "manifest.json").read_text())
    for shard in manifest["weights"]:
        data = (tiny_run / "model" / shard["file"]).read_bytes()
        assert len(data) == shard["bytes"]
        assert hashlib.sha256(data).hexdigest() == shard["sha256"]
    assert manifest["architecture"]["latentChannels"] == TINY.latent
    assert len(manifest["decodeId"]) == len(manifest["renderId"]) == 64


def test_render_side_changes_leave_the_decode_id(tiny_run: Path, tmp_path: Path) -> None:
    """A model exported before polish decodes the same files: only its render id differs."""
    (tmp_path / "codec.pt").write_bytes((tiny_run / "codec.pt").read_bytes())
    stage("export", "--run", str(tmp_path), "--out", str(tmp_path / "model"))
    before = json.loads((tmp_path / "model" / "manifest.json").read_text())
    after = json.loads((tiny_run / "model" / "manifest.json").read_text())
    assert before["decodeId"] == after["decodeId"]
    assert before["renderId"] != after["renderId"]


def test_batches_depend_only_on_seed_and_step() -> None:
    shapes = batch_shapes(3 * 64 * 64, (64, 96))
    a = CropSource(synthetic_pictures(3), shapes, seed=5)
    b = CropSource(synthetic_pictures(3), shapes, seed=5)
    list(a.batches(0, 3))
    assert torch.equal(a.batch(7), b.batch(7))
    assert not torch.equal(a.batch(7)[:1], a.batch(8)[:1])
    assert all(batch.shape[1] == 3 for batch in a.batches(0, 4))
    # Processes make the same batches in the same order.
    workers = CropSource(synthetic_pictures(3), shapes, seed=5, workers=2)
    assert all(torch.equal(x, y) for x, y in zip(workers.batches(2, 7), a.batches(2, 7), strict=True))


@pytest.mark.parametrize("arguments", [["--synthetic", "--steps", "1"], ["--tiny", "--steps", "1"]])
def test_missing_inputs_are_named(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="--backbone FILE is needed|--data FOLDER is needed"):
        stage("codec", "--run", str(tmp_path / "run"), *arguments)


def test_codec_goes_on_from_a_release_and_keeps_its_decode_id(tiny_run: Path, tmp_path: Path) -> None:
    """ssl, codec --start, polish and joint --earlier: another encoder and another g_s, files of one decode id."""
    released, run = tiny_run / "model", tmp_path / "run"
    stage("ssl", "--run", str(run), *COMMON, "--steps", "2", "--queue", "64", "--re-batches", "2", "--warmup", "9")
    said = stage(
        "codec", "--run", str(run), *COMMON, "--steps", "3", "--train-head-from", "0.5", "--start", str(released)
    )
    assert float(said.split("density of z: ")[1].split()[0]) < 0.01
    stage("polish", "--run", str(run), *COMMON, "--steps", "2", "--earlier", str(released))
    views = ["--synthetic", "--batch", "2", "--canvas", "64", "96", "--sides", "64", "160", "--threads", "2"]
    stage("heads", "--run", str(run), *views, "--tiny", "--steps", "2")
    crops = ["--pixels", "16384", "--crops", "64"]
    stage("joint", "--run", str(run), *views, *crops, "--steps", "2", "--earlier", str(released))
    stage("export", "--run", str(run), "--out", str(run / "model"))
    before, after = (json.loads((folder / "manifest.json").read_text()) for folder in (released, run / "model"))
    assert after["decodeId"] == before["decodeId"]
    assert after["renderId"] != before["renderId"]
    old, new = stored_tensors(released), stored_tensors(run / "model")
    for network in ("head.conv1", "re.encoder.down2", "ga.linear", "ga.block1.0.dw", "ha.out", "gs.in", "tail.fc"):
        assert not torch.equal(old[f"{network}.weight"], new[f"{network}.weight"]), network
    # Continued, not begun anew: g_a is still nearly what it was.
    assert torch.allclose(old["ga.linear.weight"].float(), new["ga.linear.weight"].float(), atol=0.02)


def test_unfolded_release_computes_what_it_did(tiny_run: Path) -> None:
    tensors = widen(stored_tensors(tiny_run / "model"))
    released, codec = ReleasedModel(tensors), Codec(TINY)
    unfold(tensors, codec)
    torch.manual_seed(0)
    rgb = torch.rand(1, 3, 48, 80)
    with torch.no_grad():
        y, _, _ = codec.analyse(released.head(rgb))
        expected, z = released.encode(rgb)
        torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(codec.ha(y), z, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(codec.gs(y), released.synthesise(y), rtol=1e-4, atol=1e-5)
        for found, wanted in zip(codec.hs(z.round(), 3, 5), released.hyper_synthesis(z.round(), 3, 5), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="no place in this architecture"):
        unfold(tensors, Codec(replace(TINY, latent=16)))


def test_earlier_release_must_have_the_same_decode_id(tiny_run: Path) -> None:
    tensors = widen(stored_tensors(tiny_run / "model"))
    changed = {**tensors, "hs.in.bias": tensors["hs.in.bias"] + 1}
    with pytest.raises(UsageError, match=r"another decode id: its hs\.in\.bias differs"):
        EarlierEncoder(tiny_run / "model", changed, torch.device("cpu"))
