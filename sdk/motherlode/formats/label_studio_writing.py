"""How labels are written as Label Studio tasks: `tasks.json`, `config.xml`, and the images of its local storage.

A project made with this config, whose storage of local files begins at the folder (`LOCAL_FILES_DOCUMENT_ROOT`), takes
`tasks.json` as it is. Texts stand in the tasks themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from motherlode import relations
from motherlode.controls import Control
from motherlode.formats.writing import ClassNames, Labelled, Put, Rows, Writer, put_image, put_text
from motherlode.label_studio.configs import Asked, asked_in
from motherlode.media import MEDIA
from motherlode.regions import Region, answered, as_result, in_words
from motherlode.shapes import BY_TAG, SHAPES, asked_as

__all__ = ["WRITER", "local_file", "result_of"]

IMAGES = "images"


def local_file(path: str) -> str:
    """The address that Label Studio's storage of local files gives to a file below its root."""
    return f"/data/local-files/?d={quote(path)}"


def _place(path: str, row: Labelled) -> str:
    return f"{IMAGES}/{path}"


def _write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    config = classes.config or _config(rows, classes)
    asked = asked_in(config)
    put_text(target / "config.xml", config.encode())
    with (target / "tasks.json").open("w", encoding="utf-8") as out:
        for number, (path, row) in enumerate(rows, start=1):
            task = _task(number, path, row, asked, target, put)
            out.write("[\n" if number == 1 else ",\n")
            out.write(json.dumps(task, ensure_ascii=False))
        out.write("\n]\n" if rows else "[]\n")


def _task(number: int, path: str, row: Labelled, asked: Asked, target: Path, put: Put) -> dict[str, Any]:
    said: Any = row.media.as_data(row.file.read_bytes()) if row.media.inline and row.file is not None else None
    if said is None:
        put_image(row, target / IMAGES / path, put)
        said = local_file(f"{IMAGES}/{path}")
    result = result_of(row, asked)
    return {
        "id": number,
        "data": {**row.metadata, asked.field: said},
        "meta": {"path": path, **({"split": row.split} if row.split else {})},
        "annotations": [{"result": result, "was_cancelled": False, "ground_truth": False}],
        "predictions": [],
    }


def result_of(row: Labelled, asked: Asked) -> list[dict[str, Any]]:
    """What is said of an item as a Label Studio result, its relations last."""
    regions = [_in_words(_named(region, asked), asked) for region in row.regions]
    result = as_result(regions, row.media, asked.controls)
    ids = {one.label: one.class_id for one in row.relations if one.class_id}
    links = Control(relations.NAME, relations.KIND, "", ids)
    drawn = {region.id for region in row.regions if not region.whole}
    return result + relations.as_entries(row.relations, links, drawn)


def _named(region: Region, asked: Asked) -> Region:
    """A region that names the control of the config which it answers."""
    kind = asked_as(region.kind)
    if any(one.name == region.control and one.kind == kind for one in asked.controls):
        return region
    control = answered(asked.controls, region.kind, region.label)
    return region if control is None else replace(region, control=control.name)


def _in_words(region: Region, asked: Asked) -> Region:
    """A region whose attributes are asked about as the texts that `_config` has for those of other formats."""
    texts = {
        one.name for one in asked.controls if one.per_region and one.name in region.attributes and one.kind == "text"
    }
    if not texts:
        return region
    said = {
        name: [in_words(value)] if name in texts and not _texts(value) else value
        for name, value in region.attributes.items()
    }
    return replace(region, attributes=said)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _config(rows: Rows, classes: ClassNames) -> str:
    """A config for labels that came without one: a control for each kind, with all classes, one for each attribute."""
    regions: list[Region] = [region for _, row in rows for region in row.regions]
    kinds = dict.fromkeys(asked_as(region.kind) for region in regions)
    attributes = dict.fromkeys(name for region in regions if not region.whole for name in region.attributes)
    medium = next((row.media.kind for _, row in rows), next(iter(MEDIA)))
    taken = {medium}
    lines = [f'  <{MEDIA[medium].tag} name="{medium}" value="${medium}"/>']
    for kind in kinds:
        shape = SHAPES[kind]
        name = _free(shape.kind, taken)
        choice = ' choice="multiple"' if shape.whole and shape.labelled else ""
        lines.append(f'  <{BY_TAG[shape.opening].opening} name="{name}" toName="{medium}"{choice}>')
        lines += [f"    {_part(shape.part, classes, number)}" for number in sorted(classes)] if shape.labelled else []
        lines.append(f"  </{shape.tag}>")
    for attribute in attributes:
        name = _free(attribute, taken)
        lines.append(f'  <TextArea name={quoteattr(name)} toName="{medium}" perRegion="true"/>')
    return "\n".join(["<View>", *lines, "</View>", ""])


def _part(part: str, classes: ClassNames, number: int) -> str:
    said = classes.parts.get(classes[number], {})
    more = "".join(f" {name}={quoteattr(text)}" for name, text in said.items())
    return f"<{part} value={quoteattr(classes[number])}{more}/>"


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _kinds() -> Iterable[str]:
    return (shape.kind for shape in SHAPES.values())


WRITER = Writer(
    "Label Studio tasks",
    frozenset({"box", "class", "outline", "mask", "attributes", "metadata", "relation", *_kinds()}),
    _write,
    _place,
    whole=True,
)
