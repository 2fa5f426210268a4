"""What the codec's networks are built from (design section 5).

Norms in the convolutional blocks are per-channel affine maps initialised from data (activation
normalisation), which train at batch sizes where batch norm does not and fold into the next convolution
at export. Layer norms exist only in the hyper-transforms, whose tensors are tiny.

`depth_to_space` orders channels (dy, dx, c), the order both executors and the bit-exact
hyper-synthesis use, so that exported weights need no permutation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import distributed

HEAD_DIMENSION = 32
LAYER_NORM_EPSILON = 1e-6
PRODUCT_LIMIT = 32.0
"""Largest magnitude of a recursive gated block's product; photographs stay below half of it (docs/architecture.md)."""


def gelu(x: Tensor) -> Tensor:
    """Compute GELU in its tanh form, the one every executor has."""
    return F.gelu(x, approximate="tanh")


def depth_to_space(x: Tensor, factor: int) -> Tensor:
    """Rearrange [N, factor^2 C, H, W] to [N, C, factor H, factor W]; input channels are ordered (dy, dx, c)."""
    n, channels, h, w = x.shape
    c = channels // factor**2
    x = x.view(n, factor, factor, c, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c, h * factor, w * factor)


def pad_to_even(x: Tensor) -> Tensor:
    """Zero-pad the bottom and the right to even height and width."""
    return F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))


class Affine(nn.Module):
    """Per-channel scale and shift, set from the first batch it sees to give zero mean and unit variance."""

    def __init__(self, channels: int, shift: bool = True) -> None:
        """Build for `channels`; without `shift` only the scale exists (needed in front of zero padding)."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if shift else None
        self.initialised: Tensor
        self.register_buffer("initialised", torch.tensor(False))
        self.known = False
        """Whether `initialised` is known to be set: to ask the buffer makes a GPU wait."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply to [N, C, H, W]."""
        if not self.known and not self.initialised:
            with torch.no_grad():
                values = x.float()
                mean = values.mean((0, 2, 3)) if self.bias is not None else torch.zeros_like(self.weight)
                distributed.average([mean])
                variance = (values - mean[:, None, None]).square().mean((0, 2, 3))
                distributed.average([variance])
                # The floor keeps a channel that happens to be silent in this batch from being blown up.
                scale = 1 / variance.clamp(min=1e-2 * float(variance.mean()) + 1e-8).sqrt()
                self.weight.copy_(scale)
                if self.bias is not None:
                    self.bias.copy_(-mean * scale)
                self.initialised.fill_(True)
        self.known = True
        weight = self.weight.to(x.dtype)[:, None, None]
        return x * weight if self.bias is None else x * weight + self.bias.to(x.dtype)[:, None, None]


def layer_scale(channels: int) -> nn.Parameter:
    """Learned per-channel residual weight."""
    return nn.Parameter(torch.full((channels,), 0.2))


class ConvFormerBlock(nn.Module):
    """Convolutional modulation block (design section 5; Conv2Former) of the redundancy elimination."""

    def __init__(self, dim: int, kernel: int) -> None:
        """Build for `dim` channels with a `kernel` x `kernel` modulation."""
        super().__init__()
        self.norm1, self.norm2 = Affine(dim), Affine(dim)
        self.w1, self.w3, self.w2 = nn.Conv2d(dim, dim, 1), nn.Conv2d(dim, dim, 1), nn.Conv2d(dim, dim, 1)
        self.dw = nn.Conv2d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.m1, self.m2 = nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(2 * dim, dim, 1)
        self.mdw = nn.Conv2d(2 * dim, 2 * dim, 3, padding=1, groups=2 * dim)
        self.a, self.b = layer_scale(dim), layer_scale(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, dim, H, W] to the same shape."""
        u = self.norm1(x)
        x = x + self.a.to(x.dtype)[:, None, None] * self.w2(self.dw(gelu(self.w1(u))) * self.w3(u))
        h = self.m1(self.norm2(x))
        return x + self.b.to(x.dtype)[:, None, None] * self.m2(gelu(h + self.mdw(h)))


class RecursiveGatedBlock(nn.Module):
    """Recursive gated convolution of order 3 (HorNet; design section 5) followed by an MLP."""

    def __init__(self, dim: int, kernel: int) -> None:
        """Build for `dim` channels (a multiple of 4)."""
        super().__init__()
        self.dims = (dim // 4, dim // 2, dim)
        total = sum(self.dims)
        self.norm1, self.norm2 = Affine(dim), Affine(dim)
        self.win = nn.Conv2d(dim, self.dims[0] + total, 1)
        self.dw = nn.Conv2d(total, total, kernel, padding=kernel // 2, groups=total)
        self.w1, self.w2 = nn.Conv2d(self.dims[0], self.dims[1], 1), nn.Conv2d(self.dims[1], self.dims[2], 1)
        self.wout = nn.Conv2d(dim, dim, 1)
        self.m1, self.m2 = nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(2 * dim, dim, 1)
        self.a, self.b = layer_scale(dim), layer_scale(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, dim, H, W] to the same shape."""
        p, q = self.win(self.norm1(x)).split((self.dims[0], sum(self.dims)), 1)
        q0, q1, q2 = (self.dw(q) / 3).split(self.dims, 1)
        p = p * q0
        p = self.w1(p) * q1
        p = (self.w2(p) * q2).clamp(-PRODUCT_LIMIT, PRODUCT_LIMIT)
        x = x + self.a.to(x.dtype)[:, None, None] * self.wout(p)
        return x + self.b.to(x.dtype)[:, None, None] * self.m2(gelu(self.m1(self.norm2(x))))


class VitBlock(nn.Module):
    """Vision-Transformer block over all tokens of a tile, with a hard-swish MLP (no transcendental in it)."""

    def __init__(self, dim: int) -> None:
        """Build for `dim` channels, `dim / 32` heads."""
        super().__init__()
        self.heads = dim // HEAD_DIMENSION
        self.norm1 = nn.LayerNorm(dim, eps=LAYER_NORM_EPSILON)
        self.norm2 = nn.LayerNorm(dim, eps=LAYER_NORM_EPSILON)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp1, self.mlp2 = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, dim, H, W] to the same shape."""
        n, c, h, w = x.shape
        t = x.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(self.norm1(t)).view(n, h * w, 3, self.heads, HEAD_DIMENSION).permute(2, 0, 3, 1, 4)
        o = F.scaled_dot_product_attention(q, k, v)
        t = t + self.proj(o.transpose(1, 2).reshape(n, h * w, c))
        t = t + self.mlp2(F.hardswish(self.mlp1(self.norm2(t))))
        return t.transpose(1, 2).view(n, c, h, w)


class Residual(nn.Module):
    """x + f(x) for a depthwise 3x3 convolution: the position signal of the attention blocks."""

    def __init__(self, dim: int) -> None:
        """Build for `dim` channels."""
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, dim, H, W] to the same shape."""
        out: Tensor = x + self.conv(x)
        return out
