"""The pages of datasets: every number opens what it counts, both sides of a change are drawn, strangers see nothing."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_datasets import changes, diff, versions
from lode_datasets.aliases import pin
from lode_datasets.models import Alias, Dataset, Entry, Version
from lode_datasets.publish import publish
from lode_platform import paging
from lode_platform.models import Item, Job, Project, User
from motherlode.regions import Region
from motherlode.relations import Relation

ClientFor = Callable[[User], Client]
BASE = "/p/blood/datasets/"


@pytest.fixture
def two(cells: Any) -> list[Version]:
    """cells@v1 with four labelled items and one in the pool; cells@v2 with one box moved and another renamed."""
    items = cells.add(4, split="train")
    cells.add(1, labelled=False)
    first = cells.publish("the first four")
    cells.label(items[0], [cells.box(items[0], 0, shift=1.5), cells.box(items[0], 1, 1)])
    cells.label(items[1], [cells.box(items[1], 0, 3), cells.box(items[1], 1, 2)])
    return [first, cells.publish("two corrected")]


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("page", ["", "cells/", "cells/pending/", "cells/v2/", "cells/diff/1/2/"])
def test_a_page_is_there_for_its_viewer_and_not_for_a_stranger(
    page: str, client_for: ClientFor, victor: User, charlie: User
) -> None:
    html = text(client_for(victor).get(BASE + page))
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html)
    assert client_for(charlie).get(BASE + page).status_code == 404


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "address", ["cells/publish/", "cells/add-all/", "cells/trash/", "cells/change/", "cells/v1/alias/"]
)
def test_a_viewer_changes_nothing(address: str, client_for: ClientFor, victor: User) -> None:
    assert client_for(victor).post(BASE + address, {"name": "production"}).status_code == 403
    assert Version.objects.count() == 2
    assert not Alias.objects.exists()


def test_every_number_of_a_version_opens_exactly_what_it_counts(
    two: list[Version], client_for: ClientFor, victor: User
) -> None:
    client = client_for(victor)
    page = client.get(f"{BASE}cells/v2/")
    assert [version.commit for version in two]
    for split, count in page.context["splits"]:
        shown = client.get(f"{BASE}cells/v2/?split={split}").context["samples"]
        assert len(shown) == count, split
    for row in page.context["classes"]:
        shown = client.get(f"{BASE}cells/v2/?class={row.class_id}").context["samples"]
        assert sum(region["color"] == row.color for one in shown for region in one.regions) == row.count, row.name
    assert "No items of this version match" in client.get(f"{BASE}cells/v2/?class=99").content.decode()


def test_a_version_shows_the_labels_it_froze_and_not_todays(
    two: list[Version], client_for: ClientFor, victor: User
) -> None:
    client = client_for(victor)

    def first_box(number: int) -> list[float]:
        sample = client.get(f"{BASE}cells/v{number}/?split=train").context["samples"][0]
        return list(sample.regions[0]["geometry"])

    assert first_box(2)[0] - first_box(1)[0] == 1.5


def test_every_number_of_a_difference_opens_exactly_what_it_counts(
    two: list[Version], client_for: ClientFor, victor: User
) -> None:
    client = client_for(victor)
    page = client.get(f"{BASE}cells/diff/1/2/")
    assert {kind: count for kind, _title, count in page.context["item_kinds"]} == {"relabelled": 2}
    regions = {kind: count for kind, _title, count in page.context["region_kinds"]}
    assert regions == {"region_moved": 1, "region_relabelled": 1}
    for kind, count in regions.items():
        pairs = client.get(f"{BASE}cells/diff/1/2/?kind={kind}").context["pairs"]
        wanted = kind.removeprefix("region_")
        assert sum(wanted in region.kinds for pair in pairs for region in pair.change.regions) == count


def test_a_pair_draws_what_went_on_the_left_and_what_is_new_on_the_right(
    two: list[Version], client_for: ClientFor, victor: User
) -> None:
    pairs = client_for(victor).get(f"{BASE}cells/diff/1/2/?kind=region_moved").context["pairs"]
    assert [[region["layer"] for region in side] for side in (pairs[0].before, pairs[0].after)] == [
        ["calm", "gone"],
        ["calm", "truth"],
    ]


def test_the_other_way_round_the_difference_is_its_mirror(
    two: list[Version], client_for: ClientFor, victor: User
) -> None:
    page = client_for(victor).get(f"{BASE}cells/diff/2/1/")
    assert {kind: count for kind, _title, count in page.context["item_kinds"]} == {"relabelled": 2}


def test_publishing_from_the_page_makes_a_version_and_again_says_that_nothing_changed(
    cells: Any, client_for: ClientFor, erin: User, run_jobs: Callable[[], int]
) -> None:
    cells.add(2)
    client = client_for(erin)
    client.post(f"{BASE}cells/publish/", {"message": "from the page"})
    assert "is-waiting" in text(client.get(f"{BASE}cells/"))
    run_jobs()
    assert Version.objects.published().get().message == "from the page"
    assert "Nothing has changed" in text(client.post(f"{BASE}cells/publish/", {"message": "x"}, follow=True))
    assert Version.objects.count() == 1


def test_what_publishing_would_change_is_said_before(cells: Any, client_for: ClientFor, victor: User) -> None:
    items = cells.add(3)
    client = client_for(victor)
    assert "3 items new or changed" in text(client.get(f"{BASE}cells/pending/"))
    cells.publish()
    assert "Nothing has changed since v1" in text(client.get(f"{BASE}cells/pending/"))
    cells.label(items[0], [])
    assert "1 item new or changed" in text(client.get(f"{BASE}cells/pending/"))


def test_what_publishing_a_large_dataset_would_change_is_counted_by_a_job(
    cells: Any,
    two: list[Version],
    client_for: ClientFor,
    erin: User,
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paging, "MOST", 3)
    client = client_for(erin)

    def count() -> str:
        assert client.post(BASE + "cells/compare/").status_code == 302
        assert client.post(BASE + "cells/compare/").status_code == 302, "one is on its way"
        job = Job.objects.get(state="queued")
        assert f"/jobs/{job.uuid}/progress" in text(client.get(BASE + "cells/pending/"))
        assert run_jobs() == 1
        return text(client.get(BASE + "cells/pending/"))

    assert "has not been counted" in text(client.get(BASE + "cells/pending/"))
    assert "Nothing has changed since v2." in count()
    cells.add(1, split="train")
    with CaptureQueriesContext(connection) as asked:
        before = text(client.get(BASE + "cells/pending/"))
    assert "Nothing has changed since v2." in before and "Counted" in before and "Count again" in before
    assert not any(Entry._meta.db_table in query["sql"] for query in asked)
    assert "1 item new or changed" in count()
    assert "in v2; 6 items now" in text(client.get(BASE + "cells/"))
    cells.publish("one more")
    assert "has not been counted" in text(client.get(BASE + "cells/pending/"))


def test_an_alias_is_pointed_from_the_page(two: list[Version], client_for: ClientFor, erin: User) -> None:
    client_for(erin).post(f"{BASE}cells/v1/alias/", {"name": "production"})
    client_for(erin).post(f"{BASE}cells/v2/alias/", {"name": "production"})
    html = text(client_for(erin).get(f"{BASE}cells/"))
    assert html.count("bookmark") == 2  # beside its version, and among the aliases
    assert Alias.objects.count() == 2


def test_a_dataset_is_made_from_the_page_with_every_item(
    cells: Any, project: Project, client_for: ClientFor, erin: User, make_items: Callable[..., list[Item]]
) -> None:
    make_items(project, 3)
    given = {"name": "fresh", "schema": "cells", "train": 8, "val": 1, "test": 1, "every": "on"}
    assert client_for(erin).post(BASE, given).status_code == 302
    made = Dataset.objects.get(name="fresh")
    assert made.dataset_items.count() == 3
    assert made.split_policy["train"] == 0.8


def test_a_trashed_dataset_comes_back_by_undo(cells: Any, client_for: ClientFor, erin: User) -> None:
    client = client_for(erin)
    page = text(client.post(f"{BASE}cells/trash/", follow=True))
    undo = re.search(r'data-undo="([^"]+)"', page)
    assert undo
    client.post(undo[1])
    assert text(client.get(f"{BASE}cells/"))


def test_before_a_project_goes_to_the_trash_its_page_says_which_pins_break(
    two: list[Version], client_for: ClientFor, alice: User, erin: User
) -> None:
    pin(two[0], erin)
    assert "erin has pinned cells@v1" in text(client_for(alice).get("/p/blood/settings/"))


def test_a_version_of_another_address_gives_the_line_that_leads_here(
    two: list[Version], client_for: ClientFor, victor: User, settings: LazySettings
) -> None:
    settings.PUBLIC_URL = "https://new.example.org"
    line = "dvc remote modify --local store url https://new.example.org/dvc/blood/cells"
    assert line in text(client_for(victor).get(f"{BASE}cells/v2/"))
    Version.objects.filter(pk=two[1].pk).update(server_url="https://new.example.org")
    assert line not in text(client_for(victor).get(f"{BASE}cells/v2/"))


def test_verifying_is_a_job(two: list[Version], client_for: ClientFor, erin: User, run_jobs: Callable[[], int]) -> None:
    page = client_for(erin).post(f"{BASE}cells/v2/verify/")
    run_jobs()
    job = Job.objects.get(verb="datasets.verify")
    assert page.headers["Location"].endswith(f"/jobs/{job.uuid}/")
    assert job.result["wrong"] == 0


def test_a_versions_page_gives_what_a_pin_holds(two: list[Version], client_for: ClientFor, victor: User) -> None:
    version = two[0]
    page = text(client_for(victor).get(f"{BASE}cells/v1/"))
    for held in (version.digest, version.index, version.labels_digest, version.commit):
        assert held and f'<code tabindex="0">{held}</code>' in page
    assert version.dir_oid not in page


@pytest.mark.parametrize("page", ["", "cells/", "cells/v1/"])
def test_a_page_asks_no_more_of_the_database_when_there_is_more_to_show(
    page: str, cells: Any, client_for: ClientFor, victor: User
) -> None:
    client = client_for(victor)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(client.get(BASE + page))
        return len(captured)

    cells.add(2)
    cells.publish("one")
    cells.add(2, prefix="second")
    cells.publish("two")
    asked()
    before = asked()
    for number in range(2):
        cells.add(3, prefix=f"more-{number}")
        cells.publish(f"more {number}")
    assert asked() <= before


def test_a_nul_in_what_is_asked_or_said_breaks_nothing(
    two: list[Version], cells: Any, client_for: ClientFor, api: Any, erin: User
) -> None:
    client = client_for(erin)
    for query in ("q=%00", "split=%00"):
        assert client.get(f"{BASE}cells/v1/?{query}").status_code in (200, 400)
    assert api(erin).get("projects/blood/datasets/cells/versions/1/entries?split=%00").status_code in (200, 400)
    assert client.get("/p/blood/items/?dataset=%00&split=%00&q=%00").status_code in (200, 400)
    cells.add(1)
    said = {"title": "a\0b", "description": "c\0d", "message": "e\0f", "name": "g\0h"}
    for verb in ("change", "publish", "v1/alias"):
        assert client.post(f"{BASE}cells/{verb}/", said).status_code in (302, 400)


def test_home_and_the_item_know_of_the_version(two: list[Version], client_for: ClientFor, victor: User) -> None:
    client = client_for(victor)
    station = next(p.station for p in client.get("/p/blood/").context["places"] if p.station.name == "version")
    assert (station.figures.count, str(station.figures.note)) == (2, "cells@v2")
    item = Item.objects.order_by("pk").first()
    assert item is not None
    said = [str(row.text) for row in client.get(f"/p/blood/items/{item.uuid}/").context["history"]]
    assert "in cells@v1, train" in said and "in cells@v2, train" in said


def test_the_items_history_says_nothing_of_a_version_that_is_not_out(
    two: list[Version], cells: Any, client_for: ClientFor, victor: User
) -> None:
    item = cells.add(1, split="train")[0]
    version, _job = publish(cells.dataset, cells.user, message="on its way")
    for _done in changes.apply(version, changes.thaw(version.frozen or b"")[1], Unfenced()):
        pass
    page = client_for(victor).get(f"/p/blood/items/{item.uuid}/")
    assert not [row for row in page.context["history"] if "cells@" in str(row.text)]


class Unfenced:
    """Writes as a job does, without one."""

    def fenced(self) -> Any:
        return nullcontext()


def test_items_are_found_by_dataset_and_split(two: list[Version], client_for: ClientFor, victor: User) -> None:
    client = client_for(victor)
    assert len(client.get("/p/blood/items/?dataset=cells").context["cards"]) == 5
    bar = {part.name: part.count for part in client.get(f"{BASE}cells/").context["splits"].segments}
    assert bar["pool"] == 1 and sum(bar.values()) == 5, "the unlabelled item counts in the pool alone"
    for split, count in bar.items():
        assert len(client.get(f"/p/blood/items/?dataset=cells&split={split}").context["cards"]) == count, split
    for asked in ("dataset=no-such", "split=odd"):
        assert client.get(f"/p/blood/items/?{asked}").status_code == 400, asked


def test_pages_of_a_version_walk_an_index_in_their_order(two: list[Version]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # it would read and sort so few rows
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    for rows in (versions.entries(two[1]), versions.entries(two[1], "train")):
        plan = rows.values_list("pk", flat=True).explain()
        assert "entry_path" in plan and "Sort" not in plan and "TEMP B-TREE" not in plan, plan


def test_answers_and_attributes_are_said_in_words(cells: Any, client_for: ClientFor, victor: User) -> None:
    items = cells.add(1, split="train")
    box = cells.box(items[0], 0)
    told = [
        Region("w", "text", 0, value=["worn", "odd"], control="words"),
        Region("n", "number", 0, value=2, control="n"),
    ]
    cells.label(items[0], [replace(box, attributes={"note": ["old"], "seen": True}), *told])
    first = cells.publish()
    newer = [replace(told[0], value=["new"]), told[1]]
    cells.label(items[0], [replace(box, attributes={"note": ["other"], "seen": True}), *newer])
    second = cells.publish()
    assert (first.counts["regions"], diff.summary(first, second).regions) == (1, {"edited": 2})
    assert diff.summary(first, second).class_regions == {1: {"edited": 1}}
    client = client_for(victor)
    page = text(client.get(f"{BASE}cells/diff/1/2/"))
    assert "RBC, note: old → other" in page and "words: worn, odd → new" in page and "n: 2" not in page
    assert "note: other, seen: True" in text(client.get(f"{BASE}cells/v2/"))
    item = text(client.get(f"/p/blood/items/{items[0].uuid}/"))
    assert "note: other, seen: True" in item and '<span class="chip">new</span>' in item


def test_a_link_alone_makes_a_difference_that_is_said_in_words(cells: Any, client_for: ClientFor, victor: User) -> None:
    item = cells.add(1, split="train")[0]
    boxes = [cells.box(item, 0), cells.box(item, 1, 2)]
    ends = (boxes[0].id, boxes[1].id)
    cells.label(item, boxes, [Relation("r", *ends)])
    first = cells.publish()
    cells.label(item, boxes, [Relation("r", *ends, both=True)])
    second = cells.publish()
    assert first.labels_digest != second.labels_digest and diff.summary(first, second).regions == {}
    [pair] = client_for(victor).get(f"{BASE}cells/diff/1/2/").context["pairs"]
    assert list(pair.words) == ["- RBC → WBC", "+ RBC ↔ WBC"]
    [sample] = client_for(victor).get(f"{BASE}cells/v2/").context["samples"]
    assert [link["both"] for region in sample.regions for link in region.get("links", [])] == [True]
