"""Heads to go on from: those of a run, or of a released model."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from ..data.categories import category_key
from ..errors import UsageError
from ..models.heads import Heads
from ..release.folder import stored_tensors, widen
from ..release.heads import give_categories, unfold_heads
from .checkpoint import CATEGORIES_FILE, checkpoint_of, load_heads

Categories = list[dict[str, object]]


def freeze_norms(heads: Heads) -> None:
    """Leave the batch norms as they are, for heads whose running statistics are not to be measured anew."""
    for name, parameter in heads.named_parameters():
        parameter.requires_grad_("norms" not in name)


def heads_of_release(folder: Path, option: str) -> tuple[Heads, Categories]:
    """Load the heads of the model folder that `option` names, with their categories. Raises UsageError without any."""
    try:
        heads = unfold_heads(widen(stored_tensors(folder)))
    except ValueError as problem:
        raise UsageError(f"--{option} {folder}: {problem}; run the stage heads first") from problem
    return heads, json.loads((folder / "manifest.json").read_text())["detection"]["categories"]


def with_categories(heads: Heads, present: Categories, wanted: Categories) -> Heads:
    """Give heads of `present` categories an output for each of `wanted`, kept where the name is the same."""
    places = {category_key(str(c["name"])): i for i, c in enumerate(present)}
    return give_categories(heads, [places.get(category_key(str(c["name"]))) for c in wanted])


def starting_heads(run: Path, base: Path | None, wanted: Categories | None) -> Heads:
    """Load the heads of the run's heads.pt, or without one those of the released model, and note their categories.

    With `wanted` the heads get an output for each of these.
    """
    if base is None or (run / "heads.pt").exists():
        heads, _ = load_heads(checkpoint_of(run, "heads"), torch.device("cpu"))
        present = json.loads((run / CATEGORIES_FILE).read_text())
    else:
        heads, present = heads_of_release(base, "base")
    if wanted is not None:
        heads, present = with_categories(heads, present, wanted), wanted
    run.mkdir(parents=True, exist_ok=True)
    (run / CATEGORIES_FILE).write_text(json.dumps(present))
    return heads
