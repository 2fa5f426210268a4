"""Features of several pictures as one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch


class Batch(NamedTuple):
    """Features and labels of several pictures.

    Attributes:
        features: [pictures, channels], or [pictures, channels, height, width].
        labels: int64 [pictures].
        sizes: int64 [pictures, 2], height and width of each before it was padded; [pictures, 0] of vectors.
    """

    features: torch.Tensor
    labels: torch.Tensor
    sizes: torch.Tensor


def collate(samples: Sequence[tuple[torch.Tensor, int]]) -> Batch:
    """Makes a batch for ``DataLoader(collate_fn=collate)``.

    Pictures of one size are stacked. Of others, maps are padded with zeros at the right and at the bottom to the
    largest height and width, and ``sizes`` says what is not padding. Vectors have one length, so for them torch's own
    collation does too.

    Raises:
        ValueError: For features that differ in more than height and width.
    """
    tensors = [tensor for tensor, _ in samples]
    labels = torch.tensor([label for _, label in samples], dtype=torch.int64)
    shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
    if len({(tensor.ndim, tensor.shape[0], tensor.dtype) for tensor in tensors}) != 1:
        raise ValueError(f"features of one batch need one number of channels, not {[tuple(t.shape) for t in tensors]}")
    sizes = torch.tensor(shapes, dtype=torch.int64).reshape(len(tensors), tensors[0].ndim - 1)
    if len(set(shapes)) == 1:
        return Batch(torch.stack(tensors), labels, sizes)
    height, width = sizes.amax(0).tolist()
    features = tensors[0].new_zeros((len(tensors), tensors[0].shape[0], height, width))
    for row, tensor, (own_height, own_width) in zip(features, tensors, shapes, strict=True):
        row[:, :own_height, :own_width] = tensor
    return Batch(features, labels, sizes)
