"""Items found by a query, from Python and on the command line."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_platform.models import User

pytestmark = pytest.mark.django_db


def test_items_are_found_by_a_query(lode: Lode, cells: dict[str, Any], sdk: Callable[..., Any], erin: User) -> None:
    every = lode("items")
    assert len(every) > 2 and every == lode("items", "width:64")
    assert lode("items", "--limit", "2") == every[:2]
    named = lode("items", every[1]["path"])
    assert [row["uuid"] for row in named] == [every[1]["uuid"]] and named[0]["sha256"] == every[1]["sha256"]
    assert lode("items", "split:train and not labelled:no")
    assert "There is no field 'clas'" in lode("items", "clas:RBC", fails=1)
    client = sdk(erin, project="blood")
    found = list(motherlode.items("not labelled:no", client=client))
    assert [one.path for one in found] == [row["path"] for row in every if row["uuid"] in {one.uuid for one in found}]
    assert found[0].width == 64 and found[0].created_at.tzinfo
    with pytest.raises(motherlode.Refused, match="Did you mean class"):
        next(motherlode.items("clas:RBC", client=client))
