"""Items of several pages: versions, evaluation page by page, failures and the tasks made of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lode_datasets import statements
from lode_datasets.lines import lines_of
from lode_hooks.evaluations import prelabels
from lode_hooks.failures import browse, fix
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.models import Failure
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, User
from motherlode.regions import Region

PLACE = (10.0, 10.0, 50.0, 50.0)


@pytest.fixture
def stacks(world: Callable[..., Any]) -> Any:
    """Two items of three pages, the first with an object at one place on its first and its last page."""
    here = world()
    here.add(["a.png", "b.png"])
    Item.objects.update(length=3)
    here.label(
        {
            "a.png": [
                Region("a0", "box", 1, geometry=PLACE, control="label"),
                Region("a2", "box", 1, geometry=PLACE, frame=2, control="label"),
            ],
            "b.png": [],
        }
    )
    here.version = here.publish()
    return here


def said(*frames: int, **more: Any) -> dict[str, Any]:
    count = len(frames)
    told = {"boxes": [list(PLACE)] * count, "labels": ["RBC"] * count, "scores": [0.9] * count}
    return {"path": "a.png", **told, "frames": list(frames), **more}


def test_a_version_says_pages_and_frames_where_they_are_not_the_first(stacks: Any) -> None:
    lines, _ = lines_of(statements.began(stacks.version))
    first = json.loads(min(line.labels for line in lines if b"a.png" in line.labels))
    assert first["media"] == {"height": 200, "kind": "image", "pages": 3, "width": 200}
    assert [row.get("frame") for row in first["regions"]] == [None, 2]
    assert b'"frame":0' not in b"".join(line.labels for line in lines)


def test_an_object_is_found_on_its_own_page_alone(stacks: Any) -> None:
    found = stacks.evaluate(stacks.predict(stacks.run("right"), stacks.version, [said(0, 2)]))
    assert [found.metrics[name] for name in ("tp", "fp", "fn")] == [2, 0, 0]
    found = stacks.evaluate(stacks.predict(stacks.run("beside"), stacks.version, [said(0, 1)]))
    assert [found.metrics[name] for name in ("tp", "fp", "fn")] == [1, 1, 1]
    assert sorted(Failure.objects.values_list("region", "frame")) == [("", 1), ("a2", 2)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": None}, "has 2 objects on an item of 3 pages; say which each lies on: frames, from 0 on"),
        ({"frames": [0]}, "has frames that are not a list of 2"),
        ({"frames": 1}, "has frames that are not a list of 2"),
        ({"frames": [0, 3]}, "has the frame 3, and the item has 3 pages"),
        ({"frames": [0, -1]}, "has a frame that is not a whole number from 0 on: -1"),
        ({"frames": [0, True]}, "has a frame that is not a whole number from 0 on: True"),
    ],
)
def test_predictions_that_name_no_page_are_refused_by_line(stacks: Any, change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match="Line 1 ") as caught:
        stacks.predict(stacks.run(), stacks.version, [said(0, 2, **change)])
    assert words in caught.value.message


def test_a_failure_shows_its_page_and_a_task_made_of_it_begins_there(
    stacks: Any, alice: User, client_for: Callable[[User], Client]
) -> None:
    found = stacks.evaluate(stacks.predict(stacks.run(), stacks.version, [said(0, 1)]))
    [missed] = browse.matches(found, FailureFilter.parse({"kind": "missed"})).matches
    assert (missed.frame, missed.pages, missed.truth_place) == (2, 3, {"kind": "box", "geometry": [*PLACE], "frame": 2})
    client = client_for(alice)
    page = client.get(f"/p/{stacks.project.name}/failures/{missed.failure}/").content.decode()
    assert "page 3 of 3" in page and "page=2" in page
    rows = client.get(f"/p/{stacks.project.name}/failures/matches/?evaluation={found.uuid}&kind=missed").json()
    assert [(row["page"], row["pages"]) for row in rows["matches"]] == [(2, 3)]
    task = fix.open_for_fixing(found, missed.row, Caller(alice))
    assert task.reason["page"] == 2

    wrong = prelabels.suggestions(found, [Item.objects.get(path="a.png")])
    assert [entry["item_index"] for entries in wrong.values() for entry in entries] == [1]


def test_the_items_page_goes_through_the_pages(stacks: Any, alice: User, client_for: Callable[[User], Client]) -> None:
    item, client = stacks.items["a.png"], client_for(alice)
    address = f"/p/{stacks.project.name}/items/{item.uuid}/"
    last = client.get(f"{address}?page=3").content.decode()
    assert "page 3 of 3" in last and 'href="?page=2"' in last and f"file={item.blob.md5}&amp;page=2" in last
    for odd in ("", "0", "4", "x", "²"):
        assert "page 1 of 3" in client.get(address, {"page": odd}).content.decode()


def test_a_difference_shows_both_sides_on_the_page_that_changed(
    stacks: Any, alice: User, client_for: Callable[[User], Client]
) -> None:
    kept = Region("a0", "box", 1, geometry=PLACE, control="label")
    stacks.label({"a.png": [kept, Region("a2", "box", 1, geometry=PLACE, frame=1, control="label")]})
    stacks.publish()
    page = client_for(alice).get(f"/p/{stacks.project.name}/datasets/cells/diff/1/2/").content.decode()
    assert page.count("page 2 of 3") == 2 and "page 1 of 3" not in page
    assert "1 moved" in page
