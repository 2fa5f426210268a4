"""The version of the package: that of the command line."""

__version__ = "0.5.0"
