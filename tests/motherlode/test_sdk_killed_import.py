"""An import whose client and server are killed, at every file written and every transaction, goes on where it was."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.motherlode.conftest import make_folder
from tests.settling import settle

pytestmark = pytest.mark.once  # the server that is killed keeps its own SQLite
PROGRAM = Path(__file__).with_name("import_and_die.py")


def test_killed_at_any_step_an_import_ends_as_if_it_had_not_been(machine: Path, migrated_file: Path) -> None:
    folder = make_folder(machine / "source", labelled=1, pool=1)
    (machine / "work" / "first").mkdir(parents=True)
    shutil.copy(migrated_file, machine / "work" / "first" / "db.sqlite3")
    settle(folder)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(machine / "work"), str(folder)], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    items, whole, labels, lines, splits, _open_jobs = said["whole"]
    assert (len(items), whole, len(labels), lines, len(splits)) == (2, True, 1, 1, 2)
    assert {step for step, _ in said["steps"]} == {"killed commit", "killed fsync", "killed open", "killed replace"}
    assert [step for step in said["steps"] if not step[1]] == []
