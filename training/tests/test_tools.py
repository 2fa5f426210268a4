"""The tools that write fixtures run, and write what the fixtures hold."""

import json
import subprocess
import sys
from pathlib import Path

TRAINING = Path(__file__).parents[1]


def test_op_vectors_are_those_of_the_fixtures(tmp_path: Path) -> None:
    """Case by case: the same operations with the same options; values may differ in their last digits."""
    subprocess.run([sys.executable, TRAINING / "tools/make_op_vectors.py", tmp_path], check=True, cwd=TRAINING)
    written = sorted(tmp_path.iterdir())
    assert "modules.json" in [path.name for path in written]
    for path in written:
        kept = json.loads((TRAINING.parent / "fixtures/ops" / path.name).read_text())
        made = json.loads(path.read_text())
        assert outline(made) == outline(kept), path.name


def outline(value: object) -> object:
    """Structure, names and whole numbers; how many numbers a list of fractions has."""
    if isinstance(value, dict):
        return {key: outline(one) for key, one in value.items()}
    if isinstance(value, list):
        if any(isinstance(one, float) for one in value):
            return len(value)
        return [outline(one) for one in value]
    return value
