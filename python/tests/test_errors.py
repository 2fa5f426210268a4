"""Errors have the classes, codes and exit codes of the command line."""

from __future__ import annotations

import pickle
import re

import pytest
from conftest import ROOT

import dicm

CLASSES = [
    dicm.FormatError,
    dicm.UnsupportedError,
    dicm.ModelError,
    dicm.BackendError,
    dicm.LimitError,
    dicm.UsageError,
]


def documented() -> dict[str, tuple[int, set[str]]]:
    """Exit code and codes of each class, from the page that is made of the command line's own table."""
    found: dict[str, tuple[int, set[str]]] = {}
    for section in re.split(r"^## ", (ROOT / "docs" / "errors.md").read_text(), flags=re.M)[1:]:
        name = re.match(r"`?(\w+)", section)
        status = re.search(r"[Ee]xit (?:code|status) (\d+)", section)
        if name and status:
            found[name[1]] = int(status[1]), set(re.findall(r"^\| `([\w-]+)`", section, flags=re.M))
    return found


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_classes_are_those_of_the_command_line(kind: type[dicm.DicmError]) -> None:
    exit_code, codes = documented()[kind.__name__]
    assert kind.exit_code == exit_code
    assert kind.codes <= codes


def test_every_code_of_a_file_that_is_wrong_is_known() -> None:
    """What a file can be refused for: the codes of the format's own tables."""
    spec = ROOT / "format-spec" / "v1"
    text = (spec / "dicm-v1.md").read_text() + (spec / "entropy-coding.md").read_text()
    codes = set(re.findall(r"^\| `([a-z-]+)` \| (?:damage|unsupported|model|limit) \|", text, flags=re.M))
    assert len(codes) > 30
    assert codes <= frozenset().union(*(kind.codes for kind in CLASSES))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_code_is_raised_somewhere(kind: type[dicm.DicmError]) -> None:
    sources = (ROOT / "python" / "src" / "dicm").rglob("*.py")
    text = "".join(path.read_text() for path in sources if path.name != "errors.py")
    text += (ROOT / "python" / "src" / "dicm" / "errors.py").read_text().split("class LimitError")[1]
    unused = {code for code in kind.codes if f'"{code}"' not in text and code not in ("bad-logits", "bad-embedding")}
    assert unused == set()


def test_errors_come_back_from_other_processes_as_they_were() -> None:
    error = dicm.FormatError("truncated", "The file is empty", offset=0, section="signature")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.offset, str(again)) == (dicm.FormatError, "truncated", 0, str(error))
    limit = pickle.loads(pickle.dumps(dicm.LimitError("max_tiles", 5, 4, "The number of tiles")))
    assert (limit.limit, limit.actual, limit.maximum) == ("max_tiles", 5, 4)


def test_a_code_belongs_to_its_class() -> None:
    with pytest.raises(ValueError, match="no code truncated"):
        dicm.ModelError("truncated", "no")
