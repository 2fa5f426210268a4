"""Data-parallel training over the processes that torchrun starts; everything here is a no-op in a single process.

Every process builds the same models, draws the same random numbers for the whole batch and works on its own
contiguous share of it; gradients are averaged. A run of P processes therefore computes what one process computes on
the whole batch, up to rounding. `--pixels` always names the whole batch.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

BUCKET_ELEMENTS = 1 << 24
_alone = False


def begin() -> torch.device:
    """Join the process group that torchrun's environment names, if any; return the device of this process.

    Only the first process keeps its standard output: the others would print the same.
    """
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = True
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        backend = "nccl" if device.type == "cuda" else "gloo"
        # The first process prepares some things alone (transform, hyper-transforms) while the others wait.
        distributed.init_process_group(backend, timeout=timedelta(hours=2))
        if distributed.get_rank() > 0:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    return device


def end() -> None:
    """Leave the process group, after everybody has come to the end."""
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def share() -> tuple[int, int]:
    """Return this process's number and how many share a batch: (0, 1) in a single process and inside `alone`."""
    if _alone or not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def is_first() -> bool:
    """Whether this process writes checkpoints and logs."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


@contextlib.contextmanager
def alone() -> Iterator[bool]:
    """Let the first process work for itself, on whole batches; yields whether this is the first one."""
    global _alone
    _alone = True
    try:
        yield is_first()
    finally:
        _alone = False


def uniform(shape: Iterable[int], device: torch.device, order: Tensor | None = None) -> Tensor:
    """Draw uniform noise in [0, 1) for this process's share of the batch, first dimension of `shape`.

    The noise of the whole batch is drawn and cut, so that it does not depend on the number of processes. If the
    batch is shuffled, `order` [whole batch] names the place that each of its elements comes from.
    """
    rank, world = share()
    count, *rest = shape
    whole = torch.rand((world * count, *rest), device=device)
    whole = whole if order is None else whole[order.to(device)]
    return whole[rank * count : (rank + 1) * count]


def gather(x: Tensor) -> Tensor:
    """Put the shares of all processes behind one another along the first dimension; no gradient."""
    _, world = share()
    if world == 1:
        return x
    parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(world)]
    distributed.all_gather(parts, x.contiguous())
    return torch.cat(parts)


@torch.no_grad()
def average(tensors: list[Tensor]) -> None:
    """Average tensors over the processes in place, in buckets."""
    _, world = share()
    if world == 1:
        return
    while tensors:
        size, count = 0, 0
        while count < len(tensors) and (count == 0 or size + tensors[count].numel() <= BUCKET_ELEMENTS):
            size += tensors[count].numel()
            count += 1
        bucket, tensors = tensors[:count], tensors[count:]
        flat = torch.cat([t.reshape(-1).float() for t in bucket])
        distributed.all_reduce(flat)
        flat /= world
        for t, values in zip(bucket, flat.split([t.numel() for t in bucket]), strict=True):
            t.copy_(values.view(t.shape))


def first_says(values: list[float], device: torch.device) -> list[float]:
    """Return the first process's numbers everywhere: decisions that depend on clocks or files must agree."""
    if share()[1] == 1:
        return values
    message = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.broadcast(message, 0)
    return [float(v) for v in message]


@torch.no_grad()
def copy_from_first(module: nn.Module) -> None:
    """Overwrite a module's parameters and buffers with the first process's."""
    if share()[1] == 1:
        return
    for tensor in [*module.parameters(), *module.buffers()]:
        message = tensor.detach().contiguous()
        if message.dtype == torch.bool:
            message = message.to(torch.uint8)
        distributed.broadcast(message, 0)
        tensor.copy_(message)
