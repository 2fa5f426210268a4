"""The codec's networks (design section 5): RE, g_a, g_s, h_a, h_s.

Norms in the convolutional blocks are per-channel affine maps initialised from data (activation
normalisation), which train at batch sizes where batch norm does not and fold into the next convolution
at export. Layer norms exist only in the hyper-transforms, whose tensors are tiny.

`depth_to_space` orders channels (dy, dx, c), the order both executors and the bit-exact
hyper-synthesis use, so that exported weights need no permutation.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import distributed

HEAD_DIMENSION = 32
LAYER_NORM_EPSILON = 1e-6


@dataclass(frozen=True)
class Architecture:
    """Widths of every network; the defaults are dicm-r50's."""

    backbone_width: int = 64
    head_blocks: int = 3
    tail_blocks: tuple[int, int, int] = (4, 6, 3)
    classes: int = 1000
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
        return 4 * self.backbone_width

    def to_dict(self) -> dict[str, object]:
        """Plain values for checkpoints and manifests."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Architecture:
        """Rebuild from `to_dict`."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})  # type: ignore[arg-type]


TINY = Architecture(
    backbone_width=8,
    head_blocks=1,
    tail_blocks=(1, 1, 1),
    classes=1000,
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


def gelu(x: Tensor) -> Tensor:
    """Compute GELU in its tanh form, the one every executor has."""
    return F.gelu(x, approximate="tanh")


def depth_to_space(x: Tensor, factor: int) -> Tensor:
    """Rearrange [N, factor^2 C, H, W] to [N, C, factor H, factor W]; input channels are ordered (dy, dx, c)."""
    n, channels, h, w = x.shape
    c = channels // factor**2
    x = x.view(n, factor, factor, c, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c, h * factor, w * factor)


class Affine(nn.Module):
    """Per-channel scale and shift, set from the first batch it sees to give zero mean and unit variance."""

    def __init__(self, channels: int, shift: bool = True) -> None:
        """Build for `channels`; without `shift` only the scale exists (needed in front of zero padding)."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if shift else None
        self.initialised: Tensor
        self.register_buffer("initialised", torch.tensor(False))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to [N, C, H, W]."""
        if not self.initialised:
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


PRODUCT_LIMIT = 32.0
"""Largest magnitude of a recursive gated block's product; photographs stay below half of it (docs/architecture.md)."""


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


class RedundancyElimination(nn.Module):
    """RE: encoder_RE, rounding, decoder_RE (DICM section III-B).

    decoder_RE's output d approximates f1 under a rate constraint of its own; f2 moves from f1 towards d
    by a learned per-channel amount that starts at zero, so training starts from the identity.
    """

    def __init__(self, arch: Architecture) -> None:
        """Build the encoder (stride 4 to 16) and the decoder (back to stride 4)."""
        super().__init__()
        dim, features = arch.redundancy, arch.features
        self.norm = Affine(features)
        self.encoder = nn.ModuleDict(
            {
                "down1": nn.Conv2d(features, dim, 2, 2),
                "block1": ConvFormerBlock(dim, arch.kernel),
                "down2": nn.Conv2d(dim, dim, 2, 2),
            }
        )
        self.decoder = nn.ModuleDict(
            {
                "up1": nn.Conv2d(dim, 4 * dim, 1),
                "block1": ConvFormerBlock(dim, arch.kernel),
                "up2": nn.Conv2d(dim, 4 * features, 1),
            }
        )
        self.mix = nn.Parameter(torch.zeros(features))

    def encode(self, f1: Tensor) -> Tensor:
        """Map f1 to RE's latent r [N, redundancy, H/16, W/16], before rounding."""
        e = self.encoder
        out: Tensor = e["down2"](e["block1"](e["down1"](self.norm(f1))))
        return out

    def decode(self, r: Tensor) -> Tensor:
        """Map the rounded latent to d, shaped like f1."""
        d = self.decoder
        x = d["block1"](depth_to_space(d["up1"](r), 2))
        return depth_to_space(d["up2"](x), 2)

    def combine(self, f1: Tensor, d: Tensor) -> Tensor:
        """Return f2 = f1 + mix (d - f1)."""
        return f1 + self.mix.to(f1.dtype)[:, None, None] * (d - f1)


class Analysis(nn.Module):
    """g_a: f2 [N, features, H/4, W/4] to y [N, latent, H/16, W/16].

    A linear path (4x4 patches onto a Karhunen-Loeve basis, see `klt`) plus a nonlinear one whose last
    convolution starts at zero.
    """

    def __init__(self, arch: Architecture) -> None:
        """Build both paths."""
        super().__init__()
        d1, d2 = arch.analysis
        self.linear = nn.Conv2d(arch.features, arch.latent, 4, 4)
        self.norm = Affine(arch.features)
        self.down1, self.block1 = nn.Conv2d(arch.features, d1, 2, 2), RecursiveGatedBlock(d1, arch.kernel)
        self.down2, self.block2 = nn.Conv2d(d1, d2, 2, 2), RecursiveGatedBlock(d2, arch.kernel)
        self.out = nn.Conv2d(d2, arch.latent, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, f2: Tensor) -> Tensor:
        """Compute y for gain 1."""
        x = self.block2(self.down2(self.block1(self.down1(self.norm(f2)))))
        out: Tensor = self.linear(f2) + self.out(x)
        return out


class Synthesis(nn.Module):
    """g_s: dequantised y^ [N, latent, H/16, W/16] to f3 [N, features, H/4, W/4]."""

    def __init__(self, arch: Architecture) -> None:
        """Build the linear and the nonlinear path."""
        super().__init__()
        d1, d2 = arch.synthesis
        self.linear = nn.Conv2d(arch.latent, 16 * arch.features, 1)
        self.norm = Affine(arch.latent)
        self.enter = nn.Conv2d(arch.latent, d1, 1)
        blocks = range(arch.synthesis_blocks)
        self.block1 = nn.Sequential(*(RecursiveGatedBlock(d1, arch.kernel) for _ in blocks))
        self.up1 = nn.Conv2d(d1, 4 * d2, 1)
        self.block2 = nn.Sequential(*(RecursiveGatedBlock(d2, arch.kernel) for _ in blocks))
        self.up2 = nn.Conv2d(d2, 4 * arch.features, 1)
        nn.init.zeros_(self.up2.weight)
        nn.init.zeros_(self.up2.bias)  # type: ignore[arg-type]

    def forward(self, y: Tensor) -> Tensor:
        """Compute f3, non-negative like f1."""
        x = self.block1(self.enter(self.norm(y)))
        x = self.block2(depth_to_space(self.up1(x), 2))
        return F.relu(depth_to_space(self.linear(y), 4) + depth_to_space(self.up2(x), 2))


def pad_to_even(x: Tensor) -> Tensor:
    """Zero-pad the bottom and the right to even height and width."""
    return F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))


class HyperAnalysis(nn.Module):
    """h_a: y [N, latent, Hy, Wy] to z [N, hyper, ceil(Hy/4), ceil(Wy/4)]."""

    def __init__(self, arch: Architecture) -> None:
        """Build the mirrored ViT stages."""
        super().__init__()
        d1, d2 = arch.hyper_analysis
        self.norm = Affine(arch.latent, shift=False)
        self.down1, self.cpe1, self.vit1 = nn.Conv2d(arch.latent, d1, 2, 2), Residual(d1), VitBlock(d1)
        self.down2, self.cpe2, self.vit2 = nn.Conv2d(d1, d2, 2, 2), Residual(d2), VitBlock(d2)
        self.out = nn.Conv2d(d2, arch.hyper, 1)

    def forward(self, y: Tensor) -> Tensor:
        """Compute z, before rounding."""
        x = self.vit1(self.cpe1(self.down1(pad_to_even(self.norm(y)))))
        x = self.vit2(self.cpe2(self.down2(pad_to_even(x))))
        out: Tensor = self.out(x)
        return out


class HyperSynthesis(nn.Module):
    """h_s: rounded z^ to mean and scale of y, both for gain 1 (spec: hyper-synthesis).

    Training runs it in ordinary float32; the released weights are evaluated by the bit-exact arithmetic of
    the codec, which agrees with this to rounding error.
    """

    def __init__(self, arch: Architecture) -> None:
        """Build the mirrored ViT stages."""
        super().__init__()
        d1, d2, d3 = arch.hyper_synthesis
        self.enter, self.cpe1, self.vit1 = nn.Conv2d(arch.hyper, d1, 1), Residual(d1), VitBlock(d1)
        self.up1, self.cpe2, self.vit2 = nn.Conv2d(d1, 4 * d2, 1), Residual(d2), VitBlock(d2)
        self.up2, self.cpe3 = nn.Conv2d(d2, 4 * d3, 1), Residual(d3)
        self.out = nn.Conv2d(d3, 2 * arch.latent, 1)

    def forward(self, z: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Return mean [N, latent, height, width] and scale (in table-index units), for the latent grid given."""
        x = self.vit1(self.cpe1(self.enter(z)))
        x = depth_to_space(self.up1(x), 2)[:, :, : (height + 1) // 2, : (width + 1) // 2]
        x = self.vit2(self.cpe2(x))
        x = depth_to_space(self.up2(x), 2)[:, :, :height, :width]
        mean, scale = self.out(F.hardswish(self.cpe3(x))).chunk(2, 1)
        return mean, scale
