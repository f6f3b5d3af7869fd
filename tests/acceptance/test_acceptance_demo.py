"""``manage.py demo`` builds the whole loop, says what it did, and can be run twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("demo")]
ROOT = Path(__file__).resolve().parents[2]


def demo(home: Path) -> str:
    environment = {**os.environ, "MOTHERLODE_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'db.sqlite3'}"}
    environment["MOTHERLODE_STORE"] = str(home / "store")
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_walks_the_whole_loop_and_can_be_run_twice(tmp_path: Path) -> None:
    home = tmp_path / "demo-home"
    home.mkdir()
    said = demo(home)
    assert "Publish digits@v1" in said and "Publish digits@v2" in said
    scores = [float(line.split("AP50 ")[1].split()[0]) for line in said.splitlines() if "AP50 " in line]
    assert len(scores) == 2 and scores[1] > scores[0]
    assert "built already" in demo(home)
