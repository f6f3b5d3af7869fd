"""TIFFs and grey of more than 8 bits: in at the door, shown in a window, sent as numbers, and refused by name."""

import io
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.test import Client
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from lode_platform import decoding, deep
from lode_platform.callers import Caller
from lode_platform.decoding import BadImage
from lode_platform.items import AddReport, ItemSpec, add_items
from lode_platform.models import Item, Project, User
from lode_platform.store import store
from motherlode.media import Image as ImageMedia
from motherlode.samples import Labels, Sample

Clients = Callable[[User], Client]
ORIENTATION = 274


def tiff(pixels: Image.Image, **how: Any) -> bytes:
    out = io.BytesIO()
    pixels.save(out, "TIFF", **how)
    return out.getvalue()


def ramp(dtype: str = "u2", most: int = 4095, least: int = 0) -> Image.Image:
    """40 x 30 pixels that go from the least value to the greatest, left to right: twelve bits of a camera."""
    return Image.fromarray(np.tile(np.linspace(least, most, 40), (30, 1)).astype(dtype))


def colours() -> Image.Image:
    image = Image.new("RGB", (40, 30), (200, 30, 30))
    image.paste((30, 30, 200), (20, 0, 40, 30))
    return image


def add(project: Project, data: bytes, path: str = "a.tif") -> AddReport:
    blob = store().add_bytes(data)
    return add_items(project, Caller(project.created_by), [ItemSpec(path, blob.md5, blob.sha256)], trusted=True)


def item_of(project: Project, data: bytes, path: str = "a.tif") -> Item:
    report = add(project, data, path)
    assert not report.problems, report.problems
    return report.created[0]


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def got(client: Client, address: str) -> Image.Image:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return Image.open(io.BytesIO(body(answer)))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("turn", [1, 3, 6])
def test_a_tiff_comes_in_upright_and_is_shown_as_png(
    project: Project, victor: User, client_for: Clients, compression: str, turn: int
) -> None:
    data = tiff(colours(), compression=compression, tiffinfo={ORIENTATION: turn})
    item = item_of(project, data)
    size = (30, 40) if turn == 6 else (40, 30)
    assert (item.media_type, item.width, item.height) == ("image/tiff", *size)
    assert ImageMedia.probe(data) == item.media
    client = client_for(victor)
    first = {1: (200, 30, 30), 3: (30, 30, 200), 6: (200, 30, 30)}[turn]
    for address in (f"/media/{item.uuid}", f"/thumbs/{item.uuid}?size=64"):
        shown = got(client, address)
        pixel: Any = shown.convert("RGB").getpixel((4, 4))
        assert shown.size == size and all(abs(a - b) < 12 for a, b in zip(pixel, first, strict=True))
    assert client.get(f"/media/{item.uuid}")["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (ramp(), "TIFF"),
        (ramp(), "PNG"),
        (ramp("f4", 3, -2), "TIFF"),
        (ramp("i4", 90_000, -90_000), "TIFF"),
    ],
    ids=["16-bit TIFF", "16-bit PNG", "float", "32-bit"],
)
def test_deep_grey_is_shown_in_its_window_and_the_bytes_stay(
    project: Project, victor: User, client_for: Clients, image: Image.Image, kind: str
) -> None:
    out = io.BytesIO()
    image.save(out, kind)
    item, client = item_of(project, out.getvalue(), f"a.{kind.lower()}"), client_for(victor)
    assert item.media_type.endswith(deep.MARK)
    for address in (f"/media/{item.uuid}", f"/thumbs/{item.uuid}?size=64", f"/thumbs/{item.uuid}?crop=0,0,40,30"):
        shown = got(client, address).convert("L")
        left, middle, right = (int(shown.getpixel((x, 15))) for x in (0, 20, 39))  # type: ignore[arg-type]
        assert left < 12 and 115 < middle < 145 and right > 243, address
    assert body(client.get(f"/media/{item.uuid}?as=file")) == out.getvalue()


@pytest.mark.parametrize(
    ("image", "step"),
    [(ramp(), 0.0), (ramp("f4", 3, -2), 5 / 65535), (ramp("i4", 90_000, -90_000), 180_000 / 65535)],
    ids=["16", "float", "32"],
)
def test_values_are_the_pixels_upright(
    project: Project, victor: User, client_for: Clients, image: Image.Image, step: float
) -> None:
    item = item_of(project, tiff(image, tiffinfo={ORIENTATION: 6}))
    answer = client_for(victor).get(f"/media/{item.uuid}?as=values")
    data = body(answer)
    name, width, height, scale, least, low, high = struct.unpack_from(deep.HEAD, data)
    assert (name, width, height) == (b"LODEGREY", item.width, item.height) == (b"LODEGREY", 30, 40)
    pixels = np.frombuffer(data, "<u2", offset=struct.calcsize(deep.HEAD)).reshape(height, width)
    expected = np.asarray(image.transpose(Image.Transpose.ROTATE_270)).astype(float)
    assert np.abs(least + scale * pixels - expected).max() <= step
    assert expected.min() <= low < high <= expected.max()


def test_values_are_refused_by_name_where_there_are_none(project: Project, victor: User, client_for: Clients) -> None:
    item = item_of(project, tiff(colours()))
    answer = client_for(victor).get(f"/media/{item.uuid}?as=values")
    assert answer.status_code == 400 and "16 or 32 bits" in answer.content.decode()


def test_values_that_are_not_numbers_are_black(tmp_path: Path) -> None:
    numbers = np.tile(np.linspace(1, 5, 40), (30, 1)).astype("f4")
    numbers[0, :3] = (np.nan, np.inf, -np.inf)
    deep.write_values(Image.fromarray(numbers), tmp_path / "values")
    data = (tmp_path / "values").read_bytes()
    assert np.frombuffer(data, "<u2", count=3, offset=struct.calcsize(deep.HEAD)).tolist() == [0, 65535, 0]


def test_the_sdk_reads_the_values_and_a_shade_for_each(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    file.write_bytes(tiff(ramp(), tiffinfo={ORIENTATION: 6}))
    sample = Sample("a.tif", file, "train", 30, 40, True, Labels(()))
    stored: Any = sample.image(None)
    assert stored.size == (30, 40) and max(stored.getextrema()) == 4095
    assert sample.image().getpixel((15, 39)) == (16, 16, 16)


def test_a_small_copy_of_the_page_does_not_count(project: Project) -> None:
    data = bytearray(tiff(colours()))
    small = tiff(colours().resize((8, 6)), tiffinfo={254: 1})
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", small, 4)
    struct.pack_into("<I", data, first + 2 + 12 * count, len(data))
    data += small[second:]  # the directory alone: nobody reads its pixels
    assert item_of(project, bytes(data)).width == 40


def test_what_is_declared_too_large_is_refused_before_a_pixel_is_decoded(
    project: Project, settings: LazySettings
) -> None:
    data = bytearray(tiff(colours()))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(count):
        tag = struct.unpack_from("<H", data, at + 2 + 12 * entry)[0]
        if tag in (256, 257):
            struct.pack_into("<HII", data, at + 4 + 12 * entry, 4, 1, 1_000_000)
    (problem,) = add(project, bytes(data)).problems
    assert problem.code == "too_large" and "1000000 x 1000000 pixels" in problem.error
    settings.MAX_IMAGE_PIXELS = 1000
    (problem,) = add(project, tiff(colours())).problems
    assert problem.code == "too_large"


def test_a_tile_far_larger_than_the_picture_is_refused(project: Project) -> None:
    data = tiff(colours(), tiffinfo={65_000: 60_000, 65_001: 60_000})
    for private, tag in ((65_000, 322), (65_001, 323)):
        data = data.replace(struct.pack("<HHI", private, 3, 1), struct.pack("<HHI", tag, 3, 1))
    (problem,) = add(project, data).problems
    assert problem.code == "too_large" and "tiles of 60000 x 60000" in problem.error


HUGE = b"\xff\xff\xff\x7f"
STORED = [
    *(tiff(ramp(), compression=how, tiffinfo={ORIENTATION: 6}) for how in ("raw", "tiff_lzw", "tiff_adobe_deflate")),
    *(tiff(colours().convert(mode)) for mode in ("RGB", "1", "P", "CMYK", "RGBA", "YCbCr", "LAB")),
    tiff(ramp("f4")),
    tiff(colours(), big_tiff=True),
    tiff(colours(), save_all=True, append_images=[colours(), colours()]),
    tiff(ramp(), save_all=True, append_images=[ramp(most=90)], compression="tiff_lzw"),
]


@pytest.mark.once
@pytest.mark.filterwarnings("ignore:::PIL")
@examples(max_examples=150, deadline=None)
@given(st.sampled_from(STORED), st.integers(0, 2**32), st.integers(1, 6))
def test_whatever_the_bytes_are_they_come_in_whole_or_are_refused_by_name(data: bytes, seed: int, blows: int) -> None:
    chance, broken = random.Random(seed), bytearray(data)
    for _ in range(blows):
        at = chance.randrange(chance.choice([0, max(0, len(broken) - 300)]), len(broken))
        small = chance.randbytes(chance.choice([1, 4]))
        new = chance.choice([HUGE, b"\xff\xff\xff\xff", bytes(4), small])
        broken[at : at + len(new)] = new
        if chance.random() < 0.1:
            del broken[chance.randrange(1, len(broken)) :]
    file, limit = io.BytesIO(broken), 20_000_000
    try:
        with decoding.opened(file) as image:
            found = decoding.probe_image(image, file, decoding.head(image, limit), limit)
    except BadImage as error:
        assert error.code in ("corrupt", "format_not_read", "too_large", "not_an_image") and error.message
        return
    for page in range(found.pages):  # what comes in can be shown
        with decoding.opened(file, page) as image:
            assert decoding.drawn(image, 64, 1).mode == "RGB"
