"""From trained modules to the released tensors: norms and layer scales folded, names as the runtime reads them.

The names and meanings are fixed in docs/architecture.md; `released.py` evaluates them.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..models.blocks import Affine, ConvFormerBlock, RecursiveGatedBlock, Residual, VitBlock
from ..models.codec import Model
from ..models.entropy import INDEX_PER_OCTAVE, factorised_tables, gaussian_tables
from ..models.hyperprior import Hyperprior
from ..models.view import View

Tensors = dict[str, Tensor]


def put(out: Tensors, name: str, layer: nn.Conv2d | nn.Linear | nn.LayerNorm) -> None:
    """Store a layer's weight and bias."""
    assert layer.bias is not None
    out[f"{name}.weight"], out[f"{name}.bias"] = layer.weight, layer.bias


def put_after_norm(out: Tensors, name: str, layer: nn.Conv2d, norm: Affine) -> None:
    """Store an unpadded convolution with the affine map before it folded in."""
    out[f"{name}.weight"] = layer.weight * norm.weight[:, None, None]
    assert layer.bias is not None
    out[f"{name}.bias"] = layer.bias
    if norm.bias is not None:
        out[f"{name}.bias"] = layer.bias + (layer.weight * norm.bias[:, None, None]).sum((1, 2, 3))


def put_scaled(out: Tensors, name: str, layer: nn.Conv2d, scale: Tensor | float) -> None:
    """Store a convolution with a factor per output channel folded in."""
    factor = torch.as_tensor(scale, device=layer.weight.device)
    out[f"{name}.weight"] = layer.weight * factor.reshape(-1, 1, 1, 1)
    out[f"{name}.bias"] = layer.bias * factor  # type: ignore[operator]


def put_convformer(out: Tensors, name: str, block: ConvFormerBlock) -> None:
    """Store a ConvFormer block."""
    put_after_norm(out, f"{name}.w1", block.w1, block.norm1)
    put_after_norm(out, f"{name}.w3", block.w3, block.norm1)
    put(out, f"{name}.dw", block.dw)
    put_scaled(out, f"{name}.w2", block.w2, block.a)
    put_after_norm(out, f"{name}.m1", block.m1, block.norm2)
    put(out, f"{name}.mdw", block.mdw)
    put_scaled(out, f"{name}.m2", block.m2, block.b)


def put_gated(out: Tensors, name: str, block: RecursiveGatedBlock) -> None:
    """Store a recursive gated convolution block; the division by 3 goes into the depthwise convolution."""
    put_after_norm(out, f"{name}.win", block.win, block.norm1)
    put_scaled(out, f"{name}.dw", block.dw, 1 / 3)
    put(out, f"{name}.w1", block.w1)
    put(out, f"{name}.w2", block.w2)
    put_scaled(out, f"{name}.wout", block.wout, block.a)
    put_after_norm(out, f"{name}.m1", block.m1, block.norm2)
    put_scaled(out, f"{name}.m2", block.m2, block.b)


def put_vit(out: Tensors, name: str, cpe: Residual, block: VitBlock, number: int) -> None:
    """Store a position convolution and the ViT block after it."""
    put(out, f"{name}.cpe{number}", cpe.conv)
    for part in ("norm1", "qkv", "proj", "norm2", "mlp1", "mlp2"):
        put(out, f"{name}.vit{number}.{part}", getattr(block, part))


def matrix(out: Tensors, name: str) -> None:
    """Drop the 1x1 spatial dimensions of a stored convolution: the hyper-synthesis reads matrices."""
    out[f"{name}.weight"] = out[f"{name}.weight"].flatten(1)


def put_hyperprior(out: Tensors, codec: Hyperprior) -> None:
    """Store h_a, h_s, the gains and the entropy tables."""
    ha, hs = codec.ha, codec.hs
    put_after_norm(out, "ha.down1", ha.down1, ha.norm)
    put_vit(out, "ha", ha.cpe1, ha.vit1, 1)
    put(out, "ha.down2", ha.down2)
    put_vit(out, "ha", ha.cpe2, ha.vit2, 2)
    put(out, "ha.out", ha.out)
    put(out, "hs.in", hs.enter)
    put_vit(out, "hs", hs.cpe1, hs.vit1, 1)
    put(out, "hs.up1", hs.up1)
    put_vit(out, "hs", hs.cpe2, hs.vit2, 2)
    put(out, "hs.up2", hs.up2)
    put(out, "hs.cpe3", hs.cpe3.conv)
    put(out, "hs.out", hs.out)
    for name in ("hs.in", "hs.up1", "hs.up2", "hs.out"):
        matrix(out, name)
    out["gain.log2"], out["gain.log2_inverse"] = codec.log2_gain, codec.log2_inverse_gain
    out["gain.index_per_octave"] = torch.tensor(INDEX_PER_OCTAVE)
    for kind, tables in (("gaussian", gaussian_tables()), ("factorised", factorised_tables(codec.prior))):
        for part, values in tables.items():
            out[f"entropy.{kind}.{part}"] = torch.from_numpy(np.ascontiguousarray(values))


@torch.no_grad()
def fold_view(view: View) -> Tensors:
    """Return every tensor of a released model of the perceptual profile, by released name."""
    out: Tensors = {}
    for part, transform in (("ga", view.ga), ("gs", view.gs)):
        for name, value in transform.state_dict().items():
            out[f"{part}.{name.replace('enter.', 'in.')}"] = value
    put_hyperprior(out, view)
    return {k: v.detach().cpu().contiguous() for k, v in out.items()}


@torch.no_grad()
def fold(model: Model) -> Tensors:
    """Return every tensor of the released model as float32 (int32 for entropy tables), by released name."""
    out: Tensors = {}
    codec = model.codec
    for name, value in model.head.state_dict().items():
        out[f"head.{name}"] = value
    re = codec.re
    put_after_norm(out, "re.encoder.down1", re.encoder["down1"], re.norm)  # type: ignore[arg-type]
    put_convformer(out, "re.encoder.block1", re.encoder["block1"])  # type: ignore[arg-type]
    put(out, "re.encoder.down2", re.encoder["down2"])  # type: ignore[arg-type]
    put(out, "re.decoder.up1", re.decoder["up1"])  # type: ignore[arg-type]
    put_convformer(out, "re.decoder.block1", re.decoder["block1"])  # type: ignore[arg-type]
    put(out, "re.decoder.up2", re.decoder["up2"])  # type: ignore[arg-type]
    out["re.mix"] = re.mix
    put(out, "ga.linear", codec.ga.linear)
    put_after_norm(out, "ga.down1", codec.ga.down1, codec.ga.norm)
    put_gated(out, "ga.block1.0", codec.ga.block1)
    put(out, "ga.down2", codec.ga.down2)
    put_gated(out, "ga.block2.0", codec.ga.block2)
    put(out, "ga.out", codec.ga.out)
    put_hyperprior(out, codec)
    put(out, "gs.linear", codec.gs.linear)
    put_after_norm(out, "gs.in", codec.gs.enter, codec.gs.norm)
    for i, block in enumerate(codec.gs.block1):
        put_gated(out, f"gs.block1.{i}", block)  # type: ignore[arg-type]
    put(out, "gs.up1", codec.gs.up1)
    for i, block in enumerate(codec.gs.block2):
        put_gated(out, f"gs.block2.{i}", block)  # type: ignore[arg-type]
    put(out, "gs.up2", codec.gs.up2)
    for name, value in model.tail.state_dict().items():
        out[f"tail.{name}"] = value
    return {k: v.detach().cpu().contiguous() for k, v in out.items()}
