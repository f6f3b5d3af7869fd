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


def control(name: str, tag: str, **labels: int) -> dict[str, Any]:
    rows = [{"value": value, "class_id": number} for value, number in labels.items()]
    return {"name": name, "type": tag, "to_name": "image", "choice": "single", "required": False, "labels": rows}


def placed(control: str, kind: str, geometry: Any, own: str) -> dict[str, Any]:
    return {"class_id": 1, "control": control, "geometry": geometry, "id": own, "kind": kind}


class Earlier:
    """A database as it was when label sets had one list, and rows made by the models of then.

    Items, people and projects are as they still are. Whatever it begins with is brought back to that time.
    """

    def __init__(self, project: Project, items: list[Any]) -> None:
        self.apps, self.project, self.items = step_to(TEXTS), project, items
        self.schema = self.apps.get_model("annotation", "Schema").objects.create(
            project_id=project.pk, name="cells", created_by_id=project.created_by_id
        )
        self.first, self.second = (
            self.apps.get_model("annotation", "SchemaRevision").objects.create(
                schema=self.schema, number=number, config="<View/>", controls=controls, classes=[],
                created_by_id=project.created_by_id,
            )
            for number, controls in ((1, FIRST), (2, SECOND))
        )  # fmt: skip

    def lists(self, key: int) -> Any:
        return json.loads(self.apps.get_model("annotation", "LabelSet").objects.get(pk=key).regions)

    def row(self, item: int, revision: Any, rows: list[dict[str, Any]], **facts: Any) -> Any:
        return self.apps.get_model("annotation", "LabelSet")(
            item_id=self.items[item].pk, schema=self.schema, schema_revision=revision, source="import",
            regions=canonical(rows), digest="0" * 64, created_by_id=self.project.created_by_id, **facts,
        )  # fmt: skip

    def label(self, item: int, revision: Any, rows: list[dict[str, Any]]) -> int:
        made = self.row(item, revision, rows)
        made.save()
        return int(made.pk)


@pytest.fixture
def up_to_date() -> Iterator[None]:
    """All migrations are applied when the test is over."""
    yield
    step_to(*newest())


def todays(project: Project, item: Any, *, answers: list[Any], regions: list[Any]) -> LabelSet:
    """A label set of a schema of its own, by the models of today."""
    facts = {"created_by": project.created_by}
    schema = Schema.objects.create(project=project, name="today", **facts)
    revision = schema.revisions.create(number=1, config="<View/>", controls=FIRST, classes=[], **facts)
    said = {"answers": answers, "regions": regions, "digest": texts_of(map(from_json, [*answers, *regions])).digest}
    return LabelSet.objects.create(item=item, schema=schema, schema_revision=revision, source="import", **facts, **said)


BOXES, OUTLINES = control("where", "RectangleLabels", cell=1), control("outline", "PolygonLabels", cell=1)
FIRST = [BOXES, OUTLINES, control("kind", "Choices", cell=1, dust=2), control("night", "Choices", old=3)]
SECOND = [BOXES, OUTLINES, control("sort", "Choices", cell=1, dust=2)]
PLACE = [0.1, 2.0, 30.5, 40.25]
BOX: dict[str, Any] = {"box": PLACE, "class_id": 1, "id": "a", "type": "box", "iscrowd": True, "area": 7.5}
POLYGON = {"box": [2.0, 2.0, 8.0, 8.5], "class_id": 1, "id": "b", "polygon": OUTLINE, "type": "polygon"}
CHOSEN = [{"class_id": number, "id": own, "type": "choice"} for own, number in (("c", 2), ("d", 3))]
MORE: dict[str, Any] = {**BOX, "id": "e", "attributes": {"box": "x", "note": "é"}, "difficult": True}
REGIONS = [
    {**placed("where", "box", PLACE, "a"), "iscrowd": True, "area": 7.5},
    placed("outline", "polygon", OUTLINE, "b"),
]
MORE_NOW = {**REGIONS[0], "id": "e", "attributes": MORE["attributes"], "difficult": True}
ANSWERS = [
    {"class_id": number, "control": control, "id": own, "kind": "choice"}
    for own, number, control in (("c", 2, "kind"), ("d", 3, "night"))
]


def test_rows_of_an_earlier_version_are_converted_and_todays_go_back_and_come_again(
    up_to_date: None, project: Project, make_items: Any
) -> None:
    items = make_items(project, 5)
    today = todays(project, items[4], answers=ANSWERS, regions=[*REGIONS, MORE_NOW])
    earlier = Earlier(project, items)
    assert earlier.lists(today.pk) == [BOX, POLYGON, MORE, *CHOSEN]

    first = earlier.label(0, earlier.first, [BOX, CHOSEN[0], POLYGON, CHOSEN[1]])
    second = earlier.label(1, earlier.second, [*CHOSEN, MORE])
    nothing = earlier.label(2, earlier.second, [])
    many = [earlier.row(3, earlier.first, [{**BOX, "id": str(n)}], current=False) for n in range(MANY)]
    earlier.apps.get_model("annotation", "LabelSet").objects.bulk_create(many)
    for number, name in ((1, "cell"), (2, "dust"), (3, "old")):
        classes = earlier.apps.get_model("annotation", "LabelClass").objects
        classes.create(schema=earlier.schema, class_id=number, name=name)
    earlier.first.guidelines = {"cell": "All of them.", "gone": "None."}
    for revision, ids in ((earlier.first, (1, 2, 3)), (earlier.second, (1, 2))):
        revision.classes = [{"id": number, "name": f"c{number}"} for number in ids]
        revision.save()
    step_to(*newest())

    for key, regions in ((first, REGIONS), (today.pk, [*REGIONS, MORE_NOW])):
        held = LabelSet.objects.get(pk=key)
        assert (held.answers, held.regions) == (ANSWERS, regions)
    held = LabelSet.objects.get(pk=second)
    # a class that its own revision lacks is that of the control which had it
    assert [(row["id"], row["control"]) for row in held.answers] == [("c", "sort"), ("d", "night")]
    assert from_json(held.regions[0]) == Region(
        "e", "box", 1, "", (0.1, 2.0, 30.5, 40.25), 7.5, True, True, None, MORE["attributes"], "where"
    )
    assert LabelSet.objects.get(pk=nothing).said == []
    said = [row.regions[0] for row in LabelSet.objects.filter(current=False).order_by("pk")]
    assert [(row["id"], row["control"]) for row in said] == [(str(number), "where") for number in range(MANY)]
    for row in LabelSet.objects.all():
        assert row.digest == texts_of(map(from_json, row.said)).digest
    check_schema(Schema.objects.get(name="cells"))


def check_schema(schema: Schema) -> None:
    """Each class goes to the first control that has it, a label's guideline to each."""
    owners = [(row.class_id, row.control) for row in schema.classes.all()]
    assert owners == [(1, "where"), (2, "sort"), (3, "night")]
    first, second = schema.revisions.all()
    assert [row["control"] for row in first.classes] == ["where", "kind", "night"]
    assert second.classes[1] == {"id": 2, "name": "c2", "control": "sort"}
    assert first.guidelines == {control: {"cell": "All of them."} for control in ("where", "outline", "kind")}
    assert second.guidelines == {}
