"""Label Studio's labeling configs: what they ask, which field of a task they ask about, and one made from results.

A schema here asks about `$image` or `$text`; a config that calls the field otherwise is taken with that name in its
place, and tasks keep their own.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import quoteattr

from motherlode import relations
from motherlode.controls import Control
from motherlode.errors import BadInput
from motherlode.labeling_config import controls_of, part_options
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.media import Image, Media
from motherlode.shapes import BY_TAG, asked_by_tag
from motherlode.xml_text import parse_xml

__all__ = ["Asked", "Seen", "asked_in", "with_field", "with_links", "with_our_field"]

_OBJECT = re.compile(rf"""(<(?:{"|".join(BY_OBJECT)})\b[^>]*?\bvalue\s*=\s*)(["'])\$([^"']*)\2""")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a config asks: of a medium, which stands in the `field` of each task's data; its controls, in order, and
    the one of the classes of relations. `parts` is what elements of labels say beyond names and looks, by label."""

    medium: type[Media]
    field: str
    controls: tuple[Control, ...]
    links: Control | None = None
    parts: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)


def with_our_field(config: str) -> str:
    """The config with the name that a schema has for the field of its object; all else is as it was written."""
    return with_field(config, "")


def with_field(config: str, name: str) -> str:
    """The config with this name for the field of its object, a schema's own where it is ""."""

    def named(found: re.Match[str]) -> str:
        tag = re.match(r"<(\w+)", found[1])
        assert tag is not None
        return f"{found[1]}{found[2]}${name or BY_OBJECT[tag[1]].kind}{found[2]}"

    return _OBJECT.sub(named, config)


def with_links(config: str, labels: Iterable[str]) -> str:
    """The config with these classes of relations, which Label Studio lets annotators write without asking for them."""
    rows = "".join(f"<{relations.PART} value={quoteattr(label)}/>" for label in labels)
    if not rows:
        return config
    inner, outer = config.rfind(f"</{relations.TAG}>"), config.rfind("</View>")
    at = inner if inner >= 0 else outer
    return config[:at] + (rows if inner >= 0 else f"<{relations.TAG}>{rows}</{relations.TAG}>") + config[at:]


def asked_in(config: str) -> Asked:
    """What a config asks, as far as it is known here; class ids are places in the config. Raises `BadInput`."""
    try:
        root = parse_xml(config)
    except (ExpatError, ValueError) as error:
        raise BadInput(f"the labeling config cannot be read: {error}") from None
    objects = [node for node in root.iter() if node.tag in BY_OBJECT]
    medium = BY_OBJECT[str(objects[0].tag)] if objects else Image
    value = objects[0].get("value", "") if objects else ""
    numbers: dict[tuple[str, str], int] = {}
    options = part_options(root)
    found = controls_of(root)
    controls = []
    for node in root.iter():
        name = str(node.get("name"))
        shape = asked_by_tag(str(node.tag), node.attrib)
        if shape is None or name not in found:
            continue
        ids = {label: numbers.setdefault((name, label), len(numbers) + 1) for label in found[name][1]}
        controls.append(_control(node, shape.kind, ids, options.get(name)))
    links = next((node for node in root.iter() if node.tag == relations.TAG), None)
    named = None
    if links is not None:
        labels = [str(child.get("value")) for child in links if child.tag == relations.PART]
        ids = {label: numbers.setdefault((relations.NAME, label), len(numbers) + 1) for label in labels}
        named = Control(relations.NAME, relations.KIND, "", ids)
    return Asked(medium, value.removeprefix("$") or medium.kind, tuple(controls), named, _parts(root))


def _parts(root: Element) -> dict[str, dict[str, str]]:
    """What the elements of labels say of what their regions are made of, such as a skeleton's points."""
    found: dict[str, dict[str, str]] = {}
    for node in root.iter():
        shape = asked_by_tag(str(node.tag), node.attrib)
        own = shape.part_attributes - {"value", "hotkey", "hint"} if shape is not None else frozenset()
        for part in node if own else ():
            said = {name: part.attrib[name] for name in sorted(own & part.attrib.keys())}
            if said:
                found.setdefault(str(part.get("value")), said)
    return found


def _control(node: Element, kind: str, ids: Mapping[str, int], classes: Mapping[str, Any] | None) -> Control:
    return Control(
        name=str(node.get("name")),
        kind=kind,
        to_name=str(node.get("toName", "")),
        class_ids=ids,
        single=node.get("choice", "single") != "multiple",
        options={"classes": classes} if classes else {},
        per_region=node.get("perRegion", "").lower() == "true",
        of=frozenset(_words(node.get("whenTagName", ""))),
        labelled=frozenset(_words(node.get("whenLabelValue", ""))),
    )


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@dataclass
class Seen:
    """What results say of the config that they were made under, where no file holds it: controls by name, each with
    its type, its object and its labels or, of a tree, their paths, in the order in which they were met."""

    labels: dict[str, dict[str, None]] = dataclasses.field(default_factory=dict)
    paths: dict[str, dict[tuple[str, ...], None]] = dataclasses.field(default_factory=dict)
    types: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    links: dict[str, None] = dataclasses.field(default_factory=dict)
    per_region: set[str] = dataclasses.field(default_factory=set)
    linked: bool = False
    on_images: bool = False
    several: set[str] = dataclasses.field(default_factory=set)

    def see(self, result: Iterable[Any]) -> None:
        """Take note of one result."""
        placed: set[Any] = set()
        for entry in result:
            if not isinstance(entry, dict):
                continue
            name, kind, value = entry.get("from_name"), entry.get("type"), entry.get("value")
            if kind == relations.KIND:
                self.linked = True
                self.links.update(dict.fromkeys(label for label in entry.get("labels") or () if isinstance(label, str)))
                continue
            if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(value, dict):
                continue
            known = self.labels.get(name)
            if known is None:
                known = self.labels[name] = {}
                self.types[name] = (kind, str(entry.get("to_name", "")))
            self.on_images = self.on_images or "original_width" in entry
            said = value.get(kind)
            if isinstance(said, list):
                self._see_labels(name, said, known)
            if (place := entry.get("id")) in placed:
                self.per_region.add(name)
            placed.add(place)

    def _see_labels(self, name: str, said: Sequence[Any], known: dict[str, None]) -> None:
        labels = [label for label in said if isinstance(label, str)]
        for label in labels:
            known[label] = None
        if len(labels) > 1:
            self.several.add(name)
        if len(labels) == len(said):
            return
        for path in said:
            if isinstance(path, list) and all(isinstance(step, str) for step in path):
                self.paths.setdefault(name, {}).update({tuple(path[:end]): None for end in range(1, len(path) + 1)})

    def config(self, field_name: str) -> str:
        """A config that asks for what was seen. Raises `BadInput` for a type of result that is not known."""
        medium = "Image" if self.on_images else "Text"
        to_name = next((to for _, to in self.types.values() if to), medium.lower())
        rows = [f'  <{medium} name={quoteattr(to_name)} value="${field_name}"/>']
        by_type = {shape.result_type: shape for shape in reversed(BY_TAG.values())}
        for name, (kind, _) in self.types.items():
            shape = by_type.get(kind)
            if shape is None:
                raise BadInput(f"it holds results of the type {kind!r} ({name}), which is not supported yet")
            said = ' choice="multiple"' if shape.whole and name in self.several else ""
            said += ' perRegion="true"' if shape.whole and name in self.per_region else ""
            rows.append(f"  <{shape.opening} name={quoteattr(name)} toName={quoteattr(to_name)}{said}>")
            if shape.nested:
                rows += _nested(shape.part, self.paths.get(name, {}))
            else:
                rows += [
                    f"    <{shape.part} value={quoteattr(label)}/>" for label in self.labels[name] if shape.labelled
                ]
            rows.append(f"  </{shape.tag}>")
        if self.links:
            rows += [f"  <{relations.TAG}>", *(f"    <{relations.PART} value={quoteattr(one)}/>" for one in self.links)]
            rows.append(f"  </{relations.TAG}>")
        return "\n".join(["<View>", *rows, "</View>", ""])


def _nested(part: str, paths: Iterable[tuple[str, ...]], above: tuple[str, ...] = ()) -> Iterator[str]:
    """The elements of the classes of a tree, each below the one that its path leads through."""
    every = [*paths]
    for path in every:
        if path[:-1] == above:
            yield f"{'  ' * (len(path) + 1)}<{part} value={quoteattr(path[-1])}>"
            yield from _nested(part, every, path)
            yield f"{'  ' * (len(path) + 1)}</{part}>"
