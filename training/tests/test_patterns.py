"""Patterns: what is drawn, and a loss that can lead back from anywhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dicm_training.data.patterns import draw_pattern, draw_patterns
from dicm_training.losses.runaway import exaggerate, pattern_loss, runaway_loss


def test_patterns_are_fine_and_follow_seed_and_step() -> None:
    pictures = [draw_pattern(np.random.default_rng(i), 64) for i in range(60)]
    for picture in pictures:
        assert picture.shape == (64, 64, 3)
        assert picture.dtype == np.uint8
        # All colours lie on a line between two, but for rounding.
        colours = np.unique(picture.reshape(-1, 3), axis=0).astype(float)
        assert np.linalg.matrix_rank(colours - colours[0], tol=3.0 * len(colours)) == 1
    fine = [p for p in pictures if np.ptp(p[20:44, 20:44].astype(int), axis=(0, 1)).max() > 0]
    assert len(fine) > 50
    hard = [p for p in pictures if len(np.unique(p.reshape(-1, 3), axis=0)) == 2]
    assert 15 < len(hard) < 55
    a, b = draw_patterns(3, 32, 1, 5), draw_patterns(3, 32, 1, 5)
    assert a.shape == (3, 3, 32, 32)
    assert torch.equal(a, b)
    assert not torch.equal(a, draw_patterns(3, 32, 1, 6))


def test_loss_leads_back_from_features_that_ran_away() -> None:
    target = torch.rand(1, 4, 8, 8)
    for size in (1e1, 1e6, 1e12):
        features = (target + size * torch.rand(1, 4, 8, 8)).requires_grad_()
        loss = pattern_loss(features, target)
        loss.backward()  # type: ignore[no-untyped-call]
        assert features.grad is not None
        assert torch.isfinite(features.grad).all()
        # A step along the gradient, scaled to the features, must shorten the way.
        with torch.no_grad():
            shorter = features - 0.1 * features.norm() * features.grad / features.grad.norm()
            assert pattern_loss(shorter, target) < loss


def test_exaggeration_scales_each_picture_upwards() -> None:
    torch.manual_seed(2)
    latents = torch.randn(50, 3, 4, 4)
    factors = exaggerate(latents) / latents
    torch.testing.assert_close(factors, factors[:, :1, :1, :1].expand_as(factors))
    of_pictures = factors[:, 0, 0, 0]
    assert 1 <= float(of_pictures.min()) < 1.1
    assert 1.5 < float(of_pictures.max()) <= 1.601


def test_only_what_runs_away_is_held_back() -> None:
    target = torch.ones(2, 1, 2, 2)
    assert float(runaway_loss(2.4 * target, target)) == 0  # a relative error of 1.96
    expected = np.log(1 + 9.0) - np.log(3)
    assert float(runaway_loss(4 * target, target)) == pytest.approx(expected, rel=1e-5)
