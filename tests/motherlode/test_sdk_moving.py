"""Label Studio projects in, whole, through the command line and the real application; and out again."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Queue, Task
from lode_platform.models import Membership, User
from motherlode.importing import read_source
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
    assert (held["tasks"], held["annotations"], held["skipped"], held["ground_truths"], held["drafts"]) == (6, 10, 1, 1, 1)
    assert (taken["tasks"], taken["answers"], taken["skipped"], taken["ground_truths"], taken["drafts"]) == (6, 9, 1, 1, 1)
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
    assert LabelSet.objects.current().get(item=true.item).annotation_revision.author.email == "ann1@example.org"


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
    told = lode("import", str(trays / "trays.json"), "--media", str(trays / "media"), "--dataset", "trays", "-f", "label-studio")
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
