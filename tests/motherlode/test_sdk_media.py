"""Media: told by the name, probed from the bytes, written as a block."""

import codecs
import io
from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests.broken import declared

from motherlode import media
from motherlode.media import BadMedia, Image, Other, Text
from motherlode.media.text import MAX_BYTES, decoded


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()


def turned_jpeg() -> bytes:
    file = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.new("RGB", (40, 30)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_a_files_medium_is_told_by_its_ending() -> None:
    assert media.named("a/b.TXT") is Text
    assert media.named("a.b.jpeg") is Image
    assert media.named("notes.md") is None
    assert media.named("txt") is None


def test_an_image_is_probed_upright() -> None:
    assert Image.probe(png(4, 3)).block() == {"kind": "image", "width": 4, "height": 3}
    assert Image.look(io.BytesIO(turned_jpeg())) == (Image(30, 40), 6)
    with pytest.raises(BadMedia, match="is not an image that can be read; mend it"):
        Image.probe(png(4, 3)[:40])


@pytest.mark.parametrize("limit", [None, 1000], ids=["memory", "Pillow"])
def test_a_picture_of_more_pixels_than_can_be_decoded_is_called_large(
    limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(BadMedia, match="has more pixels than can be decoded") as refused:
        Image.probe(declared(2**31 - 1, 2**31 - 1))
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"abc\r\n", 5),
        ("Größe 🙂".encode(), 7),
        (codecs.BOM_UTF8 + "é".encode(), 1),
        (codecs.BOM_UTF16_LE + "a🙂".encode("utf-16-le"), 2),
        (codecs.BOM_UTF16_BE + "äb".encode("utf-16-be"), 2),
    ],
)
def test_a_texts_length_is_in_code_points(data: bytes, length: int) -> None:
    assert Text.probe(data).block() == {"kind": "text", "length": length}
    assert len(decoded(data)) == length


@pytest.mark.parametrize(
    ("data", "says", "code"),
    [
        (b"", "is empty, so there is nothing to label; leave it out", "empty"),
        (codecs.BOM_UTF8, "is empty", "empty"),
        ("Größe".encode("latin-1"), "is not UTF-8 at byte 2 and has no byte order mark of UTF-16; save it", "not_read"),
        (codecs.BOM_UTF16_LE + b"a", "is not the UTF-16 that its byte order mark says; save it as UTF-8", "not_read"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8", "is not the UTF-16 that its byte order mark says", "not_read"),
        (codecs.BOM_UTF32_LE + "a".encode("utf-32-le"), "is UTF-32, which is not read; save it as UTF-8", "not_read"),
        (b"\xed\xa0\x80", "is not UTF-8 at byte 0", "not_read"),
        ("ab".encode("utf-16-le"), "holds a NUL character, so it is not a text; leave it out", "not_read"),
        (b"a" * (MAX_BYTES + 1), "is larger than 16 MiB; split it into documents", "too_large"),
    ],
)
def test_what_is_not_a_text_is_named_with_its_remedy(data: bytes, says: str, code: str) -> None:
    with pytest.raises(BadMedia, match=says) as raised:
        Text.probe(data)
    assert raised.value.code == code


def test_a_row_and_a_block_give_the_same_media() -> None:
    assert media.of("image", width=4, height=3) == Image(4, 3) == media.from_block(Image(4, 3).block())
    assert media.of("text", width=4, length=9) == Text(9) == media.from_block(Text(9).block())
    with pytest.raises(BadMedia, match="'volume' is not one of the media image, text"):
        media.of("volume")


def test_a_block_of_another_medium_or_with_more_fields_is_kept_as_it_is() -> None:
    for block in ({"kind": "volume", "spacing": [0.5, 2.0]}, {"kind": "text", "length": 3, "language": "de"}):
        found = media.from_block(block)
        assert isinstance(found, Other)
        assert found.block() == block
    with pytest.raises(BadMedia, match="names its kind"):
        media.from_block({"width": 3})


def test_looking_at_a_text_reads_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    with (tmp_path / "a.txt").open("rb") as file:
        assert Text.look(file) == (Text(3), 1)
