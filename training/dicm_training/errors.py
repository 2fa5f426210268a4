"""The error that its reader can mend: what was asked for cannot be done with what there is."""

from __future__ import annotations


class UsageError(Exception):
    """One line that says what was expected, what was found and what to do; the program ends with exit code 2."""
