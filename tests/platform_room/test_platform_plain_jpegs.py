"""Plain JPEGs are decoded without Pillow, to the same answers; whatever is not plain is left to it."""

import io
from typing import Any

import pytest
from PIL import Image

from lode_platform import memory, plain_jpegs
from lode_platform.decoding import BadImage, ImageInfo

pytestmark = pytest.mark.once
MOST = 1 << 24


def jpeg(mode: str = "RGB", size: tuple[int, int] = (33, 20), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def turned(data: bytes) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("size", [(1, 1), (33, 20), (640, 480)])
def test_a_plain_jpeg_is_what_pillow_says_it_is(mode: str, size: tuple[int, int]) -> None:
    for options in ({}, {"subsampling": 0}, {"comment": b"said"}, {"restart_marker_rows": 1}):
        data = jpeg(mode, size, **options)
        assert plain_jpegs.looked_at(data + b"more behind it", MOST) == ImageInfo("image/jpeg", *size, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xda",
        jpeg(progressive=True),
        jpeg("CMYK"),
        turned(jpeg()),
        jpeg()[:-40],
        jpeg()[:300],
        jpeg(size=(1100, 1000)),
        jpeg().replace(b"\xff\xdb", b"\x00\xdb"),
    ],
    ids=["empty", "start", "scan", "progressive", "four colours", "turned", "cut", "no scan", "large", "broken"],
)
def test_what_is_not_plain_is_left_to_pillow(data: bytes) -> None:
    assert plain_jpegs.looked_at(data, MOST) is None


def test_pillow_judges_what_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = memory.probe_here(io.BytesIO(turned(jpeg())))
    assert found is not None and (found.width, found.height, found.orientation) == (20, 33, 6)
    with pytest.raises(BadImage) as refused:
        memory.probe_here(io.BytesIO(jpeg()[:-40]))
    assert refused.value.code == "corrupt"
    monkeypatch.setattr("django.conf.settings.MAX_IMAGE_PIXELS", 600)
    with pytest.raises(BadImage) as refused:
        memory.probe_here(io.BytesIO(jpeg()))
    assert refused.value.code == "too_large"
    monkeypatch.setattr(plain_jpegs, "simplejpeg", None)
    assert plain_jpegs.looked_at(jpeg(), MOST) is None


def test_a_flipped_byte_never_makes_another_picture_of_a_plain_one() -> None:
    data = jpeg(size=(16, 16))
    for at in range(2, len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x55
        quick = plain_jpegs.looked_at(bytes(changed), MOST)
        if quick is not None:
            with Image.open(io.BytesIO(changed)) as image:
                image.load()
                assert (image.width, image.height, image.mode in ("L", "RGB")) == (quick.width, quick.height, True)
