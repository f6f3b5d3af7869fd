"""Label Studio labeling configs: what our editor can do with one, told by name and line where it cannot.

`parse_config` refuses a document type first, then names what is not supported yet, then lets label-studio-sdk check
the rest; nothing else in the server imports that library, which costs seconds and a hundred megabytes.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any
from xml.sax.saxutils import quoteattr

from lode_annotation import config_objects
from lode_annotation.config_tree import Node, refuse, tree_of
from lode_annotation.config_words import HARMLESS, LOOKS, MEANT, SELECTED, VIEW
from lode_platform.errors import BadInput
from motherlode import labeling_config, relations
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.shapes import BY_TAG, PARTS, Shape, asked_by_tag

MAX_LABELS = 1000
MAX_NAME = 200
HOTKEYS = "1234567890qwertyuiopasdfghjklzxcvbnm"

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})?")


@dataclass(frozen=True, slots=True)
class Label:
    """One class of a control: its name, its key in the editor ("" = none asked for) and its hint."""

    value: str
    hotkey: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A question put to the annotator: ``type`` is a kind's tag; ``choice`` single or multiple.

    ``options`` are what else it asks, as its kind reads them. Where it is asked ``per_region``, it is so of the regions
    of the controls ``of`` and with the labels ``labelled``, of all where these are empty. ``page`` is which of several
    pictures it is about, from 0 on, None where the config has one object; ``pages`` are those that it compares.
    """

    name: str
    type: str
    to_name: str
    choice: str
    required: bool
    labels: tuple[Label, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    per_region: bool = False
    of: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()
    page: int | None = None
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """What a config asks: its first object, which is of a medium, and its controls."""

    to_name: str
    controls: tuple[Control, ...]

    @property
    def labels(self) -> list[str]:
        """Every label once, in the order of the config."""
        return list(dict.fromkeys(label.value for control in self.controls for label in control.labels))


def parse_config(xml: str) -> ParsedConfig:
    """Reads a labeling config. Raises ``BadInput`` (code ``bad_config``) with every problem, each with its line."""
    root = tree_of(xml)
    problems = list(_unsupported(root))
    if problems:
        refuse(problems)
    problems = list(_wrong(root))
    if problems:
        refuse(problems)
    if not _is_built(xml, root):
        _ask_sdk(xml)
    nodes = [node for node in root.walk() if _kind_of(node)]
    objects = config_objects.objects_of(root)
    controls = tuple(_control(node, shape, nodes, objects) for node in nodes if (shape := _kind_of(node)))
    first = objects[0].attributes["name"]
    links = [_links(node, first) for node in root.walk() if node.tag == relations.TAG]
    return ParsedConfig(to_name=first, controls=(*controls, *links))


def _kind_of(node: Node) -> Shape | None:
    """The kind that an element asks for, None where it is not a control."""
    return asked_by_tag(node.tag, node.attributes)


def _is_placed(node: Node) -> bool:
    """Whether an element asks for regions."""
    shape = _kind_of(node)
    return shape is not None and not shape.whole


def _unsupported(root: Node) -> Iterator[tuple[int, str]]:
    """What Label Studio can do and our editor cannot yet, by name."""
    for node in root.walk():
        shape = _kind_of(node)
        tag = shape.opening if shape else node.tag
        if tag not in MEANT:
            yield node.line, f"<{node.tag}> is not supported yet."
            continue
        for name, value in node.attributes.items():
            if name in MEANT[tag] or name in LOOKS[tag] or (name, value.lower()) in HARMLESS:
                continue
            yield node.line, f'<{node.tag} {name}="{value}"> is not supported yet.'
        if shape and not shape.whole and node.attributes.get("choice", "single").lower() != "single":
            why = f"{shape.one} carries one label"
            yield node.line, f'<{node.tag} choice="multiple"> is not supported yet: {why}.'
        if shape and shape.whole and (why := _not_per_region(node)):
            yield node.line, why
        if node.tag == relations.PART and node.children:
            yield node.line, f"A <{node.children[0].tag}> within a <{node.tag}> is not supported yet."
    yield from _nested(root, nested=False)
    yield from config_objects.unsupported(root)


def _nested(node: Node, *, nested: bool) -> Iterator[tuple[int, str]]:
    """The parts that stand within parts, where their control's classes are not paths."""
    shape = _kind_of(node)
    nested = shape.nested if shape else nested
    for child in node.children:
        if node.tag in PARTS and not (nested and child.tag == node.tag):
            yield node.line, f"A <{child.tag}> within a <{node.tag}> is not supported yet."
            break
        yield from _nested(child, nested=nested)


def _not_per_region(node: Node) -> str:
    """What a question says of the regions that it is asked of, and cannot; "" where it can."""
    visible = node.attributes.get("visibleWhen")
    if not node.says("perRegion"):
        name = next((name for name in ("visibleWhen", "whenTagName", "whenLabelValue") if name in node.attributes), "")
        said = f'{name}="{node.attributes.get(name)}"'
        return f'<{node.tag} {said}> is not supported yet without perRegion="true".' if name else ""
    if visible not in (None, SELECTED):
        return f'<{node.tag} visibleWhen="{visible}"> is not supported yet; it can be "{SELECTED}".'
    return ""


def _wrong(root: Node) -> Iterator[tuple[int, str]]:
    """What no config may say."""
    if root.tag != VIEW:
        yield root.line, f"The outermost element is <{root.tag}>; it must be <View>."
    objects = config_objects.objects_of(root)
    controls = [(node, shape) for node in root.walk() if (shape := _kind_of(node))]
    yield from config_objects.wrong(objects)
    if not controls:
        yield root.line, f"There is none of {', '.join(f'<{tag}>' for tag in BY_TAG)}: nothing to ask."
    names: set[str] = set()
    for node in [*objects, *(node for node, _ in controls)]:
        name = node.attributes.get("name", "")
        if not name:
            yield node.line, f"<{node.tag}> has no name."
        elif name in names:
            yield node.line, f'The name "{name}" is used twice.'
        elif len(name) > MAX_NAME:
            yield node.line, f"The name of <{node.tag}> has more than {MAX_NAME} characters."
        names.add(name)
    by_name = {node.attributes.get("name"): node for node in objects}
    for node, shape in controls:
        yield from _wrong_control(node, shape, by_name)
        yield from _wrong_regions(node, [one for one, _ in controls])
    for node in root.walk():
        for child in node.children:
            homes = [f"<{tag}>" for tag in dict.fromkeys(one.tag for one in BY_TAG.values() if one.part == child.tag)]
            if homes and f"<{node.tag}>" not in homes and node.tag != child.tag:
                yield child.line, f"<{child.tag}> is in <{node.tag}>; it belongs in {' or '.join(homes)}."
            if child.tag == relations.PART and node.tag != relations.TAG:
                yield child.line, f"<{child.tag}> is in <{node.tag}>; it belongs in <{relations.TAG}>."
    yield from _wrong_links(root, [node for node, _ in controls], names)


def _wrong_links(root: Node, controls: Sequence[Node], names: Collection[str]) -> Iterator[tuple[int, str]]:
    """What is wrong with the classes of relations; their control has no name of its own in a config."""
    found = [node for node in root.walk() if node.tag == relations.TAG]
    for node in found[1:]:
        yield node.line, f"There is a second <{node.tag}>; a schema has one."
    if not found:
        return
    first = found[0]
    if not any(_is_placed(node) for node in controls):
        yield first.line, f"<{first.tag}>: the config asks for no regions to link."
    if relations.NAME in names:
        yield first.line, f'The name "{relations.NAME}" is that of <{first.tag}>; give the other control another name.'
    yield from _wrong_classes(first, list(_parts(first, relations.PART)), relations.PART)


def _wrong_control(node: Node, shape: Shape, objects: Mapping[str | None, Node]) -> Iterator[tuple[int, str]]:
    yield from config_objects.wrong_target(node, shape, objects)
    required = node.attributes.get("required", "false").lower()
    if required not in ("true", "false"):
        yield node.line, f'<{node.tag} required="{required}"> must be true or false.'
    choice = node.attributes.get("choice", "single")
    if shape.whole and choice not in ("single", "single-radio", "multiple"):
        yield node.line, f'<{node.tag} choice="{choice}"> must be single or multiple.'
    yield from _wrong_parts(node, shape)
    try:
        shape.options(node.attributes, _selected(node, shape))
    except ValueError as error:
        yield node.line, f"<{node.tag}>: {error}."


def _wrong_parts(node: Node, shape: Shape) -> Iterator[tuple[int, str]]:
    """What is wrong with the elements that name a control's classes."""
    if not shape.labelled:
        return
    part, labels = shape.part, list(_parts(node, shape.part))
    yield from _wrong_classes(node, labels, part, shape.class_name)
    for child, _ in labels:
        yield from _wrong_asks(child, shape)
        key = child.attributes.get("hotkey", "")
        if key and shape.nested:
            yield child.line, f'<{part} hotkey="{key}"> in <{node.tag}> is not supported yet.'
        elif key and (len(key) != 1 or not key.isalnum() or not key.isascii()):
            yield child.line, f'The hotkey "{key}" must be one letter or digit.'


def _wrong_classes(
    node: Node,
    labels: Sequence[tuple[Node, tuple[str, ...]]],
    part: str,
    class_name: Callable[[Sequence[str]], str] = itemgetter(-1),
) -> Iterator[tuple[int, str]]:
    """What is wrong with the names of a control's classes."""
    if not labels:
        yield node.line, f"<{node.tag}> has no <{part}>."
    if len(labels) > MAX_LABELS:
        yield node.line, f"<{node.tag}> has more than {MAX_LABELS} labels."
    seen: set[str] = set()
    for child, path in labels:
        value = child.attributes.get("value", "")
        if not value.strip() or value != value.strip() or len(value) > MAX_NAME:
            yield child.line, f"<{part} value={quoteattr(value)}> must be 1 to 200 characters without spaces around."
            continue
        try:
            name = class_name(path)
        except ValueError as error:
            yield child.line, f"<{part}>: {error}."
            continue
        if "$" in value[:1]:
            yield child.line, f'<{part} value="{value}"> taken from the item\'s data is not supported yet.'
        elif name in seen:
            yield child.line, f'The label "{name}" appears twice in <{node.tag}>.'
        elif len(name) > MAX_NAME:
            yield child.line, f'The label "{name:.40}..." has, with those around it, more than {MAX_NAME} characters.'
        seen.add(name)


def _wrong_asks(part: Node, shape: Shape) -> Iterator[tuple[int, str]]:
    """What the element of a class cannot ask."""
    value = part.attributes.get("value", "")
    for name in sorted(part.attributes.keys() & MEANT[part.tag] - shape.part_attributes):
        homes = [f"<{one.opening}>" for one in BY_TAG.values() if name in one.part_attributes]
        yield part.line, f'<{part.tag} value="{value}" {name}="..."> makes sense in {" or ".join(homes)} alone.'
    try:
        shape.part_options(part.attributes)
    except ValueError as error:
        yield part.line, f'<{part.tag} value="{value}">: {error}.'


def _wrong_regions(node: Node, controls: Sequence[Node]) -> Iterator[tuple[int, str]]:
    """Of a control that is asked per region, what names no regions of the config."""
    if not node.says("perRegion"):
        return
    placed = [one for one in controls if _is_placed(one)]
    if not placed:
        yield node.line, f'<{node.tag} perRegion="true">: the config asks for no regions.'
        return
    names = {one.attributes.get("name") for one in placed}
    for name in _of(node):
        if name not in names:
            yield node.line, f'<{node.tag} whenTagName="{name}"> names no control for regions.'
    known = {value for one in placed for value in one.values}
    if (label := node.attributes.get("whenLabelValue")) is not None:
        for value in _listed(label, known):
            if value not in known:
                yield node.line, f'<{node.tag} whenLabelValue="{value}"> names no label of regions.'


def _parts(node: Node, part: str, above: tuple[str, ...] = ()) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """The elements (``part``) below a control that name a class, each with its value and those around it."""
    for child in node.children:
        if child.tag == part:
            path = (*above, child.attributes.get("value", ""))
            yield child, path
            yield from _parts(child, part, path)


def _selected(node: Node, shape: Shape) -> list[str]:
    return [shape.class_name(path) for child, path in _parts(node, shape.part) if child.says("selected")]


def _of(node: Node) -> tuple[str, ...]:
    """The controls that ``whenTagName`` names; none where it names the object, of which all regions are."""
    tags = node.attributes.get("whenTagName", "")
    return () if tags in ("", node.attributes.get("toName")) else tuple(tags.split(","))


def _listed(text: str, known: Collection[str]) -> list[str]:
    """The labels that an attribute names: itself, where it is one, else those between its commas."""
    return [text] if text in known else text.split(",")


def _is_built(xml: str, root: Node) -> bool:
    """Whether a config is to the letter what ``labeling_config.build`` writes.

    Label Studio reads those as we do, and importing its library takes a process half a second and 60 MiB.
    """
    nodes = [(node, shape.task) for node in root.walk() if (shape := _kind_of(node))]
    if len(nodes) != 1:
        return False
    [(node, task)] = nodes
    values = node.values
    numbers = {child.attributes.get("value", ""): child.attributes.get("category", "") for child in node.children}
    if not all(_NUMBER.fullmatch(number) for number in numbers.values()):
        return False
    categories = {value: int(number) for value, number in numbers.items() if number}
    required = "required" in node.attributes
    medium = next(BY_OBJECT[one.tag].kind for one in root.walk() if one.tag in BY_OBJECT)
    return labeling_config.build(values, task, required=required, categories=categories, medium=medium) == xml


def _ask_sdk(xml: str) -> None:
    """Refuses what Label Studio itself does not accept."""
    if said := _sdk_refusal(xml):
        error = f"Label Studio does not accept this config: {said}"
        raise BadInput(error, code="bad_config", problems=[{"line": 1, "error": error}])


@lru_cache(maxsize=64)
def _sdk_refusal(xml: str) -> str:
    """What label-studio-sdk says against a config, which takes it a twentieth of a second; empty where it takes it."""
    from label_studio_sdk.label_interface.interface import LabelInterface

    try:
        interface: Any = LabelInterface(xml)
        interface.validate()
    except Exception as error:  # the library raises many kinds; whatever it says is about the config
        return str(error) or type(error).__name__
    return ""


def _control(node: Node, shape: Shape, nodes: Sequence[Node], objects: Sequence[Node]) -> Control:
    """A control as its element says it; ``nodes`` are those of all controls."""
    said = node.attributes
    label = said.get("whenLabelValue")
    known = {value for one in nodes if _is_placed(one) for value in one.values}
    multiple = shape.whole and said.get("choice", "single") == "multiple"
    return Control(
        name=said["name"],
        type=shape.opening,
        to_name=said["toName"],
        choice="multiple" if multiple else "single",
        required=node.says("required"),
        labels=tuple(
            Label(shape.class_name(path), part.get("hotkey", "").lower(), part.get("hint", "").strip())
            for part, path in ((child.attributes, path) for child, path in _parts(node, shape.part))
        ),
        options=_options(node, shape),
        per_region=node.says("perRegion"),
        of=_of(node),
        labelled=() if label is None else tuple(_listed(label, known)),
        page=config_objects.page_of(node, objects),
        pages=config_objects.compared(node, shape, objects),
    )


def _links(node: Node, to_name: str) -> Control:
    """The classes of relations, as a control; any relation may be left without a class."""
    labels = tuple(Label(value) for value in node.values)
    return Control(relations.NAME, node.tag, to_name, "single", False, labels)


def _options(node: Node, shape: Shape) -> dict[str, Any]:
    """What a control asks beyond its labels, and its classes beyond their names."""
    parts = ((shape.class_name(path), shape.part_options(part.attributes)) for part, path in _parts(node, shape.part))
    classes = {name: asks for name, asks in parts if asks}
    return shape.options(node.attributes, _selected(node, shape)) | ({"classes": classes} if classes else {})


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
        keyed = control.type in BY_TAG and not BY_TAG[control.type].nested
        for label in control.labels:
            number = class_ids[control.name, label.value]
            usual = HOTKEYS[number - 1] if number <= len(HOTKEYS) and HOTKEYS[number - 1] not in asked else ""
            key = label.hotkey or usual
            if key in given or not keyed:
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
                **_more(control),
            }
        )
    return rows


def _more(control: Control) -> dict[str, Any]:
    """What most controls do not say."""
    said: dict[str, Any] = {"options": dict(control.options)} if control.options else {}
    if control.per_region:
        said |= {"per_region": True, "of": [*control.of], "labelled": [*control.labelled]}
    if control.pages:
        said["pages"] = [*control.pages]
    return said if control.page is None else said | {"page": control.page}
