"""Chain: run the stages of a plan one after another, each where it was left, skipping what is done already."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from ..stages import PARALLEL, STAGES
from . import evaluate
from .plan_file import Chain, PlanError, Step, load_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    parser.add_argument("--plan", type=Path, required=True, help="YAML file (plans/cpu.yaml and its neighbours)")
    parser.add_argument("--run", type=Path, required=True, help="run folder")
    parser.add_argument("--data", type=Path, help="unpacked data folder, for every stage")
    parser.add_argument("--backbone", type=Path, help="ResNet-50 with torchvision's names, for every stage")
    parser.add_argument("--synthetic", action="store_true", help="drawn pictures instead of --data, for smoke tests")
    parser.add_argument("--tiny", action="store_true", help="tiny random networks, for smoke tests")
    parser.add_argument("--set", action="append", default=[], metavar="STAGE.OPTION=VALUE", help="change the plan")
    parser.add_argument("--processes", type=int, help="of torchrun, instead of the plan's")
    parser.add_argument("--stop-after-minutes", type=float, help="stop, resumable, after this many minutes")
    parser.add_argument("--dry-run", action="store_true", help="check the plan and print its commands")


def checkpoint_done(path: Path) -> bool:
    """Whether a stage's checkpoint says that its budget is spent."""
    return path.exists() and bool(torch.load(path, map_location="cpu", mmap=True, weights_only=True)["done"])


def product(step: Step, chain: Chain) -> Path:
    """File that a step leaves when it is done."""
    if step.stage == "export":
        return step.options.out / "manifest.json"
    if step.stage == "evaluate":
        stage = step.options.stage or next(
            (s.stage for s in reversed(chain.steps) if s.stage in evaluate.STAGES), "codec"
        )
        return chain.run / f"evaluate-{stage}.json"
    return chain.run / f"{step.stage}.pt"


def state_of(step: Step, chain: Chain, before: list[Step]) -> str:
    """Return 'done' or 'open'; a training stage that is older than one it builds on is an error."""
    result = product(step, chain)
    inputs = [p for p in (product(s, chain) for s in before if s.stage in STAGES) if p.exists()]
    newest = max(inputs, key=lambda p: p.stat().st_mtime, default=None)
    if result.exists() and newest is not None and newest.stat().st_mtime > result.stat().st_mtime:
        if result.suffix != ".pt":
            return "open"
        raise SystemExit(f"{result} is older than {newest}, which it builds on: remove it to train it again")
    if result.suffix == ".pt":
        return "done" if checkpoint_done(result) else "open"
    return "done" if result.exists() else "open"


def command_of(step: Step, processes: int) -> list[str]:
    """Command line that runs a step, under torchrun where its batches can be shared."""
    start = [sys.executable, "-m"]
    if processes > 1 and step.stage in PARALLEL:
        # Without the dashes torchrun takes our --run for an abbreviation of its --run-path.
        start += ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "--"]
    return [*start, "dicm_training", step.stage, *step.arguments]


def execute(command: list[str], deadline: float | None) -> tuple[int, bool]:
    """Run a command to its end; at the deadline, and on SIGTERM or Ctrl-C, ask it to save and stop.

    Returns its exit code and whether it was asked to stop.
    """
    child = subprocess.Popen(command)
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        child.terminate()

    previous = {s: signal.signal(s, ask) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        while True:
            try:
                left = None if deadline is None or asked else max(0.0, deadline - time.monotonic())
                return child.wait(left), asked
            except subprocess.TimeoutExpired:
                ask()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def run_chain(chain: Chain, processes: int, deadline: float | None) -> None:
    """Bring one chain to its end."""
    label = f"{chain.name}: " if chain.name else ""
    for i, step in enumerate(chain.steps):
        if state_of(step, chain, list(chain.steps[:i])) == "done":
            print(f"{label}{step.stage}: done already", flush=True)
            continue
        print(f"{label}{step.stage}: starting", flush=True)
        code, asked = execute(command_of(step, processes), deadline)
        stopped = asked or (code == 0 and state_of(step, chain, list(chain.steps[:i])) != "done")
        if stopped:
            raise SystemExit(f"{label}{step.stage} stopped before its end: the same command goes on from there")
        if code:
            raise SystemExit(f"{label}{step.stage} failed with exit code {code}: the same command goes on from there")


def run(args: argparse.Namespace) -> None:
    """Check the whole plan, then run its chains."""
    common: dict[str, Any] = {}
    for name in ("data", "backbone"):
        if getattr(args, name) is not None:
            common[name] = str(getattr(args, name))
    common.update({name: True for name in ("synthetic", "tiny") if getattr(args, name)})
    try:
        plan = load_plan(args.plan, {**STAGES, "evaluate": evaluate}, args.run, common, args.set)
    except PlanError as error:
        raise SystemExit(str(error)) from None
    processes = args.processes or plan.processes
    if args.dry_run:
        for chain in plan.chains:
            for step in chain.steps:
                print(" ".join(command_of(step, processes)[1:]))
        return
    deadline = time.monotonic() + 60 * args.stop_after_minutes if args.stop_after_minutes else None
    for chain in plan.chains:
        chain.run.mkdir(parents=True, exist_ok=True)
        run_chain(chain, processes, deadline)
