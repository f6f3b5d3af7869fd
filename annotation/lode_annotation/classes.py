"""Which permanent id each class of a config has: a class belongs to its control, and keeps its id there. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from lode_annotation.labeling_config import ParsedConfig
from lode_platform.errors import BadInput
from motherlode.shapes import BY_TAG

Class: TypeAlias = tuple[str, str]
"""The name of a control, and a label of it."""

Renames: TypeAlias = Mapping[str, "str | Mapping[str, str]"]
"""New names by old ones: of the labels of whatever control has them, or by the name of a control."""


Guidelines: TypeAlias = Mapping[str, "str | Mapping[str, str]"] | Mapping[int, str]
"""Texts for annotators: by label, for whatever control has it, by the name of a control, or by class id."""


class Known(NamedTuple):
    """A class that a schema has, or had."""

    control: str
    name: str
    class_id: int
    retired: bool


def classes_of(parsed: ParsedConfig) -> list[Class]:
    """Every class of a config, in its order."""
    return [(control.name, label.value) for control in parsed.controls for label in control.labels]


def successors(before: Sequence[Mapping[str, Any]], parsed: ParsedConfig) -> dict[str, str]:
    """What each control of a revision's ``controls`` is called in a newer config, where it is still there.

    By its name; of those whose name is gone, each is the new control of its type, about its picture, that shares the
    most labels with it, or the only one that is left on both sides.
    """
    names = {control.name for control in parsed.controls}
    found = {control["name"]: control["name"] for control in before if control["name"] in names}
    gone = [control for control in before if control["name"] not in names]
    fresh = [control for control in parsed.controls if control.name not in found]
    for old in gone:
        rivals = [control for control in gone if control["type"] == old["type"]]
        same = (old["type"], old.get("page"))
        fit = [one for one in fresh if (one.type, one.page) == same and one.name not in found.values()]
        shared = {
            control.name: len({label.value for label in control.labels} & {label["value"] for label in old["labels"]})
            for control in fit
        }
        best = max(shared, key=lambda name: shared[name], default="")
        if best and (shared[best] or len(rivals) == len(fit) == 1):
            found[old["name"]] = best
    return found


def ids_of(known: Iterable[Known], parsed: ParsedConfig) -> dict[Class, int]:
    """The id of every class of a config: its own where the schema has it, or had it; new ones are numbered on from the
    highest ever given."""
    rows = sorted(known, key=lambda row: (not row.retired, row.class_id))  # of two of a name, the one in use
    ids = {(row.control, row.name): row.class_id for row in rows}
    highest = max(ids.values(), default=0)
    highest = max([highest, *(row.class_id for row in rows)])
    found: dict[Class, int] = {}
    for key in classes_of(parsed):
        if key not in ids:
            highest += 1
            ids[key] = highest
        found[key] = ids[key]
    return found


def guidelines_of(said: Guidelines, ids: Mapping[Class, int]) -> dict[str, dict[str, str]]:
    """The text of each class that has one, by its control and its label; ``ids`` are the classes that there are."""
    texts: Mapping[Any, Any] = said
    found: dict[str, dict[str, str]] = {}
    for (control, label), number in ids.items():
        of_control = texts.get(control)
        named = of_control.get(label) if isinstance(of_control, Mapping) else None
        for text in (texts.get(number), named, texts.get(label)):
            if isinstance(text, str) and text.strip():
                found.setdefault(control, {})[label] = text
                break
    return found


def renamed(
    renames: Renames, active: Iterable[Class], parsed: ParsedConfig, moved: Mapping[str, str]
) -> dict[Class, str]:
    """The new name of each class (of a control as the config calls it) that ``renames`` names. Raises ``BadInput``.

    ``moved`` are the controls' new names by their old ones. A label that several controls have is renamed in those
    whose config has the new name instead.
    """
    held, wanted = set(active), set(classes_of(parsed))
    found: dict[Class, str] = {}
    for name, said in renames.items():
        if not isinstance(said, str):
            control = moved.get(name, name)
            found.update({(control, old): new for old, new in said.items()})
            continue
        having = [control for control, label in sorted(held) if label == name]
        changed = [control for control in having if (control, said) in wanted and (control, name) not in wanted]
        if not having:
            raise BadInput(f"There is no label {name!r} to rename.", field="renames")
        found.update({(control, name): said for control in changed or having})
    _check(found, held, wanted)
    fixed = {control.name for control in parsed.controls if control.per_region}
    for control, old in found:
        if control in fixed:
            what = f"{old!r} cannot be renamed: regions hold the labels of {control!r}, which is asked of them, by name"
            raise BadInput(f"{what}. Add another label instead.", field="renames")
    return {**_carried(found, held, wanted, parsed), **found}


def _carried(
    found: Mapping[Class, str], held: set[Class], wanted: set[Class], parsed: ParsedConfig
) -> dict[Class, str]:
    """The classes that a rename of another one takes along, as those below it in a tree: where the config has them."""
    shapes = {control.name: BY_TAG[control.type] for control in parsed.controls if control.type in BY_TAG}
    made: dict[Class, str] = {}
    for (control, old), new in sorted(found.items(), key=lambda pair: pair[0][1]):
        for other, name in held:
            now = shapes[control].renamed(name, old, new) if other == control and control in shapes else name
            if now != name and (control, name) not in wanted and (control, now) in wanted - held:
                made[control, name] = now
    return made


def _check(found: Mapping[Class, str], held: set[Class], wanted: set[Class]) -> None:
    several = len({control for control, _ in held | wanted}) > 1
    for (control, old), new in found.items():
        where = f" under {control!r}" if several else ""
        taken = [name for (other, _), name in found.items() if other == control]
        if (control, old) not in held:
            raise BadInput(f"There is no label {old!r} to rename{where}.", field="renames")
        if (control, new) not in wanted:
            raise BadInput(f"{old!r} is renamed to {new!r}, which the config does not have{where}.", field="renames")
        if (control, new) in held and (control, new) not in found:
            raise BadInput(f"{new!r} is another label's name{where}: {old!r} cannot take it.", field="renames")
        if (control, old) in wanted and old not in taken:
            raise BadInput(f"{old!r} is renamed to {new!r}, but the config still has it{where}.", field="renames")
        if taken.count(new) > 1:
            words = f"Two labels cannot be renamed to the same name{where}; to merge labels, name them in merges."
            raise BadInput(words, field="renames")
