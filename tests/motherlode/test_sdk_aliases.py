"""`lode alias` and `set_alias`: pointing names at versions, and what is told of them."""

from typing import Any

import pytest

import motherlode
from lode_platform.models import User
from motherlode.errors import BadInput


def test_an_alias_is_pointed_shown_and_protected(lode: Any, cells: Any, sdk: Any, alice: User) -> None:
    assert "has no alias yet" in lode.says("alias", "cells")
    assert lode.says("alias", "cells@v1", "production", "-m", "the first") == "cells@production is v1 now.\n"
    assert lode.says("alias", "cells@v1", "production") == "cells@production is v1 already.\n"
    assert [row["name"] for row in lode("alias", "cells")] == ["production"]
    [move] = lode("alias", "cells", "production")
    assert (move["before"], move["version"], move["set_by"], move["message"]) == (None, 1, "erin", "the first")
    assert "this needs the role owner" in lode("alias", "cells", "production", "--protect", fails=1)
    owner = sdk(alice, project="blood")
    owner.request("PUT", "projects/blood/datasets/cells/aliases/production/protection")
    assert "protected" in lode.says("alias", "cells")
    lode("import", "source", "--dataset", "cells", "--format", "images", "--prefix", "more/")
    lode("publish", "cells")
    assert "production is protected" in lode("alias", "cells@v2", "production", fails=1)
    move = motherlode.set_alias("cells@latest", "production", "better", client=owner)
    assert (move.version, move.before, move.message, move.set_by) == (2, 1, "better", "alice")
    assert lode("pin", "cells@production")["version"] == "cells@v2"


@pytest.mark.usefixtures("cells")
def test_what_cannot_be_an_alias_is_said(lode: Any) -> None:
    for words, says in (
        (["cells@v1"], "say which alias"),
        (["cells", "--protect"], "say which alias"),
        (["cells", "production", "-m", "why"], "say which version"),
        (["cells@v9", "production"], "has no version 'v9'"),
        (["cells@v1", "v2"], "cannot be an alias"),
        (["cells@v1", "a/../b"], "cannot be an alias"),
        (["cells", "nothing"], "has no alias"),
    ):
        assert says in lode("alias", *words, fails=1)
    with pytest.raises(BadInput, match="say which version"):
        motherlode.set_alias("cells", "production")
