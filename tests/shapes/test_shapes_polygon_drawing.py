"""Pages draw a polygon in its own shape, from a region or from a label set's line."""

from lode_platform import drawing
from motherlode.regions import Region

RING = ((1.0, 2.0), (9.0, 2.0), (9.0, 8.5))
HOLE = ((5.0, 3.0), (8.0, 3.0), (8.0, 6.0))
OTHER = ((20.0, 20.0), (30.0, 20.0), (30.0, 30.0))


def test_parts_and_holes_are_drawn_whoever_says_the_region() -> None:
    region = Region("p", "polygon", 1, "cell", ((RING, HOLE), (OTHER,)))
    (one,) = drawing.drawn(region)
    assert [one] == drawing.drawn(region.as_json())
    assert one["geometry"] == [[[list(point) for point in ring] for ring in part] for part in ((RING, HOLE), (OTHER,))]
