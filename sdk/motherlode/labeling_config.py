"""Writes and reads Label Studio labeling configs: a new one for some labels, or an existing one with more labels.

Pure text: what is not added stays as it was written. The server and the client use the same functions, so a schema that
an import makes reads the same on either side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import quoteattr

from motherlode.errors import BadInput
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.media import MEDIA
from motherlode.shapes import BY_TASK, Shape, asked_by_tag

__all__ = ["Task", "add_labels", "build", "controls_of", "medium_of", "objects_of", "part_options"]

DEFAULT_MEDIUM = next(iter(MEDIA))

Task: TypeAlias = str
"""What a schema asks for: the `task` of a kind, a key of `motherlode.shapes.BY_TASK`."""


def build(
    labels: Sequence[str],
    task: str,
    *,
    required: bool = False,
    categories: Mapping[str, int] | None = None,
    medium: str = "",
    control: str = "",
    parts: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """A config that asks for `labels` of `task` on an item of that medium, a key of `motherlode.media.MEDIA`; ""
    for the first that has such labels.

    `required`: an item without an answer cannot be submitted. `categories` gives the COCO category ids of labels,
    `control` the name of the control, "" for the kind's own, `parts` what the elements of labels say beyond their
    names, by label: the kind's `example` where there is none. Raises `BadInput` where the medium has no such labels.
    """
    shape = BY_TASK[task]
    medium = medium or next(kind for kind in MEDIA if shape.fits(kind))
    if not shape.fits(medium):
        whole = " and ".join(MEDIA[kind].plural for kind in sorted(shape.media))
        raise BadInput(f"{task} are labels of {whole}, not of {MEDIA[medium].plural}; classes are of both")
    extra = (f' choice="{shape.choice}"' if shape.choice else "") + (' required="true"' if required else "")
    return "\n".join(
        [
            "<View>",
            f'  <{MEDIA[medium].tag} name="{medium}" value="${medium}"/>',
            f'  <{shape.opening} name={quoteattr(control or shape.control_name)} toName="{medium}"{extra}>',
            *(f"    {_label(shape, label, categories, parts)}" for label in labels),
            f"  </{shape.tag}>",
            "</View>",
            "",
        ]
    )


def add_labels(
    config: str,
    labels: Sequence[str],
    *,
    task: str | None = None,
    categories: Mapping[str, int] | None = None,
    control: str = "",
    parts: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """`config` with `labels` at the end of its first control for `task`, by default of the first task that it asks for.

    `control` names the one meant; `parts` are as in `build`. Raises `ValueError` where the config has no such control.
    """
    for shape in [BY_TASK[task]] if task else filter(lambda one: one.labelled, BY_TASK.values()):
        at = config.find(f"</{shape.tag}", _start(config, shape, control))
        if at >= 0:
            indent = config[config.rfind("\n", 0, at) + 1 : at]
            pad = indent if not indent.strip() else ""
            rows = "".join(f"  {_label(shape, label, categories, parts)}\n{pad}" for label in labels)
            return config[:at] + rows + config[at:]
    raise ValueError("the config has no control to add labels to")


def _start(config: str, shape: Shape, control: str) -> int:
    """Where the first control of a kind begins, or the one of that name; the end where there is none."""
    for found in re.finditer(rf"""<{shape.tag}((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*>""", config):
        said = fromstring(f"<{shape.tag}{found[1]}/>").attrib
        if asked_by_tag(shape.tag, said) is shape and control in ("", said.get("name")):
            return found.start()
    return len(config)


def controls_of(config: Element) -> dict[str, tuple[str, list[str]]]:
    """The opening (`motherlode.shapes.BY_TAG`) and the classes of each control of a parsed config, by its name."""
    found = {}
    for node in config.iter():
        shape = asked_by_tag(str(node.tag), node.attrib)
        if shape is not None and node.get("name"):
            found[str(node.get("name"))] = (shape.opening, [shape.class_name(path) for path in _paths(node, shape)])
    return found


def part_options(config: Element) -> dict[str, dict[str, dict[str, Any]]]:
    """What the elements of classes ask beyond their names, by control and label, where they ask anything; what cannot
    be is left out."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for node in config.iter():
        shape = asked_by_tag(str(node.tag), node.attrib)
        for part in node if shape is not None and not shape.nested else ():
            with suppress(ValueError):
                if shape is not None and part.tag == shape.part and (asks := shape.part_options(part.attrib)):
                    found.setdefault(str(node.get("name")), {})[str(part.get("value"))] = asks
    return found


def _paths(node: Element, shape: Shape, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The values of each element below a control that names a class, and of those around it."""
    for child in node:
        own = above
        if child.tag == shape.part:
            own = (*above, str(child.get("value")))
            yield own
        yield from _paths(child, shape, own)


def medium_of(config: str) -> str:
    """The medium that a config asks about, a key of `motherlode.media.MEDIA`. Raises `ValueError` for no config."""
    return next((kind for _, kind in _objects(config)), DEFAULT_MEDIUM)


def objects_of(config: str) -> list[str]:
    """The names of what a config asks about, in its order; several are the pictures of an item. Raises `ValueError`
    for no config."""
    return [name for name, _ in _objects(config)]


@lru_cache(maxsize=256)
def _objects(config: str) -> tuple[tuple[str, str], ...]:
    """The name and the medium of each object."""
    try:
        nodes = [*fromstring(config).iter()]
    except ParseError as error:
        raise ValueError(f"the config is not well-formed XML: {error}") from None
    tags = ((node.get("name", ""), str(node.tag)) for node in nodes)
    return tuple((name, BY_OBJECT[tag].kind) for name, tag in tags if tag in BY_OBJECT)


def _label(
    shape: Shape,
    label: str,
    categories: Mapping[str, int] | None,
    parts: Mapping[str, Mapping[str, str]] | None,
) -> str:
    # `category` is Label Studio's own attribute for the id that a label has in COCO files
    category = f' category="{categories[label]}"' if categories and label in categories else ""
    said = "".join(f" {name}={quoteattr(text)}" for name, text in (parts or {}).get(label, shape.example).items())
    return f"<{shape.part} value={quoteattr(label)}{category}{said}/>"
