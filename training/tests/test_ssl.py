"""Stage `ssl` at smoke size: it runs, survives kill -9, shares its batches between processes, and hands on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import COMMON, assert_same_path, stage

from dicm_training.loop.checkpoint import load_contrastive

# One thread and no bfloat16: equal runs are then equal to the bit, and different splits of a batch nearly so.
EXACT = [*COMMON[:-1], "1", "--float32", "--queue", "32", "--dimension", "16", "--warmup", "2", "--refresh", "2"]
SSL = [*EXACT, "--sides", "64", "32", "--heat-side", "64", "--re-share", "0.3"]
ALONE = [sys.executable, "-m", "dicm_training"]
TWO = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc-per-node",
    "2",
    "-m",
    "--",
    "dicm_training",
]


def records(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "ssl.jsonl").read_text().splitlines()]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "ssl.pt", weights_only=True)["model"]


def workers_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    """Whether a process that is not ours exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder of an uninterrupted run of 16 steps in one process."""
    run = tmp_path_factory.mktemp("ssl")
    stage("ssl", "--run", str(run), *SSL, "--steps", "16")
    return run


def test_both_parts_train_and_are_logged(whole: Path) -> None:
    lines = records(whole)
    assert [r["step"] for r in lines] == list(range(1, 17))
    assert [("contrast" in r) for r in lines] == [False] * 5 + [True] * 11
    model, state = load_contrastive(whole / "ssl.pt", torch.device("cpu"))
    assert state["done"]
    assert bool(model.guided)
    assert bool(((model.boxes[:, 2:] - model.boxes[:, :2]) > 0).all())
    moved = dict(model.query.named_parameters())
    for name, follower in model.key.named_parameters():
        assert torch.isfinite(follower).all()
        if name.endswith("weight") and "norm" not in name and name != "tail.fc.weight":
            assert not torch.equal(follower, moved[name]), f"{name} was not trained"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds torchrun's workers in Linux's /proc")
@pytest.mark.parametrize("processes", [1, 2])
def test_killed_run_resumes_to_the_same_weights(whole: Path, tmp_path: Path, processes: int) -> None:
    """kill -9 in the middle; the rest runs in one process, whatever the number before."""
    start = [*(ALONE if processes == 1 else TWO), "ssl", "--run", str(tmp_path), *SSL, "--steps", "16"]
    child = subprocess.Popen([*start, "--save-every", "0"], start_new_session=True, stdout=subprocess.DEVNULL)
    log = tmp_path / "ssl.jsonl"
    while not (log.exists() and len(log.read_text().splitlines()) >= 7):
        assert child.poll() is None, "the run ended before it could be killed"
        time.sleep(0.002)
    # torchrun's workers are in sessions of their own: everything at once, launcher first, so that it cannot tidy up.
    family = [child.pid, *workers_of(child.pid)]
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    child.wait()
    while any(is_running(pid) for pid in family[1:]):
        time.sleep(0.01)
    state = torch.load(tmp_path / "ssl.pt", weights_only=True)
    assert not state["done"]
    assert f"resuming ssl at step {state['schedule']['step']}" in stage(
        "ssl", "--run", str(tmp_path), *SSL, "--steps", "16"
    )
    assert [r["step"] for r in records(tmp_path)] == list(range(1, 17)), "steps done again are logged once"
    assert_same_path(weights(tmp_path), weights(whole), state["model"])


@pytest.mark.parametrize("shuffle", [[], ["--no-shuffle"]])
def test_two_processes_equal_one_with_the_doubled_batch(whole: Path, tmp_path: Path, shuffle: list[str]) -> None:
    command = [*TWO, "ssl", "--run", str(tmp_path), *SSL, "--steps", "16", *shuffle]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for one, two in zip(records(whole), records(tmp_path), strict=True):
        # The first steps differ by rounding only; Adam turns rounding of tiny gradients into small steps later.
        tolerance = 1e-4 if one["step"] <= 7 else 1e-2
        for part in ("loss", "gradient", "bpp", "error"):
            assert two[part] == pytest.approx(one[part], rel=tolerance, abs=2e-5), f"step {one['step']}: {part}"


def test_codec_starts_from_the_ssl_checkpoint_unless_told_not_to(whole: Path, tmp_path: Path) -> None:
    start = [*COMMON, "--steps", "1", "--klt-batches", "1", "--prior-steps", "1", "--refit-steps", "1", "--seed", "9"]
    ssl = load_contrastive(whole / "ssl.pt", torch.device("cpu"))[0].query
    seen = {}
    for name, arguments in {"with": ["--ssl", str(whole / "ssl.pt")], "without": ["--no-ssl"]}.items():
        stage("codec", "--run", str(tmp_path / name), *start, *arguments)
        seen[name] = torch.load(tmp_path / name / "codec.pt", weights_only=True)["model"]
    head = ssl.head.state_dict()
    assert all(torch.equal(seen["with"][f"head.{k}"], v) for k, v in head.items())
    assert not torch.equal(seen["without"]["head.conv1.weight"], head["conv1.weight"])
    # One step at the warm-up's rate moves RE hardly at all.
    kernel = ssl.re.encoder["down1"].weight.detach()
    assert float((seen["with"]["codec.re.encoder.down1.weight"] - kernel).abs().max()) < 1e-3
    stage("polish", "--run", str(tmp_path / "with"), *COMMON, "--steps", "1")


def test_impossible_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="--queue 2 is smaller than a batch of 16 pictures"):
        stage("ssl", "--run", str(tmp_path), *SSL, "--queue", "2", "--steps", "1")
    with pytest.raises(AssertionError, match="run the stage ssl first"):
        stage("crops", "--run", str(tmp_path), "--synthetic", "--tiny", "--out", str(tmp_path / "sheet.png"))


def test_contact_sheet_shows_every_picture_and_crop(whole: Path, tmp_path: Path) -> None:
    from PIL import Image

    out = tmp_path / "sheet.png"
    small = ["--count", "3", "--samples", "2", "--heat-side", "64"]
    stage("crops", "--run", str(whole), "--synthetic", "--tiny", "--out", str(out), *small)
    with Image.open(out) as sheet:
        assert sheet.size == (5 * 164 + 4, 3 * 164 + 4 + 16)
