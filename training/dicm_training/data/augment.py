"""MoCo v2's colour augmentation of crops, as batched tensor operations on the training device.

Every crop's parameters are drawn for the whole batch and cut to this process's share, so they depend on nothing but
the seed that was set before.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import distributed

LUMA = (0.299, 0.587, 0.114)
YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


def grey(x: Tensor) -> Tensor:
    """Luma [N, 1, H, W] of RGB."""
    return (x * torch.tensor(LUMA, device=x.device)[:, None, None]).sum(1, keepdim=True)


def rotate_hue(x: Tensor, turns: Tensor) -> Tensor:
    """Turn the hue of RGB by `turns` [N] of the colour circle: a rotation of the chroma plane of YIQ."""
    to_yiq = torch.tensor(YIQ, device=x.device)
    angle = 2 * math.pi * turns
    rotation = torch.zeros(len(x), 3, 3, device=x.device)
    rotation[:, 0, 0] = 1
    rotation[:, 1, 1] = rotation[:, 2, 2] = angle.cos()
    rotation[:, 1, 2] = -angle.sin()
    rotation[:, 2, 1] = angle.sin()
    matrix = torch.linalg.inv(to_yiq) @ rotation @ to_yiq
    return torch.einsum("nij,njhw->nihw", matrix, x)


def blur(x: Tensor, sigma: Tensor) -> Tensor:
    """Blur each picture [N, 3, H, W] with a Gaussian of its own `sigma` [N], in pixels (0: not at all)."""
    reach = max(1, round(0.05 * min(x.shape[2:])))
    distance = torch.arange(-reach, reach + 1, device=x.device)
    kernel = torch.exp(-distance.square() / (2 * sigma.clamp(min=1e-2)[:, None].square()))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)
    n, _, h, w = x.shape
    flat = F.pad(x.reshape(1, 3 * n, h, w), (reach,) * 4, mode="reflect")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=3 * n)
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=3 * n)
    return flat.view(n, 3, h, w)


@torch.no_grad()
def augment(x: Tensor, order: Tensor | None = None) -> Tensor:
    """Change RGB in [0, 1] [N, 3, H, W] as MoCo v2 does.

    With probability 0.8 brightness, contrast and saturation by up to 40 % and hue by up to 0.1 of a turn; grey with
    probability 0.2; with probability 0.5 a Gaussian blur of 0.1 to 2 pixels (at 224 x 224, and in proportion).
    `order` is that of a shuffled batch (`distributed.uniform`).
    """
    u = distributed.uniform((len(x), 8), x.device, order)
    jitter = (u[:, 0] < 0.8).float()
    brightness, contrast, saturation = (1 + 0.4 * jitter * (2 * u[:, i] - 1) for i in (1, 2, 3))

    def each(v: Tensor) -> Tensor:
        return v[:, None, None, None]

    y = (x * each(brightness)).clamp(0, 1)
    mean = grey(y).mean((1, 2, 3), keepdim=True)
    y = (mean + each(contrast) * (y - mean)).clamp(0, 1)
    y = torch.lerp(grey(y).expand_as(y), y, each(saturation)).clamp(0, 1)
    y = rotate_hue(y, 0.1 * jitter * (2 * u[:, 4] - 1)).clamp(0, 1)
    y = torch.where(each(u[:, 5] < 0.2), grey(y).expand_as(y), y)
    sigma = (0.1 + 1.9 * u[:, 7]) * (u[:, 6] < 0.5).float() * min(x.shape[2:]) / 224
    return blur(y, sigma).contiguous(memory_format=torch.channels_last)
