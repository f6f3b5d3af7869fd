"""YOLO's `data.yaml`: read with its scalars as text, and written so that no class's number moves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from motherlode.formats.values import BadValue

__all__ = ["read_yaml", "write_yaml"]


@cache
def _loader() -> type:
    """A safe loader whose scalars stay as they are written, so that a class named `no` or `1.0` keeps its name."""
    import yaml

    merge = yaml.SafeLoader.yaml_implicit_resolvers["<"]
    return type("Plain", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {"<": merge}})


def read_yaml(text: str) -> dict[str, Any]:
    """The mapping that a `data.yaml` holds, in YAML or JSON, its scalars as text. Raises BadValue."""
    import yaml  # only where there is one to read: training machines import this module and read none

    found: Any = None
    try:
        if text.lstrip().startswith("{"):
            with suppress(ValueError):
                found = json.loads(text)
        if found is None:
            found = yaml.load(text, Loader=_loader())  # noqa: S506 - a safe one
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadValue(f"it is not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict):
        raise BadValue("it holds no mapping of keys to values")
    return {str(key): value for key, value in found.items()}


def write_yaml(classes: Mapping[int, str], splits: Iterable[str]) -> str:
    """`data.yaml`; numbers of classes that are no more keep their place as `unused-<id>`, so that none moves.

    It has no `path`: paths are then below the file's own folder, wherever a training is started.
    """
    lines = [f"{split}: images/{split}" for split in splits]
    lines.append("names:")
    for class_id in range(1, max(classes, default=0) + 1):
        name = classes.get(class_id, f"unused-{class_id}").replace("'", "''")
        lines.append(f"  {class_id - 1}: '{name}'")
    return "\n".join(lines) + "\n"
