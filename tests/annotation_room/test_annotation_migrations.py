"""Rows that an earlier Motherlode wrote, converted by the migrations, on either database."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.stepwise import newest, step_to

from lode_annotation.models import LabelSet, Schema
from lode_platform.models import Project
from motherlode.manifest import canonical
from motherlode.regions import Region, from_json, texts_of

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = ("annotation", "0004_queue_filling")
MANY = 4_001  # two batches and one row
OUTLINE = [[[[2.0, 2.0], [8.0, 2.0], [2.0, 8.5]]]]


@pytest.fixture
def before() -> Iterator[Any]:
    """The models as they were when label sets had one list; all migrations are applied again afterwards."""
    try:
        yield step_to(TEXTS)
    finally:
        step_to(*newest())


def control(name: str, tag: str, **labels: int) -> dict[str, Any]:
    rows = [{"value": value, "class_id": number} for value, number in labels.items()]
    return {"name": name, "type": tag, "to_name": "image", "choice": "single", "required": False, "labels": rows}


def placed(control: str, kind: str, geometry: Any, own: str) -> dict[str, Any]:
    return {"class_id": 1, "control": control, "geometry": geometry, "id": own, "kind": kind}


class Earlier:
    """Makes rows by the models as they were; items, people and projects are as they still are."""

    def __init__(self, apps: Any, project: Project, items: list[Any]) -> None:
        self.apps, self.project, self.items = apps, project, items
        schema = apps.get_model("annotation", "Schema").objects.create(
            project_id=project.pk, name="cells", created_by_id=project.created_by_id
        )
        self.schema = schema
        revisions = apps.get_model("annotation", "SchemaRevision").objects
        boxes, outlines = control("where", "RectangleLabels", cell=1), control("outline", "PolygonLabels", cell=1)
        first = [boxes, outlines, control("kind", "Choices", cell=1, dust=2), control("night", "Choices", old=3)]
        second = [boxes, outlines, control("sort", "Choices", cell=1, dust=2)]
        self.first, self.second = (
            revisions.create(
                schema=schema, number=number, config="<View/>", controls=controls, classes=[],
                created_by_id=project.created_by_id,
            )
            for number, controls in ((1, first), (2, second))
        )  # fmt: skip

    def label(self, item: int, revision: Any, rows: list[dict[str, Any]]) -> int:
        made = self.apps.get_model("annotation", "LabelSet").objects.create(
            item_id=self.items[item].pk, schema=self.schema, schema_revision=revision, source="import",
            regions=canonical(rows), digest="0" * 64, created_by_id=self.project.created_by_id,
        )  # fmt: skip
        return int(made.pk)


PLACE = [0.1, 2.0, 30.5, 40.25]
BOX: dict[str, Any] = {"box": PLACE, "class_id": 1, "id": "a", "type": "box", "iscrowd": True, "area": 7.5}
POLYGON = {"box": [2.0, 2.0, 8.0, 8.5], "class_id": 1, "id": "b", "polygon": OUTLINE, "type": "polygon"}
MORE: dict[str, Any] = {**BOX, "id": "e", "attributes": {"box": "x", "note": "é"}, "difficult": True}


def test_label_sets_of_one_list_become_answers_and_regions_with_their_controls(
    before: Any, project: Project, make_items: Any
) -> None:
    earlier = Earlier(before, project, make_items(project, 4))
    chosen = [{"class_id": number, "id": own, "type": "choice"} for own, number in (("c", 2), ("d", 3))]
    first = earlier.label(0, earlier.first, [BOX, chosen[0], POLYGON, chosen[1]])
    second = earlier.label(1, earlier.second, [*chosen, MORE])
    nothing = earlier.label(2, earlier.second, [])
    step_to(*newest())

    held = LabelSet.objects.get(pk=first)
    assert held.regions == [
        {
            "class_id": 1,
            "control": "where",
            "geometry": BOX["box"],
            "id": "a",
            "kind": "box",
            "iscrowd": True,
            "area": 7.5,
        },
        placed("outline", "polygon", OUTLINE, "b"),
    ]
    assert [(row["id"], row["control"]) for row in held.answers] == [("c", "kind"), ("d", "night")]
    held = LabelSet.objects.get(pk=second)
    # a class that its own revision lacks is that of the control which had it
    assert [(row["id"], row["control"]) for row in held.answers] == [("c", "sort"), ("d", "night")]
    assert from_json(held.regions[0]) == Region(
        "e", "box", 1, "", (0.1, 2.0, 30.5, 40.25), 7.5, True, True, None, MORE["attributes"], "where"
    )
    for row in LabelSet.objects.all():
        assert row.digest == texts_of(map(from_json, row.said)).digest
    assert LabelSet.objects.get(pk=nothing).said == []

    back = step_to(TEXTS).get_model("annotation", "LabelSet").objects
    assert json.loads(back.get(pk=first).regions) == [BOX, POLYGON, *chosen]
    assert json.loads(back.get(pk=second).regions) == [MORE, *chosen]


def test_every_one_of_many_label_sets_is_converted(before: Any, project: Project, make_items: Any) -> None:
    earlier = Earlier(before, project, make_items(project, 1))
    rows = before.get_model("annotation", "LabelSet")
    rows.objects.bulk_create(
        rows(
            item_id=earlier.items[0].pk, schema=earlier.schema, schema_revision=earlier.first, source="import",
            regions=canonical([{**BOX, "id": str(number)}]), digest="", current=False,
            created_by_id=project.created_by_id,
        )
        for number in range(MANY)
    )  # fmt: skip
    step_to(*newest())
    said = [row.regions[0] for row in LabelSet.objects.order_by("pk")]
    assert [(row["id"], row["control"]) for row in said] == [(str(number), "where") for number in range(MANY)]


def test_each_class_goes_to_the_first_control_that_has_it(before: Any, project: Project, make_items: Any) -> None:
    earlier = Earlier(before, project, make_items(project, 1))
    classes = before.get_model("annotation", "LabelClass").objects
    for number, name in ((1, "cell"), (2, "dust"), (3, "old")):
        classes.create(schema=earlier.schema, class_id=number, name=name)
    for revision, ids in ((earlier.first, (1, 2, 3)), (earlier.second, (1, 2))):
        revision.classes = [{"id": number, "name": f"c{number}"} for number in ids]
        revision.save()
    step_to(*newest())
    schema = Schema.objects.get(name="cells")
    owners = [(row.class_id, row.control) for row in schema.classes.all()]
    assert owners == [(1, "where"), (2, "sort"), (3, "night")]
    first, second = schema.revisions.all()
    assert [row["control"] for row in first.classes] == ["where", "kind", "night"]
    assert second.classes[1] == {"id": 2, "name": "c2", "control": "sort"}


def test_a_labels_guideline_goes_to_each_control_that_has_it(before: Any, project: Project, make_items: Any) -> None:
    earlier = Earlier(before, project, make_items(project, 1))
    earlier.first.guidelines = {"cell": "All of them.", "gone": "None."}
    earlier.first.save()
    step_to(*newest())
    first, second = Schema.objects.get(name="cells").revisions.all()
    assert first.guidelines == {control: {"cell": "All of them."} for control in ("where", "outline", "kind")}
    assert second.guidelines == {}
