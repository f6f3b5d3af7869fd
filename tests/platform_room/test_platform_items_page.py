"""The page Items as a table, and saved views."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_platform import item_columns, item_lists, items, metadata
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, SavedView, User
from lode_platform.query import parse
from lode_platform.query_fields import compile_query

pytestmark = pytest.mark.django_db


def test_a_table_shows_the_chosen_columns_in_as_many_statements_for_any_number_of_items(
    project: Project, alice: User, make_items: Callable[..., list[Item]], client_for: Callable[[User], Client]
) -> None:
    client, every = client_for(alice), []
    first = make_items(project, 2)
    metadata.set_metadata(project, Caller(alice), [metadata.Row(first[0].path, {"site": "<b>Berlin"})], {})
    names = [column.name for column in item_columns.columns(project)]
    assert {"size", "labelled", "regions", "class", "queue", "tag", "split", "dataset", "failure"} < {*names}
    address = f"/p/{project.name}/items/?layout=table&" + "&".join(f"columns={name}" for name in names)
    for number in (0, 20):
        make_items(project, number)
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(address).content.decode()
        every.append(len(asked))
        assert "&lt;b&gt;Berlin" in page and page.count('class="item-row"') == 2 + number
    assert every[0] == every[1]
    refused = client.get(f"/p/{project.name}/items/?layout=table&columns=sizes")
    assert refused.status_code == 400 and b"sizes" in refused.content


def test_views_are_private_until_shared_and_changed_by_those_who_may(
    project: Project, alice: User, rita: User, bob: User, api: Callable[..., Any], client_for: Callable[[User], Client]
) -> None:
    address = f"projects/{project.name}/views"
    sent = {"name": "wide", "filter": {"query": "width>640"}, "layout": "table", "columns": ["size", "tag"]}
    made = api(bob).post(address, sent)
    assert made.status_code == 201 and made.json()["shared"] is False
    uuid = made.json()["uuid"]
    assert api(rita).get(address).json()["results"] == []
    assert api(rita).patch(f"{address}/{uuid}", {"name": "x"}).status_code == 404
    assert api(bob).patch(f"{address}/{uuid}", {"shared": True}).status_code == 403
    assert api(bob).post(address, sent).status_code == 409
    assert api(bob).post(address, {**sent, "name": "b", "filter": {"query": "widht:1"}}).status_code == 400
    assert api(bob).post(address, {**sent, "name": "b", "filter": {"colour": "red"}}).status_code == 400
    assert api(bob).post(address, {**sent, "name": "b", "columns": ["sizes"]}).status_code == 400
    shared = api(rita).post(address, {**sent, "name": "for all", "shared": True}).json()["uuid"]
    assert [row["name"] for row in api(bob).get(address).json()["results"]] == ["for all", "wide"]
    assert api(bob).patch(f"{address}/{shared}", {"name": "mine"}).status_code == 403
    assert api(alice).patch(f"{address}/{shared}", {"name": "for us"}).json()["name"] == "for us"
    assert api(bob).delete(f"{address}/{uuid}").status_code == 204
    assert [row.name for row in SavedView.objects.all()] == ["for us"]


def test_a_view_is_saved_opened_and_deleted_on_the_page(
    project: Project, alice: User, make_items: Callable[..., list[Item]], client_for: Callable[[User], Client]
) -> None:
    make_items(project, 1)
    client, base = client_for(alice), f"/p/{project.name}/items/"
    form = {"name": "<wide>", "query": "width>1", "sort": "newest", "layout": "table", "columns": ["size", "tag"]}
    saved = client.post(f"{base}views", form)
    view = SavedView.objects.get()
    assert saved["Location"].startswith(base) and view.filter == {"query": "width>1", "sort": "newest"}
    page = client.get(saved["Location"]).content.decode()
    assert "&lt;wide&gt;" in page and 'class="item-row"' in page and "change-view" in page
    client.post(f"{base}views/{view.uuid}", {"name": "wide", "shared": "1"})
    view.refresh_from_db()
    assert view.shared and view.name == "wide"
    client.post(f"{base}views/{view.uuid}", {"delete": "1"})
    assert not SavedView.objects.exists() and project.items.live().exists()


@pytest.mark.parametrize("query", ["path=item", "group=first"])
def test_a_path_and_a_group_are_looked_up_in_the_index_of_live_items_and_in_the_trash(
    project: Project, alice: User, make_items: Callable[..., list[Item]], query: str
) -> None:
    made = make_items(project, 3)
    project.items.update(group="first")
    items.trash(made[1], alice)
    asked = query.replace("path=item", f"path={made[1].path}")
    for trash, wanted in (("", [made[0].path, made[2].path]), ("1", [made[1].path])):
        found = item_lists.chosen({"query": asked, "trash": trash}, project, alice)
        paths = list(found.rows.values_list("path", flat=True))
        assert found.few is not None and list(found.few.values_list("path", flat=True)) == paths
        assert paths == ([path for path in wanted if path in asked] if "path=" in asked else wanted)
    [source] = compile_query(parse(asked), project, alice).sources
    assert source is not None
    plan = source.explain()
    if connection.vendor == "sqlite":  # PostgreSQL reads three rows whatever the index
        assert "item_live_" in plan and "SCAN" not in plan, plan
