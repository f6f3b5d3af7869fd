"""Masks on images: the pixels of an object (Label Studio's BrushLabels).

Label Studio's value is a run-length code of its own (`motherlode.brush`); here a mask is COCO's, whose text is
canonical. Both say the same pixels. A mask with more runs than `MAX_RUNS` is refused: a line would be too long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.brush import MAX_RUNS, read_brush, write_brush
from motherlode.masks import (
    Mask,
    Rings,
    boxed_mask,
    crossings,
    in_box,
    mapped_mask,
    mask_area,
    mask_bounds,
    mask_iou,
    mask_polygon,
    read_mask,
    tidy,
    written,
)
from motherlode.media import Image, Media
from motherlode.shapes.elements import numbers_in, said
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, PointMap, Shape

__all__ = ["MaskShape"]


class MaskShape(Shape):
    """A mask's geometry is a `Mask` of the upright image: its height, its width, and the counts of its runs."""

    kind = "mask"
    task = "masks"
    noun = "mask"
    tag = "BrushLabels"
    result_type = "brushlabels"
    element = "mask"
    field = "mask"
    masked = True
    looks = frozenset({"opacity", "fillColor", "strokeColor", "strokeWidth", "strokewidth", "showInline", "maxUsages"})
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A mask is painted on an image.")
        if value.get("format") != "rle":
            return Broken("format", f"The mask's format is {value.get('format')!r:.40}, not 'rle'.")
        try:
            read_brush(value.get("rle"), media.width, media.height)
        except BadRegion as error:
            return Broken("rle", str(error))
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Mask:
        assert isinstance(media, Image)
        return read_brush(value["rle"], media.width, media.height)

    def to_result(self, geometry: Mask, media: Media) -> dict[str, Any]:
        return {"format": "rle", "rle": write_brush(geometry)}

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Mask]:
        """CVAT's code counts background and mask by turns, along the rows of the box that it names."""
        assert isinstance(media, Image)
        left, top, width, height = (int(side) for side in numbers_in(element, "left", "top", "width", "height"))
        try:
            counts = [int(count) for count in element["rle"].split(",")]
        except (KeyError, ValueError):
            raise BadRegion("its rle is not whole numbers with commas between") from None
        return [self.from_mask(boxed_mask(counts, (left, top, width, height), media.width, media.height))]

    def to_elements(self, geometry: Mask) -> Sequence[Mapping[str, str]]:
        counts, box = in_box(geometry)
        left, top, width, height = box
        return [{"rle": ", ".join(map(str, counts)), **said(left=left, top=top, width=width, height=height)}]

    def canonical(self, geometry: Mask) -> dict[str, Any]:
        return written(geometry)

    def from_json(self, value: Mapping[str, Any]) -> Mask:
        if not isinstance(value, Mapping):
            raise BadRegion(f"{value!r:.60} is not a mask, which has a size and counts")
        return self.from_mask(read_mask(value))

    def bounds(self, geometry: Mask) -> Bounds | None:
        return mask_bounds(geometry)

    def area(self, geometry: Mask) -> float:
        return float(mask_area(geometry))

    def clip(self, geometry: Mask, media: Media) -> tuple[Mask | None, Clip]:
        assert isinstance(media, Image)
        if not mask_area(geometry):
            return None, "degenerate"
        # a mask says of each pixel of its own image whether it is one; of another it says nothing
        return (
            (geometry, "ok") if (geometry.width, geometry.height) == (media.width, media.height) else (None, "outside")
        )

    def similarity(self, one: Mask, two: Mask) -> float:
        return mask_iou(one, two)

    def mapped(self, geometry: Mask, point: PointMap) -> Mask:
        """Quarter turns are exact, and so are whole factors; else a pixel is the one in which its centre lay."""
        return mapped_mask(geometry, point)

    def near(self, one: Mask, two: Mask, most: float = 1e-6) -> bool:
        return one == two

    def from_mask(self, mask: Mask) -> Mask:
        mask = tidy(mask)
        if not mask_area(mask):
            raise BadRegion("the mask has no pixels")
        if max(len(mask.counts), crossings(mask) // 2) > MAX_RUNS:
            raise BadRegion(f"the mask has more than {MAX_RUNS:,} runs, too many for a line of labels")
        return mask

    def mask(self, geometry: Mask) -> Mask:
        return geometry

    def parts(self, geometry: Mask) -> Rings:
        return mask_polygon(geometry)

    def words(self, geometry: Mask) -> str:
        return f"{mask_area(geometry):,} pixels within {super().words(geometry)}"
