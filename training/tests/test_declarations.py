"""What stages declare is checked before any work, in one line with exit code 2, and shown in their help."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dicm_training.__main__ import COMMANDS, main, make_parser
from dicm_training.errors import UsageError
from dicm_training.loop.stage import BUDGETS, Stage
from dicm_training.stages import STAGES

TRAINING = [stage for stage in STAGES.values() if stage.trains]
README = (Path(__file__).parents[1] / "README.md").read_text()


def options_of(name: str, *arguments: str) -> argparse.Namespace:
    return make_parser().parse_args([name, *arguments])


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that must end with code 2 and one line; give that line."""

    def run(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 2
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        return line

    return run


def declared_options(stage: Stage) -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    stage.add_arguments(parser)
    return parser._actions


@pytest.mark.parametrize("stage", COMMANDS.values(), ids=lambda stage: stage.name)
def test_help_shows_every_default_and_what_is_read_and_written(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        make_parser().parse_args([stage.name, "--help"])
    shown = capsys.readouterr().out
    entries = re.split(r"\n\n|\n  (?=-)", shown.partition("\noptions:")[2])[1:]
    for action in declared_options(stage):
        assert action.help, f"{action.dest} has no help"
        if action.default not in (None, False, "", []) and action.option_strings:
            values = action.default if isinstance(action.default, (list, tuple)) else [action.default]
            expected = f"(default: {' '.join(map(str, values))})"
            (entry,) = (" ".join(e.split()) for e in entries if e.split()[0] == action.option_strings[0])
            assert entry.endswith(expected), entry
    for file in (*stage.writes, *(name for entry in stage.reads for name in entry.files)):
        assert f"RUN/{file}" in shown


@pytest.mark.parametrize("stage", COMMANDS.values(), ids=lambda stage: stage.name)
def test_declared_options_exist(stage: Stage) -> None:
    names = {action.dest.replace("_", "-") for action in declared_options(stage)}
    conditions = {name for entry in stage.reads for name in (entry.when, *entry.unless)}
    conditions |= {need.when for need in stage.data}
    assert {*stage.budget, *stage.files, *stage.models, *conditions} - {""} <= names
    assert set(stage.budget) == names & set(BUDGETS), "every budget that is an option is checked"
    assert not stage.data or {"data", "synthetic"} <= names
    assert not stage.backbone or {"backbone", "tiny"} <= names


@pytest.mark.parametrize("stage", COMMANDS.values(), ids=lambda stage: stage.name)
def test_readme_has_every_file_of_a_stage(stage: Stage) -> None:
    files = {name for entry in stage.reads for name in entry.files} | set(stage.writes)
    assert {name for name in files if f"`{name}`" not in README} == set()
    assert all(need.data.value.split(",")[0] in README for need in stage.data)


@pytest.mark.parametrize("stage", TRAINING, ids=lambda stage: stage.name)
@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ([], r"a budget is needed, one of --minutes, --steps(, --epochs)?: found none"),
        (["--steps", "2", "--minutes", "1"], "found --minutes and --steps"),
        (["--steps", "0"], "--steps 0: a budget above 0 is needed"),
    ],
)
def test_budgets_are_checked_first(stage: Stage, budget: list[str], message: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(UsageError, match=message):
        stage.check(options_of(stage.name, "--run", str(run), *budget))
    assert not run.exists()


def test_codec_without_a_budget_says_so_before_any_work(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dicm_training", "codec", "--run", str(tmp_path / "run"), "--tiny", "--synthetic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip() == "dicm_training codec: a budget is needed, one of --minutes, --steps: found none"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["codec", "--steps", "1", "--synthetic"],
            "--backbone FILE is needed (ResNet-50 with torchvision's",
        ),
        (["codec", "--steps", "1", "--tiny"], "--data FOLDER is needed (with */train.csv, */instances_train.json"),
        (["codec", "--steps", "1", "--tiny", "--data", "nowhere"], "--data nowhere is not a folder"),
        (["heads", "--steps", "1", "--synthetic"], "codec.pt is missing: run the stage codec first, or give --base"),
        (["heads", "--steps", "1", "--synthetic", "--base", "no"], "--base no is not a model folder: manifest.json is"),
        (["joint", "--steps", "1", "--synthetic"], "heads.pt is missing: run the stage heads first, or give --base"),
        (["export", "--out", "model"], "codec.pt is missing: run the stage codec first"),
        (["codec", "--steps", "some"], "argument --steps: invalid int value: 'some' (--help lists the options)"),
        (["evaluate", "--synthetic", "--backbone", "no.pth"], "--backbone no.pth does not exist"),
    ],
)
def test_what_is_missing_is_named(arguments: list[str], message: str, tmp_path: Path, refused: Refused) -> None:
    line = refused(*arguments, "--run", str(tmp_path / "run"))
    assert line.startswith(f"dicm_training {arguments[0]}: ")
    assert message in line


def test_stages_of_one_process_refuse_torchrun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    options = options_of("heads", "--run", str(tmp_path), "--steps", "1", "--synthetic")
    with pytest.raises(UsageError, match="runs in one process, but torchrun started 2"):
        STAGES["heads"].check(options)


def test_checkpoints_of_another_layout_are_refused(tiny_run: Path, tmp_path: Path, refused: Refused) -> None:
    state = torch.load(tiny_run / "codec.pt", weights_only=True)
    del state["layout"]  # as they were before layouts had numbers
    torch.save(state, tmp_path / "codec.pt")
    common = ["--run", str(tmp_path), "--tiny", "--synthetic", "--steps", "1"]
    for name in ("codec", "polish", "heads"):
        line = refused(name, *common)
        assert re.search(r"codec\.pt has checkpoint layout 1, but this version reads 3: go on with the version", line)
    (tmp_path / "codec.pt").write_bytes(b"cut")
    assert "codec.pt cannot be read as a checkpoint" in refused("polish", *common)


def test_checkpoint_of_another_architecture_is_refused(tiny_run: Path, tmp_path: Path, refused: Refused) -> None:
    state = torch.load(tiny_run / "codec.pt", weights_only=True)
    state["arch"]["latent"] = 48
    torch.save(state, tmp_path / "codec.pt")
    common = ["--run", str(tmp_path), "--tiny", "--synthetic", "--steps", "1", "--pixels", "8192", "--sides", "64"]
    assert "codec.pt is of another architecture than this run (latent differ" in refused("codec", *common)


def test_backbone_of_another_network_is_refused(tmp_path: Path, refused: Refused) -> None:
    torch.save({"conv1.weight": torch.zeros(4, 3, 7, 7)}, tmp_path / "other.pth")
    common = ["--run", str(tmp_path / "run"), "--synthetic", "--steps", "1", "--backbone"]
    assert "other.pth is not a ResNet-50 with torchvision's tensor names" in refused(
        "codec", *common, str(tmp_path / "other.pth")
    )
    (tmp_path / "text.safetensors").write_text("no tensors")
    assert "text.safetensors cannot be read as a ResNet-50" in refused(
        "codec", *common, str(tmp_path / "text.safetensors")
    )
