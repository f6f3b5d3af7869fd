"""Items that come with their bytes: each taken or refused on its own, decoded as those sent before them are."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from lode_platform import memory
from lode_platform.models import BlobReceipt, Event, Item, PastFile, Project, User

Apis = Callable[..., Any]
ADDRESS = "/api/v1/projects/blood/items/pack"


def picture(seed: int = 0, side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side + 1), (seed % 256, seed // 256, 7)).save(out, "PNG")
    return out.getvalue()


def row(path: str, data: bytes, *, send: bool = True, **other: Any) -> dict[str, Any]:
    digests = {"md5": hashlib.md5(data, usedforsecurity=False).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}
    return {"path": path, **digests, **({"size": len(data)} if send else {}), **other}


def post(client: Any, rows: list[dict[str, Any]], *files: bytes, **options: Any) -> Any:
    body = json.dumps({"items": rows, **options}).encode() + b"\n" + b"".join(files)
    return client.client.post(ADDRESS, data=body, content_type="application/octet-stream")


def codes(answer: Any) -> dict[str, str]:
    return {problem["path"]: problem["code"] for problem in answer.json()["problems"]}


def test_items_are_made_of_the_bytes_that_come_with_them(project: Project, erin: User, api: Apis) -> None:
    one, two = picture(1), picture(2, 20)
    answer = post(api(erin), [row("a.png", one), row("b.png", two), row("again.png", one, send=False)], one, two)
    assert answer.status_code == 200 and answer.json()["problems"] == []
    assert [made["path"] for made in answer.json()["created"]] == ["a.png", "b.png", "again.png"]
    sizes = dict(Item.objects.values_list("path", "height"))
    assert sizes == {"a.png": 9, "b.png": 21, "again.png": 9}
    assert BlobReceipt.objects.filter(user=erin).count() == 2
    again = post(api(erin), [row("a.png", one, send=False)])
    assert [there["path"] for there in again.json()["existing"]] == ["a.png"]


def test_each_file_of_a_pack_is_refused_on_its_own(
    project: Project, erin: User, api: Apis, settings: LazySettings
) -> None:
    settings.MAX_UPLOAD_BYTES = 300
    good, text, long = picture(), b"no picture", b"x" * 301
    rows = [
        row("good.png", good),
        row("text.png", text),
        row("long.png", long),
        row("other.png", picture(3), sha256="0" * 64),
        row("never.png", picture(4), send=False),
        row("../up.png", picture(5)),
    ]
    answer = post(api(erin), rows, good, text, long, picture(3), picture(5))
    assert codes(answer) == {
        "text.png": "not_an_image",
        "long.png": "too_large",
        "other.png": "hash_mismatch",
        "never.png": "not_sent",
        "../up.png": "unsafe_path",
    }
    assert [made["path"] for made in answer.json()["created"]] == ["good.png"]


def test_a_picture_that_takes_a_process_of_its_own_comes_in_too(
    project: Project, erin: User, api: Apis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "IN_PROCESS", 100)
    small, large = picture(), picture(1, 30)
    assert codes(post(api(erin), [row("s.png", small), row("l.png", large)], small, large)) == {}
    assert dict(Item.objects.values_list("path", "height")) == {"s.png": 9, "l.png": 31}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\n", "bad_json"),
        (b'{"items": []}', "bad_pack"),
        (b'{"items": [}\n', "bad_json"),
        (b'{"items": [{"path": "a.png"}]}\n', "bad_input"),
        (json.dumps({"items": [row("a.png", b"four")]}).encode() + b"\nfiv", "bad_pack"),
        (json.dumps({"items": [row("a.png", b"four")]}).encode() + b"\nfours", "bad_pack"),
        (json.dumps({"items": [row("a.png", b"four", size=-1)]}).encode() + b"\n", "bad_input"),
    ],
)
def test_a_pack_that_is_not_one_is_refused_whole(
    project: Project, erin: User, api: Apis, body: bytes, code: str
) -> None:
    answer = api(erin).client.post(ADDRESS, data=body, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Item.objects.exists()


def test_a_pack_takes_the_same_number_of_statements_whatever_it_holds(project: Project, erin: User, api: Apis) -> None:
    counts = []
    for first, number in ((0, 2), (100, 60)):
        files = [picture(first + seed) for seed in range(number)]
        rows = [row(f"{first + seed}.png", data) for seed, data in enumerate(files)]
        with CaptureQueriesContext(connection) as seen:
            assert len(post(api(erin), rows, *files).json()["created"]) == number
        counts.append(len(seen))
        # the bytes known before and the rows made: none of them is read for the items again
        reads = [
            query["sql"]
            for query in seen
            if query["sql"].startswith("SELECT") and 'FROM "platform_blob"' in query["sql"]
        ]
        assert len(reads) == 2, reads
        assert not [query for query in seen if 'FROM "platform_blobreceipt"' in query["sql"]]
    assert counts[0] == counts[1]


def test_many_files_are_replaced_in_as_many_statements_as_one(project: Project, erin: User, api: Apis) -> None:
    post(api(erin), [row(f"{seed}.png", picture(seed)) for seed in range(21)], *map(picture, range(21)))
    before = dict(Item.objects.values_list("path", "blob_id"))
    counts = []
    for seeds in (range(1), range(1, 21)):
        files = [picture(100 + seed, 9 + seed % 2) for seed in seeds]
        rows = [row(f"{seed}.png", data) for seed, data in zip(seeds, files, strict=True)]
        with CaptureQueriesContext(connection) as seen:
            answer = post(api(erin), rows, *files, replace_media=True).json()
        counts.append(len(seen))
        assert [one["path"] for one in answer["replaced"]] == [one["path"] for one in rows]
        assert [one["path"] for one in answer["resized"]] == [one["path"] for one in rows]
    assert counts[0] == counts[1]
    assert dict(PastFile.objects.values_list("item__path", "blob_id")) == before
    assert not PastFile.objects.exclude(resized=True, replaced_by=erin, height=9).exists()
    assert dict(Item.objects.values_list("path", "height")) == {f"{seed}.png": 10 + seed % 2 for seed in range(21)}
    told = Event.objects.filter(verb="items.replace", actor=erin, project=project).order_by("pk")
    items = dict(Item.objects.values_list("path", "uuid"))
    now = dict(Item.objects.values_list("path", "blob__md5"))
    assert [(event.data["path"], event.data["md5"]) for event in told] == [*now.items()]
    assert [event.target for event in told] == [*items.values()]
