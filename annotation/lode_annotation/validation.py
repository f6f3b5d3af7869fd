"""Validates every answer: what Label Studio's own validator lets through is refused here, by region and rule."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from lode_annotation.rules import Rules
from lode_platform import sql
from lode_platform.errors import BadInput
from motherlode import relations
from motherlode.frames import ITEM_INDEX, frame_of
from motherlode.media import MEDIA, Media
from motherlode.regions import Control, from_json
from motherlode.shapes import SHAPES, BadRegion, Broken, Shape, shape_in

MAX_REGIONS = 50_000

Said: TypeAlias = Callable[[], Iterable[Mapping[str, Any]]]
"""Reads the rows of the regions that are held to be true of an item; asked for where a place breaks a rule."""

Document: TypeAlias = Callable[[], str]
"""Reads the text that an item is; asked for where a region quotes it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that an answer breaks; ``region`` is "" where it is the answer as a whole."""

    region: str
    rule: str
    error: str

    def as_json(self) -> dict[str, str]:
        return {"region": self.region, "rule": self.rule, "error": self.error}


def validate(
    result: Any, media: Media, rules: Rules, said: Said = tuple, document: Document | None = None
) -> list[dict[str, Any]]:
    """The result as it is kept: as sent, with an upright image's size added where it was left out.

    A region of ``said`` that has not moved may stay, whatever rule its place breaks: it came in by another door. What
    a region quotes is compared with the ``document``. Raises ``BadInput`` (code ``bad_result``) naming every region
    and rule.
    """
    problems = list(problems_of(result, media, rules, said, document))
    if problems:
        first = problems[0]
        where = f"Region {first.region}: " if first.region else ""
        raise BadInput(
            f"{where}{first.error}",
            code="bad_result",
            problems=[problem.as_json() for problem in problems[:100]],
            count=len(problems),
        )
    size = size_said(media)
    return [
        entry if size.keys() <= entry.keys() or relations.is_relation(entry) else {**entry, **size} for entry in result
    ]


def size_said(media: Media) -> dict[str, int]:
    """What a result says of the size of the image that it was made on; nothing, of another medium."""
    return {key: value for key, value in media.stamp().items() if key.startswith("original_")}


def to_stored_text(result: Sequence[Any]) -> str:
    """The result as JSON text for the database; ``BadInput`` (code ``bad_result``) names the region that cannot be."""
    try:
        return sql.dumps(result)
    except ValueError:
        region = next((_name(entry, number) for number, entry in enumerate(result, 1) if not _storable(entry)), "")
    error = "It contains an infinite number, a NUL character or half a character, which cannot be stored; remove it."
    problem = Problem(region, "kept", error)
    raise BadInput(f"Region {region}: {error}", code="bad_result", problems=[problem.as_json()], count=1)


def _storable(entry: Any) -> bool:
    try:
        sql.dumps(entry)
    except ValueError:
        return False
    return True


def _name(entry: Any, number: int) -> str:
    """The entry's id, or its place where that is none that can be shown."""
    name = entry.get("id") if isinstance(entry, dict) else None
    return name if isinstance(name, str) and _storable(name) else f"#{number}"


class _Held:
    """The regions that an item has already, and the text that it is, each read when it is first asked for."""

    def __init__(self, media: Media, said: Said, document: Document | None) -> None:
        self.media = media
        self.size = size_said(media)
        self._said = said
        self._document = document

    @cached_property
    def _text(self) -> str | None:
        return None if self._document is None else self._document()

    def misquoted(self, shape: Shape, value: Mapping[str, Any]) -> Broken | None:
        """The rule that a value breaks which quotes what the item's text does not say there."""
        if not shape.quotes or self._text is None:
            return None
        why = shape.unlike(value, self.media, self._text)
        return Broken("text", f"{why[0].upper()}{why[1:]}.") if why else None

    @cached_property
    def _rows(self) -> dict[str, Mapping[str, Any]]:
        return {row["id"]: row for row in self._said()}

    def has(self, region: str, shape: Shape, value: Mapping[str, Any]) -> bool:
        """Whether a region of that id is there and has the place that ``value`` says."""
        row = self._rows.get(region)
        if row is None or row["kind"] != shape.kind:
            return False
        before = from_json(row).geometry
        try:
            return shape.lent(shape.from_result(value, self.media), before) is before
        except (BadRegion, KeyError, TypeError, ValueError, OverflowError):
            return False


def problems_of(
    result: Any, media: Media, rules: Rules, said: Said = tuple, document: Document | None = None
) -> Iterator[Problem]:
    """Everything that is wrong with a Label Studio result for an item of this medium."""
    if not isinstance(result, list):
        yield Problem("", "shape", "The result must be a list of regions.")
        return
    if len(result) > MAX_REGIONS:
        yield Problem("", "size", f"The result has {len(result)} regions; at most {MAX_REGIONS} are taken.")
        return
    held = _Held(media, said, document)
    taken = _Taken(rules)
    links: list[tuple[str, Mapping[str, Any]]] = []
    for index, entry in enumerate(result):
        if relations.is_relation(entry):
            links.append((f"#{index + 1}", entry))
            continue
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name or len(name) > 200:
            yield Problem(f"#{index + 1}", "id", "An entry needs an id of 1 to 200 characters.")
        elif wrong := taken.again(name, entry) or _entry(entry, held, rules, taken.answered):
            yield Problem(name, *wrong)
        else:
            taken.take(name, entry)
    yield from taken.problems()
    for broken in relations.problems(links, rules.links, taken.drawn, taken.seen):
        yield Problem(*broken)


class _Taken:
    """What has been said of the item and of each of its regions so far."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.seen: set[str] = set()
        self.answered: set[str] = set()
        self.drawn: dict[str, tuple[Control, str]] = {}
        self._attributes: dict[tuple[str, str], None] = {}

    def _per_region(self, entry: Mapping[str, Any]) -> str:
        """The name of the control of an entry about a region, "" of any other."""
        source = entry.get("from_name")
        control = self._rules.by_name.get(source) if isinstance(source, str) else None
        return control.name if control is not None and control.per_region else ""

    def again(self, name: str, entry: Mapping[str, Any]) -> tuple[str, str] | None:
        """What is wrong with an entry of an id that was there before."""
        if control := self._per_region(entry):
            known = (name, control) in self._attributes
            return ("duplicate", f'"{control}" is answered twice.') if known else None
        if name in self.seen:
            return "duplicate", "Two regions have this id."
        self.seen.add(name)
        return None

    def take(self, name: str, entry: Mapping[str, Any]) -> None:
        control = self._rules.by_name[entry["from_name"]]
        if control.per_region:
            self._attributes[name, control.name] = None
            return
        self.answered.add(control.name)
        shape = SHAPES[control.kind]
        if not shape.whole:
            self.drawn[name] = (control, shape.names(entry["value"][shape.key])[0])

    def problems(self) -> Iterator[Problem]:
        """What no single entry shows: answers about no region, and questions without an answer."""
        for name, asking in self._attributes:
            if name not in self.drawn:
                yield Problem(name, "region", f'"{asking}" is about a region, and none has this id.')
            elif not self._rules.by_name[asking].is_about(*self.drawn[name]):
                yield Problem(name, "region", f'"{asking}" is not asked of this region.')
        for control in self._rules.required:
            if not control.per_region and control.name not in self.answered:
                yield Problem("", "required", f'"{control.name}" must be answered.')
            if control.per_region:
                for name, (own, label) in self.drawn.items():
                    if control.is_about(own, label) and (name, control.name) not in self._attributes:
                        yield Problem(name, "required", f'"{control.name}" must be answered for this {label}.')


def _entry(entry: Mapping[str, Any], held: _Held, rules: Rules, answered: set[str]) -> tuple[str, str] | None:
    media, source = held.media, entry.get("from_name")
    control = rules.by_name.get(source) if isinstance(source, str) else None
    if control is None:
        return "control", f"The schema has no control {source!r}."
    shape = SHAPES[control.kind]
    kind = shape.result_type
    if entry.get("type") != kind:
        return "type", f'"{source}" takes {kind}, not {entry.get("type")!r}.'
    if (target := entry.get("to_name", control.to_name)) != control.to_name and target not in control.objects:
        return "object", f'"{source}" is about "{control.to_name}", not {target!r}.'
    for key, stated in held.size.items():
        if entry.get(key, stated) != stated:
            return "image", (
                f"It was made on {entry.get('original_width')} x {entry.get('original_height')} pixels;"
                f" the upright image has {' x '.join(map(str, held.size.values()))}."
            )
    value = entry.get("value")
    if not isinstance(value, dict):
        return "value", "It has no value."
    if shape.whole and control.name in answered:
        return "duplicate", f'"{source}" is answered twice.'
    said: Any = value.get(shape.key)
    names = said if isinstance(said, list) and len(said) == 1 and isinstance(said[0], str) else [""]
    shape = shape_in(value, shape).under(control, names[0])
    wrong = _fits(shape, media) or _off_the_pages(entry, shape.whole and not control.per_region, media, control)
    return wrong or _misplaced(entry["id"], shape, value, held) or shape.check_said(said, control)


def _fits(shape: Shape, media: Media) -> tuple[str, str] | None:
    if shape.fits(media.kind):
        return None
    whole = " or ".join(MEDIA[kind].one for kind in sorted(shape.media))
    return "medium", f"{shape.one.capitalize()} is part of {whole}; the item is {media.one}."


def _off_the_pages(entry: Mapping[str, Any], whole: bool, media: Media, control: Control) -> tuple[str, str] | None:
    try:
        frame = frame_of(entry, media, None if whole else control.page)
    except BadRegion as error:
        return "page", f"Its {error}."
    return (
        ("page", f"It speaks of the whole item and names a page of it; leave out {ITEM_INDEX}.")
        if whole and frame
        else None
    )


def _misplaced(region: str, shape: Shape, value: Mapping[str, Any], held: _Held) -> tuple[str, str] | None:
    broken = shape.check(value, held.media) or held.misquoted(shape, value)
    return None if broken is None or held.has(region, shape, value) else broken
