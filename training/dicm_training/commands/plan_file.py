"""Plans: which stages a chain runs, with which options, from a YAML file that is checked before anything starts.

    about: one sentence on what the plan is for
    processes: 1              # of torchrun, for the stages that can share their batches
    common: {threads: 2}      # options for every stage that has them
    stages:                   # in this order; options by their command-line names, without the dashes
      codec: {minutes: 60, sides: [128, 192]}
    variants:                 # optional: the chain once per variant, in RUN/<variant>
      plain: {without: [ssl], stages: {codec: {no-ssl: true}}}

`${run}` in a value stands for the run folder of the chain (of the variant), `${root}` for the one above variants.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, NoReturn

import yaml

from ..errors import UsageError
from ..loop.options import Parser
from ..loop.stage import BUDGETS, Stage


class PlanError(UsageError):
    """The plan, or an option that it gives, is wrong; the message says where."""


class _Parser(Parser):
    def error(self, message: str) -> NoReturn:
        raise PlanError(message)


@dataclass(frozen=True)
class Step:
    """One stage of a chain, ready to start."""

    stage: Stage
    arguments: tuple[str, ...]
    options: argparse.Namespace


@dataclass(frozen=True)
class Chain:
    """The stages of one run folder, in order; `name` is empty without variants."""

    name: str
    run: Path
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Plan:
    """A checked plan."""

    about: str
    processes: int
    chains: tuple[Chain, ...]


def unknown(kind: str, name: object, known: Iterable[str]) -> PlanError:
    """Build the error for a name that does not exist, with the nearest one that does."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return PlanError(f"unknown {kind} {name!r}: {hint}")


def mapping(value: Any, where: str) -> dict[str, Any]:
    """Check that a YAML value is a mapping with text keys; nothing counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise PlanError(f"{where} must be a mapping of names to values, not {value!r}")
    return value


def allow_only(values: dict[str, Any], known: Iterable[str], kind: str) -> None:
    """Check that a mapping has no key but the known ones."""
    names = set(known)
    for key in values:
        if key not in names:
            raise unknown(kind, key, names)


def parser_of(stage: Stage) -> _Parser:
    """Make the stage's own argument parser."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    stage.add_arguments(parser)
    return parser


def option_names(parser: argparse.ArgumentParser) -> set[str]:
    """Names of the parser's options, without dashes."""
    return {name.removeprefix("--") for action in parser._actions for name in action.option_strings}


def to_arguments(options: dict[str, Any], names: dict[str, str], parser: argparse.ArgumentParser) -> list[str]:
    """Write checked options as command-line arguments."""
    flags = {a.option_strings[0].removeprefix("--") for a in parser._actions if a.nargs == 0 and a.option_strings}
    arguments: list[str] = []
    for name, value in options.items():
        if (name in flags) != isinstance(value, bool):
            raise PlanError(
                f"option {name}: {'true or false' if name in flags else 'a value'} is needed, not {value!r}"
            )
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(v, (str, int, float)) for v in values):
            raise PlanError(f"option {name}: {value!r} is neither text nor a number nor a list of them")
        if value is False:
            continue
        arguments.append(f"--{name}")
        if value is not True:
            try:
                arguments += [Template(v).substitute(names) if isinstance(v, str) else str(v) for v in values]
            except (KeyError, ValueError) as error:
                raise PlanError(f"option {name}: only ${{run}} and ${{root}} can be inserted ({error})") from error
    return arguments


def make_step(stage: Stage, given: dict[str, Any], common: dict[str, Any], names: dict[str, str]) -> Step:
    """Check a stage's options with its own parser."""
    parser = parser_of(stage)
    known = option_names(parser)
    allow_only(given, known, "option")
    options = {name: value for name, value in common.items() if name in known}
    if any(name in BUDGETS for name in given):  # the stage's own budget replaces a common one of another kind
        options = {name: value for name, value in options.items() if name not in BUDGETS}
    options.update(given)
    budgets = [name for name in BUDGETS if name in options]
    if stage.budget and len(budgets) != 1:
        raise PlanError(f"one budget is needed ({', '.join(stage.budget)}), not {len(budgets)}")
    arguments = to_arguments(options, names, parser)
    return Step(stage, tuple(arguments), parser.parse_args(arguments))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping."""
    try:
        return mapping(yaml.safe_load(path.read_text()), "a plan")
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise PlanError(f"is not YAML: {error}") from error


def override(stages: dict[str, dict[str, Any]], assignments: Iterable[str]) -> None:
    """Apply `stage.option=value` to the stages of a plan, in place; the value is YAML."""
    for text in assignments:
        target, equals, value = text.partition("=")
        stage, dot, option = target.partition(".")
        if not (equals and dot):
            raise PlanError(f"--set {text}: stage.option=value is needed")
        if stage not in stages:
            raise unknown("stage", stage, stages)
        parsed = yaml.safe_load(value)
        if option in BUDGETS:
            for other in BUDGETS:
                stages[stage].pop(other, None)
        stages[stage][option] = parsed


def load_plan(
    path: Path, known: dict[str, Stage], root: Path, common: dict[str, Any], assignments: Iterable[str] = ()
) -> Plan:
    """Read and check a plan for the run folder `root`; `common` options come first, the plan's own replace them."""
    try:
        raw = read_yaml(path)
        allow_only(raw, ("about", "processes", "common", "stages", "variants"), "entry")
        processes = raw.get("processes", 1)
        if not isinstance(processes, int) or isinstance(processes, bool) or processes < 1:
            raise PlanError(f"processes must be a positive number, not {processes!r}")
        stages = {name: dict(mapping(v, f"stage {name}")) for name, v in mapping(raw.get("stages"), "stages").items()}
        if not stages:
            raise PlanError("it has no stages")
        allow_only(stages, known, "stage")
        override(stages, assignments)
        common = {**common, **mapping(raw.get("common"), "common")}
        allow_only(common, set().union(*(option_names(parser_of(s)) for s in known.values())), "common option")
        variants = mapping(raw.get("variants"), "variants") if "variants" in raw else {"": {}}
        chains = []
        for name, variant in variants.items():
            chains.append(make_chain(name, mapping(variant, f"variant {name}"), stages, known, root, common))
        return Plan(str(raw.get("about", "")), processes, tuple(chains))
    except PlanError as error:
        raise PlanError(f"plan {path}: {error}") from None


def make_chain(
    name: str,
    variant: dict[str, Any],
    stages: dict[str, dict[str, Any]],
    known: dict[str, Stage],
    root: Path,
    common: dict[str, Any],
) -> Chain:
    """Check the stages of one variant."""
    where = f"variant {name}, " if name else ""
    allow_only(variant, ("without", "stages"), f"{where}entry")
    without = variant.get("without", [])
    if not isinstance(without, list):
        raise PlanError(f"{where}without must be a list of stages, not {without!r}")
    changes = mapping(variant.get("stages"), f"{where}stages")
    for stage in [*without, *changes]:
        if stage not in stages:
            raise unknown(f"{where}stage", stage, stages)
    run = root / name if name else root
    names = {"run": str(run), "root": str(root)}
    steps = []
    for stage, options in stages.items():
        if stage in without:
            continue
        given = {**options, **mapping(changes.get(stage), f"{where}stage {stage}")}
        try:
            steps.append(make_step(known[stage], given, {**common, "run": str(run)}, names))
        except PlanError as error:
            raise PlanError(f"{where}stage {stage}: {error}") from None
    return Chain(name, run, tuple(steps))
