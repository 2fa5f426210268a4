"""Files of a run folder: checkpoints written and read back, and what the later stages take from them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..models.architecture import Architecture, ViewArchitecture
from ..models.codec import Model
from ..models.contrastive import ContrastiveModel
from ..models.heads import Heads, HeadsArchitecture
from ..models.place import place
from ..models.view import View
from ..release.fold import fold
from ..release.folder import stored_tensors
from ..release.quantise import store_all

LAYOUT = 3
"""Of checkpoints; grows when what is in them is arranged anew. 1 had the backbone's widths among the codec's, 2 other
names in those of joint."""
CATEGORIES_FILE = "heads.categories.json"
"""The categories that a run's heads tell apart, in the order of their outputs."""
DECODE_FILE = "decode.safetensors"
"""What a run keeps of the release that `codec --start` names: the tensors that entropy decoding depends on."""
TRAINED_PREFIX = "released."
"""Start of the names of released tensors in a checkpoint of joint."""
State = dict[str, Any]
M = TypeVar("M", bound=nn.Module)


class Described(Protocol):
    """An architecture, which a checkpoint records."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""


def save_atomically(state: Any, path: Path) -> None:
    """Write a file so that a kill at any moment leaves the old or the new one, never half."""
    temporary = path.with_suffix(".partial")
    torch.save(state, temporary)
    os.replace(temporary, path)


def save_checkpoint(path: Path, arch: Described, state: State) -> None:
    """Write a checkpoint of a model of `arch`."""
    save_atomically({"layout": LAYOUT, "arch": arch.to_dict(), **state}, path)


def read_checkpoint(path: Path, device: torch.device | str = "cpu", mmap: bool = False) -> State:
    """Read a checkpoint. Raises UsageError where it is damaged or of another layout."""
    try:
        state = torch.load(path, map_location=device, mmap=mmap, weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as problem:
        what = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise UsageError(f"{path} cannot be read as a checkpoint ({what}): remove it") from problem
    found = state.get("layout", 1) if isinstance(state, dict) else "none"
    if found != LAYOUT:
        raise UsageError(
            f"{path} has checkpoint layout {found}, but this version reads {LAYOUT}: go on with the version that wrote "
            "it, or start in another run folder (from its exported model, if it has one: --start, --base)"
        )
    return state


def read_own(path: Path, arch: Described, device: torch.device) -> State:
    """Read the checkpoint that a stage goes on from. Raises UsageError where it is of another architecture."""
    state = read_checkpoint(path, device)
    wanted = arch.to_dict()
    if state["arch"] != wanted:
        differing = [k for k in wanted if state["arch"].get(k) != wanted[k]]
        raise UsageError(
            f"{path} is of another architecture than this run ({', '.join(differing) or 'other fields'} differ): "
            "remove it, or use another run folder"
        )
    return state


def checkpoint_of(run: Path, stage: str) -> Path:
    """Find the checkpoint of a stage in a run folder. Raises UsageError where there is none."""
    path = run / f"{stage}.pt"
    if not path.exists():
        raise UsageError(f"{path} is missing: run the stage {stage} first")
    return path


@torch.no_grad()
def take_averages(module: M, state: State) -> M:
    """Fill a module with a checkpoint's averaged weights, the rest from the last step."""
    module.load_state_dict(state["model"])
    parameters = dict(module.named_parameters())
    for name, value in state["average"].items():
        parameters[name].copy_(value)
    return module


def load_model(path: Path, device: torch.device) -> tuple[Model, State]:
    """Rebuild the model of a checkpoint of codec, polish or encoder with averaged weights; return its state too."""
    state = read_checkpoint(path, device)
    model = take_averages(place(Model(Architecture.from_dict(state["arch"])), device), state)
    model.codec.use_redundancy_elimination = state["options"].get("no_re") != "True"
    return model, state


def load_view(path: Path, device: torch.device) -> tuple[View, State]:
    """Rebuild the codec of a checkpoint of perceptual or perceptual-polish with its averaged weights."""
    state = read_checkpoint(path, device)
    return take_averages(place(View(ViewArchitecture.from_dict(state["arch"])), device), state), state


def load_contrastive(path: Path, device: torch.device) -> tuple[ContrastiveModel, State]:
    """Rebuild the model of a checkpoint of ssl with its averaged weights; return it and the whole state."""
    state = read_checkpoint(path, device)
    queue, dimension = state["model"]["queue"].shape
    pictures = len(state["model"]["boxes"])
    model = ContrastiveModel(Architecture.from_dict(state["arch"]), dimension, queue, pictures)
    return take_averages(place(model, device), state), state


def load_heads(path: Path, device: torch.device) -> tuple[Heads, State]:
    """Rebuild the heads of a checkpoint of heads or joint with averaged weights; return the state too."""
    state = read_checkpoint(path, device)
    heads = Heads(HeadsArchitecture.from_dict(state["arch"])).to(device)
    for part in ("model", "average"):
        values = {k.removeprefix("heads."): v for k, v in state[part].items() if not k.startswith(TRAINED_PREFIX)}
        heads.load_state_dict(values, strict=part == "model")
    return heads.eval(), state


def load_trained(path: Path) -> dict[str, Tensor]:
    """Averaged tensors that a checkpoint of joint trained beside the heads, by released name."""
    average, prefix = read_checkpoint(path)["average"], TRAINED_PREFIX
    return {k.removeprefix(prefix).replace("/", "."): v for k, v in average.items() if k.startswith(prefix)}


TRAINED_BY_ENCODER = {
    "encoder": ("re.", "ga.", "ha."),
    "synthesis": ("re.", "ga.", "ha.", "gs."),
    "entropy": ("re.", "ga.", "ha.", "gs.", "hs.", "entropy."),
}
"""Starts of the names of released tensors that the stage encoder trains, by its --trains."""


def load_encoder(path: Path) -> dict[str, Tensor]:
    """Averaged tensors that a checkpoint of encoder trained, by released name."""
    model, state = load_model(path, torch.device("cpu"))
    prefixes = TRAINED_BY_ENCODER[state["options"]["trains"]]
    tensors = {k: v for k, v in fold(model.eval()).items() if k.startswith(prefixes)}
    if not model.codec.use_redundancy_elimination:
        tensors["re.mix"] = torch.zeros_like(tensors["re.mix"])
    return tensors


def base_tensors(run: Path, base: Path | None) -> dict[str, Tensor]:
    """Tensors that heads build on, as they are stored: a released folder's, or those the run would release."""
    if base is not None:
        return {k: v for k, v in stored_tensors(base).items() if not k.startswith("heads.")}
    for stage in ("polish.pt", "codec.pt"):
        if (run / stage).exists():
            model, _ = load_model(run / stage, torch.device("cpu"))
            return store_all(fold(model.eval()))
    raise UsageError(f"no checkpoint in {run}: run the stages codec and polish first, or name a model with --base")
