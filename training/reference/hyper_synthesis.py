"""Hyper-synthesis in numpy binary32, one rounding at a time (format-spec/v1/hyper-synthesis.md).

Every numpy operation on float32 arrays rounds once, so the loops below only have to fix the order: they run
over the axis that is summed, and numpy vectorises the others.
"""

from __future__ import annotations

import numpy as np

from .errors import DicmError

F = np.float32
HEAD = 32
MAX_WEIGHT = 256.0
MAX_WIDTH = 512
MAX_HYPER_CHANNELS = 256
MAX_LATENT_CHANNELS = 1024

EPSILON = F(float.fromhex("0x1.0c6f7ap-20"))
ATTENTION_SCALE = F(float.fromhex("0x1.6a09e6p-3"))
LOG2_E = F(float.fromhex("0x1.715476p+0"))
SIXTH = F(float.fromhex("0x1.555556p-3"))
EXP2_COEFFICIENTS = tuple(
    F(float.fromhex(text))
    for text in (
        "0x1p+0",
        "0x1.62e430p-1",
        "0x1.ebfbdcp-3",
        "0x1.c6af7cp-5",
        "0x1.3b2de0p-7",
        "0x1.5f082ep-10",
        "0x1.416b54p-13",
    )
)

Tensors = dict[str, np.ndarray]


def exp2(v: np.ndarray) -> np.ndarray:
    """2^v for v in [-126, 127] ([DICM-S-05])."""
    whole = np.floor(v + F(0.5))
    f = v - whole
    p = np.full_like(f, EXP2_COEFFICIENTS[6])
    for coefficient in EXP2_COEFFICIENTS[5::-1]:
        p = p * f + coefficient
    return np.ldexp(p, whole.astype(np.int32))


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Affine map of each token, summed from the bias over the inputs in order ([DICM-S-10])."""
    total = np.repeat(bias[None, :], len(x), axis=0)
    for i in range(x.shape[1]):
        total += x[:, i : i + 1] * weight[:, i]
    return total


def depthwise_residual(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return x plus its depthwise 3x3 convolution; x is [rows, columns, channels] ([DICM-S-11])."""
    h, w, _ = x.shape
    total = np.broadcast_to(bias, x.shape).copy()
    for ky in range(3):
        for kx in range(3):
            to = (slice(max(0, 1 - ky), min(h, h + 1 - ky)), slice(max(0, 1 - kx), min(w, w + 1 - kx)))
            at = (slice(max(0, ky - 1), min(h, h + ky - 1)), slice(max(0, kx - 1), min(w, w + kx - 1)))
            total[to] += x[at] * weight[:, 0, ky, kx]
    return x + total


def layer_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Normalise each token ([DICM-S-12])."""
    count = F(x.shape[1])
    total = np.zeros(len(x), F)
    for c in range(x.shape[1]):
        total = total + x[:, c]
    deviation = x - (total / count)[:, None]
    squares = np.zeros(len(x), F)
    with np.errstate(over="ignore"):  # an infinite variance is defined: it gives an inverse of 0
        for c in range(x.shape[1]):
            squares = squares + deviation[:, c] * deviation[:, c]
    inverse = F(1) / np.sqrt(squares / count + EPSILON)
    return (deviation * inverse[:, None]) * gain + bias


def attention(qkv: np.ndarray, width: int) -> np.ndarray:
    """Self-attention over all tokens in heads of 32 ([DICM-S-13])."""
    tokens = len(qkv)
    q, k, v = (part.reshape(tokens, -1, HEAD).transpose(1, 0, 2) for part in np.split(qkv, 3, axis=1))
    scores = np.zeros((width // HEAD, tokens, tokens), F)
    for d in range(HEAD):
        scores += q[:, :, None, d] * k[:, None, :, d]
    scores *= ATTENTION_SCALE
    exponent = (scores - scores.max(axis=2, keepdims=True)) * LOG2_E
    weights = exp2(np.maximum(exponent, F(-64)))
    total = np.zeros(weights.shape[:2], F)
    out = np.zeros((width // HEAD, tokens, HEAD), F)
    for j in range(tokens):
        total += weights[:, :, j]
        out += weights[:, :, j, None] * v[:, None, j]
    out /= total[:, :, None]
    return out.transpose(1, 0, 2).reshape(tokens, width)


def hard_swish(x: np.ndarray) -> np.ndarray:
    """x times the gate x / 6 + 0.5, clamped to 0..1 ([DICM-S-14])."""
    return x * np.minimum(np.maximum(x * SIXTH + F(0.5), F(0)), F(1))


def depth_to_space(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """Spread channels (dy, dx, c) over 2x2 positions and crop ([DICM-S-15])."""
    h, w, channels = x.shape
    spread = x.reshape(h, w, 2, 2, channels // 4).transpose(0, 2, 1, 3, 4)
    return spread.reshape(2 * h, 2 * w, channels // 4)[:height, :width]


class HyperSynthesis:
    """h_s of a model: hyper-latents to mean and scale of every latent."""

    def __init__(self, tensors: Tensors) -> None:
        """Check the `hs.*` tensors ([DICM-S-02])."""
        subnormal = np.array([2.0**-140], F) * F(0.5)
        if subnormal[0] == 0:
            raise RuntimeError("this process flushes subnormal numbers to zero: results would be wrong")
        self._tensors = {name: tensor for name, tensor in tensors.items() if name.startswith("hs.")}
        for name, tensor in self._tensors.items():
            if tensor.dtype != F or not np.all(np.abs(tensor) <= MAX_WEIGHT):
                raise DicmError("bad-tensor", f"{name} is not float or exceeds {MAX_WEIGHT}")
        d1, self.hyper_channels = self._get("hs.in.weight").shape
        d2, d3 = (len(self._get(f"hs.{name}.weight")) // 4 for name in ("up1", "up2"))
        self.latent_channels = len(self._get("hs.out.weight")) // 2
        self.widths = (d1, d2, d3)
        if (
            any(d % HEAD or not 1 <= d <= MAX_WIDTH for d in self.widths)
            or not 1 <= self.hyper_channels <= MAX_HYPER_CHANNELS
            or not 1 <= self.latent_channels <= MAX_LATENT_CHANNELS
        ):
            raise DicmError("bad-tensor", f"hyper-synthesis of widths {self.widths}")
        linears = {"in": (self.hyper_channels, d1), "up1": (d1, 4 * d2), "up2": (d2, 4 * d3)}
        linears["out"] = (d3, 2 * self.latent_channels)
        for block, d in (("vit1", d1), ("vit2", d2)):
            linears |= {f"{block}.qkv": (d, 3 * d), f"{block}.proj": (d, d)}
            linears |= {f"{block}.mlp1": (d, 2 * d), f"{block}.mlp2": (2 * d, d)}
            for norm in ("norm1", "norm2"):
                self._expect(f"hs.{block}.{norm}.weight", (d,))
                self._expect(f"hs.{block}.{norm}.bias", (d,))
        for name, (inputs, outputs) in linears.items():
            self._expect(f"hs.{name}.weight", (outputs, inputs))
            self._expect(f"hs.{name}.bias", (outputs,))
        for i, d in enumerate(self.widths, 1):
            self._expect(f"hs.cpe{i}.weight", (d, 1, 3, 3))
            self._expect(f"hs.cpe{i}.bias", (d,))

    def _get(self, name: str) -> np.ndarray:
        if name not in self._tensors:
            raise DicmError("missing-tensor", name)
        return self._tensors[name]

    def _expect(self, name: str, shape: tuple[int, ...]) -> None:
        if self._get(name).shape != shape:
            raise DicmError("bad-tensor", f"{name} has shape {self._get(name).shape}, not {shape}")

    def _pair(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        return self._get(f"hs.{name}.weight"), self._get(f"hs.{name}.bias")

    def _vit(self, x: np.ndarray, name: str) -> np.ndarray:
        h, w, width = x.shape
        t = x.reshape(-1, width)
        u = linear(layer_norm(t, *self._pair(f"{name}.norm1")), *self._pair(f"{name}.qkv"))
        t = t + linear(attention(u, width), *self._pair(f"{name}.proj"))
        u = linear(layer_norm(t, *self._pair(f"{name}.norm2")), *self._pair(f"{name}.mlp1"))
        t = t + linear(hard_swish(u), *self._pair(f"{name}.mlp2"))
        return t.reshape(h, w, width)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return linear(x.reshape(-1, x.shape[-1]), *self._pair(name)).reshape(*x.shape[:2], -1)

    def run(self, z: np.ndarray, latents: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and scale [rows, columns, channels] for z [rows, columns, hyper channels]."""
        height, width = latents
        x = np.clip(z, -(2**15), 2**15 - 1).astype(F)
        x = depthwise_residual(self._linear(x, "in"), *self._pair("cpe1"))
        x = self._vit(x, "vit1")
        x = depth_to_space(self._linear(x, "up1"), -(-height // 2), -(-width // 2))
        x = self._vit(depthwise_residual(x, *self._pair("cpe2")), "vit2")
        x = depth_to_space(self._linear(x, "up2"), height, width)
        x = self._linear(hard_swish(depthwise_residual(x, *self._pair("cpe3"))), "out")
        x = np.clip(x, F(-65536), F(65536))
        return x[..., : self.latent_channels], x[..., self.latent_channels :]
