"""The codec's networks (design section 5): RE, g_a, g_s, h_a, h_s."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .architecture import Architecture, HyperWidths
from .blocks import Affine, ConvFormerBlock, RecursiveGatedBlock, Residual, VitBlock, depth_to_space, pad_to_even


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


class HyperAnalysis(nn.Module):
    """h_a: y [N, latent, Hy, Wy] to z [N, hyper, ceil(Hy/4), ceil(Wy/4)]."""

    def __init__(self, arch: HyperWidths) -> None:
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

    def __init__(self, arch: HyperWidths) -> None:
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
