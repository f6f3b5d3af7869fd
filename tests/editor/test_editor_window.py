"""Level and window of a 16-bit picture, with real keys and a real slider."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.editor.conftest import CONFIG, SIZE
from tests.label_studio import accepts

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

# The shade in the middle of the view, that of a point a quarter to the right of it, and one a quarter to the left.
SHADES = """() => {
  const canvas = document.querySelector('[data-image]');
  const context = canvas.getContext('2d');
  const y = Math.round(canvas.height / 2);
  const at = (share) => context.getImageData(Math.round(canvas.width * share), y, 1, 1).data[0];
  return [at(0.35), at(0.5), at(0.65)];
}"""


def twelve_bits() -> bytes:
    """A TIFF of 16 bits in which 12 are used: from black at the left to white at the right, and no two alike."""
    pixels = np.tile(np.linspace(0, 4095, SIZE[0]), (SIZE[1], 1)).astype("u2")
    pixels[0, :8] = np.frombuffer(uuid4().bytes, "u2") % 4096
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "TIFF", compression="tiff_lzw")
    return out.getvalue()


def shades(bob: Any) -> list[int]:
    bob.settled()
    found: list[int] = bob.page.evaluate(SHADES)
    return found


def test_level_and_window_go_by_keys_and_sliders_hold_for_the_queue_and_are_reset(
    clinic: Any, seat: Callable[..., Any]
) -> None:
    queue = clinic.queue_of(clinic.send({f"{uuid4().hex}.tif": twelve_bits() for _ in range(2)}), CONFIG)
    bob = seat("bob").label(queue)
    level, window = (bob.page.get_by_label(name, exact=True) for name in ("Level", "Window"))
    left, middle, right = shades(bob)
    assert left < middle - 20 < middle + 20 < right and 110 < middle < 145, "all 12 bits are told apart"
    assert float(level.input_value()) == pytest.approx(2048, abs=40)

    bob.press("'", "'", "'")  # what was in the middle is below it now
    darker = shades(bob)
    assert darker[1] < middle - 20 and float(level.input_value()) > 2400
    bob.press(";", ";", ";", ":", ":", ":", ":", ":")
    steeper = shades(bob)
    assert steeper[2] - steeper[0] > right - left + 15
    bob.press('"', '"', '"', '"', '"')
    window.fill("400")
    assert shades(bob) == [0, pytest.approx(middle, abs=40), 255]

    bob.drag(100, 100, 200, 180)
    task = bob.task
    bob.press("Enter")
    bob.at(2)
    assert shades(bob)[::2] == [0, 255], "the choice holds for the next picture"
    (result,) = clinic.result(task)
    assert accepts(CONFIG, result) and (result["original_width"], result["original_height"]) == SIZE

    bob.press("Shift+L")
    assert shades(bob) == [pytest.approx(shade, abs=4) for shade in (left, middle, right)]
    bob.page.reload()
    bob.ready()
    assert shades(bob) == [pytest.approx(shade, abs=4) for shade in (left, middle, right)]


def test_a_picture_of_8_bits_has_no_window(clinic: Any, seat: Callable[..., Any]) -> None:
    bob = seat("bob").label(clinic.queue(1))
    expect(bob.page.get_by_label("Level", exact=True)).to_be_hidden()
    expect(bob.page.get_by_label("Brightness", exact=True)).to_be_visible()
