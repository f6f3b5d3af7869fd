"""The page of micro-tasks, with a thumb on a phone and by keys; axe on its pages."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

PHONE = {"width": 360, "height": 640}
CELLS = """<View>
  <Image name="media" value="$image"/>
  <RectangleLabels name="label" toName="media"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
</View>"""
WORDS = """<View>
  <Text name="media" value="$text"/>
  <Labels name="label" toName="media"><Label value="person"/></Labels>
</View>"""
POEM = "It was late. Ada Lovelace wrote to Charles <b>Babbage</b>. Nobody read it.\nThe rest is silence."


def asked(clinic: Any, count: int = 4) -> str:
    """A queue that asks about one RBC in each of so many new pictures; its uuid."""
    place = {"x": 16, "y": 20, "width": 12, "height": 18, "rotation": 0}
    return about(clinic, clinic.items(count), CELLS, "rectanglelabels", {**place, "rectanglelabels": ["RBC"]})


def about(clinic: Any, items: list[str], config: str, kind: str, value: dict[str, Any], **rule: Any) -> str:
    """Labels each item so, and asks about what was said of them; the queue's uuid."""
    name = f"m{uuid4().hex[:8]}"
    body = {"name": name, "config": config, "guidelines": {"RBC": "Pale in the middle."}}
    clinic.call("POST", "projects/cells/schemas", body)
    queue = clinic.call("POST", "projects/cells/queues", {"name": f"label {name}", "schema": name, "items": items})
    for _item in items:
        task = clinic.call("POST", f"queues/{queue['uuid']}/next")["task"]["id"]
        whose = {"from_name": "label", "to_name": "media", "type": kind}
        region = {"id": uuid4().hex, **whose, "value": value}
        answer = {"result": [region], "operation_id": str(uuid4())}
        clinic.call("POST", f"tasks/{task}/submit", answer)
    body = {"name": f"ask {name}", "schema": name, "filter": {"query": f"schema:{name}"}, **rule}
    made = clinic.call("POST", "projects/cells/micro-tasks", body)
    assert made["added"] == len(items)
    return str(made["queue"])


def votes(clinic: Any, queue: str) -> list[dict[str, int]]:
    """The votes on each question, in the order in which they were added."""
    rows = clinic.call("GET", f"queues/{queue}/micro-tasks")["results"]
    return [{answer: n for answer, n in row["votes"].items() if n} for row in rows]


class Voter:
    """A person at the page of micro-tasks."""

    def __init__(self, clinic: Any, seat: Any, queue: str) -> None:
        self.page = seat.page
        self.page.goto(f"{clinic.url}/vote/{queue}/")
        self.face("question")
        seat.settled()  # no key is heard before the first frame

    def face(self, face: str) -> None:
        self.page.wait_for_selector(f'[data-face="{face}"]')

    def sent(self) -> None:
        """Waits until the server has all votes."""
        self.page.wait_for_selector('[data-vote][data-sent="all"]')

    @property
    def task(self) -> str:
        return str(self.page.locator("[data-shown]").get_attribute("data-shown"))


@pytest.fixture
def phone(clinic: Any, browser: Any) -> Any:
    """``phone(queue)``: bob at a small screen that is touched."""
    from tests.editor.conftest import Seat

    seats: list[Seat] = []

    def make(queue: str, **more: Any) -> Voter:
        context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, **more)
        context.set_default_timeout(60_000)
        seats.append(Seat(clinic, context, "bob"))
        seats[-1].sign_in()
        return Voter(clinic, seats[-1], queue)

    yield make
    faults = [fault for one in seats for fault in one.faults]
    for one in seats:
        one.context.close()
    assert not faults, faults


def test_a_thumb_answers_takes_back_and_comes_to_the_end(clinic: Any, phone: Callable[..., Voter]) -> None:
    queue = asked(clinic, 3)
    bob = phone(queue)
    expect(bob.page.locator("[data-question]")).to_have_text("Is the label RBC right?")
    expect(bob.page.locator(".vote-card")).to_have_count(3)  # the next two are there
    card = bob.page.locator(".vote-card:not([hidden]) .vote-part")
    expect(card.locator("svg .region-line")).to_have_count(1)
    assert bob.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in bob.page.locator("[data-answer]").all():
        box = button.bounding_box()
        assert box["width"] >= 90 and box["height"] >= 64 and box["y"] + box["height"] <= PHONE["height"]
    first = bob.task
    bob.page.tap('[data-answer="no"]')
    assert bob.task != first, "the next one at once"
    bob.page.tap("[data-undo-vote]")
    assert bob.task == first
    for answer in ("yes", "no", "unsure"):
        bob.page.tap(f'[data-answer="{answer}"]')
    bob.face("finished")
    bob.sent()
    expect(bob.page.locator("[data-count]")).to_have_text("3 answered")
    assert votes(clinic, queue) == [{"yes": 1}, {"no": 1}, {"unsure": 1}]
    bob.page.tap("[data-look]")
    bob.face("finished")


def test_keys_answer_and_a_tap_shows_the_whole_picture(clinic: Any, seat: Callable[..., Any]) -> None:
    queue = asked(clinic, 3)
    bob = Voter(clinic, seat("bob"), queue)
    whole = bob.page.locator(".vote-card:not([hidden]) .vote-all")
    expect(whole).to_be_hidden()
    bob.page.locator("[data-stage]").click()
    expect(whole).to_be_visible()
    assert whole.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    bob.page.keyboard.press("w")
    expect(whole).to_be_hidden()
    bob.page.locator("summary").click()
    expect(bob.page.locator("[data-guide-words]")).to_have_text("Pale in the middle.")
    bob.page.keyboard.press("1")
    second = bob.task
    bob.page.keyboard.press("2")
    bob.page.keyboard.press("z")
    assert bob.task == second, "at once"
    bob.page.keyboard.press("3")
    bob.page.keyboard.press("1")
    bob.face("finished")
    bob.sent()
    assert votes(clinic, queue) == [{"yes": 1}, {"unsure": 1}, {"yes": 1}]


def test_a_vote_that_the_server_did_not_get_is_sent_again(clinic: Any, seat: Callable[..., Any]) -> None:
    queue = asked(clinic, 2)
    bob = Voter(clinic, seat("bob"), queue)
    expect(bob.page.locator(".vote-card")).to_have_count(2)
    bob.page.route("**/micro-tasks/*/vote", lambda route: route.abort())
    bob.page.keyboard.press("1")
    bob.page.wait_for_selector('[data-vote][data-sent="waiting"]')
    assert votes(clinic, queue) == [{}, {}]
    bob.page.unroute("**/micro-tasks/*/vote")
    bob.sent()
    assert votes(clinic, queue) == [{"yes": 1}, {}]


def test_leaving_gives_back_what_is_in_hand(clinic: Any, seat: Callable[..., Any]) -> None:
    queue = asked(clinic, 3)
    bob = Voter(clinic, seat("bob"), queue)
    expect(bob.page.locator(".vote-card")).to_have_count(3)
    assert "Questions in hand" in page_of(clinic, queue)
    bob.page.goto(f"{clinic.url}/glossary/")
    assert wait_until(lambda: "Questions in hand" not in page_of(clinic, queue))


def page_of(clinic: Any, queue: str) -> str:
    return str(clinic._signed_in("alice").get(f"{clinic.url}/p/cells/queues/{queue}/").text)


def wait_until(met: Callable[[], bool]) -> bool:
    return any(met() for _look in range(200))


def test_a_span_is_shown_in_its_sentence(clinic: Any, seat: Callable[..., Any]) -> None:
    items = clinic.send({f"{uuid4().hex}.txt": POEM.encode()})
    start, end = POEM.index("Charles"), POEM.index(". Nobody")
    value = {"start": start, "end": end, "text": POEM[start:end], "labels": ["person"]}
    queue = about(clinic, items, WORDS, "labels", value, question="Is “{label}” right?")
    bob = Voter(clinic, seat("bob"), queue)
    expect(bob.page.locator("[data-question]")).to_have_text("Is “person” right?")
    part = bob.page.locator(".vote-part")
    expect(part).to_have_text("… Ada Lovelace wrote to Charles <b>Babbage</b>. …")
    expect(part.locator("mark")).to_have_text("Charles <b>Babbage</b>")
    bob.page.keyboard.press("w")
    expect(bob.page.locator(".vote-all")).to_contain_text("The rest is silence.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_serious_fault_of_accessibility(
    clinic: Any, seat: Callable[..., Any], phone: Callable[..., Voter], theme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    queue = asked(clinic, 3)
    bob = phone(queue, color_scheme=theme)
    alice = seat("alice")
    alice.page.emulate_media(color_scheme=theme)
    faults = serious(Axe(), bob.page)
    for answer in ("yes", "no", "unsure"):
        bob.page.tap(f'[data-answer="{answer}"]')
    bob.face("finished")
    bob.sent()
    faults += serious(Axe(), bob.page)
    for address in (f"queues/{queue}/", "micro-tasks/new/"):
        alice.page.goto(f"{clinic.url}/p/cells/{address}")
        faults += serious(Axe(), alice.page)
    assert not faults


def serious(axe: Any, page: Any) -> list[Any]:
    found = axe.run(page).response["violations"]
    return [
        (page.url, one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
