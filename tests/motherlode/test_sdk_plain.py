"""A line read without drafts says what it says with them, to the byte."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motherlode.formats.plain import Plain, plain_regions
from motherlode.formats.settling import settle
from motherlode.formats.source import Draft, Record
from motherlode.formats.texts import Asked, as_texts
from motherlode.media import Image, Media, Text
from motherlode.regions import Control, Texts

pytestmark = pytest.mark.once

NAMES = {'a"b': 1, "\u00e9 c": 2, "none": 0}
CONTROLS = [Control("la'b\u00e9l", "box", "image", NAMES), Control("kind", "choice", "image", NAMES)]
PICTURE = Image(64, 48)
SIDES = st.sampled_from([-1.0, -0.0, 0.0, 0.1, 3.0, 12.34, 47.5, 48.0, 64.0, 65.0, 1e308]) | st.floats(0, 64)
ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, 1, "1", [], float("inf")])


def usual(draft: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A line as clients send them, with up to four of these regions, and what it may say besides."""
    more = {"width": st.sampled_from([64, 32, 0, "64"]), "height": st.just(48), "file": st.just("a.json")}
    more |= {"control": st.sampled_from(["", "kind"]), "lost": st.just(1), "strict": st.just(True)}
    required = {"path": st.just("a.png"), "labelled": st.just(True), "regions": st.lists(draft, max_size=4)}
    return st.fixed_dictionaries(required, optional=more)


REGION = st.fixed_dictionaries(
    {
        "kind": st.just("box"),
        "label": st.sampled_from(sorted(NAMES)),
        "box": st.tuples(SIDES, SIDES, SIDES, SIDES).map(list),
    },
    optional={"area": SIDES, "iscrowd": st.just(True), "row": st.just("object 1")},
)
ODD_REGION = st.fixed_dictionaries(
    {"label": st.sampled_from([*NAMES, 5, None])},
    optional={"kind": st.sampled_from(["box", "choice", "x"]), "box": ODD | st.lists(SIDES, min_size=3, max_size=5)}
    | dict.fromkeys(("area", "iscrowd", "row", "attributes", "relative", "difficult", "type"), ODD),
)


def said(row: dict[str, Any], path: str = "a.png", media: Media = PICTURE) -> Texts | None:
    """What a line says, where it is plain."""
    regions = plain_regions(row)
    return None if regions is None else Plain(Asked(CONTROLS)).texts(path, row, regions, media)


@given(usual(REGION) | usual(REGION | ODD_REGION), st.text(min_size=1))
def test_what_a_plain_line_says_is_what_its_drafts_say(row: dict[str, Any], path: str) -> None:
    asked = Asked(CONTROLS)
    if plain_regions(row) is None:
        return
    record = Record.from_json(row)
    assert {draft.kind for draft in record.drafts} <= {"box"} and record.labelled
    drafts, problems = settle(record, PICTURE)
    texts = said(row, path)
    if texts is not None:
        assert not problems and record.comes_in(len(drafts))
        assert texts == as_texts(path, drafts, asked)


def test_the_usual_line_is_plain() -> None:
    drafts = [Draft("none", (0.0, 1.0, 64.0, 48.0), area=7.5, iscrowd=True, row="object 1")] * 2
    row = Record("a.png", True, True, "a.json", 64, 48, "train", drafts).as_json()
    assert said(row) == as_texts("a.png", drafts, Asked(CONTROLS))
    assert said({**row, "regions": []}) == ("[]", "[]", "[]")


@pytest.mark.parametrize("change", [{"width": 32}, {"lost": 1}, {"labelled": False}, {"regions": [{}]}])
def test_a_line_of_which_more_is_to_be_said_is_not_plain(change: dict[str, Any]) -> None:
    row = {"path": "a.png", "labelled": True, "width": 64, "height": 48, "regions": [], **change}
    assert said(row) is None


def test_boxes_of_a_text_and_labels_that_nobody_asks_for_are_left_to_others() -> None:
    row = Record("a.png", True, True, drafts=[Draft("other", (0.0, 0.0, 1.0, 1.0))]).as_json()
    assert said(row) is None
    assert said({**row, "regions": []}, media=Text(3)) is None
