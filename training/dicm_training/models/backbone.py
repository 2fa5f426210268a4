"""ResNet-50 with batch normalisation folded into its convolutions, split into head and tail.

The split is the paper's (DICM, section III): the *head* is the stem and layer1, whose output f1 has 256
channels at stride 4; the *tail* is layer2 to layer4 and the classifier. Weights are read with torchvision's
tensor names.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

BN_EPSILON = 1e-5


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
    """Stem and layer1: normalised RGB [N, 3, H, W] to f1 [N, 4 width, H / 4, W / 4]."""

    def __init__(self, width: int = 64, blocks: int = 3) -> None:
        """Build the head; `width` 64 and 3 blocks are ResNet-50's."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3)
        self.layer1 = make_layer(width, width, blocks, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute f1, which is non-negative (it ends in a ReLU)."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2, 1)
        out: Tensor = self.layer1(x)
        return out


class Tail(nn.Module):
    """layer2 to layer4 and the classifier, run on f1 or on decoded features f3."""

    def __init__(self, width: int = 64, blocks: tuple[int, int, int] = (4, 6, 3), classes: int = 1000) -> None:
        """Build the tail; the defaults are ResNet-50's."""
        super().__init__()
        self.layer2 = make_layer(4 * width, 2 * width, blocks[0], 2)
        self.layer3 = make_layer(8 * width, 4 * width, blocks[1], 2)
        self.layer4 = make_layer(16 * width, 8 * width, blocks[2], 2)
        self.fc = nn.Linear(32 * width, classes)

    def forward(self, f: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the outputs of layer2, layer3, layer4 (strides 8, 16, 32) and the logits [N, classes]."""
        c2 = self.layer2(f)
        c3 = self.layer3(c2)
        c4 = self.layer4(c3)
        return c2, c3, c4, self.fc(c4.mean((2, 3)))


def fold_batch_norm(weight: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
    """Fold an inference-mode batch norm into the bias-free convolution before it."""
    factor = gamma / torch.sqrt(var + BN_EPSILON)
    return weight * factor[:, None, None, None], beta - mean * factor


def load_torchvision(path: Path) -> dict[str, Tensor]:
    """Read a ResNet-50 with torchvision's names (.safetensors, or .pth as torchvision ships) and fold it."""
    raw = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    raw = {name: value.float() for name, value in raw.items()}
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


def load_resnet50(path: Path) -> tuple[Head, Tail]:
    """Load head and tail from a torchvision-named ResNet-50 file."""
    folded = load_torchvision(path)
    head, tail = Head(), Tail()
    head.load_state_dict({k: v for k, v in folded.items() if k.startswith(("conv1.", "layer1."))})
    tail.load_state_dict({k: v for k, v in folded.items() if not k.startswith(("conv1.", "layer1."))})
    return head, tail
