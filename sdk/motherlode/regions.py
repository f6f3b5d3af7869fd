"""What is said of an item, as label sets, versions and evaluation hold it: float64 pixels of the upright image.

`docs/format.md` says what its rows look like. Label Studio's result JSON speaks of percent of the upright image;
`from_result` and `as_result` are the only place where the two meet, exact to 1e-6 pixel. What a region's kind decides,
its `motherlode.shapes.Shape` says.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid5

from motherlode.controls import Control, answered, asked_by, controls_for, speaking, with_attributes
from motherlode.frames import ITEM_INDEX, frame_of, item_index
from motherlode.media import Media
from motherlode.region_ids import REGION_NAMESPACE, ids_of, place_text, region_ids, text_of_name, uuid_of
from motherlode.relations import Relation
from motherlode.shapes import RESULT_TYPES, SHAPES, BadRegion, Bounds, Clip, Geometry, Shape, asked_as, shape_in

__all__ = [
    "BadRegion",
    "Box",
    "Clip",
    "Control",
    "Geometry",
    "Kind",
    "Region",
    "Texts",
    "answered",
    "as_result",
    "asked_by",
    "box_of",
    "controls_for",
    "dump",
    "from_json",
    "from_result",
    "ids_of",
    "in_words",
    "is_known",
    "load",
    "moved",
    "place_text",
    "region_ids",
    "text_of_name",
    "texts_of",
    "uuid_of",
]

Box: TypeAlias = Bounds
Kind: TypeAlias = str
"""The name of a kind in `motherlode.shapes.SHAPES`."""

BOUNDS = "box"  # in rows of earlier versions, the key of a region's bounds, whatever its kind


@dataclass(frozen=True, slots=True)
class Region:
    """One thing said of an item: of a part of it, or of it as a whole (an answer, whose `geometry` is None).

    `id` stays through edits, versions and exports. `class_id` is the label's permanent number in the schema, 0 where an
    answer names none; `label` is its name as the reader's schema gives it, "" where the reader knew none. `value`
    is what an answer of a kind without classes says, as plain JSON: a list of texts, a number, a rating. `geometry`
    is its kind's own immutable value, in pixels: xyxy of a box, None for a choice. `area` is an imported area in
    square pixels (COCO's, of the mask) and None where the geometry's own counts. `frame` is the page, from 0 on, of a
    picture of several; None on the first page, and where there is one. `control` names the schema's control that asked;
    "" in versions published before format 1, which did not say. A kind that `motherlode.shapes` does not know keeps its
    geometry as JSON; `more` holds the fields that
    are not known.
    """

    id: str
    kind: Kind
    class_id: int
    label: str = ""
    geometry: Geometry = None
    area: float | None = None
    iscrowd: bool = False
    difficult: bool = False
    frame: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    control: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    value: Any = None

    def as_json(self, *, names: bool = False) -> dict[str, Any]:
        """The row of a region or an answer in format 1; what is at its default is left out.

        The label's name is left out too, unless `names`: it is the schema's to say, so that renaming a label rewrites
        no label set.
        """
        row: dict[str, Any] = {**self.more, "control": self.control, "id": self.id, "kind": self.kind}
        if self.class_id:
            row["class_id"] = self.class_id
        if self.geometry is not None:
            shape = SHAPES.get(self.kind)
            row["geometry"] = shape.canonical(self.geometry) if shape else self.geometry
        if self.area is not None:
            row["area"] = float(self.area) + 0.0
        if self.iscrowd:
            row["iscrowd"] = True
        if self.difficult:
            row["difficult"] = True
        if self.frame is not None:
            row["frame"] = self.frame
        if self.attributes:
            row["attributes"] = dict(self.attributes)
        if self.value is not None:
            row["value"] = self.value
        if names:
            row["label"] = self.label
        return row

    @property
    def type(self) -> Kind:
        """`kind`, as it was called before."""
        warnings.warn("Region.type is called kind", DeprecationWarning, stacklevel=2)
        return self.kind

    @property
    def whole(self) -> bool:
        """Whether it is said of the item as a whole."""
        return self.geometry is None

    @property
    def box(self) -> Box | None:
        """The smallest box around the region, xyxy in pixels; None where it is of the whole item or of a kind that is
        not known."""
        if self.geometry is None or self.kind not in SHAPES:
            return None
        return SHAPES[self.kind].bounds(self.geometry)

    @property
    def width(self) -> float:
        """Width of the box in pixels, 0 where there is none."""
        box = self.box
        return box[2] - box[0] if box else 0.0

    @property
    def height(self) -> float:
        """Height of the box in pixels, 0 where there is none."""
        box = self.box
        return box[3] - box[1] if box else 0.0


_KNOWN = frozenset(
    {"area", "attributes", "class_id", "control", "difficult", "frame", "geometry", "id", "iscrowd", "kind", "label"}
)


def from_json(row: Mapping[str, Any], names: Mapping[int, str] | None = None) -> Region:
    """Read what `as_json` wrote, or a row of a version published before format 1, which has `type`, the geometry under
    its kind's own key, and no control.

    `names` gives the label of each class id. A kind that is not known is kept as it is. Raises `BadRegion`.
    """
    try:
        kind, geometry, more = _parts(row)
        class_id = int(row["class_id"]) if _is_labelled(kind) else int(row.get("class_id", 0))
        area, frame = row.get("area"), row.get("frame")
        return Region(
            id=str(row["id"]),
            kind=kind,
            class_id=class_id,
            label=names.get(class_id, "") if names is not None else str(row.get("label", "")),
            geometry=geometry,
            area=None if area is None else float(area),
            iscrowd=bool(row.get("iscrowd", False)),
            difficult=bool(row.get("difficult", False)),
            frame=None if frame is None else int(frame),
            attributes=dict(row.get("attributes") or {}),
            control=str(row.get("control", "")),
            more=more,
            value=_value(kind, row),
        )
    except BadRegion as error:
        raise BadRegion(f"region {row.get('id')}: {error}") from None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadRegion(f"region {dict(row)!r}: {type(error).__name__} {error}") from None


def _parts(row: Mapping[str, Any]) -> tuple[Kind, Geometry, dict[str, Any]]:
    """A row's kind, its geometry, and the fields that are not known."""
    earlier = "kind" not in row
    kind = row["type"] if earlier else row["kind"]
    if not isinstance(kind, str):
        raise BadRegion(f"{kind!r} is not the name of a kind")
    shape = SHAPES.get(kind)
    key = "geometry"
    if earlier:
        key = shape.field if shape else kind
    known = _KNOWN | {"type", BOUNDS, key} if earlier else _KNOWN
    if shape is not None and not shape.labelled:
        known = known | {"value"}
    more = {name: row[name] for name in row.keys() - known}
    if shape is None:
        return kind, row.get(key), more
    return kind, None if shape.whole else shape.from_json(row[key]), more


def _is_labelled(kind: Kind) -> bool:
    return kind in SHAPES and SHAPES[kind].labelled


def _value(kind: Kind, row: Mapping[str, Any]) -> Any:
    """What an answer without a class says."""
    shape = SHAPES.get(kind)
    return None if shape is None or shape.labelled else shape.plain(row["value"])


def is_known(row: Mapping[str, Any]) -> bool:
    """Whether `from_json` can read the row of a region or an answer: its kind is known, and it says what that says."""
    shape = SHAPES.get(row.get("kind", ""))
    return shape is not None and ("class_id" if shape.labelled else "value") in row


def in_words(value: Any) -> str:
    """The value of an answer or of an attribute in words: "sharp, crowded", "animal / dog", "3"."""
    if isinstance(value, list | tuple):
        return ", ".join(" / ".join(map(str, one)) if isinstance(one, list | tuple) else str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def box_of(row: Mapping[str, Any]) -> list[float] | None:
    """The smallest box around the region of a row as `as_json` writes it; None where it has no place that is known."""
    shape = SHAPES.get(row["kind"])
    if shape is None or shape.whole:
        return None
    geometry = row["geometry"]
    if shape.fills_bounds:
        return list(geometry)
    bounds = shape.bounds(shape.from_json(geometry))
    return None if bounds is None else [float(value) + 0.0 for value in bounds]


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def dump(regions: Iterable[Region]) -> str:
    """Regions, or answers, as canonical JSON text, in their own order."""
    return _encode([region.as_json() for region in regions])


def load(text: str | bytes, names: Mapping[int, str] | None = None) -> list[Region]:
    """Read what `dump` wrote."""
    return [from_json(row, names) for row in json.loads(text)]


class Texts(NamedTuple):
    """What is held to be true of an item as canonical JSON texts of three lists: a label set keeps them, and a label
    line of a version carries them."""

    answers: str
    regions: str
    relations: str = "[]"

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of `{"answers":...,"regions":...,"relations":...}`, which is canonical JSON too."""
        document = f'{{"answers":{self.answers},"regions":{self.regions},"relations":{self.relations}}}'
        return sha256(document.encode()).hexdigest()


def texts_of(said: Iterable[Region], relations: Iterable[Relation] = ()) -> Texts:
    """What is said of an item as a whole, and of its parts, each in its order, and the links between them."""
    answers: list[dict[str, Any]] = []
    regions: list[dict[str, Any]] = []
    for one in said:
        (answers if one.whole else regions).append(one.as_json())
    lists = (answers, regions, [one.as_json() for one in relations])
    return Texts(*("[]" if not rows else _encode(rows) for rows in lists))


def moved(region: Region, geometry: Geometry) -> Region:
    """The region with another geometry: an imported `area` no longer holds and is dropped, all else stays."""
    return region if geometry == region.geometry else replace(region, geometry=geometry, area=None)


# Label Studio's result JSON


def from_result(
    result: Sequence[Mapping[str, Any]],
    media: Media,
    controls: Iterable[Control],
    before: Mapping[str, Region] | None = None,
) -> list[Region]:
    """Regions of a Label Studio result on an item of this medium, under the schema's `controls`.

    `before` are the regions, by id, that the annotator started from: they lend what the editor does not show
    (`iscrowd`, `difficult`, other attributes, and `area` while the geometry has not moved by 1e-6 pixel), and what
    is said of the whole item holds on to its ids. What a control asks per region becomes that region's attribute.
    Raises `BadRegion` for an unknown type, control or label, or a geometry that cannot be kept.
    """
    known = {control.name: control for control in controls}
    regions: list[Region] = []
    attributes: dict[str, dict[str, Any]] = {}
    for entry in result:
        name = str(entry.get("id", ""))
        if not name:
            raise BadRegion(f"a {entry.get('type')!r} entry has no id")
        try:
            shape, control = _asked(entry, known)
            if control.per_region:
                attributes.setdefault(name, {})[control.name] = shape.plain(entry["value"][shape.key])
            else:
                regions.extend(_of_entry(name, entry, media, shape, control, known, before or {}))
        except BadRegion as error:
            raise BadRegion(f"region {name}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise BadRegion(f"region {name}: {type(error).__name__} {error}") from None
    if not any(control.per_region for control in known.values()):
        return regions
    if lost := attributes.keys() - {region.id for region in regions if not region.whole}:
        raise BadRegion(f"region {min(lost)}: it is not there, and {', '.join(attributes[min(lost)])} speaks of it")
    every = [*known.values()]
    return [with_attributes(one, attributes.get(one.id, {}), every, (before or {}).get(one.id)) for one in regions]


def _asked(entry: Mapping[str, Any], controls: Mapping[str, Control]) -> tuple[Shape, Control]:
    """The kind of an entry, and the control that it answers."""
    kind = entry.get("type")
    if str(kind) not in RESULT_TYPES:
        raise BadRegion(f"type {kind!r} is not one of {', '.join(map(repr, RESULT_TYPES))}")
    control = controls.get(str(entry.get("from_name")))
    if control is None or SHAPES[control.kind].result_type != kind:
        raise BadRegion(f"the schema has no control {entry.get('from_name')!r} that takes {kind}")
    return SHAPES[control.kind], control


def _of_entry(
    name: str,
    entry: Mapping[str, Any],
    media: Media,
    shape: Shape,
    control: Control,
    controls: Mapping[str, Control],
    before: Mapping[str, Region],
) -> list[Region]:
    value = entry.get("value") or {}
    if shape.whole:
        mine = [region for region in before.values() if asked_by([*controls.values()], region) is control]
        if not shape.labelled:
            return [_of_value(name, shape.plain(value[shape.key]), control, mine)]
        return _of_whole_item(name, shape.names(value.get(shape.key)), control, mine)
    labels, frame = shape.names(value.get(shape.key)), frame_of(entry, media, control.page)
    if len(labels) != 1:
        raise BadRegion(f"{shape.one} carries one label, this one has {len(labels)}")
    shape = shape_in(value, shape).under(control, labels[0])
    geometry = shape.from_result(value, media)
    class_id = _class_id(control, labels[0])
    was = before.get(name)
    if was is None or asked_as(was.kind) != control.kind:
        return [Region(name, shape.kind, class_id, labels[0], geometry, frame=frame, control=control.name)]
    made = moved(was, shape.lent(geometry, was.geometry) if was.kind == shape.kind else geometry)
    frame = frame if ITEM_INDEX in entry or control.page is not None else was.frame
    made = replace(made, id=name, kind=shape.kind, frame=frame, control=control.name)
    return [replace(made, class_id=class_id, label=labels[0])]


def _of_value(name: str, value: Any, control: Control, before: Iterable[Region]) -> Region:
    """The one answer under a control keeps its id when it changes."""
    own = next((region.id for region in before if region.kind == control.kind), name)
    return Region(own, control.kind, 0, value=value, control=control.name)


def _of_whole_item(name: str, labels: Sequence[str], control: Control, before: Iterable[Region]) -> list[Region]:
    """One entry may choose several labels, each a region. One that was chosen before keeps its id; a single choice
    keeps it when it changes. Of the others the first takes the entry's id where that is new, the rest derive theirs."""
    kept = {region.class_id: region.id for region in before if region.kind == control.kind}
    free = name not in kept.values() or len(kept) == len(labels) == 1
    regions = []
    for label in labels:
        class_id = _class_id(control, label)
        own = kept.get(class_id)
        if own is None:
            own, free = name if free else str(uuid5(REGION_NAMESPACE, f"{name}/{label}")), False
        regions.append(Region(own, control.kind, class_id, label, control=control.name))
    return regions


def _class_id(control: Control, label: str) -> int:
    try:
        return control.class_ids[label]
    except KeyError:
        known = ", ".join(sorted(control.class_ids))
        raise BadRegion(f"the schema has no label {label!r} under {control.name!r}; it has {known}") from None


def as_result(regions: Iterable[Region], media: Media, controls: Sequence[Control]) -> list[dict[str, Any]]:
    """Regions as a Label Studio result under the schema's `controls`; what none of them asks for is left out.

    What is said of the whole item under one control is gathered into the one entry that Label Studio expects, under the
    first one's id; what is asked per region follows the region's entry, under the region's id and with its geometry.
    """
    result: list[dict[str, Any]] = []
    gathered: dict[str, list[str]] = {}
    entries: dict[str, dict[str, Any]] = {}
    for region in regions:
        control = asked_by(controls, region)
        if control is None:
            continue
        shape = SHAPES[region.kind]
        if not shape.labelled:
            result.append(_entry(region, control, media, {shape.key: region.value}))
        elif shape.whole:
            labels = gathered.setdefault(control.name, [])
            labels.append(region.label)
            if len(labels) == 1:
                result.append(_entry(region, control, media, {}))
                entries[control.name] = result[-1]
        else:
            place = shape.under(control, region.label).to_result(region.geometry, media)
            page = item_index(region.frame, media, control.page)
            entry = _entry(region, control, media, {**place, shape.key: shape.said([region.label])})
            result.append({**entry, **page})
            for asking in speaking(controls, region):
                value = {**place, SHAPES[asking.kind].key: region.attributes[asking.name]}
                result.append({**_entry(region, asking, media, value), **page})
    asked = {control.name: SHAPES[control.kind] for control in controls}
    for name, labels in gathered.items():
        entries[name]["value"] = {asked[name].key: asked[name].said(labels)}
    return result


def _entry(region: Region, control: Control, media: Media, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": region.id,
        "type": SHAPES[control.kind].result_type,
        "from_name": control.name,
        "to_name": control.objects[0],
        **media.stamp(),
        "value": value,
    }
