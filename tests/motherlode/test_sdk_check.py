"""`lode check`: locked, pulled, verified, standing; an exit code for each thing that can be wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import motherlode
from motherlode.cache import Cache
from motherlode.cli import main
from motherlode.errors import NotConfigured
from motherlode.lock import LOCK_FILE, read_lock, write_lock

pytestmark = pytest.mark.usefixtures("cells")


@pytest.fixture
def checked(lode: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """``checked(...)``: the exit code of `lode check`, and its document."""

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main(["check", *words, "--json"], lode.connect)
        return code, json.loads(capsys.readouterr().out)

    return run


def publish_more(lode: Any) -> None:
    """cells@v2, with ten items more."""
    lode("import", "source", "--dataset", "cells", "--format", "images", "--prefix", "more/")
    lode("publish", "cells")


def test_what_is_not_here_is_not_pulled(lode: Any, checked: Any) -> None:
    assert checked()[0] == 1  # nothing is pinned
    lode("pin", "cells@v1")
    code, said = checked("--frozen")
    assert (code, said["code"], said["pins"][0]["missing"]) == (4, "not_pulled", 10)
    lode("pull", "--split", "train")
    assert checked("--split", "train")[0] == 0
    code, said = checked()
    assert (code, said["pins"][0]["missing"], said["pins"][0]["items"]) == (4, 4, 10)
    assert main(["check"], lode.connect) == 4
    assert "cells@v1: not pulled: 4 files not on this machine; `lode pull`\n" in lode.capsys.readouterr().out
    lode("pull", "--split", "test")
    lode("pull", "--split", "pool")
    assert checked() == (0, checked("--frozen")[1] | {"frozen": False})
    assert lode.says("check") == "cells@v1: pulled and verified, 10 items\n"
    assert checked()[1]["pins"][0]["verified"] is True


def test_what_was_changed_is_not_verified_and_is_named(lode: Any, checked: Any, machine: Path) -> None:
    lode("pin", "cells@v1")
    tree = Path(lode("pull")[0]["folder"])
    assert checked()[0] == 0
    item = tree / "images" / "003.png"
    data = bytearray(item.read_bytes())
    data[-1] ^= 1
    item.chmod(0o644)
    item.write_bytes(data)
    code, said = checked()
    assert (code, said["code"], {row["path"] for row in said["pins"][0]["wrong"]}) == (
        3,
        "not_verified",
        {"images/003.png"},
    )
    assert main(["check", "--frozen"], lode.connect) == 3
    said = lode.capsys.readouterr().out
    assert (
        "not verified" in said and "images/003.png is not what was published" in said and "lode pull --repair" in said
    )
    lode("pull", "--repair")
    assert checked()[0] == 0
    [head] = (machine / "cache" / "manifests").glob("*.jsonl")
    head.write_bytes(head.read_bytes() + b"\n")
    assert checked("--frozen")[0] == 3
    other = replace(read_lock(machine / LOCK_FILE)["cells"], digest="sha256m1:" + "0" * 64)
    write_lock(machine / LOCK_FILE, {"cells": other})
    assert "a version never changes" in lode("check", fails=3)


def test_a_yanked_or_stale_pin_has_an_exit_code_of_its_own(lode: Any, checked: Any) -> None:
    lode("alias", "cells@v1", "production")
    lode("pin", "cells@production")
    lode("pin", "cells@v1", "--as", "fixed")
    lode("pull")
    publish_more(lode)
    code, said = checked()
    assert (code, [(row["name"], row["newer"]) for row in said["pins"]]) == (0, [("cells", None), ("fixed", 2)])
    assert "cells@latest is v2 now; `lode pin --update --dry-run`" in lode.says("check")
    code, said = checked("--stale")
    assert (code, said["code"], [row["codes"] for row in said["pins"]]) == (5, "stale", [[], ["stale"]])
    lode("alias", "cells@v2", "production")
    code, said = checked("--stale")
    assert (code, [row["newer"] for row in said["pins"]]) == (5, [2, 2])
    lode("yank", "cells@v1", "-m", "half of val is mislabelled")
    for _asked_and_heard in range(2):
        code, said = checked("--frozen" if _asked_and_heard else "--stale")
        assert (code, said["code"]) == (6, "yanked")  # graver than stale
        assert said["pins"][0]["yanked"]["reason"] == "half of val is mislabelled"
    lode("yank", "cells@v1", "--undo")
    assert checked("--frozen")[0] == 6  # nobody has told this machine
    assert checked()[0] == checked("--frozen")[0] == 0
    with pytest.raises(SystemExit, match="2"):
        main(["check", "--frozen", "--stale"], lode.connect)


def test_a_lock_in_the_middle_of_a_merge_is_named_as_that_by_every_verb(lode: Any, machine: Path) -> None:
    lode("pin", "cells@v1")
    lock = machine / LOCK_FILE
    text = lock.read_text()
    lock.write_text(text.replace("version = 1\n", "<<<<<<< HEAD\nversion = 1\n=======\nversion = 2\n>>>>>>> theirs\n"))
    for words in (["check"], ["pull"], ["pin", "cells@v1"], ["verify"]):
        said = lode(*words, fails=7)
        assert "an unfinished merge" in said and "git checkout --ours" in said, words
    lock.write_text("[cells\n")
    assert "not TOML" in lode("check", fails=1)


def test_a_program_checks_its_lock(lode: Any, cache: Cache) -> None:
    with pytest.raises(NotConfigured, match="pins anything"):
        motherlode.check()
    lode("pin", "cells@v1")
    lode("pull")
    [found] = motherlode.check(client=lambda pin: lode.connect())
    assert (found.table, found.items, found.is_verified, found.newer) == ("cells", 10, True, None)
    assert motherlode.check(frozen=True) == [found]
    assert motherlode.check(frozen=True, cache=Cache(cache.root / "empty"))[0].missing == 10
