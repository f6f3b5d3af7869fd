"""Pictures over HTTP: bytes, ranges, small views, crops, caching, strangers."""

import io
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image, ImageChops, ImageStat

from lode_platform import decoding
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items, trash
from lode_platform.models import Item, Project, User
from lode_platform.store import store
from motherlode.pictures import turned

Clients = Callable[[User], Client]
MakeItems = Callable[..., list[Item]]
RED, BLUE = (220, 20, 20), (20, 20, 220)


def two_halves(kind: str, orientation: int = 1) -> bytes:
    """64 x 32 px as stored: left half red, right half blue."""
    image = Image.new("RGB", (64, 32), RED)
    image.paste(BLUE, (32, 0, 64, 32))
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    return out.getvalue()


def item_of(project: Project, data: bytes, path: str = "a/b.img") -> Item:
    blob = store().add_bytes(data)
    (item,) = add_items(
        project, Caller(project.created_by), [ItemSpec(path, blob.md5, blob.sha256)], trusted=True
    ).created
    return item


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def image_of(response: Any) -> Image.Image:
    assert response.status_code == 200, response.status_code
    return Image.open(io.BytesIO(body(response))).convert("RGB")


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


def test_the_bytes_come_as_they_are(project: Project, victor: User, client_for: Clients) -> None:
    data = two_halves("JPEG")
    response = client_for(victor).get(f"/media/{item_of(project, data).uuid}")
    assert body(response) == data and response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff" and "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, no-cache"  # the item's file may be replaced
    named = client_for(victor).get(f"{response.wsgi_request.path}?file={md5(data).hexdigest()}")
    assert body(named) == data
    assert "immutable" in named["Cache-Control"] and "private" in named["Cache-Control"]


def test_what_is_known_is_not_sent_again(project: Project, victor: User, client_for: Clients) -> None:
    client, item = client_for(victor), item_of(project, two_halves("PNG"))
    for address in (f"/media/{item.uuid}", f"/thumbs/{item.uuid}"):
        tag = client.get(address)["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("header", "status", "span"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-999999", 206, slice(0, None)),
        ("bytes=999999-", 416, slice(0, 0)),
        ("bytes=0-1,3-4", 200, slice(0, None)),
        ("lines=0-1", 200, slice(0, None)),
    ],
)
def test_a_range_is_answered_with_that_range(
    project: Project, victor: User, client_for: Clients, header: str, status: int, span: slice
) -> None:
    data = two_halves("PNG")
    response = client_for(victor).get(f"/media/{item_of(project, data).uuid}", headers={"Range": header})
    assert response.status_code == status and body(response) == data[span]
    if status == 206:
        assert response["Content-Length"] == str(len(data[span]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turned_picture_is_shown_upright(project: Project, victor: User, client_for: Clients, kind: str) -> None:
    """Orientation 6: the top of the upright picture is the left of the bytes."""
    item, client = item_of(project, two_halves(kind, orientation=6)), client_for(victor)
    small = image_of(client.get(f"/thumbs/{item.uuid}?size=64"))
    assert small.size == (32, 64) and near(small.getpixel((16, 5)), RED) and near(small.getpixel((16, 60)), BLUE)
    if kind != "JPEG":  # browsers turn JPEG themselves; of the others we send an upright copy
        whole = image_of(client.get(f"/media/{item.uuid}"))
        assert whole.size == (32, 64) and near(whole.getpixel((16, 5)), RED)


def test_a_crop_is_in_pixels_of_the_upright_picture(project: Project, victor: User, client_for: Clients) -> None:
    item, client = item_of(project, two_halves("JPEG", orientation=6)), client_for(victor)
    lower = image_of(client.get(f"/thumbs/{item.uuid}?size=256&crop=0,34,32,64"))
    assert lower.size == (32, 30) and near(lower.getpixel((16, 15)), BLUE)
    assert image_of(client.get(f"/thumbs/{item.uuid}?crop=-10.4,-10,12,10")).size == (12, 10)


@pytest.mark.parametrize(
    "query", ["size=x", "size=0", "size=-5", "crop=1,2,3", "crop=5,5,5,9", "crop=nan,0,1,1", "crop=900,0,999,9"]
)
def test_nonsense_is_refused(project: Project, victor: User, client_for: Clients, query: str) -> None:
    assert client_for(victor).get(f"/thumbs/{item_of(project, two_halves('PNG')).uuid}?{query}").status_code == 400


def test_a_view_is_made_once_and_kept(project: Project, victor: User, client_for: Clients, home: Path) -> None:
    item, client = item_of(project, two_halves("PNG")), client_for(victor)
    first = body(client.get(f"/thumbs/{item.uuid}?size=60"))
    (kept,) = (home / "thumbs").rglob("*.jpg")
    when = kept.stat().st_mtime_ns
    assert body(client.get(f"/thumbs/{item.uuid}?size=64")) == first and kept.stat().st_mtime_ns == when


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel_can_be_shown(project: Project, victor: User, client_for: Clients, mode: str) -> None:
    out = io.BytesIO()
    image = Image.new("L", (40, 30), 200)
    made = Image.new("I;16", (40, 30), 40_000) if mode == "I;16" else image.convert(mode)
    made.save(out, "JPEG" if mode == "CMYK" else "PNG")
    item = item_of(project, out.getvalue())
    assert image_of(client_for(victor).get(f"/thumbs/{item.uuid}")).size == (40, 30)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_a_picture_that_moves_the_first_one_is_shown(
    project: Project, victor: User, client_for: Clients, kind: str
) -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (40, 30), RED), Image.new("RGB", (40, 30), BLUE)
    first.save(
        out, kind, save_all=True, append_images=[second], duration=100, **({"lossless": True} if kind == "WEBP" else {})
    )
    item, client = item_of(project, out.getvalue()), client_for(victor)
    for address in (f"/media/{item.uuid}", f"/thumbs/{item.uuid}"):
        answer = client.get(address)
        shown = Image.open(io.BytesIO(body(answer)))
        assert not getattr(shown, "is_animated", False) and near(shown.convert("RGB").getpixel((20, 15)), RED)


@pytest.mark.once
def test_however_many_crops_are_asked_for_no_file_is_kept_for_each(
    project: Project, victor: User, client_for: Clients, home: Path
) -> None:
    out = io.BytesIO()
    Image.effect_noise((2300, 2200), 60).convert("RGB").save(out, "PNG")  # too large to be decoded for each crop
    item, client = item_of(project, out.getvalue()), client_for(victor)
    for number in range(20):
        assert image_of(client.get(f"/thumbs/{item.uuid}?size=64&crop={number},0,{number + 40},30")).size == (40, 30)
    tiles = {file.parent.name for file in (home / "thumbs").rglob("*.jpg")}
    assert len(tiles) == 1 and len(list((home / "thumbs").rglob("*.jpg"))) == 3 * 3 + 1


def test_a_mosaic_that_has_lost_a_tile_is_made_again(
    project: Project, victor: User, client_for: Clients, home: Path
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (2300, 2200), RED).save(out, "PNG")
    item, client = item_of(project, out.getvalue()), client_for(victor)
    address = f"/thumbs/{item.uuid}?size=64&crop=0,0,40,30"
    first = body(client.get(address))
    for tile in (home / "thumbs").rglob("0-0.jpg"):
        tile.unlink()
    again = client.get(address)
    assert (again.status_code, again.json()["code"], int(again["Retry-After"]) > 0) == (503, "busy", True)
    assert body(client.get(address)) == first


@pytest.mark.once
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_view_from_the_mosaic_is_the_one_from_the_picture(tmp_path: Path, orientation: int) -> None:
    red = Image.linear_gradient("L").resize((2300, 1500))
    blue = red.transpose(Image.Transpose.ROTATE_90).resize((2300, 1500))
    picture = Image.merge("RGB", (red, blue, Image.new("L", red.size, 90)))
    decoding.write_mosaic(picture, orientation, tmp_path)
    upright = turned(picture, orientation)
    width, height = upright.size
    areas = [(0, 0, width, height), (1000, 1010, 1050, 1040), (900, 5, 1400, 1300), (3, 700, 1500, 1400), (0, 0, 1, 1)]
    for area in (decoding.Area(*edges) for edges in areas):
        for size in (64, 512):
            whole = decoding.drawn(picture.copy(), size, orientation, area)
            pieced = decoding.from_mosaic(tmp_path, size, area)
            exact = upright.crop((area.x1, area.y1, area.x2, area.y2))
            exact.thumbnail((size, size))
            assert (
                whole.size == exact.size and max(abs(a - b) for a, b in zip(pieced.size, exact.size, strict=True)) <= 1
            )
            for view in (whole, pieced):
                off = ImageStat.Stat(ImageChops.difference(view.resize(exact.size), exact)).mean
                assert max(off) < 6, (area, size, off)


def test_a_picture_in_the_trash_is_still_shown_to_members(project: Project, alice: User, client_for: Clients) -> None:
    item = item_of(project, two_halves("PNG"))
    trash(item, alice)
    assert client_for(alice).get(f"/thumbs/{item.uuid}").status_code == 200


def test_a_stranger_finds_nothing_and_the_anonymous_must_log_in(
    project: Project, charlie: User, client_for: Clients
) -> None:
    item = item_of(project, two_halves("PNG"))
    for address in (f"/media/{item.uuid}", f"/thumbs/{item.uuid}"):
        assert client_for(charlie).get(address).status_code == 404
        assert Client().get(address).status_code == 401


def test_a_program_shows_its_token(project: Project, victor: User, api: Callable[..., Any]) -> None:
    assert api(victor).client.get(f"/media/{item_of(project, two_halves('PNG')).uuid}").status_code == 200
