"""The words of our scripts: one script for a language, which a browser may keep."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from django.utils import translation

from lode_platform import script_words

PLURALS = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=3; plural=n==1 ? 0 : n<5 ? 1 : 2;\n"


def write_mo(path: Path, words: dict[str, str]) -> None:
    """A compiled catalogue, in GNU's format."""
    keys = sorted(words)
    texts = [[key.encode() for key in keys], [words[key].encode() for key in keys]]
    start = 7 * 4
    at = start + 16 * len(keys)
    tables, body = b"", b""
    for column in texts:
        for text in column:
            tables += struct.pack("<II", len(text), at + len(body))
            body += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), start, start + 8 * len(keys), 0, at)
    path.parent.mkdir(parents=True)
    path.write_bytes(head + tables + body)


@pytest.fixture
def czech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A translation of the platform's scripts into Czech, which has three plural forms."""
    words = {"": PLURALS, "Undo": "Zpět", "{n} region\0{n} regions": "{n} oblast\0{n} oblasti\0{n} oblastí"}
    write_mo(tmp_path / "locale" / "cs" / "LC_MESSAGES" / "djangojs.mo", words)
    monkeypatch.setattr(apps.get_app_config("platform"), "path", str(tmp_path))
    for kept in (script_words.catalogue, script_words.digest):
        kept.cache_clear()
    yield
    for kept in (script_words.catalogue, script_words.digest):
        kept.cache_clear()


def test_every_page_loads_its_words_before_any_module_and_a_browser_keeps_them(client: Client, db: None) -> None:
    page = client.get("/login/").content.decode()
    found = re.search(r'<script src="(/words/en/\w+\.js)" defer></script>', page)
    assert found, page
    assert found.start() < page.index('<script type="module"')
    answer = client.get(found[1])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_the_words_of_a_language_have_its_plural_forms(client: Client, db: None, czech: None) -> None:
    with translation.override("cs"):
        address = script_words.address()
    assert address.startswith("/words/cs/")
    text = client.get(address).content.decode()
    assert '"Undo": "Zp\\u011bt"' in text
    assert "{n} oblast\\u00ed" in text
    assert re.search(r"pluralidx = function\(n\)", text)


def test_an_address_of_another_release_is_not_kept_and_no_language_is_not_found(client: Client, db: None) -> None:
    assert client.get("/words/en/0123456789ab.js").headers["Cache-Control"] == "no-cache"
    assert client.get("/words/zz/0123456789ab.js").status_code == 404
