"""Chain: run the stages of a plan one after another, each where it was left, skipping what is done already."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..loop.checkpoint import read_checkpoint
from ..loop.options import add_backbone_argument, add_data_arguments, add_run_argument
from ..loop.stage import Stage
from ..stages import STAGES
from . import evaluate
from .plan_file import Chain, Plan, Step, load_plan

PLANNED: dict[str, Stage] = {**STAGES, evaluate.STAGE.name: evaluate.STAGE}
"""What a plan may name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tool's options."""
    parser.add_argument("--plan", type=Path, required=True, help="YAML file (plans/cpu.yaml and its neighbours)")
    add_run_argument(parser)
    add_data_arguments(parser)
    add_backbone_argument(parser)
    parser.add_argument("--tiny", action="store_true", help="tiny random networks, for smoke tests")
    parser.add_argument("--set", action="append", default=[], metavar="STAGE.OPTION=VALUE", help="change the plan")
    parser.add_argument("--processes", type=int, help="of torchrun, instead of the plan's")
    parser.add_argument("--stop-after-minutes", type=float, help="stop, resumable, after this many minutes")
    parser.add_argument("--dry-run", action="store_true", help="check the plan and print its commands")


def is_done(step: Step) -> bool:
    """Whether a step has left what it leaves; a training stage's checkpoint says whether its budget is spent."""
    result = step.stage.product_of(step.options)
    return result.exists() and (not step.stage.trains or bool(read_checkpoint(result, mmap=True)["done"]))


def is_open(step: Step) -> bool:
    """Whether a step is still to be run; a training stage that is older than what it builds on is an error."""
    result = step.stage.product_of(step.options)
    newest = max(step.stage.inputs_of(step.options), key=lambda p: p.stat().st_mtime, default=None)
    if result.exists() and newest is not None and newest.stat().st_mtime > result.stat().st_mtime:
        if not step.stage.trains:
            return True
        raise UsageError(f"{result} is older than {newest}, which it builds on: remove it to train it again")
    return not is_done(step)


def check_plan(plan: Plan) -> None:
    """Check what every step that is to be run needs, before the first one starts. Raises UsageError."""
    coming: set[Path] = set()
    for chain in plan.chains:
        for step in chain.steps:
            if not is_done(step):
                try:
                    step.stage.check(step.options, coming)
                except UsageError as error:
                    where = f"variant {chain.name}, " if chain.name else ""
                    raise UsageError(f"{where}stage {step.stage.name}: {error}") from error
            coming.add(step.stage.product_of(step.options))
            coming.update(chain.run / name for name in step.stage.writes)


def command_of(step: Step, processes: int) -> list[str]:
    """Command line that runs a step, under torchrun where its batches can be shared."""
    start = [sys.executable, "-m"]
    if processes > 1 and step.stage.processes:
        # Without the dashes torchrun takes our --run for an abbreviation of its --run-path.
        start += ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "--"]
    return [*start, "dicm_training", step.stage.name, *step.arguments]


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
    for step in chain.steps:
        name = f"{label}{step.stage.name}"
        if not is_open(step):
            print(f"{name}: done already", flush=True)
            continue
        print(f"{name}: starting", flush=True)
        code, asked = execute(command_of(step, processes), deadline)
        if asked or (code == 0 and is_open(step)):
            raise SystemExit(f"{name} stopped before its end: the same command goes on from there")
        if code:
            raise SystemExit(f"{name} failed with exit code {code}: the same command goes on from there")


def run(args: argparse.Namespace) -> None:
    """Check the whole plan, then run its chains."""
    common: dict[str, Any] = {}
    for name in ("data", "backbone"):
        if getattr(args, name) is not None:
            common[name] = str(getattr(args, name))
    common.update({name: True for name in ("synthetic", "tiny") if getattr(args, name)})
    plan = load_plan(args.plan, PLANNED, args.run, common, args.set)
    processes = args.processes or plan.processes
    if args.dry_run:
        for chain in plan.chains:
            for step in chain.steps:
                print(" ".join(command_of(step, processes)[1:]))
        return
    check_plan(plan)
    deadline = time.monotonic() + 60 * args.stop_after_minutes if args.stop_after_minutes else None
    for chain in plan.chains:
        chain.run.mkdir(parents=True, exist_ok=True)
        run_chain(chain, processes, deadline)


STAGE = Stage(name="run", about=__doc__ or "", add_arguments=add_arguments, run=run, files=("plan",))
