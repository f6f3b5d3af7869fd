"""Long lists: pages by keys hold what pages of whole rows hold."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.paginator import EmptyPage, Paginator
from django.db import connection
from django.db.models import OuterRef
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_platform import paging
from lode_platform.item_lists import SORTS
from lode_platform.models import Item, Project, User
from lode_platform.paging import AtLeast, KeyPaginator, bounded, newer, number_of
from lode_platform.templatetags.lode import number

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [0, 1, 4, 7])
@pytest.mark.parametrize("order", [("path",), ("-width", "-pk")])
def test_pages_by_keys_are_the_pages_of_the_rows(
    project: Project, make_items: Callable[..., list[Any]], count: int, order: tuple[str, ...]
) -> None:
    if count:
        make_items(project, count)
    rows = Item.objects.filter(project=project).select_related("blob").order_by(*order)
    plain, keyed = Paginator(rows, 2), KeyPaginator(rows, 2)
    assert keyed.num_pages == plain.num_pages
    for at in plain.page_range:
        assert list(keyed.page(at).object_list) == list(plain.page(at).object_list)
    with pytest.raises(EmptyPage):
        keyed.page(plain.num_pages + 1)


def test_a_page_of_a_known_number_of_rows_counts_none(project: Project, make_items: Callable[..., list[Any]]) -> None:
    make_items(project, 5)
    rows = Item.objects.filter(project=project).select_related("blob").order_by("path")
    with CaptureQueriesContext(connection) as told:
        page = KeyPaginator(rows, 2, 5).get_page("3")
        assert [item.blob.size > 0 for item in page.object_list] == [True]
    assert len(told) == 2 and "COUNT" not in "".join(query["sql"] for query in told)
    assert "JOIN" not in told[0]["sql"]


def test_rows_are_counted_up_to_a_limit_and_pages_go_on_beyond_it(
    project: Project, make_items: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_items(project, 7)
    rows = Item.objects.filter(project=project).order_by("path")
    monkeypatch.setattr(paging, "MOST", 4)
    assert (bounded(rows), type(bounded(rows)), bounded(rows.filter(pk=0))) == (4, AtLeast, 0)
    keyed = KeyPaginator(rows, 3)
    assert number(keyed.count) == "4+" and keyed.num_pages == 2
    pages = [keyed.get_page(str(at)) for at in (1, 2, 3)]
    assert [item.pk for page in pages for item in page.object_list] == [item.pk for item in rows]
    assert [(page.start_index(), page.end_index(), page.has_next()) for page in pages] == [
        (1, 3, True),
        (4, 6, True),
        (7, 7, False),
    ]
    assert pages[1].next_page_number() == 3
    assert keyed.get_page("9").number == 2 and keyed.get_page("x").number == 1
    whole = KeyPaginator(rows.filter(pk__in=[item.pk for item in pages[0].object_list]), 3)
    assert type(whole.count) is int and not whole.page(1).has_next()


def test_a_filter_is_put_to_all_rows_once(project: Project, make_items: Callable[..., list[Any]]) -> None:
    items = make_items(project, 5)
    rows = Item.objects.filter(project=project, path__icontains="item").order_by("-path", "pk")
    with CaptureQueriesContext(connection) as told:
        assert list(KeyPaginator(rows, 2).get_page("2").object_list) == [items[2], items[1]]
    with_filter = [query["sql"] for query in told if "LIKE" in query["sql"]]
    assert len(with_filter) == 1 and "LIMIT" in with_filter[0]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan as SQLite tells it")
@pytest.mark.parametrize("sort", SORTS)
def test_lists_of_items_walk_an_index_of_the_live_ones_in_their_order(project: Project, sort: str) -> None:
    keys = project.items.live().order_by(*SORTS[sort][1]).values_list("pk", flat=True)
    told = [keys.explain(), project.items.live().order_by().values("pk").explain()]
    assert all("USING COVERING INDEX item_live" in plan and "TEMP B-TREE" not in plan for plan in told), told


def test_rows_are_counted_as_a_column_without_grouping_them(
    project: Project, alice: User, make_items: Callable[..., list[Any]]
) -> None:
    Project.objects.create(name="empty", created_by=alice)
    make_items(project, 3)
    rows = Project.objects.annotate(n=number_of(Item.objects.live().filter(project=OuterRef("pk"))))
    assert set(rows.values_list("name", "n")) == {(project.name, 3), ("empty", 0)}
    assert "GROUP BY" not in str(rows.query)


def test_new_rows_are_counted_among_the_newest(
    project: Project, make_items: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_items(project, 5)
    rows = Item.objects.filter(project=project)
    since = timezone.now() - timedelta(days=1)
    assert newer(rows, since) == 5
    monkeypatch.setattr(paging, "MOST", 3)
    assert (newer(rows, since), type(newer(rows, since))) == (3, AtLeast)
    old = sorted(rows.values_list("pk", flat=True))[:4]
    rows.filter(pk__in=old).update(created_at=since - timedelta(days=1))
    assert (newer(rows, since), type(newer(rows, since))) == (1, int)
