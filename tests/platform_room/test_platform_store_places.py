"""One store, whatever its bytes lie in: a folder, another file system of fsspec, a bucket of S3."""

import hashlib
import io
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from lode_platform import collecting, media, memory, rehashing, tidy
from lode_platform.errors import BadInput, NotFound, TooLarge
from lode_platform.jobs import run_pending
from lode_platform.models import Blob, Item, Job, JobState, Project, User
from lode_platform.store import key_of, store
from lode_platform.store_remote import MOST, StoreAway

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request: pytest.FixtureRequest, settings: LazySettings) -> Iterator[str]:
    """Where the store's bytes lie."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
    elif request.param == "memory":
        settings.STORE = f"memory://{uuid4().hex}/lode"
    yield request.param
    MemoryFileSystem.store.clear()


def scratch(home: Path) -> list[Path]:
    return [file for folder in (home / "tmp", home / "store" / "tmp") for file in folder.glob("*")]


def below(folder: str = "") -> list[str]:
    return [key for key, _age in store().backend.list(folder)]


def test_bytes_lie_under_their_md5_and_come_back(place: str, home: Path) -> None:
    blob, empty = store().add_bytes(b"one"), store().add_bytes(b"")
    names = sorted([md5(b"one"), md5(b"")])
    assert below("files") == [f"files/md5/{name[:2]}/{name[2:]}" for name in names]
    assert (blob.md5, blob.sha256, blob.size) == (md5(b"one"), hashlib.sha256(b"one").hexdigest(), 3)
    assert store().open(blob.md5).read() == b"one" and store().open(empty.md5).read() == b""
    assert store().backend.read(key_of(blob.md5), 3) == b"one" and store().backend.read(key_of(blob.md5), 2) is None
    assert list(store().read_many([(empty.md5, 0), (blob.md5, 3)])) == [b"", b"one"]
    assert store().rehash(blob.md5) == (blob.md5, blob.sha256)
    assert (store().size(blob.md5), store().exists(md5(b"two"))) == (3, False)
    assert scratch(home) == []


def test_many_are_kept_and_read_in_order(place: str, home: Path) -> None:
    contents = [b"%d" % number for number in range(70)]
    blobs = store().add_many(contents)
    assert [blob.md5 for blob in blobs] == [md5(data) for data in contents]
    assert list(store().read_many((blob.md5, blob.size) for blob in blobs)) == contents
    assert len(below("files")) == 70 and scratch(home) == []
    assert [blob.pk for blob in store().add_many(contents)] == [blob.pk for blob in blobs]


def test_what_is_not_there_is_said(place: str) -> None:
    one = store().add_bytes(b"one")
    for ask in (store().open, lambda name: list(store().read_many([(one.md5, 3), (name, 1)]))):
        with pytest.raises(NotFound):
            ask("0" * 32)
    with pytest.raises(FileNotFoundError):
        store().backend.local(key_of("0" * 32))
    with pytest.raises(FileNotFoundError):
        store().backend.read(key_of("0" * 32), 1)
    assert store().size("0" * 32) is None and store().rehash("0" * 32) is None
    assert store().backend.age(key_of("0" * 32)) is None
    assert below("nothing") == []
    store().backend.delete(key_of("0" * 32))


def test_a_lost_blob_is_healed_by_sending_it_again(place: str) -> None:
    blob = store().add_bytes(b"one")
    store().backend.delete(key_of(blob.md5))
    assert store().add_many([b"two", b"one"])[1] == blob
    assert store().open(blob.md5).read() == b"one"


def test_a_large_file_is_read_from_any_place(place: str, home: Path) -> None:
    data = random.Random(7).randbytes(3 * MOST // 2 + 7)
    blob = store().add_stream(io.BytesIO(data))
    with store().open(blob.md5) as file:
        assert file.seek(0, io.SEEK_END) == len(data)
        assert (file.seek(-5, io.SEEK_END), file.read(100)) == (len(data) - 5, data[-5:])
        file.seek(MOST)
        assert (file.read(10), file.tell()) == (data[MOST : MOST + 10], MOST + 10)
        file.seek(0)
        assert b"".join(iter(lambda: file.read(100_003), b"")) == data
    assert store().backend.local(key_of(blob.md5)).read_bytes() == data


def test_a_local_copy_is_that_of_the_bytes_which_are_there_now(place: str) -> None:
    backend = store().backend
    backend.put("columns/a", [b"fir", b"st"])
    first = backend.local("columns/a")
    assert first.read_bytes() == b"first" and backend.local("columns/a") == first
    backend.put("columns/a", [b"second"])
    assert backend.local("columns/a").read_bytes() == b"second"
    age = backend.age("columns/a")
    assert age is not None and -5 < age < 60
    assert [(key, -5 < since < 60) for key, since in backend.list("columns")] == [("columns/a", True)]


def test_what_was_refused_leaves_nothing(place: str, home: Path) -> None:
    with pytest.raises(BadInput):
        store().add_stream([b"o", b"ne"], md5="0" * 32)
    with pytest.raises(TooLarge):
        store().stage("a.zip", io.BytesIO(bytes(100)), limit=99)
    part = store().backend.scratch("part")
    part.write_bytes(b"one")
    with pytest.raises(BadInput):
        store().add_file(part, sha256="0" * 64)
    assert below() == [] and scratch(home) == [] and not Blob.objects.exists()


def test_what_came_in_pieces_is_taken_over(place: str, home: Path) -> None:
    part = store().backend.scratch("part")
    part.write_bytes(b"one")
    assert store().add_file(part, md5=md5(b"one")).size == 3
    assert below() == [key_of(md5(b"one"))] and scratch(home) == []


def test_listings_and_uploads_have_places_of_their_own(place: str, home: Path) -> None:
    listing = b'[{"md5": "x", "relpath": "a"}]'
    name = store().add_listing([listing[:5], listing[5:]])
    store().put_object(name, listing)
    assert store().open(md5(listing), directory=True).read() == listing
    store().stage("a.zip", io.BytesIO(b"zip"), limit=99)
    with store().staged("a.zip") as file:
        assert file.read() == b"zip"
    assert [name for name, _age in store().staged_names()] == ["a.zip"]
    store().unstage("a.zip")
    assert below() == [key_of(md5(listing), directory=True)] and scratch(home) == []


# -- a bucket ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def line(bucket: Any, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A line between the store and its bucket, of a client that soon gives up."""
    from tests.buckets import Line

    monkeypatch.setattr("lode_platform.store_remote.WAITS", ())
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    made = Line()
    quick = {"config_kwargs": {"retries": {"max_attempts": 1}}}
    settings.STORE_OPTIONS = {**bucket.options, **quick, "endpoint_url": made.url}
    yield made
    made.close()


@pytest.mark.parametrize("size", [5 << 20, 40 << 20], ids=["in one", "in parts"])
def test_a_connection_that_breaks_off_leaves_nothing_half_written(
    bucket: Any, line: Any, home: Path, size: int
) -> None:
    store().add_bytes(b"before")
    data = random.Random(1).randbytes(size)
    line.left = size // 2
    with pytest.raises(StoreAway):
        store().add_stream(io.BytesIO(data))
    assert line.cuts and bucket.keys() == [key_of(md5(b"before"))]
    assert scratch(home) == [] and Blob.objects.count() == 1
    line.left = None
    store().backend.tidy(0)
    assert bucket.unfinished() == []
    blob = store().add_stream(io.BytesIO(data))
    assert store().rehash(blob.md5) == (blob.md5, blob.sha256)


def test_a_store_that_is_away_is_said_and_tried_again(bucket: Any, line: Any) -> None:
    blob = store().add_bytes(b"one")
    line.left = 0
    for ask in (
        lambda: store().open(blob.md5),
        lambda: store().add_bytes(b"two"),
        lambda: list(store().staged_names()),
    ):
        with pytest.raises(StoreAway) as said:
            ask()
        assert (said.value.status, said.value.code) == (503, "store_away")
    line.left = None
    assert store().open(blob.md5).read() == b"one"


def test_a_job_whose_store_is_away_is_tried_again(line: Any, project: Project, alice: User) -> None:
    store().add_bytes(b"one")
    row = rehashing.start(project, alice, sample=None)
    line.left = 0
    collecting.start(project, alice, dry_run=True)
    assert run_pending() == 2
    row.refresh_from_db()
    assert row.state == JobState.SUCCEEDED  # of what the project has there is nothing to read
    late = Job.objects.get(verb=collecting.VERB)
    assert (late.state, late.run_after is not None) == (JobState.QUEUED, True)
    assert late.error == "The store cannot be reached at the moment; try again soon."
    line.left = None
    Job.objects.update(run_after=None)
    assert run_pending() == 1
    late.refresh_from_db()
    assert late.state == JobState.SUCCEEDED and late.result["recent"] == 1


def test_copies_that_nobody_asks_for_go_in_a_day(bucket: Any, home: Path) -> None:
    store().backend.put("columns/a", [b"bytes"])
    copy = store().backend.local("columns/a")
    past = time.time() - 2 * 24 * 3600
    os.utime(copy, (past, past))
    assert store().backend.local("columns/a") == copy  # and it was asked for just now
    assert tidy.machine()["copies of what the store holds"] == 0
    os.utime(copy, (past, past))
    assert tidy.machine()["copies of what the store holds"] == 1
    assert store().backend.local("columns/a").read_bytes() == b"bytes"


def test_a_large_picture_in_a_bucket_is_read_by_a_process_of_its_own(
    bucket: Any, project: Project, make_items: Callable[..., list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "IN_PROCESS", 0)
    [item] = make_items(project, 1, width=300, height=200)
    assert (item.width, item.height) == (300, 200)
    with Image.open(media.view(item, 64)) as view:
        assert view.size == (64, 43)


def test_bytes_that_change_on_their_way_are_never_kept(bucket: Any, line: Any) -> None:
    line.swapped = b"precious", b"precioux"
    with pytest.raises(StoreAway):
        store().add_bytes(b"precious")
    assert bucket.keys() == [] and not Blob.objects.exists()


def test_a_tag_that_is_no_md5_is_looked_into_once(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a bucket whose objects are encrypted with a key of KMS."""
    backend: Any = store().backend
    asked = backend._fs.info
    monkeypatch.setattr(backend._fs, "info", lambda path: {**asked(path), "ETag": '"' + "0" * 32 + '"'})
    read: list[str] = []
    ranged = backend._range

    def watched(path: str, *span: int) -> Any:
        read.append(path)
        return ranged(path, *span)

    monkeypatch.setattr(backend, "_range", watched)
    store().add_bytes(b"one")
    store().add_bytes(b"two")
    assert len(read) == 1 and len(bucket.keys()) == 2


# -- redirects --------------------------------------------------------------------------------------------------------


def test_media_may_be_fetched_from_the_bucket_by_those_who_may_see_them(
    bucket: Any,
    settings: LazySettings,
    project: Project,
    make_items: Callable[..., list[Item]],
    bob: User,
    charlie: User,
    client_for: Callable[[User], Client],
) -> None:
    [item] = make_items(project, 1)
    address = f"{reverse('platform:media', args=[item.uuid])}?file={item.blob.md5}"
    assert client_for(bob).get(address).status_code == 200
    settings.STORE_REDIRECT = 60
    sent = client_for(bob).get(address)
    assert (sent.status_code, sent["Cache-Control"]) == (307, "private, max-age=30")
    fetched = httpx.get(sent["Location"])
    assert fetched.content == store().open(item.blob.md5).read()
    assert fetched.headers["Content-Type"] == item.media_type
    assert fetched.headers["Content-Disposition"].startswith("inline")
    query = parse_qs(urlsplit(sent["Location"]).query)
    assert query["X-Amz-Expires"] == ["60"]
    assert client_for(charlie).get(address).status_code == 404
    page = client_for(bob).get(reverse("platform:home", args=[project.name]))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(sent["Location"]))
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert origin in policy["img-src"] and origin in policy["connect-src"] and origin not in policy["script-src"]


def test_a_folder_has_no_redirects(
    settings: LazySettings,
    project: Project,
    make_items: Callable[..., list[Item]],
    bob: User,
    client_for: Callable[[User], Client],
) -> None:
    settings.STORE_REDIRECT = 60
    [item] = make_items(project, 1)
    answer = client_for(bob).get(reverse("platform:media", args=[item.uuid]))
    assert answer.status_code == 200
    assert "http" not in client_for(bob).get(reverse("platform:home", args=[project.name]))["Content-Security-Policy"]
