"""From released tensors back to trainable modules: the inverse of `fold`, with norms and layer scales at one.

What was folded stays folded, so weights differ in size more than they did when they were first trained; `step_size`
(`loop/schedule.py`) gives each a learning rate that suits it.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ..models.blocks import Affine, ConvFormerBlock, RecursiveGatedBlock
from ..models.entropy import TOTAL, FactorisedModel
from ..models.hyperprior import Hyperprior

RENAMED = (
    (re.compile(r"^(ga|gs|hs)\.in\."), r"\1.enter."),
    (re.compile(r"^(ga\.block\d)\.0\."), r"\1."),
    (re.compile(r"\.(cpe\d)\."), r".\1.conv."),
    (re.compile(r"^gain\.log2_inverse$"), "log2_inverse_gain"),
    (re.compile(r"^gain\.log2$"), "log2_gain"),
)
"""Where a released name differs from the name of the codec's parameter."""
GATED = re.compile(r"^(ga|gs)\.block\d\..*dw\.")
"""Depthwise convolutions that took up a division by 3."""


def parameter_name(released: str) -> str:
    """Map the name of a released tensor to that of the codec's parameter."""
    for pattern, replacement in RENAMED:
        released = pattern.sub(replacement, released)
    return released


@torch.no_grad()
def make_neutral(codec: Hyperprior) -> None:
    """Set every norm and layer scale that `fold` folds away to the identity."""
    for module in codec.modules():
        if isinstance(module, Affine):
            module.weight.fill_(1)
            if module.bias is not None:
                module.bias.zero_()
            module.initialised.fill_(True)
        elif isinstance(module, (ConvFormerBlock, RecursiveGatedBlock)):
            module.a.fill_(1)
            module.b.fill_(1)


@torch.no_grad()
def unfold(tensors: dict[str, Tensor], codec: Hyperprior) -> None:
    """Write a released model's tensors (float32, by released name) into a codec of either profile, all but the
    hyper-latents' density.

    Raises ValueError for tensors of another architecture.
    """
    make_neutral(codec)
    parameters = dict(codec.named_parameters())
    for released, value in tensors.items():
        name = parameter_name(released)
        if not name.startswith(("re.", "ga.", "gs.", "ha.", "hs.", "log2_")):
            continue
        if name not in parameters or parameters[name].numel() != value.numel():
            raise ValueError(f"{released} {tuple(value.shape)} has no place in this architecture")
        parameters[name].copy_((3 * value if GATED.match(released) else value).view_as(parameters[name]))


def fit_density(tables: dict[str, Tensor], steps: int = 2000) -> tuple[FactorisedModel, float]:
    """Fit a continuous density to released integer tables; return it and what it costs over them, in bits per symbol.

    `tables` holds `entropy.factorised.{cdf,size,offset}`. The last symbol of a channel is its escape, which a density
    has no bin for.
    """
    sizes = tables["entropy.factorised.size"].tolist()
    offsets = tables["entropy.factorised.offset"].tolist()
    cdf = tables["entropy.factorised.cdf"].double()
    channels, longest = len(sizes), max(sizes) - 1
    wanted, values = torch.zeros(channels, longest), torch.zeros(channels, longest)
    start = 0
    for i, (size, first) in enumerate(zip(sizes, offsets, strict=True)):
        wanted[i, : size - 1] = cdf[start : start + size].diff() / TOTAL
        values[i] = first + torch.arange(longest)
        start += size + 1
    wanted = wanted / wanted.sum(1, keepdim=True)
    model = FactorisedModel(channels, 1.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-2)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    def excess() -> Tensor:
        p = model.probability(values).clamp(min=1e-9)
        return (wanted * (wanted.clamp(min=1e-12) / p).log2()).sum()

    for _ in range(steps):
        optimiser.zero_grad()
        loss = excess()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()
    with torch.no_grad():
        return model, float(excess()) / channels
