"""The version of this package, for all that writes it into a file."""

__version__ = "1.0.0"
