"""A zip from the web: every member refused or taken on its own, nothing written outside the store."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image

from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User

Apis = Callable[..., Any]


def picture(seed: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (seed % 256, seed // 256, 7)).save(out, "PNG")
    return out.getvalue()


def zipped(members: dict[str, bytes] | list[tuple[zipfile.ZipInfo | str, bytes]], **options: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, data)
    return out.getvalue()


def send(api: Apis, user: User, data: bytes, **fields: str) -> Any:
    file = io.BytesIO(data)
    file.name = "cells.zip"
    client = api(user).client
    return client.post("/api/v1/projects/blood/items/zip", {"file": file, **fields})


def unpacked(api: Apis, user: User, data: bytes, **fields: str) -> dict[str, Any]:
    """The finished job of a sent zip, as REST tells it."""
    answer = send(api, user, data, **fields)
    assert answer.status_code == 202, answer.content
    jobs.run_pending()
    told: dict[str, Any] = api(user).get(f"jobs/{answer.json()['uuid']}").json()
    return told


def codes(told: dict[str, Any]) -> dict[str, str]:
    return {row["path"]: row["code"] for row in told["result"]["problems"]}


def test_every_picture_of_a_zip_becomes_an_item(project: Project, erin: User, api: Apis, home: Path) -> None:
    told = unpacked(api, erin, zipped({f"slide/{n}.png": picture(n) for n in range(250)}))
    assert (told["state"], told["result"]["created"], told["done"], told["total"]) == ("succeeded", 250, 250, 250)
    assert Item.objects.visible_to(Caller(erin)).count() == 250
    assert not list((home / "store" / "parked").glob("*")), "the upload is gone once it is unpacked"


def test_names_that_leave_the_folder_are_refused_and_the_rest_comes_in(
    project: Project, erin: User, api: Apis, home: Path
) -> None:
    bad = ["../up.png", "/root.png", "a/../../b.png", "c:/x.png", "ok/.git/x.png"]
    told = unpacked(api, erin, zipped({**{name: picture() for name in bad}, "good.png": picture()}))
    assert codes(told) == dict.fromkeys(bad, "unsafe_path")
    assert told["result"]["created"] == 1
    assert not list(home.rglob("up.png")) and not Path("/root.png").exists()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_a_symbolic_link_is_refused(project: Project, erin: User, api: Apis) -> None:
    told = unpacked(api, erin, zipped([(link("link.png"), b"/etc/passwd"), ("good.png", picture())]))
    assert codes(told) == {"link.png": "symlink"} and told["result"]["created"] == 1


def test_a_bomb_by_ratio_is_refused_and_the_rest_comes_in(project: Project, erin: User, api: Apis) -> None:
    told = unpacked(api, erin, zipped({"bomb.png": b"\0" * 50_000_000, "good.png": picture()}))
    assert codes(told) == {"bomb.png": "zip_bomb"} and told["result"]["created"] == 1


def test_a_bomb_whose_members_share_their_bytes_is_refused(project: Project, erin: User, api: Apis) -> None:
    """Two entries of the directory point at the same bytes, as the classic bomb of one file has it."""
    data = bytearray(zipped({"a.png": picture(), "b.png": picture(1), "good.png": picture(2)}))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        first = archive.getinfo("a.png").header_offset
    directory = data.find(b"PK\x01\x02")
    second = data.find(b"PK\x01\x02", directory + 4)
    data[second + 42 : second + 46] = struct.pack("<L", first)
    told = unpacked(api, erin, bytes(data))
    assert codes(told)["a.png"] == "zip_bomb" and set(codes(told)) == {"a.png", "b.png"}
    assert told["result"]["created"] == 1


def test_a_member_that_holds_more_than_it_says_is_refused(project: Project, erin: User, api: Apis) -> None:
    data = bytearray(zipped({"liar.png": picture() + b"x" * 5000, "good.png": picture()}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.find(mark)
        data[place + at : place + at + 4] = struct.pack("<L", 10)
    told = unpacked(api, erin, bytes(data))
    assert set(codes(told)) == {"liar.png"} and told["result"]["created"] == 1


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_refused_and_the_rest_comes_in(project: Project, erin: User, api: Apis, kind: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        archive.writestr("bad.png", picture() * 30)
        archive.writestr("good.png", picture(1))
    data = bytearray(out.getvalue())
    data[60:75] = b"\xff" * 15
    told = unpacked(api, erin, bytes(data))
    assert codes(told) == {"bad.png": "corrupt"} and told["result"]["created"] == 1


def test_what_is_no_picture_is_named_and_junk_is_passed_over(project: Project, erin: User, api: Apis) -> None:
    told = unpacked(
        api, erin, zipped({"notes.txt": b"hello", "__MACOSX/._x.png": b"", ".DS_Store": b"", "good.png": picture()})
    )
    assert codes(told) == {"notes.txt": "other_medium"}
    assert (told["result"]["created"], told["result"]["skipped"]) == (1, 2)


def test_a_zip_of_texts_gives_texts(project: Project, erin: User, api: Apis) -> None:
    told = unpacked(api, erin, zipped({"good/a.txt": b"one", "bad/b.txt": b"two", "bad/c.txt": b"\xff"}))
    assert codes(told) == {"bad/c.txt": "not_read"} and told["result"]["created"] == 2
    assert set(project.items.values_list("path", "kind", "length")) == {
        ("good/a.txt", "text", 3),
        ("bad/b.txt", "text", 3),
    }


def test_the_same_zip_again_makes_nothing_new(project: Project, erin: User, api: Apis) -> None:
    data = zipped({f"{n}.png": picture(n) for n in range(3)})
    unpacked(api, erin, data)
    told = unpacked(api, erin, data)
    assert (told["result"]["created"], told["result"]["existing"]) == (0, 3)


def test_a_file_that_is_no_zip_is_refused_at_once(project: Project, erin: User, api: Apis) -> None:
    answer = send(api, erin, b"PK but not a zip")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_a_zip")
    assert not Job.objects.exists()


def test_a_zip_over_the_limit_is_refused(project: Project, erin: User, api: Apis, settings: LazySettings) -> None:
    settings.MAX_UPLOAD_BYTES = 50
    assert send(api, erin, zipped({"good.png": picture()})).status_code == 413


def raw(data: bytes, *names: tuple[bytes, bytes]) -> bytes:
    """The zip with names swapped for raw bytes of the same length, which say nothing of their encoding."""
    for old, new in names:
        assert len(old) == len(new) and data.count(old) == 2
        data = data.replace(old, new)
    return data


def paths(user: User) -> list[str]:
    return sorted(Item.objects.visible_to(Caller(user)).values_list("path", flat=True))


@pytest.mark.parametrize(
    ("case", "expected"),
    [("zip-backslashes", ["imgs/a.jpg", "imgs/b.jpg"]), ("zip-utf8-without-flag", ["照片/猫一.jpg"])],
)
def test_zips_from_the_wild_come_in_under_their_names(
    project: Project, erin: User, api: Apis, test_data: Path, case: str, expected: list[str]
) -> None:
    told = unpacked(api, erin, (test_data.parent / "cases" / "door" / case / "input" / "a.zip").read_bytes())
    assert (told["result"]["problems"], paths(erin)) == ([], expected)


def test_names_in_another_encoding_are_read_by_it_and_refused_without(project: Project, erin: User, api: Apis) -> None:
    name = "猫咪.png".encode("gbk")
    data = raw(zipped({"xxxx.png": picture(), "y.png": picture(1)}), (b"xxxx.png", name))
    told = unpacked(api, erin, data)
    (problem,) = told["result"]["problems"]
    assert problem["code"] == "zip_encoding" and "--zip-encoding" in problem["error"] and paths(erin) == ["y.png"]
    assert codes(unpacked(api, erin, data, zip_encoding="ascii")).popitem()[1] == "zip_encoding"
    told = unpacked(api, erin, data, zip_encoding="GBK")
    assert told["result"]["problems"] == [] and paths(erin) == ["y.png", "猫咪.png"]
    answer = send(api, erin, data, zip_encoding="klingon")
    assert answer.status_code == 400 and answer.json()["code"] == "zip_encoding"


def test_a_unicode_path_in_the_extra_field_is_the_name(project: Project, erin: User, api: Apis) -> None:
    info, wanted = zipfile.ZipInfo("xx.png"), "猫.png"
    stated = "猫.png".encode("gbk")
    info.extra = struct.pack("<HHBI", 0x7075, 5 + len(wanted.encode()), 1, zlib.crc32(stated)) + wanted.encode()
    told = unpacked(api, erin, raw(zipped([(info, picture())]), (b"xx.png", stated)))
    assert told["result"]["problems"] == [] and paths(erin) == [wanted]


def test_backslashes_do_not_leave_the_folder_and_end_folders(project: Project, erin: User, api: Apis) -> None:
    members = {"..\\up.png": picture(), "a\\": b"", "a\\..\\..\\b.png": picture(), "a\\x.png": picture(2)}
    told = unpacked(api, erin, zipped(members))
    assert codes(told) == {"../up.png": "unsafe_path", "a/../../b.png": "unsafe_path"}
    assert paths(erin) == ["a/x.png"] and told["result"]["skipped"] == 0


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_come_twice_or_are_zips_are_named(project: Project, erin: User, api: Apis) -> None:
    twice: list[tuple[zipfile.ZipInfo | str, bytes]] = [("a.png", picture(1)), ("a.png", picture(2))]
    told = unpacked(api, erin, zipped([*twice, ("more.zip", zipped({"b.png": picture()}))]))
    assert codes(told) == {"a.png": "path_twice", "more.zip": "zip_in_zip"} and paths(erin) == ["a.png"]
