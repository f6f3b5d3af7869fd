"""Spans of texts in a real browser: marked by pointer and keys, linked, asked about, searched, kept, reviewed."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.label_studio import accepts

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]
SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Labels name="ent" toName="text"><Label value="Part"/><Label value="Fault"/><Label value="Place"/></Labels>
  <Relations><Relation value="has"/></Relations>
  <Text name="text" value="$text"/>
  <Choices name="sure" toName="text" perRegion="true"><Choice value="yes"/><Choice value="no"/></Choices>
  <Choices name="tone" toName="text"><Choice value="calm"/><Choice value="urgent"/></Choices>
</View>"""
NOTE = "Valve 🔧 V-12 leaks <b>badly</b> at hall 3.\r\n\r\nCafe\u0301 pump: the pump hums. مرحبا valve."
# The client rectangle of the character at a UTF-16 offset.
PLACE = """(page, at) => {
  const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (at < node.length) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      return [left, right, (top + bottom) / 2];
    }
    at -= node.length;
  }
}"""
# How many blocks the browser lays out: what stands in the others is skipped.
LAID_OUT = """blocks => blocks.filter((block) => {
  const probe = block.appendChild(document.createElement("i"));
  const laid = probe.checkVisibility({ contentVisibilityAuto: true });
  probe.remove();
  return laid;
}).length"""


def units(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text.encode("utf-16-le")) // 2


class Reader:
    """Somebody's hand on the text of a page."""

    def __init__(self, seat: Any, text: str = NOTE) -> None:
        self.seat, self.page, self.text = seat, seat.page, text

    def at(self, quote: str, *, end: bool = False) -> tuple[float, float]:
        """Where some words begin on the screen, or where they end."""
        start = self.text.index(quote)
        unit = units(self.text[: start + len(quote)]) - 1 if end else units(self.text[:start])
        left, right, middle = self.page.locator(".ed-text").evaluate(PLACE, unit)
        return (right - 0.5 if end else left + 0.5), middle

    def drag(self, quote: str) -> None:
        self.page.mouse.move(*self.at(quote))
        self.page.mouse.down()
        (x1, y1), (x2, y2) = self.at(quote), self.at(quote, end=True)
        self.page.mouse.move((x1 + x2) / 2, (y1 + y2) / 2)
        self.page.mouse.move(x2, y2)
        self.page.mouse.up()

    def click(self, quote: str, **how: Any) -> None:
        x, y = self.at(quote)
        self.page.mouse.click(x + 2, y, **how)

    def count(self, number: int) -> None:
        """Waits until so many spans are listed."""
        expect(self.page.locator("[data-region-list] [role=option]")).to_have_count(number)

    def quotes(self) -> list[str]:
        """What the list says of each span."""
        return [row.split(", ")[2] for row in self.seat.rows()]


def queue_of(clinic: Any, folder: str, *texts: str, **how: Any) -> str:
    items = clinic.send({f"{folder}/{at}.txt": text.encode() for at, text in enumerate(texts)})
    return str(clinic.queue_of(items, CONFIG, **how))


def test_a_text_is_marked_by_pointer_and_keys_and_stored_in_code_points(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(queue_of(clinic, "marked", NOTE, "next"))
    task, hand = bob.task, Reader(bob)
    assert bob.page.locator(".ed-text").evaluate("node => node.textContent") == NOTE
    hand.drag("V-12 leaks")
    hand.count(1)
    bob.press("Escape", "2")  # the label for the next one
    hand.drag("leaks <b>badly")
    hand.count(2)
    hand.click("hall", click_count=2)
    hand.count(3)
    bob.press("3")  # of the word just marked
    bob.press("Shift+ArrowRight", "Shift+ArrowRight", "Control+Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowRight")
    bob.press("Escape", "1", "Escape")
    hand.drag("Cafe\u0301 pump")
    hand.count(4)
    bob.press("Alt+Shift+ArrowRight", "Control+z", "m")  # a start moved and put back; the word after
    hand.count(5)
    bob.press("ArrowRight")
    assert hand.quotes() == ["V-12 leaks", "leaks <b>badly", "hall 3", "Cafe\u0301 pump", "pump"]
    bob.press("Shift+m")  # every other pump
    hand.count(6)
    bob.press("Control+z", "Control+Shift+z", "Control+z")
    hand.count(5)
    hand.click("leaks")
    bob.press("4")  # one of the two that lie there is sure
    bob.press("Shift+j")
    hand.click("hall")
    expect(bob.page.locator(".ed-arc")).to_have_count(1)
    above = "arc => arc.getBoundingClientRect().top - arc.closest('[data-document]').getBoundingClientRect().top"
    assert bob.page.locator(".ed-arc").evaluate(above) >= 0, "an arc over the first line is not cut"
    bob.press("7", "Enter")
    bob.at(2)
    bob.saved("clean")
    result = clinic.result(task)
    spans = [entry for entry in result if entry["type"] == "labels"]
    for entry in spans:
        value = entry["value"]
        assert NOTE[value["start"] : value["end"]] == value["text"] and accepts(CONFIG, entry)
    assert [(entry["value"]["text"], *entry["value"]["labels"]) for entry in spans] == [
        ("V-12 leaks", "Part"),
        ("leaks <b>badly", "Fault"),
        ("hall 3", "Place"),
        ("Cafe\u0301 pump", "Part"),
        ("pump", "Part"),
    ]
    said = {entry["from_name"]: entry for entry in result if entry["type"] == "choices"}
    assert said["sure"]["value"] == {"start": 8, "end": 18, "text": "V-12 leaks", "choices": ["yes"]}
    assert said["tone"]["value"] == {"choices": ["urgent"]}
    [link] = [entry for entry in result if entry["type"] == "relation"]
    assert (link["from_id"], link["to_id"]) == (spans[0]["id"], spans[2]["id"])


def test_work_on_a_text_outlasts_a_reload_and_is_searched(clinic: Any, seat: SeatMaker) -> None:
    long = "".join(f"Line {at} says the pump {at % 7} runs.\n" for at in range(4000))
    queue = queue_of(clinic, "long", f"{long}The needle 🪡 is here.\n")
    bob = seat("bob").label(queue)
    hand = Reader(bob, long)
    laid = bob.page.locator(".ed-block").evaluate_all(LAID_OUT)
    assert bob.page.locator(".ed-block").count() > 40 > laid, "what is far from the window is not laid out"
    bob.press("Control+f")
    bob.page.keyboard.type("NEEDLE")
    expect(bob.page.locator("[data-find]")).to_contain_text("1 of 1")
    bob.press("Escape", "m")
    hand.count(1)
    assert bob.page.locator(".ed-mark.is-on").evaluate("mark => mark.getBoundingClientRect().top") > 0
    bob.press("Control+Shift+ArrowRight")
    first = hand.quotes()
    bob.saved("there")
    bob.page.reload()
    bob.ready()
    hand.count(1)
    assert hand.quotes() == first
    bob.press("Control+z", "Control+z")
    hand.count(0)


def test_pre_labels_are_taken_and_a_reviewer_sees_what_was_there_before(clinic: Any, seat: SeatMaker) -> None:
    value = {"start": 0, "end": 5, "text": "Valve", "labels": ["Part"]}
    offered = {"id": "p1", "from_name": "ent", "to_name": "text", "type": "labels", "value": value, "score": 0.8}
    nasty = {**offered, "id": "p2", "value": {**value, "start": 19, "end": 31, "text": "<b>badly</b>"}}
    queue = queue_of(clinic, "offered", NOTE, review=True, prelabels=[offered, nasty])
    bob = seat("bob").label(queue)
    hand, task = Reader(bob), bob.task
    expect(bob.page.locator(".ed-mark.is-prediction")).to_have_count(2)
    assert bob.page.locator(".ed-text b").count() == 0
    bob.press("j", "a")
    expect(bob.page.locator(".ed-mark.is-prediction")).to_have_count(1)
    hand.drag("pump:")
    hand.count(3)
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    rita = seat("rita").review(queue)
    expect(rita.page.locator(".ed-mark.is-own")).to_have_count(2)
    hand = Reader(rita)
    hand.drag("hall 3")
    assert hand.quotes()[:2] == ["Valve", "pump:"] and len(rita.rows()) == 3, "nothing is marked before it is fixed"
    rita.press("e")
    hand.drag("hall 3")
    hand.count(4)
    rita.press("Control+Enter")
    rita.ready("finished")
    rita.saved("clean")
    marked = [entry["value"]["text"] for entry in clinic.result(task)]
    assert sorted(marked) == ["Valve", "hall 3", "pump:"]
