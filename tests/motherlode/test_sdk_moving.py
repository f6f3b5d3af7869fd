"""Label Studio projects in, whole, through the command line and the real application; and out again."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Queue, Task
from lode_platform.models import Membership, User
from motherlode.importing import read_source
from motherlode.label_studio import server as label_studio_server
from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def trays(test_data: Path, machine: Path) -> Path:
    """The real export alone, with its media, its config and its people."""
    root = machine / "trays"
    (root / "project").mkdir(parents=True)
    shutil.copy(test_data / "labelstudio" / "export" / "trays.json", root)
    for name in ("trays.project.json", "users.json"):
        shutil.copy(test_data / "labelstudio" / "project" / name, root / "project")
    shutil.copytree(test_data / "labelstudio" / "media", root / "media")
    return root


def by_type(results: list[list[dict[str, Any]]]) -> Counter[str]:
    return Counter(entry["type"] for result in results for entry in result)


def test_a_real_project_comes_in_whole_and_the_report_s_counts_match(lode: Lode, trays: Path) -> None:
    told = lode("import", str(trays), "--dataset", "trays")
    held, taken = told["export"], told["taken"]
    assert (held["tasks"], held["annotations"], held["skipped"], held["ground_truths"], held["drafts"]) == (
        6,
        10,
        1,
        1,
        1,
    )
    assert (taken["tasks"], taken["answers"], taken["skipped"], taken["ground_truths"], taken["drafts"]) == (
        6,
        9,
        1,
        1,
        1,
    )
    counts = {"rectanglelabels": 27, "choices": 14, "textarea": 9, "polygonlabels": 5, "ellipselabels": 5}
    counts |= {"keypointlabels": 5, "brushlabels": 5, "relation": 2}
    assert held["results"] == counts
    assert by_type([*AnnotationRevision.objects.values_list("result", flat=True)]) == counts
    assert [row["what"] for row in told["problems"] if row["kind"] != "note"] == []
    assert Queue.objects.get().state == "open" and Queue.objects.get().name == "Trays"
    states = Counter(Annotation.objects.values_list("state", flat=True))
    assert states == {"accepted": 9, "skipped": 1, "draft": 1}
    # an empty answer says "nothing is there"
    assert LabelSet.objects.current().count() == 6
    assert LabelSet.objects.current().get(item__path__endswith="tray-06.png").said == []
    true = Task.objects.get(origin__number=1)
    chosen = LabelSet.objects.current().get(item=true.item).annotation_revision
    assert chosen is not None and chosen.author.email == "ann1@example.org"


def test_the_same_export_again_changes_nothing(lode: Lode, trays: Path) -> None:
    lode("import", str(trays), "--dataset", "trays")
    before = [*AnnotationRevision.objects.values_list("uuid", "result")]
    again = lode("import", str(trays), "--dataset", "trays")
    taken = {name: number for name, number in again["taken"].items() if number}
    assert taken == {"tasks_there": 6, "answers_there": 10, "drafts_there": 1}
    assert [*AnnotationRevision.objects.values_list("uuid", "result")] == before
    assert (LabelSet.objects.count(), Lease.objects.filter(closed=True).count()) == (6, 10)


def test_people_are_matched_by_their_mail_or_made_inactive(lode: Lode, trays: Path, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="Ann1@example.org")
    lode("import", str(trays), "--dataset", "trays")
    assert Annotation.objects.filter(user=bob).count() == 4
    others = User.objects.filter(email__in=["ann2@example.org", "ann3@example.org"])
    assert {(one.username, one.is_active, one.has_usable_password()) for one in others} == {
        ("ann2@example.org (blood)", False, False),
        ("ann3@example.org (blood)", False, False),
    }
    assert not Membership.objects.filter(user__in=others).exists()


def test_without_a_config_and_people_both_are_made_of_what_the_export_says(lode: Lode, trays: Path) -> None:
    shutil.rmtree(trays / "project")
    told = lode(
        "import", str(trays / "trays.json"), "--media", str(trays / "media"), "--dataset", "trays", "-f", "label-studio"
    )
    assert (told["taken"]["answers"], told["taken"]["label_sets"]) == (9, 6)
    assert "nothing says who the persons 1, 2, 3 of the export are" in [row["what"] for row in told["problems"]]
    assert User.objects.filter(username="person 1 (blood)", is_active=False).exists()


def said(export: Path) -> list[tuple[Any, ...]]:
    """What an export says, without the numbers of its own: who said what of which file, and how."""
    people = {one["id"]: one["email"] for one in json.loads((export.parent / "users.json").read_text())}
    return sorted(
        (
            json.dumps(row["result"], sort_keys=True),
            people[row["completed_by"]] if isinstance(row["completed_by"], int) else row["completed_by"]["email"],
            row["was_cancelled"],
            row["ground_truth"],
            row["lead_time"],
        )
        for task in json.loads(export.read_text())
        for row in task["annotations"]
    )


def test_in_out_and_in_again_is_the_same(lode: Lode, trays: Path, machine: Path) -> None:
    lode("import", str(trays), "--dataset", "trays")
    first = lode("convert", "queue:Trays", str(machine / "out"), "--to", "label-studio")
    assert first["export"]["results"] == {
        **{"rectanglelabels": 27, "choices": 14, "textarea": 9, "polygonlabels": 5, "ellipselabels": 5},
        **{"keypointlabels": 5, "brushlabels": 5, "relation": 2},
    }
    shutil.copy(trays / "project" / "users.json", trays)
    assert said(machine / "out" / "tasks.json") == said(trays / "trays.json")
    task = next(one for one in json.loads((machine / "out" / "tasks.json").read_text()) if one["id"] == 4)
    assert (task["data"]["tray"], task["data"]["site"], task["meta"]) == (3, "north", {"batch": "b1"})
    again = lode("import", str(machine / "out"), "--dataset", "other", "--project", "blood", "--prefix", "again/")
    assert (again["queue"], again["taken"]["tasks"], again["taken"]["label_sets"]) == ("Trays (other)", 6, 6)
    lode("convert", "queue:Trays (other)", str(machine / "back"), "--to", "label-studio")
    assert said(machine / "back" / "tasks.json") == said(machine / "out" / "tasks.json")


@pytest.mark.parametrize("to", ["label-studio", "cvat"])
def test_a_version_is_written_and_read_back(lode: Lode, trays: Path, machine: Path, to: str) -> None:
    lode("import", str(trays), "--dataset", "trays")
    lode("publish", "trays", "-m", "moved")
    samples = motherlode.load("trays@v1", client=lode.connect())
    told = lode("convert", "trays@v1", str(machine / "out"), "--to", to)
    assert told["images"] == 6
    found = read_source(machine / "out", to)
    assert [problem for problem in found.problems if problem.kind != "note"] == []
    records = {record.path.removeprefix("images/"): record for record in found.records}
    for sample in samples:
        own = [one for one in sample.labels if one.geometry is not None]
        drafts = [one for one in records[sample.path.removeprefix("media/")].drafts if one.geometry is not None]
        assert [(one.kind, one.label) for one in drafts] == [(one.kind, one.label) for one in own]
        for one, other in zip(own, drafts, strict=True):
            assert SHAPES[one.kind].near(one.geometry, other.geometry)


def test_a_cvat_task_of_several_kinds_comes_in_whole(lode: Lode, test_data: Path) -> None:
    told = lode("import", str(test_data / "cvat"), "--dataset", "parts", "--format", "cvat")
    assert (told["taken"]["tasks"], told["taken"]["label_sets"], told["taken"]["regions"]) == (4, 4, 16)
    assert told["splits"] == {"train": {"the tasks' meta": 3}, "val": {"the tasks' meta": 1}}
    assert {user.username for user in User.objects.filter(annotations__isnull=False)} == {"erin"}
    assert [row["what"] for row in told["problems"] if row["kind"] != "note"] == []


def test_texts_that_stand_in_the_export_become_items(lode: Lode, machine: Path) -> None:
    config = '<View><Text name="t" value="$body"/><Choices name="c" toName="t"><Choice value="low"/></Choices></View>'
    entry = {"id": "c1", "from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["low"]}}
    answer = {"id": 1, "completed_by": {"email": "ann@example.org"}, "result": [entry]}
    task = {"id": 5, "data": {"body": "Café 🔧 نص"}, "annotations": [answer]}
    (machine / "notes").mkdir()
    (machine / "notes" / "export.json").write_text(json.dumps([task]))
    (machine / "notes" / "config.xml").write_text(config)
    told = lode("import", str(machine / "notes"), "--dataset", "notes")
    assert (told["taken"]["answers"], told["taken"]["label_sets"]) == (1, 1)
    lode("convert", "queue:notes", str(machine / "out"), "--to", "label-studio")
    [back] = json.loads((machine / "out" / "tasks.json").read_text())
    assert (back["data"]["text"], back["annotations"][0]["result"]) == ("Café 🔧 نص", [entry])


def test_a_config_that_asks_too_much_is_refused_by_name_before_anything_is_made(lode: Lode, trays: Path) -> None:
    odd = '<View><Image name="image" value="$image"/><Magnifier name="m" toName="image"/></View>'
    (trays / "odd.xml").write_text(odd)
    said = lode("import", str(trays), "--dataset", "trays", "--config", str(trays / "odd.xml"), fails=1)
    assert "<Magnifier> is not supported yet" in said and "odd.xml" in said
    assert list(lode.connect().pages("projects/blood/items")) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"result": json.loads("[" * 70 + "]" * 70)}, "it is nested deeper than 64 levels"),
        ({"result": [{"id": "a\0"}]}, "holds a NUL character"),
        ({"result": [{"score": float("nan")}]}, "is not a finite number"),
        ({"result": [{"score": 10**400}]}, "is not a finite number"),
        ({"created_at": "soon"}, "'soon'"),
        ({"id": 10**30}, "has more than 64 bits"),
    ],
    ids=["deep", "nul", "no number", "endless", "no time", "large"],
)
def test_a_task_that_no_server_keeps_is_named_and_left_out_before_anything_is_made(
    lode: Lode, machine: Path, change: dict[str, Any], why: str
) -> None:
    config = '<View><Text name="t" value="$body"/><Choices name="c" toName="t"><Choice value="low"/></Choices></View>'
    good = {"id": 5, "data": {"body": "one"}, "annotations": [{"id": 1, "result": []}]}
    bad = {"id": 6, "data": {"body": "two"}, "annotations": [{"id": 2, "result": [], **change}]}
    for tasks, name in (([bad], "alone"), ([good, bad], "both")):
        (machine / name).mkdir()
        (machine / name / "export.json").write_text(json.dumps(tasks))
        (machine / name / "config.xml").write_text(config)
    assert why in lode("import", str(machine / "alone"), "--dataset", "alone", fails=1)
    assert not Queue.objects.exists() and list(lode.connect().pages("projects/blood/items")) == []
    told = lode("import", str(machine / "both"), "--dataset", "both")
    [problem] = [row for row in told["problems"] if row["kind"] != "note"]
    assert (problem["file"], problem["row"]) == ("export.json", "task 6") and why in problem["what"]
    assert told["taken"]["tasks"] == Task.objects.count() == 1


class LabelStudio(BaseHTTPRequestHandler):
    """A Label Studio server, as far as its client asks it for a project of tasks of a page and a half."""

    tasks: ClassVar[list[dict[str, Any]]] = []
    media: ClassVar[Path]
    settings: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.asked.append(parts.path)
        if self.headers.get("Authorization") != "Token key":
            return self.say(401, {"detail": "no"})
        if parts.path == "/api/projects/3/":
            return self.say(200, self.settings)
        if parts.path == "/api/users/":
            return self.say(200, [{"id": 1, "email": "ann1@example.org", "username": "ann1"}])
        if parts.path == "/api/tasks/":
            first = (int(query["page"]) - 1) * int(query["page_size"])
            page = self.tasks[first : first + int(query["page_size"])]
            return self.say(200, {"tasks": page, "total": len(self.tasks)}) if page else self.say(404, {})
        if parts.path == "/data/local-files/":
            self.send_response(200)
            self.end_headers()
            self.wfile.write((self.media / query["d"]).read_bytes())
            return None
        return self.say(404, {"detail": "not found"})

    def say(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.fixture
def server(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    LabelStudio.media = test_data / "labelstudio" / "media" / "local"
    LabelStudio.settings = json.loads((test_data / "labelstudio" / "project" / "trays.project.json").read_text())
    tasks = json.loads((test_data / "labelstudio" / "export" / "trays.json").read_text())[2:]
    box = {**tasks[0]["annotations"][0]["result"][0], "id": "p1"}
    predictions = [{"id": 1, "model_version": "m", "score": 0.5, "result": [box], "created_at": "2026-01-01T00:00:00Z"}]
    LabelStudio.tasks = [{**task, "predictions": predictions} for task in tasks]
    LabelStudio.asked = []
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "key")
    with ThreadingHTTPServer(("127.0.0.1", 0), LabelStudio) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_a_project_comes_in_by_its_address_with_its_predictions(
    lode: Lode, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_studio_server, "PAGE", 3)
    words = ("import", "--from-label-studio", server, "--dataset", "blood/trays", "--project")
    told = lode(*words, "3")
    assert (told["taken"]["tasks"], told["taken"]["predictions"], told["taken"]["prelabels"]) == (4, 4, 4)
    assert Task.objects.order_by("pk")[0].prelabels[0]["score"] == 0.5
    fetched = len(LabelStudio.asked)
    assert lode(*words, "3")["taken"]["tasks_there"] == 4
    assert not any("local-files" in path for path in LabelStudio.asked[fetched:])  # the media are there
    assert "no such project" in lode(*words, "4", fails=1)
    assert "needs --project with the number" in lode(*words, "blood", fails=1)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "other")
    assert "the key is refused" in lode(*words, "3", fails=1)


def test_lists_and_their_rankings_come_in_and_go_back(lode: Lode, machine: Path) -> None:
    config = '<View><List name="found" value="$hits"/><Ranker name="rank" toName="found"/></View>'
    hits = [{"id": name, "title": name.upper(), "body": f"about {name}"} for name in ("a", "b", "c")]
    entry = {
        "id": "r1",
        "type": "ranker",
        "from_name": "rank",
        "to_name": "found",
        "value": {"ranker": {"rank": ["c", "a", "b"]}},
    }
    answer = {"id": 1, "completed_by": 1, "result": [entry]}
    tasks: list[dict[str, Any]] = [
        {"id": 7, "data": {"hits": hits, "site": "north"}, "annotations": [answer]},
        {"id": 8, "data": {"hits": [*hits, hits[0]]}, "annotations": []},
        {"id": 9, "data": {"hits": "https://example.org/hits"}, "annotations": []},
    ]
    (machine / "search").mkdir()
    (machine / "search" / "export.json").write_text(json.dumps(tasks))
    (machine / "search" / "config.xml").write_text(config)
    told = lode("import", str(machine / "search"), "--dataset", "search")
    assert (told["taken"]["tasks"], told["taken"]["answers"], told["taken"]["label_sets"]) == (1, 1, 1)
    assert [(row["row"], row["what"]) for row in told["problems"] if row["kind"] == "unreadable"] == [
        ("task 8", "the 'hits' of its data has the id 'a' twice, again in line 4"),
        ("task 9", "the 'hits' of its data is not a list of objects"),
    ]
    assert Task.objects.get().item.path == "lists/7.jsonl"
    lode("convert", f"queue:{Queue.objects.get().name}", str(machine / "out"), "--to", "label-studio")
    (back,) = json.loads((machine / "out" / "tasks.json").read_text())
    assert back["data"]["list"] == hits and back["annotations"][0]["result"][0]["value"] == entry["value"]
