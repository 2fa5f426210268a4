"""From a file to a tensor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import get_worker_info

from ..file import Source, open

LATENTS = "latents"
"""The layer that needs no network: y^, at stride 16."""


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """Which features are decoded, and how. Plain values: they travel to worker processes.

    Attributes:
        layer: ``pooled``, ``f3``, ``layer2``, ``layer3``, ``layer4`` as for :meth:`dicm.File.features`, or ``latents``
            for y^, which needs no onnxruntime.
        dtype: ``float32`` or ``float16``.
        model: As for :func:`dicm.open`.
        providers: As for :func:`dicm.open`.
        threads: CPU threads of one network. Unless given, one in a worker of a DataLoader, since the workers share the
            processors, and onnxruntime's own choice elsewhere.
    """

    layer: str = "pooled"
    dtype: str = "float32"
    model: str | os.PathLike[str] | None = None
    providers: Sequence[str] | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "float16"):
            raise TypeError(f"features are float32 or float16, not {self.dtype}")

    def read(self, source: Source) -> torch.Tensor:
        """Decodes a file.

        Returns:
            [channels] of ``pooled``, otherwise [channels, height, width], in the memory layout ``channels_last``.

        Raises:
            DicmError: As :func:`dicm.open` and :meth:`dicm.File.features`.
        """
        threads = 1 if self.threads is None and get_worker_info() is not None else self.threads
        file = open(source, model=self.model, providers=self.providers, threads=threads)
        if self.layer == LATENTS:
            tensor = torch.from_numpy(file.latents("machine").y_hat).to(getattr(torch, self.dtype))
        else:
            tensor = torch.from_numpy(file.features(self.layer, self.dtype))
        return tensor.permute(2, 0, 1) if tensor.ndim == 3 else tensor
