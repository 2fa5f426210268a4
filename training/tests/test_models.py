"""Entropy models and the weighted transform against closed forms."""

from __future__ import annotations

import math

import numpy as np
import torch

from dicm_training.models.architecture import TINY
from dicm_training.models.blocks import depth_to_space
from dicm_training.models.codec import Codec
from dicm_training.models.entropy import (
    INDEX_PER_OCTAVE,
    SCALE_MINIMUM,
    TOTAL,
    FactorisedModel,
    factorised_tables,
    gaussian_bits,
    gaussian_tables,
    lower_bound,
    quantise_probabilities,
)
from dicm_training.release.quantise import quantise_per_channel
from dicm_training.starts import klt


def table(tables: dict[str, np.ndarray], i: int) -> tuple[int, np.ndarray]:
    """First symbol and frequencies (escape last) of table i."""
    start = int((tables["size"][:i] + 1).sum())
    cdf = tables["cdf"][start : start + int(tables["size"][i]) + 1]
    assert cdf[0] == 0 and cdf[-1] == TOTAL
    return int(tables["offset"][i]), np.diff(cdf)


def test_gaussian_tables_match_the_training_density() -> None:
    tables = gaussian_tables()
    assert len(tables["size"]) == 64
    for i in (0, 17, 40, 63):
        first, frequency = table(tables, i)
        assert frequency.min() >= 1
        assert first == -(len(frequency) - 2) // 2, "symmetric support"
        symbols = torch.arange(first, first + len(frequency) - 1, dtype=torch.float64)
        bits = gaussian_bits(symbols, torch.tensor(float(i), dtype=torch.float64)).numpy()
        p = 2.0**-bits
        expected = (p * bits).sum()
        coded = (p * -np.log2(frequency[:-1] / TOTAL)).sum()
        assert coded < expected * 1.005 + 0.002, f"table {i}: {coded} bits against {expected}"


def test_gaussian_bits_integrate_to_one() -> None:
    index = math.log2(3.0 / SCALE_MINIMUM) * INDEX_PER_OCTAVE
    k = torch.arange(-40, 41, dtype=torch.float64)
    p = torch.exp2(-gaussian_bits(k + 0.3, torch.full_like(k, index)))
    assert abs(float(p.sum()) - 1) < 1e-6
    assert abs(float((p * (k + 0.3) ** 2).sum()) - (9 + 1 / 12)) < 1e-3, "variance of the rounded Gaussian"


def test_factorised_tables_follow_the_model() -> None:
    torch.manual_seed(3)
    model = FactorisedModel(5)
    with torch.no_grad():
        model.means.add_(torch.randn(5, 3) * 3)
    tables = factorised_tables(model)
    for c in range(5):
        first, frequency = table(tables, c)
        k = torch.arange(first, first + len(frequency) - 1, dtype=torch.float32).repeat(5, 1)
        p = model.probability(k)[c].detach().numpy()
        np.testing.assert_allclose(frequency[:-1] / TOTAL, p, atol=2e-4)


def test_quantised_probabilities_fill_the_range() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 3, 100, 5000):
        frequency = quantise_probabilities(rng.dirichlet(np.full(n, 0.05)))
        assert frequency.sum() == TOTAL and frequency.min() >= 1


def test_lower_bound_lets_values_come_back() -> None:
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    lower_bound(x, 0.0).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0]
    x.grad = None
    (-lower_bound(x, 0.0).sum()).backward()
    assert x.grad.tolist() == [-1.0, -1.0]


def test_depth_to_space_orders_dy_dx_c() -> None:
    c, n = 3, 2
    x = torch.arange(n * n * c).float().view(1, -1, 1, 1)
    out = depth_to_space(x, n)
    for dy in range(n):
        for dx in range(n):
            assert out[0, :, dy, dx].tolist() == [(dy * n + dx) * c + i for i in range(c)]


def test_weighted_transform_beats_the_plain_one_in_its_own_metric() -> None:
    torch.manual_seed(1)
    d, rank = 24, 6
    a, b = torch.randn(d, d), torch.randn(d, 8)
    covariance, sensitivity = a @ torch.diag(torch.logspace(1, -2, d)) @ a.T, b @ b.T + 0.1 * torch.eye(d)

    def loss(analysis: torch.Tensor, synthesis: torch.Tensor) -> float:
        residual = torch.eye(d) - synthesis @ analysis
        return float((sensitivity @ residual @ covariance @ residual.T).trace())

    weighted = klt.weighted_transform(covariance, sensitivity, rank, floor=1e-3)
    plain = klt.weighted_transform(covariance, torch.eye(d), rank, floor=1e-3)
    assert loss(*weighted[:2]) < 0.9 * loss(*plain[:2])
    torch.testing.assert_close(weighted[0] @ weighted[1], torch.eye(rank), atol=1e-3, rtol=1e-3)
    assert bool((weighted[2].diff() <= 1e-4).all()), "variances fall"


def test_initialised_linear_paths_compute_the_transform() -> None:
    torch.manual_seed(2)
    codec, d = Codec(TINY), 16 * TINY.features
    analysis, synthesis, mean = torch.randn(TINY.latent, d), torch.randn(d, TINY.latent), torch.randn(d)
    klt.initialise(codec, mean, analysis, synthesis)
    f = torch.randn(2, TINY.features, 8, 12)
    y = codec.ga.linear(f)
    expected = (klt.patches(f) - mean) @ analysis.T
    torch.testing.assert_close(y.permute(0, 2, 3, 1).reshape(-1, TINY.latent), expected, atol=2e-3, rtol=1e-3)
    back = depth_to_space(codec.gs.linear(y), 4)
    torch.testing.assert_close(klt.patches(back), expected @ synthesis.T + mean, atol=5e-2, rtol=1e-3)


def test_int8_rounding_is_close_per_channel() -> None:
    torch.manual_seed(4)
    weight = torch.randn(8, 16, 3, 3) * torch.logspace(-3, 1, 8)[:, None, None, None]
    values, scale = quantise_per_channel(weight)
    assert values.dtype == torch.int8
    error = (values.float() * scale[:, None, None, None] - weight).flatten(1).norm(dim=1) / weight.flatten(1).norm(
        dim=1
    )
    assert float(error.max()) < 0.012
