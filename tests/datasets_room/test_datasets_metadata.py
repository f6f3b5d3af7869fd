"""The items' own fields that versions carry: their bytes, their digest, by change, and what pages and doors say."""

import json
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.stored import blob_file

from lode_datasets import changes, diff, git, releases, statements, versions
from lode_datasets.models import Entry, Version
from lode_datasets.publish import publish
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.metadata import Row, set_metadata
from lode_platform.models import Item
from motherlode import manifest, published

KINDS = {"site": "text", "age": "number", "stained": "boolean", "taken": "date"}


@pytest.fixture
def described(cells: Any) -> list[Item]:
    """Four items, of which the first two have fields."""
    items: list[Item] = cells.add(3, split="train") + cells.add(1, labelled=False)
    say(cells, items[0], site='Bern "old" é', age=7.0, stained=True, taken="2026-11-27")
    say(cells, items[1], site="Rom", age=0.5)
    return items


def say(cells: Any, item: Item, **values: Any) -> None:
    kinds = {name: KINDS.get(name, "text") for name in values}
    report = set_metadata(cells.project, Caller(cells.user), [Row(item.path, values)], kinds)
    assert not report.problems


def files_of(version: Version) -> dict[str, bytes]:
    return {file.path: blob_file(file.blob.md5).read_bytes() for file in versions.files(version)}


def label_lines(version: Version) -> dict[str, Any]:
    """What is held of each item, read as the README says."""
    rows: dict[str, Any] = {}
    for path, data in sorted(files_of(version).items()):
        for line in data.decode().split("\n")[:-1] if path.startswith("labels/") else ():
            row = json.loads(line)
            rows[row["path"]] = row
    return {path: row for path, row in rows.items() if not row.get("removed")}


def test_the_bytes_of_a_version_that_carries_fields_stay_what_they_are(cells: Any, described: list[Item]) -> None:
    plain = cells.publish()
    version = cells.publish(metadata=["taken", "age", "site", "stained"])
    files = files_of(version)
    item, *_rest, unlabelled = described
    say(cells, unlabelled, stained=False)
    third = cells.publish()
    line = next(line for line in files["labels/v000002.jsonl"].decode().split("\n") if item.path in line)
    regions = manifest.canonical(Entry.objects.get(item=item, last=None).label_set.regions)  # type: ignore[union-attr]
    assert line == (
        f'{{"answers":[],"media":{{"height":{item.height},"kind":"image","width":{item.width}}},'
        '"metadata":{"age":7,"site":"Bern \\"old\\" é","stained":true,"taken":"2026-11-27"},'
        f'"path":"{item.path}","regions":{regions},"relations":[]}}'
    )
    assert files_of(third)["labels/v000003.jsonl"].decode() == (
        f'{{"answers":null,"media":{{"height":{unlabelled.height},"kind":"image","width":{unlabelled.width}}},'
        f'"metadata":{{"stained":false}},"path":"{unlabelled.path}","regions":null,"relations":null}}\n'
    )
    assert (
        b'"format":1,"metadata":{"age":"number","site":"text","stained":"boolean","taken":"date"},'
        in (files["schema.json"])
    )
    lines = {row["path"]: manifest.canonical(row).encode() for row in label_lines(version).values()}
    roots = {"labels": published.root_of(lines.items())}
    for name in ("manifest", "splits"):
        data = files[f"{name}/v000001-base-00000.jsonl"].split(b"\n")[:-1]
        roots[name] = published.root_of((json.loads(row)["path"], row) for row in data)
    schema = sha256(files["schema.json"]).digest()
    assert version.digest == published.content_digest(published.Roots(schema=schema, **roots))
    assert version.digest != plain.digest and version.labels_digest == plain.labels_digest
    # what carries none says nothing of it
    assert b"metadata" not in b"".join(files_of(plain).values())
    assert "metadata" not in releases.release(plain).files["README.md"].decode()
    assert 'labels[path].get("metadata", {}).get("age")' in releases.release(version).files["README.md"].decode()
    for one in (plain, version, third):
        assert git.commit_id(releases.release(Version.objects.get(pk=one.pk))) == one.commit


def test_a_changed_field_is_a_small_change_and_the_choice_stays(cells: Any, described: list[Item]) -> None:
    first = cells.publish(metadata=["site", "age"])
    assert (first.metadata_kinds, first.counts["metadata"]) == (
        {"age": "number", "site": "text"},
        {"age": 2, "site": 2},
    )
    assert publish(cells.dataset, cells.user) == (first, None)
    say(cells, described[1], site="Oslo", age=None, taken="2026-01-02")
    assert changes.freeze(cells.dataset).new == 1
    second = cells.publish()
    assert {path for path, file in files_of(second).items() if "v000002" in path} == {"labels/v000002.jsonl"}
    assert [json.loads(line)["metadata"] for line in files_of(second)["labels/v000002.jsonl"].splitlines()] == [
        {"site": "Oslo"}
    ]
    assert second.counts["metadata"] == {"age": 1, "site": 2}
    summary = diff.summary(first, second)
    assert (summary.kinds, summary.metadata, summary.regions) == ({"metadata": 1}, {"site": 1, "age": 1}, {})
    [change] = diff.changes(diff.pairs(second, first))
    assert change.metadata == {"site": ("Oslo", "Rom"), "age": (None, 0.5)}
    # a field that is chosen no more is gone from all that have it, and from nothing else
    third = cells.publish(metadata=["site"])
    assert Entry.objects.filter(first=3).count() == 1 and third.counts["metadata"] == {"site": 2}
    bare = cells.publish(metadata=[])
    assert bare.metadata_kinds == {} and "metadata" not in bare.counts
    assert all("metadata" not in row for row in label_lines(bare).values())
    cells.dataset.refresh_from_db()
    assert cells.dataset.metadata_kinds == {}
    # as it was published, whatever the items say by now
    assert label_lines(first)[described[1].path]["metadata"] == {"site": "Rom", "age": 0.5}
    [page] = statements.held_pages(first, 9)
    assert sum(row.metadata is not None for row in page) == 2


def test_a_value_of_another_kind_or_spelling_is_no_change(cells: Any, described: list[Item]) -> None:
    cells.publish(metadata=["age", "stained"])
    Item.objects.filter(pk=described[0].pk).update(metadata={"age": 7, "stained": True, "other": "x"})
    Item.objects.filter(pk=described[2].pk).update(metadata={"age": "old", "stained": 1})
    assert not changes.freeze(cells.dataset)


def test_publishing_fields_takes_no_more_statements(cells: Any) -> None:
    items = cells.add(30)

    def statements_of(**how: Any) -> int:
        cells.label(items[0], [])
        with CaptureQueriesContext(
            connection,
        ) as asked:
            cells.publish(**how)
        cells.label(items[0], [cells.box(items[0], 0)])
        return len(asked)

    cells.publish()
    without = statements_of()
    for item in items:
        say(cells, item, site="Bern", age=1)
    cells.publish(metadata=["site", "age"])
    say(cells, items[1], site="Rom")
    assert statements_of() <= without


def test_a_field_that_the_project_has_not_is_refused_by_name(cells: Any, described: list[Item], client: Client) -> None:
    with pytest.raises(BadInput, match="no field 'sight'; it has age, site, stained, taken"):
        publish(cells.dataset, cells.user, metadata=["sight"])
    client.force_login(cells.user)
    path = f"/api/v1/projects/{cells.project.name}/datasets/cells"
    for body in ({"metadata": ["sight"]}, {"metadata": "site"}, {"metadata": [7, {}]}):
        answer = client.post(f"{path}/publish", json.dumps(body), "application/json")
        assert answer.status_code == 400 and "metadata" in answer.content.decode()
    assert not Version.objects.exists()


def test_fields_are_chosen_over_rest_and_said_by_it(cells: Any, described: list[Item], client: Client) -> None:
    client.force_login(cells.user)
    path = f"/api/v1/projects/{cells.project.name}/datasets/cells"
    changed = client.patch(path, json.dumps({"metadata": ["site"]}), "application/json").json()
    assert changed["metadata"] == {"site": "text"}
    first = client.post(f"{path}/publish", "{}", "application/json").json()
    cells.run_jobs()
    assert first["version"]["metadata"] == {"site": "text"}
    say(cells, described[0], site="Wien")
    client.post(f"{path}/publish", json.dumps({"metadata": ["site", "stained"]}), "application/json")
    cells.run_jobs()
    assert client.get(f"{path}/versions/2").json()["counts"]["metadata"] == {"site": 2, "stained": 1}
    said = client.get(f"{path}/diff/1/2").json()
    assert (said["items_metadata"], said["metadata"]) == (1, {"site": 1, "stained": 1})
    assert said["results"][0]["metadata"] == {"site": ['Bern "old" é', "Wien"], "stained": [None, True]}
    rows = [json.loads(line) for line in client.get(f"{path}/versions/2/entries").getvalue().splitlines()]
    assert {row["path"]: row.get("metadata") for row in rows}[described[1].path] == {"site": "Rom"}


def test_fields_are_chosen_on_the_page_and_the_version_shows_them(
    cells: Any, described: list[Item], client: Client
) -> None:
    client.force_login(cells.user)
    page = f"/p/{cells.project.name}/datasets/cells/"
    form = client.get(page).content.decode()
    assert form.count('name="metadata"') == 4 and "checked" not in form
    client.post(f"{page}publish/", {"message": "one", "fields": "1", "metadata": ["site", "stained"]})
    cells.run_jobs()
    assert client.get(page).content.decode().count("checked") == 2
    shown = " ".join(
        client.get(reverse("datasets:version", args=[cells.project.name, "cells", 1])).content.decode().split()
    )
    assert '<td class="mono">site</td><td>text</td><td class="num">2</td><td class="num">50 %</td>' in shown
    say(cells, described[1], site="<b>Oslo</b>", stained=False)
    client.post(f"{page}publish/", {"message": "two"})  # the form of a page without fields leaves the choice
    cells.run_jobs()
    difference = client.get(f"{page}diff/1/2/").content.decode()
    assert "site: Rom → &lt;b&gt;Oslo&lt;/b&gt;" in difference and "stained: nothing → no" in difference
    assert "Metadata changed" in difference
