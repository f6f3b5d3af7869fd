"""Merging classes: label sets are written again by one job, all at once or not at all, and undone to the byte."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from lode_annotation import class_filter, filling, migrating, schema_migrations, touched
from lode_annotation.label_sets import fields_of
from lode_annotation.merging import in_successors
from lode_annotation.models import LabelSet, Queue, Schema, SchemaMigration
from lode_annotation.queues import change_queue
from lode_annotation.schemas import latest, revise
from lode_annotation.undo_review import undo_review
from lode_datasets.contents import schema_file
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Blob, Item, Job, Project, User
from motherlode.labeling_config import build
from motherlode.manifest import canonical
from motherlode.regions import Region, from_json, texts_of
from motherlode.relations import Relation

pytestmark = pytest.mark.django_db

TWO = build(["RBC", "Platelets"], "boxes")


def drawn(number: int, class_id: int, **more: Any) -> Region:
    return Region(f"b{number}", "box", class_id, geometry=(1.25, 2.0, 30.0, 1e16), control="label", **more)


@pytest.fixture
def held(
    project: Project, alice: User, schema: Schema, make_items: Callable[..., list[Item]]
) -> Callable[..., list[LabelSet]]:
    """``held((1, 2), (2,), ())``: items whose current label sets have boxes of those classes."""

    def make(*classes: tuple[int, ...]) -> list[LabelSet]:
        items = make_items(project, len(classes))
        return [
            LabelSet.objects.create(
                item=item,
                schema=schema,
                schema_revision=latest(schema),
                source=LabelSet.Source.IMPORT,
                created_by=alice,
                **fields_of(drawn(number, class_id) for number, class_id in enumerate(each)),
            )
            for item, each in zip(items, classes, strict=True)
        ]

    return make


def merge(schema: Schema, user: User) -> SchemaMigration:
    """WBC goes into RBC."""
    return revise(schema, Caller(user), config=TWO, merges={"WBC": "RBC"}).migration


def classes_held(schema: Schema) -> dict[int, list[int]]:
    """The class ids in the current label set of each item, by the item's key."""
    rows = LabelSet.objects.current().filter(schema=schema).order_by("item")
    return {row.item_id: [one["class_id"] for one in row.regions] for row in rows}


def digests(schema: Schema) -> dict[int, tuple[int, str]]:
    rows = LabelSet.objects.current().filter(schema=schema)
    return {item: (pk, digest) for item, pk, digest in rows.values_list("item", "pk", "digest")}


def test_the_label_sets_of_a_merged_class_are_written_again_and_undone_to_the_byte(
    held: Callable[..., list[LabelSet]], schema: Schema, alice: User, run_jobs: Callable[[], int]
) -> None:
    first, second, third = held((1, 2), (2, 2, 3), (3,))
    votes = {"consensus": "merged", "answers": [], "votes": []}
    LabelSet.objects.filter(pk=first.pk).update(source=LabelSet.Source.CONSENSUS, votes=votes)
    before, config, classes = digests(schema), latest(schema).config, latest(schema).classes
    planned = touched.dry_run(schema, Caller(alice), config=TWO, merges={"WBC": "RBC"})
    [change] = planned.changes
    assert (change.change.kind, change.change.to, change.label_sets, change.objects) == ("class_merged", "RBC", 2, 3)
    migration = merge(schema, alice)
    assert digests(schema) == before, "nothing is seen of it before its job has run"
    run_jobs()
    migration.refresh_from_db()
    assert classes_held(schema) == {first.item_id: [1, 1], second.item_id: [1, 1, 3], third.item_id: [3]}
    assert migration.report == {"label_sets": 2, "trashed": 0, "classes": {"2": {"label_sets": 2, "objects": 3}}}
    assert migration.report["label_sets"] == planned.migrates
    assert digests(schema)[third.item_id] == before[third.item_id]
    made = LabelSet.objects.current().get(item=first.item_id)
    assert made.digest == texts_of([drawn(0, 1), drawn(1, 1)]).digest
    assert (made.source, made.votes) == (LabelSet.Source.CONSENSUS, votes)
    assert LabelSet.objects.current().get(item=second.item_id).source == LabelSet.Source.IMPORT
    assert latest(schema).merged == {"2": 1}
    gone = schema.classes.get(class_id=2)
    assert gone.name == "WBC" and gone.retired_at is not None, "it stays known"

    job = schema_migrations.undo(migration.revision, Caller(alice))
    run_jobs()
    job.refresh_from_db()
    assert job.result == {"label_sets": 2, "kept": 0, "revision": 3}
    assert digests(schema) == before, "the same rows, of the same bytes"
    newest = latest(schema)
    assert (newest.config, newest.classes, newest.merged, newest.restores) == (config, classes, {}, 1)
    migration.refresh_from_db()
    assert migrating.state_of(migration) == "undone"
    with pytest.raises(Conflict, match="cannot be undone"):
        schema_migrations.undo(migration.revision, Caller(alice))


def test_only_the_newest_revision_is_undone_and_undoing_goes_back_step_by_step(
    schema: Schema, alice: User, run_jobs: Callable[[], int]
) -> None:
    caller = Caller(alice)
    first = latest(schema)
    with pytest.raises(Conflict, match="none before it"):
        schema_migrations.undo(first, caller)
    second = revise(schema, caller, config=build(["red", "WBC", "Platelets"], "boxes"), renames={"RBC": "red"})
    third = revise(schema, caller, config=build(["red", "cell"], "boxes"), merges={"WBC": "cell", "Platelets": "cell"})
    run_jobs()
    assert third.merged == {"2": 4, "3": 4}
    with pytest.raises(Conflict, match="undo those first"):
        schema_migrations.undo(second, caller)
    schema_migrations.undo(third, caller)
    with pytest.raises(Conflict, match="being migrated"):
        revise(schema, caller, config=TWO)
    run_jobs()
    assert latest(schema).classes == second.classes
    schema_migrations.undo(second, caller)
    run_jobs()
    newest = latest(schema)
    assert (newest.number, newest.restores, newest.config, newest.classes) == (5, 1, first.config, first.classes)
    assert [(row.name, row.retired_at is None) for row in schema.classes.all()] == [
        ("RBC", True),
        ("WBC", True),
        ("Platelets", True),
        ("cell", False),
    ]
    again = revise(schema, caller, config=build(["RBC", "cell"], "boxes"))
    assert again.class_names == {1: "RBC", 4: "cell"}, "an id that was given is not given to another"


def test_a_merge_goes_on_to_where_the_class_is_and_a_class_that_comes_back_is_merged_no_more(
    held: Callable[..., list[LabelSet]], schema: Schema, alice: User, run_jobs: Callable[[], int]
) -> None:
    caller, [row] = Caller(alice), held((1, 2, 3))
    merge(schema, alice)
    run_jobs()
    revise(schema, caller, config=build(["Platelets"], "boxes"), merges={"RBC": "Platelets"})
    run_jobs()
    assert latest(schema).merged == {"2": 3, "1": 3} and classes_held(schema) == {row.item_id: [3, 3, 3]}
    split = revise(schema, caller, config=build(["Platelets", "WBC"], "boxes"), splits={"WBC": "Platelets"})
    assert split.merged == {"1": 3} and split.class_names == {3: "Platelets", 2: "WBC"}
    assert split.looks == [
        {"kind": "class_split", "control": "label", "label": "Platelets", "to": "WBC", "class_id": 3}
    ]


def test_readers_see_all_of_it_or_nothing_and_a_cancelled_job_leaves_nothing(
    held: Callable[..., list[LabelSet]],
    schema: Schema,
    alice: User,
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held(*[(2, 3)] * 5)
    before = digests(schema)
    monkeypatch.setattr(schema_migrations, "BATCH", 2)
    seen: list[int] = []

    def step(work: jobs.Work, name: str) -> None:
        seen.append(LabelSet.objects.filter(staged_by=work.job).count())
        assert name == "revealed" or digests(schema) == before
        if name == "batch" and len(seen) == 2:
            work.cancelled.set()

    monkeypatch.setattr(jobs.Work, "step", step)
    migration = merge(schema, alice)
    run_jobs()
    migration.refresh_from_db()
    assert seen == [2, 4] and migrating.state_of(migration) == "stopped"
    assert digests(schema) == before and LabelSet.objects.count() == 5
    assert migration.job is not None
    jobs.retry(migration.job)
    run_jobs()
    assert set(map(tuple, classes_held(schema).values())) == {(1, 3)} and seen[-1] == 0
    migration.refresh_from_db()
    assert migration.report["label_sets"] == 5


def test_a_stopped_migration_is_undone_and_cannot_be_tried_again_then(
    held: Callable[..., list[LabelSet]], schema: Schema, alice: User, run_jobs: Callable[[], int]
) -> None:
    held((2,))
    migration = merge(schema, alice)
    assert migration.job is not None
    jobs.cancel(migration.job)
    schema_migrations.undo(migration.revision, Caller(alice))
    run_jobs()
    assert latest(schema).class_names == {1: "RBC", 2: "WBC", 3: "Platelets"}
    jobs.retry(migration.job)
    run_jobs()
    assert Job.objects.get(pk=migration.job.pk).state == "failed" and list(classes_held(schema).values()) == [[2]]


def test_what_is_labelled_meanwhile_stays_in_the_words_of_the_merged_class(
    api: Callable[..., Any],
    held: Callable[..., list[LabelSet]],
    schema: Schema,
    alice: User,
    bob: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
    box: Callable[..., dict[str, Any]],
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held((2,), (2,))
    queue, program = make_queue(2), api(bob)

    def label() -> Item:
        """Somebody answers under the queue's revision, which has the class still."""
        task = program.post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
        got = program.post(f"tasks/{task}/submit", answer([box(label="WBC"), box(label="RBC")]))
        assert got.status_code == 200, got.content
        return queue.tasks.get(uuid=task).item

    early = label()
    assert classes_held(schema)[early.pk] == [2, 1]
    own = LabelSet.objects.current().get(item=early)
    late: list[Item] = []
    monkeypatch.setattr(jobs.Work, "step", lambda work, name: late.append(label()) if name == "staged" else None)
    migration = merge(schema, alice)
    run_jobs()
    made = LabelSet.objects.current().get(item=early)
    assert (made.source, made.annotation_revision_id) == ("annotation", own.annotation_revision_id)
    assert classes_held(schema)[late[0].pk] == [1, 1] and all(2 not in each for each in classes_held(schema).values())
    schema_migrations.undo(migration.revision, Caller(alice))
    run_jobs()
    assert classes_held(schema)[early.pk] == [2, 1] and classes_held(schema)[late[0].pk] == [1, 1]


def test_an_answer_under_way_is_shown_in_the_words_of_the_class_that_took_its_own_in(
    api: Callable[..., Any],
    schema: Schema,
    alice: User,
    bob: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., dict[str, Any]],
    run_jobs: Callable[[], int],
) -> None:
    queue, program = make_queue(1), api(bob)
    task = program.post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    assert program.put(f"tasks/{task}/draft", {"result": [box(label="WBC")]}).status_code == 200
    merge(schema, alice)
    run_jobs()
    change_queue(queue, Caller(alice), newest=True)
    [entry] = program.post(f"queues/{queue.uuid}/next", {}).json()["draft"]["result"]
    assert entry["value"]["rectanglelabels"] == ["RBC"]


def test_a_verdict_is_not_undone_once_labels_were_merged(
    api: Callable[..., Any],
    schema: Schema,
    alice: User,
    bob: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
    box: Callable[..., dict[str, Any]],
    run_jobs: Callable[[], int],
) -> None:
    queue, program = make_queue(1, review=True), api(bob)
    task = program.post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    made = program.post(f"tasks/{task}/submit", answer([box(label="WBC")])).json()["annotation"]
    operation = str(uuid4())
    verdict = {"verdict": "accept", "operation_id": operation, "base_revision": 1}
    assert api(alice).post(f"annotations/{made['id']}/review", verdict).status_code == 200
    migration = merge(schema, alice)
    run_jobs()
    with pytest.raises(Conflict, match="merged since"):
        undo_review(Caller(alice), UUID(made["id"]), operation)
    schema_migrations.undo(migration.revision, Caller(alice))
    run_jobs()
    undo_review(Caller(alice), UUID(made["id"]), operation)
    assert not LabelSet.objects.current().exists()


def test_an_item_labelled_after_the_migration_keeps_its_labels_when_it_is_undone(
    held: Callable[..., list[LabelSet]], schema: Schema, alice: User, run_jobs: Callable[[], int]
) -> None:
    first, second = held((2,), (2,))
    Item.objects.filter(pk=second.item_id).update(trashed_at=timezone.now())
    migration = merge(schema, alice)
    run_jobs()
    migration.refresh_from_db()
    assert (migration.report["label_sets"], migration.report["trashed"]) == (1, 1)
    LabelSet.objects.current().filter(item=first.item_id).update(current=False)
    newer = {"schema": schema, "schema_revision": latest(schema), "source": "import", "created_by": alice}
    LabelSet.objects.create(item_id=first.item_id, **newer, **fields_of([drawn(7, 3)]))
    job = schema_migrations.undo(migration.revision, Caller(alice))
    run_jobs()
    job.refresh_from_db()
    assert job.result == {"label_sets": 1, "kept": 1, "revision": 3}
    assert classes_held(schema) == {first.item_id: [3], second.item_id: [2]}


@pytest.mark.parametrize(
    ("merges", "words"),
    [
        ({"x": "RBC"}, "no label 'x' to merge"),
        ({"WBC": "x"}, "has no label 'x'"),
        ({"Platelets": "RBC"}, "still has 'Platelets'"),
        ({"label": {"x": "RBC"}}, "no label 'x' under 'label'"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused(
    schema: Schema, alice: User, merges: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        revise(schema, Caller(alice), config=TWO, merges=merges)
    with pytest.raises(BadInput, match="renamed as well"):
        renamed = build(["RBC", "white", "Platelets"], "boxes")
        revise(schema, Caller(alice), config=renamed, merges={"WBC": "RBC"}, renames={"WBC": "white"})
    with pytest.raises(BadInput, match="cannot be split off"):
        revise(schema, Caller(alice), config=TWO, splits={"RBC": "Platelets"})
    assert latest(schema).number == 1 and not Job.objects.exists()


def test_classes_are_not_merged_while_labels_are_imported(
    api: Callable[..., Any], schema: Schema, project: Project, alice: User, erin: User
) -> None:
    body = {"uuid": "6e5bbd0f-5c4e-4f0e-8f43-0d4d5a3a8a11", "schema": "cells"}
    assert api(erin).post(f"projects/{project.name}/label-imports", body).status_code == 201
    with pytest.raises(Conflict, match="being imported"):
        merge(schema, alice)
    assert latest(schema).number == 1


def test_over_rest(
    api: Callable[..., Any],
    held: Callable[..., list[LabelSet]],
    schema: Schema,
    bob: User,
    erin: User,
    charlie: User,
    run_jobs: Callable[[], int],
) -> None:
    held((2,), (1,))
    program, address = api(erin), f"schemas/{schema.uuid}/revisions"
    made = program.post(address, {"config": TWO, "merges": {"WBC": "RBC"}}).json()
    assert made["migration"]["state"] == "running" and made["merged"] == {"2": 1}
    run_jobs()
    listed = program.get(address).json()["results"]
    assert {row["revision"]: row["migration"] and row["migration"]["state"] for row in listed} == {1: None, 2: "done"}
    for who, status in ((bob, 403), (charlie, 404)):
        assert api(who).post(f"{address}/2/undo").status_code == status
    assert program.post(f"{address}/7/undo").status_code == 404
    assert program.post(f"{address}/1/undo").status_code == 409
    assert program.post(f"{address}/2/undo").status_code == 202
    run_jobs()
    assert list(classes_held(schema).values()) == [[2], [1]]


@pytest.fixture
def blood(
    test_data: Path, project: Project, alice: User, send: Callable[..., dict[str, Any]]
) -> tuple[Schema, dict[str, list[int]]]:
    """The cells of BCCD's pictures under twelve labels, four in place of each of its three; how many label sets name
    each of the twelve, and how many cells have it."""
    lines, counts, blobs = list[dict[str, Any]](), dict[str, list[int]](), []
    for path in sorted((test_data / "bccd" / "voc").glob("**/*.xml")):
        regions = []
        for number, cell in enumerate(ElementTree.parse(path).iter("object")):
            box = [float(cell.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")]
            if box[0] < box[2] and box[1] < box[3]:
                regions.append({"kind": "box", "label": f"{cell.findtext('name')} {number % 4}", "box": box})
        for label in {str(one["label"]) for one in regions}:
            held = counts.setdefault(label, [0, 0])
            held[0] += 1
            held[1] += sum(one["label"] == label for one in regions)
        lines.append({"path": f"{path.stem}.jpg", "labelled": True, "regions": regions})
        blobs.append(Blob(md5=uuid4().hex, sha256=uuid4().hex * 2, size=1))
    made = {"project": project, "media_type": "image/jpeg", "width": 640, "height": 480, "created_by": alice}
    Item.objects.bulk_create(
        Item(blob=blob, path=line["path"], path_fold=str(line["path"]).lower(), **made)
        for blob, line in zip(Blob.objects.bulk_create(blobs), lines, strict=True)
    )
    job = send(*lines, schema="blood")
    assert job["state"] == "succeeded", job
    return Schema.objects.get(name="blood"), counts


def test_twelve_labels_are_renamed_merged_split_back_and_undone_to_the_byte(
    blood: tuple[Schema, dict[str, list[int]]], project: Project, alice: User, run_jobs: Callable[[], int]
) -> None:
    schema, counts = blood
    caller, labels = Caller(alice), list(latest(schema).class_names.values())
    before, first = digests(schema), schema_file("blood", latest(schema))
    assert len(before) == 364 and len(labels) == 12

    def planned(config: str, **words: Any) -> touched.DryRun:
        return touched.dry_run(schema, caller, config=config, **words)

    def counted(run: touched.DryRun, kind: str) -> dict[str, list[int]]:
        return {one.change.label: [one.label_sets, one.objects] for one in run.changes if one.change.kind == kind}

    names = ["red" if label == "RBC 0" else label for label in labels]
    renames = {"RBC 0": "red"}
    run = planned(build(names, "boxes"), renames=renames)
    assert counted(run, "class_renamed") == {"RBC 0": counts["RBC 0"]} and len(run.changes) == 1 and not run.migrates
    revise(schema, caller, config=build(names, "boxes"), renames=renames)
    assert digests(schema) == before, "a rename writes no label set again"

    merges = {f"RBC {number}": "red" for number in (1, 2, 3)}
    names = [name for name in names if name not in merges]
    run = planned(build(names, "boxes"), merges=merges)
    assert counted(run, "class_merged") == {label: counts[label] for label in merges}
    migration = revise(schema, caller, config=build(names, "boxes"), merges=merges).migration
    run_jobs()
    migration.refresh_from_db()
    ids = {row.name: str(row.class_id) for row in schema.classes.all()}
    assert migration.report["label_sets"] == run.migrates > 300
    assert migration.report["classes"] == {
        ids[label]: {"label_sets": counts[label][0], "objects": counts[label][1]} for label in merges
    }
    said = Counter(class_id for row in classes_held(schema).values() for class_id in row)
    cells = sum(counts[label][1] for label in ("RBC 0", *merges))
    assert said[int(ids["red"])] == cells and not any(said[int(ids[label])] for label in merges)

    config = build([*names, *merges], "boxes")
    run = planned(config, splits=dict.fromkeys(merges, "red"))
    [[label_sets, objects]] = counted(run, "class_split").values()
    assert objects == cells and counted(run, "class_returned") == {label: [0, 0] for label in merges}
    split = revise(schema, caller, config=config, splits=dict.fromkeys(merges, "red"))
    assert {split.class_names[int(ids[label])] for label in merges} == set(merges), "each has its old id"
    given = {class_filter.NAME: class_filter.of_items_with("blood", int(ids["red"]))}
    queue, filled = filling.create_filled(project, caller, given, name="look", schema=schema)
    assert filled.added == label_sets == queue.tasks.count()

    for revision in schema.revisions.filter(number__gt=1).order_by("-number"):
        schema_migrations.undo(revision, caller)
        run_jobs()
    assert digests(schema) == before and schema_file("blood", latest(schema)) == first
    for row in LabelSet.objects.current().filter(schema=schema):
        assert row.digest == texts_of(map(from_json, row.said)).digest


def test_only_the_class_is_written_anew() -> None:
    answers = [Region(f"c{number}", "choice", number, control="seen") for number in (1, 2, 3)]
    boxes = [drawn(1, 5, attributes={"note": 'said "class_id":2, twice'}), drawn(2, 2, area=-0.0, more={"new": [1.50]})]
    before = texts_of([*answers, *boxes], [Relation("r", "b1", "b2")])
    after = in_successors(before, {2: 1})
    assert [(row["id"], row["class_id"]) for row in json.loads(after.answers)] == [("c1", 1), ("c3", 3)]
    rows = json.loads(before.regions)
    rows[1]["class_id"] = 1
    assert after.regions == canonical(rows) and after.relations == before.relations
    assert in_successors(before, {7: 1}) is before
