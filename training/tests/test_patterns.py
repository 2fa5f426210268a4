"""Patterns: what is drawn, and a loss that can lead back from anywhere."""

from __future__ import annotations

import numpy as np
import torch

from dicm_training.patterns import draw_pattern, draw_patterns, pattern_loss


def test_patterns_have_two_colours_and_follow_seed_and_step() -> None:
    for i in range(40):
        picture = draw_pattern(np.random.default_rng(i), 48)
        assert picture.shape == (48, 48, 3)
        assert picture.dtype == np.uint8
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 2
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
