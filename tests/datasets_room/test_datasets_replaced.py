"""The same picture comes again with other bytes: its item, labels and history stay, and what changed is said."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from lode_annotation.models import LabelSet
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_datasets import diff
from lode_platform.callers import Caller
from lode_platform.models import Item, User

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]


def picture(width: int = 64, height: int = 48, grey: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), grey).save(out, "PNG")
    return out.getvalue()


def upload(client: Client, path: str, data: bytes, replace: bool = True) -> dict[str, Any]:
    """Sends one file by the upload page."""
    form = {"paths": f'["{path}"]', "file": SimpleUploadedFile("file", data), "replace_media": "1" if replace else ""}
    got = client.post("/p/blood/items/upload", form)
    assert got.status_code == 200, got.content
    return dict(got.json())


def test_without_being_told_to_a_name_that_is_taken_is_refused_with_both_remedies(
    cells: Any, client_for: ClientFor, alice: User
) -> None:
    (item,) = cells.add(1)
    before = item.blob_id
    got = upload(client_for(alice), item.path, picture(), replace=False)
    (problem,) = got["problems"]
    assert problem["code"] == "path_taken" and "prefix" in problem["error"] and "replace" in problem["error"]
    item.refresh_from_db()
    assert item.blob_id == before


def test_a_corrected_scan_of_the_same_size_keeps_item_and_labels_and_reads_as_replaced(
    cells: Any, client_for: ClientFor, alice: User
) -> None:
    item, other = cells.add(2)
    first = cells.publish()
    client = client_for(alice)
    got = upload(client, item.path, picture())
    assert (got["created"], got["replaced"], got["resized"], got["problems"]) == (0, 1, 0, [])
    second = cells.publish()
    assert {pair.path: pair.kind for pair in diff.pairs(first, second)} == {item.path: "replaced"}
    assert diff.summary(first, second).kinds == {"replaced": 1}
    assert second.counts == first.counts and second.checks == first.checks
    assert LabelSet.objects.filter(item=item).count() == 1
    page = client.get(f"/p/blood/items/{item.uuid}/").content.decode()
    assert "File replaced" in page
    # Both sides of the difference show their own file.
    new = Item.objects.get(pk=item.pk)
    shown = client.get("/p/blood/datasets/cells/diff/1/2/").content.decode()
    assert f"file={item.blob.md5}" in shown and f"file={new.blob.md5}" in shown and "file replaced" in shown
    then: Any = client.get(f"/media/{item.uuid}?file={item.blob.md5}")
    now: Any = client.get(f"/media/{item.uuid}")
    assert b"".join(then.streaming_content) != b"".join(now.streaming_content) == picture()
    assert "immutable" in then["Cache-Control"] and now["Cache-Control"] == "private, no-cache"
    assert client.get(f"/media/{item.uuid}?file={other.blob.md5}").status_code == 404


def test_labels_of_a_picture_of_another_size_are_marked_until_somebody_saves_them_again(
    cells: Any, client_for: ClientFor, api: Callable[..., Any], alice: User, bob: User
) -> None:
    item, other = cells.add(2)
    client = client_for(alice)
    got = upload(client, item.path, picture(128, 96))
    assert (got["replaced"], got["resized"]) == (1, 1)

    def to_check() -> list[str]:
        page = client.get("/p/blood/items/?labelled=check")
        return [card.item.path for card in page.context["cards"]]

    assert to_check() == [item.path]
    (check,) = [row for row in cells.publish().checks if row["code"] == "labels_outgrown"]
    assert (check["count"], check["examples"]) == (1, [[item.path]])
    assert "to check" in client.get(f"/p/blood/items/{item.uuid}/").content.decode()
    queue = create_queue(cells.project, Caller(alice), name="look again", schema=cells.schema)
    add_tasks(queue, Caller(alice), [TaskSpec(item=item), TaskSpec(item=other)])
    task = api(bob).post(f"queues/{queue.uuid}/next").json()
    assert (task["media"]["width"], task["media"]["height"]) == (128, 96)
    body = {"result": task["start"], "operation_id": str(queue.uuid), "lead_time": 1}
    assert api(bob).post(f"tasks/{task['task']['id']}/submit", body).status_code == 200
    assert to_check() == []
    cells.add(1)
    assert [row["code"] for row in cells.publish().checks if row["code"] == "labels_outgrown"] == []


def test_an_answer_given_before_the_file_was_replaced_can_be_saved_again(
    cells: Any, client_for: ClientFor, api: Callable[..., Any], alice: User, bob: User
) -> None:
    (item,) = cells.add(1)
    queue = create_queue(cells.project, Caller(alice), name="labels", schema=cells.schema)
    add_tasks(queue, Caller(alice), [TaskSpec(item=item)])
    task = api(bob).post(f"queues/{queue.uuid}/next").json()
    address = f"tasks/{task['task']['id']}/submit"
    body = {"result": task["start"], "operation_id": str(item.uuid), "lead_time": 1}
    assert api(bob).post(address, body).status_code == 200
    upload(client_for(alice), item.path, picture(128, 96))
    late = api(bob).post(address, {**body, "operation_id": str(queue.uuid)})
    assert late.status_code == 400 and "64 x 48" in late.json()["error"]
    result = api(bob).post(f"tasks/{task['task']['id']}/open").json()["annotation"]["result"]
    assert {(entry["original_width"], entry["original_height"]) for entry in result} == {(128, 96)}
    body |= {"result": result, "operation_id": str(cells.dataset.uuid)}
    assert api(bob).post(address, body).status_code == 200


def test_a_zip_may_replace_files_too(
    cells: Any, api: Callable[..., Any], alice: User, run_jobs: Callable[[], int]
) -> None:
    item, same = cells.add(2)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(item.path, picture(32, 32))
        archive.writestr("new.png", picture(grey=7))
    program = api(alice)
    file = SimpleUploadedFile("scans.zip", out.getvalue())
    got = program.client.post("/api/v1/projects/blood/items/zip", {"file": file, "replace_media": "1"})
    assert got.status_code == 202, got.content
    run_jobs()
    result = program.get(f"jobs/{got.json()['uuid']}").json()["result"]
    assert (result["created"], result["replaced"], result["resized"], result["problems"]) == (1, 1, 1, [])
    item.refresh_from_db()
    assert (item.width, item.height) == (32, 32) and item.past_files.get().width == 64
    assert Item.objects.filter(project=cells.project).count() == 3
    assert Item.objects.get(pk=same.pk).past_files.count() == 0
