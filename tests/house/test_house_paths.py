"""docs/architecture.md says by which files one gets from an address to the rows; each of them names the next."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
MAX_FILES = 5


def paths() -> dict[str, list[Path]]:
    """The files of each row of the table of paths, without what comes behind its semicolon."""
    table = (
        (ROOT / "docs/architecture.md").read_text().partition("## From an address to a row")[2].partition("\n## ")[0]
    )
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if ".py`" in line and line.startswith("|")]
    return {
        request: [ROOT / name for name in re.findall(r"`([^`]+)`", way.partition(";")[0])] for request, _, way in rows
    }


@pytest.mark.parametrize("request_name", list(paths()))
def test_each_file_of_a_path_names_the_next(request_name: str) -> None:
    way = paths()[request_name]
    assert 3 <= len(way) <= MAX_FILES
    assert not [file for file in way if not file.is_file()]
    for file, following in zip(way[1:], way[2:], strict=False):  # root_urls names the rooms, not their files
        name = following.parent.name if following.stem == "__init__" else following.stem
        assert re.search(rf"\b{name}\b", file.read_text()), f"{file.name} does not name {name}"
