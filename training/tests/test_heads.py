"""The heads: assignment, losses, folding, views, and the stage at smoke size."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import assert_same_path, stage

from dicm_training.data.annotated import UNKNOWN, synthetic_annotated
from dicm_training.data.views import Targets, ViewSource, sampling_weights
from dicm_training.evaluate.objects import NMS_IOU, draw_masks, find_objects
from dicm_training.loop.checkpoint import load_heads
from dicm_training.losses.assignment import assign
from dicm_training.losses.detection import detection_loss, dice, generalised_iou
from dicm_training.models.heads import TINY_HEADS, Heads
from dicm_training.models.locations import (
    MASK_STRIDE,
    all_locations,
    boxes_from,
    dynamic_masks,
    flatten_levels,
    intersection_over_union,
    locations,
)
from dicm_training.release.folder import stored_tensors
from dicm_training.release.heads import fold_heads, unfold_heads
from dicm_training.release.released import ReleasedModel
from dicm_training.release.tiny import tiny_heads, tiny_model


def no_targets(count: int, unlabelled: torch.Tensor, objects: torch.Tensor) -> Targets:
    """Targets of views on which nothing is."""
    none = torch.zeros(count, 1, 4)
    return Targets(none, torch.full((count, 1), -1), torch.zeros(count, 1).bool(), none, unlabelled, objects)


VIEWS = ["--synthetic", "--batch", "2", "--canvas", "64", "96", "--sides", "64", "160", "--threads", "2"]


def test_iou_and_giou_by_hand() -> None:
    a = torch.tensor([[0.0, 0, 4, 4]])
    b = torch.tensor([[2.0, 2, 6, 6], [8, 0, 10, 4], [0, 0, 4, 4]])
    torch.testing.assert_close(intersection_over_union(a, b), torch.tensor([[4 / 28, 0, 1]]))
    # GIoU subtracts the share of the hull that neither box covers.
    expected = torch.tensor([4 / 28 - 8 / 36, 0 - 16 / 40, 1])
    torch.testing.assert_close(generalised_iou(a.expand(3, 4), b), expected)


def test_boxes_are_distances_from_location_centres() -> None:
    centres = locations(1, 2, 16)
    assert centres.tolist() == [[8, 8], [24, 8]]
    raw = torch.log(torch.tensor([[0.5, 0.25, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0]]))
    boxes = boxes_from(centres, torch.full((2,), 16.0), raw)
    torch.testing.assert_close(boxes, torch.tensor([[0.0, 4, 24, 40], [8, -8, 40, 24]]))


def test_assignment_prefers_aligned_locations_and_ignores_crowds() -> None:
    centres = locations(4, 4, 8)
    truth, categories = torch.tensor([[0.0, 0, 16, 16]]), torch.tensor([1])
    boxes = truth.expand(16, 4).clone()
    boxes[0] = torch.tensor([0.0, 0, 8, 16])  # IoU 1/2
    scores = torch.full((16, 2), 0.1)
    scores[5, 1] = 0.8
    crowd = torch.tensor([[16.0, 16, 32, 32]])
    # A second picture without objects, padded, beside the first one.
    nothing = torch.zeros(1, 4)
    found = assign(
        centres,
        torch.stack((scores, scores)),
        torch.stack((boxes, boxes)),
        torch.stack((truth, nothing)),
        torch.stack((categories, torch.tensor([-1]))),
        torch.stack((crowd, nothing)),
    )
    assert set((found.objects[0] == 0).nonzero().flatten().tolist()) == {0, 1, 4, 5}
    assert found.scores[0].argmax() == 5
    assert found.scores[0, 5] == pytest.approx(1.0)  # the best location aims at its own IoU
    assert found.scores[0, 1] == pytest.approx(0.1 / 0.8)
    assert found.scores[0, 0] < found.scores[0, 1]
    assert (~found.counted[0]).nonzero().flatten().tolist() == [10, 11, 14, 15]
    assert (found.objects[1] == -1).all() and found.counted[1].all() and not found.scores[1].any()


def test_loss_of_a_batch_is_that_of_its_pictures() -> None:
    torch.manual_seed(4)
    pixels, targets = ViewSource(synthetic_annotated(6, side=96), 3, (64, 96), (64, 120), 7).batch(0)
    heads = Heads(TINY_HEADS).eval()
    tail = tuple(torch.randn(3, c, 64 // s, 96 // s) for c, s in zip(TINY_HEADS.inputs, (8, 16, 32), strict=True))
    counts = (targets.categories >= 0).sum(1)
    assert len(set(counts.tolist())) > 1  # so that some are padded
    class_sums, together = 0.0, detection_loss(heads(tail), targets)[1]
    weights = []
    for i, count in enumerate(counts.tolist()):
        own = {field.name: getattr(targets, field.name)[i : i + 1] for field in fields(targets)}
        own.update({name: own[name][:, : max(1, count)] for name in ("boxes", "categories", "exact")})
        outputs = heads(tuple(part[i : i + 1] for part in tail))
        centres, strides = all_locations(outputs.classes)
        boxes = boxes_from(centres, strides, flatten_levels(outputs.distances))
        scores = flatten_levels(outputs.classes).sigmoid()
        found = assign(centres, scores, boxes, own["boxes"], own["categories"], own["ignored"])
        weights.append(float(found.scores.sum()))
        class_sums += float(detection_loss(outputs, Targets(**own))[1]["class"]) * max(weights[-1], 1)
    assert float(together["class"]) == pytest.approx(class_sums / sum(weights), rel=1e-4)


def test_no_objects_is_no_division_by_zero() -> None:
    heads = Heads(TINY_HEADS)
    tail = (torch.randn(1, 64, 8, 8), torch.randn(1, 128, 4, 4), torch.randn(1, 256, 2, 2))
    targets = no_targets(1, torch.zeros(1, 1, 4), torch.zeros(1, 16, 16, dtype=torch.uint8))
    loss, parts = detection_loss(heads(tail), targets)
    assert torch.isfinite(loss)
    assert parts["box"] == 0 and parts["mask"] == 0


def test_dice_leaves_unknown_positions_out() -> None:
    logits = torch.tensor([[[9.0, 9.0], [-9.0, 9.0]]])
    target = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    assert dice(logits, target, torch.tensor([[[True, True], [True, False]]])) < 1e-2
    assert dice(logits, target, torch.ones(1, 2, 2, dtype=torch.bool)) > 0.1


def test_dynamic_masks_equal_three_plain_layers() -> None:
    rng = torch.Generator().manual_seed(1)
    features = torch.randn(2, 8, 5, 7, generator=rng)
    parameters = torch.randn(2, TINY_HEADS.parameters_per_mask, generator=rng)
    centres, strides = torch.tensor([[4.0, 12.0], [20.0, 8.0]]), torch.tensor([8.0, 16.0])
    masks = dynamic_masks(features, parameters, centres, strides)
    for n, py, px in ((0, 0, 0), (1, 4, 6), (0, 3, 2)):
        p = parameters[n]
        position = torch.tensor([(px + 0.5) * MASK_STRIDE, (py + 0.5) * MASK_STRIDE])
        x = torch.cat(((position - centres[n]) / (8 * strides[n]), features[n, :, py, px]))
        x = torch.relu(p[:80].view(8, 10) @ x + p[152:160])
        x = torch.relu(p[80:144].view(8, 8) @ x + p[160:168])
        torch.testing.assert_close(masks[n, py, px], p[144:152] @ x + p[168])


def test_folded_heads_compute_what_the_modules_do() -> None:
    torch.manual_seed(3)
    heads = Heads(TINY_HEADS)
    # An odd number of rows: the pyramid's upper level covers more than the lower one.
    tail = (torch.randn(2, 64, 6, 10), torch.randn(2, 128, 3, 5), torch.randn(2, 256, 2, 3))
    for _ in range(5):
        heads(tail)
    heads.eval()
    expected, found = heads(tail), ReleasedModel(fold_heads(heads)).heads(*tail)
    for name in ("classes", "distances", "controllers"):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.mask_features, expected.mask_features, rtol=1e-4, atol=1e-4)


def test_views_keep_boxes_and_maps_together() -> None:
    pictures = synthetic_annotated(12, side=160, seed=4)
    source = ViewSource(pictures, 6, (96, 128), (80, 200), seed=2)
    seen = 0
    for step in range(4):
        rgb, targets = source.batch(step)
        assert rgb.shape[1] == 3 and sorted(rgb.shape[2:]) == [96, 128]
        again, _ = source.batch(step)
        assert torch.equal(rgb, again), "a view depends on more than seed and step"
        for n, boxes in enumerate(targets.boxes):
            height, width = rgb.shape[2:]
            assert (boxes[:, :2] >= 0).all() and (boxes[:, 2] <= width).all() and (boxes[:, 3] <= height).all()
            for k, box in enumerate(boxes):
                ys, xs = (targets.objects[n] == k + 1).nonzero(as_tuple=True)
                seen += len(xs)
                # Map positions are pixel centres at stride 4 with a phase of 2.
                assert ((4 * xs + 2 >= box[0] - 2) & (4 * xs + 2 <= box[2] + 2)).all()
                assert ((4 * ys + 2 >= box[1] - 2) & (4 * ys + 2 <= box[3] + 2)).all()
        assert not (targets.objects == UNKNOWN).all()
    assert seen > 100


def test_rare_categories_come_up_more_often() -> None:
    pictures = synthetic_annotated(40)
    for i, picture in enumerate(pictures):
        picture.categories = np.full(len(picture.boxes), 5 if i == 0 else 1)
    weights = sampling_weights(pictures, threshold=0.4)
    assert weights[0] == pytest.approx(4 * weights[1])
    assert weights.sum() == pytest.approx(1)


def test_stage_trains_resumes_and_exports(tiny_run: Path, tmp_path: Path) -> None:
    common = [*VIEWS, "--tiny", "--steps", "4", "--log-every", "1", "--base", str(tiny_run / "model")]
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    stage("heads", "--run", str(whole), *common)
    stage("heads", "--run", str(halves), *common, "--stop-after", "2")
    middle = torch.load(halves / "heads.pt", weights_only=True)["model"]
    assert "resuming heads at step 2" in stage("heads", "--run", str(halves), *common)
    found, expected = (torch.load(run / "heads.pt", weights_only=True)["model"] for run in (halves, whole))
    assert_same_path(found, expected, middle)
    losses = [json.loads(line)["loss"] for line in (whole / "heads.jsonl").read_text().splitlines()]
    assert len(losses) == 4 and all(np.isfinite(losses))

    out = tmp_path / "model"
    stage("export", "--run", str(whole), "--base", str(tiny_run / "model"), "--out", str(out))
    before = json.loads((tiny_run / "model" / "manifest.json").read_text())
    after = json.loads((out / "manifest.json").read_text())
    assert after["decodeId"] == before["decodeId"], "heads must not change what files need to be decoded"
    assert after["renderId"] != before["renderId"]
    assert [c["id"] for c in after["detection"]["categories"]] == list(range(1, 21))
    old, new = (ReleasedModel.from_folder(folder) for folder in (tiny_run / "model", out))
    assert not old.has_heads and new.has_heads
    assert all(torch.equal(new.t[name], value) for name, value in old.t.items())


def test_found_objects_are_few_ordered_and_inside(tmp_path: Path) -> None:
    torch.manual_seed(5)
    heads = Heads(TINY_HEADS).eval()
    with torch.no_grad():
        for conv in (*heads.classes, *heads.distances):
            torch.nn.init.normal_(conv.weight, std=0.3)  # type: ignore[arg-type]
    tail = (torch.randn(1, 64, 6, 10), torch.randn(1, 128, 3, 5), torch.randn(1, 256, 2, 3))
    outputs = heads(tail)
    found = find_objects(outputs, 0, 41, 77, min_score=0.01, limit=30)
    assert 0 < len(found.scores) <= 30
    assert (found.scores[:-1] >= found.scores[1:]).all()
    assert (found.boxes >= 0).all() and (found.boxes <= torch.tensor([77, 41, 77, 41])).all()
    overlap = intersection_over_union(found.boxes, found.boxes) > NMS_IOU
    same = found.categories[:, None] == found.categories[None]
    assert (overlap & same).sum() == len(found.scores), "two boxes of one category overlap"
    masks = draw_masks(found, outputs.mask_features[0], (41, 77), (82, 154))
    for mask, box in zip(masks, found.boxes * 2, strict=True):
        ys, xs = mask.nonzero(as_tuple=True)
        assert ((xs + 0.5 >= box[0]) & (xs + 0.5 < box[2]) & (ys + 0.5 >= box[1]) & (ys + 0.5 < box[3])).all()
    assert len(find_objects(outputs, 0, 41, 77, min_score=1.1).scores) == 0


def test_prototypes_are_trained_on_a_frozen_detector(tiny_run: Path, tmp_path: Path) -> None:
    common = [*VIEWS, "--tiny", "--steps", "2", "--base", str(tiny_run / "model")]
    stage("heads", "--run", str(tmp_path / "dynamic"), *common)
    trunk = tmp_path / "dynamic" / "heads.pt"
    stage("heads", "--run", str(tmp_path / "linear"), *common, "--trunk", str(trunk), "--prototypes", "6")
    dynamic, linear = (load_heads(tmp_path / run / "heads.pt", torch.device("cpu"))[0] for run in ("dynamic", "linear"))
    mine, theirs = linear.state_dict(), dynamic.state_dict()
    for name, value in mine.items():
        if not name.startswith(("controllers.", "mask_")):
            torch.testing.assert_close(value, theirs[name], rtol=0, atol=0, msg=name)
    features, parameters = torch.randn(1, 6, 3, 4), torch.randn(1, 7)
    masks = dynamic_masks(features, parameters, torch.zeros(1, 2), torch.ones(1))
    expected = torch.einsum("chw,c->hw", features[0], parameters[0, :6]) + parameters[0, 6]
    torch.testing.assert_close(masks[0], expected)


def test_heads_start_from_those_of_another_run(tiny_run: Path, tmp_path: Path) -> None:
    common = [*VIEWS, "--tiny", "--steps", "1", "--base", str(tiny_run / "model")]
    stage("heads", "--run", str(tmp_path / "first"), *common)
    first = tmp_path / "first" / "heads.pt"
    stage("heads", "--run", str(tmp_path / "second"), *common, "--start", str(first), "--rate", "0")
    a, b = (load_heads(path, torch.device("cpu"))[0] for path in (first, tmp_path / "second" / "heads.pt"))
    for (name, mine), theirs in zip(b.named_parameters(), a.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, msg=name)


def test_joint_stage_changes_synthesis_and_heads_only(tiny_run: Path, tmp_path: Path) -> None:
    base, run = tiny_run / "model", tmp_path / "run"
    stage("heads", "--run", str(run), *VIEWS, "--tiny", "--steps", "2", "--base", str(base))
    stage("export", "--run", str(run), "--base", str(base), "--out", str(tmp_path / "before"))
    crops = ["--pixels", "16384", "--crops", "64", "--log-every", "1", "--steps", "4", "--base", str(base)]
    stage("joint", "--run", str(run), *VIEWS, *crops, "--stop-after", "2")
    assert "resuming joint at step 2" in stage("joint", "--run", str(run), *VIEWS, *crops)
    stage("export", "--run", str(run), "--base", str(base), "--out", str(tmp_path / "after"))
    before, after = (stored_tensors(tmp_path / name) for name in ("before", "after"))
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    assert any(k.startswith("gs.") for k in changed) and any(k.startswith("heads.") for k in changed)
    assert all(k.startswith(("gs.", "heads.")) or k == "gain.log2_inverse" for k in changed)
    records = [json.loads(line) for line in (run / "joint.jsonl").read_text().splitlines()]
    assert len(records) == 4 and all(np.isfinite(r["loss"]) for r in records)


def test_unfolded_heads_compute_what_was_released() -> None:
    heads = tiny_heads(tiny_model())
    with torch.no_grad():
        for norm in heads.class_tower[0].norms:  # type: ignore[union-attr]
            norm.weight.mul_(torch.rand_like(norm.weight) - 0.3)  # signs too, and another for each level
    released = fold_heads(heads)
    again = unfold_heads(released)
    assert again.arch == heads.arch
    for name, value in fold_heads(again).items():
        torch.testing.assert_close(value, released[name], msg=name, rtol=1e-4, atol=1e-6)
    # Sizes are those that learning rates are meant for.
    for convolution in (again.outs[0].conv, again.box_tower[1].conv):
        size = convolution.weight.detach().square().mean().sqrt()
        assert float(size) == pytest.approx((2 / (16 * 9)) ** 0.5, rel=0.05)
    with pytest.raises(ValueError, match="has no heads"):
        unfold_heads({})


def test_joint_goes_on_from_a_release_alone(tiny_run: Path, tmp_path: Path) -> None:
    base, released = tiny_run / "model", tmp_path / "released"
    stage("heads", "--run", str(tmp_path / "first"), *VIEWS, "--tiny", "--steps", "2", "--base", str(base))
    stage("export", "--run", str(tmp_path / "first"), "--base", str(base), "--out", str(released))
    crops = ["--pixels", "16384", "--crops", "64", "--base", str(released)]
    for run, rates in (("same", ["--synthesis-rate", "0", "--heads-rate", "0"]), ("next", [])):
        stage("joint", "--run", str(tmp_path / run), *VIEWS, *crops, *rates, "--steps", "2")
        out = str(tmp_path / run / "model")
        stage("export", "--run", str(tmp_path / run), "--base", str(released), "--out", out)
    old, same, new = (stored_tensors(p) for p in (released, tmp_path / "same" / "model", tmp_path / "next" / "model"))
    for name, value in old.items():
        # Taken apart and put together again, the last bit of a half may turn.
        torch.testing.assert_close(same[name], value, msg=name, rtol=2e-3, atol=1e-5)
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert any(name.startswith("gs.") for name in changed) and any(name.startswith("heads.") for name in changed)
    assert all(name.startswith(("gs.", "heads.")) or name == "gain.log2_inverse" for name in changed)
    manifests = [json.loads((p / "manifest.json").read_text()) for p in (released, tmp_path / "next" / "model")]
    assert manifests[0]["detection"] == manifests[1]["detection"]
    assert manifests[0]["decodeId"] == manifests[1]["decodeId"]


def test_joint_says_where_its_heads_should_come_from(tiny_run: Path, tmp_path: Path) -> None:
    common = ["--run", str(tmp_path / "run"), *VIEWS, "--steps", "1"]
    with pytest.raises(AssertionError, match="has no heads; run the stage heads first"):
        stage("joint", *common, "--base", str(tiny_run / "model"))
    with pytest.raises(AssertionError, match=r"heads\.pt is missing: run the stage heads first"):
        stage("joint", *common)
