"""Names and numbers kept in a file: the same comes back, and of what is not whole nothing does."""

from array import array
from pathlib import Path
from typing import Any

import pytest

from motherlode.kept_columns import Kept, read_kept, write_kept

pytestmark = pytest.mark.once

PIN = {"digest": "d1"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["a.png", "ö/b.png"], [array("I", [1, 2]), array("Q", [2**40, 0])]),
        ([], [array("q")]),
    ],
)
def test_what_was_kept_comes_back(file: Path, names: list[str], columns: "list[array[Any]]") -> None:
    write_kept(file, Kept(names, columns, {**PIN, "whole": True}))
    found = read_kept(file, PIN)
    assert found == Kept(names, columns, {**PIN, "whole": True})
    assert [column.typecode for column in found.columns] == [column.typecode for column in columns]
    assert read_kept(file, {"digest": "d2"}) is None
    assert not list(file.parent.glob("*.part"))


def test_of_a_file_that_is_cut_changed_or_another_layouts_nothing_is_read(file: Path) -> None:
    assert read_kept(file, {}) is None
    write_kept(file, Kept(["a.png"], [array("I", [1])], {}))
    whole = file.read_bytes()
    for spoilt in (whole[:-1], whole.replace(b"a.png", b"b.png"), whole[:40], b""):
        file.write_bytes(spoilt)
        assert read_kept(file, {}) is None


def test_names_that_lines_cannot_hold_are_not_kept(file: Path) -> None:
    write_kept(file, Kept(["a\nb.png"], [], {}))
    assert not file.exists()
