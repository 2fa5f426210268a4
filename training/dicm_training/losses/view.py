"""What the perceptual profile is trained on: rate and a weighted sum of distances between pictures."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from .perceptual import Lpips, ms_ssim

MSE_ALONE = 280.0
"""Weight of the squared error where it is alone: at 0.2 to 0.8 bpp about as strong as the default terms together."""


AREA = 16
"""Pixels on a side of the areas whose smoothness counts."""
SMOOTH = 4 / 255
"""Deviation of an area's samples at which its squared error counts half of what it counts in a flat one."""


@dataclass(frozen=True)
class ViewTerms:
    """Weights of LPIPS, of 1 - MS-SSIM and of squared errors of samples in [0, 1]."""

    lpips: float = 1.0
    ms_ssim: float = 2.0
    mse: float = 30.0
    smooth: float = 0.0
    """Of the squared error in smooth areas, where an eye sees what texture would hide and LPIPS hardly looks."""


def smoothness(target: Tensor) -> Tensor:
    """How smooth the area around each pixel of RGB [N, 3, H, W] is: 1 (flat) to 0, [N, 1, H, W]; whole areas only."""
    mean = F.avg_pool2d(target, AREA)
    variance = (F.avg_pool2d(target.square(), AREA) - mean.square()).clamp(min=0).mean(1, keepdim=True)
    weight = 1 / (1 + variance / SMOOTH**2)
    return weight.repeat_interleave(AREA, 2).repeat_interleave(AREA, 3)


def view_distortion(rgb: Tensor, target: Tensor, terms: ViewTerms, lpips: Lpips) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the distortion of each picture [N], and the parts that were computed, averaged."""
    errors = (rgb.float() - target).square()
    squared = errors.mean((1, 2, 3))
    total, parts = terms.mse * squared, {"mse": squared.detach().mean()}
    if terms.smooth > 0:
        smooth = (errors * smoothness(target)).mean((1, 2, 3))
        total, parts["smooth"] = total + terms.smooth * smooth, smooth.detach().mean()
    if terms.ms_ssim > 0:
        loss = 1 - ms_ssim(rgb.float(), target)
        total, parts["1-msssim"] = total + terms.ms_ssim * loss, loss.detach().mean()
    if terms.lpips > 0:
        distance = lpips(rgb, target)
        total, parts["lpips"] = total + terms.lpips * distance, distance.detach().mean()
    return total, parts
