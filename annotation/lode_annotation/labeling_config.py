"""Label Studio labeling configs: what our editor can do with one, told by name and line where it cannot.

`parse_config` refuses a document type first, then names what is not supported yet, then lets label-studio-sdk check
the rest; nothing else in the server imports that library, which costs seconds and a hundred megabytes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from lode_platform.errors import BadInput
from motherlode import labeling_config
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.regions import Control as AskedControl
from motherlode.shapes import BY_TAG, BY_TASK, PARTS, SHAPES

MAX_CONFIG_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_LABELS = 1000
MAX_NAME = 200
HOTKEYS = "1234567890qwertyuiopasdfghjklzxcvbnm"

VIEW, HEADER = "View", "Header"

# What our editor acts on, by element.
MEANT = {
    VIEW: frozenset[str](),
    **{tag: frozenset({"name", "value"}) for tag in BY_OBJECT},
    HEADER: frozenset[str](),
    **{shape.tag: shape.attributes for shape in BY_TAG.values()},
    **{shape.part: shape.part_attributes for shape in BY_TAG.values()},
}
# What Label Studio lets one say about looks; it changes no answer, so it is taken and not acted on.
LOOKS = {
    VIEW: {"style", "className", "idAttr", "classname"},
    **{tag: medium.looks for tag, medium in BY_OBJECT.items()},
    HEADER: {"value", "size", "style", "underline"},
    **{shape.tag: shape.looks for shape in BY_TAG.values()},
    **{shape.part: shape.part_looks for shape in BY_TAG.values()},
}
# Defaults that some exports write out; said like this they ask for nothing we do not do.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})?")
HARMLESS = {("perRegion", "false"), ("perItem", "false"), ("allowNested", "false"), ("allownested", "false")}


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a control: its name, its key in the editor ("" = none asked for) and its hint."""

    value: str
    hotkey: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A question put to the annotator: ``type`` is a kind's tag; ``choice`` single or multiple."""

    name: str
    type: str
    to_name: str
    choice: str
    required: bool
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """What a config asks: its one object, which is of a medium, and its controls."""

    to_name: str
    controls: tuple[Control, ...]

    @property
    def labels(self) -> list[str]:
        """Every label once, in the order of the config."""
        return list(dict.fromkeys(label.value for control in self.controls for label in control.labels))


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str]
    line: int
    children: "list[_Node]" = field(default_factory=list)

    def walk(self) -> "Iterator[_Node]":
        yield self
        for child in self.children:
            yield from child.walk()


def parse_config(xml: str) -> ParsedConfig:
    """Reads a labeling config. Raises ``BadInput`` (code ``bad_config``) with every problem, each with its line."""
    root = _tree(xml)
    problems = list(_unsupported(root))
    if problems:
        _refuse(problems)
    problems = list(_wrong(root))
    if problems:
        _refuse(problems)
    return _as_we_build_it(xml, root) or _with_sdk(xml, root)


def _refuse(problems: Sequence[tuple[int, str]]) -> None:
    rows = [{"line": line, "error": text} for line, text in sorted(problems, key=lambda row: row[0])[:20]]
    first = rows[0]
    raise BadInput(f"Line {first['line']}: {first['error']}", code="bad_config", problems=rows)


def _tree(xml: str) -> _Node:
    """The elements with their lines; no document type, so that no entity can unfold."""
    if len(xml.encode()) > MAX_CONFIG_BYTES:
        _refuse([(1, f"The config is larger than {MAX_CONFIG_BYTES // 1024} KiB.")])
    if not xml.strip():
        _refuse([(1, "The config is empty; it begins with <View>.")])
    parser = expat.ParserCreate()
    top = _Node("", {}, 0)
    stack = [top]

    def doctype(*_: object) -> None:
        _refuse([(parser.CurrentLineNumber, "A document type (<!DOCTYPE ...>) is not allowed in a config.")])

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            _refuse([(parser.CurrentLineNumber, f"Elements are nested more than {MAX_DEPTH} deep.")])
        node = _Node(tag, attributes, parser.CurrentLineNumber)
        stack[-1].children.append(node)
        stack.append(node)

    def end(_: str) -> None:
        stack.pop()

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        words = expat.ErrorString(error.code) or "cannot be read"
        _refuse([(error.lineno, f"This is not well-formed XML: {words} (column {error.offset + 1}).")])
    except ValueError as error:
        _refuse([(1, f"This is not well-formed XML: {error}.")])
    return top.children[0]


def _unsupported(root: _Node) -> Iterator[tuple[int, str]]:
    """What Label Studio can do and our editor cannot yet, by name."""
    for node in root.walk():
        if node.tag not in MEANT:
            yield node.line, f"<{node.tag}> is not supported yet."
            continue
        for name, value in node.attributes.items():
            if name in MEANT[node.tag] or name in LOOKS[node.tag] or (name, value.lower()) in HARMLESS:
                continue
            yield node.line, f'<{node.tag} {name}="{value}"> is not supported yet.'
        shape = BY_TAG.get(node.tag)
        if shape and not shape.whole and node.attributes.get("choice", "single").lower() != "single":
            why = f"{shape.one} carries one label"
            yield node.line, f'<{node.tag} choice="multiple"> is not supported yet: {why}.'
        if node.tag in PARTS and node.children:
            yield node.line, f"A <{node.children[0].tag}> within a <{node.tag}> is not supported yet."
    first, *more = [node for node in root.walk() if node.tag in BY_OBJECT] or [root]
    for node in more:
        beside = f"A second <{node.tag}>" if node.tag == first.tag else f"A <{node.tag}> beside a <{first.tag}>"
        yield node.line, f"{beside} is not supported yet: a schema asks about one object."


def _wrong(root: _Node) -> Iterator[tuple[int, str]]:
    """What no config may say."""
    if root.tag != VIEW:
        yield root.line, f"The outermost element is <{root.tag}>; it must be <View>."
    objects = [node for node in root.walk() if node.tag in BY_OBJECT]
    controls = [node for node in root.walk() if node.tag in BY_TAG]
    if not objects:
        known = " and no ".join(f'<{one.tag} name="{one.kind}" value="${one.kind}"/>' for one in BY_OBJECT.values())
        yield root.line, f"There is no {known}: nothing to label."
    for node in objects:
        value, wanted = node.attributes.get("value", ""), f"${BY_OBJECT[node.tag].kind}"
        if value != wanted:
            yield node.line, f'<{node.tag} value="{value}"> must be value="{wanted}".'
    if not controls:
        yield root.line, f"There is none of {', '.join(f'<{tag}>' for tag in BY_TAG)}: nothing to ask."
    names: set[str] = set()
    for node in [*objects, *controls]:
        name = node.attributes.get("name", "")
        if not name:
            yield node.line, f"<{node.tag}> has no name."
        elif name in names:
            yield node.line, f'The name "{name}" is used twice.'
        elif len(name) > MAX_NAME:
            yield node.line, f"The name of <{node.tag}> has more than {MAX_NAME} characters."
        names.add(name)
    by_name = {node.attributes.get("name"): node for node in objects}
    for node in controls:
        yield from _wrong_control(node, by_name)
    for node in root.walk():
        for child in node.children:
            homes = [f"<{shape.tag}>" for shape in BY_TAG.values() if shape.part == child.tag]
            if homes and f"<{node.tag}>" not in homes:
                yield child.line, f"<{child.tag}> is in <{node.tag}>; it belongs in {' or '.join(homes)}."


def _wrong_control(node: _Node, objects: Mapping[str | None, _Node]) -> Iterator[tuple[int, str]]:
    target, shape = node.attributes.get("toName"), BY_TAG[node.tag]
    if target not in objects:
        named = " or ".join(f"<{tag}>" for tag in dict.fromkeys(one.tag for one in objects.values()) or BY_OBJECT)
        yield node.line, f'<{node.tag} toName="{target or ""}"> names no {named}.'
    elif not shape.fits(BY_OBJECT[objects[target].tag].kind):
        tag = objects[target].tag
        yield node.line, f"<{node.tag}> about a <{tag}> is not supported: {shape.one} is part of an image."
    required = node.attributes.get("required", "false").lower()
    if required not in ("true", "false"):
        yield node.line, f'<{node.tag} required="{required}"> must be true or false.'
    choice = node.attributes.get("choice", "single")
    if BY_TAG[node.tag].whole and choice not in ("single", "single-radio", "multiple"):
        yield node.line, f'<{node.tag} choice="{choice}"> must be single or multiple.'
    part = BY_TAG[node.tag].part
    labels = [child for child in node.children if child.tag == part]
    if not labels:
        yield node.line, f"<{node.tag}> has no <{part}>."
    if len(labels) > MAX_LABELS:
        yield node.line, f"<{node.tag}> has more than {MAX_LABELS} labels."
    seen: set[str] = set()
    for child in labels:
        value = child.attributes.get("value", "")
        if not value.strip() or value != value.strip() or len(value) > 200:
            yield child.line, f"<{part} value={quoteattr(value)}> must be 1 to 200 characters without spaces around."
        elif "$" in value[:1]:
            yield child.line, f'<{part} value="{value}"> taken from the item\'s data is not supported yet.'
        elif value in seen:
            yield child.line, f'The label "{value}" appears twice in <{node.tag}>.'
        seen.add(value)
        key = child.attributes.get("hotkey", "")
        if key and (len(key) != 1 or not key.isalnum() or not key.isascii()):
            yield child.line, f'The hotkey "{key}" must be one letter or digit.'


def _as_we_build_it(xml: str, root: _Node) -> ParsedConfig | None:
    """A config that is to the letter what ``labeling_config.build`` writes, None for any other.

    Label Studio reads those as we do, and importing its library takes a process half a second and 60 MiB.
    """
    nodes = [node for node in root.walk() if node.tag in BY_TAG]
    tasks = {control.tag: task for task, control in BY_TASK.items()}
    if len(nodes) != 1 or nodes[0].tag not in tasks:
        return None
    node, task = nodes[0], tasks[nodes[0].tag]
    values = [child.attributes.get("value", "") for child in node.children]
    numbers = {child.attributes.get("value", ""): child.attributes.get("category", "") for child in node.children}
    if not all(_NUMBER.fullmatch(number) for number in numbers.values()):
        return None
    categories = {value: int(number) for value, number in numbers.items() if number}
    required = "required" in node.attributes
    medium = next(BY_OBJECT[one.tag].kind for one in root.walk() if one.tag in BY_OBJECT)
    if labeling_config.build(values, task, required=required, categories=categories, medium=medium) != xml:
        return None
    labels = tuple(Label(value, "", "") for value in values)
    control = Control(node.attributes["name"], node.tag, node.attributes["toName"], "single", required, labels)
    return ParsedConfig(to_name=control.to_name, controls=(control,))


def _with_sdk(xml: str, root: _Node) -> ParsedConfig:
    """Label Studio's own reading of the config, whose controls become ours."""
    from label_studio_sdk.label_interface.interface import LabelInterface

    try:
        interface: Any = LabelInterface(xml)
        interface.validate()
        tags = list(interface.controls)
    except Exception as error:  # the library raises many kinds; whatever it says is about the config
        raise BadInput(
            f"Label Studio does not accept this config: {error}",
            code="bad_config",
            problems=[{"line": 1, "error": f"Label Studio does not accept this config: {error}"}],
        ) from None
    hints = {
        (node.attributes["name"], child.attributes["value"]): child.attributes.get("hint", "").strip()
        for node in root.walk()
        if node.tag in BY_TAG
        for child in node.children
        if child.tag in PARTS
    }
    controls = []
    for tag in tags:
        attributes: Mapping[str, str] = tag.attr
        labels = []
        for value in tag.labels:
            part: Mapping[str, str] = tag.labels_attrs[value].attr
            labels.append(Label(value, part.get("hotkey", "").lower(), hints.get((tag.name, value), "")))
        single = not BY_TAG[tag.tag].whole or attributes.get("choice", "single") != "multiple"
        controls.append(
            Control(
                name=tag.name,
                type=tag.tag,
                to_name=tag.to_name[0],
                choice="single" if single else "multiple",
                required=attributes.get("required", "false").lower() == "true",
                labels=tuple(labels),
            )
        )
    return ParsedConfig(to_name=controls[0].to_name, controls=tuple(controls))


def controls_json(
    parsed: ParsedConfig,
    class_ids: Mapping[tuple[str, str], int],
    guidelines: Mapping[str, Mapping[str, str]] | None = None,
) -> list[dict[str, Any]]:
    """The controls as a revision keeps them and the editor reads them; ``class_ids`` and ``guidelines`` by control and
    label.

    A label's colour is the palette's for its class id, so ``color`` stays null; its key is the one the config asks
    for, else its class id's place in ``HOTKEYS``, so that a new label moves nobody's keys.
    """
    asked = {label.hotkey for control in parsed.controls for label in control.labels if label.hotkey}
    given: set[str] = set()
    rows = []
    for control in parsed.controls:
        labels, texts = [], (guidelines or {}).get(control.name, {})
        for label in control.labels:
            number = class_ids[control.name, label.value]
            usual = HOTKEYS[number - 1] if number <= len(HOTKEYS) and HOTKEYS[number - 1] not in asked else ""
            key = label.hotkey or usual
            if key in given:
                key = ""
            given.add(key)
            guideline = texts.get(label.value) or label.hint
            labels.append(
                {"value": label.value, "class_id": number, "color": None, "hotkey": key or None, "guideline": guideline}
            )
        rows.append(
            {
                "name": control.name,
                "type": control.type,
                "to_name": control.to_name,
                "choice": control.choice,
                "required": control.required,
                "labels": labels,
            }
        )
    return rows


@dataclass(frozen=True, slots=True)
class Rules:
    """A schema revision made ready for use: its controls as JSON and as ``asked`` of regions, its labels by class id.

    A class belongs to its control; ``names`` holds those of all controls.
    """

    controls: tuple[Mapping[str, Any], ...]
    by_name: Mapping[str, Mapping[str, Any]]
    asked: tuple[AskedControl, ...]
    names: Mapping[int, str]
    kinds: frozenset[str]


def rules_of(controls: Sequence[Mapping[str, Any]]) -> Rules:
    """Prepares a revision's ``controls``."""
    asked = tuple(
        AskedControl(
            name=control["name"],
            kind=BY_TAG[control["type"]].kind,
            to_name=control["to_name"],
            class_ids={label["value"]: label["class_id"] for label in control["labels"]},
        )
        for control in controls
    )
    return Rules(
        controls=tuple(controls),
        by_name={control["name"]: control for control in controls},
        asked=asked,
        names={number: value for control in asked for value, number in control.class_ids.items()},
        kinds=frozenset(control.kind for control in asked),
    )


@lru_cache(maxsize=256)
def rules_from(revision_id: int, text: str) -> Rules:
    """As ``rules_of`` for a revision's JSON text; a revision never changes, so it is prepared once a process."""
    return rules_of(json.loads(text))


def translated(result: Sequence[Any], old: Rules, new: Rules) -> list[Any]:
    """A result made under an older revision in the words of a newer one: labels by their class ids, controls by name,
    else by the classes that they share, else by kind.

    What the newer revision no longer has stays as it is, for the validation to name.
    """
    controls = {control.name: (control, after) for control in old.asked if (after := _successor(control, old, new))}
    rows = []
    for entry in result:
        if not isinstance(entry, dict) or entry.get("from_name") not in controls:
            rows.append(entry)
            continue
        before, after = controls[entry["from_name"]]
        value = dict(entry.get("value") or {})
        key = SHAPES[before.kind].result_type
        if isinstance(value.get(key), list):
            names = {number: label for label, number in after.class_ids.items()}
            value[key] = [names.get(before.class_ids.get(label, 0), label) for label in value[key]]
        rows.append({**entry, "from_name": after.name, "to_name": after.to_name, "value": value})
    return rows


def _successor(control: AskedControl, old: Rules, new: Rules) -> AskedControl | None:
    """The control of a newer revision that asks what ``control`` asked."""
    mine = set(control.class_ids.values())
    fit = [after for after in new.asked if after.kind == control.kind]
    named = [after for after in fit if after.name == control.name]
    rest = [after for after in fit if after.name not in old.by_name]
    sharing = [after for after in rest if not mine.isdisjoint(after.class_ids.values())]
    return next(iter([*named, *sharing, *rest]), None)
