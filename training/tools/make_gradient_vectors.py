"""Known gradients for reverse mode over the runtime's operations, computed by PyTorch's.

Cases are described as `make_op_vectors.py` describes them; `gradient` stands for the gradient of the output, and
`output` holds that of the first input. The last file holds samples of the gradient of the released networks with
respect to latents. From the repository root:

    python training/tools/make_gradient_vectors.py fixtures/ops packages/model-r50
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from make_op_vectors import Builder, Case, numbers, same_padding
from torch import Tensor
from torch.nn import functional as F

from dicm_training.models.blocks import depth_to_space
from dicm_training.release.released import ReleasedModel

SAMPLES = 400
"""Values kept of a gradient."""


def pulled(
    b: Builder, name: str, op: str, inputs: list[tuple[Case, Tensor]], f: Callable[..., Tensor], **rest: object
) -> None:
    """Record the gradient of an operation with respect to its first input."""
    x = inputs[0][1].clone().requires_grad_()
    y = f(x, *(value for _, value in inputs[1:]))
    shape = [y.shape[2], y.shape[3], y.shape[1]] if y.dim() == 4 else [1, *y.shape]
    spec, g = b.spec(shape, 1 / 32)
    y.backward(g.permute(2, 0, 1)[None] if y.dim() == 4 else g[0])
    assert x.grad is not None
    b.add(name, op, [s for s, _ in inputs], x.grad, gradient=spec, **rest)


def convolution_gradients(b: Builder) -> None:
    """Add convolutions of every kind that stands behind the latents, and some that do not yet."""
    kinds: list[tuple[str, int, int, int | str, int, int]] = [
        ("1x1", 1, 1, 0, 5, 4),
        ("1x1 stride 2, odd and even side", 1, 2, 0, 5, 4),
        ("3x3 padded", 3, 1, 1, 5, 4),
        ("3x3 without padding", 3, 1, 0, 5, 4),
        ("3x3 same", 3, 1, "same", 5, 4),
        ("2x2 same", 2, 1, "same", 5, 4),
        ("3x3 stride 2 padded, odd and even side", 3, 2, 1, 7, 6),
        ("3x3 stride 2 padded, one pixel", 3, 2, 1, 1, 1),
        ("7x7 stride 2 padded", 7, 2, 3, 9, 8),
        ("4x4 stride 4, some left over", 4, 4, 0, 10, 11),
        ("3x3 stride 3", 3, 3, 0, 8, 7),
    ]
    for name, kernel, stride, padding, height, width in kinds:
        for depthwise in (False, True):
            if depthwise and (kernel == 1 or stride > 1):
                continue
            channels = 3
            out = channels if depthwise else 2
            specs, t = b.tensors(
                {"layer.weight": [out, 1 if depthwise else channels, kernel, kernel], "layer.bias": [out]}
            )

            def apply(x: Tensor, relu: bool = False) -> Tensor:
                source = same_padding(x, kernel, stride) if padding == "same" else x  # noqa: B023
                pixels = 0 if padding == "same" else int(padding)  # noqa: B023
                groups = channels if depthwise else 1  # noqa: B023
                y = F.conv2d(source, t["layer.weight"], t["layer.bias"], stride, pixels, groups=groups)  # noqa: B023
                return F.relu(y) if relu else y

            op, options = "depthwiseConv2d" if depthwise else "conv2d", {"stride": stride, "padding": padding}
            pulled(b, name, op, [b.image(height, width, channels)], apply, tensors=specs, options=options)
            if kernel == 3 and padding in (1, "same"):
                relu = options | {"activation": "relu"}
                with_relu = lambda x: apply(x, True)  # noqa: B023, E731
                pulled(
                    b, f"{name}, relu", op, [b.image(height, width, channels)], with_relu, tensors=specs, options=relu
                )


def operation_gradients(b: Builder) -> None:
    """Add all other operations that have a gradient."""

    # An offset keeps values off the corners of the clamp and the rectifier, where any slope is right.
    def off(height: int, width: int, channels: int, step: float = 1 / 32) -> tuple[Case, Tensor]:
        spec, x = b.image(height, width, channels, step)
        return spec | {"offset": step / 4}, x + step / 4

    pulled(b, "mean", "globalAveragePool", [b.image(3, 4, 2)], lambda x: x.mean((2, 3)))
    pulled(b, "factor 2", "depthToSpace", [b.image(2, 3, 8)], lambda x: depth_to_space(x, 2), options={"factor": 2})
    pulled(
        b,
        "factor 2",
        "spaceToDepth",
        [b.image(4, 6, 2)],
        lambda x: F.pixel_unshuffle(x, 2).reshape(1, 2, 4, 2, 3).transpose(1, 2).reshape(1, 8, 2, 3),
        options={"factor": 2},
    )
    pulled(b, "smaller", "cropLike", [b.image(3, 4, 2), b.image(2, 2, 1)], lambda x, like: x[:, :, :2, :2])
    pulled(b, "larger", "padLike", [b.image(2, 3, 2), b.image(4, 4, 1)], lambda x, like: F.pad(x, (0, 1, 0, 2)))
    pulled(
        b,
        "mean shared out",
        "spreadLike",
        [b.image(2, 3, 2), b.image(3, 2, 1)],
        lambda x, like: (x.mean((2, 3)) / 6)[:, :, None, None].expand(1, 2, 3, 2),
    )
    pulled(b, "middle part", "split", [b.image(2, 3, 5)], lambda x: x[:, 1:3], options={"sizes": [1, 2, 2], "part": 1})
    pulled(b, "two", "concat", [b.image(2, 3, 2), b.image(2, 3, 3)], lambda x, y: torch.cat([x, y], 1))
    pulled(
        b,
        "of tokens",
        "concatTokens",
        [b.image(2, 3, 2), b.image(2, 3, 3)],
        lambda x, y: torch.cat([x, y], 1).flatten(2)[0].T,
    )
    specs, w = b.tensors({"layer.weight": [5, 4], "layer.bias": [5]})
    pulled(
        b,
        "with bias",
        "linear",
        [b.image(2, 3, 4)],
        lambda x: F.linear(x.flatten(2)[0].T, w["layer.weight"], w["layer.bias"]),
        tensors=specs,
    )
    for op, f in (("add", torch.add), ("subtract", torch.sub), ("multiply", torch.mul)):
        pulled(b, "images", op, [b.image(2, 3, 2), b.image(2, 3, 2)], f)
    pulled(b, "by -1.5", "scale", [b.image(2, 3, 2)], lambda x: x * -1.5, options={"factor": -1.5})
    specs, t = b.tensors({"values": [2]})
    pulled(b, "image", "scaleChannels", [b.image(2, 3, 2)], lambda x: x * t["values"][:, None, None], tensors=specs)
    pulled(b, "image", "shiftChannels", [b.image(2, 3, 2)], lambda x: x + t["values"][:, None, None], tensors=specs)
    pulled(b, "image", "relu", [off(3, 4, 2)], F.relu)
    pulled(b, "at 0.75", "clamp", [off(3, 4, 2)], lambda x: x.clamp(-0.75, 0.75), options={"limit": 0.75})
    pulled(b, "tanh form", "gelu", [b.image(3, 4, 2, 1 / 16)], lambda x: F.gelu(x, approximate="tanh"))
    pulled(b, "image", "sigmoid", [b.image(3, 4, 2, 1 / 16)], torch.sigmoid)
    pulled(b, "image", "maskPositive", [b.image(3, 4, 2), off(3, 4, 2)], lambda x, by: torch.where(by > 0, x, 0))


def released_gradients(folder: Path) -> Case:
    """Sample the gradient of the released networks: latents to the tail's layers, logits and the detector's maps.

    The scalar is the sum over all outputs, each multiplied by numbers of the generator whose seed is in the file and
    divided by the root of the sum of its squares, so that none is lost beside another. Latents are the first ones of
    which single and double precision give the same gradient: a rectifier whose input is zero but for rounding has two.
    """
    model = ReleasedModel.from_folder(folder)
    shape = [5, 6, model.t["gain.log2"].shape[1]]
    for seed in range(7, 100):
        gradient, seeds = gradient_of(model, shape, seed, torch.float32)
        precise, _ = gradient_of(model, shape, seed, torch.float64)
        if (gradient - precise).norm() < 1e-5 * precise.norm():
            break
    else:
        raise SystemExit("no latents were found at which the networks are smooth")
    step = precise.numel() // SAMPLES
    samples = [float(f"{v:.7g}") for v in precise[::step].tolist()]
    latent: Case = {"shape": shape, "seed": seed, "step": 1 / 64}
    return {"latent": latent, "seeds": seeds, "norm": float(precise.norm()), "step": step, "samples": samples}


def gradient_of(
    model: ReleasedModel, shape: list[int], latent_seed: int, dtype: torch.dtype
) -> tuple[Tensor, dict[str, int]]:
    """Return the gradient with respect to drawn latents, in [row][column][channel], and the seeds of the outputs."""
    model = ReleasedModel({k: v.to(dtype) if v.is_floating_point() else v for k, v in model.t.items()})
    y = numbers(shape, latent_seed, 1 / 64).permute(2, 0, 1)[None].to(dtype).requires_grad_()
    c2, c3, c4, logits = model.tail(model.synthesise(y))
    outputs = {"layer2": c2, "layer3": c3, "layer4": c4, "logits": logits[:, :, None, None]}
    if model.has_heads:
        found = model.heads(c2, c3, c4)
        for i, level in enumerate((2, 3, 4)):
            outputs |= {f"level{level}.classes": found.classes[i], f"level{level}.distances": found.distances[i]}
    seeds, total = {}, torch.zeros((), dtype=dtype)
    for seed, (name, value) in enumerate(outputs.items(), 100):
        seeds[name] = seed
        _, c, h, w = value.shape
        g = numbers([h, w, c], seed, 1 / 64).permute(2, 0, 1)[None].to(dtype)
        total = total + (value * g).sum() / value.detach().square().sum().sqrt()
    total.backward()
    assert y.grad is not None
    return y.grad[0].permute(1, 2, 0).flatten().double(), seeds


def main() -> None:
    """Write both files into the folder named on the command line."""
    folder, model = Path(sys.argv[1]), Path(sys.argv[2])
    builder = Builder()
    convolution_gradients(builder)
    operation_gradients(builder)
    builder.write(folder / "gradients.json")
    manifest = json.loads((model / "manifest.json").read_text())
    path = folder / "released-gradients.json"
    path.write_text(json.dumps({"model": manifest["name"], **released_gradients(model)}) + "\n")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
