"""One module a stage; each has `add_arguments` and `run`. `STAGES` names them in the order of the chain."""

from types import ModuleType

from . import codec, export, heads, joint, polish, ssl

STAGES: dict[str, ModuleType] = {
    "ssl": ssl,
    "codec": codec,
    "polish": polish,
    "heads": heads,
    "joint": joint,
    "export": export,
}

PARALLEL = frozenset({"ssl", "codec", "polish"})
"""Stages that share their batches between the processes of torchrun."""
