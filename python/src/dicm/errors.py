"""Errors, sorted by who can fix them, with the classes, codes and exit codes of the command line (docs/errors.md)."""

from __future__ import annotations

from typing import ClassVar


class DicmError(Exception):
    """Every error of this package that is about its input.

    Attributes:
        code: Stable, machine-readable identifier, for example ``bad-signature``.
        exit_code: Exit status of ``python -m dicm`` when the error ends a run on one input.
    """

    exit_code: ClassVar[int]
    codes: ClassVar[frozenset[str]]

    def __init__(self, code: str, message: str) -> None:
        if code not in self.codes:
            raise ValueError(f"{type(self).__name__} has no code {code}")
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        # An error comes back from a worker process as it was raised there, whatever its class takes to be made.
        return (_restore, (type(self), self.args, self.__dict__))


def _restore(kind: type[DicmError], args: tuple[object, ...], state: dict[str, object]) -> DicmError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class FormatError(DicmError):
    """The bytes are wrong: damaged, cut short, or no .dicm file. Fix: another copy of the file.

    Attributes:
        offset: Byte of the file where the evidence lies, where it has one.
        section: Name of the structure that was being read, for example ``tile 3``.
    """

    exit_code = 3
    codes = frozenset(
        {
            "bad-length",
            "bad-signature",
            "bad-tag",
            "bad-varint",
            "bad-version",
            "crc-mismatch",
            "digest-mismatch",
            "duplicate-section",
            "file-missing",
            "file-unreadable",
            "foreign-format",
            "index-damaged",
            "integer-mismatch",
            "invalid-payload",
            "layer-order",
            "misplaced-section",
            "missing-prefix-check",
            "missing-tile",
            "non-canonical-payload",
            "not-an-index",
            "not-canonical",
            "prefix-mismatch",
            "surplus-tile",
            "text-damage",
            "too-many-sections",
            "trailing-bytes",
            "trailing-payload",
            "truncated",
            "truncated-payload",
            "zero-size",
        }
    )

    def __init__(self, code: str, message: str, *, offset: int | None = None, section: str | None = None) -> None:
        where = []
        if section is not None:
            where.append(f"in {section}")
        if offset is not None:
            where.append(f"at byte {offset}")
        super().__init__(code, f"{message} ({' '.join(where)})" if where else message)
        self.offset = offset
        self.section = section


class UnsupportedError(DicmError):
    """The file is valid but needs something this version does not have. Fix: a newer dicm."""

    exit_code = 4
    codes = frozenset({"newer-index", "newer-version", "reserved-bits", "unknown-profile", "unknown-section"})


class ModelError(DicmError):
    """The model that a file or a caller asks for is missing or damaged. Fix: install the model."""

    exit_code = 6
    codes = frozenset(
        {
            "bad-classes",
            "bad-manifest",
            "bad-tables",
            "bad-tensor",
            "bad-weights",
            "index-projection",
            "missing-tensor",
            "model-damaged",
            "model-missing",
            "no-heads",
        }
    )


class BackendError(DicmError):
    """What runs the networks is missing, or failed. Fix: install onnxruntime (``pip install 'dicm[onnx]'``)."""

    exit_code = 6
    codes = frozenset(
        {
            "backend-failed",
            "bad-detections",
            "bad-embedding",
            "bad-features",
            "bad-logits",
            "bad-pixels",
            "no-backend",
        }
    )


class LimitError(DicmError):
    """A declared size exceeds what the caller allows. Fix: raise the limit named in the message.

    Attributes:
        limit: Name of the limit, a field of :class:`dicm.Limits`.
        actual: What was declared.
        maximum: What is allowed.
    """

    exit_code = 7
    codes = frozenset({"limit-exceeded"})

    def __init__(self, limit: str, actual: float, maximum: float, what: str) -> None:
        super().__init__(
            "limit-exceeded",
            f"{what} is {actual}, above the limit {limit} = {maximum}; raise `limits.{limit}` to allow it",
        )
        self.limit = limit
        self.actual = actual
        self.maximum = maximum


class UsageError(DicmError, ValueError):
    """The caller's arguments make no sense, alone or together. Fix: the call."""

    exit_code = 2
    codes = frozenset(
        {
            "bad-dataset",
            "bad-feature-layer",
            "bad-layer",
            "bad-limit",
            "bad-mask",
            "bad-max-detections",
            "bad-min-score",
            "bad-region",
            "bad-top",
            "disposed",
            "empty-dataset",
            "is-directory",
            "missing-layer",
            "no-match",
            "not-bytes",
            "unknown-category",
        }
    )
