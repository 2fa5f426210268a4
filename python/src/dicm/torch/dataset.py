"""A folder or a list of .dicm files as a data set with classes."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from ..errors import DicmError, UsageError
from .decoding import FeatureOptions

NO_LABEL = -1
"""Label of a file whose class nobody said; what ``ignore_index`` of a loss may be set to."""


class DicmDataset(Dataset[tuple[torch.Tensor, int]]):
    """Features and labels of .dicm files, decoded when they are asked for.

    Attributes:
        paths: The files, in the order of the data set.
        labels: Place of each file's class in ``classes``, or -1.
        classes: Names of the classes.
        options: What is decoded.
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        layer: str = "pooled",
        dtype: str = "float32",
        *,
        classes: Sequence[str] | None = None,
        path_column: str = "path",
        label_column: str = "label",
        transform: Callable[[torch.Tensor], Any] | None = None,
        model: str | os.PathLike[str] | None = None,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
    ) -> None:
        """Lists the files; none is opened yet.

        Args:
            source: A folder, whose folders are the classes and hold .dicm files at any depth, or with files alone in
                it, which have no class; or a CSV file with a header, whose paths are relative to it.
            layer: As for :class:`FeatureOptions`, and so are dtype, model, providers and threads.
            dtype: ``float32`` or ``float16``.
            classes: Names of the classes in the order of their labels; those there are, sorted, unless given. A data
                set for evaluation gets those of the training set.
            path_column: Column of the CSV file.
            label_column: Likewise, with the names of the classes; without such a column, or where it is empty, files
                have no class.
            transform: Called with each tensor, in the worker.
            model: See layer.
            providers: See layer.
            threads: See layer.

        Raises:
            UsageError: ``bad-dataset`` for a source that is none, or a class that is not among those given;
                ``empty-dataset``
        """
        self.options = FeatureOptions(layer, dtype, model, providers, threads)
        self.transform = transform
        place = Path(source)
        if place.is_dir():
            found = _read_folder(place)
        elif place.is_file():
            found = _read_csv(place, path_column, label_column)
        else:
            raise UsageError(
                "bad-dataset", f"{place} is neither a folder of .dicm files nor a CSV file that lists them"
            )
        if not found:
            raise UsageError(
                "empty-dataset", f"{place} has no .dicm files; `dicm encode -r PHOTOS -o {place}` makes some"
            )
        self.paths = [path for path, _ in found]
        self.classes = list(classes) if classes is not None else sorted({name for _, name in found if name is not None})
        self.labels = _labels(found, self.classes, place)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Decodes a file.

        Returns:
            Its features as :meth:`FeatureOptions.read` gives them, transformed, and its label.

        Raises:
            DicmError: As :meth:`FeatureOptions.read`; the message begins with the path.
        """
        path = self.paths[index]
        try:
            tensor = self.options.read(path)
        except DicmError as error:
            error.args = (f"{path}: {error}",)
            raise
        return (tensor if self.transform is None else self.transform(tensor)), self.labels[index]


def _read_folder(folder: Path) -> list[tuple[Path, str | None]]:
    below = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    if not below:
        return [(path, None) for path in _dicm_files(folder.iterdir())]
    return [(path, entry.name) for entry in below for path in _dicm_files(entry.rglob("*"))]


def _dicm_files(paths: Iterable[Path]) -> list[Path]:
    return sorted(
        path for path in paths if path.suffix.lower() == ".dicm" and not path.name.startswith(".") and path.is_file()
    )


def _read_csv(path: Path, path_column: str, label_column: str) -> list[tuple[Path, str | None]]:
    # A byte order mark belongs to the text, not to the first column.
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or []
        if path_column not in columns:
            has = ", ".join(columns) or "none"
            raise UsageError("bad-dataset", f"{path} has no column {path_column}, it has {has}; name it by path_column")
        return [(path.parent / row[path_column], row.get(label_column) or None) for row in rows if row[path_column]]


def _labels(found: Sequence[tuple[Path, str | None]], classes: Sequence[str], place: Path) -> list[int]:
    number = {name: index for index, name in enumerate(classes)}
    unknown = sorted({name for _, name in found if name is not None and name not in number})
    if unknown:
        some = ", ".join(unknown[:5])
        raise UsageError("bad-dataset", f"{place} has classes that are not among the {len(classes)} given: {some}")
    return [NO_LABEL if name is None else number[name] for _, name in found]
