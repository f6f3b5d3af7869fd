"""JSON from outside is read fast where that says the same, and looked at closely where it may hold a flaw."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lode_platform import free_json
from motherlode import json_flaws

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "text",
    [
        "9" * 310,
        '{"a":-1e999}',
        "[1,\n2.5E999]",
        '"\\u0000"',
        '"\\ud800"',
        '"\\uDFFF"',
        "1e400",
        "1E+999",
        "-3.5e309",
        "9" * 240 + "e99",
        "[1, {" + '"a": 1e308123}]',
    ],
)
def test_a_flaw_is_seen(text: str) -> None:
    value, found = free_json.loads_looked_at(text)
    assert found is not None and found == free_json.flaw(value)


@pytest.mark.parametrize(
    "text", ['"\\u00e9 \\n"', "1e30", "1e-300", "[1.25, 300.5]", '"e1 e23"', "9" * 150, '"d41e4001"', '"1e999"', "-0"]
)
def test_plain_values_are_read_as_they_stand(text: str) -> None:
    value, found = free_json.loads_looked_at(text)
    assert found is None and repr(value) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text", ["NaN", "[1,]", '{"a": Infinity}', "\ufeff1", "01", '"\x00"', "[" * 2000, "[" * 65 + "]" * 65]
)
def test_what_is_not_json_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        free_json.loads_looked_at(text)


@given(
    st.lists(st.text('[]{}\\"é') | st.integers(), min_size=1, max_size=30),
    st.integers(60, 68),
    st.booleans(),
    st.booleans(),
)
def test_depth_is_counted_alike_whatever_texts_hold(
    said: list[Any], levels: int, objects: bool, ascii_only: bool
) -> None:
    value: Any = said
    for level in range(levels - 1):
        value = {str(said[0]): value} if objects and level % 2 else [*said, value, []]
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json_flaws.too_deep(text, value) == (levels > free_json.MAX_DEPTH)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**62, 2**66) | st.floats(allow_nan=False) | st.text(),
    lambda one: st.lists(one) | st.dictionaries(st.text(), one),
)


@given(_VALUES, st.booleans())
def test_any_value_is_read_as_the_standard_library_reads_it(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).replace("Infinity", "1e999")
    read, found = free_json.loads_looked_at(text)
    plain = json.loads(text)
    assert repr(read) == repr(plain) and found == free_json.flaw(plain)
