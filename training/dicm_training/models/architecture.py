"""Widths of every network of a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from .backbone import TINY_BACKBONE, BackboneArchitecture


class HyperWidths(Protocol):
    """Widths of the hyper-transforms, which the architectures of both profiles have."""

    @property
    def latent(self) -> int:
        """Channels of y."""

    @property
    def hyper(self) -> int:
        """Channels of z."""

    @property
    def hyper_analysis(self) -> tuple[int, int]:
        """Widths of h_a at strides 32 and 64."""

    @property
    def hyper_synthesis(self) -> tuple[int, int, int]:
        """Widths of h_s at strides 64, 32 and 16."""


@dataclass(frozen=True)
class Architecture:
    """Widths of every network; the defaults are dicm-r50's."""

    backbone: BackboneArchitecture = BackboneArchitecture()
    redundancy: int = 96
    kernel: int = 7
    analysis: tuple[int, int] = (128, 192)
    latent: int = 192
    hyper_analysis: tuple[int, int] = (128, 160)
    hyper: int = 64
    hyper_synthesis: tuple[int, int, int] = (160, 128, 96)
    synthesis: tuple[int, int] = (192, 128)
    synthesis_blocks: int = 2
    quality_levels: int = 8

    @property
    def features(self) -> int:
        """Channels of f1, f2 and f3."""
        return self.backbone.features

    def to_dict(self) -> dict[str, Any]:
        """Plain values for checkpoints."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Architecture:
        """Rebuild from `to_dict`."""
        return cls(**{**values, "backbone": BackboneArchitecture(**values["backbone"])})


TINY = Architecture(
    backbone=TINY_BACKBONE,
    redundancy=16,
    kernel=7,
    analysis=(16, 32),
    latent=32,
    hyper_analysis=(32, 64),
    hyper=16,
    hyper_synthesis=(64, 32, 32),
    synthesis=(32, 16),
    synthesis_blocks=1,
)


@dataclass(frozen=True)
class ViewArchitecture:
    """Widths of the networks of the perceptual profile; the defaults are dicm-dpc's."""

    widths: tuple[int, int] = (48, 64)
    """Channels of the nonlinear paths of g_a and g_s at strides 4 and 8."""
    latent: int = 192
    hyper_analysis: tuple[int, int] = (128, 160)
    hyper: int = 64
    hyper_synthesis: tuple[int, int, int] = (160, 128, 96)
    quality_levels: int = 8

    def to_dict(self) -> dict[str, Any]:
        """Plain values for checkpoints."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ViewArchitecture:
        """Rebuild from `to_dict`."""
        return cls(**values)


TINY_VIEW = ViewArchitecture(
    widths=(16, 16), latent=32, hyper_analysis=(32, 64), hyper=16, hyper_synthesis=(64, 32, 32)
)
