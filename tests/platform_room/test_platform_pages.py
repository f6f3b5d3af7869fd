"""Pictures of several pages: in at the door, shown and sent a page at a time, and refused by name."""

import io
import struct
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from lode_platform import decoding, memory
from lode_platform.callers import Caller
from lode_platform.items import AddReport, ItemSpec, add_items
from lode_platform.models import Item, Project, User
from lode_platform.store import store
from motherlode.errors import BadInput
from motherlode.media import BadMedia, from_block, of
from motherlode.media import Image as ImageMedia
from motherlode.samples import Labels, Sample

Clients = Callable[[User], Client]
ORIENTATION = 274
SHADES = (20, 120, 220)


def tiff(pages: Sequence[Image.Image], **how: Any) -> bytes:
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], **how)
    return out.getvalue()


def grey(shade: int = 0, size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("L", size, shade)


def deep(least: int, most: int) -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(least, most, 40), (30, 1)).astype("u2"))


def add(project: Project, data: bytes, path: str = "a.tif") -> AddReport:
    blob = store().add_bytes(data)
    return add_items(project, Caller(project.created_by), [ItemSpec(path, blob.md5, blob.sha256)], trusted=True)


def item_of(project: Project, data: bytes) -> Item:
    report = add(project, data)
    assert not report.problems, report.problems
    return report.created[0]


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("how", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}], ids=["plain", "lzw", "big"])
def test_each_page_is_shown_by_its_number(
    project: Project, victor: User, client_for: Clients, how: dict[str, Any]
) -> None:
    item, client = item_of(project, tiff([grey(shade) for shade in SHADES], **how)), client_for(victor)
    assert item.media == ImageMedia(40, 30, pages=3)
    for page, shade in enumerate(SHADES):
        for address in (f"/media/{item.uuid}?", f"/thumbs/{item.uuid}?size=64&", f"/thumbs/{item.uuid}?crop=0,0,9,9&"):
            shown = Image.open(io.BytesIO(body(client.get(f"{address}page={page}")))).convert("L")
            assert abs(int(shown.getpixel((4, 4))) - shade) < 4, address  # type: ignore[arg-type]
    first = client.get(f"/thumbs/{item.uuid}?size=64")
    assert first["ETag"] != client.get(f"/thumbs/{item.uuid}?size=64&page=1")["ETag"]
    assert body(first) == body(client.get(f"/thumbs/{item.uuid}?size=64&page=0"))


@pytest.mark.parametrize("page", ["3", "-1", "1.0", "x", "", "²", "99999999999"])
def test_a_page_that_is_not_there_is_refused_by_name(
    project: Project, victor: User, client_for: Clients, page: str
) -> None:
    item, client = item_of(project, tiff([grey(shade) for shade in SHADES])), client_for(victor)
    for address in (f"/media/{item.uuid}", f"/thumbs/{item.uuid}"):
        answer = client.get(address, {"page": page})
        assert answer.status_code == 400 and "from 0 to 2: a.tif has 3" in answer.content.decode()


def test_values_are_those_of_the_page(project: Project, victor: User, client_for: Clients) -> None:
    item = item_of(project, tiff([deep(0, 4095), deep(100, 200)], tiffinfo={ORIENTATION: 6}))
    assert (item.width, item.height, item.length) == (30, 40, 2)
    values = [body(client_for(victor).get(f"/media/{item.uuid}?as=values&page={page}")) for page in (0, 1)]
    pixels = [np.frombuffer(data, "<u2", offset=48) for data in values]
    assert [(int(one.min()), int(one.max())) for one in pixels] == [(0, 4095), (100, 200)]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (grey(size=(20, 30)), "page 1 is 40 x 30 pixels of L, page 3 20 x 30 pixels of L"),
        (Image.new("RGB", (40, 30)), "page 1 is 40 x 30 pixels of L, page 3 40 x 30 pixels of RGB"),
    ],
    ids=["size", "mode"],
)
def test_pages_that_differ_are_refused_by_name_with_the_remedy(
    project: Project, second: Image.Image, said: str
) -> None:
    data = tiff([grey(), grey(), second])
    (problem,) = add(project, data).problems
    assert problem.code == "format_not_read" and said in problem.error
    assert "split it into a file for each page" in problem.error
    with pytest.raises(BadMedia, match="has pages that differ: page 1 .*split it into a file for each page"):
        ImageMedia.probe(data)


def test_each_page_is_turned_by_its_own_tag(project: Project, victor: User, client_for: Clients) -> None:
    half = grey(10)
    half.paste(250, (20, 0, 40, 30))
    turned = half.copy()
    turned.encoderinfo = {"tiffinfo": {ORIENTATION: 3}}
    item, client = item_of(project, tiff([half, turned])), client_for(victor)
    left = [
        Image.open(io.BytesIO(body(client.get(f"/media/{item.uuid}?page={page}")))).getpixel((2, 2)) for page in (0, 1)
    ]
    assert left == [10, 250]


def test_too_many_pages_are_refused_by_name_and_so_are_too_many_pixels_together(project: Project) -> None:
    (problem,) = add(project, tiff([grey(size=(1, 1))] * 1001)).problems
    assert problem.code == "too_large" and "more than 1,000 pages; split it into several files" in problem.error
    wide = Image.new("1", (10_000, 9_000))
    (problem,) = add(project, tiff([wide] * 12, compression="group4")).problems
    assert problem.code == "too_large" and "has 12 pages of 10000 x 9000, 1,080,000,000 pixels" in problem.error


def test_a_page_that_is_cut_short_is_refused(project: Project) -> None:
    noise = Image.effect_noise((200, 200), 60)
    data = tiff([noise, noise, noise], compression="tiff_lzw")
    directories = []
    (at,) = struct.unpack_from("<I", data, 4)
    while at:
        directories.append(at)
        (count,) = struct.unpack_from("<H", data, at)
        (at,) = struct.unpack_from("<I", data, at + 2 + 12 * count)
    broken = bytearray(data)
    middle = (directories[1] + directories[2]) // 2
    broken[middle - 200 : middle + 200] = b"\xff" * 400
    (problem,) = add(project, bytes(broken)).problems
    assert problem.code == "corrupt"
    (problem,) = add(project, data[: directories[2] + 4]).problems
    assert problem.code in ("corrupt", "format_not_read")


def test_directories_that_point_to_each_other_are_pages_once(project: Project) -> None:
    data = bytearray(tiff([grey(10), grey(20)]))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", data, first + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", data, second)
    struct.pack_into("<I", data, second + 2 + 12 * count, first)
    assert item_of(project, bytes(data)).length == 2


def test_one_page_takes_the_memory_of_one(tmp_path: Path) -> None:
    """Of 40 pages of a megapixel each: checking all, and showing one."""
    file = tmp_path / "a.tif"
    file.write_bytes(tiff([Image.effect_noise((1000, 1000), 40)] * 40, compression="tiff_lzw"))
    tracemalloc.start()
    with file.open("rb") as opened:
        found = memory.probe_here(opened)
        with decoding.opened(opened, 39) as image:
            decoding.write_upright(image, 1, tmp_path / "b.png")
            assert image.size == (1000, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None and found.pages == 40
    assert peak < 12_000_000


def test_large_pages_are_read_in_a_process_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    pages = [Image.new("L", (9000, 8000), shade) for shade in SHADES]
    file.write_bytes(tiff(pages, compression="tiff_lzw"))
    with file.open("rb") as opened:
        assert memory.probe_here(opened) is None
        opened.seek(0)
        assert memory.probe(opened, tmp_path / "mosaic").pages == 3
        opened.seek(0)
        memory.apart(opened, "upright", tmp_path / "b.png", 1, 2)
    shade: Any = Image.open(tmp_path / "b.png").getpixel((0, 0))
    assert shade == SHADES[2]
    view: Any = Image.open(tmp_path / "mosaic" / "overview.jpg").getpixel((0, 0))
    assert abs(view[0] - SHADES[0]) < 4


def test_a_block_says_pages_where_there_are_several() -> None:
    one, three = ImageMedia(40, 30), ImageMedia(40, 30, 3)
    assert one.block() == {"kind": "image", "width": 40, "height": 30}
    assert three.block() == {"kind": "image", "width": 40, "height": 30, "pages": 3}
    assert (from_block(one.block()), from_block(three.block())) == (one, three)
    assert (of("image", width=40, height=30), of("image", width=40, height=30, length=3)) == (one, three)


def test_the_sdk_reads_a_page(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    file.write_bytes(tiff([grey(shade) for shade in SHADES]))
    sample = Sample("a.tif", file, "train", 40, 30, True, Labels(()), pages=3)
    assert sample.media == ImageMedia(40, 30, 3)
    assert [sample.image("L", page=page).getpixel((0, 0)) for page in range(sample.pages)] == list(SHADES)
    assert sample.image("L").getpixel((0, 0)) == SHADES[0]
    with pytest.raises(BadInput, match="has 3 pages, numbered from 0 on: there is no page 3"):
        sample.image(page=3)
