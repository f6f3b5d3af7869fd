"""The lock file."""

from dataclasses import replace
from pathlib import Path

import pytest

from motherlode.lock import LOCK_FILE, BadLock, Pin, find_lock, read_lock, write_lock

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
    assert "splits = { train = 300, val = 32, test = 32 }\n" in text
    assert PIN.name == "cells@v3"


def test_the_lock_of_the_nearest_folder_above_is_found(tmp_path: Path) -> None:
    write_lock(tmp_path / LOCK_FILE, {})
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_lock(deep) == (tmp_path / LOCK_FILE).resolve()


def test_no_file_holds_no_pins(tmp_path: Path) -> None:
    assert read_lock(tmp_path / LOCK_FILE) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cells", "not TOML"),
        ("cells = 3\n", "cells is no table"),
        ('[cells]\nserver = "x"\n', "lacks 'project'"),
    ],
)
def test_a_broken_lock_says_where_and_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / LOCK_FILE).write_text(text)
    with pytest.raises(BadLock, match=message) as caught:
        read_lock(tmp_path / LOCK_FILE)
    assert "remove it and run `lode pin`" in str(caught.value)


def test_a_digest_that_is_none_is_refused(tmp_path: Path) -> None:
    write_lock(tmp_path / LOCK_FILE, {"cells": replace(PIN, digest="sha256:12")})
    with pytest.raises(BadLock, match="digest"):
        read_lock(tmp_path / LOCK_FILE)
