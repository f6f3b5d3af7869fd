"""A module that is imported when something of it is first used: Polars takes longer to import than Django."""

from importlib import import_module
from typing import Any

__all__ = ["Late"]


class Late:
    """Stands in for the module `name`; its attributes are the module's."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
