"""Widths of every network of a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .backbone import TINY_BACKBONE, BackboneArchitecture


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
