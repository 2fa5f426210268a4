"""Reading a ResNet-50 with torchvision's names: batch norms fold exactly, from either file type."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from dicm_training.models.backbone import fold_weights, read_weights


def norm(channels: int) -> nn.BatchNorm2d:
    """A batch norm with statistics that are not the identity's."""
    layer = nn.BatchNorm2d(channels).eval()
    with torch.no_grad():
        for value in (layer.weight, layer.running_var):
            assert value is not None
            value.uniform_(0.5, 2)
        for value in (layer.bias, layer.running_mean):
            assert value is not None
            value.normal_()
    return layer


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_batch_norms_fold_exactly(tmp_path: Path, suffix: str) -> None:
    torch.manual_seed(0)
    pairs = {
        ("conv1", "bn1"): (nn.Conv2d(3, 8, 3, bias=False), norm(8)),
        ("layer1.0.conv2", "layer1.0.bn2"): (nn.Conv2d(4, 6, 3, bias=False), norm(6)),
        ("layer2.0.downsample.0", "layer2.0.downsample.1"): (nn.Conv2d(5, 7, 1, bias=False), norm(7)),
    }
    state = {"fc.weight": torch.randn(10, 8), "fc.bias": torch.randn(10)}
    for (conv_name, norm_name), (conv, batch_norm) in pairs.items():
        state[f"{conv_name}.weight"] = conv.weight.detach()
        state |= {f"{norm_name}.{k}": v for k, v in batch_norm.state_dict().items()}
    path = tmp_path / f"resnet{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    folded = fold_weights(read_weights(path))
    for (conv_name, _), (conv, batch_norm) in pairs.items():
        x = torch.randn(2, conv.in_channels, 6, 6)
        name = conv_name.removesuffix(".0") if "downsample" in conv_name else conv_name
        with torch.no_grad():
            expected = batch_norm(conv(x))
        actual = F.conv2d(x, folded[f"{name}.weight"], folded[f"{name}.bias"])
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(folded["fc.weight"], state["fc.weight"])
    assert len(folded) == 2 + 2 * len(pairs)
