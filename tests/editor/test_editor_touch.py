"""Fingers and the pen on the picture, as Chromium itself has them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]


class Hand:
    """Fingers and a pen at a person's screen; places are pixels of the picture, fitted."""

    def __init__(self, seat: Any) -> None:
        self.seat = seat
        self.devtools = seat.context.new_cdp_session(seat.page)
        self.devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})

    def touch(self, what: str, *places: tuple[float, float], radius: float = 5) -> None:
        """``what``: touchStart, touchMove, touchEnd or touchCancel; all fingers that are down, each with its place."""
        points = [
            {"x": x, "y": y, "id": number, "radiusX": radius, "radiusY": radius}
            for number, (x, y) in enumerate(self.seat.point(*place) for place in places)
        ]
        self.devtools.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": points})

    def pen(self, what: str, x: float, y: float) -> None:
        """``what``: mousePressed, mouseMoved or mouseReleased."""
        across, down = self.seat.point(x, y)
        said = {"type": what, "x": across, "y": down, "button": "left", "buttons": 1, "pointerType": "pen"}
        self.devtools.send("Input.dispatchMouseEvent", said | {"clickCount": 1})


@pytest.fixture
def bob(clinic: Any, seat: Callable[..., Any]) -> Any:
    made = seat("bob").label(clinic.queue(1))
    made.press("1")
    return made


def test_one_finger_draws_and_two_zoom_and_pan(bob: Any) -> None:
    hand, zoom = Hand(bob), bob.page.locator("[data-zoom]")
    hand.touch("touchStart", (100, 100))
    hand.touch("touchMove", (150, 150))
    hand.touch("touchMove", (200, 200))
    hand.touch("touchEnd")
    (drawn,) = bob.rows()
    assert "100 × 100" in drawn
    before = int(zoom.inner_text().split()[0])
    hand.touch("touchStart", (300, 200))
    hand.touch("touchMove", (320, 220))
    hand.touch("touchStart", (320, 220), (360, 220))
    hand.touch("touchMove", (300, 220), (380, 220))
    hand.touch("touchMove", (280, 220), (400, 220))
    hand.touch("touchEnd", (280, 220))
    hand.touch("touchMove", (200, 300))
    hand.touch("touchEnd")
    assert len(bob.rows()) == 1, "what the first finger had begun is given up"
    assert int(zoom.inner_text().split()[0]) == pytest.approx(before * 3, rel=0.1)
    assert bob.page.evaluate("() => [visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]


def test_a_stroke_that_the_system_takes_away_leaves_nothing(bob: Any) -> None:
    hand = Hand(bob)
    hand.touch("touchStart", (100, 100))
    hand.touch("touchMove", (200, 200))
    hand.touch("touchCancel")
    bob.settled()
    assert not bob.rows()
    expect(bob.page.locator(".ed-draft")).to_have_attribute("d", "")
    hand.touch("touchStart", (100, 100))
    hand.touch("touchMove", (150, 160))
    hand.touch("touchEnd")
    assert len(bob.rows()) == 1


def test_a_palm_beside_the_pen_is_ignored(bob: Any) -> None:
    hand, zoom = Hand(bob), bob.page.locator("[data-zoom]")
    before = zoom.inner_text()
    hand.pen("mousePressed", 100, 100)
    hand.touch("touchStart", (500, 400), radius=60)
    hand.pen("mouseMoved", 150, 130)
    hand.touch("touchMove", (420, 380), radius=60)
    hand.pen("mouseMoved", 180, 160)
    hand.touch("touchEnd")
    hand.pen("mouseReleased", 180, 160)
    (drawn,) = bob.rows()
    assert "80 × 60" in drawn
    assert zoom.inner_text() == before
