"""Known answers for the runtime's operations and network modules, computed by PyTorch.

Inputs and weights are small dyadic numbers from a linear congruential generator that the tests repeat, so the
files hold nothing but descriptions and results. From the repository root:

    python training/tools/make_op_vectors.py fixtures/ops
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from dicm_training.models.backbone import released_bottlenecks
from dicm_training.models.blocks import depth_to_space
from dicm_training.release.released import ReleasedModel

Case = dict[str, Any]


def numbers(shape: list[int], seed: int, step: float) -> Tensor:
    """Return dyadic numbers between -64 and 64 times `step`."""
    state, values = seed, []
    for _ in range(int(np.prod(shape))):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(((state >> 16) % 129 - 64) * step)
    return torch.tensor(values, dtype=torch.float32).reshape(shape)


class Builder:
    """Collects the cases of one file and hands out numbered seeds."""

    def __init__(self) -> None:
        """Start empty."""
        self.cases: list[Case] = []
        self.seed = 0

    def spec(self, shape: list[int], step: float) -> tuple[Case, Tensor]:
        """Describe a tensor and make it."""
        self.seed += 1
        return {"shape": shape, "seed": self.seed, "step": step}, numbers(shape, self.seed, step)

    def image(self, height: int, width: int, channels: int, step: float = 1 / 32) -> tuple[Case, Tensor]:
        """Describe an input [height, width, channels] and make it as [1, channels, height, width]."""
        spec, value = self.spec([height, width, channels], step)
        return spec, value.permute(2, 0, 1)[None]

    def tensors(self, shapes: dict[str, list[int]], step: float = 1 / 128) -> tuple[Case, dict[str, Tensor]]:
        """Describe named weights and make them."""
        specs, values = {}, {}
        for name, shape in shapes.items():
            specs[name], values[name] = self.spec(shape, step)
        return specs, values

    def add(self, name: str, op: str, inputs: list[Case], output: Tensor, **rest: object) -> None:
        """Record a case; images [1, C, H, W] become [H, W, C], tokens [N, C] become [1, N, C]."""
        value = output[0].permute(1, 2, 0) if output.dim() == 4 else output[None]
        data = [float(f"{v:.7g}") for v in value.flatten().tolist()]
        result = {"shape": list(value.shape), "data": data}
        self.cases.append({"name": name, "op": op, "inputs": inputs, **rest, "output": result})

    def write(self, path: Path) -> None:
        """Write the file, one case a line."""
        path.write_text("[\n" + ",\n".join(json.dumps(c) for c in self.cases) + "\n]\n")
        print(f"{path}: {len(self.cases)} cases, {path.stat().st_size} bytes")


def same_padding(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Zero-pad as `same` says, the odd pixel at the bottom and right."""
    pads: list[int] = []
    for extent in (x.shape[3], x.shape[2]):
        total = max((-(-extent // stride) - 1) * stride + kernel - extent, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def convolutions(b: Builder) -> None:
    """Add convolutions of all kinds the networks use, and pooling."""
    kinds: list[tuple[str, int, int, int | str]] = [
        ("1x1", 1, 1, 0),
        ("3x3 padded", 3, 1, 1),
        ("3x3 stride 2 padded, odd and even side", 3, 2, 1),
        ("7x7 stride 2 padded", 7, 2, 3),
        ("2x2 stride 2 same, odd side", 2, 2, "same"),
        ("3x3 same", 3, 1, "same"),
        ("4x4 stride 4", 4, 4, 0),
    ]
    for name, kernel, stride, padding in kinds:
        for depthwise in (False, True):
            if depthwise and kernel in (1, 4):
                continue
            spec, x = b.image(9, 8, 6)
            out = 6 if depthwise else 5
            shape = [out, 1 if depthwise else 6, kernel, kernel]
            specs, t = b.tensors({"layer.weight": shape, "layer.bias": [out]})
            source = same_padding(x, kernel, stride) if padding == "same" else x
            y = F.conv2d(
                source,
                t["layer.weight"],
                t["layer.bias"],
                stride,
                0 if padding == "same" else int(padding),
                groups=6 if depthwise else 1,
            )
            op = "depthwiseConv2d" if depthwise else "conv2d"
            options: Case = {"stride": stride, "padding": padding}
            b.add(name, op, [spec], y, tensors=specs, options=options)
            b.add(f"{name}, relu", op, [spec], F.relu(y), tensors=specs, options=options | {"activation": "relu"})
    spec, x = b.image(4, 3, 6)
    specs, t = b.tensors({"layer.weight": [2, 6, 1, 1]})
    b.add("without bias", "conv2d", [spec], F.conv2d(x, t["layer.weight"]), tensors=specs, options={})
    for size, stride, padding in ((3, 2, 1), (2, 2, 0)):
        # All values negative, so that a padding of zero instead of nothing would win.
        spec, x = b.image(7, 8, 3)
        specs, t = b.tensors({"shift": [3]}, 0)
        specs["shift"]["offset"] = -9
        y = F.max_pool2d(x - 9, size, stride, padding)
        options = {"size": size, "stride": stride, "padding": padding}
        b.add(f"max pool {size}x{size}/{stride}", "maxPool2d", [spec], y, tensors=specs, options=options)


def rearrangements(b: Builder) -> None:
    """Add operations that move values."""
    for factor in (2, 4):
        spec, x = b.image(2, 3, 2 * factor**2)
        y = depth_to_space(x, factor)
        b.add(f"factor {factor}", "depthToSpace", [spec], y, options={"factor": factor})
    spec, x = b.image(3, 4, 5)
    b.add("mean", "globalAveragePool", [spec], x.mean((2, 3)))
    y = F.pad(x, (0, 1, 2, 3), value=0.5)
    edges = {"left": 0, "right": 1, "top": 2, "bottom": 3}
    b.add("uneven", "pad", [spec], y, options={"edges": edges, "value": 0.5})
    like, _ = b.image(2, 3, 1)
    b.add("smaller", "cropLike", [spec, like], x[:, :, :2, :3])
    b.add("middle part", "split", [spec], x[:, 1:3], options={"sizes": [1, 2, 2], "part": 1})
    other, y = b.image(3, 4, 2)
    b.add("two", "concat", [spec, other], torch.cat([x, y], 1))
    b.add("of tokens", "concatTokens", [spec, other], torch.cat([x, y], 1).flatten(2)[0].T)


def elementwise(b: Builder) -> None:
    """Add operations on each value."""
    a, x = b.image(3, 5, 4, 1 / 8)
    c, y = b.image(3, 5, 4, 1 / 8)
    b.add("images", "add", [a, c], x + y)
    b.add("images", "subtract", [a, c], x - y)
    b.add("images", "multiply", [a, c], x * y)
    b.add("by -1.5", "scale", [a], x * -1.5, options={"factor": -1.5})
    specs, t = b.tensors({"values": [4]})
    b.add("image", "scaleChannels", [a], x * t["values"][:, None, None], tensors=specs)
    b.add("image", "shiftChannels", [a], x + t["values"][:, None, None], tensors=specs)
    b.add("image", "relu", [a], F.relu(x))
    b.add("at 0.75", "clamp", [a], x.clamp(-0.75, 0.75), options={"limit": 0.75})
    b.add("tanh form", "gelu", [a], F.gelu(x, approximate="tanh"))
    b.add("image", "hardSwish", [a], F.hardswish(x))
    half, z = b.image(4, 4, 4, 1 / 2)
    b.add("ties to even", "round", [half], z.round())


def tokens(b: Builder) -> None:
    """Add operations on tokens and heads."""
    spec, x = b.image(3, 2, 8)
    t = x.flatten(2)[0].T
    b.add("raster order", "toTokens", [spec], t)
    specs, w = b.tensors({"layer.weight": [5, 8], "layer.bias": [5]})
    b.add("with bias", "linear", [spec], F.linear(t, w["layer.weight"], w["layer.bias"]), tensors=specs)
    weight = {"layer.weight": specs["layer.weight"]}
    b.add("without bias", "linear", [spec], F.linear(t, w["layer.weight"]), tensors=weight)
    specs, w = b.tensors({"layer.weight": [8], "layer.bias": [8]}, 1 / 32)
    y = F.layer_norm(t, (8,), w["layer.weight"], w["layer.bias"], 1e-6)
    b.add("over channels", "layerNorm", [spec], y, tensors=specs, options={"epsilon": 1e-6})
    b.add("over channels", "softmax", [spec], t.softmax(1))
    other, z = b.image(4, 2, 8)
    u = z.flatten(2)[0].T
    b.add("transposed", "matMul", [spec, other], t @ u.T, options={"transposeB": True})
    right, r = b.image(2, 4, 3)
    b.add("plain", "matMul", [spec, right], t @ r.flatten(2)[0].T, options={"transposeB": False})
    # Heads of 4 channels: attention of every token to all others, of each head on its own.
    heads = t.view(6, 2, 4).transpose(0, 1)
    y = (heads @ heads.transpose(1, 2)).softmax(2) @ heads
    b.add("two heads", "attention", [spec], y.transpose(0, 1).reshape(6, 8), options={"size": 4})


def slopes(b: Builder) -> None:
    """Add operations that only gradients are written in."""
    spec, x = b.image(4, 6, 2)
    y = x.view(1, 2, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(1, 8, 2, 3)
    b.add("factor 2", "spaceToDepth", [spec], y, options={"factor": 2})
    like, _ = b.image(5, 9, 1)
    b.add("larger", "padLike", [spec, like], F.pad(x, (0, 3, 0, 1)))
    y = (x.mean((2, 3), keepdim=True) / 45).expand(1, 2, 5, 9)
    b.add("mean shared out", "spreadLike", [spec, like], y)
    b.add("image", "sigmoid", [spec], x.sigmoid())
    other, by = b.image(4, 6, 2)
    b.add("image with zeros", "maskPositive", [spec, other], torch.where(by > 0, x, 0))


def gated_shapes(name: str, dim: int, kernel: int) -> dict[str, list[int]]:
    """Shapes of a recursive gated convolution's weights."""
    quarter, half, gates = dim // 4, dim // 2, dim // 4 + dim // 2 + dim
    shapes = {
        "win": [2 * dim, dim, 1, 1],
        "dw": [gates, 1, kernel, kernel],
        "w1": [half, quarter, 1, 1],
        "w2": [dim, half, 1, 1],
        "wout": [dim, dim, 1, 1],
        "m1": [2 * dim, dim, 1, 1],
        "m2": [dim, 2 * dim, 1, 1],
    }
    return with_biases(name, shapes)


def with_biases(name: str, shapes: dict[str, list[int]]) -> dict[str, list[int]]:
    """Add `name.` in front, and a bias to every weight."""
    out: dict[str, list[int]] = {}
    for part, shape in shapes.items():
        out[f"{name}.{part}.weight"], out[f"{name}.{part}.bias"] = shape, shape[:1]
    return out


def modules(b: Builder) -> None:
    """Add the blocks networks are built of, with odd sizes where they may occur."""

    def model(shapes: dict[str, list[int]]) -> tuple[Case, ReleasedModel]:
        specs, values = b.tensors(shapes, 1 / 256)
        released = ReleasedModel.__new__(ReleasedModel)
        released.t = values
        return specs, released

    spec, x = b.image(5, 6, 8, 1 / 64)
    specs, m = model(gated_shapes("g.0", 8, 7) | gated_shapes("g.1", 8, 3))
    y = m.gated(m.gated(x, "g.0"), "g.1")
    b.add("two blocks", "recursiveGatedConvolutions", [spec], y, tensors=specs, options={"name": "g"})

    shapes = {"w1": [8, 8, 1, 1], "dw": [8, 1, 7, 7], "w3": [8, 8, 1, 1], "w2": [8, 8, 1, 1]}
    shapes |= {"m1": [16, 8, 1, 1], "mdw": [16, 1, 3, 3], "m2": [8, 16, 1, 1]}
    specs, m = model(with_biases("c", shapes))
    b.add("kernel 7", "convFormerBlock", [spec], m.convformer(x, "c"), tensors=specs, options={"name": "c"})

    spec, x = b.image(3, 5, 64, 1 / 64)
    shapes = {"norm1": [64], "qkv": [192, 64], "proj": [64, 64], "norm2": [64], "mlp1": [128, 64], "mlp2": [64, 128]}
    specs, m = model(with_biases("v", shapes))
    b.add("two heads", "vitBlock", [spec], m.vit(x, "v"), tensors=specs, options={"name": "v"})

    spec, x = b.image(7, 6, 8, 1 / 64)
    first = {"conv1": [4, 8, 1, 1], "conv2": [4, 4, 3, 3], "conv3": [16, 4, 1, 1], "downsample": [16, 8, 1, 1]}
    second = {"conv1": [4, 16, 1, 1], "conv2": [4, 4, 3, 3], "conv3": [16, 4, 1, 1]}
    specs, m = model(with_biases("b.0", first) | with_biases("b.1", second))
    y = released_bottlenecks(m, x, "b", 2)
    b.add("stride 2", "bottlenecks", [spec], y, tensors=specs, options={"name": "b", "stride": 2})

    spec, x = b.image(5, 6, 8, 1 / 2)
    specs, m = model(gated_shapes("g.0", 8, 3))
    y = m.gated(x, "g.0")
    b.add("products at their limit", "recursiveGatedConvolutions", [spec], y, tensors=specs, options={"name": "g"})


def residual(x: Tensor, t: dict[str, Tensor], name: str) -> Tensor:
    """Apply two 3x3 convolutions around a residual."""
    hidden = F.conv2d(x, t[f"{name}.conv1.weight"], t[f"{name}.conv1.bias"], padding=1)
    return x + F.conv2d(F.relu(hidden), t[f"{name}.conv2.weight"], t[f"{name}.conv2.bias"], padding=1)


def residual_shapes(name: str, dim: int) -> dict[str, list[int]]:
    """Shapes of such a block's weights."""
    return with_biases(name, {"conv1": [dim, dim, 3, 3], "conv2": [dim, dim, 3, 3]})


def view_analysis(x: Tensor, t: dict[str, Tensor]) -> Tensor:
    """Compute g_a of the view layer from RGB [1, 3, 16h, 16w] (docs/architecture.md)."""
    centred = x - 0.5
    h = F.conv2d(centred, t["ga.in.weight"], t["ga.in.bias"], stride=4)
    h = residual(h, t, "ga.block1")
    h = F.conv2d(h, t["ga.down1.weight"], t["ga.down1.bias"], stride=2)
    h = residual(residual(h, t, "ga.block2"), t, "ga.block3")
    h = F.conv2d(h, t["ga.down2.weight"], t["ga.down2.bias"], stride=2)
    return F.conv2d(centred, t["ga.linear.weight"], stride=16) + h


def view_synthesis(y: Tensor, t: dict[str, Tensor]) -> Tensor:
    """Compute g_s of the view layer, RGB [1, 3, 16h, 16w] from y^ [1, C, h, w]."""
    base = depth_to_space(F.conv2d(y, t["gs.linear.weight"]), 4)
    h = depth_to_space(F.conv2d(y, t["gs.in.weight"], t["gs.in.bias"]), 2)
    h = residual(residual(h, t, "gs.block1"), t, "gs.block2")
    h = depth_to_space(F.conv2d(h, t["gs.up.weight"], t["gs.up.bias"]), 2)
    h = h + F.conv2d(base, t["gs.skip.weight"], t["gs.skip.bias"], padding=1)
    h = residual(residual(h, t, "gs.block3"), t, "gs.block4")
    out = base + F.conv2d(h, t["gs.out.weight"], t["gs.out.bias"], padding=1)
    return depth_to_space(out, 4).clamp(-0.5, 0.5) + 0.5


def view(b: Builder) -> None:
    """Add the networks of the view layer: other widths than the released ones, sizes that are no squares."""
    latent, wide, fine = 5, 6, 4
    spec, x = b.image(5, 4, 7, 1 / 64)
    specs, t = b.tensors(residual_shapes("r", 7))
    b.add("seven channels", "residualBlock", [spec], residual(x, t, "r"), tensors=specs, options={"name": "r"})

    spec, x = b.image(48, 64, 3, 1 / 64)
    shapes = with_biases("ga", {"in": [fine, 3, 4, 4], "down1": [wide, fine, 2, 2], "down2": [latent, wide, 2, 2]})
    shapes |= residual_shapes("ga.block1", fine) | residual_shapes("ga.block2", wide)
    shapes |= residual_shapes("ga.block3", wide) | {"ga.linear.weight": [latent, 3, 16, 16]}
    specs, t = b.tensors(shapes)
    b.add("g_a", "viewAnalysis", [spec], view_analysis(x, t), tensors=specs, options={"multiple": 16})

    spec, y = b.image(2, 3, latent, 1 / 64)
    shapes = with_biases("gs", {"in": [4 * wide, latent, 1, 1], "up": [4 * fine, wide, 1, 1]})
    shapes |= with_biases("gs", {"skip": [fine, 48, 3, 3], "out": [48, fine, 3, 3]})
    shapes |= residual_shapes("gs.block1", wide) | residual_shapes("gs.block2", wide)
    shapes |= residual_shapes("gs.block3", fine) | residual_shapes("gs.block4", fine)
    shapes |= {"gs.linear.weight": [768, latent, 1, 1]}
    specs, t = b.tensors(shapes, 1 / 256)
    b.add("g_s, clamped in places", "viewSynthesis", [spec], view_synthesis(y, t), tensors=specs)


def main() -> None:
    """Write all files into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for build in (convolutions, rearrangements, elementwise, tokens, slopes, modules, view):
        builder = Builder()
        build(builder)
        builder.write(folder / f"{build.__name__}.json")


if __name__ == "__main__":
    main()
