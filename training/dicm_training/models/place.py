"""Where a module lies, and how."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def place(module: M, device: torch.device) -> M:
    """Move a module to a device with its convolutions laid out channels last, as their kernels want them."""
    return module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
