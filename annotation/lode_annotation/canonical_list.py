"""A column that keeps a list of JSON objects as its canonical text."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from motherlode.manifest import canonical

if TYPE_CHECKING:
    JSONText = models.TextField[Any, Any]
else:
    JSONText = models.TextField


class CanonicalList(JSONText):
    """A list of JSON objects, kept as its canonical text.

    A JSON column would write it in its own way (PostgreSQL's puts other keys first and rounds -0.0 and 1e16), and
    every publish would have to parse it and write it again to have the bytes that the digest names.
    """

    _pyi_private_set_type: Any  # for the type checker: what it is set to is not text
    _pyi_private_get_type: Any

    def deconstruct(self) -> Any:
        """A text column to migrations, so that none of them names this class."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else canonical(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(value)
