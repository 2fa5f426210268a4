"""Lets this package read damaged files beside Node: ``python python/tools/fuzz.py --files 5000 --seed 1``.

The files are those of ``npm run fuzz``. Both readers must accept and refuse the same ones, with the same codes, as
whole files and as prefixes, and decode the same integers. What fails is kept, and said how to make again. Needs a
build (``npm run build``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Runs the comparison; 1 when the readers differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000, help="how many files")
    parser.add_argument("--seed", type=int, default=1, help="other files for another seed")
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    arguments = parser.parse_args()
    numbers = [f"--{name}={getattr(arguments, name)}" for name in ("files", "seed", "first")]
    command = ["npm", "run", "--silent", "fuzz", "--", *numbers, f"--reader={sys.executable}"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
