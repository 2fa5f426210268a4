"""Files of an earlier release, which a model that is trained on must go on reading."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from .. import distributed
from ..errors import UsageError
from .folder import stored_tensors, widen
from .released import ReleasedModel
from .shards import is_decode_critical

EARLIER_SHARE = 0.2


class EarlierEncoder:
    """The encoder of a release whose files are to be read too, for a random share of a batch's pictures."""

    def __init__(self, folder: Path | None, present: dict[str, Tensor], device: torch.device) -> None:
        """Load the folder's networks; without one nothing is ever replaced.

        `present` holds the tensors of the model in training, by released name: its decoder must read the files.
        """
        tensors = {} if folder is None else widen(stored_tensors(folder))
        for name, value in tensors.items():
            # Tables are fixed only when the model is exported.
            if is_decode_critical(name) and not name.startswith("entropy."):
                if name not in present or not torch.equal(value, present[name].to(value)):
                    raise UsageError(f"--earlier {folder} has another decode id: its {name} differs")
        encoder = {k: v.to(device) for k, v in tensors.items() if not k.startswith(("gs.", "tail.", "heads."))}
        self.model = None if folder is None else ReleasedModel(encoder)

    @torch.no_grad()
    def replace(
        self, coded: tuple[Tensor, Tensor, Tensor], rgb: Tensor, position: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Replace what `ReleasedModel.quantised` gave for some pictures of RGB in [0, 1] by what this encoder gives."""
        if self.model is None:
            return coded
        chosen = distributed.uniform((len(rgb),), rgb.device) < EARLIER_SHARE
        if not bool(chosen.any()):
            return coded
        symbols, mean, log2_gain = (value.clone() for value in coded)
        symbols[chosen], mean[chosen], log2_gain[chosen] = self.model.quantised(rgb[chosen], position[chosen])
        return symbols, mean, log2_gain
