"""From trained heads to released tensors and back."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..models.heads import LEVELS, Heads, HeadsArchitecture, NormedConv


@torch.no_grad()
def fold_heads(heads: Heads) -> dict[str, Tensor]:
    """Return the heads as plain convolutions by released name (docs/architecture.md)."""
    out: dict[str, Tensor] = {}

    def put(name: str, weight_and_bias: tuple[Tensor, Tensor]) -> None:
        out[f"heads.{name}.weight"], out[f"heads.{name}.bias"] = weight_and_bias

    def plain(conv: nn.Module) -> tuple[Tensor, Tensor]:
        assert isinstance(conv, nn.Conv2d) and conv.bias is not None
        return conv.weight, conv.bias

    for i, level in enumerate(LEVELS):
        put(f"fpn.lateral{level}", heads.laterals[i].folded())  # type: ignore[operator]
        put(f"fpn.out{level}", heads.outs[i].folded())  # type: ignore[operator]
        for j in range(2):
            put(f"level{level}.cls{j}", heads.class_tower[j].folded(i))  # type: ignore[operator]
            put(f"level{level}.box{j}", heads.box_tower[j].folded(i))  # type: ignore[operator]
        put(f"level{level}.classes", plain(heads.classes[i]))
        put(f"level{level}.distances", plain(heads.distances[i]))
        put(f"level{level}.controller", plain(heads.controllers[i]))
    put("mask.conv0", heads.mask_conv0.folded())
    put("mask.conv1", heads.mask_conv1.folded())
    put("mask.up", plain(heads.mask_up))
    return {k: v.detach().float().cpu().contiguous() for k, v in out.items()}


@torch.no_grad()
def give_categories(heads: Heads, places: list[int | None]) -> Heads:
    """Return heads with an output for each entry: that of the category at this place, or for None a new one.

    A new output starts as a freshly made one does: a score of 1 % everywhere.
    """
    made = Heads(replace(heads.arch, categories=len(places))).eval()
    state = {k: v for k, v in heads.state_dict().items() if not k.startswith("classes.")}
    made.load_state_dict(state, strict=False)
    for new, old in zip(made.classes, heads.classes, strict=True):
        assert isinstance(new, nn.Conv2d) and isinstance(old, nn.Conv2d)
        assert new.bias is not None and old.bias is not None
        for i, place in enumerate(places):
            if place is not None:
                new.weight[i] = old.weight[place]
                new.bias[i] = old.bias[place]
    return made


@torch.no_grad()
def unfold_heads(tensors: dict[str, Tensor]) -> Heads:
    """Return trainable heads that compute what released tensors (float32, by released name) do: `fold_heads` inverted.

    Every convolution gets the size it is initialised with, and its norms the rest, with running statistics 0 and 1: the
    heads are to be used in evaluation mode, or with these norms frozen. Raises ValueError for tensors without heads.
    """
    if "heads.mask.up.weight" not in tensors:
        raise ValueError("the released model has no heads")
    shape = {name: value.shape for name, value in tensors.items() if name.startswith("heads.")}
    heads = Heads(
        HeadsArchitecture(
            inputs=tuple(shape[f"heads.fpn.lateral{level}.weight"][1] for level in LEVELS),  # type: ignore[arg-type]
            width=shape["heads.fpn.out2.weight"][0],
            mask_width=shape["heads.mask.conv1.weight"][0],
            mask_channels=shape["heads.mask.up.weight"][0] // 4,
            categories=shape["heads.level2.classes.weight"][0],
        )
    ).eval()

    def take(target: nn.Module, *names: str) -> None:
        """Give `target` the plain convolutions of these names, one a norm where it has norms."""
        weights = [tensors[f"heads.{name}.weight"] for name in names]
        biases = [tensors[f"heads.{name}.bias"] for name in names]
        if isinstance(target, nn.Conv2d):
            assert target.bias is not None
            target.weight.copy_(weights[0])
            target.bias.copy_(biases[0])
            return
        assert isinstance(target, NormedConv)
        usual = target.conv.weight.square().mean().sqrt()
        size = weights[0].square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-8)
        target.conv.weight.copy_(weights[0] * usual / size)
        shared = target.conv.weight.flatten(1)
        for norm, weight, bias in zip(target.norms, weights, biases, strict=True):
            assert isinstance(norm, nn.BatchNorm2d)
            # What folding multiplied the shared weight by, of each channel, in the sense of least squares.
            factor = (weight.flatten(1) * shared).sum(1) / shared.square().sum(1)
            norm.weight.copy_(factor * (1 + norm.eps) ** 0.5)
            norm.bias.copy_(bias)

    for i, level in enumerate(LEVELS):
        take(heads.laterals[i], f"fpn.lateral{level}")
        take(heads.outs[i], f"fpn.out{level}")
        take(heads.classes[i], f"level{level}.classes")
        take(heads.distances[i], f"level{level}.distances")
        take(heads.controllers[i], f"level{level}.controller")
    for j in range(2):
        take(heads.class_tower[j], *(f"level{level}.cls{j}" for level in LEVELS))
        take(heads.box_tower[j], *(f"level{level}.box{j}" for level in LEVELS))
    take(heads.mask_conv0, "mask.conv0")
    take(heads.mask_conv1, "mask.conv1")
    take(heads.mask_up, "mask.up")
    return heads
