"""Pages draw a polygon along its outlines, from a region or from a label set's line."""

from lode_platform import drawing
from motherlode.regions import Region

RING = ((1.0, 2.0), (9.0, 2.0), (9.0, 8.5))
OTHER = ((20.0, 20.0), (30.0, 20.0), (30.0, 30.0))


def test_every_part_is_an_outline_whoever_says_the_region() -> None:
    region = Region("p", "polygon", 1, "cell", ((RING,), (OTHER,)))
    assert [tuple(ring) for ring in drawing.outlines(region)] == [RING, OTHER]
    assert [tuple(ring) for ring in drawing.outlines(region.as_json())] == [RING, OTHER]
    assert drawing.path(drawing.outlines(region)) == "M1 2L9 2L9 8.5ZM20 20L30 20L30 30Z"
