"""What a caller says of a proposed revision, checked: renames, merges and splits of classes. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lode_annotation.classes import Class, Known, Renames, classes_of, renamed, successors
from lode_annotation.labeling_config import ParsedConfig
from lode_platform.errors import BadInput
from motherlode import relations
from motherlode.shapes import BY_TAG


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of classes beside the config: by label, of whatever control has it, or by the name of a control.

    ``renames``: new names by old ones. ``merges``: the label that takes it in, by the label that goes. ``splits``: the
    label that it is split off from, by the new label.
    """

    renames: Renames = field(default_factory=dict)
    merges: Renames = field(default_factory=dict)
    splits: Renames = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A config with what was said of its classes. Controls are called as the config calls them, ``moved`` gives that
    name by the earlier one.

    ``names``: the new name of each class that is renamed; ``merges``: the label that takes a class in; ``splits``: the
    label that a new class is split off from.
    """

    parsed: ParsedConfig
    moved: Mapping[str, str]
    names: Mapping[Class, str]
    merges: Mapping[Class, str]
    splits: Mapping[Class, str]

    def now(self, row: Known) -> Known:
        """A class that the schema has or had, as the config calls it."""
        control = self.moved.get(row.control, row.control)
        return row._replace(
            control=control, name=row.name if row.retired else self.names.get((control, row.name), row.name)
        )


def proposed(
    before: Sequence[Mapping[str, Any]], known: Iterable[Known], parsed: ParsedConfig, words: Words
) -> Proposal:
    """What ``parsed`` proposes against a revision's controls ``before`` and the classes that there are or were. Raises
    ``BadInput`` for words that make no sense."""
    moved = successors(before, parsed)
    active = {(moved.get(row.control, row.control), row.name) for row in known if not row.retired}
    wanted = set(classes_of(parsed))
    names = renamed(words.renames, active, parsed, moved)
    merges = _merges(words.merges, active, wanted, moved)
    _check_merges(merges, names, active, wanted, parsed)
    _check_made_alike(merges, before, parsed, moved)
    staying = {(control, names.get((control, name), name)) for control, name in active} & wanted
    splits = _splits(words.splits, staying, wanted, moved)
    return Proposal(parsed, moved, names, merges, splits)


def _merges(said: Renames, active: set[Class], wanted: set[Class], moved: Mapping[str, str]) -> dict[Class, str]:
    found: dict[Class, str] = {}
    for control, old, new in _each(said, moved):
        having = [name for name, label in sorted(active) if label == old] if control is None else [control]
        fit = [name for name in having if (name, new) in wanted and (name, old) not in wanted]
        if not having:
            raise BadInput(f"There is no label {old!r} to merge.", field="merges")
        found.update({(name, old): new for name in fit or having})
    return found


def _check_merges(
    merges: Mapping[Class, str],
    names: Mapping[Class, str],
    active: set[Class],
    wanted: set[Class],
    parsed: ParsedConfig,
) -> None:
    per_region = {control.name for control in parsed.controls if control.per_region}
    links = {control.name for control in parsed.controls if control.type == relations.TAG}
    for (control, old), new in merges.items():
        what = f"{old!r} cannot be merged into {new!r}"
        if (control, old) not in active:
            why = f"there is no label {old!r} under {control!r}"
        elif (control, new) not in wanted:
            why = f"the config has no label {new!r} under {control!r}"
        elif (control, old) in wanted:
            why = f"the config still has {old!r}; take it out"
        elif (control, old) in names:
            why = "it is renamed as well; say one of the two"
        elif control in per_region:
            why = f"regions hold the labels of {control!r}, which is asked of them, by name; retire it instead"
        elif control in links:
            why = "a link is told by its class; retire it instead"
        else:
            continue
        raise BadInput(f"{what}: {why}.", field="merges")


def _check_made_alike(
    merges: Mapping[Class, str], before: Sequence[Mapping[str, Any]], parsed: ParsedConfig, moved: Mapping[str, str]
) -> None:
    """Regions hold to what their class is made of, such as a skeleton's points."""
    controls = {control.name: control for control in parsed.controls}
    for old in before:
        name = moved.get(old["name"], old["name"])
        for label, asks in (old.get("options") or {}).get("classes", {}).items():
            if (new := merges.get((name, label))) is None:
                continue
            control = controls[name]
            shape, into = BY_TAG[control.type], control.options.get("classes", {}).get(new, {})
            if shape.fixed(asks) != shape.fixed(into):
                raise BadInput(
                    f"{label!r} cannot be merged into {new!r}: regions hold to what each is made of, and that differs.",
                    field="merges",
                )


def _splits(said: Renames, staying: set[Class], wanted: set[Class], moved: Mapping[str, str]) -> dict[Class, str]:
    found: dict[Class, str] = {}
    for control, new, kept in _each(said, moved):
        having = [name for name, label in sorted(wanted) if label == new] if control is None else [control]
        fit = [name for name in having if (name, new) in wanted - staying and (name, kept) in staying]
        if not fit:
            why = f"{new!r} has to be a new label of the config, and {kept!r} one that stays, of the same control"
            raise BadInput(f"{new!r} cannot be split off from {kept!r}: {why}.", field="splits")
        found.update({(name, new): kept for name in fit})
    return found


def _each(said: Renames, moved: Mapping[str, str]) -> Iterator[tuple[str | None, str, str]]:
    """Control (None: whatever has it), label and what is said of it."""
    for name, one in said.items():
        if isinstance(one, str):
            yield None, name, one
        else:
            for label, text in one.items():
                yield moved.get(name, name), label, text
