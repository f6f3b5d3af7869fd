"""The modules that docs/extending.md writes out, made and registered."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lode_annotation import config_words
from motherlode import shapes

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "extending.md").read_text()


def written_out(name: str) -> ModuleType:
    """The module of docs/extending.md whose docstring begins so."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    source = next(block for block in blocks if block.startswith(f'"""{name}'))
    assert source.count("\n") < 120
    module = ModuleType(f"written_out_{'_'.join(name.lower().split())}")
    sys.modules[module.__name__] = module
    exec(compile(source, "docs/extending.md", "exec"), module.__dict__)  # noqa: S102
    return module


def with_points(monkeypatch: pytest.MonkeyPatch) -> shapes.Shape:
    """The kind of region that is written out, registered for a test."""
    shape: shapes.Shape = written_out("Points on images").PointShape()
    for registry, key in (
        (shapes.SHAPES, shape.kind),
        (shapes.BY_TAG, shape.tag),
        (shapes.RESULT_TYPES, shape.result_type),
        (shapes.BY_TASK, shape.task),
    ):
        monkeypatch.setitem(registry, key, shape)
    monkeypatch.setitem(config_words.MEANT, shape.tag, shape.attributes)
    monkeypatch.setitem(config_words.LOOKS, shape.tag, shape.looks)
    return shape
