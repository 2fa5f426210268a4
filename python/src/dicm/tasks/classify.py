"""What a picture shows, of the classes the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.load import ClassName


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer of a classifier.

    Attributes:
        index: Number of the class, from 0.
        wnid: WordNet identifier, for example ``n02123045``.
        label: Name of the class.
        score: Probability, 0 to 1; those of all classes sum to 1.
    """

    index: int
    wnid: str
    label: str
    score: float


def top_predictions(
    logits: NDArray[np.float32], classes: Sequence[ClassName], top: int, min_score: float
) -> list[Prediction]:
    """Turns logits [classes] into the best answers, best first; equal scores in the order of the classes."""
    exponentials = np.exp(logits.astype(np.float64) - float(logits.max()))
    scores = exponentials / exponentials.sum()
    order = np.argsort(-scores, kind="stable")[:top]
    return [
        Prediction(classes[at].index, classes[at].wnid, classes[at].label, float(scores[at]))
        for at in order
        if scores[at] >= min_score
    ]
