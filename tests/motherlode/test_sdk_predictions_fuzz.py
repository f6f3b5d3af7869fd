"""Predictions and results files made of any values: what is taken is right, what is not is named, nothing breaks."""

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motherlode import BadInput, Prediction
from motherlode.formats.source import Problem
from motherlode.results import IdMap, read_ids, read_results

pytestmark = pytest.mark.once

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(
        [10**400, -(10**400), math.nan, math.inf, -math.inf, 1e308, "", "1", "1.0", " 2 ", "\0", "\ud800", "x"]
    ),
    st.floats(),
    st.text(max_size=5),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner), max_leaves=6
)
calm = settings(max_examples=60)

PATHS = [f"images/{number}.jpg" for number in range(1, 6)]
IDS = IdMap({str(number): f"{number}.jpg" for number in range(1, 6)}, {"18": "dog"})


def row(image: int) -> dict[str, Any]:
    """A right row: its score tells the image that it is for."""
    return {"image_id": image, "category_id": 18, "bbox": [image, 2, 3, 4], "score": image / 10}


@st.composite
def mutated(draw: Any) -> dict[str, Any]:
    """A row of which one value is another, or is gone."""
    found = row(draw(st.integers(1, 5)))
    key = draw(st.sampled_from(sorted(found)))
    if draw(st.booleans()):
        found[key] = draw(values)
    else:
        del found[key]
    return found


@calm
@given(st.lists(st.integers(1, 5), min_size=3, max_size=6), st.lists(mutated() | values, max_size=3))
def test_right_rows_are_taken_beside_any_others_and_the_others_are_named(right: list[int], others: list[Any]) -> None:
    rows = [*(row(image) for image in right), *others]
    found = list(read_results(io.StringIO(json.dumps(rows)), "r.json", {"i.json": IDS}, PATHS))
    predictions = {one.path: one for one in found if isinstance(one, Prediction)}
    assert list(predictions) == PATHS
    for image in set(right):
        one = predictions[f"images/{image}.jpg"]
        own = [place for place, score in enumerate(one.scores) if score == image / 10]
        assert len(own) >= right.count(image)
        assert ((image, 2.0, image + 3.0, 6.0), "dog") in zip(one.boxes or (), one.labels, strict=True)
    told = sum(
        int(problem.what.split()[0]) if problem.kind == "unknown" else 1
        for problem in found
        if isinstance(problem, Problem)
    )
    assert told + sum(len(one.scores) for one in predictions.values()) == len(rows)


@calm
@given(values)
def test_any_document_is_an_id_map_or_is_refused_in_words(document: Any) -> None:
    for given_ in (document, {"images": [document], "categories": [document]}):
        try:
            read_ids(io.StringIO(json.dumps(given_)))
        except BadInput as error:
            assert str(error)


@calm
@given(values, values, values, st.booleans())
def test_any_values_are_a_prediction_or_are_refused_by_their_path(
    boxes: Any, labels: Any, scores: Any, one: bool
) -> None:
    said = {"label": labels, "probabilities": scores} if one else {"boxes": boxes, "labels": labels, "scores": scores}
    try:
        found = Prediction("dir/a.jpg", **said)
    except BadInput as error:
        assert "dir/a.jpg" in str(error)
        return
    for box, score in zip(found.boxes or (), found.scores, strict=True):
        assert all(map(math.isfinite, (*box, score)))
