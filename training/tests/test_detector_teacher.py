"""A detector as teacher: its raw outputs at our locations, whose word counts where, and heads for more categories."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import stage
from PIL import Image
from test_heads import VIEWS, no_targets

from dicm_training.data.annotated import UNKNOWN, read_annotated, synthetic_annotated, without_boxes
from dicm_training.data.categories import COCO_CATEGORIES, category_key, coco_categories
from dicm_training.data.layout import Data, training_paths, unlabelled_paths
from dicm_training.data.views import Targets, ViewSource
from dicm_training.errors import UsageError
from dicm_training.loop.detector_teacher import PADDING, DetectorTeacher
from dicm_training.loop.kept_views import KeptViews
from dicm_training.loop.objects_to_learn import ObjectsToLearn
from dicm_training.loop.starting_heads import with_categories
from dicm_training.losses.detection import Opinion, detection_loss, follow
from dicm_training.models.backbone import TINY_BACKBONE, Tail
from dicm_training.models.heads import TINY_HEADS, Heads
from dicm_training.models.locations import locations
from dicm_training.models.onnx_network import OnnxNetwork
from dicm_training.release.folder import stored_tensors
from dicm_training.stages import joint

SIDE = 96
COUNT = (SIDE // 8) ** 2 + (SIDE // 16) ** 2 + (SIDE // 32) ** 2


class FakeNetwork:
    """Stands in for a network: answers what it was made with, and keeps what it was asked."""

    def __init__(self, raw: np.ndarray) -> None:
        self.raw, self.asked = torch.from_numpy(raw), torch.zeros(0)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        self.asked = pixels
        return self.raw


def teacher_that_says(raw: np.ndarray, labelled: list[int]) -> tuple[DetectorTeacher, FakeNetwork]:
    """A teacher without a network."""
    teacher = DetectorTeacher.__new__(DetectorTeacher)
    network = FakeNetwork(raw)
    teacher.network, teacher.side = network, SIDE
    teacher.labelled = torch.zeros(80, dtype=torch.bool)
    teacher.labelled[labelled] = True
    return teacher, network


def nothing_on(unlabelled: list[float]) -> Targets:
    """Targets of one view without objects; the box `unlabelled` of it nobody has marked."""
    return no_targets(1, torch.tensor([[unlabelled]]), torch.zeros(1, 16, 24, dtype=torch.uint8))


def test_categories_are_cocos() -> None:
    assert len(COCO_CATEGORIES) == 80
    by_name = {name: number for number, name in COCO_CATEGORIES}
    # Published ids at both ends and around the gaps of the numbering.
    for name, number in {"person": 1, "stop sign": 13, "umbrella": 28, "handbag": 31, "dining table": 67}.items():
        assert by_name[name] == number
    assert by_name["toilet"] == 70 and by_name["tv"] == 72 and by_name["toothbrush"] == 90
    assert {category_key(n) for n in ("aeroplane", "diningtable", "pottedplant", "tvmonitor")} == {
        category_key(n) for n in ("airplane", "dining table", "potted plant", "tv")
    }


def test_raw_outputs_become_scores_and_boxes_at_our_locations() -> None:
    raw = np.zeros((1, COUNT, 85), np.float32)
    # Stride 16, row 2, column 3: the middle half a cell right and a quarter down, twice as wide as high.
    place = (SIDE // 8) ** 2 + 2 * (SIDE // 16) + 3
    raw[0, place, :4] = [0.5, 0.25, np.log(2), 0]
    raw[0, place, 4], raw[0, place, 5 + 16] = 0.5, 0.8
    teacher, network = teacher_that_says(raw, [])
    rgb = torch.zeros(1, 3, 64, 80)
    rgb[0, 0] = 1.0
    opinion = teacher.opinion(rgb, nothing_on([0.0, 0, 0, 0]))
    ours = 8 * 10 + 2 * 5 + 3  # 64 x 80 has 8 x 10 locations of stride 8, then 4 x 5 of stride 16
    assert opinion.scores.shape == (1, 8 * 10 + 4 * 5 + 2 * 3, 80)
    assert float(opinion.scores[0, ours, 16]) == pytest.approx(0.4)
    assert int((opinion.scores > 0).sum()) == 1
    x, y = 3 * 16 + 8, 2 * 16 + 4
    torch.testing.assert_close(opinion.boxes[0, ours], torch.tensor([x - 16.0, y - 8, x + 16, y + 8]))
    # Blue comes first, 0 to 255, and grey surrounds the picture.
    assert network.asked[0, :, 5, 5].tolist() == [0, 0, 255]
    assert network.asked[0, :, 64, 5].tolist() == [PADDING] * 3 and network.asked[0, 0, 5, 80] == PADDING


def test_annotations_overrule_the_teacher_where_they_exist() -> None:
    teacher, _ = teacher_that_says(np.zeros((1, COUNT, 85), np.float32), [0, 16])
    opinion = teacher.opinion(torch.zeros(1, 3, 64, 64), nothing_on([0.0, 0, 32, 64]))
    at = locations(8, 8, 8)
    left = at[:, 0] < 32
    valid = opinion.valid[0, : len(at)]
    assert valid[left].all()
    assert not valid[~left][:, [0, 16]].any()
    assert valid[~left].sum(1).tolist() == [78] * int((~left).sum())


def test_goals_follow_a_valid_opinion_alone() -> None:
    scores = torch.tensor([[[0.9, 0.1], [0.9, 0.3]]])
    valid = torch.tensor([[[False, True], [True, True]]])
    opinion = Opinion(scores, torch.zeros(1, 2, 4), valid)
    goal, counted = torch.tensor([[0.7, 0.0], [0.0, 0.0]]), torch.tensor([[True, True], [False, False]])
    goals, counts, strength = follow(opinion, goal[None], counted[None], torch.tensor([[True, False]]))
    torch.testing.assert_close(goals[0], torch.tensor([[0.7, 0.1], [0.9, 0.3]]))
    assert counts.all()
    torch.testing.assert_close(strength[0], torch.tensor([0.0, 0.9]))


def test_loss_falls_towards_the_teacher() -> None:
    torch.manual_seed(0)
    heads = Heads(TINY_HEADS)
    tail = tuple(torch.randn(1, c, 64 // s, 64 // s) for c, s in zip(TINY_HEADS.inputs, (8, 16, 32), strict=True))
    teacher, _ = teacher_that_says(np.zeros((1, COUNT, 85), np.float32), [])
    targets = nothing_on([0.0, 0, 64, 64])
    opinion = teacher.opinion(torch.zeros(1, 3, 64, 64), targets)
    opinion.scores, opinion.valid = opinion.scores[..., :20].clone(), opinion.valid[..., :20]
    opinion.scores[0, 30, 3] = 0.8
    opinion.boxes[0, 30] = torch.tensor([10.0, 10, 50, 40])
    optimiser = torch.optim.Adam(heads.parameters(), lr=3e-3)
    first = last = 0.0
    for i in range(40):
        loss, parts = detection_loss(heads(tail), targets, opinion)  # type: ignore[arg-type]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        first, last = (float(parts["box"]) if i == 0 else first), float(parts["box"])
    assert last < 0.5 * first
    score = heads(tail).classes[0].sigmoid()[0, 3].flatten()[30]  # type: ignore[arg-type]
    assert float(score.detach()) > 0.1


def onnx_file(path: Path) -> Path:
    """A network of every operator that the reader knows, 40 channels wide."""
    h, onp = onnx.helper, onnx.numpy_helper
    rng = np.random.default_rng(2)

    def stored(name: str, value: np.ndarray) -> onnx.TensorProto:
        return onp.from_array(value, name)

    def numbers(name: str, *values: int) -> onnx.NodeProto:
        return h.make_node("Constant", [], [name], value=stored(name, np.array(values, np.int64)))

    weights = [
        stored("w0", rng.normal(size=(6, 3, 3, 3)).astype(np.float32)),
        stored("b0", rng.normal(size=6).astype(np.float32)),
        stored("w1", rng.normal(size=(6, 1, 5, 5)).astype(np.float32)),
        stored("roi", np.zeros(0, np.float32)),
        stored("scales", np.array([1, 1, 2, 1], np.float32)),
    ]
    nodes = [
        h.make_node("Conv", ["x", "w0", "b0"], ["c0"], pads=[1, 1, 1, 1], strides=[2, 2], kernel_shape=[3, 3]),
        h.make_node("Sigmoid", ["c0"], ["s0"]),
        h.make_node("Mul", ["c0", "s0"], ["m0"]),
        h.make_node("Conv", ["m0", "w1"], ["c1"], pads=[2, 2, 2, 2], group=6, kernel_shape=[5, 5]),
        h.make_node("MaxPool", ["c1"], ["p1"], pads=[2, 2, 2, 2], strides=[1, 1], kernel_shape=[5, 5]),
        h.make_node("Add", ["p1", "m0"], ["a1"]),
        *(numbers(name, value) for name, value in (("from", 0), ("to", 2**31), ("two", 2), ("axis", 2), ("tail", -1))),
        h.make_node("Slice", ["a1", "from", "to", "axis", "two"], ["rows"]),
        h.make_node(
            "Resize",
            ["rows", "roi", "scales"],
            ["up"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
        h.make_node("Concat", ["up", "a1"], ["both"], axis=1),
        h.make_node("Shape", ["both"], ["shape"]),
        h.make_node("Slice", ["shape", "from", "two"], ["first"]),
        h.make_node("Concat", ["first", "tail"], ["flat"], axis=0),
        h.make_node("Reshape", ["both", "flat"], ["list"]),
        h.make_node("Transpose", ["list"], ["y"], perm=[0, 2, 1]),
    ]
    kind = onnx.TensorProto.FLOAT
    inputs, outputs = h.make_tensor_value_info("x", kind, [1, 3, 8, 8]), h.make_tensor_value_info("y", kind, None)
    graph = h.make_graph(nodes, "small", [inputs], [outputs], weights)
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 11)], ir_version=8), path)
    return path


def test_onnx_networks_answer_as_onnx_runtime_does(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "small.onnx")
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    network = OnnxNetwork(path, torch.device("cpu"))
    (expected,) = onnxruntime.InferenceSession(str(path)).run(None, {"x": x.numpy()})
    found = network(x)
    assert found.shape == (1, 16, 12)
    torch.testing.assert_close(found, torch.from_numpy(expected), rtol=1e-4, atol=1e-5)
    two = network(torch.cat((x, 2 * x)))
    torch.testing.assert_close(two[:1], found)
    with pytest.raises(UsageError, match="not laid out as YOLOX is.*found \\[1, 3, 8, 8\\] and \\[1, 16, 12\\]"):
        DetectorTeacher(path, [], torch.device("cpu"))


def test_files_that_are_no_such_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(UsageError, match="cannot be read as ONNX"):
        DetectorTeacher(path, [], torch.device("cpu"))
    model = onnx.load(onnx_file(path))
    model.graph.node[1].op_type = "Erf"
    onnx.save(model, path)
    with pytest.raises(UsageError, match="has the operator Erf, which is not among Add, Concat"):
        DetectorTeacher(path, [], torch.device("cpu"))


def test_views_say_where_nobody_marked_objects() -> None:
    marked, unmarked = synthetic_annotated(1, side=64), [without_boxes(np.zeros((64, 64, 3), np.uint8))]
    for pictures, count in ((marked, 0), (unmarked, 1)):
        _, targets = ViewSource(pictures, 1, (64, 64), (64, 64), 3).batch(0)
        parts = int((targets.unlabelled[0, :, 2] > targets.unlabelled[0, :, 0]).sum())
        assert parts >= count and (count > 0 or parts == 0)
    assert (targets.objects == UNKNOWN).float().mean() > 0.9


def data_with_many(root: Path) -> Path:
    """Two lists of classes and two annotated ones, in the words of VOC."""
    for folder, rows in {
        "classification": ["a0,n1", "a1,n1", "a2,n2"],
        "more-classes": ["b0,n1", "b1,", "b2,"],
    }.items():
        (root / folder).mkdir()
        (root / folder / "train.csv").write_text(
            "path,wnid\n" + "".join(f"{r.replace(',', '.png,', 1)}\n" for r in rows)
        )
        for row in rows:
            Image.new("RGB", (16, 16)).save(root / folder / f"{row.split(',')[0]}.png")
    for folder, part, name, instance in (("detection", "train", "sofa", {"instance": 1}), ("d2", "more", "person", {})):
        (root / folder).mkdir()
        Image.new("RGB", (16, 16)).save(root / folder / "x.png")
        annotation = {"image_id": 1, "category_id": 9, "bbox": [0, 0, 8, 8], "mask": "none", "iscrowd": 0, **instance}
        listed = {
            "images": [{"id": 1, "file_name": "x.png"}],
            "annotations": [annotation],
            "categories": [{"id": 9, "name": name}],
        }
        (root / folder / f"instances_{part}.json").write_text(json.dumps(listed))
    return root


def test_further_lists_are_read_and_classes_thinned_out(tmp_path: Path) -> None:
    root = data_with_many(tmp_path)
    names = [path.name for path in unlabelled_paths(root, 1)]
    assert names == ["a0.png", "a2.png", "b0.png", "b1.png", "b2.png"]
    assert len(unlabelled_paths(root)) == 6 and len(training_paths(root)) == 8
    order = [name for _, name in COCO_CATEGORIES]
    found = read_annotated(root, Data.ANNOTATED, order)
    assert [order[int(p.categories[0])] for p in found] == ["couch", "person"]
    with pytest.raises(UsageError, match="has the categories sofa, which are not among dog"):
        read_annotated(root, Data.ANNOTATED, ["dog"])


def test_heads_get_outputs_for_more_categories() -> None:
    torch.manual_seed(1)
    heads = Heads(TINY_HEADS).eval()
    present = [{"id": i + 1, "name": name} for i, name in enumerate(["sofa", *(f"x{i}" for i in range(19))])]
    wide = with_categories(heads, present, coco_categories())
    tail = tuple(torch.randn(1, c, 64 // s, 64 // s) for c, s in zip(TINY_HEADS.inputs, (8, 16, 32), strict=True))
    a, b = heads(tail), wide(tail)  # type: ignore[arg-type]
    couch = [name for _, name in COCO_CATEGORIES].index("couch")
    for old, new in zip(a.classes, b.classes, strict=True):
        assert new.shape[1] == 80
        torch.testing.assert_close(new[:, couch], old[:, 0])
        assert float(new[:, couch + 1].sigmoid().mean().detach()) == pytest.approx(0.01, abs=0.005)
    for old, new in zip(a.distances, b.distances, strict=True):
        torch.testing.assert_close(new, old)


def test_kept_batches_come_again_in_another_order() -> None:
    source = ViewSource(synthetic_annotated(4, side=64), 1, (64, 64), (64, 64), 5)
    made: list[int] = []

    def features(rgb: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        made.append(step)
        return rgb.mean(1), rgb, rgb

    objects, cpu = ObjectsToLearn([], [], None), torch.device("cpu")
    views = KeptViews(source, objects, features, 3, cpu).batches(0)
    turns = [[float(next(views).tail[0].sum()) for _ in range(3)] for _ in range(4)]
    assert sorted(made) == [0, 1, 2]
    assert all(sorted(turn) == sorted(turns[0]) for turn in turns) and len({tuple(turn) for turn in turns}) > 1
    assert next(KeptViews(source, objects, features, 0, cpu).batches(7)).targets is not None and made[-1] == 7


def test_heads_go_on_from_a_release_with_kept_batches(tiny_run: Path, tmp_path: Path) -> None:
    base, released = tiny_run / "model", tmp_path / "released"
    stage("heads", "--run", str(tmp_path / "first"), *VIEWS, "--tiny", "--steps", "2", "--base", str(base))
    stage("export", "--run", str(tmp_path / "first"), "--base", str(base), "--out", str(released))
    common = [*VIEWS, "--tiny", "--base", str(base), "--start", str(released), "--kept-batches", "2"]
    stage("heads", "--run", str(tmp_path / "next"), *common, "--steps", "4", "--rate", "0")
    stage("export", "--run", str(tmp_path / "next"), "--base", str(base), "--out", str(tmp_path / "after"))
    before, after = stored_tensors(released), stored_tensors(tmp_path / "after")
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, msg=name, rtol=2e-3, atol=1e-5)


def test_joint_starts_between_two_tails(tiny_run: Path) -> None:
    tensors = {k: v.float() for k, v in stored_tensors(tiny_run / "model").items() if k.startswith("tail.")}
    other = Tail(TINY_BACKBONE)
    between = {k: (tensors[f"tail.{k}"] + v.view_as(tensors[f"tail.{k}"])) / 2 for k, v in other.state_dict().items()}
    joint.starting_tail(tensors, other, 0.5)
    for name, value in between.items():
        torch.testing.assert_close(tensors[f"tail.{name}"], value.detach())
    with pytest.raises(UsageError, match="--tail-rate needs --backbone"):
        joint.check_options(argparse.Namespace(backbone=None, tail_rate=1e-4, tail_share=1.0))


def test_crops_alone_leave_the_heads(tiny_run: Path, tmp_path: Path) -> None:
    base, released = tiny_run / "model", tmp_path / "released"
    stage("heads", "--run", str(tmp_path / "first"), *VIEWS, "--tiny", "--steps", "1", "--base", str(base))
    stage("export", "--run", str(tmp_path / "first"), "--base", str(base), "--out", str(released))
    options = ["--synthetic", "--batch", "0", "--pixels", "16384", "--crops", "64", "--patterns", "0", "--threads", "2"]
    stage("joint", "--run", str(tmp_path / "run"), *options, "--base", str(released), "--steps", "2")
    stage("export", "--run", str(tmp_path / "run"), "--base", str(released), "--out", str(tmp_path / "after"))
    before, after = stored_tensors(released), stored_tensors(tmp_path / "after")
    changed = {
        name for name, value in before.items() if not torch.allclose(after[name].float(), value.float(), rtol=2e-3)
    }
    assert changed and all(name.startswith("gs.") or name == "gain.log2_inverse" for name in changed)
