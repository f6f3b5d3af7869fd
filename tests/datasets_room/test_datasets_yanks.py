"""Yanked versions: latest passes over them, everything says why, their bytes stay."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_datasets import aliases, versions, yanks
from lode_datasets.models import Yank
from lode_datasets.shell_entries import checks
from lode_platform.callers import Caller
from lode_platform.errors import NotFound
from lode_platform.models import Event, User
from lode_platform.notifications import kinds as notifications
from lode_platform.notifications.models import Notification

HOME = "projects/blood/datasets/cells"
PAGE = "/p/blood/datasets/cells/"


@pytest.fixture
def two(cells: Any) -> Any:
    """cells@v1 and v2."""
    for _number in range(2):
        cells.add(1)
        cells.publish()
    return cells


def test_latest_passes_over_a_yanked_version_whose_bytes_stay(two: Any, api: Any, erin: User, victor: User) -> None:
    engineer = api(erin)
    engineer.put(f"{HOME}/aliases/production", {"version": "2"})
    engineer.post(f"{HOME}/versions/2/pins")
    before = engineer.get(f"{HOME}/versions/2").json()
    assert engineer.put(f"{HOME}/versions/2/yank", {"reason": " "}).status_code == 400
    done = engineer.put(f"{HOME}/versions/latest/yank", {"reason": "half of val is mislabelled"}).json()
    assert done["needed_by"] == ["erin has pinned cells@v2", "the alias production means cells@v2"]
    yanked = done["version"]["yanked"]
    assert (yanked["reason"], yanked["by"]) == ("half of val is mislabelled", "erin")
    viewer = api(victor)
    assert viewer.get(f"{HOME}/versions/latest").json()["version"] == 1
    assert viewer.get(HOME).json()["latest"] == 1
    assert viewer.get(f"{HOME}/versions/production").json()["yanked"] == yanked
    assert {row["version"]: row["yanked"] for row in viewer.get(f"{HOME}/versions").json()["results"]} == {
        2: yanked,
        1: None,
    }
    assert viewer.get(f"{HOME}/versions/2/manifest").status_code == 200
    assert viewer.get(f"{HOME}/versions/2").json() == {**before, "yanked": yanked}
    engineer.put(f"{HOME}/versions/1/yank", {"reason": "older"})
    refused = viewer.get(f"{HOME}/versions/latest")
    assert refused.status_code == 404 and "its newest is v2, which is yanked" in refused.json()["error"]
    assert viewer.get(HOME).json()["latest"] is None
    for _twice in range(2):
        assert engineer.call("delete", f"{HOME}/versions/2/yank").json()["yanked"] is None
    assert viewer.get(f"{HOME}/versions/latest").json()["version"] == 2


def test_a_yank_is_told_once_and_again_with_another_reason(two: Any, alice: User, erin: User) -> None:
    version = versions.named(two.dataset, "2")
    for who, reason in ((erin, "bad"), (erin, " bad "), (alice, "worse")):
        yanks.yank(version, Caller(who), reason)
    yanks.undo(version, Caller(alice))
    assert not Yank.objects.exists()
    told = Event.objects.filter(verb__in=("version.yank", "version.unyank")).order_by("pk")
    assert [(event.verb, event.actor, event.data.get("reason")) for event in told] == [
        ("version.yank", erin, "bad"),
        ("version.yank", alice, "worse"),
        ("version.unyank", alice, None),
    ]


def test_those_who_pinned_it_are_notified(
    two: Any, client_for: Callable[[User], Client], alice: User, erin: User, victor: User
) -> None:
    version = versions.named(two.dataset, "2")
    for user in (erin, victor):
        aliases.pin(version, user)
    yanks.yank(version, Caller(erin), "half of val is mislabelled")
    told = Notification.objects.get()  # who did it is not
    assert told.user == victor
    assert notifications.words(told) == "erin yanked cells@v2, which you pinned: half of val is mislabelled"
    assert client_for(victor).get(notifications.path(told)).status_code == 200
    yanks.yank(version, Caller(alice), "worse")
    yanks.undo(version, Caller(alice))
    yanks.undo(version, Caller(alice))
    assert list(Notification.objects.values_list("user__username", "count")) == [("victor", 1)]


def test_a_failed_check_of_a_yanked_version_waits_for_nobody(two: Any, alice: User) -> None:
    version = versions.named(two.dataset, "2")
    two.dataset.versions.filter(pk=version.pk).update(checks=[{"level": "danger", "code": "class_absent"}])
    assert [to_do.count for to_do in checks(two.project, alice)] == [1]
    yanks.yank(version, Caller(alice), "a class is absent")
    assert list(checks(two.project, alice)) == []


def test_the_next_version_is_made_from_the_yanked_one(two: Any, erin: User) -> None:
    last = versions.named(two.dataset, "2")
    yanks.yank(last, Caller(erin), "bad")
    assert two.publish() == last  # nothing differs
    two.add(1)
    made = two.publish()
    assert (made.number, made.parent) == (3, last)
    assert versions.latest(two.dataset) == made
    yanks.yank(made, Caller(erin), "bad")
    yanks.yank(versions.named(two.dataset, "1"), Caller(erin), "bad")
    with pytest.raises(NotFound, match="v3, which is yanked"):
        versions.named(two.dataset, "latest")


def test_the_pages_say_that_a_version_is_yanked_and_why(
    two: Any, client_for: Callable[[User], Client], erin: User, victor: User
) -> None:
    engineer, viewer = client_for(erin), client_for(victor)
    assert viewer.post(f"{PAGE}v2/yank/", {"reason": "x"}).status_code == 403
    assert "Say why" in engineer.post(f"{PAGE}v2/yank/", {"reason": " "}, follow=True).content.decode()
    engineer.post(f"{PAGE}v2/yank/", {"reason": "half of <val>"})
    aliases.set_alias(two.dataset, Caller(erin), "production", versions.named(two.dataset, "2"))
    said = viewer.get(f"{PAGE}v2/").content.decode()
    assert "Yanked by erin" in said and "half of &lt;val&gt;" in said and "Undo" not in said
    assert "Yanked" not in viewer.get(f"{PAGE}v1/").content.decode()
    assert "half of &lt;val&gt;" in viewer.get(PAGE).content.decode()
    assert "half of &lt;val&gt;" in viewer.get("/p/blood/datasets/").content.decode()
    assert "Publish cells@v3" in engineer.get(PAGE).content.decode()
    assert "Nothing has changed since v2" in viewer.get(f"{PAGE}pending/").content.decode()
    engineer.post(f"{PAGE}v2/yank/", {"undo": "1"})
    assert not Yank.objects.exists()


def test_more_yanked_versions_take_no_more_queries(
    two: Any, client_for: Callable[[User], Client], api: Any, victor: User, erin: User
) -> None:
    def asked() -> list[int]:
        counts = []
        for address in (PAGE, f"/api/v1/{HOME}/versions"):
            with CaptureQueriesContext(connection) as statements:
                assert client_for(victor).get(address).status_code == 200
            counts.append(len(statements))
        return counts

    one = versions.named(two.dataset, "1")
    yanks.yank(one, Caller(erin), "bad")
    before = asked()
    two.add(1)
    yanks.yank(two.publish(), Caller(erin), "bad")
    assert asked() == before
