"""One picture for everybody: what a real browser shows, what is stored, what is cut, and what the SDK reads."""

import base64
import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from tests.browsing import Chromium

from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Item, Project, User
from lode_platform.store import store
from motherlode.errors import BadInput
from motherlode.samples import Labels, Sample

Clients = Callable[[User], Client]
Colour = tuple[int, int, int]
CORNERS: tuple[Colour, ...] = ((220, 20, 20), (20, 200, 20), (20, 20, 220), (200, 200, 20))
XMP = (
    b'http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02'
    b'/22-rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF>'
    b"</x:xmpmeta>"
)
LOOK = """async address => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(image, 0, 0);
  const pixel = (x, y) => pen.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1);
  const at = (x, y) => Array.from(pixel(x, y).data).slice(0, 3);
  return [width, height, at(0.2, 0.2), at(0.8, 0.2), at(0.2, 0.8), at(0.8, 0.8)];
}"""


def corners() -> Image.Image:
    """40 x 30 px, a colour in each corner."""
    image = Image.new("RGB", (40, 30))
    for number, colour in enumerate(CORNERS):
        x, y = 20 * (number % 2), 15 * (number // 2)
        image.paste(colour, (x, y, x + 20, y + 15))
    return image


def saved(kind: str, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    corners().save(out, kind, exif=exif, quality=95)
    return out.getvalue()


def exif(orientation: int, kind: int = 3, count: int = 1, order: str = "<") -> bytes:
    value = {3: "HH", 4: "I", 1: "Bxxx"}[kind]
    numbers = (orientation, 0) if kind == 3 else (orientation,)
    entry = struct.pack(f"{order}HHI{value}", 274, kind, count, *numbers)
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    return b"Exif\x00\x00" + start + struct.pack(f"{order}IH", 8, 1) + entry + b"\x00" * 4


def jpeg(*segments: bytes) -> bytes:
    """A JPEG with these APP1 segments and no others."""
    out = io.BytesIO()
    corners().save(out, "JPEG", quality=95)
    data = out.getvalue()
    return data[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments) + data[2:]


def pictures() -> Iterator[tuple[str, bytes]]:
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        for orientation in range(1, 9):
            yield f"{kind}-{orientation}", saved(kind, orientation)
    yield "big-endian", jpeg(exif(6, order=">"))
    yield "no-such-orientation", jpeg(exif(9))
    yield "as-a-long", jpeg(exif(6, kind=4))
    yield "as-a-byte", jpeg(exif(6, kind=1))
    yield "two-values", jpeg(exif(6, count=2))
    yield "twice", jpeg(exif(6), exif(1))
    yield "twice-the-other-way", jpeg(exif(1), exif(6))
    yield "in-xmp-alone", jpeg(XMP)
    yield "in-xmp-otherwise", jpeg(XMP, exif(3))
    yield "no-tiff", jpeg(b"Exif\x00\x00nonsense")
    yield "cut-short", jpeg(exif(6)[:20])
    moving = io.BytesIO()
    corners().save(moving, "GIF", save_all=True, append_images=[Image.new("RGB", (40, 30))], duration=50, loop=0)
    yield "moving", moving.getvalue()
    for mode in ("L", "LA", "1", "P", "RGBA", "CMYK", "I;16"):
        image = (
            corners().convert("L").convert("I").point(lambda v: v * 485 - 20_800).convert("I;16")
            if mode == "I;16"
            else None
        )
        image = image or (corners().quantize(8) if mode == "P" else corners().convert(mode))
        if mode == "RGBA":
            image.paste((0, 0, 0, 0), (0, 0, 20, 15))
        if mode == "P":
            image.info["transparency"] = image.getpixel((32, 24))
        out = io.BytesIO()
        image.save(out, "JPEG" if mode == "CMYK" else "PNG", quality=95)
        yield f"mode-{mode}", out.getvalue()
    several = io.BytesIO()
    corners().save(several, "MPO", save_all=True, append_images=[Image.new("RGB", (10, 10))], quality=95)
    yield "several", several.getvalue()


def item_of(project: Project, data: bytes, path: str) -> Item:
    blob = store().add_bytes(data)
    report = add_items(project, Caller(project.created_by), [ItemSpec(path, blob.md5, blob.sha256)], trusted=True)
    assert not report.problems, report.problems
    return report.created[0]


def sample_of(item: Item, folder: Path) -> Sample:
    file = folder / item.path
    file.write_bytes(store().open(item.blob.md5).read())
    return Sample(item.path, file, "train", item.width, item.height, True, Labels(()))


def seen_in(image: Image.Image) -> list[Any]:
    places = [(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)]
    pixels = [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in places]
    return [image.width, image.height, *pixels]


def alike(one: list[Any], other: list[Any]) -> bool:
    close = (abs(a - b) < 40 for p, q in zip(one[2:], other[2:], strict=True) for a, b in zip(p, q, strict=True))
    return one[:2] == other[:2] and all(close)


@pytest.mark.browser
def test_browser_store_views_and_sdk_agree_on_size_and_side(
    project: Project, victor: User, client_for: Clients, chromium: Chromium, tmp_path: Path
) -> None:
    client = client_for(victor)
    served: dict[str, tuple[str, list[Any]]] = {}
    for name, data in pictures():
        item = item_of(project, data, name)
        read = sample_of(item, tmp_path).image()
        assert read.mode == "RGB" and read.size == (item.width, item.height), name
        small = client.get(f"/thumbs/{item.uuid}?size=64")
        view = Image.open(io.BytesIO(small.getvalue())).convert("RGB")
        assert alike(seen_in(view), seen_in(read)), name
        answer = client.get(f"/media/{item.uuid}")
        bytes_of = base64.b64encode(answer.getvalue()).decode()
        served[name] = (f"data:{answer['Content-Type']};base64,{bytes_of}", seen_in(read))
    with chromium.driven() as browser, browser.new_page() as page:
        shown = {name: page.evaluate(LOOK, address) for name, (address, _) in served.items()}
    assert {name: seen for name, seen in shown.items() if not alike(seen, served[name][1])} == {}


@pytest.mark.parametrize(
    ("case", "size"), [("jpeg-mpo", (40, 30)), ("jpeg-orientation-in-xmp", (40, 30))], ids=lambda value: str(value)
)
def test_jpegs_from_the_wild_come_in_with_the_size_that_browsers_show(
    project: Project, test_data: Path, tmp_path: Path, case: str, size: tuple[int, int]
) -> None:
    data = (test_data.parent / "cases" / "door" / case / "input" / "a.jpg").read_bytes()
    item = item_of(project, data, "a.jpg")
    assert (item.media_type, item.width, item.height, item.orientation) == ("image/jpeg", *size, 1)
    assert sample_of(item, tmp_path).image().size == size


@pytest.mark.once
@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (Image.new("RGBA", (4, 3), (10, 20, 30, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 3), (40, 255)), (40, 40, 40)),
        (Image.new("I;16", (4, 3), 0x8000), (128, 128, 128)),
        (Image.new("1", (4, 3), 1), (255, 255, 255)),
        (Image.new("RGB", (4, 3), (9, 8, 7)).convert("P"), (9, 8, 7)),
    ],
    ids=lambda value: getattr(value, "mode", ""),
)
def test_a_sample_gives_rgb_unless_asked_for_something_else(tmp_path: Path, stored: Image.Image, shown: Colour) -> None:
    file = tmp_path / "a.png"
    stored.save(file)
    sample = Sample("a.png", file, "train", 4, 3, True, Labels(()))
    read: Any = sample.image().getpixel((1, 1))
    assert sample.image().mode == "RGB" and all(abs(a - b) < 30 for a, b in zip(read, shown, strict=True))
    assert sample.image("L").mode == "L" and sample.image(None).mode == Image.open(file).mode


@pytest.mark.once
def test_a_sample_that_pillow_does_not_decode_unasked_says_how_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corners().save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BadInput, match=r"a.png is larger .*PIL.Image.MAX_IMAGE_PIXELS = None"):
        Sample("a.png", tmp_path / "a.png", "train", 40, 30, True, Labels(())).image()
