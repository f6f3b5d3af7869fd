"""Checks on the command line: `lode publish --dry-run`, and what `lode publish` says and answers where they stop it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_datasets import gate
from lode_datasets.models import Dataset, DatasetItem
from lode_datasets.selection import remove_items
from lode_platform.models import User
from motherlode.cli import main


def test_publish_says_what_checks_found_and_ends_with_its_own_code(
    lode: Lode, cells: dict[str, Any], erin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = Dataset.objects.get()
    assert lode("publish", "cells", "--dry-run")["closed"] == []
    said = lode.says("publish", "cells", "--dry-run", "--checks", "unlabelled")
    assert "note     Unlabelled items: 2" in said and "008.png" in said and "not looked at: class_absent" in said
    gate.choose(dataset, erin, {"unlabelled": "error"})
    lode("publish", "cells", "--dry-run", fails=8)

    remove_items(dataset, erin, [DatasetItem.objects.order_by("pk")[0].item])
    assert main(["publish", "cells"], lode.connect) == 8
    out, err = capsys.readouterr()
    assert "error    Unlabelled items: 2" in out and "unlabelled (2)" in err
    with pytest.raises(motherlode.GateClosed) as closed:
        motherlode.publish("cells", client=lode.connect())
    assert closed.value.checks == ("unlabelled",)
    assert dataset.versions.published().count() == 1

    gate.choose(dataset, erin, {"unlabelled": "warning"})
    said = lode.says("publish", "cells")
    assert "warning  Unlabelled items: 2" in said and "nothing found in 9 items: duplicates across splits" in said
