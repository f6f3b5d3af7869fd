"""What the project holds to be true of an item: append-only label sets, of which one is current."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast, Concat

from lode_annotation.merging import in_successors
from lode_annotation.models import LabelSet, Schema
from lode_annotation.rules import Rules
from lode_annotation.statements import answers
from lode_platform.among import among
from motherlode import relations
from motherlode.media import Media
from motherlode.regions import Region, as_result, asked_by, from_json, from_result, texts_of
from motherlode.relations import Relation
from motherlode.shapes import SHAPES


def fields_of(said: Iterable[Region], linked: Iterable[Relation] = ()) -> dict[str, Any]:
    """The fields of a label set that says this: ``answers``, ``regions``, ``relations`` and ``digest``."""
    rows, links = list(said), list(linked)
    return {
        "answers": [one.as_json() for one in rows if one.whole],
        "regions": [one.as_json() for one in rows if not one.whole],
        "relations": [one.as_json() for one in links],
        "digest": texts_of(rows, links).digest,
    }


def current(schema: Schema, items: Iterable[int]) -> dict[int, LabelSet]:
    """The current label set of each of ``items`` (primary keys) that has one under ``schema``."""
    rows = LabelSet.objects.current().filter(among("item", items), schema=schema)
    return {row.item_id: row for row in rows}


def regions_held(item_id: int, schema_id: int) -> list[dict[str, Any]]:
    """The rows of the regions that an item has under a schema."""
    held = LabelSet.objects.current().filter(item=item_id, schema=schema_id).values_list("regions", flat=True).first()
    return held or []


def still_linked(rows: Iterable[Mapping[str, Any]], said: Iterable[Region]) -> list[Relation]:
    """The relations in these ``rows`` of which both ends are among the regions said of the item, in their order."""
    return relations.in_order(map(Relation.from_json, rows), (one.id for one in said if not one.whole))


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


def shown(
    said: Sequence[Mapping[str, Any]], media: Media, rules: Rules, links: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """All that a label set says, with its relations (``links``), as a Label Studio result under ``rules``, ids kept;
    classes those do not show are left out (``accept`` carries them over)."""
    known = [one for one in (from_json(row, rules.names) for row in said) if _asked(one, rules)]
    ends = {one.id for one in known if not one.whole}
    entries = relations.as_entries([*map(Relation.from_json, links)], rules.links, ends)
    return as_result(known, media, rules.asked) + entries


def regions_from(
    result: Sequence[dict[str, Any]], media: Media, rules: Rules, before: Sequence[Mapping[str, Any]]
) -> list[Region]:
    """The regions and answers that an accepted ``result`` makes true, in float64 pixels of the upright image.

    ``before`` is all that the label set it replaces says: a region that keeps its id keeps what the editor does not
    show, and regions whose class the editor could not show stay as they were.
    """
    old = {row["id"]: from_json(row, rules.names) for row in before}
    entries = [entry for entry in result if not relations.is_relation(entry)]
    regions = [_within(region, media) for region in from_result(entries, media, rules.asked, old)]
    taken = {region.id for region in regions}
    unseen = [region for region in old.values() if not _asked(region, rules) and region.id not in taken]
    return regions + unseen


def relations_from(
    result: Sequence[dict[str, Any]], rules: Rules, before: Iterable[Mapping[str, Any]], said: Sequence[Region]
) -> list[Relation]:
    """The relations that an accepted ``result`` makes true between the regions of what is ``said``, in their order.

    Of those ``before``, one that the editor could not show stays where its ends do: it has another class than
    ``rules`` know, or an end that has.
    """
    old = [Relation.from_json(row, rules.names) for row in before]
    made = relations.from_entries(filter(relations.is_relation, result), rules.links, old)
    drawn = [one for one in said if not one.whole]
    ends = {one.id for one in drawn if _asked(one, rules)}
    classes = {0, *(rules.links.class_ids.values() if rules.links else ())}
    unseen = [one for one in old if one.class_id not in classes or not ends.issuperset((one.from_id, one.to_id))]
    return relations.in_order([*made, *unseen], (one.id for one in drawn))


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
    merged: Mapping[int, int],
    source: str = LabelSet.Source.ANNOTATION.value,
    votes: Mapping[str, Any] | None = None,
) -> None:
    """Writes the label set that an accepted ``result`` makes, and makes it the current one: two statements. What it
    says of ``merged`` classes, as a queue under an earlier revision still asks, is said of those that took them in. One
    that several answers came to has the ``source`` "consensus" and their ``votes``.

    In the caller's transaction, which holds the item (``answers.finish_task``): answers to one item come one after
    the other, whatever queues they come from, and each carries over what the last one held.
    """
    before = answers.retire_label_set(item_id, schema_id)
    said = regions_from(result, media, rules, [*before.regions, *before.answers])
    texts = in_successors(texts_of(said, relations_from(result, rules, before.relations, said)), merged)
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
