"""A medium is a module and a name in a registry, here and on the server: a toy one goes to a version and back."""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils.html import format_html
from django.utils.safestring import SafeString
from rest_framework.request import Request

import motherlode
from lode_annotation import config_words
from lode_annotation.models import Schema
from lode_platform import item_media
from lode_platform.item_media import ItemMedium, Look, Seen
from lode_platform.models import Item, User
from lode_platform.ranges import ranged
from lode_platform.store import Kept, store
from motherlode import formats, media
from motherlode.formats import folders
from motherlode.formats.images import plain
from motherlode.importing import read_source
from motherlode.media import BadMedia, Media

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@dataclass(frozen=True, slots=True)
class Melody(Media):
    kind = "melody"
    noun, one, plural = "melody", "a melody", "melodies"
    tag = "Audio"
    suffixes = frozenset({".notes"})
    content_types = frozenset({"text/x-notes"})

    length: int

    @classmethod
    def probe(cls, data: bytes) -> "Melody":
        if not data or data.strip(b"abcdefg"):
            raise BadMedia("is not notes from a to g", "write it again", "not_read")
        return cls(len(data))

    def words(self) -> str:
        return f"{self.length} notes"


# the module of the server
class MelodyMedium(ItemMedium):
    kind = Melody.kind
    title = "melodies"

    def probe(self, file: BinaryIO, blob: Kept) -> Seen:
        return self.probe_here(file)

    def probe_here(self, file: BinaryIO) -> Seen:
        return Seen(Melody.kind, "text/x-notes", length=Melody.probe(file.read()).length)

    def original(self, request: Request, item: Item) -> HttpResponseBase:
        return ranged(request, store().open(item.blob.md5), item.blob.size, item.blob.md5, "text/x-notes", item.path)

    def thumb(self, request: Request, item: Item) -> HttpResponseBase:
        return ranged(request, io.BytesIO(b"short"), 5, f"{item.blob.md5}-short", "text/x-notes", item.path)

    def shown(self, item: Item, look: Look) -> SafeString:
        return format_html('<b class="melody">{}</b>', look.alt or item.path)

    def size_words(self, seen: Media) -> str:
        return seen.words()


@pytest.fixture
def melodies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tables: list[tuple[dict[str, Any], str, Any]] = [
        (media.MEDIA, Melody.kind, Melody),  # the line of the SDK, and what is made of it at its import
        (media.BY_TAG, Melody.tag, Melody),
        (media.BY_SUFFIX, ".notes", Melody),
        (formats.FORMATS, Melody.plural, plain(Melody)),
        (formats.FORMATS, "folders", replace(folders.FORMAT, media=(*folders.FORMAT.media, Melody))),
        (config_words.MEANT, Melody.tag, {"name", "value"}),
        (config_words.LOOKS, Melody.tag, Melody.looks),
        (item_media.MEDIA, Melody.kind, MelodyMedium()),  # the line of the server
    ]
    for table, key, value in tables:
        monkeypatch.setitem(table, key, value)
    for name, notes in {"sad/a.notes": b"abc", "merry/b.notes": b"gfedcba", "merry/bad.notes": b"xyz"}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(notes)
    return tmp_path / "in"


def test_it_comes_in_is_shown_labelled_published_and_read(
    melodies: Path, lode: Any, client: Client, erin: User, tmp_path: Path
) -> None:
    assert read_source(melodies).format.name == "melodies"
    report = lode("import", str(melodies), "--dataset", "tunes", "--task", "classes")
    assert (report["format"], report["created"], report["label_sets"]) == ("folders", 2, 2)
    assert ["is not notes from a to g" in row["what"] for row in report["problems"]] == [True]
    assert '<Audio name="melody" value="$melody"/>' in Schema.objects.get().revisions.get().config
    lode("publish", "tunes")
    [happy, sad] = motherlode.load("tunes@v1", client=lode.connect())
    assert (happy.media, sad.media.block()) == (Melody(7), {"kind": "melody", "length": 3})
    assert repr(happy) == "Sample('merry/b.notes', 7 notes, Labels(merry))" and sad.labels.label == "sad"
    lode("convert", "tunes@v1", str(tmp_path / "out"), "--to", "folders")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.notes")) == ["a.notes", "b.notes"]

    client.force_login(erin)
    item = Item.objects.get(path="merry/b.notes")
    assert (item.kind, item.media) == ("melody", Melody(7))
    page = client.get(f"/p/blood/items/{item.uuid}/").content.decode()
    assert '<b class="melody">' in page and "7 notes" in page
    assert "melodies" in client.get("/p/blood/items/").content.decode()
    answer: Any = client.get(f"/media/{item.uuid}")
    assert b"".join(answer.streaming_content) == b"gfedcba"
