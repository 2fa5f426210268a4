"""Dependencies of the package run downwards only, and nothing runs in a circle (training/README.md, the package)."""

from __future__ import annotations

import ast
import graphlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "dicm_training"
ORDER = (
    "__main__",
    "commands",
    "stages",
    "loop",
    "starts",
    "release",
    "evaluate",
    "losses",
    "data",
    "models",
    "distributed",
    "errors",
)
"""Every part of the package, from the top down. A part may import from itself and from parts below it."""
BACKBONE = "models.backbone"
BACKBONE_WORDS = re.compile(r"ResNet|torchvision|layer[1-4]|downsample|\bfc\.")
"""What only the module of the backbone may say (outside of documentation)."""


def sources() -> dict[str, str]:
    """Text of every module by name, below the package."""
    found = {}
    for path in (ROOT / PACKAGE).rglob("*.py"):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        found[".".join(parts)] = path.read_text()
    return found


def part_of(module: str) -> str:
    return module.split(".")[0]


def imports_of(module: str, tree: ast.Module, modules: set[str]) -> set[str]:
    """Modules of the package that a module imports, wherever in it."""
    here = module.split(".")[:-1]
    found = set()
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            start = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            if not node.level:
                if start.split(".")[0] != PACKAGE:
                    continue
                start = start.removeprefix(PACKAGE).strip(".")
            names = [f"{start}.{alias.name}".strip(".") for alias in node.names]
        elif isinstance(node, ast.Import):
            ours = [alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE]
            names = [name.removeprefix(PACKAGE).strip(".") for name in ours]
        for name in names:
            parent = name.rpartition(".")[0]
            target = next((t for t in (name, parent, f"{name}.__init__", f"{parent}.__init__") if t in modules), None)
            found.add(target or name)
    return found - {module}


def words_of(tree: ast.Module) -> list[str]:
    """Texts of a module but for those that stand as statements of their own: documentation."""
    documentation = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    texts = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return [str(n.value) for n in texts if id(n) not in documentation]


def violations(texts: dict[str, str]) -> list[str]:
    """One line for everything that breaks a rule."""
    problems, graph = [], {}
    for module, text in sorted(texts.items()):
        tree = ast.parse(text)
        part = part_of(module)
        graph[module] = imports_of(module, tree, set(texts))
        if part not in ORDER:
            if module != "__init__":
                problems.append(f"{module} belongs to no part that is known")
            continue
        for target in sorted(graph[module]):
            below = part_of(target)
            if target not in texts:
                problems.append(f"{module} imports {target}, which does not exist")
            elif ORDER.index(below) < ORDER.index(part):
                problems.append(f"{module} imports {target}, which lies above it")
            elif part == below == "stages" and module != "stages.__init__":
                problems.append(f"{module} imports {target}: stages share what lies below them")
        if "dicm_reference" in text:
            problems.append(f"{module} names dicm_reference, an implementation apart")
        for words in words_of(tree) if module != BACKBONE else []:
            if BACKBONE_WORDS.search(words):
                problems.append(f"{module} says {words!r}, which only {BACKBONE} may")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as circle:
        problems.append(f"imports run in a circle: {' -> '.join(circle.args[1])}")
    return problems


def test_dependencies_run_downwards() -> None:
    assert violations(sources()) == []


@pytest.mark.parametrize(
    ("module", "line", "problem"),
    [
        ("models.codec", "from ..loop.schedule import Schedule", "which lies above it"),
        ("models.codec", "def f():\n    from ..stages import codec", "which lies above it"),
        ("losses.distortion", "import dicm_training.loop.log", "which lies above it"),
        ("stages.polish", "from .codec import STAGE", "stages share what lies below them"),
        ("models.blocks", "from .networks import Analysis", "imports run in a circle: "),
        ("models.blocks", "from .network import Analysis", "which does not exist"),
        ("release.fold", "import dicm_reference.codec", "an implementation apart"),
        ("tools", "", "belongs to no part"),
        ("stages.export", "NAME = 'tail.layer2'", "which only models.backbone may"),
    ],
)
def test_what_breaks_a_rule_is_found(module: str, line: str, problem: str) -> None:
    texts = sources()
    texts[module] = f"{texts.get(module, '')}\n{line}\n"
    found = violations(texts)
    assert any(problem in one for one in found), found


def test_every_folder_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in ROOT.glob(f"{PACKAGE}/**/*.py")}
    assert folders == {name for name in listed if name.startswith(PACKAGE)}


def test_reference_imports_nothing_of_the_training() -> None:
    for path in (ROOT / "reference").glob("*.py"):
        assert PACKAGE not in path.read_text(), path.name
