"""What of an answer from elsewhere can be held to be true of an item: all of it, or what is left once it is mended.

An annotation keeps its result as it was sent. A label set holds what is within the picture and what the schema asks
for; what has to be cut or left out is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lode_annotation.label_sets import regions_from, relations_from
from lode_annotation.plain_results import Plain
from lode_annotation.rules import Rules
from lode_annotation.validation import Problem, problems_of, size_said
from motherlode import relations
from motherlode.media import Image, Media
from motherlode.regions import Texts, texts_of
from motherlode.shapes import SHAPES, BadRegion, shape_in

SAME_RATIO = 0.01
"""By how much the ratio of a stated size may differ for the picture to be the same one, scaled."""


class Held(NamedTuple):
    """The canonical texts of a label set, None where nothing can be held, and what was ``cut`` or ``left_out``."""

    texts: Texts | None
    regions: int = 0
    cut: Sequence[str] = ()
    left_out: Sequence[str] = ()


def held(result: Sequence[Any], media: Media, plain: Plain) -> Held:
    """What a result says that can be true of an item of this medium. One that says something, none of which can be, is
    not held at all: a lost label never reads as "nothing is here"."""
    rows = plain.rows(result, media)
    if rows is None:
        return mended(result, media, plain.rules)
    return Held(Texts("[]", f"[{','.join(rows)}]"), len(rows))


def mended(result: Sequence[Any], media: Media, rules: Rules) -> Held:
    """As ``held``, entry by entry."""
    cut: list[str] = []
    left_out: list[str] = []
    kept = list(result)
    for _ in range(3):  # what is left out takes with it what spoke of it
        wrong = [one for one in problems_of(kept, media, rules) if one.rule != "required"]
        if not wrong:
            break
        kept = list(_mended(kept, wrong, media, rules, cut, left_out))
    else:
        return Held(None, left_out=[*left_out, "the rest of it cannot be read"])
    if result and not kept:
        return Held(None, left_out=left_out)
    try:
        said = regions_from(kept, media, rules, ())
        links = relations_from(kept, rules, (), said) if any(map(relations.is_relation, kept)) else []
    except BadRegion as error:
        return Held(None, left_out=[*left_out, str(error)])
    return Held(texts_of(said, links), len(said), cut, left_out)


def _mended(
    result: Sequence[Any], wrong: Sequence[Problem], media: Media, rules: Rules, cut: list[str], left_out: list[str]
) -> Iterator[Any]:
    """The entries without those that are wrong, and these where they can be mended."""
    problems: dict[str, Problem] = {}
    for one in wrong:
        problems.setdefault(one.region, one)
    told: set[str] = set()
    for number, entry in enumerate(result, start=1):
        name = entry.get("id") if isinstance(entry, dict) and not relations.is_relation(entry) else None
        named = name if isinstance(name, str) and name in problems else f"#{number}"
        problem = problems.get(named)
        if problem is None:
            yield entry
            continue
        better = _scaled(entry, media) if problem.rule == "image" else None
        if problem.rule == "outside":
            better = _cut(entry, media, rules)
        if better is not None and (problem.rule == "image" or named not in told):
            yield better
        if named not in told:
            told.add(named)
            of = f"Region {named}: {problem.error}"
            if better is None:
                left_out.append(of)
            elif problem.rule == "outside":
                cut.append(of)


def _scaled(entry: Mapping[str, Any], media: Media) -> dict[str, Any] | None:
    """An entry made on the same picture in another size: percents are of any size; a mask is of its own alone."""
    try:
        width, height = float(entry["original_width"]), float(entry["original_height"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not isinstance(media, Image) or not (width > 0 and height > 0) or "rle" in (entry.get("value") or {}):
        return None
    ratio = (width / height) / (media.width / media.height)
    return {**entry, **size_said(media)} if abs(ratio - 1) <= SAME_RATIO else None


def _cut(entry: Mapping[str, Any], media: Media, rules: Rules) -> dict[str, Any] | None:
    """An entry cut at the edge of its picture; None where nothing of it lies within."""
    control = rules.by_name[entry["from_name"]]
    value = entry["value"]
    asked = SHAPES[control.kind]
    if asked.whole:
        return None
    try:
        names = asked.names(value.get(asked.key))
        shape = shape_in(value, asked).under(control, names[0] if len(names) == 1 else "")
        geometry, _ = shape.clip(shape.from_result(value, media), media)
        return None if geometry is None else {**entry, "value": {**value, **shape.to_result(geometry, media)}}
    except (BadRegion, KeyError, TypeError, ValueError, OverflowError):
        return None
