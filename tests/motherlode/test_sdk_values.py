"""Values of label files: what one text, id, flag, number or name means wherever it stands."""

import io
import json

import pytest

from motherlode.formats.values import (
    BadValue,
    flag,
    id_key,
    label_name,
    number,
    numbers,
    open_text,
    text_of,
    whole_number,
)

pytestmark = pytest.mark.once

CAT = "猫"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_xml_is_read_by_its_mark_or_its_first_bytes(encoding: str) -> None:
    text = f'<?xml version="1.0"?><name>{CAT}</name>'
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["GB2312", "gbk", "GB18030", "Shift_JIS", "EUC-JP", "euc-kr", "UTF-8"])
def test_xml_is_read_in_the_encoding_it_declares(encoding: str) -> None:
    name = "고양이" if encoding == "euc-kr" else CAT
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<name>{name}</name>'
    assert text_of(text.encode(encoding)) == text


def test_a_larger_set_under_the_name_of_the_smaller_one_is_read() -> None:
    text = '<?xml version="1.0" encoding="gb2312"?><name>貓</name>'  # not in GB2312, but in what Windows calls so
    assert text_of(text.encode("gbk")) == text


def test_utf_8_that_declares_utf_16_is_read_as_what_it_is() -> None:
    text = f'<?xml version="1.0" encoding="utf-16"?><name>{CAT}</name>'
    assert text_of(text.encode()) == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"caf\xe9", "not UTF-8 at byte 3"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "'klingon', which is not known"),
        (b'<?xml version="1.0" encoding="hex"?><a/>', "none of text"),
        (b'<?xml version="1.0" encoding="ascii"?><a>\xe9</a>', "not ASCII at byte 41"),
    ],
)
def test_text_that_cannot_be_decoded_says_why(data: bytes, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        text_of(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_json_streams_are_read_by_their_first_bytes(encoding: str) -> None:
    data = json.dumps({"name": CAT}, ensure_ascii=False).encode(encoding)
    assert json.load(open_text(io.BytesIO(data))) == {"name": CAT}


def test_numbers_and_texts_that_say_the_same_are_one_id() -> None:
    assert {id_key(value) for value in (1, 1.0, "1", "1.0", " 1 ", "1.00")} == {"1"}
    assert {id_key(value) for value in (0, -0.0, "0", "-0", "0.0")} == {"0"}
    assert id_key(2**63) == id_key(str(2**63)) == str(2**63)
    assert len({id_key(value) for value in ("007", "7", "1.5", 1.25, "a", "A")}) == 6
    assert id_key("e\u0301") == id_key("\u00e9")


@pytest.mark.parametrize("value", [None, True, float("nan"), float("inf"), "", " ", [1], {"id": 1}])
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(BadValue, match="id"):
        id_key(value)


def test_flags_are_read_in_all_the_ways_they_are_written() -> None:
    assert all(flag(value) for value in (True, 1, 1.0, "1", "1.0", "true", "True", " TRUE ", "yes"))
    assert not any(flag(value) for value in (False, 0, 0.0, "0", "0.0", "false", "False", "no", "", None))


@pytest.mark.parametrize("value", [2, -1, "maybe", "01x", float("nan"), [], {}])
def test_what_is_no_flag_is_refused(value: object) -> None:
    with pytest.raises(BadValue, match="neither yes nor no"):
        flag(value)


def test_numbers_are_finite_and_may_be_written_as_text() -> None:
    assert [number(value) for value in (3, 2.5, "2.5", " -1e3 ", ".5")] == [3, 2.5, 2.5, -1000, 0.5]
    for value in ("x", "", None, True, [1], float("nan"), float("inf"), "inf", "nan", "1_000", 10**400):
        with pytest.raises(BadValue, match="number"):
            number(value)


def test_many_numbers_at_once_are_the_same_numbers() -> None:
    assert numbers(["3", "2.5", "-1e3", ".5", "1e308", "1e308"]) == [3, 2.5, -1000, 0.5, 1e308, 1e308]
    for word in ("x", "inf", "nan", "1_000"):
        with pytest.raises(BadValue, match=f"'{word}'"):
            numbers(["1", word, "2"])


def test_whole_numbers_are_whole() -> None:
    assert [whole_number(value) for value in (3, 3.0, "3", "3.0", "-2", "007", "0")] == [3, 3, 3, 3, -2, 7, 0]
    for value in (0.5, "0.7", "x", True, float("inf")):
        with pytest.raises(BadValue, match="number"):
            whole_number(value)


def test_names_are_trimmed_and_composed() -> None:
    assert label_name("  traffic light\n") == "traffic light"
    assert label_name("cafe\u0301") == "caf\u00e9"
    assert label_name(5) == "5"
    assert label_name("x" * 200) == "x" * 200


@pytest.mark.parametrize(
    "value", ["", "  ", None, True, ["cat"], "x" * 201, "a\0b", "a\x07b", "a\nb", "\ud800", "\uffff", "$cat"]
)
def test_names_that_no_schema_can_hold_are_refused(value: object) -> None:
    with pytest.raises(BadValue, match="name"):
        label_name(value)
