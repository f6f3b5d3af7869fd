"""A worker killed at any step of publishing is followed by one that ends at the same digest and commit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("datasets_faults")]
STEPS = [
    "after_row",
    "after_entries",
    "after_bytes",
    "after_files",
    "after_listing",
    "after_dirs",
    "after_trees",
    "after_members",
    "after_name",
    "after_commit",
    "after_ref",
    "after_branch",
    "after_tag",
]
HALVES = [",".join(STEPS[:6]), ",".join(STEPS[6:])]  # a job is tried ten times, and then no more


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> dict[str, Any]:
    """What became of an undisturbed publish, and of those whose workers died."""
    program = Path(__file__).with_name("publish_and_die.py")
    folder = tmp_path_factory.mktemp("killed")
    (folder / "begun").mkdir()
    shutil.copy(migrated_file, folder / "begun" / "db.sqlite3")
    done = subprocess.run(
        [sys.executable, str(program), str(folder), "", *HALVES, *STEPS], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_undisturbed_it_is_published_as_it_was_asked_for(said: dict[str, Any]) -> None:
    end = said[""]["end"]
    assert [row[0] for row in end["versions"]] == [1, 2]
    assert end["latest"] == 2
    assert end["versions"][1][4]["items"] == 22
    assert end["fsck"] == [0, ""]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_it_ends_as_if_it_had_not_been(step: str, said: dict[str, Any]) -> None:
    assert said[step]["deaths"] == [True]
    assert said[step]["end"] == said[""]["end"]


@pytest.mark.parametrize("step", STEPS)
def test_until_the_row_says_published_nobody_sees_a_thing(step: str, said: dict[str, Any]) -> None:
    [between] = said[step]["between"]
    assert between["latest"] == 1
    assert "v2" not in between["shown"]
    assert between["versions"][0] == said[""]["end"]["versions"][0]


@pytest.mark.parametrize("half", HALVES)
def test_killed_at_step_after_step_it_still_ends_alike(half: str, said: dict[str, Any]) -> None:
    assert said[half]["deaths"] == [True] * len(half.split(","))
    assert said[half]["end"] == said[""]["end"]
