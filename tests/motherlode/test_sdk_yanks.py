"""`lode yank`: loads and pulls warn, with the reason, where the server or this machine knows of it."""

import logging
from pathlib import Path
from typing import Any

import pytest

import motherlode
from motherlode import Client
from motherlode.cache import Cache
from motherlode.cli import main
from motherlode.errors import BadInput
from motherlode.lock import LOCK_FILE, read_lock

WHY = "half of val is mislabelled"


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the SDK warned of since the last time."""
    said = [row.getMessage() for row in caplog.records if row.name == "motherlode" and row.levelno == logging.WARNING]
    caplog.clear()
    return said


@pytest.mark.usefixtures("cells")
def test_pins_of_a_yanked_version_warn_on_pull_and_load_and_still_read(
    lode: Any, machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = lode.connect()
    lode("pin", "cells@v1")
    motherlode.load("cells", "train", client=client)
    lode.says("yank", "cells@v1", "-m", WHY)
    caplog.clear()
    motherlode.load("cells", "train", client=client)  # it is here, so no server is asked
    assert warned(caplog) == []
    assert len(motherlode.load("cells", "test", client=client)) == 2  # it was not
    [said] = warned(caplog)
    assert said.startswith(f"cells@v1 is yanked: {WHY} (erin, 20")
    unreachable = Client("http://127.0.0.1:9", "t")
    assert len(motherlode.load("cells", "train", client=unreachable)) == 6
    assert len(warned(caplog)) == 1  # this machine has heard of it
    assert main(["pull", "--split", "train"], lambda *where, **how: unreachable) == 0
    assert "6 items verified" in lode.capsys.readouterr().out
    assert len(warned(caplog)) == 1
    lode("yank", "cells@v1", "--undo")
    lode("pull")
    assert warned(caplog) == []
    lode("yank", "cells@v1", "-m", WHY)
    lode("pull")
    assert len(warned(caplog)) == 1
    motherlode.pull("cells@v1", "train", client=client, cache=Cache(machine / "other"))
    assert len(warned(caplog)) == 1
    lode("pin", "cells@v1", "--as", "older")
    assert len(warned(caplog)) == 1
    assert sorted(read_lock(machine / LOCK_FILE)) == ["cells", "older"]


@pytest.mark.usefixtures("cells")
def test_a_yank_says_who_needs_the_version_and_what_latest_means_now(lode: Any) -> None:
    lode("alias", "cells@v1", "production")
    lode("import", "source", "--dataset", "cells", "--format", "images", "--prefix", "more/")
    lode("publish", "cells")
    assert lode.says("yank", "cells@v1", "-m", WHY).splitlines() == [
        f"cells@v1 is yanked: {WHY}",
        "  the alias production means cells@v1",
        "cells@latest is v2.",
    ]
    assert f"first; yanked by erin: {WHY}" in lode.says("versions", "cells")
    assert lode("yank", "cells@latest", "-m", "worse")["version"] == 2
    assert "Nothing changed since cells@v2; yanked by erin: worse" in lode.says("publish", "cells")
    assert "v2, which is yanked" in lode("pin", "cells", fails=1)
    assert lode.says("yank", "cells@v2", "--undo").splitlines() == ["cells@v2 counts again.", "cells@latest is v2."]
    assert "say why" in lode("yank", "cells@v1", fails=1)
    assert "say which version" in lode("yank", "cells", "-m", "x", fails=1)
    assert "no version '9'" in lode("yank", "cells@v9", "-m", "x", fails=1)
    client = lode.connect()
    assert motherlode.yank("cells@v2", "again", client=client) == []
    motherlode.unyank("cells@v2", client=client)
    with pytest.raises(BadInput, match="say which version"):
        motherlode.unyank("cells", client=client)
