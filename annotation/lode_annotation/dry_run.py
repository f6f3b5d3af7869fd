"""What a proposed config changes against a schema's newest revision, and which labels each change touches. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from lode_annotation.classes import Class, Known, ids_of
from lode_annotation.labeling_config import Control
from lode_annotation.proposals import Proposal
from motherlode.manifest import canonical
from motherlode.shapes import BY_TAG

Rule: TypeAlias = Literal["has", "lacks", "several", "short"]


class Sought(NamedTuple):
    """What a change touches, told from the canonical texts of label sets alone.

    ``has``: each region and answer of one of the classes ``class_ids``, or each occurrence of ``text``; ``lacks``: a
    label set in which ``text`` does not occur; ``several``: each occurrence after the first; ``short``: by how many
    ``text`` occurs less often than ``other``. Inside a JSON string quotes are escaped, so nothing that a person typed
    is taken for one.
    """

    text: str = ""
    rule: Rule = "has"
    other: str = ""
    class_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a proposed revision changes.

    ``kind`` is one of ``KINDS``; ``control`` and ``label`` are names as the newest revision has them (as the config has
    them, of what is new), ``to`` the new name or type, the label that takes it in, or those split off from it.
    ``class_id`` is 0 for a change of a control. ``sought`` is None where no label can be touched.
    """

    kind: str
    control: str
    label: str = ""
    to: str = ""
    class_id: int = 0
    sought: Sought | None = None


KINDS = (
    "class_renamed",
    "class_merged",
    "class_split",
    "class_retired",
    "class_returned",
    "class_new",
    "control_renamed",
    "control_retyped",
    "control_removed",
    "control_required",
    "control_single",
    "control_new",
)

LOOKS = ("class_split", "control_required")
"""Those after which a person has to look at what they touch."""


def changes(before: Sequence[Mapping[str, Any]], known: Iterable[Known], proposal: Proposal) -> list[Change]:
    """What is proposed against a revision's controls ``before`` and the classes that the schema has or had: classes by
    id, then controls."""
    return [*_of_classes(known, proposal), *_of_controls(before, proposal)]


def of_class(class_id: int) -> str:
    """The text by which a label set says that something is of this class."""
    return f'"class_id":{class_id},'


def of_control(name: str) -> str:
    """The text by which a label set says that something answers this control."""
    return f'"control":{canonical(name)}'


def _of_classes(known: Iterable[Known], proposal: Proposal) -> Iterator[Change]:
    rows = list(known)
    after = [proposal.now(row) for row in rows]
    wanted = {number: key for key, number in ids_of(after, proposal.parsed).items()}
    parts: dict[Class, list[str]] = {}
    for (control, new), kept in proposal.splits.items():
        parts.setdefault((control, kept), []).append(new)
    for row, now in zip(rows, after, strict=True):
        is_there = wanted.pop(row.class_id, None) is not None
        said = (row.class_id, Sought(class_ids=(row.class_id,)))
        if row.retired:
            if is_there:
                yield Change("class_returned", row.control, row.name, "", *said)
        elif not is_there:
            into = proposal.merges.get((now.control, now.name), "")
            yield Change("class_merged" if into else "class_retired", row.control, row.name, into, *said)
        else:
            if now.name != row.name:
                yield Change("class_renamed", row.control, row.name, now.name, *said)
            if (now.control, now.name) in parts:
                yield Change("class_split", row.control, row.name, ", ".join(parts[now.control, now.name]), *said)
    for number, (control, label) in sorted(wanted.items()):
        yield Change("class_new", control, label, class_id=number)


def _of_controls(before: Sequence[Mapping[str, Any]], proposal: Proposal) -> Iterator[Change]:
    moved = proposal.moved
    now = {control.name: control for control in proposal.parsed.controls}
    for old in before:
        name, text = old["name"], _said_under(old["name"], per_region=old.get("per_region", False))
        control = now.pop(moved[name], None) if name in moved else None
        if control is None:
            yield Change("control_removed", name, sought=Sought(text))
            continue
        if control.name != name:
            yield Change("control_renamed", name, to=control.name, sought=Sought(text))
        if control.type != old["type"]:
            yield Change("control_retyped", name, to=control.type, sought=Sought(text))
        if control.required and not old["required"]:
            yield _required(name, control)
        shape = BY_TAG.get(control.type)
        whole = shape is not None and shape.whole and not control.per_region
        if whole and old["choice"] == "multiple" and control.choice == "single":
            yield Change("control_single", name, sought=Sought(text, "several"))
    for control in now.values():
        yield Change("control_new", control.name)
        if control.required:
            yield _required(control.name, control)


def _said_under(name: str, *, per_region: bool) -> str:
    return f"{canonical(name)}:" if per_region else of_control(name)


def _required(name: str, control: Control) -> Change:
    """A question that now has to be answered: touched are the label sets that do not answer it (each region that does
    not, where it is asked of regions)."""
    text = _said_under(name, per_region=control.per_region)
    if not control.per_region:
        return Change("control_required", name, sought=Sought(text, "lacks"))
    asked = of_control(control.of[0]) if len(control.of) == 1 else '"geometry":'
    return Change("control_required", name, sought=Sought(text, "short", asked))


# -- counted -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Found:
    """How many label sets a change touches, how many things in them, and the first items, by their keys."""

    label_sets: int = 0
    objects: int = 0
    items: list[int] = field(default_factory=list)


class Tally:
    """Counts what each of ``sought`` finds in label sets that are shown to it one by one; ``found`` is in their order.

    The classes that a text names are read once for all, so that many changes cost hardly more than one.
    """

    _classes = re.compile(r'"class_id":(\d+),')

    def __init__(self, sought: Sequence[Sought], samples: int) -> None:
        self.found = [Found() for _ in sought]
        self._samples = samples
        self._of_class: dict[str, list[int]] = {}
        for place, one in enumerate(sought):
            for class_id in one.class_ids:
                self._of_class.setdefault(str(class_id), []).append(place)
        self._others = [(one, row) for one, row in zip(sought, self.found, strict=True) if one.text]

    def add(self, item: int, regions: str, answers: str) -> None:
        """Counts a label set of ``item``, given by its canonical texts; those of relations count as of regions."""
        if self._of_class:
            numbers = Counter[int]()
            for class_id, number in Counter([*self._classes.findall(regions), *self._classes.findall(answers)]).items():
                for place in self._of_class.get(class_id, ()):
                    numbers[place] += number
            for place, number in numbers.items():
                self._count(self.found[place], item, number)
        for one, row in self._others:
            self._count(row, item, _number(one, regions, answers))

    def _count(self, row: Found, item: int, number: int) -> None:
        if number <= 0:
            return
        row.label_sets += 1
        row.objects += number
        if len(row.items) < self._samples:
            row.items.append(item)


def _number(sought: Sought, regions: str, answers: str) -> int:
    own = regions.count(sought.text) + answers.count(sought.text)
    if sought.rule == "lacks":
        return int(not own)
    if sought.rule == "several":
        return own - 1
    if sought.rule == "short":
        return regions.count(sought.other) - own
    return own
