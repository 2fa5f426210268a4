"""The refusals of the specification, by their codes."""

from __future__ import annotations


class DicmError(Exception):
    """A file, stream or model is refused; `code` is the one the specification names."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(f"{code}: {message}")
        self.code = code
