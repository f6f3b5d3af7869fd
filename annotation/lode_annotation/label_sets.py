"""What the project holds to be true of an item: append-only label sets, of which one is current."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast, Concat

from lode_annotation.models import LabelSet, Schema
from lode_annotation.rules import Rules
from lode_annotation.statements import answers
from lode_platform.among import among
from motherlode.media import Media
from motherlode.regions import Region, as_result, asked_by, from_json, from_result, texts_of
from motherlode.shapes import SHAPES


def fields_of(said: Iterable[Region]) -> dict[str, Any]:
    """The fields of a label set that says this: ``answers``, ``regions``, ``relations`` and ``digest``."""
    rows = list(said)
    return {
        "answers": [one.as_json() for one in rows if one.whole],
        "regions": [one.as_json() for one in rows if not one.whole],
        "relations": [],
        "digest": texts_of(rows).digest,
    }


def current(schema: Schema, items: Iterable[int]) -> dict[int, LabelSet]:
    """The current label set of each of ``items`` (primary keys) that has one under ``schema``."""
    rows = LabelSet.objects.current().filter(among("item", items), schema=schema)
    return {row.item_id: row for row in rows}


def regions_held(item_id: int, schema_id: int) -> list[dict[str, Any]]:
    """The rows of the regions that an item has under a schema."""
    held = LabelSet.objects.current().filter(item=item_id, schema=schema_id).values_list("regions", flat=True).first()
    return held or []


def still_linked(relations: Iterable[Mapping[str, Any]], said: Iterable[Region]) -> list[Mapping[str, Any]]:
    """The relations of which both ends are said of the item."""
    ids = {one.id for one in said}
    return [one for one in relations if one["from"] in ids and one["to"] in ids]


_ID = re.compile(r'"id":"([^"]*)"')


def ids_used(items: Iterable[int]) -> dict[int, set[str]]:
    """Every id that a region or an answer of each of ``items`` (primary keys) has ever had, under whatever schema;
    items without any label set, the most of a first import, are left out. Read as text: a history is not parsed for
    it."""
    found: dict[int, set[str]] = {}
    visible = LabelSet.objects.filter(among("item", items), staged_by=None).order_by()
    said = Concat(Cast("regions", TextField()), Cast("answers", TextField()))
    for item, text in visible.values_list("item_id", said):
        found.setdefault(item, set()).update(_ID.findall(text))
    return found


def shown(said: Sequence[Mapping[str, Any]], media: Media, rules: Rules) -> list[dict[str, Any]]:
    """All that a label set says as a Label Studio result under ``rules``, ids kept; classes those do not show are left
    out (``regions_from`` carries them over)."""
    known = [from_json(row, rules.names) for row in said]
    return as_result([one for one in known if _asked(one, rules)], media, rules.asked)


def regions_from(
    result: Sequence[dict[str, Any]], media: Media, rules: Rules, before: Sequence[Mapping[str, Any]]
) -> list[Region]:
    """The regions and answers that an accepted ``result`` makes true, in float64 pixels of the upright image.

    ``before`` is all that the label set it replaces says: a region that keeps its id keeps what the editor does not
    show, and regions whose class the editor could not show stay as they were.
    """
    old = {row["id"]: from_json(row, rules.names) for row in before}
    regions = [_within(region, media) for region in from_result(result, media, rules.asked, old)]
    taken = {region.id for region in regions}
    unseen = [region for region in old.values() if not _asked(region, rules) and region.id not in taken]
    return regions + unseen


def _asked(region: Region, rules: Rules) -> bool:
    """Whether a control of the schema has the region's class, or asks for an answer without one."""
    control = asked_by(rules.asked, region)
    return control is not None and (region.label in control.class_ids or not SHAPES[control.kind].labelled)


def named_elsewhere(label_set: LabelSet) -> bool:
    """Whether a row of any room stands on this label set, as a version that holds it does."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: label_set}).exists()
        for relation in LabelSet._meta.related_objects
    )


def _within(region: Region, media: Media) -> Region:
    """Cuts off what validation let stick out by a float's last digits."""
    cut, _ = SHAPES[region.kind].clip(region.geometry, media)
    return region if cut is None or cut == region.geometry else replace(region, geometry=cut)


def accept(
    *,
    item_id: int,
    schema_id: int,
    schema_revision_id: int,
    annotation_revision_id: int,
    user_id: int,
    result: Sequence[dict[str, Any]],
    media: Media,
    rules: Rules,
    source: str = LabelSet.Source.ANNOTATION.value,
    votes: Mapping[str, Any] | None = None,
) -> None:
    """Writes the label set that an accepted ``result`` makes, and makes it the current one: two statements. One that
    several answers came to has the ``source`` "consensus" and their ``votes``.

    In the caller's transaction, which holds the item (``answers.finish_task``): answers to one item come one after
    the other, whatever queues they come from, and each carries over what the last one held.
    """
    before = answers.retire_label_set(item_id, schema_id)
    said = regions_from(result, media, rules, [*before.regions, *before.answers])
    texts = texts_of(said, still_linked(before.relations, said))
    answers.insert_label_set(
        item_id=item_id,
        schema_id=schema_id,
        schema_revision_id=schema_revision_id,
        annotation_revision_id=annotation_revision_id,
        user_id=user_id,
        source=source,
        votes=votes,
        texts=texts,
    )
