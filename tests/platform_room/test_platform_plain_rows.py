"""Rows that are taken by the quick look are those that REST framework's own way takes, and leaves as they are."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework import serializers

from lode_platform.api.shapes import PackedItemShape, Shape

pytestmark = pytest.mark.once

UUID_TEXT = "0b8e5d0a-94a9-4c39-9a53-5f7a3c1e2d4b"
GOOD = {"path": "a/one.jpg", "md5": "0" * 32, "sha256": "1" * 64, "group": "slide 1", "size": 3, "uuid": UUID_TEXT}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 64), 1 << 64),
    st.text(max_size=40),
    st.sampled_from(["", " a", "a\n", "a\u200b", "x" * 2001, UUID_TEXT.upper(), UUID_TEXT.replace("-", ""), "1" * 65]),
    st.lists(st.none(), max_size=1),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(), max_size=1),
    st.floats(allow_nan=False),
)
CHANGES = st.dictionaries(st.sampled_from([*GOOD, "metadata", "more"]), st.one_of(st.just("left out"), ODD), max_size=2)


class Asked(Shape):
    rows = PackedItemShape(many=True, max_length=4)  # type: ignore[call-arg]


def row_of(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changes}.items() if value != "left out"}


def test_plain_rows_are_taken_at_once() -> None:
    field: Any = Asked().fields["rows"]
    rows = [row_of({}), row_of({"uuid": "left out", "size": "left out"})]
    assert field.plain(rows) == serializers.ListSerializer.run_validation(field, rows)


@example([row_of({"md5": " a"})])
@example([row_of({"group": "x" * 201})])
@example([row_of({"size": True})])
@given(st.lists(CHANGES.map(row_of), max_size=5))
def test_whatever_is_taken_at_once_is_what_the_slow_way_makes_of_it(rows: list[dict[str, Any]]) -> None:
    field: Any = Asked().fields["rows"]
    taken = field.plain(rows)
    if taken is not None:
        assert taken == serializers.ListSerializer.run_validation(field, rows)
