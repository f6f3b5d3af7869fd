"""Labels from files: staged, then visible at once; never over a person's work; again is the same."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from lode_annotation import import_parts
from lode_annotation.models import ImportedLine, LabelImport, LabelImportPart, LabelSet, Schema
from lode_annotation.schemas import create_schema
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.errors import Conflict
from lode_platform.models import Item, Job, Project, User
from motherlode.labeling_config import build

pytestmark = pytest.mark.django_db


BOXES = build(["a"], "boxes")


def line(item: Item, *regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"path": item.path, "labelled": True, "file": f"{item.path}.xml", "regions": list(regions), **more}


def drawn(label: str, *box: float, **more: Any) -> dict[str, Any]:
    return {"kind": "box", "label": label, "box": list(box), "row": "object 1", **more}


Send = Callable[..., dict[str, Any]]


def test_labels_come_in_with_what_scores_depend_on(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    first, second, third = make_items(project, 3)
    job = send(
        line(first, drawn("RBC", 1, 2, 30.5, 40, area=77.5, iscrowd=True), drawn("WBC", 5, 5, 9, 9, difficult=True)),
        line(second),
        {"path": third.path, "labelled": False, "regions": []},
    )
    assert job["state"] == "succeeded", job
    held = {row.item_id: row for row in LabelSet.objects.current()}
    assert set(held) == {first.pk, second.pk}
    assert held[second.pk].regions == []
    crowd, hard = held[first.pk].regions
    assert crowd["geometry"] == [1.0, 2.0, 30.5, 40.0] and crowd["area"] == 77.5 and crowd["iscrowd"]
    assert hard["difficult"] and "iscrowd" not in hard
    report = job["result"]
    assert (report["items"], report["label_sets"], report["regions"]) == (2, 2, 2)
    assert report["classes_made"] == ["RBC", "WBC"]
    assert not LabelImportPart.objects.exists()


def test_what_does_not_come_in_is_named_with_file_and_row(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    (item,) = make_items(project, 1)
    problem = {"kind": "unreadable", "file": "b.xml", "row": "object 3", "what": "has no <name>", "remedy": "fix it"}
    job = send(
        line(item, drawn("a", 5, 5, 5, 9), drawn("a", 100, 5, 120, 9), drawn("a", 60, 40, 70, 60)),
        {"path": "nowhere.png", "labelled": True, "regions": []},
        {"problem": problem},
    )
    report = job["result"]
    assert report["unknown_items"] == ["nowhere.png"]
    by_kind = {row["kind"]: row for row in report["left_out"]}
    assert set(by_kind) == {"degenerate", "outside", "unreadable"} and by_kind["unreadable"] == problem
    assert by_kind["degenerate"]["file"] == f"{item.path}.xml" and by_kind["degenerate"]["row"] == "object 1"
    assert len(report["clipped"]) == 1
    assert LabelSet.objects.get().regions[0]["geometry"] == [60.0, 40.0, 64.0, 48.0]


def test_the_same_import_again_changes_nothing(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    items = make_items(project, 3)
    lines = [line(item, drawn("a", 1, 1, 9, 9), drawn("a", 1, 1, 9, 9)) for item in items]
    send(*lines)
    before = list(LabelSet.objects.order_by("pk").values_list("pk", "digest", "current"))
    job = send(*lines, parts=2)
    assert list(LabelSet.objects.order_by("pk").values_list("pk", "digest", "current")) == before
    assert job["result"]["unchanged"] == 3 and job["result"]["label_sets"] == 0


def test_an_import_over_an_import_keeps_the_old_label_set_as_history(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    (item,) = make_items(project, 1)
    send(line(item, drawn("a", 1, 1, 9, 9)))
    send(line(item, drawn("a", 2, 2, 9, 9)))
    old, new = LabelSet.objects.order_by("pk")
    assert (old.current, new.current) == (False, True) and new.regions[0]["geometry"] == [2.0, 2.0, 9.0, 9.0]


@pytest.mark.parametrize("replace", [False, True])
def test_an_import_replaces_a_persons_labels_only_when_told_to(
    send: Send,
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Any],
    answer: Callable[..., Any],
    replace: bool,
) -> None:
    queue = make_queue(1)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    api(bob).post(f"tasks/{task}/submit", answer())
    item = Item.objects.get()
    job = send(line(item, drawn("WBC", 1, 1, 9, 9)), replace=replace)
    held = LabelSet.objects.current().get()
    assert held.source == ("import" if replace else "annotation")
    assert job["result"]["skipped_human"] == ([] if replace else [item.path])


def test_the_second_mention_of_an_item_is_reported_not_stored(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    (item,) = make_items(project, 1)
    job = send(line(item, drawn("a", 1, 1, 9, 9)), line(item, drawn("a", 2, 2, 9, 9)))
    assert job["state"] == "succeeded" and job["result"]["left_out"][0]["kind"] == "duplicate"
    assert LabelSet.objects.get().regions[0]["geometry"] == [1.0, 1.0, 9.0, 9.0]


def test_an_import_cancelled_half_way_leaves_nothing_and_can_be_tried_again(
    erin: User, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    entry = import_parts.begin(project, Caller(erin), uuid=uuid4(), schema="cells")
    rows = [json.dumps(line(item, drawn("a", 1, 1, 9, 9))) for item in make_items(project, 4)]
    import_parts.put_part(Caller(erin), entry.uuid, 0, "\n".join(rows).encode())
    row = import_parts.finish(Caller(erin), entry.uuid)
    half = LabelSet(
        staged_by=row, job=row, schema=create_schema(project, Caller(erin), name="cells", config=BOXES), digest="x"
    )
    half.item, half.schema_revision, half.created_by = Item.objects.order_by("pk")[0], half.schema.revisions.get(), erin
    half.save()
    Job.objects.filter(pk=row.pk).update(attempts=1, cancel_requested_at=timezone.now())
    jobs.run_pending()
    row.refresh_from_db()
    assert row.state == "cancelled" and not LabelSet.objects.exists()
    jobs.retry(row)
    jobs.run_pending()
    assert LabelSet.objects.current().count() == 4


@pytest.fixture
def opened(erin: User, schema: Schema) -> LabelImport:
    """An import into a schema that is there: what is plain is staged as it comes."""
    return import_parts.begin(schema.project, Caller(erin), uuid=uuid4(), schema=schema.name)


def put(opened: LabelImport, number: int, *lines: dict[str, Any]) -> None:
    body = "\n".join(map(json.dumps, lines)).encode()
    assert import_parts.put_part(Caller(opened.created_by), opened.uuid, number, body) == len(lines)


def finish(opened: LabelImport) -> Job:
    row = import_parts.finish(Caller(opened.created_by), opened.uuid)
    jobs.run_pending()
    row.refresh_from_db()
    return row


def test_plain_lines_are_staged_as_they_come_and_nobody_sees_them(
    opened: LabelImport, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    items = make_items(project, 5)
    plain = [line(item, drawn("RBC", 1.0, 1.0, 9.0, 9.0), drawn("RBC", 2.0, 2.0, 9.0, 9.0)) for item in items]
    outside = line(items[3], drawn("RBC", 100.0, 5.0, 120.0, 9.0), drawn("RBC", 1.0, 1.0, 9.0, 9.0))
    problem = {"problem": {"kind": "unreadable", "file": "b.xml", "row": "", "what": "is broken", "remedy": "mend it"}}
    put(opened, 0, plain[0], problem, plain[1], outside, plain[1], plain[3])
    put(opened, 1, plain[2])
    staged = LabelSet.objects.filter(staged_by=opened.job)
    assert staged.count() == 3 and not LabelSet.objects.current().exists()
    parts = opened.parts.values_list("rest", "regions", "count")
    assert list(parts) == [([1, 3, 4, 5], 4, 6), ([], 2, 1)]
    job = finish(opened)
    assert job.state == "succeeded" and (job.done, job.total) == (7, 7), job.error
    assert (job.result["items"], job.result["label_sets"], job.result["regions"]) == (4, 4, 7)
    assert [row["kind"] for row in job.result["left_out"]] == ["unreadable", "outside", "duplicate", "duplicate"]
    assert set(LabelSet.objects.current().values_list("item", flat=True)) == {item.pk for item in items[:4]}
    assert ImportedLine.objects.count() == 0 and LabelSet.objects.count() == 4


def test_a_part_that_comes_again_replaces_what_was_staged_of_it(
    opened: LabelImport, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    first, second = make_items(project, 2)
    digest = {"digest": "d" * 64}
    put(
        opened,
        0,
        line(first, drawn("RBC", 1.0, 1.0, 9.0, 9.0), **digest),
        line(second, drawn("RBC", 1.0, 1.0, 9.0, 9.0), **digest),
    )
    put(opened, 1, line(first, drawn("RBC", 5.0, 5.0, 9.0, 9.0)))
    assert opened.parts.get(number=1).rest is None  # its only line is another part's item
    put(opened, 0, line(second, drawn("RBC", 2.0, 2.0, 9.0, 9.0)))
    assert [(row.item, row.regions[0]["geometry"][0]) for row in LabelSet.objects.all()] == [(second, 2.0)]
    job = finish(opened)
    held = {row.item: row.regions[0]["geometry"][0] for row in LabelSet.objects.current()}
    assert held == {first: 5.0, second: 2.0} and not job.result["left_out"] and not ImportedLine.objects.exists()


def test_what_a_person_labels_while_an_import_is_sent_stays(
    opened: LabelImport,
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    item = Item.objects.get()
    put(opened, 0, line(item, drawn("RBC", 1.0, 1.0, 9.0, 9.0)))
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    assert api(bob).post(f"tasks/{task}/submit", answer()).status_code == 200
    job = finish(opened)
    assert LabelSet.objects.get().source == "annotation"
    assert job.result["skipped_human"] == [item.path] and job.result["label_sets"] == 0


def test_an_import_cancelled_while_it_is_sent_leaves_nothing_and_goes_on_when_it_is_tried_again(
    opened: LabelImport, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    items = make_items(project, 3)
    put(opened, 0, *[line(item, drawn("RBC", 1.0, 1.0, 9.0, 9.0), digest="d" * 64) for item in items])
    assert opened.job is not None and LabelSet.objects.count() == 3
    jobs.cancel(opened.job)
    with pytest.raises(Conflict):
        put(opened, 1, line(items[0], drawn("RBC", 1.0, 1.0, 9.0, 9.0)))
    jobs.run_pending()
    assert not LabelSet.objects.exists() and not ImportedLine.objects.exists()
    opened.job.refresh_from_db()
    assert opened.job.state == "cancelled"
    jobs.retry(opened.job)
    jobs.run_pending()
    opened.job.refresh_from_db()
    assert opened.job.result["label_sets"] == 3 and LabelSet.objects.current().count() == 3


def test_a_part_that_is_no_record_is_refused_with_its_line(
    api: Callable[..., Any], erin: User, project: Project
) -> None:
    program, uuid = api(erin), uuid4()
    program.post(f"projects/{project.name}/label-imports", {"uuid": str(uuid), "schema": "cells"})
    for body in ('{"path": "a.png"}\n{', '{"path": "a.png"}\n{"path": "b.png", "regions": [{"label": "x"}]}'):
        got = program.client.put(f"/api/v1/label-imports/{uuid}/parts/0", body, content_type="application/x-ndjson")
        assert got.status_code == 400 and got.json()["line"] == 2
    assert not LabelImportPart.objects.exists()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[" * 200_000, "nested"),
        ('{"path": ' * 200_000, "nested"),
        ('{"path": "a\\u0000.png", "labelled": true, "regions": []}', "NUL"),
        ('{"path": "a.png", "labelled": true, "regions": [{"kind": "box", "label": "\\ud800"}]}', "surrogate"),
        ('{"path": "a.png", "labelled": true, "regions": [{"kind": "box", "label": "a", "box": [NaN]}]}', "NaN"),
        ('{"path": "a.png", "labelled": true, "regions": [{"kind": "box", "label": "a", "area": 1e999}]}', "finite"),
    ],
    ids=["deep list", "deep object", "nul", "half a surrogate", "no number", "infinite"],
)
def test_a_line_that_no_database_keeps_is_refused_by_its_number(
    text: str, word: str, api: Callable[..., Any], erin: User, project: Project
) -> None:
    program, uuid = api(erin), uuid4()
    program.post(f"projects/{project.name}/label-imports", {"uuid": str(uuid)})
    address = f"/api/v1/label-imports/{uuid}/parts/0"
    got = program.client.put(address, f"\n{text}", content_type="application/x-ndjson")
    assert got.status_code == 400 and "Line 2" in got.json()["error"] and word in got.json()["error"]
    assert program.client.put(address, "", content_type="application/x-ndjson").json() == {"part": 0, "lines": 0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"regions": [drawn("a", 1, 1, 9, 9), drawn(" a", 1, 1, 9, 9)]}, "' a'"),
        ({"regions": [drawn("$a", 1, 1, 9, 9)]}, "begins with $"),
        ({"regions": [drawn("a" * 201, 1, 1, 9, 9)]}, "201 letters"),
        ({"regions": [drawn("a", 1, 1, 9, 9), {**drawn("a", 1, 1, 9, 9), "label": None}]}, "None is not a text"),
        ({"regions": [{"label": "a"}]}, "lacks 'box'"),
        ({"regions": None}, "NoneType"),
        ({"regions": ""}, "regions is a str, not a list"),
        ({"regions": {}}, "regions is a dict, not a list"),
        ({"regions": ["a"]}, "a region is 'a', not an object"),
        ({"problem": "words"}, "a problem is an object"),
    ],
)
def test_what_no_job_could_take_in_is_refused_with_its_line_and_file(
    api: Callable[..., Any], erin: User, project: Project, change: dict[str, Any], words: str
) -> None:
    program, uuid = api(erin), uuid4()
    program.post(f"projects/{project.name}/label-imports", {"uuid": str(uuid), "schema": "cells"})
    good, bad = {"path": "a.png"}, {"path": "b.png", "file": "b.xml", **change}
    body = "\n".join(json.dumps(row) for row in (good, bad))
    got = program.client.put(f"/api/v1/label-imports/{uuid}/parts/0", body, content_type="application/x-ndjson")
    assert got.status_code == 400, got.content
    assert got.json()["line"] == 2 and "Line 2 (b.xml)" in got.json()["error"] and words in got.json()["error"]
    assert not LabelImportPart.objects.exists()


def test_a_part_of_which_no_labels_are_kept_is_read_for_them(
    erin: User, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    entry = import_parts.begin(project, Caller(erin), uuid=uuid4(), schema="cells")
    for number, item in enumerate(make_items(project, 2)):
        rows = [line(item, drawn(label, 1, 1, 9, 9), drawn("c", 2, 2, 9, 9)) for label in (f"b{number}", "a")]
        import_parts.put_part(Caller(erin), entry.uuid, number, "\n".join(map(json.dumps, rows)).encode())
    assert entry.parts.get(number=1).labels == [["", "boxes", ["b1", "c", "a"]]]
    entry.parts.filter(number=0).update(labels=None)
    row = import_parts.finish(Caller(erin), entry.uuid)
    jobs.run_pending()
    row.refresh_from_db()
    assert row.result["classes_made"] == ["b0", "c", "a", "b1"] and LabelSet.objects.current().count() == 2


def test_an_import_without_a_label_or_a_schema_fails_in_words(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    (item,) = make_items(project, 1)
    job = send(line(item))
    assert job["state"] == "failed" and "no schema 'cells'" in job["error"] and "Create the schema" in job["error"]


def test_a_problem_that_the_sender_met_makes_no_label_of_its_regions(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    (item,) = make_items(project, 1)
    problem = {"kind": "unreadable", "file": "a.xml", "row": "object 2", "what": "no box", "remedy": "mend it"}
    job = send(line(item, drawn("a", 1, 1, 9, 9)), {"problem": problem, "regions": [{}]})
    assert job["state"] == "succeeded" and job["done"] == job["total"]
    assert job["result"]["left_out"] == [problem] and job["result"]["classes_made"] == ["a"]


def test_boxes_do_not_go_into_a_schema_of_classes(
    send: Send, erin: User, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    create_schema(project, Caller(erin), name="cells", config=build(["good"], "classes"))
    (item,) = make_items(project, 1)
    job = send(line(item, drawn("a", 1, 1, 9, 9)))
    assert job["state"] == "failed" and "no <RectangleLabels>" in job["error"]


def test_classes_of_whole_pictures_come_in(send: Send, project: Project, make_items: Callable[..., list[Item]]) -> None:
    (item,) = make_items(project, 1)
    send(line(item, {"kind": "choice", "label": "good"}))
    assert LabelSet.objects.get().answers[0]["kind"] == "choice"
    assert Schema.objects.get().revisions.get().controls[0]["type"] == "Choices"


def test_a_line_of_an_earlier_client_calls_the_kind_its_type(
    send: Send, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    (item,) = make_items(project, 1)
    send(line(item, {"type": "choice", "label": "good"}))
    assert LabelSet.objects.get().answers[0]["kind"] == "choice"


QUESTIONS = """<View><Image name="image" value="$image"/>
  <Choices name="blurred" toName="image"><Choice value="yes"/><Choice value="no"/></Choices>
  <Choices name="night" toName="image"><Choice value="yes"/><Choice value="dusk"/></Choices>
  <RectangleLabels name="where" toName="image"><Label value="yes"/></RectangleLabels></View>"""


def test_a_label_goes_to_the_control_that_has_it_and_is_refused_where_two_have_it(
    send: Send, project: Project, erin: User, make_items: Callable[..., list[Item]]
) -> None:
    create_schema(project, Caller(erin), name="cells", config=QUESTIONS)
    first, second = make_items(project, 2)
    assert send(line(first, {"kind": "choice", "label": "dusk"}))["state"] == "succeeded"
    assert send(line(second, drawn("yes", 1, 2, 30, 40)))["state"] == "succeeded"
    dusk, drawn_yes = (LabelSet.objects.current().get(item=item).said[0] for item in (first, second))
    assert (dusk["control"], dusk["class_id"]) == ("night", 4)
    assert (drawn_yes["control"], drawn_yes["class_id"]) == ("where", 5)
    job = send(line(second, {"kind": "choice", "label": "yes"}))
    assert job["state"] == "failed" and "stands under blurred and night" in job["error"]
    assert LabelSet.objects.count() == 2


def test_only_engineers_and_owners_import_and_only_their_own(
    api: Callable[..., Any], erin: User, alice: User, bob: User, charlie: User, project: Project
) -> None:
    uuid = str(UUID(int=7))
    body = {"uuid": uuid, "schema": "cells"}
    at = f"projects/{project.name}/label-imports"
    assert api(bob).post(at, body).status_code == 403
    assert api(charlie).post(at, body).status_code == 404
    assert api(erin).post(at, body).status_code == 201
    assert api(erin).post(at, body).json()["uuid"] == uuid
    assert api(alice).post(at, body).status_code == 409
    for person in (bob, charlie, alice):
        assert api(person).post(f"label-imports/{uuid}/finish").status_code == 404
    assert LabelImport.objects.count() == 1


def test_a_skeleton_with_another_number_of_points_than_its_class_is_left_out(
    send: Send, project: Project, alice: User, make_items: Callable[..., list[Item]]
) -> None:
    create_schema(
        project, Caller(alice), name="cells", config=build(["a"], "skeletons", parts={"a": {"points": "x,y"}})
    )
    (item,) = make_items(project, 1)
    fit, unfit = [[1.0, 2.0, 2], [0.0, 0.0, 0]], [[1.0, 2.0, 2]]
    report = send(line(item, *({"kind": "skeleton", "label": "a", "skeleton": one} for one in (fit, unfit))))["result"]
    assert [row["geometry"] for row in LabelSet.objects.get().regions] == [fit]
    [left_out] = report["left_out"]
    assert left_out["what"] == "the a skeleton does not fit its class: it has 1 points, and its class names 2"
