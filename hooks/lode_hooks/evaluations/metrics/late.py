"""Polars, imported when something of it is first used: few processes need it, and its import is slow."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["pl"]


class _Late:
    """Stands in for the module `name`; its attributes are the module's."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    import polars as pl
else:
    pl = _Late("polars")
