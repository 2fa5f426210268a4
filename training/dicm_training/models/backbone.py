"""The backbone: ResNet-50 with batch normalisation folded into its convolutions, split into head and tail.

The split is the paper's (DICM, section III): the *head* is the stem and layer1, whose output f1 has 256
channels at stride 4; the *tail* is layer2 to layer4 and the classifier. Weights are read with torchvision's
tensor names.

Only this module knows which network it is. Another backbone replaces it as a whole and offers the same names: how its
input is normalised, its widths, head and tail as modules and as functions of released tensors (`head.*`, `tail.*`), and
how its weights are read from a file. Everything else asks for f1 at stride 4 and for features at strides 8, 16, 32.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import UsageError
from .named_tensors import NamedTensors

NAME = "ResNet-50"
WEIGHTS_FILE = "ResNet-50 with torchvision's tensor names (.safetensors or .pth)"
"""What a file of weights must be, for help and errors."""
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
BN_EPSILON = 1e-5


@dataclass(frozen=True)
class BackboneArchitecture:
    """Widths of head and tail; the defaults are ResNet-50's."""

    width: int = 64
    head_blocks: int = 3
    tail_blocks: tuple[int, int, int] = (4, 6, 3)
    classes: int = 1000

    @property
    def features(self) -> int:
        """Channels of f1."""
        return 4 * self.width

    @property
    def tail_channels(self) -> tuple[int, int, int]:
        """Channels of the tail's outputs at strides 8, 16 and 32."""
        return 8 * self.width, 16 * self.width, 32 * self.width


TINY_BACKBONE = BackboneArchitecture(width=8, head_blocks=1, tail_blocks=(1, 1, 1))


def normalise(rgb: Tensor) -> Tensor:
    """Map RGB in [0, 1], [N, 3, H, W], to the backbone's input."""
    mean = torch.tensor(MEAN, device=rgb.device)[:, None, None]
    std = torch.tensor(STD, device=rgb.device)[:, None, None]
    return (rgb - mean) / std


class Bottleneck(nn.Module):
    """Residual bottleneck (ResNet v1.5: the stride is in the 3x3 convolution), batch norms folded."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        """Build a block from `inputs` to 4 x `width` channels."""
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1)
        self.conv3 = nn.Conv2d(width, outputs, 1)
        self.downsample = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, 4 width, H / stride, W / stride]."""
        y = F.relu(self.conv1(x))
        y = F.relu(self.conv2(y))
        y = self.conv3(y)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def make_layer(inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    """Stack `blocks` bottlenecks, the first with `stride`."""
    layers = [Bottleneck(inputs, width, stride)]
    layers += [Bottleneck(4 * width, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(*layers)


class Head(nn.Module):
    """Stem and layer1: normalised RGB [N, 3, H, W] to f1 [N, features, H / 4, W / 4]."""

    def __init__(self, arch: BackboneArchitecture) -> None:
        """Build from random weights."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, arch.width, 7, 2, 3)
        self.layer1 = make_layer(arch.width, arch.width, arch.head_blocks, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute f1, which is non-negative (it ends in a ReLU)."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2, 1)
        out: Tensor = self.layer1(x)
        return out


class Tail(nn.Module):
    """layer2 to layer4 and the classifier, run on f1 or on decoded features f3."""

    def __init__(self, arch: BackboneArchitecture) -> None:
        """Build from random weights."""
        super().__init__()
        width, blocks = arch.width, arch.tail_blocks
        self.layer2 = make_layer(4 * width, 2 * width, blocks[0], 2)
        self.layer3 = make_layer(8 * width, 4 * width, blocks[1], 2)
        self.layer4 = make_layer(16 * width, 8 * width, blocks[2], 2)
        self.fc = nn.Linear(32 * width, arch.classes)

    def forward(self, f: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the outputs of layer2, layer3, layer4 (strides 8, 16, 32) and the logits [N, classes]."""
        c2 = self.layer2(f)
        c3 = self.layer3(c2)
        c4 = self.layer4(c3)
        return c2, c3, c4, self.fc(c4.mean((2, 3)))


def released_bottlenecks(net: NamedTensors, x: Tensor, name: str, stride: int) -> Tensor:
    """Apply one ResNet layer of released tensors."""

    def block(x: Tensor, n: str) -> Tensor:
        s = stride if n.endswith(".0") else 1
        y = F.relu(net.conv(x, f"{n}.conv1"))
        y = F.relu(net.conv(y, f"{n}.conv2", s, 1))
        y = net.conv(y, f"{n}.conv3")
        return F.relu(y + (net.conv(x, f"{n}.downsample", s) if f"{n}.downsample.weight" in net.t else x))

    return net.stack(x, name, block)


def released_head(net: NamedTensors, rgb: Tensor) -> Tensor:
    """Map RGB in [0, 1] to f1, by released tensors."""
    x = F.max_pool2d(F.relu(net.conv(normalise(rgb), "head.conv1", 2, 3)), 3, 2, 1)
    return released_bottlenecks(net, x, "head.layer1", 1)


def released_tail(net: NamedTensors, f: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Map features to the outputs of layer2, layer3, layer4 and the logits, by released tensors."""
    c2 = released_bottlenecks(net, f, "tail.layer2", 2)
    c3 = released_bottlenecks(net, c2, "tail.layer3", 2)
    c4 = released_bottlenecks(net, c3, "tail.layer4", 2)
    return c2, c3, c4, F.linear(c4.mean((2, 3)), net.t["tail.fc.weight"], net.t["tail.fc.bias"])


def released_widths(tensors: dict[str, Tensor]) -> tuple[tuple[int, int, int], int]:
    """Channels of a released tail's outputs at strides 8, 16 and 32, and its number of classes."""
    c2, c3, c4 = (tensors[f"tail.layer{k}.0.conv3.weight"].shape[0] for k in (2, 3, 4))
    return (c2, c3, c4), tensors["tail.fc.weight"].shape[0]


def fold_batch_norm(weight: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
    """Fold an inference-mode batch norm into the bias-free convolution before it."""
    factor = gamma / torch.sqrt(var + BN_EPSILON)
    return weight * factor[:, None, None, None], beta - mean * factor


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors by name, in float32. Raises UsageError where it is none."""
    try:
        raw = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
        return {name: value.float() for name, value in raw.items()}
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist: expected a {WEIGHTS_FILE}") from None
    except (OSError, RuntimeError, ValueError, AttributeError, SafetensorError, pickle.UnpicklingError) as problem:
        raise UsageError(f"{path} cannot be read as a {WEIGHTS_FILE}: {str(problem).splitlines()[0]}") from problem


def fold_weights(raw: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fold the batch norms of a ResNet with torchvision's names into its convolutions."""
    folded: dict[str, Tensor] = {}
    for name, value in raw.items():
        if name.startswith("fc."):
            folded[name] = value
        elif value.dim() == 4:
            stem = name.removesuffix(".weight")
            if stem.endswith("downsample.0"):
                norm, out = stem[:-1] + "1", stem.removesuffix(".0")
            else:
                norm, out = stem.replace("conv", "bn"), stem
            statistics = (raw[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
            folded[f"{out}.weight"], folded[f"{out}.bias"] = fold_batch_norm(value, *statistics)
    return folded


def load_backbone(path: Path) -> tuple[Head, Tail]:
    """Load head and tail from a file of weights. Raises UsageError where it holds another network."""
    raw = read_weights(path)
    head, tail = Head(BackboneArchitecture()), Tail(BackboneArchitecture())
    try:
        folded = fold_weights(raw)
        in_head = {name: name.startswith(("conv1.", "layer1.")) for name in folded}
        head.load_state_dict({k: v for k, v in folded.items() if in_head[k]})
        tail.load_state_dict({k: v for k, v in folded.items() if not in_head[k]})
    except (KeyError, RuntimeError) as problem:
        found = f"{len(raw)} tensors, the first {min(raw, default='none')}"
        raise UsageError(f"{path} is not a {WEIGHTS_FILE}: found {found}") from problem
    return head, tail
