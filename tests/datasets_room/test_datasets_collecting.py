"""What nothing needs leaves the store, and nothing else does, whoever writes meanwhile."""

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from tests.conftest import png
from tests.stored import blob_file, root

from lode_datasets.aliases import pin, set_alias
from lode_datasets.models import Version
from lode_datasets.publish import publish
from lode_datasets.selection import remove_items
from lode_platform import collecting, jobs, needs, rehashing
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, NotFound
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Blob, BlobReceipt, Item, Job, JobState, Removal, User
from lode_platform.store import GRACE, key_of, store
from motherlode import manifest

OLD = timedelta(days=2)


def grow_old() -> None:
    """As if all that is here had come two days ago."""
    Blob.objects.update(created_at=timezone.now() - OLD, promised_at=None)
    BlobReceipt.objects.update(created_at=timezone.now() - OLD)
    Removal.objects.update(created_at=timezone.now() - OLD)


def aged(path: Path) -> Path:
    past = timezone.now().timestamp() - OLD.total_seconds()
    os.utime(path, (past, past))
    return path


def collect(dry_run: bool = False) -> dict[str, Any]:
    return collecting.collect(dry_run=dry_run)


def test_what_items_and_versions_hold_is_kept_and_the_rest_goes(cells: Any) -> None:
    live, trashed, taken_out = cells.add(3)
    cells.publish()
    remove_items(cells.dataset, cells.user, [taken_out])
    cells.publish()
    Item.objects.filter(pk=trashed.pk).update(trashed_at=timezone.now())
    held = {row.md5 for version in Version.objects.all() for row in _rows(version)}
    spare = store().add_bytes(b"nothing needs this")
    grow_old()

    told = collect(dry_run=True)
    assert (told["removed"], told["bytes"], told["recent"]) == (1, spare.size, 0)
    assert told["kept"]["items"] == 2 and told["kept"]["items in the trash"] == 1 and told["kept"]["versions"] == 3
    assert store().open(spare.md5).read() == b"nothing needs this"

    told = collect()
    assert (told["removed"], told["bytes"]) == (1, spare.size)
    assert not Blob.objects.filter(pk=spare.pk).exists() and not store().exists(spare.md5)
    assert all(store().rehash(md5) is not None for md5 in held)
    assert {live.blob_id, trashed.blob_id, taken_out.blob_id} <= set(Blob.objects.values_list("pk", flat=True))
    assert not Removal.objects.exists() and collect()["removed"] == 0


def _rows(version: Version) -> list[Any]:
    from lode_datasets import versions

    return list(versions.manifest_rows(version))


def test_what_was_just_sent_or_promised_is_kept(cells: Any) -> None:
    sent, promised, receipt, spare = store().add_many([b"sent", b"promised", b"receipt", b"spare"])
    Blob.objects.exclude(pk=sent.pk).update(created_at=timezone.now() - OLD)
    assert store().known([promised.md5])[promised.md5].pk == promised.pk
    BlobReceipt.objects.create(user=cells.user, blob=receipt)
    told = collect()
    assert (told["removed"], told["recent"]) == (1, 3)
    assert set(Blob.objects.all()) == {sent, promised, receipt}


def test_an_unfinished_job_keeps_what_was_sent_since_it_was_asked_for(cells: Any) -> None:
    earlier, later = store().add_many([b"earlier", b"later"])
    grow_old()
    job = Job.objects.create(verb="items.zip", project=cells.project, created_by=cells.user, state=JobState.RUNNING)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - OLD / 1.5)
    Blob.objects.filter(pk=later.pk).update(created_at=timezone.now() - OLD / 1.8)
    assert collect()["removed"] == 1
    assert list(Blob.objects.all()) == [later]
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED)
    assert collect()["removed"] == 1 and earlier.md5 != later.md5


def test_who_needs_bytes_is_named(cells: Any, erin: User) -> None:
    from lode_hooks.evaluations.runs import Use, start

    [item] = cells.add(1)
    first = cells.publish()
    cells.add(1)
    cells.publish()
    set_alias(cells.dataset, Caller(cells.user), "production", first)
    pin(first, erin)
    run = start(cells.project, erin, name="baseline", uses=[Use(first, "train", "training")])
    told = collecting.why(item.blob.md5, None)
    assert told == collecting.why(item.blob.sha256, cells.project)
    named = {(one["kind"], one["name"]) for one in told["needs"]}
    assert named == {
        ("item", f"blood/{item.path}"),
        ("version", "blood/cells@v1"),
        ("version", "blood/cells@v2"),
        ("alias", "blood/cells@production"),
        ("pin", "blood/cells@v1 by erin"),
        ("run", f"blood/baseline ({run.uuid})"),
    }
    assert told["kept_until"] is None
    kept = collect(dry_run=True)["kept"]
    assert (kept["versions"], kept["aliases"], kept["pins"], kept["runs"]) == (2, 1, 1, 1)

    spare = store().add_bytes(b"spare")
    told = collecting.why(spare.md5, None)
    assert told["needs"] == [] and told["kept_until"] == spare.created_at + GRACE
    for digest in (spare.md5, "0" * 32):
        with pytest.raises(NotFound):
            collecting.why(digest, cells.project)
    with pytest.raises(BadInput):
        collecting.why("x", cells.project)


def test_a_project_is_told_of_its_own_alone(
    cells: Any, api: Callable[..., Any], alice: User, run_jobs: Callable[[], int]
) -> None:
    cells.add(2)
    spare = store().add_bytes(b"spare")
    grow_old()
    made = api(alice).post("projects", {"name": "other"})
    assert made.status_code == 201
    row = api(alice).post("projects/other/store/gc", {"dry_run": True}).json()
    run_jobs()
    result = api(alice).get(f"jobs/{row['uuid']}").json()["result"]
    assert result["removed"] == 1 and set(result["kept"].values()) == {0}
    row = api(alice).post("projects/blood/store/gc").json()
    run_jobs()
    result = api(alice).get(f"jobs/{row['uuid']}").json()["result"]
    assert (result["removed"], result["kept"]["items"]) == (1, 2) and not store().exists(spare.md5)


def test_the_commands_say_the_same(cells: Any, capsys: pytest.CaptureFixture[str]) -> None:
    [item] = cells.add(1)
    store().add_bytes(b"spare")
    grow_old()
    call_command("gc", "--dry-run")
    assert "1 blobs, 5 bytes: would be removed" in capsys.readouterr().out
    call_command("gc", "--why", item.blob.md5)
    assert f"item blood/{item.path}" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("gc", "--why", "0" * 32)
    call_command("gc")
    assert "1 blobs, 5 bytes: removed" in capsys.readouterr().out


def die_before_the_bytes_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that is killed once the rows are gone: it leaves a removal that is still to be done."""

    def dies(*_given: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "unlink", dies)
        collect()


# -- beside others ----------------------------------------------------------------------------------------------------


def test_a_collector_that_died_between_row_and_bytes_is_finished_by_the_next(
    cells: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = store().add_bytes(b"spare")
    grow_old()

    die_before_the_bytes_go(monkeypatch)
    assert not Blob.objects.exists() and store().exists(blob.md5)
    collect()
    assert not store().exists(blob.md5) and not Removal.objects.exists()


def test_bytes_that_come_back_before_they_are_removed_stay(cells: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = store().add_bytes(b"spare")
    grow_old()

    die_before_the_bytes_go(monkeypatch)
    again = store().add_bytes(b"spare")
    collect()
    assert store().rehash(blob.md5) == (again.md5, again.sha256) and not Removal.objects.exists()


def in_thread(function: Callable[[], Any]) -> Any:
    """The function, with a connection of its own thread, which is closed."""

    def run() -> Any:
        try:
            return function()
        finally:
            connection.close()

    return run


class Gate:
    """Stops a call of the operating system on one file, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, part: str) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        real = getattr(os, name)

        def gated(*given: Any, **named: Any) -> Any:
            if any(part in str(word) for word in given) and not self.reached.is_set():
                self.reached.set()
                assert self.open.wait(60)
            return real(*given, **named)

        monkeypatch.setattr(os, name, gated)


@pytest.mark.django_db(transaction=True)
def test_an_adder_that_comes_while_bytes_are_removed_writes_them_afterwards(
    cells: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = store().add_bytes(b"spare")
    grow_old()
    removing = Gate(monkeypatch, "unlink", key_of(blob.md5))
    with ThreadPoolExecutor(2) as pool:
        collector = pool.submit(in_thread(collect))
        assert removing.reached.wait(60)  # its row is gone, and the bytes are about to be
        adder = pool.submit(in_thread(lambda: store().add_bytes(b"spare")))
        while not adder.done() and not list((blob_file("0" * 32).parents[3] / "tmp").glob("*")):
            pass  # until it has its bytes, and asks what is known of them
        removing.open.set()
        assert collector.result(60)["removed"] == 1
        assert adder.result(60).md5 == blob.md5
    assert store().rehash(blob.md5) == (blob.md5, blob.sha256) and Blob.objects.get().md5 == blob.md5


@pytest.mark.django_db(transaction=True)
def test_a_collector_that_comes_while_bytes_are_added_leaves_them(cells: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = store().add_bytes(b"spare")
    grow_old()

    die_before_the_bytes_go(monkeypatch)
    adding = Gate(monkeypatch, "replace", key_of(blob.md5))
    with ThreadPoolExecutor(2) as pool:
        adder = pool.submit(in_thread(lambda: store().add_bytes(b"spare")))
        assert adding.reached.wait(60)  # the bytes are about to get their name, and there is no row yet
        assert pool.submit(in_thread(collect)).result(60)["removed"] == 0
        adding.open.set()
        assert adder.result(60).md5 == blob.md5
    assert store().rehash(blob.md5) == (blob.md5, blob.sha256)


@pytest.mark.django_db(transaction=True)
def test_who_was_told_that_bytes_are_here_can_use_them(cells: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look at the same old blob at the same time: it is promised or collected, never both."""
    for number in range(10):
        blob = store().add_bytes(b"spare %d" % number)
        grow_old()
        start = threading.Barrier(2)

        def promised(md5: str = blob.md5, start: threading.Barrier = start) -> bool:
            start.wait()
            return bool(store().known([md5]))

        def collected(start: threading.Barrier = start) -> int:
            start.wait()
            return int(collect()["removed"])

        with ThreadPoolExecutor(2) as pool:
            told, removed = pool.submit(in_thread(promised)), pool.submit(in_thread(collected))
            assert told.result(60) != bool(removed.result(60))
        assert store().exists(blob.md5) == Blob.objects.filter(pk=blob.pk).exists() == told.result()
        Blob.objects.all().delete()


# -- bytes without a row ----------------------------------------------------------------------------------------------


def test_bytes_without_a_row_go_a_day_after_they_were_found(cells: Any) -> None:
    fresh, old, back = b"fresh", b"old", b"back"
    files = {data: blob_file(store().add_bytes(data).md5) for data in (fresh, old, back)}
    Blob.objects.all().delete()
    for data in (old, back):
        aged(files[data])
    told = collect(dry_run=True)
    assert (told["strays"], Removal.objects.count()) == (2, 0)
    told = collect()
    assert (told["strays"], told["strays_removed"]) == (2, 0) and all(file.exists() for file in files.values())
    grow_old()
    store().add_bytes(back)
    assert collect()["strays_removed"] == 1
    assert {data for data, file in files.items() if file.exists()} == {fresh, back}
    assert not Removal.objects.exists()


def test_the_listing_of_a_version_that_was_taken_back_goes_and_no_other(cells: Any) -> None:
    cells.add(2)
    version = cells.publish()
    left = b'[{"md5": "0", "relpath": "a"}]'
    store().put_object(manifest.dir_oid([left]), left)
    for oid in (version.dir_oid, *version.listings.values(), manifest.dir_oid([left])):
        aged(blob_file(oid[:32], directory=True))
    assert collect()["strays"] == 1
    grow_old()
    cells.add(1)
    publish(cells.dataset, cells.user)
    assert collect()["strays"] == 0  # while a version is being published nobody knows what it lists
    cells.run_jobs()
    assert jobs.due().count() == 0
    assert collect()["strays_removed"] == 1
    assert not store().exists(manifest.dir_oid([left])[:32], directory=True)
    assert all(store().exists(oid[:32], directory=True) for oid in (version.dir_oid, *version.listings.values()))


# -- whatever happens -------------------------------------------------------------------------------------------------


class Life:
    """A project in which things come, change and go in any order, every day collected."""

    def __init__(self, cells: Any, seed: int) -> None:
        self.cells, self.random, self.number = cells, random.Random(seed), 0

    def add(self) -> None:
        self.number += 1  # names of items that are gone are not taken again
        self.cells.add(self.random.randint(1, 3), prefix=f"item-{self.number}")

    def replace(self) -> None:
        """Another file takes the place of an item's, or one that it had before comes back."""
        item = self.random.choice(list(Item.objects.live().order_by("pk")))
        self.number += 1
        blob = store().add_bytes(png(64, 48, 10_000 + self.random.choice([self.number, 1])))
        spec = ItemSpec(path=item.path, md5=blob.md5, sha256=blob.sha256)
        add_items(self.cells.project, Caller(self.cells.user), [spec], trusted=True, replace_media=True)

    def trash(self) -> None:
        item = self.random.choice(list(Item.objects.live().order_by("pk")))
        Item.objects.filter(pk=item.pk).update(trashed_at=timezone.now() - OLD)

    def take_out(self) -> None:
        held = list(Item.objects.filter(dataset_items__dataset=self.cells.dataset).order_by("pk"))
        remove_items(self.cells.dataset, self.cells.user, held[: self.random.randint(0, 1)])

    def publish(self) -> None:
        with suppress(BadInput):
            self.cells.publish()

    def take_back(self) -> None:
        """A publish that is cancelled while it is carried out."""
        with suppress(BadInput):
            _version, job = publish(self.cells.dataset, self.cells.user)
            if job is not None:
                Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
            self.cells.run_jobs()

    def send(self) -> None:
        """Bytes that are never made an item."""
        self.number += 1
        store().add_many([b"%d" % self.number, b"%d" % self.random.randint(1, self.number)])

    def lose_rows(self) -> None:
        """As an import leaves it that was killed before it wrote its rows."""
        self.number += 1
        [blob] = store().add_many([b"killed %d" % self.number])
        blob.delete()

    def a_day_goes_by(self) -> None:
        grow_old()
        for file in (root() / "files").rglob("*"):
            if file.is_file():
                aged(file)
        call_command("tidy", verbosity=0)
        collect()

    def step(self) -> None:
        acts = [self.add, self.publish, self.take_back, self.send, self.lose_rows, self.a_day_goes_by]
        if Item.objects.live().exists():
            acts += [self.replace, self.trash, self.take_out]
        self.random.choice(acts)()

    def check(self) -> None:
        """All that is needed is here, and whole."""
        assert rehashing.rehash()["broken"] == []
        for version in Version.objects.published():
            assert all(store().rehash(row.md5) == (row.md5, row.sha256) for row in _rows(version))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_is_needed_is_ever_gone(cells: Any, settings: LazySettings, seed: int) -> None:
    settings.TRASH_DAYS = 1
    life = Life(cells, seed)
    for _step in range(40):
        life.step()
        life.check()
    Item.objects.filter(entries=None).update(trashed_at=timezone.now() - OLD)
    for _round in range(3):
        life.a_day_goes_by()
    life.check()
    needed = {blob for need in needs.all_needs() for blob in need.rows(None).values_list("blob", flat=True)}
    assert set(Blob.objects.values_list("pk", flat=True)) == needed  # and nothing else is left
    listed = {oid for oid in needs.needed_listings(None) or ()}
    files = {file.parent.name + file.name for file in (root() / "files").rglob("*") if file.is_file()}
    assert files == listed | set(Blob.objects.values_list("md5", flat=True))
