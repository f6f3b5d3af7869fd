"""Skeletons on images: the named points of an object, each visible, hidden or not labelled, and the edges between them.

They are Label Studio's vectors (see `polyline`) with `skeleton="true"`. Its labels name no points, so ours say them in
attributes that Label Studio keeps and does not act on: `points`, in order, and `edges`. In a value each vertex has its
point's name as `id`, and its `visibility`; a point that is not labelled has none. Label Studio keeps both, and draws
each vertex joined to the one that `prevPointId` names: the first before it that an edge joins it to.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from motherlode.media import Image, Media
from motherlode.shapes.keypoint import RADIUS, disc_overlap
from motherlode.shapes.means import mean
from motherlode.shapes.polyline import PolylineShape, broken_vertex
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, PointMap, Shape

__all__ = ["HIDDEN", "PERSON", "UNLABELLED", "VISIBLE", "Joint", "Skeleton", "SkeletonShape", "Template"]

Joint: TypeAlias = tuple[float, float, int]
"""A point: x, y in pixels and its visibility, as COCO has it; (0, 0, 0) where it is not labelled."""

Skeleton: TypeAlias = tuple[Joint, ...]
"""The points of one object, in the order in which its class names them."""

UNLABELLED, HIDDEN, VISIBLE = 0, 1, 2
MAX_POINTS = 1000
MAX_NAME = 200
SLACK = 1e-6  # pixels by which a float may stick out


@dataclass(frozen=True, slots=True)
class Template:
    """The points of a class by name, in order, and its edges, each as the places of its two points, from 0.

    Raises ValueError that says what cannot be, for a person.
    """

    points: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.points) <= MAX_POINTS:
            raise ValueError(f"it names {len(self.points):,} points; it has 1 to {MAX_POINTS:,}")
        for name in self.points:
            if not name or name != name.strip() or len(name) > MAX_NAME or not {",", ":"}.isdisjoint(name):
                what = f"1 to {MAX_NAME} characters without spaces around, comma or colon"
                raise ValueError(f"the point {name!r:.60} must be {what}")
        if len(set(self.points)) < len(self.points):
            twice = next(name for name, count in Counter(self.points).items() if count > 1)
            raise ValueError(f"two points are called {twice!r}")
        seen = set[frozenset[int]]()
        for edge in self.edges:
            for end in edge:
                if not 0 <= end < len(self.points):
                    raise ValueError(f"an edge names the point {end + 1}, and there are {len(self.points)}")
            if edge[0] == edge[1]:
                raise ValueError(f"an edge joins {self.points[edge[0]]!r} to itself")
            if frozenset(edge) in seen:
                raise ValueError(f"the edge {self._called(edge)} is there twice")
            seen.add(frozenset(edge))

    def _called(self, edge: tuple[int, int]) -> str:
        return ":".join(self.points[end] for end in edge)

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Template:
        """The template that an element's `points` and `edges` say: `points="nose,left_eye" edges="nose:left_eye"`."""
        if not attributes.get("points", "").strip():
            raise ValueError('it has no points="..."; a skeleton names them in order, with commas between')
        points = tuple(name.strip() for name in attributes["points"].split(","))
        places = {name: at for at, name in enumerate(points)}
        edges = []
        for said in filter(None, (edge.strip() for edge in attributes.get("edges", "").split(","))):
            ends = [end.strip() for end in said.split(":")]
            if len(ends) != 2:
                raise ValueError(f"the edge {said!r:.200} is not two points with a colon between")
            if unknown := next((end for end in ends if end not in places), None):
                raise ValueError(f"the edge {said!r:.200} names the point {unknown!r:.60}, which points= does not")
            edges.append((places[ends[0]], places[ends[1]]))
        return cls(points, tuple(edges))

    @property
    def attributes(self) -> dict[str, str]:
        """What `from_attributes` reads."""
        said = {"points": ",".join(self.points)}
        return {**said, "edges": ",".join(map(self._called, self.edges))} if self.edges else said

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Template:
        """Read what `as_json` gave."""
        return _template(tuple(row["points"]), tuple((one, two) for one, two in row["edges"]))

    def as_json(self) -> dict[str, Any]:
        """As the options of a control keep it."""
        return {"points": [*self.points], "edges": [[*edge] for edge in self.edges]}

    def before(self, at: int, there: Sequence[bool]) -> int | None:
        """The first point before the one at that place which an edge joins it to, of those that are `there`."""
        joined = [one + two - at for one, two in self.edges if at in (one, two)]
        return min((other for other in joined if other < at and there[other]), default=None)


@lru_cache(maxsize=256)  # a schema has few classes, and each value is read under one of them
def _template(points: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> Template:
    return Template(points, edges)


_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
PERSON = Template(
    (*_FACE, *(f"{side}_{limb}" for limb in _LIMBS for side in ("left", "right"))),
    (
        *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10)),
        *((1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
    ),
)
"""COCO's 17 points of a person: what a config made for labels has where nothing else is said."""


class SkeletonShape(Shape):
    """A skeleton's geometry is a `Skeleton`. `template` is that of a class, None where none is known: values, which
    call points by name, are read under one alone."""

    kind = "skeleton"
    task = "skeletons"
    noun = "skeleton"
    tag = PolylineShape.tag
    says = {"skeleton": "true"}
    result_type = PolylineShape.result_type
    element = "skeleton"
    field = "skeleton"
    reach = 2 * RADIUS
    pointed = True
    control_name = "skeleton"
    attributes = Shape.attributes | {"skeleton"}
    looks = PolylineShape.looks
    part_attributes = Shape.part_attributes | {"points", "edges"}
    part_looks = PolylineShape.part_looks
    example = PERSON.attributes

    def __init__(self, template: Template | None = None) -> None:
        self.template = template

    def part_options(self, attributes: Mapping[str, str]) -> dict[str, Any]:
        return Template.from_attributes(attributes).as_json()

    def fixed(self, options: Mapping[str, Any]) -> str:
        return ", ".join(options["points"])

    def sketch(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {"edges": options["edges"]}

    def bound(self, options: Mapping[str, Any]) -> SkeletonShape:
        return SkeletonShape(Template.from_json(options))

    def unfit(self, geometry: Skeleton) -> str:
        if self.template is None or len(geometry) == len(self.template.points):
            return ""
        return f"it has {len(geometry)} points, and its class names {len(self.template.points)}"

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A skeleton is drawn on an image.")
        vertices = value.get("vertices")
        if not isinstance(vertices, list) or not vertices:
            return Broken("points", "A skeleton has at least one point.")
        if len(vertices) > MAX_POINTS:
            return Broken("points", f"The skeleton has {len(vertices):,} points; at most {MAX_POINTS:,} are taken.")
        if value.get("closed") not in (None, False):
            return Broken("points", "The line is closed: a skeleton is not.")
        if broken := self._broken(vertices):
            return broken
        over, under = SLACK * 100 / media.width, SLACK * 100 / media.height
        for vertex in vertices:
            x, y = vertex["x"], vertex["y"]
            if not (-over <= x <= 100 + over and -under <= y <= 100 + under):
                return Broken("outside", f"{vertex['id']!r:.60} lies at ({x:g}, {y:g}) %, outside the image.")
        return None

    def _broken(self, vertices: Sequence[Any]) -> Broken | None:
        """The rule that vertices break by themselves."""
        seen = set[str]()
        for at, vertex in enumerate(vertices, start=1):
            if broken := broken_vertex(at, vertex):
                return broken
            name = vertex.get("id")
            if not isinstance(name, str) or (self.template is not None and name not in self.template.points):
                known = f"; its class names {', '.join(self.template.points):.500}" if self.template else ""
                return Broken("points", f"Point {at} is called {name!r:.60}{known}.")
            if name in seen:
                return Broken("points", f"Two points are called {name!r:.60}.")
            seen.add(name)
            visibility = vertex.get("visibility", VISIBLE)
            if isinstance(visibility, bool) or visibility not in (HIDDEN, VISIBLE):
                what = "it is 1 (hidden) or 2 (visible), and a point that is not labelled is left out"
                return Broken("visibility", f"The visibility of {name!r:.60} is {visibility!r:.60}; {what}.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Skeleton:
        assert isinstance(media, Image)
        if self.template is None:
            raise BadRegion("the schema does not name the points of this skeleton's class")
        if value.get("closed"):
            raise BadRegion("a closed vector cannot be kept as a skeleton")
        vertices = value["vertices"]
        if broken := self._broken(vertices):
            raise BadRegion(broken.error)
        there = {one["id"]: one for one in vertices}
        joints = []
        for name in self.template.points:
            one = there.get(name, {"x": 0, "y": 0, "visibility": UNLABELLED})
            x, y = float(one["x"]) * media.width / 100, float(one["y"]) * media.height / 100
            joints.append((x, y, one.get("visibility", VISIBLE)))
        return self.from_json(joints)

    def to_result(self, geometry: Skeleton, media: Media) -> dict[str, Any]:
        """Without a template points are called by their number, from 1."""
        assert isinstance(media, Image)
        template = self.template or Template(tuple(str(at) for at in range(1, len(geometry) + 1)))
        there = [bool(v) for _, _, v in geometry]
        vertices = []
        for at, (name, (x, y, v)) in enumerate(zip(template.points, geometry, strict=True)):
            if not v:
                continue
            place = {"id": name, "x": x * 100 / media.width, "y": y * 100 / media.height, "isBezier": False}
            before = template.before(at, there)
            joined = {} if before is None else {"prevPointId": template.points[before]}
            vertices.append({**place, **joined, "visibility": v})
        return {"vertices": vertices, "closed": False}

    def canonical(self, geometry: Skeleton) -> list[list[float | int]]:
        """Visibility stays a whole number."""
        return [[float(x) + 0.0, float(y) + 0.0, v] for x, y, v in geometry]

    def from_json(self, value: Sequence[Any]) -> Skeleton:
        """A point that is not labelled lies at 0, 0, whatever it says."""
        if isinstance(value, str | bytes) or any(isinstance(joint, str) or len(joint) != 3 for joint in value):
            raise BadRegion("a skeleton is a list of points, each of x, y and its visibility")
        if len(value) > MAX_POINTS:
            raise BadRegion(f"a skeleton has at most {MAX_POINTS:,} points, not {len(value):,}")
        joints = tuple(_joint(*joint) for joint in value)
        if not any(v for _, _, v in joints):
            raise BadRegion("a skeleton has at least one point that is labelled")
        return joints

    def from_points(self, points: Sequence[Sequence[Any]]) -> Skeleton:
        return self.from_json(points)

    def part_of_points(self, names: Sequence[str], edges: Sequence[tuple[int, int]]) -> dict[str, str]:
        return Template(tuple(names), tuple(edges)).attributes

    def points(self, geometry: Skeleton) -> Skeleton:
        return geometry

    def bounds(self, geometry: Skeleton) -> Bounds:
        xs, ys = zip(*((x, y) for x, y, v in geometry if v), strict=True)
        return (min(xs), min(ys), max(xs), max(ys))

    def area(self, geometry: Skeleton) -> float:
        """That of the box around its points."""
        x1, y1, x2, y2 = self.bounds(geometry)
        return (x2 - x1) * (y2 - y1)

    def clip(self, geometry: Skeleton, media: Media) -> tuple[Skeleton | None, Clip]:
        """Points outside are not labelled any more."""
        assert isinstance(media, Image)
        width, height = float(media.width), float(media.height)
        joints = []
        for x, y, v in geometry:
            inside = -SLACK <= x <= width + SLACK and -SLACK <= y <= height + SLACK
            kept = (min(max(x, 0.0), width), min(max(y, 0.0), height), v)
            joints.append(kept if v and inside else (0.0, 0.0, UNLABELLED))
        lost = sum(bool(v) for _, _, v in geometry) - sum(bool(v) for _, _, v in joints)
        if not any(v for _, _, v in joints):
            return None, "outside"
        return tuple(joints), "clipped" if lost else "ok"

    def similarity(self, one: Skeleton, two: Skeleton) -> float:
        """The mean, over the points that either has labelled, of how far they are alike as keypoints are: 0 for a point
        that one of them lacks."""
        if len(one) != len(two):
            return 0.0
        alike = [
            disc_overlap(a[:2], b[:2]) if a[2] and b[2] else 0.0 for a, b in zip(one, two, strict=True) if a[2] or b[2]
        ]
        return math.fsum(alike) / len(alike)

    def fused(self, geometries: Sequence[Skeleton]) -> Skeleton:
        """Point by point: the visibility that most give it, of equals the greater one, and where that says it is
        labelled, the mean of the places of those who labelled it."""
        medoid: Skeleton = super().fused(geometries)
        if len(set(map(len, geometries))) != 1:
            return medoid
        made = tuple(map(_fused_joint, zip(*geometries, strict=True)))
        return made if any(v for _x, _y, v in made) else medoid

    def mapped(self, geometry: Skeleton, point: PointMap) -> Skeleton:
        return tuple((*point(x, y), v) if v else (x, y, v) for x, y, v in geometry)

    def near(self, one: Skeleton, two: Skeleton, most: float = 1e-6) -> bool:
        if len(one) != len(two):
            return False
        both = zip(one, two, strict=True)
        return all(a[2] == b[2] and abs(a[0] - b[0]) <= most and abs(a[1] - b[1]) <= most for a, b in both)

    def words(self, geometry: Skeleton) -> str:
        labelled = sum(bool(v) for _, _, v in geometry)
        return f"{labelled} of {len(geometry)} points within {super().words(geometry)}"


def _fused_joint(joints: Sequence[Joint]) -> Joint:
    visibilities = [v for _x, _y, v in joints]
    visibility = max(set(visibilities), key=lambda v: (visibilities.count(v), v))
    if not visibility:
        return (0.0, 0.0, UNLABELLED)
    xs, ys = zip(*((x, y) for x, y, v in joints if v), strict=True)
    return (mean(xs), mean(ys), visibility)


def _joint(x: Any, y: Any, v: Any) -> Joint:
    if isinstance(v, bool) or v not in (UNLABELLED, HIDDEN, VISIBLE):
        raise BadRegion(f"the visibility {v!r:.60} is not 0 (not labelled), 1 (hidden) or 2 (visible)")
    if not v:
        return (0.0, 0.0, UNLABELLED)
    made = (float(x) + 0.0, float(y) + 0.0, int(v))
    if not (math.isfinite(made[0]) and math.isfinite(made[1])):
        raise BadRegion("a skeleton holds a number that is not finite")
    return made
