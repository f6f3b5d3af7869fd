"""The published form as the server writes it: its bytes, its layers, and the versions published before it."""

import datetime
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.earlier import earlier_row
from tests.stored import blob_file, root

from lode_annotation.models import LabelSet
from lode_datasets import changes, diff, git, lines, releases, repositories, statements, version_trees, versions
from lode_datasets.models import Version, VersionFile
from lode_datasets.publish import publish
from lode_datasets.selection import add_items, remove_items
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.items import ItemSpec, trash
from lode_platform.items import add_items as make_items
from lode_platform.models import Blob, Job, PastFile
from lode_platform.store import store
from motherlode import layers, manifest, published
from motherlode.layers import Stack
from motherlode.regions import Region


def files_of(version: Version) -> dict[str, bytes]:
    return {file.path: blob_file(file.blob.md5).read_bytes() for file in versions.files(version)}


def lines_by_rows(version: Version) -> dict[str, dict[str, bytes]]:
    """Each set's lines by path, from the entries."""
    held = [row for page in statements.held_pages(version, 3) for row in page]
    made = lines.lines_of(held)[0]
    return {name: {line.path: getattr(line, name) for line in made} for name in lines.SETS}


class ByTheBook:
    """The files of one set in version after version, as ``motherlode.layers`` plans them, from all lines of each."""

    def __init__(self) -> None:
        self.history: list[dict[str, bytes]] = [{}]
        self.stack: Stack | None = None
        self.files: dict[str, bytes] = {}

    def publish(self, now: dict[str, bytes]) -> dict[str, bytes]:
        number, before = len(self.history), self.history[-1]
        self.history.append(now)
        changed = sum(before.get(path) != now.get(path) for path in before | now)
        plan = layers.plan(self.stack, number, changed, len(now))
        rows: list[bytes] = []
        if plan.base:
            rows = [now[path] for path in sorted(now)]
            for at, piece in enumerate(layers.base_pieces(rows)):
                self.files[layers.base_file(number, at)] = piece
        elif not plan.is_empty:
            pairs = [(self.history[n - 1], self.history[n]) for n in range(plan.first, number + 1)]
            touched = {path for was, is_ in pairs for path in was | is_ if was.get(path) != is_.get(path)}
            old = self.history[plan.first - 1]
            rows = [now.get(path, layers.removal(path)) for path in sorted(touched) if path in old | now]
        self.stack = plan.after(self.stack, len(rows))
        if not plan.base and not plan.is_empty:
            self.files[layers.files_of(self.stack)[-1]] = lines.joined(rows)
        return {name: self.files[name] for name in layers.files_of(self.stack)}


def test_the_bytes_that_the_server_publishes_stay_what_they_are(cells: Any, tmp_path: Path) -> None:
    item, other = cells.add(2, labelled=False, split="train")
    cells.label(
        item,
        [
            Region("r1", "box", 1, "RBC", (1.0, 2.0, 3.5, 4.0), control="label"),
            Region("r2", "box", 2, "WBC", (0, 0, 1, 1), control="label"),
        ],
    )
    version = cells.publish()
    files = files_of(version)
    width, height = item.width, item.height
    media = f'{{"height":{height},"kind":"image","width":{width}}}'
    assert files["labels/v000001-base-00000.jsonl"].decode() == (
        f'{{"answers":[],"media":{media},"path":"{item.path}","regions":['
        '{"class_id":1,"control":"label","geometry":[1.0,2.0,3.5,4.0],"id":"r1","kind":"box"},'
        '{"class_id":2,"control":"label","geometry":[0.0,0.0,1.0,1.0],"id":"r2","kind":"box"}],"relations":[]}\n'
        f'{{"answers":null,"media":{media},"path":"{other.path}","regions":null,"relations":null}}\n'
    )
    blob = item.blob
    assert files["manifest/v000001-base-00000.jsonl"].decode().splitlines()[0] == (
        f'{{"md5":"{blob.md5}","path":"{item.path}","sha256":"{blob.sha256}","size":{blob.size}}}'
    )
    assert files["splits/v000001-base-00000.jsonl"].decode() == (
        f'{{"path":"{item.path}","split":"train"}}\n{{"path":"{other.path}","split":"pool"}}\n'
    )
    schema = json.loads(files["schema.json"])
    assert schema["format"] == 1 and schema["classes"][0] == {"control": "label", "id": 1, "name": "RBC"}
    assert list(files) == [
        "labels/v000001-base-00000.jsonl",
        "manifest/v000001-base-00000.jsonl",
        "schema.json",
        "splits/v000001-base-00000.jsonl",
    ]
    roots = {
        name: published.root_of((json.loads(line)["path"], line) for line in files[path].split(b"\n")[:-1])
        for name, path in zip(versions.LINES, [list(files)[0], list(files)[1], list(files)[3]], strict=True)
    }
    digest = published.content_digest(published.Roots(schema=hashlib.sha256(files["schema.json"]).digest(), **roots))
    assert version.digest == digest
    index = "".join(
        f'{{"md5":"{hashlib.md5(data).hexdigest()}","path":"{path}",'
        f'"sha256":"{hashlib.sha256(data).hexdigest()}","size":{len(data)}}}\n'
        for path, data in files.items()
    )
    assert version.index == f"sha256:{hashlib.sha256(index.encode()).hexdigest()}"


def test_files_of_many_versions_are_those_that_the_layers_plan_asks_for(cells: Any, monkeypatch: Any) -> None:
    """Layers, merged layers and new bases, with the trees kept, gone and broken; all alike."""
    monkeypatch.setattr(layers, "SLACK", 6)
    monkeypatch.setattr(layers, "FAN", 3)
    books = {name: ByTheBook() for name in lines.SETS}
    items = cells.add(12, split="train")
    lost: list[Any] = []
    bases = 0
    for round_ in range(14):
        if round_:
            cells.label(items[round_ % 5], [cells.box(items[0], round_, 1 + round_ % 3)])
        if round_ % 3 == 1:
            lost.append(items.pop())
            remove_items(cells.dataset, cells.user, lost[-1:])
        if round_ % 3 == 2:
            items.insert(0, cells.add(1, labelled=False, split="val")[0])
        if round_ % 5 == 4:
            add_items(cells.dataset, [lost.pop()])
        folder = root() / "trees"
        kept = [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
        for file in kept if round_ % 4 == 3 else ():
            file.unlink()
        for file in kept if round_ % 4 == 1 else ():
            file.chmod(0o600)
            file.write_bytes(file.read_bytes()[:-1] + b"!")
        version = cells.publish()
        wanted = lines_by_rows(version)
        files = files_of(version)
        for name, book in books.items():
            mine = {path.partition("/")[2]: data for path, data in files.items() if path.startswith(f"{name}/")}
            assert mine == book.publish(wanted[name]), (version.number, name)
            assert book.stack is not None and version.stacks[name] == book.stack.as_json()
            bases += version.stacks[name]["base"][0] == version.number
        roots = {name: published.root_of(wanted[name].items()) for name in lines.SETS}
        schema = hashlib.sha256(files["schema.json"]).digest()
        assert version.digest == published.content_digest(published.Roots(schema=schema, **roots))
        unnamed = {path: published.without_ids(line) for path, line in wanted["labels"].items()}
        assert version.labels_digest == published.labels_digest(published.root_of(unnamed.items()))
        counted = [len(entry.label_set.said) for entry in versions.entries(version) if entry.label_set]
        assert (version.counts["regions"], version.counts["labelled"]) == (sum(counted), len(counted))
    assert bases > len(lines.SETS)  # the first, and new ones
    again = Version.objects.get(number=14)
    assert git.commit_id(releases.release(again)) == again.commit


def test_a_small_change_reads_and_writes_what_changed(cells: Any, django_assert_max_num_queries: Any) -> None:
    items = cells.add(40)
    cells.publish()
    cells.label(items[0], [])
    _version, job = publish(cells.dataset, cells.user, message="one label")
    read: list[int] = []
    pages = statements.held_pages

    def counted(version: Version, size: int) -> Iterable[Any]:
        read.append(version.number)
        return pages(version, size)

    with pytest.MonkeyPatch.context() as world:
        world.setattr(statements, "held_pages", counted)
        world.setattr(version_trees, "held_pages", counted)
        with django_assert_max_num_queries(90):
            cells.run_jobs()
    assert not read and job is not None


def test_trees_whose_rows_say_something_else_are_not_believed(cells: Any) -> None:
    """Label sets that a migration has put into other words: the next version writes all again, and is right."""
    items = cells.add(3)
    cells.publish()
    for held in LabelSet.objects.all():
        rows = [{**row, "attributes": {"seen": True}} for row in held.regions]
        LabelSet.objects.filter(pk=held.pk).update(regions=rows)
    for file in (root() / "trees").rglob("*"):
        if file.is_file():
            file.unlink()
    cells.label(items[0], [])
    second = cells.publish()
    assert [second.stacks[name]["base"][0] for name in lines.SETS] == [2, 2, 2]
    roots = {name: published.root_of(rows.items()) for name, rows in lines_by_rows(second).items()}
    schema = hashlib.sha256(files_of(second)["schema.json"]).digest()
    assert second.digest == published.content_digest(published.Roots(schema=schema, **roots))


def test_labels_without_ids_are_those_of_the_published_form(cells: Any) -> None:
    item = cells.add(1, labelled=False)[0]
    odd = Region('a "id":"x", \\ id', "box", 1, "RBC", (0.0, 0.0, 1.0, 1.0))
    for regions in (
        [odd],
        [odd, Region("b", "choice", 2, "WBC")],
        [Region("c", "box", 1, "", (0, 0, 1, 1), attributes={"id": "1"})],
    ):
        held = cells.label(item, regions)
        row = statements.Held("p.png", "0" * 32, "1" * 64, 1, "train", held.pk, "image", 3, 2, 0)
        [line] = lines.lines_of([row])[0]
        assert line.unnamed == published.without_ids(line.labels)
        assert lines.class_ids(statements.label_texts([held.pk])[held.pk]) == [
            row["class_id"] for part in ("answers", "regions") for row in json.loads(line.labels)[part]
        ]


def test_an_item_whose_file_was_replaced_keeps_the_size_it_was_published_with(cells: Any) -> None:
    item = cells.add(1)[0]
    first = cells.publish()
    blob = store().add_bytes(b"another")
    PastFile.objects.create(
        item=item, blob=item.blob, media_type="image/png", width=item.width, height=item.height, orientation=1,
        resized=True, replaced_by=cells.user, replaced_at=timezone.now(),
    )  # fmt: skip
    type(item).objects.filter(pk=item.pk).update(blob=blob, width=999, height=888)
    second = cells.publish()
    sizes = [
        [(row.width, row.height) for page in statements.held_pages(version, 9) for row in page]
        for version in (first, second)
    ]
    assert sizes == [[(item.width, item.height)], [(999, 888)]]
    assert [len(files_of(second)[f"{name}/v000002.jsonl"].splitlines()) for name in ("labels", "manifest")] == [1, 1]


def test_a_label_line_says_the_medium_of_its_item() -> None:
    rows = [
        statements.Held(f"a.{kind}", "0" * 32, "1" * 64, 1, "pool", None, kind, width, height, length)
        for kind, width, height, length in (("image", 3, 2, 0), ("text", 0, 0, 7))
    ]
    media = [json.loads(line.labels)["media"] for line in lines.lines_of(rows)[0]]
    assert media == [{"height": 2, "kind": "image", "width": 3}, {"kind": "text", "length": 7}]


def test_a_layer_whose_bytes_have_changed_is_not_built_upon(cells: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(layers, "FAN", 2)
    items = cells.add(3)
    cells.publish()
    cells.label(items[0], [])
    second = cells.publish()
    file = blob_file(versions.files(second).get(path="labels/v000002.jsonl").blob.md5)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"[]", b"{}"))
    cells.label(items[1], [])
    publish(cells.dataset, cells.user)
    cells.run_jobs()
    job = Job.objects.latest("pk")
    assert job.state == "failed" and "data/labels/v000002.jsonl" in job.error


def test_a_version_of_a_later_format_is_not_written_upon(cells: Any) -> None:
    items = cells.add(1)
    first = cells.publish()
    schema = files_of(first)["schema.json"].replace(b'"format":1', b'"format":2')
    VersionFile.objects.filter(path="schema.json").update(blob=store().add_bytes(schema))
    Version.objects.update(format=2)
    cells.label(items[0], [])
    with pytest.raises(BadInput, match="cells@v1 was published in format 2.*upgrade"):
        publish(cells.dataset, cells.user)


# -- published before --------------------------------------------------------------------------------------------------


def publish_as_before(cells: Any, message: str = "before") -> Version:
    """A version as it was published before the form had a number: one ``.dir``, label shards, a list of splits."""
    parent = versions.latest(cells.dataset)
    frozen = changes.freeze(cells.dataset)
    revision = cells.schema.revisions.latest("number")
    version = Version.objects.create(
        dataset=cells.dataset, number=parent.number + 1 if parent else 1, parent=parent, schema_revision=revision,
        message=message, author=cells.user, created_at=timezone.now(), server_url="http://testserver",
        stamp={"project": "blood", "dataset": "cells", "schema": "cells", "author": "Ada", "email": "a@example.org"},
    )  # fmt: skip

    class Free:
        def fenced(self) -> Any:
            from django.db import transaction

            return transaction.atomic()

    list(changes.apply(version, changes.thaw(frozen.packed)[1], Free()))
    entries = list(versions.entries(version))
    shard = "".join(
        manifest.label_line(
            entry.path, entry.split, entry.item.width, entry.item.height,
            manifest.canonical([earlier_row(row) for row in entry.label_set.said]) if entry.label_set else None,
        )
        for entry in entries
    )  # fmt: skip
    files = {
        manifest.shard_file(0, 0): shard.encode(),
        manifest.SCHEMA: manifest.schema_bytes("cells", revision.config, revision.classes).data,
        manifest.SPLITS: "".join(manifest.split_line(entry.path, entry.split) for entry in entries).encode(),
    }
    before = {file.path: file for file in VersionFile.objects.filter(dataset=cells.dataset, last=None)}
    for path, data in files.items():
        blob: Blob = store().add_bytes(data)
        if path in before and before[path].blob_id == blob.pk:
            continue
        VersionFile.objects.filter(dataset=cells.dataset, path=path, last=None).update(last=version.number - 1)
        VersionFile.objects.create(dataset=cells.dataset, path=path, blob=blob, first=version.number)
    rows = list(versions.manifest_rows(version))
    version.digest = manifest.digest_of(manifest.manifest_pieces(rows))
    version.dir_oid = manifest.dir_oid(manifest.dir_pieces(rows))
    store().put_object(version.dir_oid, manifest.dir_bytes(rows))
    version.size, version.files = sum(row.size for row in rows), len(rows)
    labelled = [entry for entry in entries if entry.label_set]
    version.counts = {
        "items": len(entries), "labelled": len(labelled), "regions": 2 * len(labelled),
        "splits": {"train": len(labelled), "pool": len(entries) - len(labelled)}, "classes": {}, "split_classes": {},
    }  # fmt: skip
    release = releases.release(version)
    with git.opened(repositories.folder(cells.dataset)) as repo:
        version.commit = git.write(repo, release)
        git.set_version(repo, version.number, version.commit)
        git.move_branch(repo, version.commit)
        git.set_tag(repo, version.number, git.tag_id(release))
    version.state, version.published_at = Version.State.PUBLISHED, timezone.now()
    version.save()
    return version


def test_the_commit_of_a_version_published_before_stays_what_it_is() -> None:
    stamp = {"project": "blood", "dataset": "cells", "schema": "cells", "author": "Ada", "email": "ada@example.org"}
    version = Version(
        number=1, message="  the first\n", created_at=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
        server_url="https://host.example.org", stamp=stamp, counts={"items": 7, "labelled": 5, "regions": 10},
        digest="sha256:" + "12" * 32, dir_oid="ab" * 16 + ".dir", size=1234, files=10,
    )  # fmt: skip
    release = releases.release(version)
    assert git.commit_id(release) == "07e7fe8db61b3ef5adcd3cd766f6ad5662089c98"
    assert git.tag_id(release) == "e23a609890aa71960daef7c9ff538c809f429e82"


def test_versions_published_before_stay_readable_and_the_next_writes_bases(
    cells: Any, api: Any, erin: Any, run_jobs: Any
) -> None:
    engineer = api(erin)
    items = cells.add(4, split="train")
    first = publish_as_before(cells)
    cells.label(items[0], [])
    second = publish_as_before(cells, "again")
    old = {version.number: list(versions.manifest_rows(version)) for version in (first, second)}
    assert publish(cells.dataset, cells.user) == (second, None)  # another scheme alone makes no new version
    cells.label(items[1], [])
    third = cells.publish()
    assert (third.number, third.format) == (3, 1)
    assert [third.stacks[name]["base"] for name in lines.SETS] == [[3, 4]] * 3
    assert third.counts["labelled"] == 4
    for version in (first, second):
        assert list(versions.manifest_rows(version)) == old[version.number]
        address = f"projects/blood/datasets/cells/versions/{version.number}"
        row = engineer.get(address).json()
        assert (row["format"], row["digest"], row["index"], row["dir"]) == (0, version.digest, "", version.dir_oid)
        sent = engineer.get(f"{address}/manifest").getvalue()
        assert f"sha256:{hashlib.sha256(sent).hexdigest()}" == version.digest
        assert versions.dir_held(cells.dataset, version.dir_oid)
        asked = engineer.post(f"{address}/verify").json()
        run_jobs()
        assert engineer.get(f"jobs/{asked['uuid']}").json()["result"]["wrong"] == 0
    row = engineer.get("projects/blood/datasets/cells/versions/3").json()
    assert (row["format"], row["index"], row["labels_digest"]) == (1, third.index, third.labels_digest)
    sent = engineer.get("projects/blood/datasets/cells/versions/3/manifest").getvalue()
    assert f"sha256:{hashlib.sha256(sent).hexdigest()}" == third.index
    assert [json.loads(line)["path"] for line in sent.splitlines()] == list(files_of(third))
    assert all(versions.dir_held(cells.dataset, oid) for oid in [third.dir_oid, *third.listings.values()])
    assert [change.kind for change in diff.pairs(second, third)] == ["relabelled"]
    folder = repositories.folder(cells.dataset)
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    assert repositories.rebuild(cells.dataset) == 3


def test_the_same_content_in_other_rows_over_an_earlier_version_is_that_version(cells: Any) -> None:
    items = cells.add(2, split="train")
    first = publish_as_before(cells)
    trash(items[0], cells.user)
    spec = ItemSpec(path=items[0].path, md5=items[0].blob.md5, sha256=items[0].blob.sha256)
    [twin] = make_items(cells.project, Caller(cells.user), [spec], trusted=True).created
    add_items(cells.dataset, [twin], splits={twin.uuid: "train"})
    cells.label(twin, [cells.box(items[0], 0), cells.box(items[0], 1, 1)])
    _version, job = publish(cells.dataset, cells.user)
    cells.run_jobs()
    assert job is not None
    job.refresh_from_db()
    assert (job.result["unchanged"], job.result["version"]) == (True, 1)
    assert list(Version.objects.values_list("digest", flat=True)) == [first.digest]


# -- read from outside -------------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_labels_pulled_alone_are_read_with_the_standard_library(site: str, cells: Any, outside: Any) -> None:
    items = cells.add(3, split="train")
    cells.publish()
    cells.label(items[0], [cells.box(items[0], 0, 2)])
    remove_items(cells.dataset, cells.user, items[2:])
    version = cells.publish()
    token = cells.token()
    url = repositories.git_url(cells.dataset).replace("http://", f"http://git:{token}@")
    outside.git("clone", "-q", url, "work")
    work = outside.folder / "work"
    outside.dvc("remote", "modify", "--local", "store", "password", token, at=work)
    outside.dvc("pull", "-q", "data/labels.dvc", at=work)
    assert sorted(path.name for path in (work / "data").iterdir()) == [
        ".gitignore", "items.dvc", "labels", "labels.dvc", "manifest.dvc", "schema.json", "splits.dvc",
    ]  # fmt: skip
    readme = (work / "README.md").read_text()
    lines_of_code = [line[4:] for line in readme.splitlines() if line.startswith("    ")]
    program = "\n".join(lines_of_code[lines_of_code.index("import json, pathlib") :]) + "\nprint(json.dumps(labels))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=work, capture_output=True, check=True)
    wanted = {path: json.loads(line) for path, line in lines_by_rows(version)["labels"].items()}
    assert json.loads(done.stdout) == wanted
    assert version.digest in readme
    outside.dvc("pull", "-q", at=work)
    assert len(list((work / "data" / "items").rglob("*.png"))) == 2
    assert hashlib.sha256((work / "data" / "schema.json").read_bytes()).hexdigest() in version_index(version)


def version_index(version: Version) -> str:
    return b"".join(manifest.manifest_pieces(versions.file_rows(version))).decode()
