"""What clients may send as a value: every kind says what is wrong with it, and never fails."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motherlode.media import Image, Media, Text
from motherlode.shapes import SHAPES, Broken, shape_in

pytestmark = pytest.mark.once

KEYS = (
    "rle",
    "format",
    "x",
    "y",
    "width",
    "height",
    "rotation",
    "radiusX",
    "radiusY",
    "points",
    "closed",
    "vertices",
    "choices",
)
HUGE = 10**400
numbers = st.one_of(st.integers(-200, 200), st.floats(), st.sampled_from([HUGE, -HUGE, 1e308, -0.0, True]))
odd = st.recursive(
    st.one_of(numbers, st.none(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["x", "y", "id", "prevPointId", "isBezier"]), inner, max_size=5),
    ),
    max_leaves=8,
)
values = st.dictionaries(st.sampled_from(KEYS), odd, max_size=len(KEYS))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(value=values, media=st.sampled_from([Image(200, 50), Image(1, 30_000), Text(12)]))
def test_an_odd_value_is_named_or_read(shape: Any, value: dict[str, Any], media: Media) -> None:
    own = shape_in(value, shape) if not shape.variant_of else shape
    broken = own.check(value, media)
    assert broken is None or (isinstance(broken, Broken) and broken.rule and broken.error.endswith("."))
    if broken is None and not own.whole:
        geometry = own.from_result(value, media)
        assert own.from_json(own.canonical(geometry)) == geometry
        assert own.clip(geometry, media)[0] is not None
