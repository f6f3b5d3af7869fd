"""Texts as items: checked when they come in, served as text alone, shown by their beginning."""

import codecs
import hashlib
import io
import re
from typing import Any

import pytest
from django.template import Context, Template
from PIL import Image as Pillow

from lode_platform import item_media, items
from lode_platform.callers import Caller
from lode_platform.item_media import Look
from lode_platform.item_media.text import PREVIEW, preview
from lode_platform.models import Item
from lode_platform.store import store
from motherlode.media import MEDIA, Image, Text

pytestmark = pytest.mark.django_db

NASTY = "<script>alert(1)</script> & Größe\n\nsecond line"


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def add(project: Any, alice: Any) -> Any:
    """Makes items of named bytes; answers the report."""

    def make(files: dict[str, bytes], **how: Any) -> items.AddReport:
        specs = []
        for path, data in files.items():
            blob = store().add_bytes(data)
            specs.append(items.ItemSpec(path, blob.md5, blob.sha256))
        return items.add_items(project, Caller(alice), specs, trusted=True, **how)

    return make


def test_a_text_is_an_item_with_its_length(add: Any) -> None:
    [made] = add({"notes/a.TXT": codecs.BOM_UTF16_LE + "a🙂".encode("utf-16-le")}).created
    assert (made.kind, made.media_type, made.width, made.height, made.length) == ("text", "text/plain", 0, 0, 2)
    assert made.media == Text(2)


def test_a_file_is_of_the_medium_that_its_name_says(add: Any) -> None:
    picture = png(4, 3)
    report = add({"a.png": picture, "b.txt": b"one", "c.txt": picture, "d.png": b"two", "e": b"three"})
    assert {item.path: item.media for item in report.created} == {"a.png": Image(4, 3), "b.txt": Text(3)}
    assert {row.path: row.code for row in report.problems} == {
        "c.txt": "not_read",
        "d.png": "not_an_image",
        "e": "not_an_image",
    }
    # what was found in bytes once holds for that medium alone
    again = add({"f.png": b"one", "g.txt": b"one", "h.txt": picture})
    assert [item.path for item in again.created] == ["g.txt"]


def test_texts_that_cannot_be_read_are_named_with_the_remedy(add: Any) -> None:
    report = add({"empty.txt": b"", "latin.txt": "Größe".encode("latin-1")})
    assert [(row.path, row.code, row.error) for row in report.problems] == [
        ("empty.txt", "empty", "The file is empty, so there is nothing to label; leave it out."),
        (
            "latin.txt",
            "not_read",
            "The file is not UTF-8 at byte 2 and has no byte order mark of UTF-16; save it as UTF-8.",
        ),
    ]


def test_a_replaced_text_keeps_its_past(add: Any) -> None:
    [item] = add({"a.txt": b"one"}).created
    report = add({"a.txt": b"three"}, replace_media=True)
    assert [row.path for row in report.resized] == ["a.txt"]
    item.refresh_from_db()
    assert item.media == Text(5)
    assert [past.media for past in item.past_files.all()] == [Text(3)]


def test_a_text_is_served_as_nothing_that_a_browser_runs(add: Any, client: Any, alice: Any) -> None:
    [item] = add({"a.txt": NASTY.encode()}).created
    client.force_login(alice)
    for place in ("media", "thumbs"):
        answer = client.get(f"/{place}/{item.uuid}?file={item.blob.md5}")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Content-Disposition"].startswith("attachment")
        assert b"".join(answer.streaming_content).startswith(b"<script>")


def test_pages_show_a_text_escaped(add: Any, client: Any, alice: Any, project: Any) -> None:
    [item] = add({"a.txt": NASTY.encode()}).created
    client.force_login(alice)
    for page in (f"/p/{project.name}/items/", f"/p/{project.name}/items/{item.uuid}/"):
        said = client.get(page).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Größe" in said
        assert "<script>alert" not in said
    assert f"{len(NASTY)} characters" in said


def test_a_preview_is_the_lines_that_say_something() -> None:
    assert preview(store().add_bytes(b"\n\n  one \r\n\ntwo\n").md5) == "one\ntwo"
    long = preview(store().add_bytes("ä".encode() * 5000).md5)
    assert long == "ä" * PREVIEW + "…"
    assert preview(store().add_bytes(hashlib.sha256(b"").digest() * 200).md5) == ""


def test_a_tile_about_some_words_begins_a_little_before_them() -> None:
    md5 = store().add_bytes(("before " * 100 + "the words" + " after" * 100).encode()).md5
    item = Item(blob_id=md5, path="a.txt", kind="text", media_type="text/plain", length=1309)
    said = item_media.MEDIA["text"].shown(item, Look(size=256, md5=md5, span=(700, 709)))
    [before] = re.findall(r"…(.*?)<mark>the words</mark>", said)
    assert len(before) <= 60 and before.endswith("before ")


def test_every_medium_is_known_on_both_sides() -> None:
    assert item_media.MEDIA.keys() == MEDIA.keys()
    assert item_media.of_path("a.txt").kind == "text"
    assert item_media.of_path("a").kind == "image"


def test_the_tag_shows_any_item(add: Any) -> None:
    add({"a.png": png(4, 3), "b.txt": b"one <b>"})
    page = Template("{% load media %}{% for item in items %}{% shown item size=256 %}{% endfor %}")
    said = page.render(Context({"items": Item.objects.order_by("path")}))
    assert "<lode-picture" in said
    assert '<span class="text-tile" dir="auto">one &lt;b&gt;</span>' in said
