"""Every address that takes files or documents in, sent good ones made bad: taken, or refused in words and whole."""

import io
import json
import zipfile
from collections.abc import Callable
from hashlib import md5, sha256
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.annotation_room.conftest import make_box
from tests.broken import (
    byte_changes,
    json_changes,
    lasting_rows,
    line_changes,
    picture,
    pictures,
    xml_changes,
    xml_pages,
)
from tests.examples import examples

from lode_annotation.models import Queue
from lode_platform.jobs import run_pending
from lode_platform.models import Job, JobState, User
from lode_platform.tokens import make_token
from motherlode.labeling_config import build

pytestmark = pytest.mark.django_db

CONFIG = build(["RBC", "WBC"], "boxes")
PATH = "item-00000.png"
AT = "2026-01-01T00:00:00Z"
REGION = {"kind": "box", "label": "RBC", "box": [1, 2, 30, 40], "row": "object 1", "area": 30, "attributes": {"a": "b"}}
IMPORTED = {"path": PATH, "labelled": True, "file": "a.xml", "width": 640, "height": 480, "regions": [REGION]}
REVIEW = {"by": "bob", "accepted": True, "comment": "x", "at": AT}
ANSWER = {"by": "ann@example.org", "number": 1, "result": [make_box()], "at": AT, "saved_at": AT, "reviews": [REVIEW]}
MOVED = {"path": PATH, "number": 7, "data": {"image": PATH}, "predictions": [{"id": 1}], "answers": [ANSWER]}
SAID = {"result": [make_box()], "completed_by": "erin", "lead_time": 2, "was_cancelled": False, "created_at": AT}
PREDICTED = {"result": [make_box()], "score": 0.5, "model_version": "m"}
TASKS = [{"data": {"image": PATH, "more": "x"}, "meta": {}, "annotations": [SAID], "predictions": [PREDICTED]}]
TABLE = f"image,row,name\n{PATH},1,é\n".encode()

Send = Callable[[Client, Queue, bytes], Any]


def text_of(said: Any) -> bytes:
    return json.dumps(said).encode()


def send_lines(client: Client, queue: Queue, data: bytes) -> Any:
    uuid = str(uuid4())
    body = json.dumps({"uuid": uuid, "schema": "cells", "format": "voc"})
    client.post("/api/v1/projects/blood/label-imports", body, content_type="application/json")
    answer = client.put(f"/api/v1/label-imports/{uuid}/parts/0", data, content_type="application/x-ndjson")
    return (
        answer
        if answer.status_code >= 400
        else client.post(f"/api/v1/label-imports/{uuid}/finish", "{}", content_type="application/json")
    )


def send_moved(client: Client, queue: Queue, data: bytes) -> Any:
    return client.post(f"/api/v1/queues/{queue.uuid}/move-in", data, content_type="application/x-ndjson")


def send_schema(client: Client, queue: Queue, data: bytes) -> Any:
    body = json.dumps({"name": f"s{uuid4().hex[:8]}", "config": data.decode("utf-8", "surrogateescape")})
    return client.post("/api/v1/projects/blood/schemas", body, content_type="application/json")


def send_schema_page(client: Client, queue: Queue, data: bytes) -> Any:
    form = {"name": f"s{uuid4().hex[:8]}", "config": data.decode("utf-8", "replace")}
    return client.post("/p/blood/schemas/new/", form)


def send_tasks(client: Client, queue: Queue, data: bytes) -> Any:
    address = f"/ls/api/projects/{queue.label_studio.pk}/import"
    return client.post(address, data, content_type="application/json")


def send_file(name: str) -> Send:
    def send(client: Client, queue: Queue, data: bytes) -> Any:
        address = f"/ls/api/projects/{queue.label_studio.pk}/import"
        return client.post(address, {"file": SimpleUploadedFile(name, data)})

    return send


def send_zip(client: Client, queue: Queue, data: bytes) -> Any:
    return client.post("/api/v1/projects/blood/items/zip", {"file": SimpleUploadedFile("cells.zip", data)})


def send_page(client: Client, queue: Queue, data: bytes) -> Any:
    return client.post("/p/blood/items/upload", {"file": SimpleUploadedFile("a.png", data), "paths": '["a.png"]'})


def send_pack(client: Client, queue: Queue, data: bytes) -> Any:
    one = {
        "path": f"{uuid4()}.png",
        "md5": md5(data).hexdigest(),
        "sha256": sha256(data).hexdigest(),
        "size": len(data),
    }
    head = json.dumps({"items": [one]}).encode() + b"\n"
    return client.post("/api/v1/projects/blood/items/pack", head + data, content_type="application/octet-stream")


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"a/{number}.png", picture(size=(9, 9 + number)))
    return out.getvalue()


CONFIG_BYTES = CONFIG.encode()
DOORS: dict[str, tuple[Send, bytes, st.SearchStrategy[bytes]]] = {
    "labels": (send_lines, text_of(IMPORTED), json_changes(text_of(IMPORTED))),
    "answers": (send_moved, text_of(MOVED), json_changes(text_of(MOVED))),
    "tasks": (send_tasks, text_of(TASKS), json_changes(text_of(TASKS))),
    "a file of tasks": (send_file("a.json"), text_of(TASKS), json_changes(text_of(TASKS))),
    "a table": (send_file("a.csv"), TABLE, line_changes(TABLE)),
    "a list": (send_file("a.txt"), PATH.encode(), line_changes(PATH.encode())),
    "a picture in a task": (send_file("a.png"), picture(), st.sampled_from(pictures())),
    "a schema": (send_schema, CONFIG_BYTES, xml_changes(CONFIG_BYTES) | xml_pages()),
    "a schema on its page": (send_schema_page, CONFIG_BYTES, xml_changes(CONFIG_BYTES) | xml_pages()),
    "a zip": (send_zip, zipped(), byte_changes(zipped())),
    "a picture": (send_pack, picture(), st.sampled_from(pictures())),
    "a picture on the page": (send_page, picture(), st.sampled_from(pictures())),
}


@pytest.mark.parametrize("door", DOORS)
def test_what_is_bad_is_refused_whole_and_in_words(door: str, make_queue: Callable[..., Queue], erin: User) -> None:
    send, good, bad = DOORS[door]
    queue = make_queue(1)
    client = Client(headers={"authorization": f"Bearer {make_token(erin)[1]}"})
    client.force_login(erin)
    client.raise_request_exception = False

    def sent(data: bytes) -> bool:
        """Whether it is taken."""
        with transaction.atomic():
            before = lasting_rows()
            answer = send(client, queue, data)
            run_pending()
            assert answer.status_code < 500, (answer.status_code, data[:3000], answer.exc_info)
            ended = Job.objects.filter(state=JobState.FAILED)
            assert [one.error for one in ended.filter(error__regex=r"^\w+(Error|Exception)\b")] == [], data[:3000]
            if answer.status_code >= 400 or ended.exists():
                assert lasting_rows() == before, (answer.content[:300], data[:3000])
            if answer.status_code >= 400 and answer["Content-Type"] == "application/json":
                assert answer.json().get("error") or answer.json().get("detail")
            transaction.set_rollback(True)
        return answer.status_code < 400 and not ended.exists()

    assert sent(good)

    @settings(max_examples=examples(15), database=None, suppress_health_check=list(HealthCheck))
    @given(bad | byte_changes(good))
    def run(data: bytes) -> None:
        sent(data)

    run()
