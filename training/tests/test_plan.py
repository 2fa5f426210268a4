"""Plans are checked before anything runs, and a chain skips what is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import stage

from dicm_training.commands.plan_file import Plan, PlanError, load_plan
from dicm_training.commands.run import PLANNED, check_plan
from dicm_training.commands.table import accuracy_at, markdown
from dicm_training.errors import UsageError

PLANS = sorted((Path(__file__).parents[1] / "plans").glob("*.yaml"))
GIVEN = {"data": "data", "backbone": "resnet50.safetensors"}


def load(tmp_path: Path, text: str, *assignments: str) -> Plan:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    return load_plan(path, PLANNED, tmp_path / "run", GIVEN, assignments)


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.stem)
def test_plans_of_the_repository_are_valid(path: Path) -> None:
    plan = load_plan(path, PLANNED, Path("run"), GIVEN)
    assert plan.about
    assert all(chain.steps for chain in plan.chains)
    for chain in plan.chains:
        trained = [s for s in chain.steps if hasattr(s.options, "backbone") and s.stage.backbone]
        assert all(str(s.options.backbone) == GIVEN["backbone"] for s in trained)


def test_options_reach_the_stages_that_have_them(tmp_path: Path) -> None:
    text = """
    common: {threads: 2, sides: [64, 96], minutes: 5}
    stages:
      codec: {steps: 3, no-re: true}
      export: {out: "${run}/model"}
    """
    codec, export = load(tmp_path, text, "codec.re-rate=0.3").chains[0].steps
    assert (codec.options.threads, codec.options.sides, codec.options.no_re) == (2, [64, 96], True)
    assert (codec.options.steps, codec.options.minutes, codec.options.re_rate) == (3, None, 0.3)
    assert export.options.out == tmp_path / "run" / "model"
    assert not hasattr(export.options, "threads")


def test_variants_change_and_leave_out_stages(tmp_path: Path) -> None:
    text = """
    stages: {ssl: {steps: 2}, codec: {steps: 3}}
    variants:
      plain: {without: [ssl]}
      other: {stages: {ssl: {no-guidance: true}, codec: {ssl: "${root}/plain/ssl.pt"}}}
    """
    plain, other = load(tmp_path, text).chains
    assert [s.stage.name for s in plain.steps] == ["codec"]
    assert plain.steps[0].options.run == tmp_path / "run" / "plain"
    assert other.steps[0].options.no_guidance
    assert other.steps[1].options.ssl == tmp_path / "run" / "plain" / "ssl.pt"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stages: {codex: {steps: 1}}", "unknown stage 'codex': did you mean 'codec'"),
        ("stages: {codec: {step: 1}}", "stage codec: unknown option 'step': did you mean 'steps'"),
        ("stages: {codec: {steps: 1, sides: [64, 100]}}", "argument --sides: 100 is not a multiple of 16"),
        ("stages: {codec: {steps: many}}", "stage codec: argument --steps: invalid int value: 'many'"),
        ("stages: {codec: {steps: 1, minutes: 2}}", "one budget is needed .* not 2"),
        ("stages: {codec: {}}", "one budget is needed .* not 0"),
        ("stages: {codec: {steps: 1, no-re: 1}}", "option no-re: true or false is needed, not 1"),
        ("stages: {codec: {steps: true}}", "option steps: a value is needed, not True"),
        ("stages: {codec: {steps: 1, sides: {a: 1}}}", "neither text nor a number"),
        ("stages: {export: {out: '${home}/x'}}", "only .* can be inserted"),
        ("stages: {export: }", "stage export: the following arguments are required: --out"),
        ("stages: [codec]", "stages must be a mapping"),
        ("stages: {codec: {steps: 1}}\nprocesses: 0", "processes must be a positive number"),
        ("stages: {codec: {steps: 1}}\nprocess: 2", "unknown entry 'process': did you mean 'processes'"),
        ("stages: {codec: {steps: 1}}\ncommon: {thread: 2}", "unknown common option 'thread'"),
        ("stages: {codec: {steps: 1}}\nvariants: {a: {without: [ssl]}}", "unknown variant a, stage 'ssl'"),
        ("about: nothing", "it has no stages"),
        ("stages: {codec: ", "is not YAML"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlanError, match=message) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"plan {tmp_path / 'plan.yaml'}: ")


def test_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="nowhere.yaml: cannot be read"):
        load_plan(tmp_path / "nowhere.yaml", PLANNED, tmp_path, {})


def chain(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess:
    small = {"pixels": 8192, "sides": [64], "log-every": 1, "threads": 1}
    starts = {"klt-batches": 1, "prior-steps": 1, "refit-steps": 1}
    plan = {
        "common": small,
        "stages": {
            "ssl": {"steps": 2, "queue": 16, "heat-side": 64},
            "codec": {"steps": 1, **starts},
            "polish": {"steps": 1},
            "heads": {"steps": 1, "batch": 2, "canvas": [64, 64], "sides": [48, 96]},
            "evaluate": {"detection": 2},
            "export": {"out": "${run}/model"},
        },
    }
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(plan, sort_keys=False))
    command = [sys.executable, "-m", "dicm_training", "run", "--plan", str(path), "--run", str(tmp_path / "run")]
    return subprocess.run([*command, "--tiny", "--synthetic", *arguments], capture_output=True, text=True, check=False)


def test_chain_stops_goes_on_and_skips_what_is_done(tmp_path: Path) -> None:
    dry = chain(tmp_path, "--dry-run", "--processes", "2")
    assert [line.count("torch.distributed.run") for line in dry.stdout.splitlines()] == [1, 1, 1, 0, 0, 0]
    stopped = chain(tmp_path, "--set", "codec.stop-after=0")
    assert stopped.returncode == 1
    assert "codec stopped before its end: the same command goes on from there" in stopped.stderr
    whole = chain(tmp_path)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "ssl: done already" in whole.stdout
    assert "polish: starting" in whole.stdout
    assert (tmp_path / "run" / "model" / "manifest.json").exists()
    measured = json.loads((tmp_path / "run" / "evaluate-polish.json").read_text())
    assert [row["level"] for row in measured["levels"]] == list(range(8))
    assert all(row["bpp"] > 0 for row in measured["levels"])
    assert [row["level"] for row in measured["detection"]["levels"]] == [2, 4, 6]
    assert all(row["bpp"] > 0 for row in measured["detection"]["levels"])
    again = chain(tmp_path)
    assert [line for line in again.stdout.splitlines() if line] == [
        f"{name}: done already" for name in ("ssl", "codec", "polish", "heads", "evaluate", "export")
    ]
    # A stage trained anew makes what builds on it stale: that is said, not silently used.
    now = (tmp_path / "run" / "polish.pt").stat().st_mtime + 10
    os.utime(tmp_path / "run" / "codec.pt", (now, now))
    stale = chain(tmp_path)
    assert stale.returncode == 2
    assert "polish.pt is older than" in stale.stderr
    table = stage("table", str(tmp_path / "run"), "--stage", "polish")
    assert "| run | top-1 % uncompressed |" in table


def checked(tmp_path: Path, text: str) -> str:
    """What is wrong with a plan on drawn pictures, before its first stage starts."""
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    plan = load_plan(path, PLANNED, tmp_path / "run", {"synthetic": True, "tiny": True})
    with pytest.raises(UsageError) as caught:
        check_plan(plan)
    return str(caught.value)


def test_needs_of_all_stages_are_checked_before_the_first_one_starts(tmp_path: Path) -> None:
    wrong = checked(tmp_path, "stages: {ssl: {steps: 1}, codec: {steps: 1}, heads: {steps: 1, trunk: no.pt}}")
    assert wrong == "stage heads: --trunk no.pt does not exist"
    wrong = checked(tmp_path, "stages: {ssl: {steps: 1}, polish: {steps: 1}}")
    assert wrong.startswith("stage polish: ") and wrong.endswith("codec.pt is missing: run the stage codec first")
    text = """
    stages: {ssl: {steps: 1}, codec: {steps: 1}}
    variants: {a: {}, b: {without: [ssl], stages: {codec: {ssl: "${root}/X/ssl.pt"}}}}
    """
    wrong = checked(tmp_path, text)
    assert wrong.startswith("variant b, stage codec: --ssl ") and wrong.endswith("X/ssl.pt does not exist")
    path = tmp_path / "plan.yaml"
    path.write_text(text.replace("X", "a"))
    check_plan(load_plan(path, PLANNED, tmp_path / "run", {"synthetic": True, "tiny": True}))
    assert not (tmp_path / "run").exists()


def test_evaluation_says_what_is_missing(tiny_run: Path) -> None:
    with pytest.raises(AssertionError, match="heads.pt is missing: run the stage heads first"):
        stage("evaluate", "--run", str(tiny_run), "--synthetic", "--detection", "2")


def test_accuracy_at_a_rate_is_interpolated() -> None:
    levels = [{"bpp": 0.1, "top1": 40.0}, {"bpp": 0.4, "top1": 60.0}]
    assert accuracy_at(levels, 0.2, "top1") == pytest.approx(50.0)
    assert accuracy_at(levels, 0.1, "top1") == pytest.approx(40.0)
    assert accuracy_at(levels, 0.5, "top1") is None
    rows = [{"level": i, **row} for i, row in enumerate(levels)]
    boxes = {"uncompressed": {"ap50": 50.0}, "levels": [{"level": 4, "bpp": 0.2, "ap50": 41.0}]}
    text = markdown({"a": {"steps": 3, "uncompressed": {"top1": 70.0}, "levels": rows, "detection": boxes}})
    assert text.startswith("Steps: a 3\n")
    assert "| a | 70.0 | - | 42.6 | 53.2 | - |" in text
    assert "| run | box AP50 % uncompressed |" in text
    assert "| 4 | 0.200 | 41.0 |" in text
