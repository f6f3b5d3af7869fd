"""What an import writes without regions is what it would write with them, to the byte."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motherlode.formats.settling import as_regions
from motherlode.formats.source import Draft
from motherlode.formats.texts import Asked, as_texts
from motherlode.regions import Control, texts_of

pytestmark = pytest.mark.once

NAMES = {'a"b': 1, "\u00e9 c": 2, "none": 0}
CONTROLS = [Control("la'b\u00e9l", "box", "image", NAMES), Control("kind", "choice", "image", NAMES)]
CONTROLS += [Control("outline", "polygon", "image", NAMES)]
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1e16, 1e22, 5e-324, 0.1])
RING = st.tuples(*[st.tuples(st.integers(0, 9).map(float), st.integers(0, 9).map(float))] * 3)


def _drafts(kind: str, geometry: st.SearchStrategy[Any]) -> st.SearchStrategy[Draft]:
    return st.builds(
        Draft,
        label=st.sampled_from(sorted(NAMES)),
        geometry=geometry,
        kind=st.just(kind),
        area=st.none() | NUMBERS,
        iscrowd=st.booleans(),
        difficult=st.booleans(),
        attributes=st.dictionaries(st.text(), st.text() | NUMBERS | st.booleans() | st.none() | st.lists(NUMBERS)),
    )


DRAFTS = (
    _drafts("box", st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
    | _drafts("choice", st.none())
    | _drafts("polygon", st.tuples(st.tuples(RING)))
)


@given(st.lists(DRAFTS, max_size=4), st.text(min_size=1))
def test_texts_without_regions_are_those_of_regions(drafts: list[Draft], path: str) -> None:
    twice = [*drafts, *drafts]  # equal regions of an item are told apart
    assert as_texts(path, twice, Asked(CONTROLS)) == texts_of(as_regions(path, twice, CONTROLS))


def test_a_label_that_no_control_has_is_refused() -> None:
    with pytest.raises(KeyError, match="other"):
        as_texts("a.png", [Draft("other", (0.0, 0.0, 1.0, 1.0))], Asked(CONTROLS))
    with pytest.raises(ValueError):
        as_texts("a.png", [Draft("none", (0.0, 0.0, 1.0, 1.0), area=float("inf"))], Asked(CONTROLS))
