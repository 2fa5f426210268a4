"""What other libraries of data sets call. None of them is imported: their conventions are plain functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..errors import UsageError
from .decoding import FeatureOptions


class WebDatasetDecoder:
    """Decodes the entries ``.dicm`` of samples: ``webdataset.WebDataset(...).decode(WebDatasetDecoder("layer4"))``.

    As webdataset's ``decode`` wants its handlers: called with the key, dot included, and the bytes of each entry;
    ``None`` leaves the entry to others.
    """

    def __init__(self, layer: str = "pooled", dtype: str = "float32", **options: Any) -> None:
        """Takes the fields of :class:`FeatureOptions`."""
        self.options = FeatureOptions(layer, dtype, **options)

    def __call__(self, key: str, data: bytes) -> torch.Tensor | None:
        """Decodes an entry whose key ends in ``.dicm``. Raises DicmError as :meth:`FeatureOptions.read`."""
        if key.rpartition(".")[2].lower() != "dicm":
            return None
        return self.options.read(data)


class HuggingFaceTransform:
    """Puts features into rows of a Hugging Face data set.

    For ``dataset.set_transform(HuggingFaceTransform("dicm"))``, which decodes rows when they are read, or
    ``dataset.map(HuggingFaceTransform("dicm"), remove_columns="dicm")``, batched or not, which keeps the features.
    """

    def __init__(
        self, column: str, layer: str = "pooled", dtype: str = "float32", *, to: str = "features", **options: Any
    ) -> None:
        """Names the columns.

        Args:
            column: Of the files: paths, bytes, or dictionaries with ``bytes`` or ``path``, as the library stores files.
            layer: As for :class:`FeatureOptions`, and so are dtype and options.
            dtype: See layer.
            to: Column of the features.
            options: See layer.
        """
        self.column = column
        self.to = to
        self.options = FeatureOptions(layer, dtype, **options)

    def __call__(self, rows: Mapping[str, Any]) -> dict[str, Any]:
        """Adds the features to a row, or to a batch of rows, whose columns are lists.

        Returns:
            All columns; that of the files is left out, so that batches of a transform can be collated.

        Raises:
            UsageError: ``bad-dataset`` where there is no such column, or it holds no files.
            DicmError: As :meth:`FeatureOptions.read`.
        """
        if self.column not in rows:
            raise UsageError("bad-dataset", f"there is no column {self.column}; there is {', '.join(rows)}")
        value = rows[self.column]
        kept = {name: column for name, column in rows.items() if name != self.column}
        decoded = [self._read(one) for one in value] if isinstance(value, list) else self._read(value)
        return {**kept, self.to: decoded}

    def _read(self, value: Any) -> torch.Tensor:
        if isinstance(value, Mapping):
            data = value.get("bytes")
            value = value.get("path") if data is None else data
        if value is None:
            raise UsageError("bad-dataset", f"column {self.column} has a row without a file")
        return self.options.read(value)
