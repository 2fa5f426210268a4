"""Networks of ONNX files as functions of PyTorch tensors, on any device; the operators that detectors are made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import UsageError

Attributes = dict[str, Any]


def _conv(inputs: list[Tensor], a: Attributes) -> Tensor:
    """Convolve; padding has to be the same at both ends."""
    pads = a.get("pads", [0, 0, 0, 0])
    if a.get("auto_pad", b"NOTSET") != b"NOTSET" or pads[:2] != pads[2:]:
        raise UsageError(f"a convolution with padding {pads} is none that this reader knows")
    bias = inputs[2] if len(inputs) > 2 else None
    strides, dilations = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
    return F.conv2d(inputs[0], inputs[1], bias, strides, pads[:2], dilations, a.get("group", 1))


def _max_pool(inputs: list[Tensor], a: Attributes) -> Tensor:
    """Take maxima over windows; padding has to be the same at both ends."""
    pads = a.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:] or a.get("ceil_mode", 0):
        raise UsageError(f"a pooling with padding {pads} is none that this reader knows")
    return F.max_pool2d(inputs[0], a["kernel_shape"], a.get("strides", [1, 1]), pads[:2])


def _slice(inputs: list[Tensor], a: Attributes) -> Tensor:
    """Cut along axes, as starts, ends, axes and steps say."""
    x, starts, ends = inputs[:3]
    axes = inputs[3] if len(inputs) > 3 else torch.arange(len(starts))
    steps = inputs[4] if len(inputs) > 4 else torch.ones_like(starts)
    cut: list[slice] = [slice(None)] * x.dim()
    for start, end, axis, step in zip(*(v.tolist() for v in (starts, ends, axes, steps)), strict=True):
        cut[axis] = slice(start, end, step)
    return x[tuple(cut)]


def _resize(inputs: list[Tensor], a: Attributes) -> Tensor:
    """Enlarge by whole factors, repeating samples."""
    scales = inputs[2].tolist() if len(inputs) > 2 else []
    if a.get("mode") != b"nearest" or len(scales) != 4 or any(scale != round(scale) for scale in scales):
        raise UsageError(f"a resizing by {scales} ({a.get('mode')}) is none that this reader knows")
    return inputs[0].repeat_interleave(round(scales[2]), 2).repeat_interleave(round(scales[3]), 3)


OPERATORS: dict[str, Callable[[list[Tensor], Attributes], Tensor]] = {
    "Add": lambda inputs, a: inputs[0] + inputs[1],
    "Concat": lambda inputs, a: torch.cat(inputs, a["axis"]),
    "Conv": _conv,
    "MaxPool": _max_pool,
    "Mul": lambda inputs, a: inputs[0] * inputs[1],
    "Reshape": lambda inputs, a: inputs[0].reshape(inputs[1].tolist()),
    "Resize": _resize,
    "Shape": lambda inputs, a: torch.tensor(inputs[0].shape),
    "Sigmoid": lambda inputs, a: inputs[0].sigmoid(),
    "Slice": _slice,
    "Transpose": lambda inputs, a: inputs[0].permute(a["perm"]),
}
"""What nodes compute (ONNX operators, opset 11), from their inputs and attributes."""


class OnnxNetwork:
    """A network of one input and one output, evaluated node by node in float32."""

    def __init__(self, path: Path, device: torch.device) -> None:
        """Read the file. Raises UsageError where it is none, where `onnx` is missing, and for unknown operators."""
        try:
            import onnx
        except ImportError:
            raise UsageError(f"{path} is an ONNX file, which needs the package onnx: pip install onnx") from None
        try:
            model = onnx.load(path)
        except Exception as problem:  # protobuf's errors share no base class with those of files
            raise UsageError(f"{path} cannot be read as ONNX: {str(problem).splitlines()[0]}") from problem

        def tensor(stored: Any) -> Tensor:
            value = torch.from_numpy(onnx.numpy_helper.to_array(stored).copy())
            # Integers are shapes and places, which are read here.
            return value.to(device) if value.is_floating_point() and value.dim() > 1 else value

        graph = model.graph
        self.device = device
        self.constants = {stored.name: tensor(stored) for stored in graph.initializer}
        self.nodes: list[tuple[Callable[[list[Tensor], Attributes], Tensor], list[str], str, Attributes]] = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self.constants[node.output[0]] = tensor(attributes["value"])
                continue
            if node.op_type not in OPERATORS:
                known = ", ".join(sorted(OPERATORS))
                raise UsageError(f"{path} has the operator {node.op_type}, which is not among {known}")
            self.nodes.append((OPERATORS[node.op_type], list(node.input), node.output[0], attributes))
        for operator, names, _, _ in self.nodes:
            if operator is _conv:
                self.constants.update({name: self.constants[name].to(device) for name in names[1:]})
        self.inputs = [v.name for v in graph.input if v.name not in self.constants]
        self.outputs = [v.name for v in graph.output]
        sizes = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim] if graph.input else []
        self.input_shape: list[int] = sizes
        last = {name: i for i, (_, names, _, _) in enumerate(self.nodes) for name in names}
        self.dead = [[n for n in set(names) if last[n] == i] for i, (_, names, _, _) in enumerate(self.nodes)]

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Map the input to the output."""
        values = {self.inputs[0]: x}
        for (operator, names, output, attributes), dead in zip(self.nodes, self.dead, strict=True):
            values[output] = operator([values[n] if n in values else self.constants[n] for n in names if n], attributes)
            for name in dead:
                values.pop(name, None)
        return values[self.outputs[0]]
