"""Publishing: the same content is the same version, a version never changes, one at a time."""

import errno
import hashlib
import json
import os
import zlib
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.stored import blob_file, root

from lode_annotation.models import LabelSet
from lode_datasets import changes, contents, git, repositories, statements, versions
from lode_datasets.models import Entry, Version, VersionFile
from lode_datasets.publish import publish
from lode_datasets.selection import add_items, create_dataset, remove_items
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.items import restore, trash
from lode_platform.jobs import Work
from lode_platform.models import Item, Job
from lode_platform.store import store
from motherlode import layers, manifest, published
from motherlode.regions import Region, texts_of


def from_scratch(version: Version) -> dict[str, Any]:
    """The lines of each set and the schema, made anew from the version's entries."""
    rows: dict[str, Any] = {"labels": {}, "manifest": {}, "splits": {}}
    for entry in versions.entries(version):
        path, key = entry.path, entry.label_set_id
        said = statements.label_texts([key])[key]._asdict() if key else {}
        texts = {name: json.loads(text) for name, text in said.items()}
        media = {"kind": "image", "width": entry.item.width, "height": entry.item.height}
        lists = {name: texts.get(name) for name in ("answers", "regions", "relations")}
        rows["labels"][path] = manifest.canonical({"path": path, "media": media, **lists}).encode()
        blob = {name: getattr(entry.blob, name) for name in ("md5", "sha256", "size")}
        rows["manifest"][path] = manifest.canonical({"path": path, **blob}).encode()
        rows["splits"][path] = manifest.canonical({"path": path, "split": entry.split}).encode()
    return {**rows, "schema.json": contents.schema_of(version)}


def stored(version: Version) -> dict[str, Any]:
    """What the version's files say, read as docs/format.md has it."""
    files = files_of(version)
    sets: dict[str, Any] = {
        name: layers.read(
            [
                [(manifest.path_of(line), line) for line in files[path].split(b"\n")[:-1]]
                for path in sorted(files)
                if path.startswith(f"{name}/")
            ]
        )
        for name in versions.LINES
    }
    return {**sets, "schema.json": files["schema.json"]}


def files_of(version: Version) -> dict[str, bytes]:
    return {file.path: blob_file(file.blob.md5).read_bytes() for file in versions.files(version)}


def digest_from_scratch(version: Version) -> str:
    made = from_scratch(version)
    roots = {name: published.root_of(made[name].items()) for name in versions.LINES}
    schema = hashlib.sha256(made["schema.json"]).digest()
    return published.content_digest(published.Roots(schema=schema, **roots))


@pytest.mark.parametrize("page", [2, 5, 100])
def test_the_list_of_items_is_written_page_by_page(cells: Any, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(contents, "PAGE", page)
    cells.add(5)
    with CaptureQueriesContext(connection) as asked:
        version = cells.publish("the first")
    items = [row._replace(path=row.path[6:]) for row in versions.manifest_rows(version) if row.path[:6] == "items/"]
    assert len(items) == 5 and version.dir_oid == manifest.dir_oid(manifest.dir_pieces(items))
    assert store().exists(version.dir_oid.removesuffix(".dir"), directory=True)
    assert not [query["sql"] for query in asked if "SELECT e.path, b.md5 FROM" in query["sql"]]


def test_a_version_holds_items_labels_schema_and_splits(cells: Any) -> None:
    cells.add(5)
    cells.add(2, labelled=False)
    version = cells.publish("the first")
    assert (version.number, version.state, version.message) == (1, "published", "the first")
    assert stored(version) == from_scratch(version)
    rows = list(versions.manifest_rows(version))
    assert (version.format, version.digest) == (1, digest_from_scratch(version))
    unnamed = {path: published.without_ids(line) for path, line in from_scratch(version)["labels"].items()}
    assert version.labels_digest == published.labels_digest(published.root_of(unnamed.items()))
    assert version.index == manifest.digest_of(manifest.manifest_pieces(versions.file_rows(version)))
    items = [row._replace(path=row.path[6:]) for row in rows if row.path.startswith("items/")]
    assert version.dir_oid == manifest.dir_oid(manifest.dir_pieces(items))
    assert (version.files, version.size) == (len(rows), sum(row.size for row in rows))
    assert version.counts["items"] == 7
    assert version.counts["labelled"] == 5
    assert version.counts["regions"] == 10
    assert version.counts["splits"]["pool"] == 2
    assert sum(version.counts["classes"].values()) == 10
    assert version.frozen is None
    named = {"version": 1, "name": str(version), "uuid": str(version.uuid), "digest": version.digest}
    assert version.job is not None and version.job.result == {**named, "commit": version.commit}


def test_what_is_written_of_a_change_equals_what_is_written_from_scratch(cells: Any) -> None:
    items = cells.add(30)
    cells.publish()
    for round_ in range(4):
        cells.label(items[round_], [cells.box(items[round_], 5, 2)])
        cells.label(items[10 + round_], [])
        remove_items(cells.dataset, cells.user, [items[20 + round_]])
        cells.add(2, labelled=round_ % 2 == 0)
        version = cells.publish()
        assert stored(version) == from_scratch(version)
        assert version.digest == digest_from_scratch(version)
        listed = [row._replace(path=row.path[6:]) for row in versions.manifest_rows(version) if "items/" in row.path]
        assert version.dir_oid == manifest.dir_oid(manifest.dir_pieces(listed))
        assert version.size == sum(row.size for row in versions.manifest_rows(version))
        assert version.files == len(list(versions.manifest_rows(version)))
        counted = [len(e.label_set.said) for e in versions.entries(version) if e.label_set]
        assert version.counts["regions"] == sum(counted)
        assert version.counts["labelled"] == len(counted)


def test_a_label_set_is_published_as_the_text_that_its_digest_names(cells: Any) -> None:
    item = cells.add(1, labelled=False, split="train")[0]
    corner = (-0.0, 0.1 + 0.2, 1e16, 1e-7)  # a JSON column of PostgreSQL would say 0.0, 10000000000000000, 0.0000001
    regions = [Region("r", "box", 1, "RBC", corner, attributes={"note": 'a: b, "class_id":2'})]
    held = cells.label(item, regions)
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers, regions, relations, digest FROM annotation_labelset")
        assert cursor.fetchall() == [(*texts_of(regions), texts_of(regions).digest)]
    held.refresh_from_db()
    assert held.regions == [region.as_json() for region in regions]
    version = cells.publish()
    [line] = stored(version)["labels"].values()
    assert b'"geometry":[0.0,0.30000000000000004,1e+16,1e-07]' in line
    assert version.counts["classes"] == {"1": 1}


def test_texts_that_a_json_column_wrote_are_made_canonical(cells: Any) -> None:
    held = cells.label(cells.add(1, labelled=False)[0], [Region("r", "box", 1, "RBC", (1.0, 2.0, 3.0, 4.0))])
    said = held.regions
    spaced = json.dumps([dict(reversed(said[0].items()))])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_labelset SET regions = %s", [spaced])
        import_module("lode_annotation.migrations.0002_regions_as_text").make_canonical(
            None, SimpleNamespace(connection=connection)
        )
        cursor.execute("SELECT regions FROM annotation_labelset")
        assert cursor.fetchone()[0] == manifest.canonical(said) != spaced


def test_a_changed_label_writes_one_line_and_no_list_of_items(cells: Any) -> None:
    items = cells.add(4)
    first = cells.publish()
    cells.label(items[0], [])
    second = cells.publish()
    [made] = VersionFile.objects.filter(first=2)
    assert made.path == "labels/v000002.jsonl"
    line = from_scratch(second)["labels"][items[0].path]
    assert blob_file(made.blob.md5).read_bytes() == line + b"\n"
    assert Entry.objects.filter(first=2).count() == 1
    assert Entry.objects.count() == 5  # four, and one for the change: no row per item per version
    assert first.digest != second.digest and first.dir_oid == second.dir_oid
    same = [first.listings[name] == second.listings[name] for name in versions.LINES]
    assert same == [False, True, True]  # labels, manifest, splits


def test_equal_content_is_the_latest_version(cells: Any) -> None:
    items = cells.add(3)
    first = cells.publish()
    cells.label(items[0], [cells.box(items[0], 0), cells.box(items[0], 1, 1)])  # the same again, in a new row
    version, job = publish(cells.dataset, cells.user, message="again")
    assert (version, job) == (first, None)
    assert Version.objects.count() == 1


def test_other_rows_with_the_same_bytes_are_still_the_same_version(cells: Any) -> None:
    """An item thrown away and sent again, with its labels: other rows, the same content."""
    items = cells.add(3, split="train")
    first = cells.publish()
    from lode_platform.items import ItemSpec, trash
    from lode_platform.items import add_items as make

    trash(items[0], cells.user)
    blob = items[0].blob
    twin = make(
        cells.project,
        Caller(cells.user),
        [ItemSpec(path=items[0].path, md5=blob.md5, sha256=blob.sha256)],
        trusted=True,
    ).created[0]
    add_items(cells.dataset, [twin], splits={twin.uuid: "train"})
    cells.label(twin, [cells.box(items[0], 0), cells.box(items[0], 1, 1)])
    _version, job = publish(cells.dataset, cells.user, message="twin")
    cells.run_jobs()
    assert job is not None
    job.refresh_from_db()
    assert (job.result["unchanged"], job.result["version"]) == (True, 1)
    assert [version.digest for version in Version.objects.all()] == [first.digest]
    assert not Entry.objects.filter(first=2).exists()
    assert Entry.objects.filter(last=None).count() == 3


def test_the_same_content_elsewhere_has_the_same_digest(cells: Any) -> None:
    items = cells.add(6)
    version = cells.publish()
    twin = create_dataset(cells.project, cells.user, name="twin", schema=cells.schema)
    add_items(twin, items, splits=dict(zip([i.uuid for i in items], _splits(cells.dataset, items), strict=True)))
    other, _job = publish(twin, cells.user, message="another name, another day")
    cells.run_jobs()
    other.refresh_from_db()
    assert (other.digest, other.dir_oid) == (version.digest, version.dir_oid)
    assert other.commit != version.commit


def test_the_servers_address_is_kept_with_the_version_and_no_part_of_its_digest(
    cells: Any, settings: LazySettings
) -> None:
    items = cells.add(2)
    settings.PUBLIC_URL = "https://one.example.org"
    version = cells.publish()
    twin = create_dataset(cells.project, cells.user, name="twin", schema=cells.schema)
    add_items(twin, items, splits=dict(zip([i.uuid for i in items], _splits(cells.dataset, items), strict=True)))
    settings.PUBLIC_URL = "https://two.example.org"
    other, _job = publish(twin, cells.user)
    cells.run_jobs()
    other.refresh_from_db()
    assert [v.server_url for v in (version, other)] == ["https://one.example.org", "https://two.example.org"]
    assert b"url = https://two.example.org/dvc/blood/twin\n" in repositories.release(other).files[".dvc/config"]
    assert other.digest == version.digest


def test_publishing_copies_no_media(cells: Any, home: Path) -> None:
    items = cells.add(3)
    media = {blob_file(item.blob.md5): blob_file(item.blob.md5).read_bytes() for item in items}
    nodes = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in media}
    cells.publish()
    assert {file for file in home.rglob("*") if file.is_file() and file.read_bytes() in media.values()} == set(media)
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in media} == nodes


def _splits(dataset: Any, items: Any) -> list[str]:
    found = dict(dataset.dataset_items.values_list("item", "split"))
    return [found[item.pk] for item in items]


def test_a_published_version_stays_while_everything_moves_on(cells: Any) -> None:
    items = cells.add(5)
    first = cells.publish()
    before = (stored(first), list(versions.manifest_rows(first)))
    cells.label(items[0], [])
    remove_items(cells.dataset, cells.user, items[1:3])
    cells.add(4)
    cells.publish()
    cells.publish()
    again = Version.objects.get(number=1)
    assert (stored(again), list(versions.manifest_rows(again))) == before
    assert again.digest == digest_from_scratch(again) == first.digest


def test_what_is_labelled_after_the_row_was_written_goes_into_the_next_version(cells: Any) -> None:
    items = cells.add(3)
    version, job = publish(cells.dataset, cells.user, message="frozen")
    cells.label(items[0], [])
    cells.add(2)
    remove_items(cells.dataset, cells.user, items[2:])
    cells.run_jobs()
    version.refresh_from_db()
    assert version.counts["items"] == 3
    assert version.counts["regions"] == 6
    second = cells.publish()
    assert second.counts["items"] == 4


def test_changes_of_several_batches_are_packed_and_unpacked_whole(cells: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    items = cells.add(7)
    LabelSet.objects.filter(item=items[6]).delete()
    cells.publish()
    remove_items(cells.dataset, cells.user, items[:3])
    for item in items[3:6]:
        cells.label(item, [])
    monkeypatch.setattr(changes, "BATCH", 2)
    monkeypatch.setattr(changes, "CHUNK", 8)
    frozen = changes.freeze(cells.dataset)
    total, batches = changes.thaw(frozen.packed)
    some = list(batches)
    assert (total, frozen.new, frozen.gone, frozen.unlabelled) == (6, 3, 3, 0)
    assert sorted(sum((json.loads(one.gone) for one in some), [])) == [item.pk for item in items[:3]]
    labels = [LabelSet.objects.current().get(item=item).pk for item in items[3:6]]
    expected = [[item.pk, item.blob_id, key] for item, key in zip(items[3:6], labels, strict=True)]
    assert sorted(row[:3] for one in some for row in json.loads(one.new)) == expected
    assert cells.publish().counts["items"] == 4


def test_entries_are_compared_with_the_selection_only_where_something_is_gone(cells: Any) -> None:
    items = cells.add(5)
    cells.publish()
    cells.label(items[0], [])
    cells.add(2)

    def found() -> tuple[int, int, int]:
        with CaptureQueriesContext(connection) as asked:
            frozen = changes.freeze(cells.dataset)
        start = changes.GONE.strip().partition(",")[0]
        return frozen.new, frozen.gone, sum(start in query["sql"] for query in asked)

    assert found() == (3, 0, 0)
    trash(items[1], cells.user)
    assert found() == (3, 1, 1)
    remove_items(cells.dataset, cells.user, items[2:4])
    add_items(cells.dataset, items[2:3])
    assert found() == (3, 2, 1)
    restore(items[1], cells.user)
    add_items(cells.dataset, items[3:4])
    assert found() == (3, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_what_is_added_while_versions_are_compared_hides_nothing_that_went(cells: Any) -> None:
    items = cells.add(3)
    cells.publish()
    remove_items(cells.dataset, cells.user, items[:1])
    late = cells.make_items(cells.project, 1, prefix="late")
    threads: list[Thread] = []

    def add() -> None:
        add_items(cells.dataset, late)
        connection.close()

    def meanwhile(execute: Any, sql: str, *how: Any) -> Any:
        if "COUNT(*)" in sql and not threads:
            threads.append(Thread(target=add))
            threads[0].start()
            threads[0].join()
        return execute(sql, *how)

    with connection.execute_wrapper(meanwhile):
        frozen = changes.freeze(cells.dataset)
    assert threads and (frozen.new, frozen.gone) == (0, 1)
    assert changes.freeze(cells.dataset).new == 1


def test_changes_that_were_packed_as_one_text_before_an_upgrade_are_published(cells: Any) -> None:
    items = cells.add(3)
    cells.publish()
    label = cells.label(items[0], [])
    remove_items(cells.dataset, cells.user, items[2:])
    version, _job = publish(cells.dataset, cells.user, message="before the upgrade")
    split = Entry.objects.get(item=items[0]).split
    rows = [[[items[0].pk, items[0].blob_id, label.pk, split]], [items[2].pk]]
    Version.objects.filter(pk=version.pk).update(frozen=zlib.compress(json.dumps(rows).encode(), 1))
    cells.run_jobs()
    version.refresh_from_db()
    held = {entry.path: entry.label_set_id for entry in versions.entries(version)}
    assert held.keys() == {items[0].path, items[1].path} and held[items[0].path] == label.pk
    job = Job.objects.latest("pk")
    assert (job.done, job.total) == (2, 2)


def test_a_version_that_appears_while_changes_are_collected_is_compared_with(
    cells: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = cells.add(2)
    cells.publish()
    cells.label(first, [])
    freeze, meanwhile = changes.freeze, iter([True])

    def overtaken(*asked: Any) -> changes.Frozen:
        found = freeze(*asked)
        if next(meanwhile, False):
            cells.publish("overtakes")
            cells.label(second, [])
        return found

    monkeypatch.setattr("lode_datasets.changes.freeze", overtaken)
    version, _job = publish(cells.dataset, cells.user, message="overtaken")
    cells.run_jobs()
    assert (version.number, version.parent and version.parent.message) == (3, "overtakes")
    assert [entry.path for entry in Entry.objects.filter(first=3)] == [second.path]


def test_one_publish_at_a_time_and_a_repeat_is_answered_alike(cells: Any) -> None:
    cells.add(2)
    key = uuid4()
    version, job = publish(cells.dataset, cells.user, message="once", operation_id=key)
    assert publish(cells.dataset, cells.user, message="once", operation_id=key) == (version, job)
    with pytest.raises(Conflict) as caught:
        publish(cells.dataset, cells.user, message="another")
    assert caught.value.code == "publishing"
    cells.run_jobs()
    assert publish(cells.dataset, cells.user, message="once", operation_id=key) == (version, None)
    assert Version.objects.count() == 1


def test_what_lies_in_the_trash_or_is_still_coming_in_is_not_published(cells: Any) -> None:
    thrown, coming, unlabelled, kept = cells.add(4)
    LabelSet.objects.filter(item=unlabelled).delete()
    staging = Job.objects.create(verb="test.import", project=cells.project)
    LabelSet.objects.filter(pk=cells.label(unlabelled, [cells.box(unlabelled, 0)]).pk).update(staged_by=staging)
    trash(thrown, cells.user)
    Item.objects.filter(pk=coming.pk).update(staged_by=staging)
    version = cells.publish()
    held = {entry.path: entry.label_set is not None for entry in versions.entries(version)}
    assert held == {unlabelled.path: False, kept.path: True}
    trash(kept, cells.user)
    rest = [entry.path for entry in versions.entries(cells.publish("without it"))]
    assert rest == [unlabelled.path] and kept.path in {entry.path for entry in versions.entries(version)}
    restore(thrown, cells.user)
    assert thrown.path in {entry.path for entry in versions.entries(cells.publish())}


def test_an_empty_dataset_is_not_published(cells: Any) -> None:
    with pytest.raises(BadInput):
        publish(cells.dataset, cells.user, message="nothing")
    items = cells.add(1)
    cells.publish()
    remove_items(cells.dataset, cells.user, items)
    with pytest.raises(BadInput):
        publish(cells.dataset, cells.user, message="nothing is left")


def test_a_new_schema_revision_alone_makes_a_version(cells: Any) -> None:
    from lode_annotation.schemas import extend

    cells.add(2)
    first = cells.publish()
    extend(cells.schema, Caller(cells.user), labels=["Other"])
    second = cells.publish()
    assert second.number == 2
    assert stored(second)["schema.json"] != stored(first)["schema.json"]
    assert [file.path for file in versions.files(second) if file.first == 2] == ["schema.json"]


def test_a_cancelled_publish_leaves_nothing_behind(cells: Any) -> None:
    from lode_platform import jobs

    cells.add(3)
    _version, job = publish(cells.dataset, cells.user, message="never mind")
    assert job is not None
    jobs.cancel(job)
    cells.run_jobs()
    version = cells.publish("this one")
    assert (version.number, version.message, Version.objects.count()) == (1, "this one", 1)


def test_a_publish_cancelled_half_way_takes_back_what_it_wrote(cells: Any, monkeypatch: Any) -> None:
    from lode_platform import jobs

    cells.add(3)
    _version, job = publish(cells.dataset, cells.user, message="never mind")
    assert job is not None

    def cancelled(_work: Work, name: str) -> None:
        if name == "after_entries":
            assert Entry.objects.count() == 3
            jobs.cancel(job)

    monkeypatch.setattr(Work, "step", cancelled)
    cells.run_jobs()
    job.refresh_from_db()
    assert (job.state, Version.objects.count(), Entry.objects.count()) == ("cancelled", 0, 0)


def test_a_worker_that_was_thought_dead_publishes_nothing(cells: Any, monkeypatch: Any) -> None:
    cells.add(3)
    _version, job = publish(cells.dataset, cells.user, message="slowly")
    assert job is not None

    def taken_over(_work: Work, name: str) -> None:
        if name == "after_tag":
            Job.objects.filter(pk=job.pk).update(fence=F("fence") + 1)

    with monkeypatch.context() as world:
        world.setattr(Work, "step", taken_over)
        cells.run_jobs()
    assert Version.objects.get().state == "publishing"
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    cells.run_jobs()
    version = Version.objects.get()
    assert version.state == "published" and stored(version) == from_scratch(version)


def test_each_step_stands_on_the_one_before(cells: Any, monkeypatch: Any) -> None:
    """Blobs, then the ``.dir``, then the commit, then ``refs/versions``, then the branch, then the tag."""
    cells.add(3)
    seen: dict[str, list[str]] = {}

    def look(work: Any, name: str) -> None:
        version = Version.objects.get()
        there = [f"{sum(1 for file in versions.files(version) if store().exists(file.blob.md5))} files"]
        if version.dir_oid and store().exists(version.dir_oid.removesuffix(".dir"), directory=True):
            there.append(".dir")
        with git.opened(repositories.folder(cells.dataset)) as repo:
            there += ["commit"] if any(True for _ in repo.object_store) else []
            there += [ref.decode() for ref in sorted(repo.refs.allkeys()) if ref != b"HEAD"]
        assert version.state == "publishing"
        seen[name] = there

    monkeypatch.setattr(Work, "step", look)
    cells.publish()
    files, ref, branch, tag = "4 files", "refs/versions/v1", "refs/heads/main", "refs/tags/v1"
    assert seen == {
        "after_row": ["0 files"],
        "after_entries": ["0 files"],
        "after_bytes": ["0 files"],
        "after_files": [files],
        "after_listing": [files],
        "after_dirs": [files],
        "after_trees": [files],
        "after_members": [files],
        "after_name": [files, ".dir"],
        "after_commit": [files, ".dir", "commit"],
        "after_ref": [files, ".dir", "commit", ref],
        "after_branch": [files, ".dir", "commit", branch, ref],
        "after_tag": [files, ".dir", "commit", branch, tag, ref],
    }


def _no_space(_handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_written_and_a_retry_works(cells: Any, monkeypatch: Any) -> None:
    """The disk is the world outside: its refusal is what is put in its place here."""
    from lode_platform import jobs

    cells.add(3)
    _version, job = publish(cells.dataset, cells.user, message="tight")
    assert job is not None

    with monkeypatch.context() as world:
        world.setattr(os, "fsync", _no_space)
        cells.run_jobs()
    job.refresh_from_db()
    version = Version.objects.get()
    assert (job.state, version.state, version.digest) == ("failed", "failed", "")
    assert "full" in job.error
    assert not list(root().glob("tmp/*"))
    assert not Version.objects.published().exists()
    jobs.retry(job)
    cells.run_jobs()
    version.refresh_from_db()
    assert version.state == "published"
    assert stored(version) == from_scratch(version)


def test_a_failed_publish_gives_way_to_the_next(cells: Any, monkeypatch: Any) -> None:
    items = cells.add(3)
    _version, job = publish(cells.dataset, cells.user, message="tight")

    with monkeypatch.context() as world:
        world.setattr(os, "fsync", _no_space)
        cells.run_jobs()
    cells.label(items[0], [])
    version = cells.publish("with room")
    assert (version.number, version.counts["regions"]) == (1, 4)
    assert stored(version) == from_scratch(version)


def test_trying_again_what_is_being_taken_back_publishes_nothing(cells: Any, monkeypatch: Any) -> None:
    from lode_platform import jobs

    cells.add(3)
    _version, job = publish(cells.dataset, cells.user, message="fails")
    assert job is not None
    with monkeypatch.context() as world:
        world.setattr(os, "fsync", _no_space)
        cells.run_jobs()
    withdraw = changes.withdraw

    def meanwhile(version: Version) -> None:
        """Somebody presses "Go on" just before the rows go."""
        jobs.retry(job)
        cells.run_jobs()
        withdraw(version)

    monkeypatch.setattr(changes, "withdraw", meanwhile)
    version, _job = publish(cells.dataset, cells.user, message="the next")
    cells.run_jobs()
    job.refresh_from_db()
    assert (job.state, "taken back" in job.error) == ("failed", True)
    assert [v.message for v in Version.objects.published()] == ["the next"]
    assert Entry.objects.filter(first=version.number).count() == 3


def test_an_operation_of_another_dataset_is_refused_in_words(cells: Any) -> None:
    cells.add(1)
    other = create_dataset(cells.project, cells.user, name="other", schema=cells.schema)
    add_items(other, list(cells.project.items.live()))
    operation = uuid4()
    cells.publish(operation_id=operation)
    with pytest.raises(Conflict, match="make a new one"):
        publish(other, cells.user, operation_id=operation)


def test_withdrawing_restores_the_entries_as_they_were(cells: Any) -> None:
    items = cells.add(4)
    cells.publish()
    rows = list(Entry.objects.order_by("pk").values())
    files = list(VersionFile.objects.order_by("pk").values())
    cells.label(items[0], [])
    remove_items(cells.dataset, cells.user, items[1:2])
    version, job = publish(cells.dataset, cells.user, message="half")
    assert job is not None

    class Free:
        def fenced(self) -> Any:
            from django.db import transaction

            return transaction.atomic()

    for _done in changes.apply(version, changes.thaw(version.frozen or b"")[1], Free()):
        pass
    assert list(Entry.objects.order_by("pk").values()) != rows
    changes.withdraw(version)
    assert list(Entry.objects.order_by("pk").values()) == rows
    assert list(VersionFile.objects.order_by("pk").values()) == files


def test_the_commit_is_a_function_of_the_row(cells: Any) -> None:
    cells.add(2)
    first = cells.publish()
    cells.add(1)
    second = cells.publish()
    cells.user.username = "renamed"
    cells.user.save()
    for version in (Version.objects.get(pk=first.pk), Version.objects.get(pk=second.pk)):
        assert git.commit_id(repositories.release(version)) == version.commit


def test_names_find_their_version(cells: Any) -> None:
    from lode_datasets.aliases import set_alias
    from lode_platform.errors import NotFound

    cells.add(1)
    first = cells.publish()
    cells.add(1)
    second = cells.publish()
    set_alias(cells.dataset, Caller(cells.user), "production", first)
    for text, version in (
        ("cells@v1", first),
        ("cells@1", first),
        ("cells@latest", second),
        ("cells", second),
        ("cells@production", first),
    ):
        assert versions.resolve(cells.project, text) == version
    for text in ("cells@v3", "cells@v0", "cells@staging", "dogs@v1"):
        with pytest.raises(NotFound):
            versions.resolve(cells.project, text)
