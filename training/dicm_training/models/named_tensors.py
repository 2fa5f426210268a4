"""Networks as functions of tensors by released name; what every part of a released model is evaluated with."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F


class NamedTensors:
    """Float32 tensors by released name, and the operations that look their weights up in them; all is [N, C, H, W]."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        """Bind the tensors."""
        self.t = tensors

    def conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        """Apply a convolution; depthwise when its weight says so."""
        weight = self.t[f"{name}.weight"]
        if weight.dim() == 2:
            weight = weight[:, :, None, None]
        groups = x.shape[1] if weight.shape[1] == 1 and x.shape[1] > 1 else 1
        return F.conv2d(x, weight, self.t[f"{name}.bias"], stride, padding, groups=groups)

    def same(self, x: Tensor, name: str) -> Tensor:
        """Apply a depthwise convolution with zero padding to the same size."""
        return self.conv(x, name, padding=self.t[f"{name}.weight"].shape[2] // 2)

    def stack(self, x: Tensor, name: str, block: Callable[[Tensor, str], Tensor]) -> Tensor:
        """Apply the blocks name.0, name.1, ... that exist."""
        i = 0
        while any(k.startswith(f"{name}.{i}.") for k in self.t):
            x = block(x, f"{name}.{i}")
            i += 1
        return x
