"""What `make lint` says of files and functions that are too long."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "sizes.py"
spec = importlib.util.spec_from_file_location("sizes", SCRIPT)
assert spec and spec.loader
sizes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sizes)

MODULE = """export class Cell {
  grow(by) {
    if (by) {
      return by;
    }
    return () => {
      return 0;
    };
  }
}

export const tool = (page) => {
  page.open();
};
"""


def test_functions_and_methods_of_a_module_are_measured_but_not_its_ifs_and_classes() -> None:
    assert list(sizes.script_functions(MODULE)) == [("grow", 8), ("return", 3), ("tool", 3)]


def test_a_function_of_python_is_measured_with_what_stands_in_it() -> None:
    assert list(sizes.python_functions("def outer():\n    def inner():\n        pass\n    return inner\n")) == [
        ("outer", 4),
        ("inner", 2),
    ]


def test_what_is_over_its_limit_is_named_with_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "over", lambda: {"new.py": 451})
    with pytest.raises(SystemExit, match="new.py has 451 lines"):
        sizes.main()
