"""Example images of classes: what counts and what does not, beside the guideline of a label.

An example belongs to the permanent id of a class, so that it stays through every revision and every rename, and
annotators see it at once, whichever revision their queue asks under. Of a class that is merged into another one the
good examples are shown with that one; the bad ones, which said what it was not, are not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from lode_annotation.merging import by_id
from lode_annotation.models import ClassExample, Schema, SchemaRevision
from lode_annotation.schemas import refuse_other_media
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn, drawn
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Item
from motherlode.frames import pages_of
from motherlode.media import Image
from motherlode.numbers import is_number

MOST = 12
"""Examples of one class."""
CAPTION = 200
AROUND = 0.25
"""Of the larger side of a box: so much of the picture is shown around it."""
LEAST_AROUND = 8


def add(
    schema: Schema,
    caller: Caller,
    *,
    class_id: int,
    item: UUID,
    box: Sequence[float] | None = None,
    span: Sequence[int] | None = None,
    frame: int = 0,
    good: bool = True,
    caption: str = "",
) -> ClassExample:
    """Makes an item of the project, or a part of it, the last example of a class.

    ``box`` is x1, y1, x2, y2 in pixels of the upright image and is cut to it, ``span`` start and end in code points of
    a text. Raises ``BadInput`` for an item that the project or a class that the schema does not have, and for a part
    that does not fit the item, ``Conflict`` (``too_many_examples``) at ``MOST``.
    """
    access.require(caller, schema.project, "schema.edit")
    found = schema.project.items.live().filter(uuid=item).first()
    if found is None:
        raise BadInput(f"There is no item {item} in the project, or it is in the trash.", field="item")
    refuse_other_media(schema, [found])
    part = _part(found, box, span, frame)
    with transaction.atomic():
        Schema.objects.select_for_update().get(pk=schema.pk)
        if not schema.classes.filter(class_id=class_id, retired_at=None).exists():
            raise BadInput(f"The schema {schema.name!r} has no class {class_id}.", field="class_id")
        rows = schema.examples.filter(class_id=class_id)
        if rows.count() >= MOST:
            said = f"A class has at most {MOST} examples; remove one first."
            raise Conflict(said, code="too_many_examples", field="class_id")
        last = rows.aggregate(last=Max("position"))["last"]
        made = ClassExample.objects.create(
            schema=schema,
            class_id=class_id,
            item=found,
            path=found.path,
            good=good,
            caption=_caption(caption),
            position=0 if last is None else last + 1,
            created_by=caller.user,
            **part,
        )
        facts = {"class_id": class_id, "example": str(made.uuid)}
        events.record(schema.project, caller.user, "schema.example.add", schema, **facts)
    return made


def change(
    example: ClassExample,
    caller: Caller,
    *,
    good: bool | None = None,
    caption: str | None = None,
    position: int | None = None,
) -> ClassExample:
    """Says something else of an example, or gives it another ``position`` among those of its class, from 0 on; one
    beyond the last is the last."""
    schema = example.schema
    access.require(caller, schema.project, "schema.edit")
    with transaction.atomic():
        Schema.objects.select_for_update().get(pk=schema.pk)
        if good is not None:
            example.good = good
        if caption is not None:
            example.caption = _caption(caption)
        example.save(update_fields=["good", "caption"])
        if position is not None:
            rows = [row for row in schema.examples.filter(class_id=example.class_id) if row.pk != example.pk]
            rows.insert(position, example)
            for place, row in enumerate(rows):
                row.position = place
            ClassExample.objects.bulk_update(rows, ["position"])
        facts = {"class_id": example.class_id, "example": str(example.uuid)}
        events.record(schema.project, caller.user, "schema.example.change", schema, **facts)
    return example


def remove(example: ClassExample, caller: Caller) -> None:
    """Removes an example; its item stays."""
    schema = example.schema
    access.require(caller, schema.project, "schema.edit")
    with transaction.atomic():
        facts = {"class_id": example.class_id, "example": str(example.uuid), "path": example.path}
        example.delete()
        events.record(schema.project, caller.user, "schema.example.remove", schema, **facts)


def _caption(said: str) -> str:
    caption = " ".join(said.split())
    if len(caption) > CAPTION:
        raise BadInput(f"A caption has at most {CAPTION} characters; this one has {len(caption)}.", field="caption")
    return caption


def _part(item: Item, box: Sequence[float] | None, span: Sequence[int] | None, frame: int) -> dict[str, Any]:
    """The columns that say which part of the item is meant. Raises ``BadInput``."""
    media = item.media
    if not 0 <= frame < pages_of(media):
        raise BadInput(f"{item.path} has {pages_of(media)} pages; the first is 0.", field="frame")
    if span is not None:
        if isinstance(media, Image):
            raise BadInput(f"{item.path} is an image: a part of it is a box, not a span.", field="span")
        whole = len(span) == 2 and all(type(edge) is int for edge in span)
        if not whole or not 0 <= span[0] < span[1] <= item.length:
            raise BadInput(
                f"A span is its start and end in code points of {item.path}, 0 to {item.length}.", field="span"
            )
    if box is None:
        return {"span": None if span is None else list(span), "frame": frame}
    if not isinstance(media, Image):
        raise BadInput(f"{item.path} is a text: a part of it is a span, not a box.", field="box")
    if len(box) != 4 or not all(map(is_number, box)):
        raise BadInput("A box is four numbers of pixels: x1, y1, x2, y2.", field="box")
    x1, y1, x2, y2 = (float(edge) for edge in box)
    cut = [max(0.0, x1), max(0.0, y1), min(float(media.width), x2), min(float(media.height), y2)]
    if cut[2] - cut[0] < 1 or cut[3] - cut[1] < 1:
        raise BadInput("Less than a pixel of the image lies within the box.", field="box")
    return {"box": cut, "frame": frame}


# -- reading them ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """An example as pages show it: ``item`` is None where it is not to be seen, and ``gone`` says why not."""

    row: ClassExample
    item: Item | None
    gone: str
    crop: tuple[int, int, int, int] | None
    regions: Sequence[Drawn]
    span: Sequence[int]


def shown(row: ClassExample) -> Shown:
    """An example as pages show it; ``row.item`` and its blob are fetched with it."""
    item = row.item
    if item is None:
        return Shown(row, None, "removed", None, (), ())
    if item.trashed_at is not None or item.staged_by_id is not None:
        return Shown(row, None, "trashed", None, (), ())
    if row.box is None or not isinstance(item.media, Image):
        return Shown(row, item, "", None, (), row.span or ())
    crop = around(row.box, item.width, item.height)
    if crop is None:  # the picture was replaced by a smaller one
        return Shown(row, item, "", None, (), ())
    region = {"kind": "box", "geometry": row.box, **({"frame": row.frame} if row.frame else {})}
    return Shown(row, item, "", crop, drawn(region), ())


def around(box: Sequence[float], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The part of the picture that shows a box with some of what is around it; None where nothing of it is there."""
    x1, y1, x2, y2 = box
    more = max(LEAST_AROUND, AROUND * max(x2 - x1, y2 - y1))
    left, top = max(0, int(x1 - more)), max(0, int(y1 - more))
    right, bottom = min(width, int(x2 + more) + 1), min(height, int(y2 + more) + 1)
    return (left, top, right, bottom) if x1 < width and y1 < height and left < right and top < bottom else None


def by_class(revision: SchemaRevision) -> Mapping[int, list[ClassExample]]:
    """The examples of each class of a revision, by its id and in their order: one statement. Those of classes that
    the revision merged into another one are with that one, behind its own, the good ones alone."""
    merged, there = by_id(revision.merged), {row["id"] for row in revision.classes}
    found: dict[int, list[ClassExample]] = {}
    taken: dict[int, list[ClassExample]] = {}
    for row in _rows(ClassExample.objects.filter(schema=revision.schema_id)):
        if row.class_id in there:
            found.setdefault(row.class_id, []).append(row)
        elif row.class_id in merged and row.good:
            taken.setdefault(merged[row.class_id], []).append(row)
    return {number: [*found.get(number, []), *taken.get(number, [])] for number in found.keys() | taken.keys()}


def _rows(rows: Any) -> Iterable[ClassExample]:
    return rows.select_related("item__blob").order_by("class_id", "position", "pk")  # type: ignore[no-any-return]


def of_schema(schema: Schema, class_id: int | None = None) -> list[ClassExample]:
    """The examples that a schema has, or those of one of its classes, in their order, of retired classes too."""
    rows = ClassExample.objects.filter(schema=schema, **({} if class_id is None else {"class_id": class_id}))
    return list(_rows(rows))


def visible(caller: Caller, uuid: UUID) -> ClassExample:
    """An example of a schema that the caller may see. Raises ``NotFound``."""
    rows = ClassExample.objects.filter(schema__in=Schema.objects.visible_to(caller), uuid=uuid)
    found = rows.select_related("schema__project", "item__blob").first()
    if found is None:
        raise NotFound("There is no such example.")
    return found


def moving(schema: Schema, class_id: int) -> tuple[int, int]:
    """How many examples of a class go with it when it is merged, and how many stay behind."""
    good = list(schema.examples.filter(class_id=class_id).values_list("good", flat=True))
    return sum(good), len(good) - sum(good)


def sections(
    controls: Iterable[Mapping[str, Any]], examples: Mapping[int, Sequence[ClassExample]]
) -> list[dict[str, Any]]:
    """What annotators can read of each label, in the order of the controls of a revision: its guideline and its
    ``examples``, by class id. Labels with neither are left out."""
    return [
        {"control": control["name"], "label": label, "examples": [shown(row) for row in found]}
        for control in controls
        for label in control["labels"]
        if (found := examples.get(label["class_id"], [])) or label["guideline"]
    ]
