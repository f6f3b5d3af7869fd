"""The dry run of a schema revision: what changes, and what each change touches."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_annotation import touched
from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Queue, Schema, SchemaRevision
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.schemas import create_schema, latest, revise
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Forbidden
from lode_platform.models import Item, Project, User
from motherlode.labeling_config import build
from motherlode.regions import Region
from motherlode.relations import Relation

pytestmark = pytest.mark.django_db

IMAGE = '<Image name="image" value="$image"/>'


def view(*parts: str) -> str:
    return f"<View>{IMAGE}{''.join(parts)}</View>"


def asked(tag: str, name: str, *labels: str, part: str = "Label", more: str = "") -> str:
    return f'<{tag} name="{name}" toName="image" {more}>{"".join(f"<{part} value={one!r}/>" for one in labels)}</{tag}>'


def box(number: int, class_id: int, **more: Any) -> Region:
    return Region(f"b{number}", "box", class_id, geometry=(1.0, 2.0, 30.0, 40.0), control="label", **more)


def hold(schema: Schema, user: User, item: Item, *said: Region) -> LabelSet:
    return LabelSet.objects.create(
        item=item,
        schema=schema,
        schema_revision=latest(schema),
        source=LabelSet.Source.IMPORT,
        created_by=user,
        **fields_of(said),
    )


def found(schema: Schema, user: User, config: str, **more: Any) -> dict[tuple[str, str], touched.Touched]:
    """What a dry run says, by the kind of each change and the name of its class or control."""
    run = touched.dry_run(schema, Caller(user), config=config, **more)
    return {(one.change.kind, one.change.label or one.change.control): one for one in run.changes}


def counts(one: touched.Touched) -> tuple[int, int]:
    return one.label_sets, one.objects


def test_classes_that_change_are_named_with_the_labels_that_name_them(
    project: Project, alice: User, schema: Schema, make_items: Callable[..., list[Item]]
) -> None:
    first, second, third, trashed = make_items(project, 4)
    revise(schema, Caller(alice), config=build(["RBC", "WBC", "Platelets", "old"], "boxes"))
    revise(schema, Caller(alice), config=build(["RBC", "WBC", "Platelets"], "boxes"))
    hold(schema, alice, first, box(1, 1), box(2, 1), box(3, 2))
    hold(schema, alice, second, box(1, 1), box(2, 3, attributes={"note": '"class_id":2,'}))
    hold(schema, alice, third)
    hold(schema, alice, trashed, box(1, 1), box(2, 2))
    Item.objects.filter(pk=trashed.pk).update(trashed_at=timezone.now())
    got = found(
        schema, alice, build(["erythrocyte", "Platelets", "old", "new"], "boxes"), renames={"RBC": "erythrocyte"}
    )
    assert set(got) == {
        ("class_renamed", "RBC"),
        ("class_retired", "WBC"),
        ("class_returned", "old"),
        ("class_new", "new"),
    }
    renamed = got["class_renamed", "RBC"]
    assert counts(renamed) == (2, 3) and renamed.change.to == "erythrocyte" and renamed.change.class_id == 1
    assert [item.pk for item in renamed.samples] == [first.pk, second.pk]
    assert counts(got["class_retired", "WBC"]) == (1, 1), "a text that looks like a class is not one"
    assert counts(got["class_returned", "old"]) == (0, 0) and got["class_new", "new"].change.class_id == 5
    assert latest(schema).number == 3, "nothing is written"


def test_controls_that_change_are_named_with_the_label_sets_that_answer_them(
    project: Project, alice: User, make_items: Callable[..., list[Item]]
) -> None:
    before = view(
        asked("RectangleLabels", "label", "a"),
        asked("Choices", "seen", "x", "y", part="Choice", more='choice="multiple"'),
        asked("TextArea", "remark"),
        asked("Choices", "clear", "yes", "no", part="Choice", more='perRegion="true"'),
        asked("Number", "count"),
    )
    schema = create_schema(project, Caller(alice), name="s", config=before)
    first, second, third = make_items(project, 3)
    choices = [Region(f"c{number}", "choice", number, control="seen") for number in (2, 3)]
    remark = Region("r", "text", 0, control="remark", value=["so"])
    hold(schema, alice, first, box(1, 1, attributes={"clear": ["yes"]}), box(2, 1), *choices, remark)
    hold(schema, alice, second, box(1, 1, attributes={"clear": ["no"]}), choices[0])
    hold(schema, alice, third)
    after = view(
        asked("RectangleLabels", "label", "a"),
        asked("Choices", "seen", "x", "y", part="Choice", more='required="true"'),
        asked("Number", "remark"),
        asked("Choices", "clear", "yes", "no", part="Choice", more='perRegion="true" required="true"'),
        asked("Rating", "stars", more='required="true"'),
    )
    got = found(schema, alice, after)
    assert {key: counts(one) for key, one in got.items()} == {
        ("control_single", "seen"): (1, 1),
        ("control_required", "seen"): (1, 1),
        ("control_retyped", "remark"): (1, 1),
        ("control_required", "clear"): (1, 1),
        ("control_removed", "count"): (0, 0),
        ("control_new", "stars"): (0, 0),
        ("control_required", "stars"): (3, 3),
    }
    renamed = found(schema, alice, before.replace('name="label"', 'name="boxes"'))
    assert {key: counts(one) for key, one in renamed.items()} == {("control_renamed", "label"): (2, 3)}


def test_answers_under_way_and_open_tasks_are_counted(
    api: Callable[..., Any],
    alice: User,
    bob: User,
    erin: User,
    schema: Schema,
    make_queue: Callable[..., Queue],
    box: Callable[..., dict[str, Any]],
    answer: Callable[..., Any],
) -> None:
    queue, program = make_queue(4, review=True), api(bob)

    def task() -> str:
        return str(program.post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"])

    for label in ("RBC", "WBC"):
        got = program.post(f"tasks/{task()}/submit", answer([box(label=label)]))
        assert got.status_code == 200, got.content
    assert program.put(f"tasks/{task()}/draft", {"result": [box(label="RBC")]}).status_code == 200
    config = build(["WBC", "Platelets"], "boxes")
    got = found(schema, alice, config)["class_retired", "RBC"]
    assert got.answers == {"submitted": 1, "draft": 1} and got.label_sets == 0
    said = api(erin).post(f"schemas/{schema.uuid}/dry-run", {"config": config}).json()
    [change] = said["changes"]
    assert change["answers"] == {"draft": 1, "submitted": 1, "rejected": 0}
    assert said["queues"] == [{"queue": str(queue.uuid), "name": queue.name, "revision": 1, "tasks": 2}]


def test_a_dry_run_takes_as_many_statements_whatever_there_is(
    project: Project, alice: User, make_items: Callable[..., list[Item]]
) -> None:
    labels = [f"label {number}" for number in range(12)]
    schema = create_schema(project, Caller(alice), name="s", config=build(labels, "boxes"))
    items = make_items(project, 13)

    def statements(config: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            found(schema, alice, config)
        return len(captured)

    hold(schema, alice, items[0], box(1, 1))
    few = statements(build(labels[1:], "boxes"))
    for number, item in enumerate(items[1:], start=1):
        hold(schema, alice, item, *(box(one, number) for one in range(20)))
        queue = create_queue(project, Caller(alice), name=f"q{number}", schema=schema)
        add_tasks(queue, Caller(alice), [TaskSpec(item=item)])
    assert statements(build(["another"], "boxes")) <= few <= 9


def test_a_dry_run_refuses_what_the_revision_would(
    api: Callable[..., Any], project: Project, alice: User, bob: User, charlie: User, schema: Schema
) -> None:
    config = build(["RBC", "WBC"], "boxes")
    with pytest.raises(BadInput, match="no label 'x' to rename"):
        touched.dry_run(schema, Caller(alice), config=config, renames={"x": "RBC"})
    with pytest.raises(BadInput):
        touched.dry_run(schema, Caller(alice), config="<View/>")
    with pytest.raises(Forbidden):
        touched.dry_run(schema, Caller(bob), config=config)
    address = f"schemas/{schema.uuid}/dry-run"
    assert api(charlie).post(address, {"config": config}).status_code == 404
    assert api(alice).post(address, {"config": config, "renames": {"a": 1}}).status_code == 400


def test_the_page_shows_the_changes_with_links_to_the_items(
    client_for: Callable[[User], Client],
    alice: User,
    project: Project,
    schema: Schema,
    make_items: Callable[..., list[Item]],
) -> None:
    items = make_items(project, 3)
    for item in items[:2]:
        hold(schema, alice, item, box(1, 1))
    client, address = client_for(alice), f"/p/{project.name}/schemas/cells/changes/"
    sent = {"config": build(["red", "WBC", "Platelets"], "boxes"), "rename:1": "red"}
    got = client.post(address, sent).content.decode()
    assert "RBC is renamed to red" in got and items[0].path in got and items[2].path not in got
    listed = client.get(f"/p/{project.name}/items/?class=cells%3A1").content.decode()
    assert "class=cells%3A1" in got and items[1].path in listed and items[2].path not in listed
    refused = client.post(address, {"config": "<View/>"})
    assert refused.status_code == 200 and "note-danger" in refused.content.decode()
    assert SchemaRevision.objects.filter(schema=schema).count() == 1


def test_items_are_filtered_by_a_required_question_that_they_do_not_answer(
    api: Callable[..., Any], project: Project, alice: User, make_items: Callable[..., list[Item]]
) -> None:
    boxes, choices = asked("RectangleLabels", "label", "a"), asked("Choices", "seen", "x", part="Choice")
    schema = create_schema(project, Caller(alice), name="s", config=view(boxes, choices))
    first, second, _unlabelled = make_items(project, 3)
    hold(schema, alice, first, box(1, 1), Region("c", "choice", 2, control="seen"))
    hold(schema, alice, second, box(1, 1))
    program = api(alice)
    address = f"projects/{project.name}/items?class=s:-seen"
    assert program.get(address).status_code == 400, "nobody has to answer it"
    revise(
        schema, Caller(alice), config=view(boxes, choices.replace('toName="image" ', 'toName="image" required="true"'))
    )
    assert [row["path"] for row in program.get(address).json()["results"]] == [second.path]


def test_classes_of_relations_are_counted_where_links_name_them_and_are_not_merged(
    project: Project, alice: User, make_items: Callable[..., list[Item]]
) -> None:
    links = "<Relations>{}</Relations>"
    boxes = asked("RectangleLabels", "label", "RBC")
    before = view(boxes, links.format('<Relation value="touches"/><Relation value="covers"/>'))
    schema = create_schema(project, Caller(alice), name="linked", config=before)
    number = next(row.class_id for row in schema.classes.all() if row.name == "touches")
    (item,) = make_items(project, 1)
    held = hold(schema, alice, item, box(1, 1), box(2, 1))
    held.relations = [Relation("r", "b1", "b2", number, control="relations").as_json()]
    held.save()
    after = view(boxes, links.format('<Relation value="covers"/>'))
    got = found(schema, alice, after)
    assert {key: counts(one) for key, one in got.items()} == {("class_retired", "touches"): (1, 1)}
    with pytest.raises(BadInput, match="a link is told by its class; retire it instead"):
        found(schema, alice, after, merges={"touches": "covers"})


def test_skeletons_of_other_points_are_not_merged(project: Project, alice: User) -> None:
    poses = '<VectorLabels name="pose" toName="image" skeleton="true">{}</VectorLabels>'
    face, head = (f'<Label value="{one}" points="nose,chin"/>' for one in ("face", "head"))
    hand = '<Label value="hand" points="thumb,palm"/>'
    schema = create_schema(project, Caller(alice), name="posed", config=view(poses.format(face + head + hand)))
    assert found(schema, alice, view(poses.format(face + hand)), merges={"head": "face"})
    with pytest.raises(BadInput, match="regions hold to what each is made of, and that differs"):
        found(schema, alice, view(poses.format(face + head)), merges={"hand": "face"})
