"""The lock file."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from motherlode.lock import LOCK_FILE, BadLock, Pin, find_lock, read_lock, write_lock
from motherlode.versions import locked_pins

pytestmark = pytest.mark.once

PIN = Pin(
    server="https://host",
    project="blood",
    dataset="cells",
    version=3,
    digest="sha256:" + "a" * 64,
    dir="b" * 32 + ".dir",
    commit="c" * 40,
    schema=7,
    splits={"train": 300, "val": 32, "test": 32},
)


def test_pins_come_back_as_they_were_written(tmp_path: Path) -> None:
    pins = {"cells": PIN, "odd name": replace(PIN, project='q"\\\x7f', splits={"hold out": 1, "\u00e9": 2})}
    write_lock(tmp_path / LOCK_FILE, pins)
    assert read_lock(tmp_path / LOCK_FILE) == pins
    assert list(tmp_path.glob("*.part")) == list(tmp_path.glob(".*.part")) == []


def test_the_file_reads_as_the_guide_shows_it(tmp_path: Path) -> None:
    write_lock(tmp_path / LOCK_FILE, {"cells": PIN})
    text = (tmp_path / LOCK_FILE).read_text()
    assert "[cells]\n" in text
    assert "version = 3\n" in text
    assert "[cells.splits]\ntrain = 300\nval = 32\ntest = 32\n" in text
    assert PIN.name == "cells@v3"


def test_the_lock_of_the_nearest_folder_above_is_found(tmp_path: Path) -> None:
    write_lock(tmp_path / LOCK_FILE, {})
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_lock(deep) == (tmp_path / LOCK_FILE).resolve()


PROGRAM = """
import os, subprocess, sys
import motherlode
from motherlode.lock import find_lock
try:
    print(find_lock(), motherlode.load("cells"))
except motherlode.MotherlodeError as error:
    print(find_lock(), error)
if sys.argv[1:] == ["child"]:
    os.chdir("/")
    code = "from motherlode.lock import find_lock; print(find_lock())"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
"""


def said_by(script: Path, cwd: Path, *words: str, **environment: str) -> str:
    """What a training script in ``script``'s place says of its lock, started in ``cwd``."""
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(PROGRAM)
    told = {key: value for key, value in os.environ.items() if key not in ("MOTHERLODE_LOCK", "MOTHERLODE_URL")}
    command = [sys.executable, str(script), *words]
    return subprocess.run(
        command, cwd=cwd, env={**told, **environment}, capture_output=True, text=True, check=True
    ).stdout


def test_a_lock_is_looked_for_where_scripts_are_started_and_where_they_stand(tmp_path: Path) -> None:
    away, code = tmp_path / "away", tmp_path / "project" / "src"
    away.mkdir()
    script = code / "train.py"
    nothing = said_by(script, away)
    assert f"no lock file that pins 'cells' (MOTHERLODE_LOCK is not set; looked for {LOCK_FILE} in {away}" in nothing
    assert f"then in {code}" in nothing and "run `lode pin cells@v1`" in nothing
    (tmp_path / "project" / ".git").mkdir()
    for place in (tmp_path / "project", code, away):  # each is before the one in front of it
        write_lock(place / LOCK_FILE, {})
        assert said_by(script, away).startswith(f"{place / LOCK_FILE} {place / LOCK_FILE} pins no 'cells'")
    named = tmp_path / "other.lock"
    missing = said_by(script, away, MOTHERLODE_LOCK=str(named))
    assert f"{named} is not there (MOTHERLODE_LOCK names it), so nothing pins 'cells'" in missing
    write_lock(named, {"cells": PIN})
    assert said_by(script, away, MOTHERLODE_LOCK=str(named)).startswith(str(named))


def test_a_tool_of_the_environment_does_not_read_the_lock_beside_the_environment(tmp_path: Path) -> None:
    project, away = tmp_path / "project", tmp_path / "away"
    away.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True)
    (project / ".git").mkdir()
    write_lock(project / LOCK_FILE, {})
    tool = project / ".venv" / "bin" / "tool"
    tool.write_text("from motherlode.lock import find_lock; print(find_lock())")
    told = {key: value for key, value in os.environ.items() if key != "MOTHERLODE_LOCK"}
    path = os.pathsep.join(sys.path)
    for script, found in ((tool, "None"), (project / "train.py", str(project / LOCK_FILE))):
        script.write_text(tool.read_text())
        said = subprocess.run(
            [str(project / ".venv" / "bin" / "python"), str(script)],
            cwd=away,
            env={**told, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == found


def test_the_lock_that_was_read_is_passed_on_to_processes_started_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    write_lock(tmp_path / "project" / LOCK_FILE, {})
    said = said_by(tmp_path / "elsewhere" / "train.py", tmp_path / "project", "child")
    assert said.splitlines()[-2] == str(tmp_path / "project" / LOCK_FILE)


def test_a_process_does_not_obey_what_it_passed_on_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_lock(tmp_path / name / LOCK_FILE, {})
        monkeypatch.chdir(tmp_path / name)
        locked_pins()
        assert find_lock() == tmp_path / name / LOCK_FILE
    monkeypatch.setenv("MOTHERLODE_LOCK", str(tmp_path / "one" / LOCK_FILE))
    assert find_lock() == tmp_path / "one" / LOCK_FILE


def test_no_file_holds_no_pins(tmp_path: Path) -> None:
    assert read_lock(tmp_path / LOCK_FILE) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cells", "not TOML"),
        ("cells = 3\n", "cells is not a table"),
        ('[cells]\nserver = "x"\n', "lacks 'project'"),
    ],
)
def test_a_broken_lock_says_where_and_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / LOCK_FILE).write_text(text)
    with pytest.raises(BadLock, match=message) as caught:
        read_lock(tmp_path / LOCK_FILE)
    assert "remove it and run `lode pin`" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"index": ""}, r"\[cells\] lacks 'index'"),
        ({"index": "sha256m1:" + "e" * 64}, "index is .*, not sha256:<64 hex>"),
        ({"digest": "sha256m1:" + "e" * 63}, "digest is .*, not sha256m1:<64 hex>"),
        ({"digest": "sha256:" + "e" * 64, "dir": "x.dir"}, "dir is 'x.dir', not <32 hex>.dir"),
        ({"digest": "sha256:" + "e" * 64, "dir": ""}, "lacks 'dir'"),
    ],
)
def test_what_is_wrong_with_a_pin_is_named(tmp_path: Path, wrong: dict[str, str], message: str) -> None:
    pin = replace(PIN, digest="sha256m1:" + "a" * 64, index="sha256:" + "b" * 64, dir="")
    write_lock(tmp_path / LOCK_FILE, {"cells": pin})
    assert read_lock(tmp_path / LOCK_FILE) == {"cells": pin}
    write_lock(tmp_path / LOCK_FILE, {"cells": replace(pin, **wrong)})  # type: ignore[arg-type]
    with pytest.raises(BadLock, match=message):
        read_lock(tmp_path / LOCK_FILE)


def test_a_digest_that_is_none_is_refused(tmp_path: Path) -> None:
    write_lock(tmp_path / LOCK_FILE, {"cells": replace(PIN, digest="sha256:12")})
    with pytest.raises(BadLock, match="digest"):
        read_lock(tmp_path / LOCK_FILE)


def test_an_unfinished_merge_is_named_as_one_with_its_line(tmp_path: Path) -> None:
    """As git leaves the file when two branches pin different versions."""

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=words[0] != "merge", capture_output=True)

    def pinned(version: int) -> None:
        write_lock(tmp_path / LOCK_FILE, {"cells": replace(PIN, version=version)})
        git("add", "-A")
        git("commit", "-q", "-m", f"v{version}")

    git("init", "-q")
    pinned(1)
    git("checkout", "-q", "-b", "theirs")
    pinned(2)
    git("checkout", "-q", "main")
    pinned(3)
    git("merge", "theirs")
    with pytest.raises(BadLock, match=r"line \d+: an unfinished merge: .*git checkout --ours"):
        read_lock(tmp_path / LOCK_FILE)
