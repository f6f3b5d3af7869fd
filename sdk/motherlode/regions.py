"""Regions as label sets, versions and evaluation hold them: float64 pixels, xyxy, of the upright image.

Label Studio's result JSON speaks of percent of the upright image; `from_result` and `as_result` are the only place
where the two meet, exact to 1e-6 pixel.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from motherlode.errors import BadInput

__all__ = [
    "BadRegion",
    "Box",
    "Clip",
    "Region",
    "as_result",
    "clip_box",
    "dump",
    "from_json",
    "from_result",
    "load",
    "moved",
    "region_ids",
]

Box: TypeAlias = tuple[float, float, float, float]
Kind: TypeAlias = Literal["box", "choice"]
Clip: TypeAlias = Literal["ok", "clipped", "degenerate", "outside"]

REGION_NAMESPACE = uuid5(NAMESPACE_URL, "urn:motherlode:region")


class BadRegion(BadInput):
    """A region that cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Region:
    """One thing said of an item.

    `id` stays through edits, versions and exports. `class_id` is the label's permanent number in the schema; `label` is
    its name as the reader's schema gives it, "" where the reader knew none. `box` is xyxy in pixels, None for a choice.
    `area` is an imported area in square pixels (COCO's, of the mask) and None where the box's own counts. `frame` is
    a video frame, None for an image.
    """

    id: str
    type: Kind
    class_id: int
    label: str = ""
    box: Box | None = None
    area: float | None = None
    iscrowd: bool = False
    difficult: bool = False
    frame: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self, *, names: bool = False) -> dict[str, Any]:
        """The region as a JSON object; what is at its default is left out.

        The label's name is left out too, unless `names`: it is the schema's to say, so that renaming a label rewrites
        no label set.
        """
        row: dict[str, Any] = {"class_id": self.class_id, "id": self.id, "type": self.type}
        if self.box is not None:
            row["box"] = [float(value) + 0.0 for value in self.box]
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
        if names:
            row["label"] = self.label
        return row

    @property
    def width(self) -> float:
        """Width of the box in pixels, 0 for a choice."""
        return self.box[2] - self.box[0] if self.box else 0.0

    @property
    def height(self) -> float:
        """Height of the box in pixels, 0 for a choice."""
        return self.box[3] - self.box[1] if self.box else 0.0


def from_json(row: Mapping[str, Any], names: Mapping[int, str] | None = None) -> Region:
    """Read what `as_json` wrote; `names` gives the label of each class id. Raises `BadRegion`."""
    try:
        kind = row["type"]
        if kind not in ("box", "choice"):
            raise BadRegion(f"region {row['id']}: type {kind!r} is neither 'box' nor 'choice'")
        class_id = int(row["class_id"])
        box = _box(row["box"]) if kind == "box" else None
        area, frame = row.get("area"), row.get("frame")
        return Region(
            id=str(row["id"]),
            type=kind,
            class_id=class_id,
            label=names.get(class_id, "") if names is not None else str(row.get("label", "")),
            box=box,
            area=None if area is None else float(area),
            iscrowd=bool(row.get("iscrowd", False)),
            difficult=bool(row.get("difficult", False)),
            frame=None if frame is None else int(frame),
            attributes=dict(row.get("attributes") or {}),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, BadRegion):
            raise
        raise BadRegion(f"region {dict(row)!r}: {type(error).__name__} {error}") from None


def _box(values: Sequence[Any]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    if not math.isfinite(x1 + y1 + x2 + y2):
        raise BadRegion(f"box {list(values)!r} holds a number that is not finite")
    return (x1, y1, x2, y2)


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def dump(regions: Iterable[Region]) -> str:
    """Regions as canonical JSON text, in their own order: as a label set stores and a label line carries them."""
    return _encode([region.as_json() for region in regions])


def load(text: str | bytes, names: Mapping[int, str] | None = None) -> list[Region]:
    """Read what `dump` wrote."""
    return [from_json(row, names) for row in json.loads(text)]


def clip_box(box: Sequence[float], width: float, height: float) -> tuple[Box | None, Clip]:
    """Cut `box` (xyxy, pixels; numbers are edges) to an image of `width` x `height`.

    Gives the box and "ok" or "clipped", or None with "degenerate" (no area as it came, or not finite) or "outside" (no
    area within the image).
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    if not math.isfinite(x1 + y1 + x2 + y2) or x2 <= x1 or y2 <= y1:
        return None, "degenerate"
    if x1 >= 0 and y1 >= 0 and x2 <= width and y2 <= height:
        return (x1 + 0.0, y1 + 0.0, x2, y2), "ok"
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
    if cut[2] <= cut[0] or cut[3] <= cut[1]:
        return None, "outside"
    return cut, "clipped"


def moved(region: Region, box: Box) -> Region:
    """The region with another geometry: an imported `area` no longer holds and is dropped, all else stays."""
    return region if box == region.box else replace(region, box=box, area=None)


def region_ids(
    path: str, drafts: Iterable[tuple[str, Sequence[float] | None]], used: Collection[str] = ()
) -> list[str]:
    """Ids for the imported regions of one item, from its path and each region's label and box (None for a choice).

    The same import gives the same ids; equal regions of one item are told apart by the order they come in. Ids that
    the item has `used` for other regions are passed over.
    """
    seen: Counter[str] = Counter()
    ids = []
    for label, box in drafts:
        key = _encode([path, label, None if box is None else [float(value) + 0.0 for value in box]])
        own = ""
        while not own or own in used:
            own = str(uuid5(REGION_NAMESPACE, f"{key}#{seen[key]}"))
            seen[key] += 1
        ids.append(own)
    return ids


# Label Studio's result JSON


def from_result(
    result: Sequence[Mapping[str, Any]],
    width: int,
    height: int,
    class_ids: Mapping[str, int],
    before: Mapping[str, Region] | None = None,
) -> list[Region]:
    """Regions of a Label Studio result (`RectangleLabels` and `Choices`) on an upright image of `width` x `height`.

    `class_ids` gives each label's permanent number. `before` are the regions, by id, that the annotator started from:
    they lend what the editor does not show (`iscrowd`, `difficult`, attributes, and `area` while the box has not moved
    by 1e-6 pixel), and choices that hold on their ids. Raises `BadRegion` for an unknown type or label, a missing
    number or a turned box.
    """
    regions: list[Region] = []
    for entry in result:
        kind, value, name = entry.get("type"), entry.get("value") or {}, str(entry.get("id", ""))
        if not name:
            raise BadRegion(f"a {kind!r} entry has no id")
        if kind == "rectanglelabels":
            regions.append(_region_of_rectangle(name, value, width, height, class_ids, (before or {}).get(name)))
        elif kind == "choices":
            regions.extend(
                _choices(name, [str(label) for label in value.get("choices") or []], class_ids, before or {})
            )
        else:
            raise BadRegion(f"region {name}: type {kind!r} is neither 'rectanglelabels' nor 'choices'")
    return regions


def _region_of_rectangle(
    name: str, value: Mapping[str, Any], width: int, height: int, class_ids: Mapping[str, int], before: Region | None
) -> Region:
    labels = value.get("rectanglelabels") or []
    if len(labels) != 1:
        raise BadRegion(f"region {name}: a box carries one label, this one has {len(labels)}")
    label = str(labels[0])
    if value.get("rotation"):
        raise BadRegion(f"region {name}: a turned box (rotation {value['rotation']}) cannot be kept as xyxy")
    try:
        x, y = float(value["x"]), float(value["y"])
        box = _box(
            (
                x * width / 100,
                y * height / 100,
                (x + float(value["width"])) * width / 100,
                (y + float(value["height"])) * height / 100,
            )
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadRegion(f"region {name}: {type(error).__name__} {error}") from None
    class_id = _class_id(class_ids, label, name)
    if before is None or before.box is None:
        return Region(name, "box", class_id, label, box)
    if all(abs(new - old) <= 1e-6 for new, old in zip(box, before.box, strict=True)):
        box = before.box
    return replace(moved(before, box), id=name, class_id=class_id, label=label)


def _choices(
    name: str, labels: Sequence[str], class_ids: Mapping[str, int], before: Mapping[str, Region]
) -> list[Region]:
    """One entry may choose several labels, each a region. One that was chosen before keeps its id; a single choice
    keeps it when it changes. Of the others the first takes the entry's id where that is new, the rest derive theirs."""
    kept = {region.class_id: region.id for region in before.values() if region.type == "choice"}
    free = name not in kept.values() or len(kept) == len(labels) == 1
    regions = []
    for label in labels:
        class_id = _class_id(class_ids, label, name)
        own = kept.get(class_id)
        if own is None:
            own, free = name if free else str(uuid5(REGION_NAMESPACE, f"{name}/{label}")), False
        regions.append(Region(own, "choice", class_id, label))
    return regions


def _class_id(class_ids: Mapping[str, int], label: str, name: str) -> int:
    try:
        return class_ids[label]
    except KeyError:
        known = ", ".join(sorted(class_ids))
        raise BadRegion(f"region {name}: the schema has no label {label!r}; it has {known}") from None


def as_result(
    regions: Iterable[Region], width: int, height: int, from_names: Mapping[Kind, str], to_name: str
) -> list[dict[str, Any]]:
    """Regions as a Label Studio result; `from_names` names the control tag of boxes and of choices.

    Choices are gathered into the one entry Label Studio expects, under the first one's id.
    """
    result: list[dict[str, Any]] = []
    chosen: dict[str, Any] | None = None
    for region in regions:
        if region.type == "choice":
            if chosen is None:
                chosen = _entry(region.id, "choices", from_names["choice"], to_name, width, height, {"choices": []})
                result.append(chosen)
            chosen["value"]["choices"].append(region.label)
        elif region.box is not None:
            x1, y1, x2, y2 = region.box
            value = {
                "x": x1 * 100 / width,
                "y": y1 * 100 / height,
                "width": (x2 - x1) * 100 / width,
                "height": (y2 - y1) * 100 / height,
                "rotation": 0,
                "rectanglelabels": [region.label],
            }
            result.append(_entry(region.id, "rectanglelabels", from_names["box"], to_name, width, height, value))
    return result


def _entry(
    name: str, kind: str, from_name: str, to_name: str, width: int, height: int, value: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": name,
        "type": kind,
        "from_name": from_name,
        "to_name": to_name,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": value,
    }
