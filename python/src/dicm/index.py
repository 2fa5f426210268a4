"""Reads indexes of .dicm files, which ``dicm index`` makes: what pictures show, and which are alike.

>>> import dicm.index
>>> with dicm.index.open_index("pictures.dicmdex") as index:
...     for hit in index.search(like="coded/photo.dicm", top=10):
...         print(hit.distance, hit.path)

Nothing but numpy and the sqlite3 of the standard library is needed: neither model nor onnxruntime. The tables are those
of docs/index-format.md, and ``index.connection`` takes queries of one's own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from .errors import FormatError, ModelError, UnsupportedError, UsageError

_APPLICATION_ID = 0x64636978
_VERSION = 1
_BLOCK_SLOTS = 1024
_SCORE_UNITS = 10_000


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index was made with.

    Attributes:
        model: Name of the model.
        decode_id: First 8 digits of its decode id.
        render_id: First 4 digits of its render id.
        space: Of the vectors: those of another space must not be compared with them.
        dimensions: Components of a vector.
        min_class_score: Smallest score of a class that was kept, 0 to 1.
        min_object_score: Smallest score of an object that was kept, 0 to 1.
    """

    model: str
    decode_id: str
    render_id: str
    space: str
    dimensions: int
    min_class_score: float
    min_object_score: float


@dataclass(frozen=True, slots=True)
class IndexedClass:
    """A class that a picture may show: its number, WordNet identifier, name, and score from 0 to 1."""

    index: int
    wnid: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class IndexedObject:
    """An object in a picture: name, number of its category, score from 0 to 1, and box.

    Attributes:
        box: x, y, width, height in whole pixels of the photograph.
    """

    label: str
    category_id: int
    score: float
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """What an index knows of a file.

    Attributes:
        number: Of the file in the index, from 1.
        path: From the folder of the index, with ``/``; what is no UTF-8 in it as ``os.fsdecode`` gives it.
        bytes: Size of the .dicm file.
        width: Of the photograph after orientation, in pixels.
        height: Of the photograph after orientation, in pixels.
        quality: 1 to 100.
        classes: Best first.
        objects: Best first.
        distance: From what was searched for: 0 for the same direction, 1 for none in common; None where nothing was.
    """

    number: int
    path: str
    bytes: int
    width: int
    height: int
    quality: float
    classes: tuple[IndexedClass, ...]
    objects: tuple[IndexedObject, ...]
    distance: float | None = None


class Index:
    """An index that is open for reading; :func:`open_index` opens one.

    Attributes:
        path: Of the index.
        about: What it was made with.
        connection: For queries of one's own; it cannot write.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self.about = _read_info(path, connection)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self.connection.close()

    def __len__(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM files").fetchone()[0])

    def __iter__(self) -> Iterator[IndexedFile]:
        for (number,) in self.connection.execute("SELECT file FROM files ORDER BY file").fetchall():
            yield self.file(number)

    def file(self, number: int, distance: float | None = None) -> IndexedFile:
        """What is known of a file.

        Raises:
            FormatError: ``index-damaged`` where there is no such file.
        """
        row = self.connection.execute(
            "SELECT path, bytes, width, height, quality FROM files WHERE file = ?", (number,)
        ).fetchone()
        if row is None:
            raise FormatError("index-damaged", f"{self.path} has a vector of file {number}, and nothing else of it")
        path, size, width, height, quality = row
        classes = self.connection.execute(
            "SELECT class, wnid, label, score FROM scores JOIN classes USING (class) "
            "WHERE file = ? ORDER BY score DESC, class",
            (number,),
        )
        objects = self.connection.execute(
            "SELECT name, category, score, x, y, width, height FROM objects JOIN categories USING (category) "
            "WHERE file = ? ORDER BY score DESC, n",
            (number,),
        )
        return IndexedFile(
            number,
            path if isinstance(path, str) else os.fsdecode(path),
            size,
            width,
            height,
            quality,
            tuple(IndexedClass(index, wnid, label, score / _SCORE_UNITS) for index, wnid, label, score in classes),
            tuple(
                IndexedObject(label, category, score / _SCORE_UNITS, (x, y, w, h))
                for label, category, score, x, y, w, h in objects
            ),
            distance,
        )

    def find(self, path: str) -> int | None:
        """Number of a file by its path in the index; None where it is not in it."""
        raw = os.fsencode(path)
        try:
            name: str | bytes = raw.decode()
        except UnicodeDecodeError:
            name = raw
        row = self.connection.execute("SELECT file FROM files WHERE path = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float32]]]:
        """The vectors, some at a time: numbers of files [n], int8 [n][dimensions], reciprocals of their lengths [n]."""
        dimensions = self.about.dimensions
        for block, data in self.connection.execute("SELECT block, data FROM vectors ORDER BY block"):
            if len(data) != _BLOCK_SLOTS * (dimensions + 4):
                raise FormatError("index-damaged", f"{self.path}: block {block} of the vectors has {len(data)} bytes")
            values = np.frombuffer(data, np.int8, _BLOCK_SLOTS * dimensions).reshape(_BLOCK_SLOTS, dimensions)
            scales = np.frombuffer(data, "<f4", offset=_BLOCK_SLOTS * dimensions)
            slots = np.flatnonzero(scales)
            yield block * _BLOCK_SLOTS + slots + 1, values[slots], scales[slots].astype(np.float32)

    def vectors(self) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """All vectors: numbers of files [n], and int8 [n][dimensions]. Only their directions count."""
        found = list(self.blocks())
        if not found:
            return np.empty(0, np.int64), np.empty((0, self.about.dimensions), np.int8)
        return np.concatenate([files for files, _, _ in found]), np.concatenate([values for _, values, _ in found])

    def search(
        self, like: str | NDArray[np.generic] | Sequence[int], *, top: int = 20, space: str | None = None
    ) -> list[IndexedFile]:
        """Finds the files whose vectors are nearest.

        Args:
            like: Path of a file in the index, which is then not among the answers, or a vector [dimensions].
            top: How many files at most.
            space: Of the vector, where it is known.

        Returns:
            The nearest first; of equals the one that was indexed first.

        Raises:
            UsageError: ``no-match`` for a path that the index does not have; ``bad-top``
            ModelError: ``index-projection`` for a vector of another space, or of other dimensions
        """
        if top < 1:
            raise UsageError("bad-top", f"top must be at least 1, not {top}")
        left = None
        if isinstance(like, str):
            left = self.find(like)
            if left is None:
                raise UsageError("no-match", f"{self.path} has no file {like}; paths begin at its folder")
            like = self._vector_of(left)
        query = np.asarray(like, np.float64)
        if query.shape != (self.about.dimensions,) or (space is not None and space != self.about.space):
            raise ModelError(
                "index-projection",
                f"{self.path} has vectors of {self.about.space} with {self.about.dimensions} dimensions, which cannot "
                f"be compared with one of {space or 'another space'} with {list(query.shape)}",
            )
        length = float(np.sqrt(query @ query))
        files, likenesses = [], []
        for numbers, values, scales in self.blocks():
            files.append(numbers)
            # Integers below 2^24: products and sums are exact.
            likenesses.append((values.astype(np.float64) @ query) * scales / (length or 2.0**100))
        if not files:
            return []
        every, likeness = np.concatenate(files), np.concatenate(likenesses)
        kept = every != (-1 if left is None else left)
        every, likeness = every[kept], likeness[kept]
        order = np.lexsort((every, -likeness))[:top]
        return [self.file(int(every[at]), max(0.0, 1 - float(likeness[at]))) for at in order]

    def _vector_of(self, number: int) -> NDArray[np.int8]:
        for numbers, values, _ in self.blocks():
            at = np.flatnonzero(numbers == number)
            if at.size:
                own: NDArray[np.int8] = values[at[0]]
                return own
        raise FormatError("index-damaged", f"{self.path} has no vector of file {number}")


def open_index(path: str | os.PathLike[str]) -> Index:
    """Opens an index for reading.

    Raises:
        FormatError: ``file-missing``, ``file-unreadable``, ``not-an-index``, ``index-damaged``
        UnsupportedError: ``newer-index``
    """
    place = Path(path)
    if not place.is_file():
        raise FormatError("file-missing", f"{place}: no such file")
    _take_back(place)
    connection = _connect(place, "ro")
    try:
        return Index(place, connection)
    except sqlite3.DatabaseError as cause:
        connection.close()
        raise FormatError("not-an-index", f"{place} is no SQLite file that can be read ({cause})") from cause
    except BaseException:
        connection.close()
        raise


def _connect(place: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{place.resolve().as_uri()}?mode={mode}", uri=True)


def _take_back(place: Path) -> None:
    """Takes back what a writer that was killed did not end, as SQLite does for whoever may write."""
    if not place.with_name(f"{place.name}-journal").exists():
        return
    for mode in ("ro", "rw"):
        connection = _connect(place, mode)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
            return
        except sqlite3.OperationalError as cause:
            if mode == "rw":
                raise FormatError(
                    "file-unreadable",
                    f"{place} was interrupted while it was written, and is mended by whoever may write it ({cause})",
                ) from cause
        except sqlite3.DatabaseError:
            return  # it is no database, which who opens it says
        finally:
            connection.close()


def _read_info(path: Path, connection: sqlite3.Connection) -> IndexInfo:
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise FormatError("not-an-index", f"{path} is a SQLite file, but no index of dicm")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != _VERSION:
        raise UnsupportedError(
            "newer-index", f"{path} has version {version} of the index format; this package reads version {_VERSION}"
        )
    values: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))
    try:
        return IndexInfo(
            values["model"],
            values["decodeId"],
            values["renderId"],
            values["space"],
            int(values["dimensions"]),
            float(values["minClassScore"]),
            float(values["minObjectScore"]),
        )
    except (KeyError, ValueError) as cause:
        raise FormatError("index-damaged", f"{path} does not say what it was made with: {cause}") from cause
