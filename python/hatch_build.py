"""Puts what the build of the repository makes into wheels: the tile core, and where it was assembled a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CORE = "dicm-core.wasm"


class AssembledDataHook(BuildHookInterface[Any]):
    """Adds ``data/`` to the package.

    In a checkout it is ``python/build/data``, made by ``scripts/assemble-python.js``, or the tile core alone as
    ``npm run build`` leaves it. In an sdist it is in the package already.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Finds what there is, or says what to do."""
        root = Path(self.root)
        if (root / "src" / "dicm" / "data" / CORE).is_file():
            return
        assembled = root / "build" / "data"
        built = root.parent / "src" / "wasm" / "generated" / CORE
        into = "src/dicm/data" if self.target_name == "sdist" else "dicm/data"
        if (assembled / CORE).is_file():
            build_data["force_include"][str(assembled)] = into
            return
        if version == "editable":
            # An editable install reads the core where the build leaves it.
            if not built.is_file():
                raise SystemExit(_missing(built))
            return
        if not built.is_file():
            raise SystemExit(_missing(built))
        build_data["force_include"][str(built)] = f"{into}/{CORE}"


def _missing(built: Path) -> str:
    return (
        f"dicm needs the tile core, and {built} is not there: "
        "run `npm ci && npm run build` in the root of the repository first"
    )
