"""What a stage says of its steps."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor


class Log:
    """JSON lines on disk and short lines on the terminal; averages what comes between two lines."""

    def __init__(self, path: Path) -> None:
        """Append to `path`."""
        self.path = path
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def rewind(self, step: int) -> None:
        """Forget the lines after `step`: what a killed run did after its last checkpoint is done again."""
        if self.path.exists():
            lines = self.path.read_text().splitlines(keepends=True)
            # A kill can cut the last line short.
            whole = [line for line in lines if line.endswith("\n")]
            kept = [line for line in whole if json.loads(line).get("step", 0) <= step]
            if len(kept) < len(lines):
                temporary = self.path.with_suffix(".partial.jsonl")
                temporary.write_text("".join(kept))
                os.replace(temporary, self.path)

    def add(self, **values: Tensor | float) -> None:
        """Collect values until the next `flush`; tensors are not read before, so a GPU is not waited for."""
        for name, value in values.items():
            value = value.detach() if isinstance(value, Tensor) else value
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def flush(self, **extra: Any) -> None:
        """Write the averages since the last call, with `extra` as they are."""
        record = {**extra, **{k: round(float(v) / self._counts[k], 5) for k, v in self._sums.items()}}
        self._sums.clear()
        self._counts.clear()
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print("  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()), flush=True)
