"""The version of the package, in a place that every layer may read."""

__version__ = "0.1.0"
