"""Long lists: pages by keys hold what pages of whole rows hold."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.paginator import EmptyPage, Paginator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lode_platform.models import Item, Project
from lode_platform.paging import KeyPaginator

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
    for number in plain.page_range:
        assert list(keyed.page(number).object_list) == list(plain.page(number).object_list)
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
