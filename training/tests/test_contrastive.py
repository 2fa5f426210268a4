"""The parts of self-supervised training: loss, queue, controller, views, semantic crops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dicm_training import distributed
from dicm_training.data.augment import augment, blur, rotate_hue
from dicm_training.data.crops import batch_shapes
from dicm_training.data.pictures import synthetic_pictures
from dicm_training.data.positives import PositivePairs
from dicm_training.data.semantic_crops import heat_boxes, heatmaps, sample_window
from dicm_training.models.architecture import TINY
from dicm_training.models.contrastive import ContrastiveModel
from dicm_training.models.entropy import FactorisedModel
from dicm_training.models.networks import RedundancyElimination
from dicm_training.stages.ssl import next_refresh, rate_weight
from dicm_training.starts.redundancy import cut, match_spread, principal_components, start_redundancy_elimination


@pytest.fixture
def model() -> ContrastiveModel:
    torch.manual_seed(0)
    return ContrastiveModel(TINY, dimension=8, queue=10, pictures=4)


def test_contrastive_loss_is_the_cross_entropy_of_the_key(model: ContrastiveModel) -> None:
    query, key = (F.normalize(torch.randn(3, 8), dim=1) for _ in range(2))
    loss, _ = model.contrastive_loss(query, key, 0.2)
    expected = 0.0
    for q, k in zip(query, key, strict=True):
        negatives = sum(math.exp(float(q @ n) / 0.2) for n in model.queue)
        positive = math.exp(float(q @ k) / 0.2)
        expected -= math.log(positive / (positive + negatives)) / 3
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_queue_replaces_the_oldest_and_wraps(model: ContrastiveModel) -> None:
    before = model.queue.clone()
    first, second = torch.full((7, 8), 1.0), torch.full((5, 8), 2.0)
    model.enqueue(first)
    assert torch.equal(model.queue[7:], before[7:])
    model.enqueue(second)
    assert [float(row[0]) for row in model.queue] == [2, 2, 1, 1, 1, 1, 1, 2, 2, 2]
    assert int(model.pointer) == 2


def test_momentum_encoder_follows_by_its_momentum(model: ContrastiveModel) -> None:
    weight = model.query.head.conv1.weight
    with torch.no_grad():
        weight.add_(1.0)
    before = model.key.head.conv1.weight.clone()
    model.follow(0.75)
    torch.testing.assert_close(model.key.head.conv1.weight, before + 0.25)
    assert not any(p.requires_grad for p in model.key.parameters())


def test_controller_switches_the_weight_at_the_target(model: ContrastiveModel) -> None:
    assert rate_weight(0.51, 0.5, (8.0, 0.25)) == 8.0
    assert rate_weight(0.49, 0.5, (8.0, 0.25)) == 0.25
    assert float(model.observe_rate(torch.tensor(1.0))) == 1.0, "the first batch sets the average"
    assert float(model.observe_rate(torch.tensor([0.0, 1.0]))) == pytest.approx(0.95)


def test_redundancy_elimination_starts_transparent_at_the_rate_given() -> None:
    torch.manual_seed(3)
    mixing = torch.randn(TINY.features, 6)
    batches = [torch.einsum("cd,ndhw->nchw", mixing, torch.randn(2, 6, 16, 16)) + 3 for _ in range(3)]
    smooth = [F.avg_pool2d(f, 5, 1, 2) for f in batches]
    re = RedundancyElimination(TINY)
    start_redundancy_elimination(re, lambda: iter(smooth), lambda variances: 5.0)
    with torch.no_grad():
        fine = re.decode(re.encode(smooth[0]).round())
        unrounded = re.encode(smooth[0])
    plain = (smooth[0] - smooth[0].mean((0, 2, 3), keepdim=True)).square().sum()
    basis, mean, _ = principal_components([cut(f) for f in smooth], TINY.redundancy)
    kept = ((cut(smooth[0]) - mean) @ basis.T).square().sum() / (cut(smooth[0]) - mean).square().sum()
    assert float((fine - smooth[0]).square().sum() / plain) < 1.5 * (1 - float(kept)) + 0.25
    prior = FactorisedModel(TINY.redundancy)
    before = float(prior.bits(unrounded.round()).detach().sum())
    match_spread(prior, unrounded)
    assert float(prior.bits(unrounded.round()).detach().sum()) < before


def test_heatmap_box_is_the_tight_bound_of_what_exceeds_the_threshold() -> None:
    activation = torch.zeros(2, 3, 8, 8)
    activation[0, :, 2:4, 5:7] = 1.0
    heat = heatmaps(activation, 8)
    assert float(heat[0].max()) == 1.0
    assert float(heat[0].min()) == 0.0
    boxes = heat_boxes(heat)
    assert boxes[0].tolist() == [5 / 8, 2 / 8, 7 / 8, 4 / 8]
    assert boxes[1].tolist() == [0, 0, 1, 1], "a picture without any response keeps its whole area"
    faint = heat[:1] * 0.5
    faint[0, 0, 0] = 0.09
    assert heat_boxes(faint)[0].tolist() == boxes[0].tolist(), "0.09 is below the threshold of 0.1"


def test_guided_crops_lie_inside_the_picture_and_around_the_box() -> None:
    rng = np.random.default_rng(1)
    centres = []
    for _ in range(2000):
        left, top, right, bottom = sample_window(rng, 300, 200, (0.4, 0.4, 0.6, 0.6), (0.02, 0.04))
        assert 0 <= left < right <= 300
        assert 0 <= top < bottom <= 200
        assert 0.01 < (right - left) * (bottom - top) / (300 * 200) < 0.05
        centres.append(((left + right) / 600, (top + bottom) / 400))
    points = np.array(centres)
    assert np.all((points > 0.39) & (points < 0.61))
    # Beta(0.6, 0.6) has more mass in its outer thirds than the two thirds of a uniform distribution.
    share = (points[:, 0] - 0.4) / 0.2
    assert np.mean((share < 1 / 3) | (share > 2 / 3)) > 0.7


def test_plain_crops_reach_all_borders() -> None:
    rng = np.random.default_rng(2)
    windows = [sample_window(rng, 100, 60, None) for _ in range(2000)]
    assert min(w[0] for w in windows) == min(w[1] for w in windows) == 0
    assert max(w[2] for w in windows) == 100
    assert max(w[3] for w in windows) == 60


def pairs(shuffle: bool = True) -> PositivePairs:
    return PositivePairs(synthetic_pictures(5), batch_shapes(4 * 32 * 32, (32, 64), 2), 3, (0.2, 1.0), shuffle)


def test_shuffled_keys_return_to_their_queries() -> None:
    source = pairs()
    step = next(s for s in range(20) if source.pair(s)[0].shape[0] == 4)
    keys = source.pair(step)[1].float().flatten(1)
    plain = pairs(shuffle=False).pair(step)[1].float().flatten(1)
    assert not torch.equal(keys, plain)
    assert torch.equal(source.unshuffle(keys, step), plain)


def test_processes_share_the_batch_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [pairs().pair(step) for step in range(3)]
    for step, (queries, keys) in enumerate(whole):
        parts = []
        for rank in range(2):
            monkeypatch.setattr(distributed, "share", lambda rank=rank: (rank, 2))
            parts.append(pairs().pair(step))
        monkeypatch.undo()
        assert torch.equal(torch.cat([p[0] for p in parts]), queries)
        assert torch.equal(torch.cat([p[1] for p in parts]), keys)


def test_every_epoch_visits_every_picture_once() -> None:
    source = PositivePairs(synthetic_pictures(6), batch_shapes(3 * 32 * 32, (32,)), 0, (0.2, 1.0))
    epochs = [[source.picture(step, place) for step in (2 * e, 2 * e + 1) for place in range(3)] for e in range(4)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_boxes_are_refreshed_on_schedule() -> None:
    import argparse

    args = argparse.Namespace(warmup=2, refresh=3)
    assert [next_refresh(step, 10, args) for step in (0, 20, 21, 50, 51)] == [20, 20, 50, 50, 80]


def test_augmentation_stays_in_range_and_depends_on_the_seed_only() -> None:
    x = torch.rand(16, 3, 40, 40)
    torch.manual_seed(1)
    a = augment(x)
    torch.manual_seed(1)
    assert torch.equal(a, augment(x))
    assert float(a.min()) >= -1e-6
    assert float(a.max()) <= 1 + 1e-6
    assert not torch.equal(a, augment(x))
    order = torch.randperm(16)
    torch.manual_seed(1)
    torch.testing.assert_close(augment(x[order], order), a[order], msg="the parameters follow a shuffled batch")


def test_hue_and_blur_do_nothing_at_zero_and_keep_means() -> None:
    x = torch.rand(2, 3, 40, 40)
    torch.testing.assert_close(rotate_hue(x, torch.zeros(2)), x, atol=1e-5, rtol=0)
    torch.testing.assert_close(rotate_hue(x, torch.ones(2)), x, atol=1e-4, rtol=0)
    torch.testing.assert_close(blur(x, torch.zeros(2)), x, atol=1e-6, rtol=0)
    flat = torch.full((1, 3, 40, 40), 0.3)
    torch.testing.assert_close(blur(flat, torch.ones(1)), flat, atol=1e-6, rtol=0)
    assert float(blur(x, torch.ones(2)).var()) < 0.5 * float(x.var())
