"""README's five minutes by hand, pasted into bash as they stand, on an empty home."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from tests.serving import ROOT, free_port

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("readme")]
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)


def pasted(bccd: Path, port: int) -> str:
    """The blocks of the section as one script: shell lines as they are, Python as its program."""
    section = (ROOT / "README.md").read_text().split("## Five minutes by hand")[1].split("\n## ")[0]
    parts = [text if kind == "sh" else f"python - <<'END'\n{text}END\n" for kind, text in BLOCK.findall(section)]
    return "".join(parts).replace("path/to/bccd", str(bccd)).replace("8000", str(port))


def test_five_minutes_by_hand_work_as_they_are_printed(test_data: Path, tmp_path: Path) -> None:
    clone = tmp_path / "motherlode"  # the working tree as a clone has it: what the section writes stays here
    clone.mkdir()
    for name in (".venv", "Makefile", "manage.py", "pyproject.toml", "hooks", "sdk", "requirements"):
        (clone / name).symlink_to(ROOT / name)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "MOTHERLODE_"))}
    environment = {
        **{key: value for key, value in inherited.items() if key not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")},
        "MOTHERLODE_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path),
        "DVC_NO_ANALYTICS": "1",
    }
    # a terminal's bash goes on after a line that fails; here the first one ends it
    with subprocess.Popen(
        ["bash", "-e"],
        cwd=clone,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, _ = shell.communicate(f"{pasted(test_data / 'bccd', free_port())}kill %1; wait\n", timeout=400)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0 and "Traceback" not in said, said
    scores = re.search(r"'AP': ([\d.]+), 'AP50': ([\d.]+), 'fn': (\d+)", said)
    assert scores is not None, said
    assert 0.1 < float(scores[1]) < float(scores[2]) < 1 and int(scores[3]) > 0
    work = clone / "var" / "my-training"
    assert "cells" in (work / "motherlode.lock").read_text()
    assert len([path for path in (work / "cells" / "data" / "items").rglob("*") if path.is_file()]) == 364
