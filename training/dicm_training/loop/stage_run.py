"""What every long stage shares: schedule, averaged weights, log, checkpoints, the optimiser step."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import distributed
from ..models.codec import Model
from ..models.heads import Heads, HeadsArchitecture
from ..models.networks import Architecture


class Schedule:
    """Progress of a stage, bounded by steps or by minutes of its own running time, whichever is given.

    A budget in minutes makes the learning rate reach its end on machines of any speed; time spent before an
    interruption counts.
    """

    def __init__(self, steps: int | None, minutes: float | None, warmup: float = 0.02) -> None:
        """Exactly one of `steps` and `minutes` must be given; `warmup` is a share of the whole."""
        if (steps is None) == (minutes is None):
            raise ValueError("give either a number of steps or a number of minutes")
        self.steps, self.minutes, self.warmup = steps, minutes, warmup
        self.step, self.spent_s = 0, 0.0
        self._mark = 0.0

    def begin(self) -> None:
        """Start the clock: time until now does not count."""
        self._mark = time.monotonic()

    def tick(self) -> None:
        """Count one finished step."""
        now = time.monotonic()
        self.spent_s += now - self._mark
        self._mark = now
        self.step += 1

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        if self.steps is not None:
            return min(1.0, self.step / self.steps)
        assert self.minutes is not None
        return min(1.0, self.spent_s / (60 * self.minutes))

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.progress >= 1

    def rate(self) -> float:
        """Learning-rate factor: linear warm-up, then cosine to 1 % of the peak."""
        p = self.progress
        if p < self.warmup:
            return max(0.05, p / self.warmup)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (p - self.warmup) / (1 - self.warmup)))

    def state_dict(self) -> dict[str, float]:
        """Values to resume from."""
        return {"step": self.step, "spent_s": self.spent_s}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])


class AveragedWeights:
    """Exponential moving average of trained parameters; what a stage hands on."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        """Start from the module's present parameters."""
        self.decay = decay
        self.values = {k: v.detach().clone().float() for k, v in module.named_parameters() if v.requires_grad}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move towards the module's parameters; early steps use a shorter memory."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, present = [], []
        for name, parameter in module.named_parameters():
            if name in self.values:
                averages.append(self.values[name])
                present.append(parameter.detach().float())
            elif parameter.requires_grad:
                self.values[name] = parameter.detach().clone().float()
        if averages:
            torch._foreach_lerp_(averages, present, 1 - decay)

    def copy_to(self, module: nn.Module) -> None:
        """Overwrite the module's parameters with the averages."""
        parameters = dict(module.named_parameters())
        with torch.no_grad():
            for name, value in self.values.items():
                parameters[name].copy_(value)


def save_atomically(state: Any, path: Path) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old or the new one, never half."""
    temporary = path.with_suffix(".partial")
    torch.save(state, temporary)
    os.replace(temporary, path)


class Log:
    """JSON lines on disk and short lines on the terminal; averages what comes between two lines."""

    def __init__(self, path: Path) -> None:
        """Append to `path`."""
        self.path = path
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def rewind(self, step: int) -> None:
        """Forget the lines after `step`: what a killed run did after its last checkpoint is done again."""
        if self.path.exists():
            lines = self.path.read_text().splitlines(keepends=True)
            # A kill can cut the last line short.
            whole = [line for line in lines if line.endswith("\n")]
            kept = [line for line in whole if json.loads(line).get("step", 0) <= step]
            if len(kept) < len(lines):
                temporary = self.path.with_suffix(".partial.jsonl")
                temporary.write_text("".join(kept))
                os.replace(temporary, self.path)

    def add(self, **values: Tensor | float) -> None:
        """Collect values until the next `flush`; tensors are not read before, so a GPU is not waited for."""
        for name, value in values.items():
            value = value.detach() if isinstance(value, Tensor) else value
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def flush(self, **extra: Any) -> None:
        """Write the averages since the last call, with `extra` as they are."""
        record = {**extra, **{k: round(float(v) / self._counts[k], 5) for k, v in self._sums.items()}}
        self._sums.clear()
        self._counts.clear()
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print("  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()), flush=True)


def load_model(path: Path, device: torch.device) -> tuple[Model, dict[str, Any]]:
    """Rebuild the model of a stage's checkpoint with its averaged weights; return it and the whole state."""
    state = torch.load(path, map_location=device, weights_only=True)
    model = Model(Architecture.from_dict(state["arch"])).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.load_state_dict(state["model"])
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in state["average"].items():
            parameters[name].copy_(value)
    model.codec.use_redundancy_elimination = state["options"].get("no_re") != "True"
    return model, state


def checkpoint_of(run: Path, stage: str) -> Path:
    """Find the checkpoint of a stage in a run folder; what to do where there is none is the program's last word."""
    path = run / f"{stage}.pt"
    if not path.exists():
        raise SystemExit(f"{path} is missing: run the stage {stage} first")
    return path


def load_heads(path: Path, device: torch.device) -> tuple[Heads, dict[str, Any]]:
    """Rebuild the heads of a checkpoint (of the stage heads or joint) with averaged weights; return the state too."""
    state = torch.load(path, map_location=device, weights_only=True)
    heads = Heads(HeadsArchitecture.from_dict(state["arch"])).to(device)
    for part in ("model", "average"):
        values = {k.removeprefix("heads."): v for k, v in state[part].items() if not k.startswith("synthesis.")}
        heads.load_state_dict(values, strict=part == "model")
    return heads.eval(), state


class StageRun:
    """One stage under way: optimiser, schedule, averages, log and checkpoint of a model.

    `model` has an `arch` with `to_dict`. In several processes gradients and logged values are averaged and the first
    one writes; SIGTERM ends the run after the step under way, resumable. `groups` are AdamW parameter groups with
    the peak learning rate under `peak`. `resume` returns whether a checkpoint was there; `step` does everything from
    the backward pass to the checkpoint.
    """

    def __init__(self, name: str, folder: Path, model: nn.Module, groups: list[dict], args: argparse.Namespace) -> None:
        """Bind the run; nothing is read or written yet."""
        self.name, self.path, self.model, self.args = name, folder / f"{name}.pt", model, args
        self.optimiser = torch.optim.AdamW(groups, lr=1e-4, weight_decay=1e-4, betas=(0.9, 0.98))
        self.schedule = Schedule(args.steps, args.minutes)
        self.average = AveragedWeights(model, 0.999)
        self.log = Log(folder / f"{name}.jsonl")
        self._saved = time.monotonic()
        self._steps_left = args.stop_after
        self._terminated = False
        self._stopping = False
        self.finished = False
        self.device = next(model.parameters()).device
        signal.signal(signal.SIGTERM, self._terminate)

    def _terminate(self, *_: object) -> None:
        self._terminated = True

    @property
    def over(self) -> bool:
        """Whether the budget, or what --stop-after allows of it now, is spent."""
        return self.schedule.done or self._steps_left == 0 or self._stopping

    def resume(self) -> bool:
        """Load the stage's own checkpoint if there is one."""
        (exists,) = distributed.first_says([float(self.path.exists())], self.device)
        if not exists:
            return False
        state = torch.load(self.path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.values = state["average"]
        self.schedule.load_state_dict(state["schedule"])
        done = 100 * self.schedule.progress
        self.finished = bool(state["done"])
        if distributed.is_first():
            self.log.rewind(self.schedule.step)
        word = "finished" if self.finished else "resuming"
        print(f"{word} {self.name} at step {self.schedule.step}, {done:.1f} % done", flush=True)
        return True

    def begin(self) -> None:
        """Restart the averages from the present weights (unless resumed), write a first checkpoint, start the clock."""
        if self.schedule.step == 0:
            self.average = AveragedWeights(self.model, 0.999)
        self.save()
        self.schedule.begin()

    def save(self) -> None:
        """Write the checkpoint."""
        if not distributed.is_first():
            return
        arch: Any = self.model.arch
        state = {
            "arch": arch.to_dict(),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.values,
            "schedule": self.schedule.state_dict(),
            "options": {k: str(v) for k, v in vars(self.args).items()},
            "done": self.schedule.done,
        }
        save_atomically(state, self.path)
        self._saved = time.monotonic()

    def set_rates(self) -> None:
        """Set every group's learning rate for the coming step."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * self.schedule.rate()

    def step(self, loss: Tensor, parts: dict[str, Tensor]) -> None:
        """Go down the gradient of `loss`, log `parts`, and save when it is time; a non-finite gradient is skipped."""
        self.set_rates()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        trained = [p for p in self.model.parameters() if p.grad is not None]
        distributed.average([p.grad for p in trained if p.grad is not None])
        norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update(self.model, self.schedule.step)
        self.schedule.tick()
        # Clocks and signals differ between processes, and what they decide must not.
        spent_s, stopping = distributed.first_says([self.schedule.spent_s, float(self._terminated)], self.device)
        self.schedule.spent_s, self._stopping = spent_s, bool(stopping)
        if self._steps_left is not None:
            self._steps_left -= 1
        values = {"loss": loss, **parts}
        means = torch.stack([value.detach().float() for value in values.values()])
        distributed.average([means])
        self.log.add(gradient=norm, **dict(zip(values, means, strict=True)))
        if distributed.is_first() and self.schedule.step % self.args.log_every == 0:
            s = self.schedule
            self.log.flush(step=s.step, progress=round(s.progress, 4), minutes=round(s.spent_s / 60, 2))
        if time.monotonic() - self._saved > self.args.save_every:
            self.save()

    def finish(self) -> None:
        """Write the last checkpoint."""
        self.save()
        word, s = "done" if self.schedule.done else "stopped", self.schedule
        print(f"{self.name} {word}: {s.step} steps in {s.spent_s / 60:.1f} minutes -> {self.path}", flush=True)
