"""The quick look at JSON text that tells whether a slow one at its values is needed."""

import pytest

from lode_platform import free_json


@pytest.mark.parametrize(
    "text",
    [
        "9" * 240 + "e99",
        '{"a":-1e999}',
        "[1,\n2.5E999]",
        '"\\u0000"',
        '"\\ud800"',
        '"\\uDFFF"',
        "1e400",
        "1E+999",
        "-3.5e309",
        "9" * 310,
        "[1, {" + '"a": 1e308123}]',
    ],
)
def test_text_that_may_hold_a_flaw_is_seen(text: str) -> None:
    assert free_json.may_be_flawed(text)


@pytest.mark.parametrize(
    "text", ['"\\u00e9 \\n"', "1e30", "1e-300", "[1.25, 300.5]", '"e1 e23"', "9" * 150, '"d41e4001"', '"1e999"']
)
def test_text_of_plain_values_is_not(text: str) -> None:
    assert not free_json.may_be_flawed(text)
