"""Cases for the project's metrics with the answers of pycocotools and scipy. From the repository root:

python training/tools/make_evaluation_vectors.py fixtures/evaluation
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import metric_witness as witness
import numpy as np

Case = witness.Case
HEIGHT, WIDTH = 18, 24


def blob(random: np.random.Generator, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """Draw an ellipse with ragged edges, a bitmap of 0 and 1."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    centre = random.uniform(0, 1, 2) * shape
    radius = random.uniform(2, 8, 2)
    distance = ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2
    return (distance < random.uniform(0.6, 1.2, shape)).astype(np.uint8)


def mask_cases(random: np.random.Generator) -> list[Case]:
    """Pairs of masks: blobs, noise, all, nothing, and a mask of many characters a number."""
    shapes = [(1, 1), (1, 9), (9, 1), (7, 5), (HEIGHT, WIDTH)]
    pairs = [
        (blob(random, shape), (random.random(shape) < share).astype(np.uint8))
        for shape in shapes
        for share in (0.05, 0.5, 1.1)
    ]
    pairs.append((np.zeros((6, 4), np.uint8), np.ones((6, 4), np.uint8)))
    wide = np.zeros((700, 300), np.uint8)
    wide[13:690, 40:43] = 1
    pairs.append((wide, np.roll(wide, (5, 1), (0, 1))))
    cases = [{"a": witness.run_lengths(a), "b": witness.run_lengths(b)} for a, b in pairs]
    return [{**case, "expected": witness.mask_figures(case)} for case in cases]


def described(bitmap: np.ndarray, category: int, **more: object) -> Case:
    """Describe an object by its mask and the box around it."""
    rows, columns = np.flatnonzero(bitmap.any(1)), np.flatnonzero(bitmap.any(0))
    box = [0, 0, 0, 0] if len(rows) == 0 else [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
    sides = dict(zip(("x", "y", "width", "height"), (int(side) for side in box), strict=True))
    return {"categoryId": category, "box": sides, **more, "mask": witness.run_lengths(bitmap)}


def shifted(bitmap: np.ndarray, random: np.random.Generator, most: int) -> np.ndarray:
    """Move a bitmap by up to `most` pixels."""
    return np.roll(bitmap, tuple(int(n) for n in random.integers(-most, most + 1, 2)), (0, 1))


def image(random: np.random.Generator, crowds: float, unknown: bool) -> Case:
    """Draw objects, found ones with errors, and some that are not there; scores in tenths, so that many tie."""
    truth, detections = [], []
    for _ in range(int(random.integers(0, 5))):
        bitmap, category = blob(random), int(random.integers(1, 4))
        truth.append(described(bitmap, category, isCrowd=bool(random.random() < crowds)))
        for _ in range(int(random.integers(0, 4))):
            score = round(float(random.random()), 1)
            detections.append(described(shifted(bitmap, random, 2), category, score=score))
    for _ in range(int(random.integers(0, 4))):
        score = round(float(random.random()), 1)
        detections.append(described(blob(random), int(random.integers(1, 5)), score=score))
    drawn: Case = {"truth": truth, "detections": detections}
    return drawn | {"unknown": witness.run_lengths(blob(random) | blob(random))} if unknown else drawn


def detection_cases(random: np.random.Generator) -> list[Case]:
    """Boxes and masks, with crowds, ties, pictures without truth or without answers, and unknown pixels."""
    plain = [image(random, 0, False) for _ in range(8)]
    crowded = [image(random, 0.4, False) for _ in range(10)]
    partly_unknown = [image(random, 0.2, i % 4 != 0) for i in range(12)]
    many = image(random, 0, False)
    bitmap = blob(random)
    many["truth"].append(described(bitmap, 1, isCrowd=False))
    many["detections"] += [
        described(shifted(bitmap, random, 1), 1, score=round(0.001 * (i % 97), 3)) for i in range(130)
    ]
    silent = [{**case, "detections": []} for case in plain[:3]]
    perfect = [{**case, "detections": [{**item, "score": 0.5} for item in case["truth"]]} for case in plain]
    cases = [
        ("boxes", "box", plain),
        ("masks", "mask", plain),
        ("boxes with crowds", "box", crowded),
        ("masks with crowds", "mask", crowded),
        ("masks with unknown pixels", "mask", partly_unknown),
        ("more than 100 detections of a category", "box", [many]),
        ("no detections", "box", silent),
        ("no truth", "box", [{**case, "truth": []} for case in plain[:3]]),
        ("nothing at all", "mask", [{"truth": [], "detections": []}]),
        ("every object found", "mask", perfect),
    ]
    described_cases = [
        {"name": name, "kind": kind, "height": HEIGHT, "width": WIDTH, "categoryIds": [1, 2, 3, 4, 5], "images": images}
        for name, kind, images in cases
    ]
    return [{**case, "expected": witness.average_precision(case)} for case in described_cases]


def curve_cases(random: np.random.Generator) -> list[Case]:
    """Pairs of curves as [rate, accuracy]: published ones, rising, falling in places, and apart."""
    cases: list[Case] = [
        {
            "name": "JCTVC-E137, first example (values as in the tests of Netflix's vmaf)",
            "anchor": [[108048.8736, 43.6471], [61279.976, 40.3953], [33905.6656, 37.247], [18883.6928, 34.2911]],
            "test": [[108061.2784, 43.6768], [61299.9936, 40.4232], [33928.7472, 37.2761], [18910.912, 34.3147]],
            "published": {"bdRate": -0.465215420752807},
        },
        {
            "name": "JCTVC-E137, second example (values as in the tests of Netflix's vmaf)",
            "anchor": [[40433.8848, 37.5761], [7622.7456, 35.3756], [2394.488, 33.8977], [1017.6184, 32.0603]],
            "test": [[40370.12, 37.5982], [7587.0024, 35.4025], [2390.0944, 33.9194], [1017.0984, 32.0822]],
            "published": {"bdRate": -1.8779823450567612},
        },
        {
            "name": "two points a curve",
            "anchor": [[100, 0.4], [400, 0.8]],
            "test": [[80, 0.4], [320, 0.8]],
        },
        {
            "name": "falling in places",
            "anchor": [[100, 0.3], [200, 0.55], [300, 0.5], [450, 0.52], [700, 0.7]],
            "test": [[90, 0.35], [150, 0.35], [260, 0.6], [500, 0.58], [900, 0.72]],
        },
        {
            "name": "one rate measured twice",
            "anchor": [[100, 0.3], [200, 0.5], [200, 0.54], [400, 0.6]],
            "test": [[120, 0.33], [240, 0.5], [480, 0.66]],
        },
        {"name": "apart", "anchor": [[100, 0.3], [200, 0.4]], "test": [[300, 0.5], [500, 0.6]]},
        {"name": "touching", "anchor": [[100, 0.3], [200, 0.4]], "test": [[190, 0.39], [500, 0.6]]},
    ]
    for i in range(6):
        curves: Case = {"name": f"random {i}"}
        for name in ("anchor", "test"):
            rates = np.sort(random.uniform(100, 1500, 5 + i % 3))
            accuracies = 0.8 - 20 / rates + random.normal(0, 0.01 * i, len(rates))
            curves[name] = [[float(rate), float(value)] for rate, value in zip(rates, accuracies, strict=True)]
        cases.append(curves)
    return [{**case, "expected": witness.delta(case)} for case in cases]


def bootstrap_cases(random: np.random.Generator) -> list[Case]:
    """Hits and sizes of 40 pictures at four settings of two codecs."""
    difficulty, size = random.uniform(0, 1, 40), random.uniform(0.5, 2, 40)
    case: Case = {"seed": 20, "resamples": 100, "confidence": 0.9}
    for name, gain in (("anchor", 1.0), ("test", 1.4)):
        case[name] = []
        for rate in (150, 300, 600, 1200):
            skill = 0.9 - 60 / (rate * gain) + random.normal(0, 0.05, 40)
            sizes = [int(n) for n in rate * size * random.uniform(0.9, 1.1, 40)]
            case[name].append({"bytes": sizes, "hits": [int(hit) for hit in difficulty < skill]})
    return [{**case, "expected": witness.bootstrap(case)}]


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"masks": mask_cases, "detections": detection_cases, "curves": curve_cases, "bootstrap": bootstrap_cases}
    for seed, (name, make) in enumerate(makers.items()):
        cases = [json.dumps(case, separators=(",", ":")) for case in make(np.random.default_rng(seed))]
        (folder / f"{name}.json").write_text("[\n" + ",\n".join(cases) + "\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
