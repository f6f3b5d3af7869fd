"""Texts in a real browser: read, chosen by key, submitted, undone, reviewed."""

import codecs
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]
SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="tone" toName="text" required="true"><Choice value="good"/><Choice value="bad"/></Choices>
</View>"""
NASTY = "<img src=x onerror=alert(1)> & Größe 🙂\n\n"
LONG = NASTY + "A long line of words to be read at leisure. " * 400


def queue_of_texts(clinic: Any, folder: str, *texts: bytes, **how: Any) -> str:
    """A queue over new texts, in their order."""
    items = clinic.send({f"{folder}/{number}.txt": text for number, text in enumerate(texts)})
    return str(clinic.queue_of(items, CONFIG, **how))


def tone(clinic: Any, task: str) -> list[str]:
    [entry] = clinic.result(task)
    assert (entry["from_name"], entry["to_name"]) == ("tone", "text")
    assert "original_width" not in entry
    return list(entry["value"]["choices"])


def test_three_texts_are_labelled_by_keyboard(clinic: Any, seat: SeatMaker) -> None:
    second = codecs.BOM_UTF16_LE + "Zweiter — text".encode("utf-16-le")
    bob = seat("bob").label(queue_of_texts(clinic, "three", LONG.encode(), second, b"third"))
    text = bob.page.locator("[data-document]")
    first = bob.task
    assert text.text_content() == LONG, "shown as text, whatever it says"
    assert text.locator(".ed-block *").count() == 0
    expect(bob.page.locator("[data-stage]")).to_be_hidden()
    expect(bob.page.locator("[data-command='tool.select']")).to_be_hidden()
    page = text.locator(".ed-text")
    width = page.evaluate("node => node.clientWidth - 2 * parseFloat(getComputedStyle(node).paddingLeft)")
    assert width < 720, "a line is at most about 70 characters"

    bob.seen()
    bob.page.keyboard.press("PageDown")
    bob.page.wait_for_function("node => node.scrollTop > 100", arg=text.element_handle())  # the keys scroll
    bob.press("1", "Control+z", "2", "1", "Enter")
    bob.at(2)
    assert text.text_content() == "Zweiter — text"
    assert text.evaluate("node => node.scrollTop") == 0
    bob.press("Enter")
    expect(bob.page.locator("[data-notes]")).to_contain_text("must be answered")
    bob.press("2", "Enter")
    bob.at(3)
    bob.press("u")
    bob.at(2)
    assert text.text_content() == "Zweiter — text"
    second_task = bob.task
    bob.press("1", "Enter")
    bob.at(3)
    third = bob.task
    bob.press("s")
    bob.ready("finished")
    bob.saved("clean")
    assert (tone(clinic, first), tone(clinic, second_task)) == (["good"], ["good"])
    assert clinic.call("GET", f"tasks/{third}", who="bob")["state"] == "skipped"
    assert not bob.faults


def test_a_reviewer_reads_the_text_and_fixes_its_class(clinic: Any, seat: SeatMaker) -> None:
    queue = queue_of_texts(clinic, "review", b"one", b"two", review=True)
    bob = seat("bob").label(queue)
    tasks = [bob.task]
    bob.press("1", "Enter")
    bob.at(2)
    tasks.append(bob.task)
    bob.press("2", "Enter")
    bob.ready("finished")
    bob.saved("clean")
    rita = seat("rita").review(queue)
    expect(rita.page.locator("[data-document]")).to_have_text("one")
    rita.press("e", "2", "Control+Enter")
    rita.at(2)
    expect(rita.page.locator("[data-document]")).to_have_text("two")
    rita.press("Enter")
    rita.ready("finished")
    rita.saved("clean")
    assert [tone(clinic, task) for task in tasks] == [["bad"], ["bad"]]
    assert not rita.faults
