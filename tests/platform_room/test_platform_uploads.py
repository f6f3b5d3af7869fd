"""Bytes and items over REST: only what is missing is sent, receipts, pieces, filters."""

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image
from tests.stored import root

from lode_platform.models import Blob, BlobReceipt, Item, Project, User
from lode_platform.store import store

Apis = Callable[..., Any]
MakeItems = Callable[..., list[Item]]


def picture(seed: int = 0, side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (seed % 256, seed // 256, 7)).save(out, "PNG")
    return out.getvalue()


def offer(path: str, data: bytes) -> dict[str, Any]:
    return {
        "path": path,
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }


def put(client: Any, data: bytes, piece: str = "", **wrong: str) -> Any:
    names = {**offer("", data), **wrong}
    if piece:
        first, _, last = piece.removeprefix("bytes ").partition("/")[0].partition("-")
        data = data[int(first) : int(last) + 1]
    headers = {"X-Sha256": names["sha256"], **({"Content-Range": piece} if piece else {})}
    return client.client.put(
        f"/api/v1/projects/blood/blobs/{names['md5']}",
        data=data,
        content_type="application/octet-stream",
        headers=headers,
    )


def item(path: str, data: bytes, **more: Any) -> dict[str, Any]:
    known = offer(path, data)
    return {"path": path, "md5": known["md5"], "sha256": known["sha256"], **more}


def test_bytes_are_asked_for_once_sent_once_and_become_an_item(project: Project, erin: User, api: Apis) -> None:
    client, data = api(erin), picture()
    asked = client.post("projects/blood/uploads", {"files": [offer("a.png", data), offer("b.png", data)]}).json()
    assert asked == {"send": [offer("", data)["md5"]], "problems": []}
    assert put(client, data).status_code == 201
    assert put(client, data).status_code == 200
    again = client.post("projects/blood/uploads", {"files": [offer("a.png", data)]}).json()
    assert again["send"] == []
    made = client.post("projects/blood/items", {"items": [item("a.png", data), item("b.png", data)]}).json()
    assert [row["path"] for row in made["created"]] == ["a.png", "b.png"] and not made["problems"]
    assert Blob.objects.count() == 1


def test_nobody_links_bytes_that_only_others_sent(project: Project, erin: User, alice: User, api: Apis) -> None:
    data = picture()
    assert put(api(erin), data).status_code == 201
    other = api(alice)
    assert other.post("projects/blood/uploads", {"files": [offer("a.png", data)]}).json()["send"]
    made = other.post("projects/blood/items", {"items": [item("a.png", data)]}).json()
    assert [row["code"] for row in made["problems"]] == ["not_sent"]
    assert put(other, data).status_code == 201, "the answer does not tell that somebody else has these bytes"


def test_bytes_of_an_item_i_see_are_not_asked_for(
    project: Project, erin: User, make_items: MakeItems, api: Apis
) -> None:
    (there,) = make_items(project, 1)
    with store().open(there.blob.md5) as file:
        data = file.read()
    assert api(erin).post("projects/blood/uploads", {"files": [offer("a.png", data)]}).json()["send"] == []


def test_what_would_be_refused_is_said_before_anything_is_sent(
    project: Project, erin: User, api: Apis, settings: LazySettings
) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    files = [
        offer("../x.png", b"1"),
        {**offer("big.png", b"2"), "size": 1001},
        {**offer("odd.png", b"3"), "md5": "xyz"},
        offer("good.png", b"4"),
    ]
    asked = api(erin).post("projects/blood/uploads", {"files": files}).json()
    assert [row["code"] for row in asked["problems"]] == ["unsafe_path", "too_large", "bad_md5"]
    assert asked["send"] == [offer("", b"4")["md5"]]


@pytest.mark.parametrize("wrong", [{"md5": "0" * 32}, {"sha256": "0" * 64}, {"sha256": ""}, {"md5": "..%2f..%2fx"}])
def test_bytes_under_a_wrong_name_are_refused(project: Project, erin: User, api: Apis, wrong: dict[str, str]) -> None:
    assert put(api(erin), picture(), **wrong).status_code in (400, 404)
    assert not Blob.objects.exists()


def test_a_collision_is_answered_409(project: Project, erin: User, api: Apis) -> None:
    data = picture()
    blob = store().add_bytes(data)
    Blob.objects.filter(pk=blob.pk).update(sha256="f" * 64)
    answer = put(api(erin), data)
    assert (answer.status_code, answer.json()["code"]) == (409, "md5_collision")


def test_a_file_over_the_limit_is_refused_unread(
    project: Project, erin: User, api: Apis, settings: LazySettings, home: Path
) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    assert put(api(erin), b"x" * 11).status_code == 413
    assert not list((home / "store").rglob("*.*"))


def test_a_large_file_comes_in_pieces_and_goes_on_after_a_break(project: Project, erin: User, api: Apis) -> None:
    client, data = api(erin), picture(side=200)
    total, half = len(data), len(data) // 2
    address = f"/api/v1/projects/blood/blobs/{offer('', data)['md5']}"
    assert put(client, data, f"bytes 0-{half - 1}/{total}").json() == {"offset": half, "complete": False}
    asked = client.client.head(address)
    assert (asked["Upload-Offset"], asked["Upload-Complete"]) == (str(half), "0")
    wrong = put(client, data, f"bytes {half + 1}-{total - 1}/{total}")
    assert (wrong.status_code, wrong.json()["offset"]) == (409, half)
    assert put(client, data, f"bytes {half}-{total - 1}/{total}").status_code == 201
    asked = client.client.head(address)
    assert (asked["Upload-Offset"], asked["Upload-Complete"]) == (str(total), "1")
    assert client.post("projects/blood/items", {"items": [item("a.png", data)]}).json()["created"]


def test_a_piece_whose_answer_was_lost_may_come_again(project: Project, erin: User, api: Apis) -> None:
    client, data = api(erin), picture(side=200)
    total, half = len(data), len(data) // 2
    for _again in range(2):
        assert put(client, data, f"bytes 0-{half - 1}/{total}").json() == {"offset": half, "complete": False}
    for _again in range(2):
        assert put(client, data, f"bytes {half}-{total - 1}/{total}").json() == {"offset": total, "complete": True}
    assert store().open(offer("", data)["md5"]).read() == data
    assert not list((root() / "tmp").glob("*"))


def test_pieces_that_do_not_make_the_promised_file_are_thrown_away(
    project: Project, erin: User, api: Apis, home: Path
) -> None:
    client, data = api(erin), picture()
    answer = put(client, data, f"bytes 0-{len(data) - 1}/{len(data)}", sha256="0" * 64)
    assert (answer.status_code, answer.json()["code"]) == (400, "hash_mismatch")
    assert not list((home / "store" / "tmp").glob("*"))


def test_a_piece_with_nonsense_for_a_range_is_refused(project: Project, erin: User, api: Apis) -> None:
    client = api(erin)
    for header in ("bytes 5-2/10", "bytes 0-99/10", "items 0-1/2", "bytes 0-0/1"):
        answer = client.client.put(
            f"/api/v1/projects/blood/blobs/{'0' * 32}",
            data=b"xy",
            content_type="application/octet-stream",
            headers={"X-Sha256": "0" * 64, "Content-Range": header},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_range")


def test_each_item_is_refused_or_taken_on_its_own(project: Project, erin: User, api: Apis) -> None:
    client, good, bad = api(erin), picture(), b"no picture"
    put(client, good), put(client, bad)
    sent = [item("good.png", good), item("bad.png", bad), item("../x.png", good), item("new.png", b"unsent")]
    report = client.post("projects/blood/items", {"items": sent}).json()
    assert [row["path"] for row in report["created"]] == ["good.png"]
    assert {row["path"]: row["code"] for row in report["problems"]} == {
        "bad.png": "not_an_image",
        "../x.png": "unsafe_path",
        "new.png": "not_sent",
    }
    assert client.post("projects/blood/items", {"items": [item("good.png", good)]}).json()["existing"]


def test_more_than_a_thousand_items_a_call_are_refused(project: Project, erin: User, api: Apis) -> None:
    sent = [item(f"{n}.png", b"") for n in range(1001)]
    assert api(erin).post("projects/blood/items", {"items": sent}).status_code == 400


def test_the_list_is_walked_by_cursor_and_searched(
    project: Project, victor: User, make_items: MakeItems, api: Apis
) -> None:
    make_items(project, 5)
    client, seen, address = api(victor), [], "/api/v1/projects/blood/items?limit=2"
    while address:
        page = client.client.get(address).json()
        seen += [row["path"] for row in page["results"]]
        address = page["next"]
    assert seen == [f"item-{n:05d}.png" for n in range(5)]
    found = client.get("projects/blood/items?search=0003").json()["results"]
    assert [row["path"] for row in found] == ["item-00003.png"]
    assert client.get("projects/blood/items?path=item-00001.png").json()["results"][0]["width"] == 64
    assert "id" not in found[0] and client.get("projects/blood/items?cursor=7").status_code == 400


def test_the_list_makes_as_many_statements_for_many_rows_as_for_few(
    project: Project, victor: User, make_items: MakeItems, api: Apis
) -> None:
    client = api(victor)
    make_items(project, 2)
    client.get("projects/blood/items")
    with CaptureQueriesContext(connection) as few:
        client.get("projects/blood/items")
    make_items(project, 20)
    with CaptureQueriesContext(connection) as many:
        client.get("projects/blood/items")
    assert len(many) == len(few)


def test_an_item_goes_to_the_trash_and_comes_back(
    project: Project, erin: User, bob: User, make_items: MakeItems, api: Apis
) -> None:
    (there,) = make_items(project, 1)
    client = api(erin)
    assert api(bob).delete(f"items/{there.uuid}").status_code == 403
    assert client.delete(f"items/{there.uuid}").json()["trashed_at"]
    assert client.get("projects/blood/items").json()["results"] == []
    assert len(client.get("projects/blood/items?trash=1").json()["results"]) == 1
    assert client.post(f"items/{there.uuid}/restore").json()["trashed_at"] is None
    assert len(client.get("projects/blood/items").json()["results"]) == 1


def packed(*files: bytes, **wrong: str) -> bytes:
    names = [{**offer("", data), **wrong} for data in files]
    return b"".join(
        f"{name['md5']} {name['sha256']} {len(data)}\n".encode() + data for name, data in zip(names, files, strict=True)
    )


def send_pack(client: Any, body: bytes) -> Any:
    return client.client.post("/api/v1/projects/blood/blobs", data=body, content_type="application/octet-stream")


def test_many_small_files_come_in_one_pack(project: Project, erin: User, api: Apis) -> None:
    client, files = api(erin), [picture(n) for n in range(30)]
    answer = send_pack(client, packed(*files, files[0]))
    assert len(answer.json()["stored"]) == 31 and not answer.json()["problems"]
    made = client.post("projects/blood/items", {"items": [item(f"{n}.png", data) for n, data in enumerate(files)]})
    assert len(made.json()["created"]) == 30
    assert len(send_pack(client, packed(*files)).json()["stored"]) == 30


def test_each_file_of_a_pack_is_refused_or_taken_on_its_own(project: Project, erin: User, api: Apis) -> None:
    known = store().add_bytes(b"known")
    Blob.objects.filter(pk=known.pk).update(sha256="f" * 64)
    body = packed(b"good") + packed(b"bad", sha256="0" * 64) + packed(b"known") + packed(b"fine")
    answer = send_pack(api(erin), body).json()
    assert answer["stored"] == [offer("", b"good")["md5"], offer("", b"fine")["md5"]]
    assert [row["code"] for row in answer["problems"]] == ["hash_mismatch", "md5_collision"]


@pytest.mark.parametrize("body", [b"nonsense", packed(b"whole")[:-1], packed(b"whole") + b"x", b"../../x 0 0\n"])
def test_a_pack_that_is_no_pack_is_refused_whole(project: Project, erin: User, api: Apis, body: bytes) -> None:
    answer = send_pack(api(erin), body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_pack")
    assert not Blob.objects.exists()


def test_an_offer_promises_what_is_here_and_a_question_writes_nothing(
    api: Callable[..., Any], project: Project, alice: User
) -> None:
    blob = store().add_bytes(b"one")
    BlobReceipt.objects.create(user=alice, blob=blob)
    Blob.objects.update(created_at=timezone.now() - timedelta(days=2))
    with CaptureQueriesContext(connection) as asked:
        answer = api(alice).call("head", f"projects/blood/blobs/{blob.md5}")
    assert answer["Upload-Complete"] == "1"
    assert not [query for query in asked if "platform_blob" in query["sql"] and query["sql"].startswith("UPDATE")]
    assert api(alice).post("projects/blood/uploads", {"files": [offer("a.png", b"one")]}).json()["send"] == []
    blob.refresh_from_db()
    assert blob.promised_at is not None and timezone.now() - blob.promised_at < timedelta(hours=1)
