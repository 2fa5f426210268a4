"""The released model in PyTorch: reads a model folder and evaluates its tensors as the runtime does.

A second witness for the TypeScript networks (they must agree to 1e-4 relative) and the means to measure the
quantised weights rather than the trained ones.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ..models.backbone import released_head, released_tail
from ..models.blocks import HEAD_DIMENSION, LAYER_NORM_EPSILON, PRODUCT_LIMIT, depth_to_space, gelu, pad_to_even
from ..models.heads import HeadOutputs
from ..models.named_tensors import NamedTensors
from .folder import stored_tensors, widen

LARGEST_POSITION = 2047
"""Quality position of the finest files (spec: header)."""


class ReleasedModel(NamedTensors):
    """Networks of a model folder, as functions of its tensors."""

    @classmethod
    def from_folder(cls, folder: Path) -> ReleasedModel:
        """Load a model folder's weights."""
        return cls(widen(stored_tensors(folder)))

    @property
    def has_heads(self) -> bool:
        """Whether the model detects."""
        return "heads.mask.up.weight" in self.t

    def head(self, rgb: Tensor) -> Tensor:
        """Map RGB in [0, 1] to f1."""
        return released_head(self, rgb)

    def tail(self, f: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map features to the outputs at strides 8, 16 and 32 and the logits."""
        return released_tail(self, f)

    def convformer(self, x: Tensor, n: str) -> Tensor:
        """Apply a ConvFormer block."""
        x = x + self.conv(self.same(gelu(self.conv(x, f"{n}.w1")), f"{n}.dw") * self.conv(x, f"{n}.w3"), f"{n}.w2")
        h = self.conv(x, f"{n}.m1")
        return x + self.conv(gelu(h + self.same(h, f"{n}.mdw")), f"{n}.m2")

    def gated(self, x: Tensor, n: str) -> Tensor:
        """Apply a recursive gated convolution block."""
        c = x.shape[1]
        p, q = self.conv(x, f"{n}.win").split((c // 4, c // 4 + c // 2 + c), 1)
        q0, q1, q2 = self.same(q, f"{n}.dw").split((c // 4, c // 2, c), 1)
        p = self.conv(self.conv(p * q0, f"{n}.w1") * q1, f"{n}.w2") * q2
        p = p.clamp(-PRODUCT_LIMIT, PRODUCT_LIMIT)
        x = x + self.conv(p, f"{n}.wout")
        return x + self.conv(gelu(self.conv(x, f"{n}.m1")), f"{n}.m2")

    def vit(self, x: Tensor, n: str) -> Tensor:
        """Apply a ViT block over all positions."""
        b, c, h, w = x.shape

        def norm(v: Tensor, part: str) -> Tensor:
            weight, bias = self.t[f"{n}.{part}.weight"], self.t[f"{n}.{part}.bias"]
            return F.layer_norm(v, (c,), weight, bias, LAYER_NORM_EPSILON)

        def linear(v: Tensor, part: str) -> Tensor:
            return F.linear(v, self.t[f"{n}.{part}.weight"], self.t[f"{n}.{part}.bias"])

        t = x.flatten(2).transpose(1, 2)
        heads = c // HEAD_DIMENSION
        q, k, v = linear(norm(t, "norm1"), "qkv").view(b, h * w, 3, heads, HEAD_DIMENSION).permute(2, 0, 3, 1, 4)
        attention = torch.softmax(q @ k.transpose(-1, -2) * HEAD_DIMENSION**-0.5, -1)
        t = t + linear((attention @ v).transpose(1, 2).reshape(b, h * w, c), "proj")
        t = t + linear(F.hardswish(linear(norm(t, "norm2"), "mlp1")), "mlp2")
        return t.transpose(1, 2).view(b, c, h, w)

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Map RGB in [0, 1], sides multiples of 16, to (y, z), both before rounding."""
        return self.encode_features(self.head(rgb))

    def encode_features(self, f1: Tensor) -> tuple[Tensor, Tensor]:
        """Map f1 to (y, z), both before rounding."""
        x = self.convformer(self.conv(f1, "re.encoder.down1", 2), "re.encoder.block1")
        r = self.conv(x, "re.encoder.down2", 2).round()
        x = self.convformer(depth_to_space(self.conv(r, "re.decoder.up1"), 2), "re.decoder.block1")
        d = depth_to_space(self.conv(x, "re.decoder.up2"), 2)
        f2 = f1 + self.t["re.mix"][:, None, None] * (d - f1)
        x = self.stack(self.conv(f2, "ga.down1", 2), "ga.block1", self.gated)
        x = self.stack(self.conv(x, "ga.down2", 2), "ga.block2", self.gated)
        y = self.conv(f2, "ga.linear", 4) + self.conv(x, "ga.out")
        x = self.conv(pad_to_even(y), "ha.down1", 2)
        x = self.vit(x + self.same(x, "ha.cpe1"), "ha.vit1")
        x = self.conv(pad_to_even(x), "ha.down2", 2)
        x = self.vit(x + self.same(x, "ha.cpe2"), "ha.vit2")
        return y, self.conv(x, "ha.out")

    def hyper_synthesis(self, z: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Map rounded z to (mean, scale) for gain 1; agrees with the bit-exact codec to rounding error."""
        x = self.conv(z, "hs.in")
        x = self.vit(x + self.same(x, "hs.cpe1"), "hs.vit1")
        x = depth_to_space(self.conv(x, "hs.up1"), 2)[:, :, : (height + 1) // 2, : (width + 1) // 2]
        x = self.vit(x + self.same(x, "hs.cpe2"), "hs.vit2")
        x = depth_to_space(self.conv(x, "hs.up2"), 2)[:, :, :height, :width]
        mean, scale = self.conv(F.hardswish(x + self.same(x, "hs.cpe3")), "hs.out").chunk(2, 1)
        return mean, scale

    def gains(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return log2 gain and log2 inverse gain [N, C, 1, 1] at quality positions [N], 0 .. 2047."""
        levels = len(self.t["gain.log2"])
        level = position * (levels - 1) / LARGEST_POSITION
        low = level.floor().long().clamp(max=levels - 2)
        share = (level - low)[:, None]
        tables = (self.t["gain.log2"], self.t["gain.log2_inverse"])
        pair = [torch.lerp(g[low], g[low + 1], share)[:, :, None, None] for g in tables]
        return pair[0], pair[1]

    def quantised(self, rgb: Tensor, position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map RGB in [0, 1] to what files of quality positions [N] hold: (symbols, mean, log2 gain)."""
        return self.quantised_features(self.head(rgb), position)

    def quantised_features(self, f1: Tensor, position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map f1 to what `quantised` gives of its RGB."""
        y, z = self.encode_features(f1)
        with torch.autocast(f1.device.type, enabled=False):
            mean, _ = self.hyper_synthesis(z.float().round(), *y.shape[2:])
            log2_gain, _ = self.gains(position)
            return ((y.float() - mean) * torch.exp2(log2_gain)).round(), mean, log2_gain

    def dequantised(self, rgb: Tensor, position: Tensor) -> Tensor:
        """Map RGB in [0, 1] to the y^ that a decoder reads from files of quality positions [N]."""
        return self.dequantise(*self.quantised(rgb, position), position)

    def dequantise(self, symbols: Tensor, mean: Tensor, log2_gain: Tensor, position: Tensor) -> Tensor:
        """Map what `quantised` gives to y^."""
        return (symbols + mean * torch.exp2(log2_gain)) * torch.exp2(self.gains(position)[1])

    def synthesise(self, y: Tensor) -> Tensor:
        """Map dequantised y^ to f3."""
        x = self.stack(self.conv(y, "gs.in"), "gs.block1", self.gated)
        x = self.stack(depth_to_space(self.conv(x, "gs.up1"), 2), "gs.block2", self.gated)
        return F.relu(depth_to_space(self.conv(y, "gs.linear"), 4) + depth_to_space(self.conv(x, "gs.up2"), 2))

    def heads(self, c2: Tensor, c3: Tensor, c4: Tensor) -> HeadOutputs:
        """Map the tail's outputs to the raw predictions of the heads."""
        merged: list[Tensor] = []
        for level, x in ((4, c4), (3, c3), (2, c2)):
            x = self.conv(x, f"heads.fpn.lateral{level}")
            if merged:
                up = merged[-1].repeat_interleave(2, 2).repeat_interleave(2, 3)
                x = x + up[:, :, : x.shape[2], : x.shape[3]]
            merged.append(x)

        def relu3x3(x: Tensor, name: str) -> Tensor:
            return F.relu(self.conv(x, name, padding=1))

        outputs = HeadOutputs([], [], [], c2)
        for level, x in zip((2, 3, 4), reversed(merged), strict=True):
            p, n = relu3x3(x, f"heads.fpn.out{level}"), f"heads.level{level}"
            a = relu3x3(relu3x3(p, f"{n}.cls0"), f"{n}.cls1")
            b = relu3x3(relu3x3(p, f"{n}.box0"), f"{n}.box1")
            outputs.classes.append(self.conv(a, f"{n}.classes", padding=1))
            outputs.distances.append(self.conv(b, f"{n}.distances", padding=1))
            outputs.controllers.append(self.conv(b, f"{n}.controller", padding=1))
            if level == 2:
                m = relu3x3(relu3x3(p, "heads.mask.conv0"), "heads.mask.conv1")
                outputs.mask_features = depth_to_space(self.conv(m, "heads.mask.up"), 2)
        return outputs
