"""Feature pyramid, detector and instance-segmentation head on the tail's outputs (docs/architecture.md: heads).

One-stage and anchor-free: every location of strides 8, 16 and 32 gives class logits, four distances to the box's
sides (FCOS, Tian et al. 2019) and the parameters of a small dynamic mask network (CondInst, Tian et al. 2020).
Towers share their convolutions between levels and keep batch norms of their own for each; folding turns that into
one plain convolution a level, so the runtime sees convolutions and ReLUs only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .backbone import TINY_BACKBONE, BackboneArchitecture
from .blocks import depth_to_space
from .locations import DYNAMIC_WIDTH

LEVELS = (2, 3, 4)
"""Pyramid levels, named after the ResNet layers they come from."""


@dataclass(frozen=True)
class HeadsArchitecture:
    """Widths of the heads; the defaults are dicm-r50's."""

    inputs: tuple[int, int, int] = BackboneArchitecture().tail_channels
    width: int = 128
    mask_width: int = 64
    mask_channels: int = 8
    categories: int = 20
    dynamic: bool = True
    """Whether masks come from a dynamic network; else they are linear combinations of the mask features, which are
    then prototypes (YOLACT, Bolya et al. 2019). Only dynamic ones are released: see RESULTS.md."""

    @property
    def parameters_per_mask(self) -> int:
        """Numbers the controller gives for each location: weights, then biases, of three 1x1 layers."""
        if not self.dynamic:
            return self.mask_channels + 1
        w = DYNAMIC_WIDTH
        return (2 + self.mask_channels) * w + w * w + w + w + w + 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values for checkpoints."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> HeadsArchitecture:
        """Rebuild from `to_dict`."""
        return cls(**values)


TINY_HEADS = HeadsArchitecture(inputs=TINY_BACKBONE.tail_channels, width=16, mask_width=16)


class NormedConv(nn.Module):
    """Convolution, batch norm and (optionally) ReLU; folds into one convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, relu: bool = True, norms: int = 1) -> None:
        """Build with `norms` batch norms over one shared convolution; `forward` says which to use."""
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs, momentum=0.03) for _ in range(norms))
        self.relu = relu
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu" if relu else "linear")

    def forward(self, x: Tensor, norm: int = 0) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, H, W]."""
        x = self.norms[norm](self.conv(x))
        return F.relu(x) if self.relu else x

    def folded(self, norm: int = 0) -> tuple[Tensor, Tensor]:
        """Return weight and bias of the one convolution that this is at inference."""
        bn = self.norms[norm]
        assert isinstance(bn, nn.BatchNorm2d) and bn.running_mean is not None and bn.running_var is not None
        factor = bn.weight / torch.sqrt(bn.running_var + bn.eps)
        return self.conv.weight * factor[:, None, None, None], bn.bias - bn.running_mean * factor


@dataclass
class HeadOutputs:
    """What the heads say of a batch, one tensor a level where it is a list; before any sigmoid or exp."""

    classes: list[Tensor]
    distances: list[Tensor]
    controllers: list[Tensor]
    mask_features: Tensor


class Heads(nn.Module):
    """Feature pyramid, towers and mask branch."""

    def __init__(self, arch: HeadsArchitecture) -> None:
        """Build from random weights."""
        super().__init__()
        self.arch = arch
        w = arch.width
        self.laterals = nn.ModuleList(NormedConv(c, w, 1, relu=False) for c in arch.inputs)
        self.outs = nn.ModuleList(NormedConv(w, w, 3) for _ in LEVELS)
        self.class_tower = nn.ModuleList(NormedConv(w, w, 3, norms=len(LEVELS)) for _ in range(2))
        self.box_tower = nn.ModuleList(NormedConv(w, w, 3, norms=len(LEVELS)) for _ in range(2))
        self.classes = nn.ModuleList(nn.Conv2d(w, arch.categories, 3, padding=1) for _ in LEVELS)
        self.distances = nn.ModuleList(nn.Conv2d(w, 4, 3, padding=1) for _ in LEVELS)
        self.controllers = nn.ModuleList(nn.Conv2d(w, arch.parameters_per_mask, 3, padding=1) for _ in LEVELS)
        self.mask_conv0 = NormedConv(w, w, 3)
        self.mask_conv1 = NormedConv(w, arch.mask_width, 3)
        self.mask_up = nn.Conv2d(arch.mask_width, 4 * arch.mask_channels, 1)
        for convs in (self.classes, self.distances, self.controllers):
            for conv in convs:
                assert isinstance(conv, nn.Conv2d) and conv.bias is not None
                nn.init.normal_(conv.weight, std=0.01)
                nn.init.zeros_(conv.bias)
        for conv in self.classes:
            nn.init.constant_(conv.bias, -4.6)  # type: ignore[arg-type]  # a prior of 1 % for every class
        for conv in self.distances:
            nn.init.constant_(conv.bias, 1.0)  # type: ignore[arg-type]  # boxes of some 5 strides

    def pyramid(self, tail: tuple[Tensor, Tensor, Tensor]) -> list[Tensor]:
        """Map the tail's outputs (strides 8, 16, 32) to pyramid levels of equal width."""
        merged: list[Tensor] = []
        for lateral, x in zip(reversed(self.laterals), reversed(tail), strict=True):
            x = lateral(x)
            if merged:
                up = F.interpolate(merged[-1], scale_factor=2, mode="nearest")
                x = x + up[:, :, : x.shape[2], : x.shape[3]]
            merged.append(x)
        return [out(x) for out, x in zip(self.outs, reversed(merged), strict=True)]

    def forward(self, tail: tuple[Tensor, Tensor, Tensor]) -> HeadOutputs:
        """Map the tail's outputs to raw predictions."""
        levels = self.pyramid(tail)
        classes, distances, controllers = [], [], []
        for i, p in enumerate(levels):
            a = b = p
            for class_conv, box_conv in zip(self.class_tower, self.box_tower, strict=True):
                a, b = class_conv(a, i), box_conv(b, i)
            classes.append(self.classes[i](a))
            distances.append(self.distances[i](b))
            controllers.append(self.controllers[i](b))
        m = self.mask_up(self.mask_conv1(self.mask_conv0(levels[0])))
        return HeadOutputs(classes, distances, controllers, depth_to_space(m, 2))

    def follow_batches(self) -> None:
        """Set training mode: batch norms follow the batches, but not those whose weights are frozen."""
        self.train()
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
                module.eval()
