"""What a search over symbols finds, how much of it is in the picture, and what of it a network can learn.

    python training/tools/symbol_search.py --model packages/model-r50 --data DATA
    python training/tools/symbol_search.py --model packages/model-r50 --data DATA --learn pictures gradient

The search is that of `dicm encode --effort` (`src/codec/refinement/`), over batches of crops and without the heads'
part of its measure. Each picture is searched several times, from starts that differ by up to 0.15 steps: what the finds
have in common does not depend on the start, so something that sees the picture could know it. `--learn` then fits small
networks to what one search found, of y and f1 (`pictures`) or of y, the symbols and one gradient at the plain ones
(`gradient`), and reads what they choose for crops of photographs that they never saw. Costs are bits + weight times
distortion, by those of the plain symbols of each crop.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dicm_training.data.crops import BatchShape, CropSource
from dicm_training.data.layout import training_paths
from dicm_training.data.pictures import Photographs, rgb_on
from dicm_training.losses.distortion import SEARCHED, distortion, tail_outputs
from dicm_training.losses.rounding import TEMPERATURE, mixture, price
from dicm_training.models.blocks import Affine, RecursiveGatedBlock
from dicm_training.models.entropy import INDEX_PER_OCTAVE, gaussian_bits
from dicm_training.release.released import LARGEST_POSITION, ReleasedModel

WEIGHTS = ((1.0, 1500.0), (20.0, 4300.0), (50.0, 17700.0))
"""Bits that a unit of distortion is worth in 224 x 224 pixels, by quality (`effort.ts`)."""
RATE, DECAY = 0.016, 3.0
"""Adam's step for 20 steps, and how far the logarithm of the temperature falls (`annealed-rounding.ts`)."""
BETAS, EPSILON = (0.9, 0.999), 1e-8
HELD_OUT = 64
"""Photographs that nothing learns from."""
THIRDS = ((0.0, 0.3), (0.3, 0.6), (0.6, 1.0))
"""Shares of the quality range that are reported apart."""


def weight_at(share: Tensor, pixels: int) -> Tensor:
    """Bits that one unit of distortion is worth at `share` [N] of the way from quality 1 to 100."""
    quality = 1 + 99 * share
    logs = [(q, math.log(w)) for q, w in WEIGHTS]
    low, middle, high = logs
    first = low[1] + (quality - low[0]) / (middle[0] - low[0]) * (middle[1] - low[1])
    second = middle[1] + (quality - middle[0]) / (high[0] - middle[0]) * (high[1] - middle[1])
    return torch.exp(torch.where(quality < middle[0], first, second)) * pixels / 224**2


@dataclass
class Batch:
    """Crops at random qualities, as an encoder sees them before it chooses symbols."""

    f1: Tensor
    target: tuple[Tensor, ...]
    y: Tensor
    values: Tensor
    """y less its prediction, in steps of the quantiser."""
    mean: Tensor
    index: Tensor
    """Of the scale tables, as floats."""
    gain: Tensor
    share: Tensor
    weight: Tensor

    def part(self, rows: slice) -> Batch:
        """Some of the crops."""
        return Batch(
            *(tuple(t[rows] for t in v) if isinstance(v, tuple) else v[rows] for v in vars(self).values())  # type: ignore[arg-type]
        )


class Searcher:
    """Reads symbols as decoders do, and searches for better ones."""

    def __init__(self, folder: Path) -> None:
        """Load a released model."""
        self.model = ReleasedModel.from_folder(folder)
        for name, value in self.model.t.items():
            if value.dim() == 4:
                self.model.t[name] = value.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def batch(self, rgb: Tensor, share: Tensor) -> Batch:
        """Analyse RGB in [0, 1] at `share` [N] of the way through the qualities."""
        with torch.autocast("cpu", torch.bfloat16):
            f1 = self.model.head(rgb)
            target = (f1, *self.model.tail(f1))
            y, z = self.model.encode_features(f1)
        y = y.float()
        mean, scale = self.model.hyper_synthesis(z.float().round(), *y.shape[2:])
        gain, _ = self.model.gains(share * LARGEST_POSITION)
        index = scale + gain * INDEX_PER_OCTAVE
        weight = weight_at(share, rgb.shape[2] * rgb.shape[3])
        return Batch(f1, target, y, (y - mean) * torch.exp2(gain), mean, index, gain, share, weight)

    def distortion(self, batch: Batch, symbols: Tensor) -> Tensor:
        """What the networks behind the file see amiss of symbols, or of mixtures of them [N]."""
        latents = self.model.dequantise(symbols, batch.mean, batch.gain, batch.share * LARGEST_POSITION)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = tail_outputs(self.model.tail, self.model.synthesise(latents))
        return distortion(outputs, batch.target, SEARCHED)[0]

    def gradient(self, batch: Batch, symbols: Tensor) -> Tensor:
        """Gradient of weight x distortion with respect to symbols."""
        symbols = symbols.detach().requires_grad_()
        (found,) = torch.autograd.grad((batch.weight * self.distortion(batch, symbols)).sum(), symbols)
        return found

    def search(self, batch: Batch, steps: int, start: Tensor | None = None) -> Tensor:
        """Search symbols from `start`, or from what the encoder gives."""
        values = (batch.values if start is None else start).clone()
        mean, square = torch.zeros_like(values), torch.zeros_like(values)
        rate = RATE * math.sqrt(20 / steps)
        for step in range(steps):
            mixed, slope = mixture(values, TEMPERATURE * math.exp(-DECAY * step / steps))
            g = (price(values, batch.index) + self.gradient(batch, mixed)) * slope
            mean = BETAS[0] * mean + (1 - BETAS[0]) * g
            square = BETAS[1] * square + (1 - BETAS[1]) * g * g
            correction = math.sqrt(1 - BETAS[1] ** (step + 1)) / (1 - BETAS[0] ** (step + 1))
            values -= rate * correction * mean / (square.sqrt() + EPSILON)
        return values.round()

    @torch.no_grad()
    def read(self, batch: Batch, symbols: Tensor) -> Tensor:
        """Bits, distortion and cost of symbols [3, N]."""
        bits = gaussian_bits(symbols, batch.index).sum((1, 2, 3))
        amiss = self.distortion(batch, symbols)
        return torch.stack((bits, amiss, bits + batch.weight * amiss))


class Chooser(nn.Module):
    """Small network that moves an encoder's values: of y and f1, or of y, the values and a gradient."""

    def __init__(self, channels: int, features: int, with_gradient: bool, width: int = 192) -> None:
        """Build so that it moves nothing yet."""
        super().__init__()
        self.with_gradient = with_gradient
        self.y = nn.Sequential(Affine(channels), nn.Conv2d(channels, width, 1))
        self.f1 = nn.Sequential(Affine(features), nn.Conv2d(features, width, 4, 4))
        extra = 3 * channels if with_gradient else 2
        self.extra = nn.Sequential(Affine(extra), nn.Conv2d(extra, width, 1))
        self.blocks = nn.Sequential(*(RecursiveGatedBlock(width, 7) for _ in range(3)))
        self.out = nn.Conv2d(width, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, batch: Batch, gradient: Tensor) -> Tensor:
        """Return moved values."""
        if self.with_gradient:
            strength = gradient.sign() * gradient.abs().log1p()
            x = self.extra(torch.cat((batch.values.clamp(-3, 3), batch.index, strength), 1))
        else:
            plane = batch.share[:, None, None, None].expand(-1, 1, *batch.y.shape[2:])
            x = self.extra(torch.cat((plane, plane.square()), 1)) + self.f1(batch.f1.float())
        moved: Tensor = batch.values + self.out(self.blocks(x + self.y(batch.y)))
        return moved


def show(name: str, shares: Tensor, found: Tensor, plain: Tensor) -> None:
    """Print a row for every third of the qualities."""
    for low, high in THIRDS:
        rows = (shares >= low) & (shares < high)
        if not rows.any():
            continue
        bits, amiss = (found[i, rows].mean() for i in (0, 1))
        cost = (found[2, rows] / plain[2, rows]).mean()
        where = f"quality {1 + 99 * low:.0f} to {1 + 99 * high:.0f}, {int(rows.sum())} crops"
        print(f"{name:22} {where:32} {bits / 8:7.0f} bytes  distortion {amiss:.3f}  cost {cost:.3f}", flush=True)


def batches_of(searcher: Searcher, source: CropSource, count: int, seed: int) -> Iterator[Batch]:
    """Analyse `count` batches at random qualities."""
    generator = torch.Generator().manual_seed(seed)
    for crops in source.batches(0, count):
        yield searcher.batch(rgb_on(torch.device("cpu"), crops), torch.rand(len(crops), generator=generator))


def measure(searcher: Searcher, batches: list[Batch], steps: list[int], starts: int) -> None:
    """Print what searches of so many steps find, and what finds of several starts have in common."""
    names = ["plain", *(f"{n} steps" for n in steps), f"mean of {starts} starts"]
    rows: dict[str, list[Tensor]] = {name: [] for name in names}
    same, changed = 0.0, 0.0
    for batch in batches:
        nearest = batch.values.round()
        rows["plain"].append(searcher.read(batch, nearest))
        for n in steps:
            rows[f"{n} steps"].append(searcher.read(batch, searcher.search(batch, n)))
        finds = []
        for _ in range(starts):
            start = batch.values + 0.3 * (torch.rand_like(batch.values) - 0.5)
            finds.append(searcher.search(batch, max(steps), start))
        rows[names[-1]].append(searcher.read(batch, torch.stack(finds).mean(0).round()))
        first, second = finds[0] - nearest, finds[1] - nearest
        same += float((first * second).sum())
        changed += float(first.square().sum())
    shares = torch.cat([batch.share for batch in batches])
    plain = torch.cat(rows["plain"], 1)
    for name in names:
        show(name, shares, torch.cat(rows[name], 1), plain)
    print(f"changes of symbols that two starts have in common: {same / changed:.2f}")


def learn(
    searcher: Searcher, kind: str, train: list[tuple[Batch, Tensor, Tensor]], held: list[Batch], minutes: float
) -> None:
    """Fit a network to what searches found, and print what it chooses for held-out crops."""
    first = held[0]
    chooser = Chooser(first.y.shape[1], first.f1.shape[1], kind == "gradient")
    optimiser = torch.optim.AdamW(chooser.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-2)
    began, step = time.monotonic(), 0
    while (progress := (time.monotonic() - began) / 60 / minutes) < 1:
        batch, gradient, found = train[int(torch.randint(len(train), ()))]
        rows = slice(0, 8) if step % 2 else slice(8, None)
        with torch.autocast("cpu", torch.bfloat16):
            moved = chooser(batch.part(rows), gradient[rows])
        # How far a value is from where it rounds to what was found.
        loss = ((moved - found[rows]).abs() - 0.4).clamp(min=0).square().sum() / len(moved)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(chooser.parameters(), 10.0)
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 30) * (0.02 + 0.49 * (1 + math.cos(math.pi * progress)))
        optimiser.step()
        step += 1
    chosen, plain = [], []
    for batch in held:
        gradient = searcher.gradient(batch, batch.values.round())
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            moved = chooser(batch, gradient)
        chosen.append(searcher.read(batch, moved.float().round()))
        plain.append(searcher.read(batch, batch.values.round()))
    shares = torch.cat([batch.share for batch in held])
    show(f"learned, {kind}", shares, torch.cat(chosen, 1), torch.cat(plain, 1))


def main(arguments: list[str] | None = None) -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="released model folder")
    parser.add_argument("--data", type=Path, required=True, help="data folder (training/README.md)")
    parser.add_argument("--side", type=int, default=192, help="of crops, in pixels")
    parser.add_argument("--batches", type=int, default=6, help="of 16 held-out crops to measure")
    parser.add_argument("--steps", type=int, nargs="+", default=[2, 4, 16], help="of searches")
    parser.add_argument("--starts", type=int, default=5, help="of each picture, 2 at least")
    parser.add_argument("--learn", nargs="+", choices=["pictures", "gradient"], default=[], help="networks to fit")
    parser.add_argument("--learn-batches", type=int, default=54, help="of 16 crops that networks are fitted to")
    parser.add_argument("--learn-minutes", type=float, default=2.0, help="that each network is fitted")
    args = parser.parse_args(arguments)
    torch.manual_seed(1)
    paths = training_paths(args.data, 60)
    order = torch.randperm(len(paths)).tolist()
    held_out, others = ([paths[i] for i in part] for part in (order[:HELD_OUT], order[HELD_OUT:]))
    shapes = [BatchShape(args.side, 16)]
    searcher = Searcher(args.model)
    held = list(batches_of(searcher, CropSource(Photographs(held_out), shapes, 3), args.batches, 3))
    measure(searcher, held, args.steps, max(2, args.starts))
    if not args.learn:
        return
    train = []
    for batch in batches_of(searcher, CropSource(Photographs(others, stream=True), shapes, 2), args.learn_batches, 2):
        gradient = searcher.gradient(batch, batch.values.round())
        train.append((batch, gradient, searcher.search(batch, max(args.steps))))
    for kind in args.learn:
        learn(searcher, kind, train, held, args.learn_minutes)


if __name__ == "__main__":
    main()
