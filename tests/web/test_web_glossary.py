"""The glossary: one list, on the page behind `?` and in docs/glossary.md."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from lode_platform.glossary import GLOSSARY, as_markdown
from lode_platform.models import User

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.once
def test_the_glossary_in_docs_is_the_one_of_the_pages() -> None:
    assert (ROOT / "docs" / "glossary.md").read_text() == as_markdown(), "write docs/glossary.md by as_markdown()"


@pytest.mark.django_db
def test_the_page_says_every_word_and_every_page_leads_to_it(alice: User, client_for: Callable[[User], Client]) -> None:
    browser = client_for(alice)
    page = browser.get("/glossary/").content.decode()
    assert all(str(word.name) in page for word in GLOSSARY)
    assert 'href="/glossary/"' in browser.get("/projects/").content.decode()
