"""Lists that a filter narrows: each page looks at part of the list, and all of them together hold all that fits."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client

from lode_platform import paging, searching
from lode_platform.item_lists import SORTS
from lode_platform.models import Item, Project, User
from lode_platform.paging import AtLeast
from lode_platform.searching import Search, counted, page_of, within_few

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]
FITTING = [1, 2, 3, 5, 11, 12]
"""The items that the filter lets through, of fourteen."""


@pytest.fixture
def searched(project: Project, make_items: Callable[..., list[Item]], monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """Fourteen items, some of them with "fits" in their path; a request looks at three of them."""
    monkeypatch.setattr(searching, "WINDOW", 3)
    monkeypatch.setattr(searching, "PATIENCE", -1)
    items = make_items(project, 14)
    for number in FITTING:
        items[number].path = items[number].path.replace("item", "item-fits")
    for place, item in enumerate(items):
        item.width = 100 - place // 4  # ties, in every order
    Item.objects.bulk_update(items, ["path", "width"])
    return items


def search(project: Project, sort: str = "path") -> Search:
    listed = project.items.live().order_by(*SORTS[sort][1])
    return Search(listed, listed.filter(path__icontains="fits"))


def walk(found: Search, per_page: int, asked: dict[str, Any], way: str) -> Iterator[list[Any]]:
    while True:
        page = page_of(found, per_page, {name: str(value) for name, value in asked.items()})
        yield list(page.object_list)
        asked = getattr(page, way)
        if not asked:
            return


@pytest.mark.parametrize("sort", SORTS)
def test_the_pages_of_a_search_hold_each_row_once_in_order(project: Project, searched: list[Item], sort: str) -> None:
    found = search(project, sort)
    wanted = list(found.rows)
    assert len(wanted) == len(FITTING)
    pages = list(walk(found, 2, {}, "later"))
    assert [row for page in pages for row in page] == wanted
    assert [] in pages, "a page may be empty while the search goes on"
    last = found.listed.reverse()[0]
    back = [row for page in walk(found, 2, {"before": last.uuid}, "earlier") for row in reversed(page)]
    assert list(dict.fromkeys(back)) == [row for row in reversed(wanted) if row != last]


def test_a_search_with_patience_goes_on_by_itself_and_counts(
    project: Project, searched: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(counted(search(project))) is AtLeast
    monkeypatch.setattr(searching, "PATIENCE", 1000)
    assert (counted(search(project)), type(counted(search(project)))) == (len(FITTING), int)
    first, last = (page_of(search(project), 4, {"page": page}) for page in ("1", "9"))
    assert [first.paginator.count, first.number, first.end_index(), first.later] == [6, 1, 4, {"page": 2}]
    assert [last.number, last.start_index(), last.end_index(), last.earlier, last.later] == [2, 5, 6, {"page": 1}, {}]


def test_beyond_the_rows_that_are_counted_pages_are_named_by_the_row_before(
    project: Project, searched: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PATIENCE", 1000)
    monkeypatch.setattr(paging, "MOST", 4)
    second = page_of(search(project), 2, {"page": "2"})
    assert type(second.paginator.count) is AtLeast and not second.is_cut
    third = page_of(search(project), 2, {str(name): str(value) for name, value in second.later.items()})
    assert [*second.object_list, *third.object_list] == list(search(project).rows)[2:]
    assert third.number == 0 and not third.later
    assert list(page_of(search(project), 2, {"before": str(third.earlier["before"])}).object_list) == second.object_list
    assert page_of(search(project), 2, {"after": "no uuid"}).number == 1


def test_rows_among_a_few_keys_are_looked_at_alone(
    project: Project, searched: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, keys = search(project).rows, project.items.filter(pk__lte=searched[3].pk).values_list("pk", flat=True)
    monkeypatch.setattr(paging, "MOST", 5)
    few = within_few(rows, [None, project.items.values_list("pk", flat=True), keys])
    assert few is not None and set(few) == {searched[number] for number in (1, 2, 3)}
    monkeypatch.setattr(paging, "MOST", 3)
    assert within_few(rows, [None, keys]) is None


def test_the_page_of_items_goes_on_by_itself_where_nothing_is_found_so_far(
    client_for: ClientFor, alice: User, project: Project, searched: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, address = client_for(alice), f"/p/{project.name}/items/?q=item-00013&sort=path"
    for number in range(9):
        answer = client.get(address)
        assert "No items match." not in answer.content.decode()
        if answer.context["cards"]:
            assert number > 1
            break
        address = answer.headers["Refresh"].partition("url=")[2]
        assert {name for name, _ in parse_qsl(urlsplit(address).query)} == {"q", "sort", "after"}
    assert [card.item for card in answer.context["cards"]] == [searched[13]]
    assert "Refresh" not in answer.headers
    assert "Search on" in answer.content.decode(), "others may follow"


def test_a_list_over_rest_goes_on_after_a_page_with_fewer_rows(
    client_for: ClientFor, alice: User, project: Project, searched: list[Item]
) -> None:
    client, address = client_for(alice), f"/api/v1/projects/{project.name}/items?search=fits&limit=2"
    paths, pages = [], []
    while address:
        got = client.get(address).json()
        pages.append(len(got["results"]))
        paths += [row["path"] for row in got["results"]]
        address = got["next"]
    assert paths == [searched[number].path for number in FITTING]
    assert 0 in pages and max(pages) == 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan as SQLite tells it")
@pytest.mark.parametrize("sort", SORTS)
def test_a_search_goes_on_from_the_row_in_the_index(project: Project, searched: list[Item], sort: str) -> None:
    found = search(project, sort)
    ahead = found.listed.filter(*found._beyond(found.place(str(searched[5].uuid)), found.is_down))
    plan = ahead.values_list("uuid", flat=True).explain()
    assert "item_live" in plan and "TEMP B-TREE" not in plan, plan
    columns = [name if name != "pk" else "rowid" for name in found.names]
    assert len(re.findall(r"[<>]", plan)) >= 1 and all(name in plan.replace("id", "rowid") for name in columns), plan
