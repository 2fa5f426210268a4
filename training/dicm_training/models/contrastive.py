"""What the stage `ssl` trains: MoCo v2 (He 2020, Chen 2020) over head, RE and tail (DICM section III-D).

The backbone's batch norms are folded, so nothing here looks at other pictures of a batch: the leak of batch
statistics against which MoCo shuffles its keys over the processes cannot arise. The shuffling is there all the same
(`positives.PositivePairs`), so that a network with batch norm could be put in.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import distributed
from .architecture import Architecture
from .backbone import Head, Tail
from .entropy import FactorisedModel, add_noise, round_ste
from .networks import RedundancyElimination

RATE_MEMORY = 0.9
"""Share of the past in the average rate that the controller looks at."""


@dataclass
class Encoded:
    """What one view becomes."""

    f1: Tensor
    """Output of the head [N, features, H/4, W/4]."""
    latent: Tensor
    """RE's latent before rounding [N, redundancy, H/16, W/16], float32."""
    f2: Tensor
    """decoder_RE's output from the rounded latent, shaped like f1."""
    heat: Tensor
    """Output of the tail's last convolution, rectified [N, channels, H/32, W/32]."""
    logits: Tensor
    """Class logits [N, classes]."""
    projection: Tensor
    """Unit vectors [N, dimension], float32."""


class Encoder(nn.Module):
    """head -> RE -> tail -> two-layer projector. f2 is decoder_RE's output alone, so that the tail learns from what
    RE's bits can say."""

    def __init__(self, arch: Architecture, dimension: int) -> None:
        """Build from random weights."""
        super().__init__()
        width = arch.backbone.tail_channels[-1]
        self.head = Head(arch.backbone)
        self.re = RedundancyElimination(arch)
        self.tail = Tail(arch.backbone)
        self.projector = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dimension))

    def eliminate(self, f1: Tensor) -> tuple[Tensor, Tensor]:
        """Map f1 to (RE's latent before rounding, f2)."""
        latent = self.re.encode(f1).float()
        return latent, self.re.decode(round_ste(latent))

    def forward(self, x: Tensor) -> Encoded:
        """Encode normalised RGB [N, 3, H, W]."""
        f1 = self.head(x)
        latent, f2 = self.eliminate(f1)
        _, _, heat, logits = self.tail(f2)
        projection = F.normalize(self.projector(heat.mean((2, 3))).float(), dim=1)
        return Encoded(f1, latent, f2, heat, logits, projection)


class ContrastiveModel(nn.Module):
    """Trained encoder, its momentum twin, the queue, RE's entropy model and the state of controller and guidance."""

    def __init__(self, arch: Architecture, dimension: int, queue: int, pictures: int) -> None:
        """Build for a queue of `queue` keys and a box for each of `pictures` pictures."""
        super().__init__()
        self.arch = arch
        self.query = Encoder(arch, dimension)
        self.key = copy.deepcopy(self.query).requires_grad_(False)
        self.prior = FactorisedModel(arch.redundancy)
        self.queue: Tensor
        self.pointer: Tensor
        self.rate: Tensor
        self.joint: Tensor
        self.boxes: Tensor
        self.guided: Tensor
        self.register_buffer("queue", F.normalize(torch.randn(queue, dimension), dim=1))
        self.register_buffer("pointer", torch.tensor(0))
        self.register_buffer("rate", torch.tensor(float("nan")))
        self.register_buffer("joint", torch.tensor(False))
        self.register_buffer("boxes", torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(pictures, 1))
        self.register_buffer("guided", torch.tensor(False))

    def rate_bits(self, latent: Tensor) -> Tensor:
        """Bits per picture [N] of RE's latent, with uniform noise in place of rounding."""
        return self.prior.bits(add_noise(latent)).sum((1, 2, 3))

    def contrastive_loss(self, query: Tensor, key: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """InfoNCE of queries against their keys and the queue; returns (loss, share of queries that find theirs)."""
        positive = (query * key).sum(1, keepdim=True)
        # A copy: the new keys enter the queue before the gradient is computed.
        logits = torch.cat([positive, query @ self.queue.clone().T], 1) / temperature
        loss = F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))
        return loss, (logits.argmax(1) == 0).float().mean()

    @torch.no_grad()
    def enqueue(self, keys: Tensor) -> None:
        """Let `keys` [N, dimension] (of all processes) replace the oldest of the queue."""
        places = (self.pointer + torch.arange(len(keys), device=keys.device)) % len(self.queue)
        self.queue[places] = keys
        self.pointer.copy_((self.pointer + len(keys)) % len(self.queue))

    @torch.no_grad()
    def follow(self, momentum: float) -> None:
        """Move the momentum encoder towards the trained one; momentum 0 makes it a copy."""
        followers = [p.detach() for p in self.key.parameters()]
        leaders = [p.detach() for p in self.query.parameters()]
        torch._foreach_lerp_(followers, leaders, 1 - momentum)
        for follower, leader in zip(self.key.buffers(), self.query.buffers(), strict=True):
            follower.copy_(leader)

    @torch.no_grad()
    def observe_rate(self, bpp: Tensor) -> Tensor:
        """Take a batch's rate into the running average that the controller looks at; return the average."""
        mean = bpp.detach().mean().reshape(1)
        distributed.average([mean])
        self.rate.copy_(torch.where(self.rate.isnan(), mean[0], torch.lerp(mean[0], self.rate, RATE_MEMORY)))
        return self.rate
