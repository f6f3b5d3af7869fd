"""Datasets over REST: one dataset from its making to its versions, and who may do what."""

import hashlib
import json
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from tests.stored import blob_file

from lode_datasets import versions
from lode_datasets.models import Pin
from lode_datasets.selection import add_items
from lode_platform.callers import Caller
from lode_platform.models import Item, Project

HOME = "projects/blood/datasets"


@pytest.fixture
def engineer(api: Any, erin: Any) -> Any:
    return api(erin)


def test_a_dataset_goes_from_its_making_to_a_version(engineer: Any, cells: Any, run_jobs: Any) -> None:
    made = engineer.post(
        HOME, {"name": "more", "schema": "cells", "split_policy": {"train": 3, "test": 1}, "title": "More cells"}
    )
    assert made.status_code == 201, made.content
    assert made.json()["split_policy"]["train"] == 0.75
    assert engineer.get(f"datasets/{made.json()['uuid']}").json()["name"] == "more"
    items = cells.make_items(cells.project, 4)
    for item in items[:3]:
        cells.label(item, [cells.box(item, 0)])
    body = {"items": [str(item.uuid) for item in items], "splits": {str(items[0].uuid): "val"}}
    assert engineer.post(f"{HOME}/more/items", body).json() == {
        "added": 4,
        "existing": 0,
        "resplit": 0,
        "lost": [],
        "job": None,
    }
    assert engineer.post(f"{HOME}/more/items", body).json()["existing"] == 4
    asked = engineer.post(f"{HOME}/more/publish", {"message": "why"})
    assert asked.status_code == 202
    assert asked.json()["version"]["state"] == "publishing"
    assert engineer.get(f"{HOME}/more/versions").json()["results"] == []  # nobody sees it yet
    assert engineer.get(f"{HOME}/more/versions/1").status_code == 404
    run_jobs()
    assert engineer.get(f"jobs/{asked.json()['job']['uuid']}").json()["state"] == "succeeded"
    version = engineer.get(f"{HOME}/more/versions/latest").json()
    assert (version["version"], version["name"], version["message"]) == (1, "more@v1", "why")
    assert version["splits"]["val"] == 1 and version["splits"]["pool"] == 1
    assert len(version["dir"]) == 36 and version["digest"].startswith("sha256m1:")
    again = engineer.post(f"{HOME}/more/publish", {"message": "again"})
    assert (again.status_code, again.json()["unchanged"], again.json()["job"]) == (200, True, None)
    lines = _body(engineer.get(f"{HOME}/more/versions/1/manifest"))
    assert "sha256:" + hashlib.sha256(lines).hexdigest() == version["index"]
    assert version["format"] == 1 and version["labels_digest"].startswith("sha256m1:")
    entries = [json.loads(line) for line in _body(engineer.get(f"{HOME}/more/versions/1/entries")).splitlines()]
    assert [entry["path"] for entry in entries] == sorted(item.path for item in items)
    assert [entry["regions"] is None for entry in entries].count(True) == 1
    assert len(_body(engineer.get(f"{HOME}/more/versions/1/entries?split=pool")).splitlines()) == 1


def _body(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def test_items_come_by_filter_and_leave_again(engineer: Any, cells: Any) -> None:
    cells.make_items(cells.project, 3, prefix="red")
    cells.make_items(cells.project, 2, prefix="blue")
    assert engineer.post(f"{HOME}/cells/items", {"filter": {"search": "red"}}).json()["added"] == 3
    assert engineer.post(f"{HOME}/cells/items", {"filter": {}}).json() == {
        "added": 2,
        "existing": 3,
        "resplit": 0,
        "lost": [],
        "job": None,
    }
    assert engineer.post(f"{HOME}/cells/items", {"filter": {"colour": "red"}}).status_code == 400
    assert engineer.post(f"{HOME}/cells/items", {"items": ["0" * 32]}).status_code == 404
    assert engineer.call("delete", f"{HOME}/cells/items", {"filter": {"search": "blue"}}).json() == {"removed": 2}


def test_the_difference_says_what_the_pages_say(engineer: Any, cells: Any) -> None:
    items = cells.add(3)
    cells.publish()
    cells.label(items[0], [])
    cells.add(2)
    cells.publish()
    answer = engineer.get(f"{HOME}/cells/diff/1/2?limit=2").json()
    assert (answer["items_added"], answer["items_relabelled"], answer["regions"]["removed"]) == (2, 1, 2)
    assert len(answer["results"]) == 2
    assert engineer.get(answer["next"].removeprefix("http://testserver")).json()["results"][0]["kind"] == "added"
    assert engineer.get(f"{HOME}/cells/diff/1/9").status_code == 404
    assert [r["path"] for r in engineer.get(f"{HOME}/cells/diff/1/2?kind=relabelled").json()["results"]] == [
        items[0].path
    ]


def test_an_alias_moves_and_keeps_its_history(engineer: Any, cells: Any) -> None:
    cells.add(1)
    cells.publish()
    cells.add(1)
    cells.publish()
    assert engineer.put(f"{HOME}/cells/aliases/production", {"version": "1"}).json()["version"] == 1
    assert engineer.get(f"{HOME}/cells/versions/production").json()["version"] == 1
    assert engineer.put(f"{HOME}/cells/aliases/production", {"version": "latest"}).json()["version"] == 2
    assert engineer.get(f"{HOME}/cells/versions/production").json()["version"] == 2
    assert cells.dataset.aliases.count() == 2
    assert [row["name"] for row in engineer.get(f"{HOME}/cells/aliases").json()["results"]] == ["production"]
    for name in ("latest", "v1", "Prod"):
        assert engineer.put(f"{HOME}/cells/aliases/{name}", {"version": "1"}).status_code == 400


def test_a_dataset_that_somebody_needs_is_not_deleted(engineer: Any, cells: Any, erin: Any) -> None:
    cells.add(1)
    version = cells.publish()
    assert engineer.post(f"{HOME}/cells/versions/1/pins").json()["user"] == "erin"
    assert engineer.post(f"{HOME}/cells/versions/1/pins").status_code == 200
    assert Pin.objects.count() == 1
    refused = engineer.delete(f"{HOME}/cells")
    assert refused.status_code == 409
    assert refused.json()["needed_by"] == ["erin has pinned cells@v1"]
    Pin.objects.filter(version=version, user=erin).delete()
    assert engineer.delete(f"{HOME}/cells").status_code == 204
    assert engineer.get(f"{HOME}/cells").status_code == 404
    assert engineer.post(HOME, {"name": "cells", "schema": "cells"}).status_code == 201


def test_verify_names_the_item_whose_bytes_changed(engineer: Any, cells: Any, run_jobs: Any) -> None:
    cells.add(3)
    version = cells.publish()
    entry = versions.entries(version)[1]
    asked = engineer.post(f"{HOME}/cells/versions/1/verify")
    assert asked.status_code == 202
    run_jobs()
    assert engineer.get(f"jobs/{asked.json()['uuid']}").json()["result"]["wrong"] == 0
    file = blob_file(entry.blob.md5)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)
    blob_file(version.dir_oid[:32], directory=True).unlink()
    asked = engineer.post(f"{HOME}/cells/versions/1/verify")
    run_jobs()
    result = engineer.get(f"jobs/{asked.json()['uuid']}").json()["result"]
    assert result["wrong"] == 2
    assert [row["path"] for row in result["mismatches"]] == [f"items/{entry.path}", "data/items.dvc"]
    assert result["mismatches"][0]["expected"] == entry.blob.sha256
    assert result["mismatches"][0]["found"] == hashlib.sha256(data).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_verifying_holds_no_read_open_while_others_write(cells: Any, engineer: Any) -> None:
    from lode_datasets import verify
    from lode_platform import jobs

    one = cells.add(1)[0]
    names = [f"copy-{number}.png" for number in range(2_100)]
    copies = [Item(project=one.project, blob=one.blob, path=n, path_fold=n, created_by=cells.user) for n in names]
    add_items(cells.dataset, Item.objects.bulk_create(copies, batch_size=300))
    job = verify.verify(cells.publish(), cells.user)
    reports = 0

    def another_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal reports
        if sql.startswith('UPDATE "platform_job"') and not connection.in_atomic_block:
            reports += 1
            other = Thread(target=_touch, args=[cells.project.pk])
            other.start()
            other.join()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(another_writes):
        assert jobs.run(job.uuid)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.result["wrong"]) == ("succeeded", 1, 0) and reports


def _touch(key: int) -> None:
    Project.objects.filter(pk=key).update(title="busy")
    connection.close()


def test_the_policy_and_title_are_changed_for_later_newcomers(engineer: Any, cells: Any) -> None:
    answer = engineer.patch(f"{HOME}/cells", {"title": "Blood cells", "split_policy": {"train": 1}})
    assert answer.json()["title"] == "Blood cells"
    assert answer.json()["split_policy"] == {"train": 1.0, "salt": "cells"}
    assert engineer.patch(f"{HOME}/cells", {"split_policy": {"pool": 1}}).status_code == 400


def test_checks_tell_leaks_absent_classes_and_what_is_unlabelled(engineer: Any, cells: Any) -> None:
    from lode_datasets.selection import add_items
    from lode_platform.items import ItemSpec
    from lode_platform.items import add_items as make

    items = cells.add(2, split="train")
    cells.label(items[1], [cells.box(items[1], 0, 2)])
    cells.add(1, labelled=False)
    blob = items[0].blob
    twin = make(
        cells.project, Caller(cells.user), [ItemSpec(path="twin.png", md5=blob.md5, sha256=blob.sha256)], trusted=True
    ).created[0]
    add_items(cells.dataset, [twin], splits={twin.uuid: "val"})
    cells.label(twin, [cells.box(twin, 0)])
    version = cells.publish()
    found = {(check["code"], check.get("name", ""), check.get("split", "")) for check in version.checks}
    assert found == {
        ("duplicate_across_splits", "", ""),
        ("class_absent", "WBC", "val"),
        ("class_unused", "Platelets", ""),
        ("empty_split", "", "test"),
        ("unlabelled", "", ""),
    }
    assert version.checks[0]["examples"] == [[items[0].path, "train", "twin.png", "val"]]
    assert engineer.get(f"{HOME}/cells/versions/1").json()["checks"] == version.checks


ADDRESSES = [
    ("get", HOME, "viewer"),
    ("post", HOME, "engineer"),
    ("get", f"{HOME}/cells", "viewer"),
    ("patch", f"{HOME}/cells", "engineer"),
    ("delete", f"{HOME}/cells", "engineer"),
    ("post", f"{HOME}/cells/items", "engineer"),
    ("delete", f"{HOME}/cells/items", "engineer"),
    ("post", f"{HOME}/cells/publish", "engineer"),
    ("get", f"{HOME}/cells/versions", "viewer"),
    ("get", f"{HOME}/cells/versions/1", "viewer"),
    ("get", f"{HOME}/cells/versions/1/checks", "viewer"),
    ("get", f"{HOME}/cells/versions/1/manifest", "viewer"),
    ("get", f"{HOME}/cells/versions/1/entries", "viewer"),
    ("post", f"{HOME}/cells/versions/1/pins", "viewer"),
    ("post", f"{HOME}/cells/versions/1/verify", "viewer"),
    ("get", f"{HOME}/cells/diff/1/1", "viewer"),
    ("get", f"{HOME}/cells/aliases", "viewer"),
    ("get", f"{HOME}/cells/aliases/x", "viewer"),
    ("put", f"{HOME}/cells/aliases/x", "engineer"),
]


@pytest.mark.parametrize(("method", "address", "least"), ADDRESSES)
def test_a_stranger_finds_nothing_and_a_viewer_changes_nothing(
    method: str, address: str, least: str, api: Any, cells: Any, charlie: Any, victor: Any, client: Any
) -> None:
    cells.add(1)
    cells.publish()
    assert api(charlie).call(method, address, {} if method != "get" else None).status_code == 404
    assert client.generic(method.upper(), f"/api/v1/{address}").status_code in (401, 403)
    seen = api(victor).call(method, address, {} if method != "get" else None).status_code
    assert (seen == 403) == (least == "engineer")


def test_a_longer_list_of_versions_takes_no_more_queries(
    engineer: Any, cells: Any, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _number in range(2):
        cells.add(1)
        cells.publish()
    with CaptureQueriesContext(
        connection,
    ) as first:
        assert len(engineer.get(f"{HOME}/cells/versions").json()["results"]) == 2
    for _number in range(3):
        cells.add(1)
        cells.publish()
    with django_assert_max_num_queries(len(first)):
        assert len(engineer.get(f"{HOME}/cells/versions").json()["results"]) == 5
