"""What of a folder the server holds just so is not sent again, and nothing else about an import changes by that."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from tests.motherlode.conftest import SERVER, Lode, make_folder, picture
from tests.settling import settle

from lode_annotation.models import LabelSet, Schema
from lode_annotation.schemas import latest, revise
from lode_datasets.models import Dataset, DatasetItem
from lode_datasets.selection import move_items, remove_items
from lode_platform.callers import Caller
from lode_platform.items import trash
from lode_platform.jobs import run_pending
from lode_platform.models import Item, Membership, PastFile, Project, Role, User
from lode_platform.tokens import make_token
from lode_platform.wsgi import application
from motherlode import Client
from motherlode.cli import main
from motherlode.formats import voc
from motherlode.formats.source import Folder
from motherlode.importing import ImportOptions, bring_in, read_source
from motherlode.importing.known import KnownFolder
from motherlode.regions import Region

pytestmark = pytest.mark.django_db


class Watched(httpx.BaseTransport):
    """The network, which notes the addresses; `deaf` to the question what is the same, as an older server is."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.inner = httpx.WSGITransport(app=application)
        self.deaf = deaf
        self.seen: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path.rpartition('/')[2]}")
        if self.deaf and request.url.path.endswith("/compare"):
            return httpx.Response(404, json={"error": "There is no such address.", "code": "not_found"})
        return self.inner.handle_request(request)


class Twins:
    """Two projects into which the same folder comes: one asks what is the same, one sends all each time."""

    def __init__(self, erin: User, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.erin, self.folder, self.capsys = erin, folder, capsys
        self.projects = [Project.objects.create(name=name, created_by=erin) for name in ("asks", "sends")]
        for project in self.projects:
            Membership.objects.create(project=project, user=erin, role=Role.OWNER)
        self.token = make_token(erin)[1]
        self.seen: list[str] = []

    def bring(self, *words: str) -> dict[str, Any]:
        """The report of both, which is the same."""
        settle(self.folder)
        reports = []
        for project in self.projects:
            transport = Watched(deaf=project.name == "sends")

            def connect(
                url: str | None = None, token: str | None = None, *, project: str | None = None,
                transport: Watched = transport, name: str = project.name,
            ) -> Client:  # fmt: skip
                options: dict[str, Any] = {"transport": transport, "sleep": lambda _: run_pending(), "workers": 1}
                return Client(SERVER, self.token, project=name, **options)

            main(["import", str(self.folder), "--dataset", "cells", "--json", *words], connect)
            reports.append(json.loads(self.capsys.readouterr().out))
            if project.name == "asks":
                self.seen = transport.seen
        for report in reports:
            del report["project"], report["sent_bytes"]
        assert reports[0] == reports[1]
        states = [self.state(project) for project in self.projects]
        assert states[0] == states[1]
        same: dict[str, Any] = reports[0]
        return same

    def state(self, project: Project) -> list[Any]:
        items = Item.objects.live().filter(project=project)
        chosen = DatasetItem.objects.filter(dataset__project=project)
        current = LabelSet.objects.current().filter(item__project=project)
        return [
            sorted(items.values_list("path", "blob__sha256")),
            sorted(chosen.values_list("item__path", "split", "decided_by")),
            sorted((row.item.path, row.source, json.dumps(row.regions)) for row in current.select_related("item")),
            sorted(current.outgrown().values_list("item__path", flat=True)),
            LabelSet.objects.filter(item__project=project).count(),
            PastFile.objects.filter(item__project=project).count(),
            latest(Schema.objects.get(project=project)).config,
        ]

    def item(self, project: Project, name: str) -> Item:
        return Item.objects.live().get(project=project, path=f"images/{name}")

    def dataset(self, project: Project) -> Dataset:
        return Dataset.objects.get(project=project)


@pytest.fixture
def twins(erin: User, folder: Path, capsys: pytest.CaptureFixture[str]) -> Twins:
    made = Twins(erin, folder, capsys)
    assert made.bring()["created"] == 10
    return made


def label(folder: Path, name: str, *regions: Region) -> None:
    (folder / "voc" / f"{name}.xml").write_bytes(voc.write_xml(f"{name}.png", 64, 48, list(regions)))


def test_an_unchanged_folder_costs_one_request_and_its_labels_are_not_read(twins: Twins) -> None:
    report = twins.bring()
    assert (report["existing"], report["unchanged"], report["created"]) == (10, 8, 0)
    assert twins.seen == ["POST compare"]


def test_of_a_changed_folder_only_what_changed_is_sent(twins: Twins) -> None:
    label(twins.folder, "003", Region("a", "box", 1, "RBC", (1, 2, 30, 40)))
    Image.new("RGB", (64, 48), "white").save(twins.folder / "images" / "005.png")
    (twins.folder / "images" / "new.png").write_bytes(picture(40))
    report = twins.bring("--replace-media")
    assert (report["created"], report["replaced"], report["existing"]) == (1, 1, 9)
    assert (report["label_sets"], report["unchanged"]) == (1, 7)
    assert twins.seen.count("POST pack") == 1 and twins.seen.count("POST finish") == 1
    looked = [seen for seen in twins.seen if seen.startswith("GET")]
    assert looked[:2] == ["GET cells", "GET schemas"] and len({*looked[2:]}) == 1  # the others look at the job
    assert twins.bring("--replace-media")["unchanged"] == 8


def cut(twins: Twins, project: Project) -> None:
    label(twins.folder, "001", Region("a", "box", 1, "RBC", (-5, 2, 30, 40)))


def empty(twins: Twins, project: Project) -> None:
    label(twins.folder, "001")


def gone(twins: Twins, project: Project) -> None:
    (twins.folder / "voc" / "001.xml").unlink(missing_ok=True)


def resized(twins: Twins, project: Project) -> None:
    Image.new("RGB", (128, 96), "white").save(twins.folder / "images" / "002.png")


def moved_list(twins: Twins, project: Project) -> None:
    (twins.folder / "splits" / "train.txt").write_text("000\n001")


def moved_by_a_person(twins: Twins, project: Project) -> None:
    move_items(twins.dataset(project), twins.erin, [twins.item(project, "001.png")], "val")


def taken_out(twins: Twins, project: Project) -> None:
    remove_items(twins.dataset(project), twins.erin, [twins.item(project, "001.png")])


def trashed(twins: Twins, project: Project) -> None:
    trash(twins.item(project, "001.png"), twins.erin)


def revised(twins: Twins, project: Project) -> None:
    schema = Schema.objects.get(project=project)
    config = latest(schema).config.replace('value="RBC"', 'value="RBC" background="red"')
    revise(schema, Caller(twins.erin), config=config)


def retired(twins: Twins, project: Project) -> None:
    schema = Schema.objects.get(project=project)
    config = "\n".join(line for line in latest(schema).config.splitlines() if "WBC" not in line)
    revise(schema, Caller(twins.erin), config=config)


def corrected(twins: Twins, project: Project) -> None:
    held = LabelSet.objects.current().get(item=twins.item(project, "001.png"))
    LabelSet.objects.filter(pk=held.pk).update(current=False)
    held.pk, held.uuid, held.source, held.current = None, uuid4(), LabelSet.Source.CONSENSUS, True
    held.save(force_insert=True)


CHANGES = [cut, empty, gone, resized, moved_list, moved_by_a_person, taken_out, trashed, revised, retired, corrected]


@pytest.mark.once
@pytest.mark.parametrize("options", [(), ("--replace", "--replace-media")], ids=["plain", "replacing"])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_the_import_says_and_does_what_one_that_sends_all_does(
    twins: Twins, change: Callable[[Twins, Project], None], options: tuple[str, ...]
) -> None:
    for project in twins.projects:
        change(twins, project)
    twins.bring(*options)
    twins.bring(*options)


def test_a_file_back_to_its_first_bytes_has_its_labels_checked_as_ever(twins: Twins) -> None:
    file = twins.folder / "images" / "002.png"
    first = file.read_bytes()
    Image.new("RGB", (128, 96), "white").save(file)
    assert twins.bring("--replace-media")["resized"] == ["images/002.png"]
    file.write_bytes(first)
    twins.bring("--replace-media")
    assert twins.bring("--replace-media")["unchanged"] == 8


def test_a_known_file_is_not_read_and_a_changed_one_is(machine: Path) -> None:
    folder = machine / "folder"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"one")
    settle(folder)
    known = KnownFolder(Folder(folder))
    first, data = known.looked_at("a.png")
    assert data == b"one"
    known.save()
    assert KnownFolder(Folder(folder)).looked_at("a.png") == (first, None)
    (folder / "a.png").chmod(0o644)  # another ctime, other rights: it is read again
    assert KnownFolder(Folder(folder)).digests("a.png") == first
    (folder / "a.png").write_bytes(b"two")  # as long as before
    assert KnownFolder(Folder(folder)).digests("a.png") != first


def test_of_a_folder_that_changes_the_last_reading_for_each_dataset_is_kept(machine: Path) -> None:
    folder = machine / "folder"
    folder.mkdir()
    for text in ("one", "two"):
        (folder / "labels.txt").write_text(text)
        settle(folder)
        for dataset in ("cells", "others"):
            known = KnownFolder(Folder(folder))
            known.remember(known.key(dataset), {"rows": [text]})
            known.save()
    assert [read["rows"] for read in KnownFolder(Folder(folder)).read.values()] == [["two"], ["two"]]


def test_a_file_written_to_just_now_is_not_remembered(machine: Path) -> None:
    folder = machine / "folder"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"one")
    known = KnownFolder(Folder(folder))
    known.digests("a.png")
    known.save()
    assert not list((machine / "cache").rglob("*.json"))


@pytest.mark.once
@pytest.mark.parametrize("damage", ["", "[]", '{"form": 1}', '{"form": 9, "files": {}, "read": {}}', '{"form": 1, "fi'])
def test_a_damaged_memory_of_a_folder_is_none(lode: Lode, folder: Path, machine: Path, damage: str) -> None:
    settle(folder)
    lode("import", str(folder), "--dataset", "cells")
    (kept,) = (machine / "cache" / "folders").iterdir()
    kept.write_text(damage)
    assert lode("import", str(folder), "--dataset", "cells")["unchanged"] == 8


def test_an_import_on_a_read_only_disk_remembers_nothing_and_works(
    lode: Lode, folder: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "file").write_text("")
    monkeypatch.setenv("MOTHERLODE_CACHE", str(machine / "file" / "cache"))
    assert lode("import", str(folder), "--dataset", "cells")["created"] == 10


def test_an_import_reads_items_with_the_same_number_of_statements_whatever_it_holds(
    sdk: Callable[..., Client], erin: User, project: Project, machine: Path
) -> None:
    counts = []
    for count in (2, 3, 9):
        source = read_source(make_folder(machine / f"of-{count}", labelled=count, pool=0), prefix=f"{count}/")
        with CaptureQueriesContext(connection) as seen:
            report = bring_in(sdk(erin), source, ImportOptions("blood", f"of-{count}", prefix=f"{count}/"))
        assert report.label_sets == count
        counts.append(sum('FROM "platform_item"' in query["sql"] for query in seen.captured_queries))
    assert counts[1] == counts[2]
