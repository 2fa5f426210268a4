"""A stage under way: optimiser, averaged weights, log and checkpoint, the optimiser step."""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from .. import distributed
from ..errors import UsageError
from .checkpoint import Described, read_own, save_checkpoint
from .log import Log
from .schedule import Schedule


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
        self.device = next(model.parameters()).device
        fused = self.device.type == "cuda"
        self.optimiser = torch.optim.AdamW(groups, lr=1e-4, weight_decay=1e-4, betas=(0.9, 0.98), fused=fused)
        self.schedule = Schedule(args.steps, args.minutes)
        self.average = AveragedWeights(model, 0.999)
        self.log = Log(folder / f"{name}.jsonl")
        self._saved = time.monotonic()
        self._steps_left = args.stop_after
        self._terminated = False
        self._stopping = False
        self.finished = False
        self.arch: Described = model.arch  # type: ignore[assignment]
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
        state = read_own(self.path, self.arch, self.device)
        try:
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, ValueError) as problem:
            what = str(problem).strip().splitlines()[-1].strip()
            raise UsageError(
                f"{self.path} does not fit these options ({what}): go on with those it was begun with, or remove it"
            ) from problem
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
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.values,
            "schedule": self.schedule.state_dict(),
            "options": {k: str(v) for k, v in vars(self.args).items()},
            "done": self.schedule.done,
        }
        save_checkpoint(self.path, self.arch, state)
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
