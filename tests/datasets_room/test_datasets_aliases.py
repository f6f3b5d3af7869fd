"""Aliases: who moved them, when, from what to what and why; those that only an owner moves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_datasets import aliases
from lode_datasets.models import Alias
from lode_platform.callers import Caller, Token
from lode_platform.errors import Forbidden
from lode_platform.models import Event, User

HOME = "projects/blood/datasets/cells/aliases"
PAGE = "/p/blood/datasets/cells/"


@pytest.fixture
def three(cells: Any) -> Any:
    """cells@v1, v2 and v3."""
    for _number in range(3):
        cells.add(1)
        cells.publish()
    return cells


@pytest.mark.usefixtures("three")
def test_an_alias_tells_who_moved_it_when_from_what_to_what_and_why(api: Any, erin: User, alice: User) -> None:
    engineer, owner = api(erin), api(alice)
    engineer.put(f"{HOME}/production", {"version": "1", "message": "the first"})
    owner.put(f"{HOME}/production", {"version": "3"})
    engineer.put(f"{HOME}/production", {"version": "2", "message": "v3 misses cells"})
    engineer.put(f"{HOME}/production", {"version": "v2", "message": "again"})  # names it already
    engineer.put(f"{HOME}/staging", {"version": "3"})
    now = engineer.get(f"{HOME}/production").json()
    assert (now["version"], now["before"], now["set_by"], now["message"], now["protected"]) == (
        *(2, 3, "erin"),
        *("v3 misses cells", False),
    )
    assert [(row["name"], row["version"], row["before"]) for row in engineer.get(HOME).json()["results"]] == [
        ("production", 2, 3),
        ("staging", 3, None),
    ]
    first = engineer.get(f"{HOME}/production/moves?limit=2").json()
    rest = engineer.get(first["next"].removeprefix("http://testserver")).json()
    assert rest["next"] is None
    rows = first["results"] + rest["results"]
    assert [(row["before"], row["version"], row["set_by"], row["message"]) for row in rows] == [
        (3, 2, "erin", "v3 misses cells"),
        (1, 3, "alice", ""),
        (None, 1, "erin", "the first"),
    ]
    assert engineer.get(f"{HOME}/nothing/moves").status_code == 404
    event = Event.objects.filter(verb="dataset.alias", data__alias="production").order_by("-pk")[0]
    assert (event.actor, event.data["before"], event.data["message"]) == (erin, 3, "v3 misses cells")


@pytest.mark.usefixtures("three")
def test_a_protected_alias_is_moved_by_owners_alone(api: Any, erin: User, alice: User) -> None:
    engineer, owner = api(erin), api(alice)
    assert owner.put(f"{HOME}/production/protection").status_code == 404  # there is none yet
    engineer.put(f"{HOME}/production", {"version": "1"})
    assert engineer.put(f"{HOME}/production/protection").status_code == 403
    for _twice in range(2):
        assert owner.put(f"{HOME}/production/protection").json()["protected"] is True
    refused = engineer.put(f"{HOME}/production", {"version": "2"})
    assert (refused.status_code, refused.json()["code"]) == (403, "protected_alias")
    assert "production is protected" in refused.json()["error"] and "Ask alice" in refused.json()["error"]
    assert engineer.put(f"{HOME}/production", {"version": "1"}).status_code == 200  # it moves nowhere
    assert engineer.put(f"{HOME}/staging", {"version": "2"}).status_code == 200
    assert owner.put(f"{HOME}/production", {"version": "2"}).json()["protected"] is True
    assert engineer.call("delete", f"{HOME}/production/protection").status_code == 403
    for _twice in range(2):
        assert owner.call("delete", f"{HOME}/production/protection").json()["protected"] is False
    assert engineer.put(f"{HOME}/production", {"version": "3"}).json()["version"] == 3
    verbs = list(Event.objects.filter(verb__startswith="dataset.alias_").order_by("pk").values_list("verb", "actor"))
    assert verbs == [("dataset.alias_protect", alice.pk), ("dataset.alias_unprotect", alice.pk)]


def test_an_owners_token_of_a_lesser_role_moves_no_protected_alias(three: Any, alice: User) -> None:
    one, two = three.dataset.versions.order_by("number")[:2]
    aliases.set_alias(three.dataset, Caller(alice), "production", one)
    aliases.protect(three.dataset, Caller(alice), "production")
    with pytest.raises(Forbidden, match="token's role is engineer"):
        aliases.set_alias(three.dataset, Caller(alice, Token(1, role="engineer")), "production", two)
    assert Alias.objects.count() == 1


def test_the_pages_show_aliases_with_their_history(
    three: Any, client_for: Callable[[User], Client], erin: User, alice: User, victor: User
) -> None:
    owner, viewer = client_for(alice), client_for(victor)
    owner.post(f"{PAGE}v1/alias/", {"name": "production", "message": "the <first>"})
    client_for(erin).post(f"{PAGE}v2/alias/", {"name": "production"})
    page = viewer.get(PAGE).content.decode()
    assert "v1 → v2 · erin" in page and "the &lt;first&gt;" in page and "Unprotect" not in page
    assert "Protect" not in page and "Protect" in owner.get(PAGE).content.decode()
    assert "earlier" in viewer.get(f"{PAGE}v1/").content.decode()
    assert client_for(erin).post(f"{PAGE}protect-alias/", {"alias": "production"}).status_code == 403
    owner.post(f"{PAGE}protect-alias/", {"alias": "production"})
    assert "protected" in viewer.get(PAGE).content.decode()
    said = client_for(erin).post(f"{PAGE}v3/alias/", {"name": "production"}, follow=True).content.decode()
    assert "The alias production is protected." in said
    owner.post(f"{PAGE}protect-alias/", {"alias": "production", "free": "1"})
    assert aliases.protected(three.dataset) == set()
    said = owner.post(f"{PAGE}protect-alias/", {"alias": "nothing"}, follow=True).content.decode()
    assert "has no alias" in said


def test_more_aliases_and_moves_take_no_more_queries(
    three: Any, client_for: Callable[[User], Client], victor: User, alice: User
) -> None:
    found = list(three.dataset.versions.order_by("number"))
    counts = []
    for round_ in range(2):
        for name in "abc"[: 1 + 2 * round_]:
            for version in found * (1 + 5 * round_):
                aliases.set_alias(three.dataset, Caller(alice), name, version)
        with CaptureQueriesContext(connection) as asked:
            page = client_for(victor).get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert [(row.now.name, row.now.version.number, len(row.earlier)) for row in page.context["aliases"]] == [
        (name, 3, 9) for name in "abc"
    ]
