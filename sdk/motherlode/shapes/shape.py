"""What every kind of region can do: the protocol that the modules beside this one fill."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

from motherlode.errors import BadRegion
from motherlode.media import Media

if TYPE_CHECKING:
    from motherlode.masks import Mask

__all__ = ["Asked", "BadRegion", "Bounds", "Broken", "Clip", "Geometry", "Point", "PointMap", "Shape", "one_of"]

Bounds: TypeAlias = tuple[float, float, float, float]
"""xyxy in pixels of the upright image."""

Geometry: TypeAlias = Any
"""The immutable value of one kind: each kind says what its own is, None where it has none."""

Point: TypeAlias = tuple[float, float]
PointMap: TypeAlias = Callable[[float, float], Point]
"""Where a point of one image lies on another: scaled, turned by quarters, or both."""

Clip: TypeAlias = Literal["ok", "clipped", "degenerate", "outside"]


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class Broken(NamedTuple):
    """A rule that a Label Studio value breaks, and what is wrong, as a sentence."""

    rule: str
    error: str


class Asked(Protocol):
    """A control as far as the kind of its answers minds: its classes, whether it takes one, and its `options`."""

    @property
    def class_ids(self) -> Mapping[str, int]: ...
    @property
    def single(self) -> bool: ...
    @property
    def options(self) -> Mapping[str, Any]: ...


def one_of(noun: str) -> str:
    """A noun with its article: "an ellipse"."""
    return f"{'an' if noun.startswith(tuple('aeiou')) else 'a'} {noun}"


class Shape(ABC):
    """One kind of region. Geometry is in float64 pixels of the upright image; Label Studio's values are in percent.

    `kind` names it in label sets, `task` in options and imports, `noun` in sentences. `tag` is Label Studio's control
    tag, `part` the element below it that names a class ("" where none does), and `result_type` the type of its results
    and, without a `value_key`, the key in their values of what is said: of the labels, where it is `labelled`, else of
    a value without a class, which is a number where it is `numeric`. Where it is `nested`, parts stand within parts and
    a class is called by its path. `field` is the key of the geometry in a region's JSON. `whole` says that it
    speaks of the item as a whole, or of a region that is there, and has no geometry: all that is said under one
    control is then one entry of a result. `compares` is how many pictures of an item it says something of together,
    where it does. `media` are the media that it can be part of; what is whole fits all.
    Kinds that share a tag are told apart by what the control `says`: attributes, with the values that they have.
    `fills_bounds` says that it is its bounds, `outlined` that it is made of outlines and gives them, `masked` that it
    is a mask of the whole image, `pointed` that it is made of labelled points, `quotes` that it quotes the text that it
    is part of, `reach` how many pixels the bounds of
    two that are alike may lie apart. A config made for some labels calls its control `control_name` and gives it
    `choice`, where that is not "". `attributes` and `part_attributes` are what the control and its parts may say,
    `looks` and `part_looks` what else Label Studio lets them say, which changes no answer; `example` is what a part
    of a new config says where nothing else is given.
    `variant_of` is the kind whose control this one is drawn with, too, where Label Studio has one control for both: it
    has that kind's `task`, `tag` and `result_type`, and `claims` its own values. `element` is CVAT's, "" where there is
    none.
    """

    kind: ClassVar[str]
    task: ClassVar[str]
    noun: ClassVar[str]
    tag: ClassVar[str]
    says: ClassVar[Mapping[str, str]] = {}
    result_type: ClassVar[str]
    value_key: ClassVar[str] = ""
    labelled: ClassVar[bool] = True
    numeric: ClassVar[bool] = False
    nested: ClassVar[bool] = False
    part: ClassVar[str] = "Label"
    field: ClassVar[str] = ""
    whole: ClassVar[bool] = False
    compares: ClassVar[int] = 0
    media: ClassVar[frozenset[str]] = frozenset({"image"})
    fills_bounds: ClassVar[bool] = False
    outlined: ClassVar[bool] = False
    masked: ClassVar[bool] = False
    pointed: ClassVar[bool] = False
    quotes: ClassVar[bool] = False
    reach: ClassVar[float] = 0.0
    control_name: ClassVar[str] = "label"
    choice: ClassVar[str] = ""
    attributes: ClassVar[frozenset[str]] = frozenset({"name", "toName", "choice", "required"})
    looks: ClassVar[frozenset[str]] = frozenset()
    part_attributes: ClassVar[frozenset[str]] = frozenset({"value", "hotkey", "hint"})
    part_looks: ClassVar[frozenset[str]] = frozenset()
    example: ClassVar[Mapping[str, str]] = {}
    variant_of: ClassVar[str] = ""
    element: ClassVar[str] = ""

    @property
    def one(self) -> str:
        """The noun with its article: "a box"."""
        return one_of(self.noun)

    @property
    def opening(self) -> str:
        """Its control's tag, with what the control says where kinds share a tag: `Tag mode="that"`."""
        return " ".join([self.tag, *(f'{name}="{value}"' for name, value in self.says.items())])

    @property
    def segmented(self) -> bool:
        """Whether it says which pixels are an object's, as outlines or as a mask."""
        return self.outlined or self.masked

    @property
    def key(self) -> str:
        """The key, in a Label Studio value, of what is said."""
        return self.value_key or self.result_type

    def fits(self, medium: str) -> bool:
        """Whether an item of that medium can have it."""
        return self.whole or medium in self.media

    # Label Studio's side

    def claims(self, value: Mapping[str, Any]) -> bool:
        """Of a variant, whether a value that its control gave is one of its own."""
        return False

    @abstractmethod
    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        """The first rule that the geometry of a Label Studio value breaks on this medium, None where it breaks none."""

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        """The rule that what a value says breaks under the control that asked, None where it breaks none."""
        if not isinstance(said, list) or len(said) != 1:
            return Broken("label", f"{self.one.capitalize()} carries exactly one label.")
        return self.check_names(said, asked)

    def check_names(self, names: Sequence[Any], asked: Asked) -> Broken | None:
        """The rule that is broken by one that the control does not have as a class."""
        for name in names:
            if not isinstance(name, str) or name not in asked.class_ids:
                return Broken("class", f"The schema has no label {name!r:.200} here.")
        return None

    def names(self, said: Any) -> list[str]:
        """The classes that a value says, by name; none where the kind is not labelled."""
        return [str(label) for label in said or ()] if self.labelled else []

    def said(self, names: Sequence[str]) -> Any:
        """The classes of these names as a Label Studio value says them."""
        return list(names)

    def plain(self, said: Any) -> Any:
        """What a value says as label sets hold it where it has no class: plain JSON, equal where it means the same."""
        return said

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        """What the attributes of a control ask beyond its labels, as plain JSON; "default" is what is said at first.

        `selected` are the classes that the config marks so. Raises ValueError that says what cannot be, for a person.
        """
        return {}

    def part_options(self, attributes: Mapping[str, str]) -> dict[str, Any]:
        """What the element of a class asks beyond its name, as plain JSON; "classes" of a control's options has it by
        label. Raises ValueError that says what cannot be, for a person."""
        return {}

    def fixed(self, options: Mapping[str, Any]) -> str:
        """What of the options of a class no revision of a schema can change, in words: regions that are there hold to
        it. Where there is nothing of the kind, ""."""
        return ""

    def sketch(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What of the options of a class its regions are drawn with."""
        return {}

    def bound(self, options: Mapping[str, Any]) -> Shape:
        """The kind as a class with these options asks for it: values are read, checked and written by that."""
        return self

    def under(self, asked: Asked, label: str) -> Shape:
        """The kind as the class `label` of a control asks for it."""
        options = asked.options.get("classes", {}).get(label)
        return self.bound(options) if options else self

    def unfit(self, geometry: Geometry) -> str:
        """Why a geometry cannot be of the class that the kind is `bound` to, in words; "" where it can."""
        return ""

    def class_name(self, path: Sequence[str]) -> str:
        """The name of a class, from the values of its element and of those around it, the outermost first."""
        return path[-1]

    def renamed(self, name: str, old: str, new: str) -> str:
        """What a class is called after the class `old` of its control is called `new`."""
        return new if name == old else name

    def unlike(self, value: Mapping[str, Any], media: Media, text: str) -> str:
        """Of what `quotes`, how a Label Studio value that breaks no rule differs from the text that it is about, in
        words; "" where it does not."""
        return self.misquoted(self.from_result(value, media), text)

    def misquoted(self, geometry: Geometry, text: str) -> str:
        """Of what `quotes`, how that differs from the text that it is part of, in words; "" where it does not."""
        return ""

    @abstractmethod
    def from_result(self, value: Mapping[str, Any], media: Media) -> Geometry:
        """The geometry of a Label Studio value. Raises `BadRegion`, KeyError, TypeError or ValueError."""

    def sound_text(self, value: Mapping[str, Any], media: Media) -> str | None:
        """The geometry of a Label Studio value, cut to its medium, as canonical JSON text; None where it breaks a rule.
        Raises as `from_result`."""
        if self.check(value, media):
            return None
        geometry = self.from_result(value, media)
        cut, _ = self.clip(geometry, media)
        return _encode(self.canonical(geometry if cut is None else cut))

    @abstractmethod
    def to_result(self, geometry: Geometry, media: Media) -> dict[str, Any]:
        """The Label Studio value of a geometry, without its labels."""

    def lent(self, new: Geometry, before: Geometry) -> Geometry:
        """`new`, with what no editor shows taken from `before`: where nothing moved by 1e-6 pixel, `before` itself."""
        return before if self.near(new, before) else new

    # CVAT's side

    def claims_element(self, element: Mapping[str, str]) -> bool:
        """Of a variant, whether an element of that kind's is one of its own."""
        return False

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Geometry]:
        """The geometries of a CVAT element, from its attributes. Raises `BadRegion`, KeyError or ValueError."""
        raise BadRegion(f"{self.one} has no element")

    def to_elements(self, geometry: Geometry) -> Sequence[Mapping[str, str]]:
        """The attributes of the CVAT elements of a geometry, numbers with all their digits."""
        raise BadRegion(f"{self.one} has no element")

    # as label sets hold it

    @abstractmethod
    def canonical(self, geometry: Geometry) -> Any:
        """The geometry as plain JSON, numbers as floats, -0.0 as 0.0; equal geometries give equal JSON."""

    @abstractmethod
    def from_json(self, value: Any) -> Geometry:
        """Read what `canonical` wrote. Raises `BadRegion`, TypeError, ValueError or OverflowError."""

    # as a place in an image

    @abstractmethod
    def bounds(self, geometry: Geometry) -> Bounds | None:
        """The smallest box around it; None where it has no place."""

    @abstractmethod
    def area(self, geometry: Geometry) -> float:
        """Its area in square pixels."""

    @abstractmethod
    def clip(self, geometry: Geometry, media: Media) -> tuple[Geometry | None, Clip]:
        """It cut to the medium, and "ok" or "clipped"; or None with "degenerate" (it has no extent as it came, or is
        not finite) or "outside" (none within the medium). What never has an extent is "ok" or "outside"."""

    @abstractmethod
    def similarity(self, one: Geometry, two: Geometry) -> float:
        """How far two are the same place, 0 to 1: their intersection over their union, where they have an area."""

    def alike(self, one: Any, two: Any) -> float:
        """How alike two things are that were said, from 0 to 1: by default whether they are the same."""
        return float(one == two)

    def fused(self, geometries: Sequence[Geometry]) -> Geometry:
        """The one place of several that are of the same thing, whatever their order.

        By default their medoid: the one that is the most alike to the others in the mean, of equals the first as
        canonical JSON. It is as somebody drew it, so that its vertices are sound. A kind whose numbers have a mean
        gives that.
        """
        if len(geometries) < 3:
            return min(geometries, key=self._written)
        alike = [
            math.fsum(self.similarity(one, two) for at, two in enumerate(geometries) if at != place)
            for place, one in enumerate(geometries)
        ]
        most = max(alike)
        return min((one for one, sum_ in zip(geometries, alike, strict=True) if sum_ == most), key=self._written)

    def _written(self, geometry: Geometry) -> str:
        return json.dumps(self.canonical(geometry), sort_keys=True)

    def of_kind(self, other: Shape, geometry: Geometry) -> Geometry | None:
        """The geometry of another kind as one of this kind; None where it cannot be one."""
        return geometry if other.kind == self.kind else None

    @abstractmethod
    def mapped(self, geometry: Geometry, point: PointMap) -> Geometry:
        """It on another image of which `point` gives the places."""

    @abstractmethod
    def near(self, one: Geometry, two: Geometry, most: float = 1e-6) -> bool:
        """Whether no number of the two differs by more than `most`."""

    def from_parts(self, parts: Sequence[Sequence[Sequence[Point]]]) -> Geometry:
        """One object from the rings of its parts, of each the outer one first, then its holes.

        Raises `BadRegion` where the kind is not made of any.
        """
        raise BadRegion(f"{self.one} is not made of outlines")

    def parts(self, geometry: Geometry) -> Sequence[Sequence[Sequence[Point]]]:
        """The rings of its parts as `from_parts` takes them; none where the kind is not made of any."""
        return ()

    def from_points(self, points: Sequence[Sequence[Any]]) -> Geometry:
        """One object from its points, each x, y and COCO's visibility. Raises `BadRegion` where it is not `pointed`."""
        raise BadRegion(f"{self.one} is not made of labelled points")

    def part_of_points(self, names: Sequence[str], edges: Sequence[tuple[int, int]]) -> dict[str, str]:
        """What the element of a class says whose objects have these points, and edges between their places, from 0.

        Raises ValueError that says what cannot be, for a person.
        """
        raise ValueError(f"{self.one} is not made of labelled points")

    def points(self, geometry: Geometry) -> Sequence[tuple[float, float, int]]:
        """The points of what is `pointed`, as `from_points` takes them; none of any other kind."""
        return ()

    def from_mask(self, mask: Mask) -> Geometry:
        """One object from a mask of the whole image. Raises `BadRegion` where the kind is not made of any."""
        raise BadRegion(f"{self.one} is not made of a mask")

    def mask(self, geometry: Geometry) -> Mask:
        """The mask of what is `masked`."""
        raise BadRegion(f"{self.one} is not a mask")

    def words(self, geometry: Geometry) -> str:
        """The place in words, for messages."""
        found: Sequence[float] = self.bounds(geometry) or ()
        return ", ".join(f"{value:g}" for value in found)
