"""Known answers for other implementations: fixtures/entropy and fixtures/hyper-synthesis.

Everything is drawn from one linear congruential generator and computed with exactly rounded operations, so
that the same files come out on every machine; the tests compare them with those in the repository.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .vectors_entropy import entropy_vectors
from .vectors_hyper import write_hyper_vectors


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON with one vector a line, so that differences can be read."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            rows = ",\n  ".join(json.dumps(row) for row in inner)
            lines.append(f"{json.dumps(key)}: [\n  {rows}\n ]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(inner)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n " + ",\n ".join(lines) + "\n}\n")


def write_vectors(fixtures: Path) -> None:
    """Write all known answers under the fixtures folder."""
    for name, value in entropy_vectors().items():
        write_json(fixtures / "entropy" / name, value)
    for name, value in write_hyper_vectors(fixtures / "hyper-synthesis").items():
        write_json(fixtures / "hyper-synthesis" / name, value)
