"""What a stage declares: the options it takes, what it needs and what it leaves.

The command line and the runner of plans know stages by these declarations alone, and check them before any work.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from ..data.layout import Data, check_data
from ..errors import UsageError
from ..models import backbone
from .checkpoint import read_checkpoint

BUDGETS = ("minutes", "steps", "epochs")
"""Options that say how long a stage trains; exactly one is given."""


@dataclass(frozen=True)
class Input:
    """Files of the run folder of which a stage reads the first that exists."""

    files: tuple[str, ...]
    when: str = ""
    """Option without which the stage does not read them; it always does if this is empty."""
    unless: tuple[str, ...] = ()
    """Options with any of which it does not."""
    optional: bool = False
    """Whether it can do without."""

    def needed(self, args: argparse.Namespace) -> bool:
        """Whether a run with these options reads one of the files if there is one."""
        return (not self.when or given(args, self.when)) and not any(given(args, name) for name in self.unless)


@dataclass(frozen=True)
class Need:
    """A list of the data folder that a stage reads."""

    data: Data
    when: str = ""
    """Option without which it does not."""


@dataclass(frozen=True)
class Stage:
    """A stage of the chain, or a tool beside it."""

    name: str
    about: str
    """Module's documentation; its first line is the stage's summary."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    reads: tuple[Input, ...] = ()
    writes: tuple[str, ...] = ()
    """Files it leaves in the run folder."""
    product: Callable[[argparse.Namespace], Path] | None = None
    """File that is there when the work is done; a training stage's is its checkpoint."""
    budget: tuple[str, ...] = ()
    """Options of BUDGETS that it takes; a stage with a budget trains, and goes on where it was."""
    data: tuple[Need, ...] = ()
    backbone: bool = False
    """Whether it needs --backbone, or --tiny."""
    files: tuple[str, ...] = ()
    """Options that name files it reads."""
    models: tuple[str, ...] = ()
    """Options that name released model folders it reads."""
    processes: bool = False
    """Whether it shares its batches between the processes of torchrun."""

    @property
    def summary(self) -> str:
        """One line for lists of stages."""
        return self.about.strip().splitlines()[0]

    @property
    def trains(self) -> bool:
        """Whether it has a checkpoint of its own."""
        return bool(self.budget)

    def product_of(self, args: argparse.Namespace) -> Path:
        """File that is there when a run with these options is done."""
        if self.product is not None:
            return self.product(args)
        return Path(args.run) / f"{self.name}.pt"

    def inputs_of(self, args: argparse.Namespace) -> list[Path]:
        """Files of the run folder, among those that exist, that a run with these options builds on."""
        found = []
        for entry in self.reads:
            if entry.needed(args):
                found += [path for path in (Path(args.run) / name for name in entry.files) if path.exists()][:1]
        return found

    def describe(self) -> str:
        """Say what the stage reads and writes, for its help."""
        reads = [" or ".join(f"RUN/{name}" for name in e.files) + condition_of(e) for e in self.reads]
        reads += [f"{need.data.value} of DATA{f' (with --{need.when})' if need.when else ''}" for need in self.data]
        lines = [("reads", reads), ("writes", [f"RUN/{name}" for name in self.writes])]
        return "\n".join(f"{word}: {', '.join(entries)}" for word, entries in lines if entries)

    def check(self, args: argparse.Namespace, coming: Set[Path] = frozenset()) -> None:
        """Refuse options with which the stage cannot end well. Raises UsageError.

        `coming` are files that earlier stages of a chain will have written by then.
        """
        self._check_budget(args)
        self._check_processes()
        if self.data:
            self._check_data(args)
        if self.backbone:
            self._check_backbone(args)
        for option in self.files:
            for path in paths_of(args, option):
                if path not in coming and not path.is_file():
                    raise UsageError(f"--{option} {path} does not exist")
        for option in self.models:
            for path in paths_of(args, option):
                if path / "manifest.json" not in coming and not (path / "manifest.json").is_file():
                    raise UsageError(f"--{option} {path} is not a model folder: manifest.json is missing there")
        for entry in self.reads:
            self._check_input(args, entry, coming)
        if self.trains and self.product_of(args).exists():
            read_checkpoint(self.product_of(args), mmap=True)

    def _check_budget(self, args: argparse.Namespace) -> None:
        if not self.budget:
            return
        found = [name for name in self.budget if value(args, name) is not None]
        if len(found) != 1:
            known = ", ".join(f"--{name}" for name in self.budget)
            got = " and ".join(f"--{name}" for name in found) or "none"
            raise UsageError(f"a budget is needed, one of {known}: found {got}")
        if not value(args, found[0]) > 0:
            raise UsageError(f"--{found[0]} {value(args, found[0])}: a budget above 0 is needed")

    def _check_processes(self) -> None:
        world = os.environ.get("WORLD_SIZE", "1")
        if world != "1" and not self.processes:
            raise UsageError(f"runs in one process, but torchrun started {world}: start it without torchrun")

    def _check_data(self, args: argparse.Namespace) -> None:
        if args.synthetic:
            return
        needs = [need.data for need in self.data if not need.when or given(args, need.when)]
        if args.data is None:
            raise UsageError(f"--data FOLDER is needed (with {'; '.join(d.value for d in needs)}), or --synthetic")
        for data in needs:
            check_data(args.data, data)

    def _check_backbone(self, args: argparse.Namespace) -> None:
        if args.tiny:
            return
        if args.backbone is None:
            raise UsageError(f"--backbone FILE is needed ({backbone.WEIGHTS_FILE}), or --tiny")
        if not args.backbone.is_file():
            raise UsageError(f"--backbone {args.backbone} does not exist: expected a {backbone.WEIGHTS_FILE}")

    def _check_input(self, args: argparse.Namespace, entry: Input, coming: Set[Path]) -> None:
        if not entry.needed(args):
            return
        if args.run is None:
            raise UsageError("--run FOLDER is needed")
        paths = [Path(args.run) / name for name in entry.files]
        present = next((path for path in paths if path in coming or path.exists()), None)
        if present is None:
            if entry.optional:
                return
            stages = [path.stem for path in paths]
            instead = "".join(f", or give --{name}" for name in entry.unless)
            raise UsageError(f"{paths[-1]} is missing: run the stage {stages[-1]} first{instead}")
        if present not in coming and present.suffix == ".pt":
            read_checkpoint(present, mmap=True)


def value(args: argparse.Namespace, option: str):  # type: ignore[no-untyped-def]
    """Value of an option by its command-line name."""
    return getattr(args, option.replace("-", "_"))


def paths_of(args: argparse.Namespace, option: str) -> list[Path]:
    """Paths that an option names, which may be given once or repeated, or not at all."""
    found = value(args, option)
    return [found] if isinstance(found, Path) else list(found or ())


def given(args: argparse.Namespace, option: str) -> bool:
    """Whether an option was given (or set)."""
    return value(args, option) not in (None, False, [])


def condition_of(entry: Input) -> str:
    """Say when a stage reads an input."""
    notes = ["if any"] if entry.optional else []
    notes += [f"with --{entry.when}"] if entry.when else []
    notes += [f"not with --{name}" for name in entry.unless]
    return f" ({', '.join(notes)})" if notes else ""
