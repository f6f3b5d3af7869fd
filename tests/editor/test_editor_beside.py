"""Several pictures of an item side by side, each region on its own, and which of two is preferred."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.editor.conftest import SIZE
from tests.label_studio import accepts

import motherlode

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

CONFIG = """<View>
  <Image name="before" value="$image1"/>
  <Image name="after" value="$image2"/>
  <RectangleLabels name="old" toName="before"><Label value="cell"/><Label value="gap"/></RectangleLabels>
  <RectangleLabels name="new" toName="after"><Label value="cell"/><Label value="growth"/></RectangleLabels>
  <Choices name="sharp" toName="after" perRegion="true"><Choice value="yes"/><Choice value="no"/></Choices>
  <Pairwise name="better" toName="before,after" required="true"/>
</View>"""
PAIR = """<View><Image name="one" value="$a"/><Image name="two" value="$b"/>
  <Pairwise name="pair" toName="one,two" leftClass="first" rightClass="second"/></View>"""


def pair() -> bytes:
    pages = [np.full((SIZE[1], SIZE[0]), shade, "u1") for shade in (90, 190)]
    pages[0][0, :8] = np.frombuffer(uuid4().bytes[:8], "u1")
    out = io.BytesIO()
    first, *rest = [Image.fromarray(page) for page in pages]
    first.save(out, "TIFF", save_all=True, append_images=rest, compression="tiff_lzw")
    return out.getvalue()


def queue(clinic: Any, config: str, *, review: bool = False) -> str:
    return str(clinic.queue_of(clinic.send({f"{uuid4().hex}.tif": pair()}), config, review=review))


def over(seat: Any, page: int) -> None:
    """Moves the pointer over a picture, which comes on the stage."""
    picture = seat.page.locator(f'[data-picture="{page}"]')
    edge = picture.bounding_box()
    seat.page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
    shown(seat, page)


def shown(seat: Any, page: int) -> None:
    """Waits until a picture is on the stage."""
    expect(seat.page.locator(f'[data-picture="{page}"]')).to_have_class("ed-picture is-on-stage")
    seat.settled()


def zoom(seat: Any) -> str:
    seat.settled()
    return str(seat.page.locator("[data-zoom]").inner_text())


def entries(bob: Any, where: str = "draft") -> list[dict[str, Any]]:
    """What the server has of the work at hand, each as Label Studio's SDK takes it."""
    bob.saved("there")
    found: list[dict[str, Any]] = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")[where]["result"]
    assert all(accepts(CONFIG, one) for one in found)
    return found


def test_each_picture_is_drawn_on_and_zoomed_by_itself_and_its_regions_name_it(
    clinic: Any, seat: Callable[..., Any]
) -> None:
    bob = seat("bob").label(queue(clinic, CONFIG))
    expect(bob.page.locator("[data-picture-name]")).to_have_text(["before", "after"])
    expect(bob.page.locator("[data-pages]")).to_be_hidden()
    over(bob, 0)
    bob.drag(100, 100, 200, 180)
    over(bob, 1)
    expect(bob.page.locator('[data-control="new"] [data-label="cell"]')).to_have_attribute("aria-pressed", "true")
    bob.drag(300, 200, 420, 300)
    expect(bob.page.locator("[data-region-summary]")).to_have_text("1 region, 1 on other pictures")
    bob.page.click('[data-panel="sharp"] [data-label="yes"]')
    bob.press("Escape")
    fitted = zoom(bob)
    over(bob, 1)
    bob.page.mouse.wheel(0, -400)
    closer = zoom(bob)
    over(bob, 0)
    assert closer != fitted == zoom(bob), "the wheel zooms the picture under the pointer alone"
    bob.press("Shift+N")
    shown(bob, 1)
    assert zoom(bob) == closer
    bob.press("f", "Escape")
    bob.page.click('[data-control="old"] [data-label="gap"]')  # a label of the other picture goes there
    shown(bob, 0)
    bob.drag(20, 300, 90, 400)
    assert len(bob.rows()) == 2
    summary = bob.page.locator("[data-region-summary]")
    bob.press("Shift+N", "Control+z")  # undo goes where it was drawn
    shown(bob, 0)
    expect(summary).to_have_text("1 region, 1 on other pictures")
    bob.press("Control+Shift+z")
    expect(summary).to_have_text("2 regions, 1 on other pictures")
    bob.page.reload()
    bob.ready()
    found = {(one["from_name"], one["to_name"]): one for one in entries(bob)}
    assert sorted(found) == [("new", "after"), ("old", "before"), ("sharp", "after")]
    assert len(entries(bob)) == 4 and not any("item_index" in one for one in found.values())
    assert found["new", "after"]["value"]["x"] == pytest.approx(300 / SIZE[0] * 100, abs=0.5)


def test_a_copy_comes_under_the_control_of_the_other_picture_and_a_stroke_is_not_lost_by_going_there(
    clinic: Any, seat: Callable[..., Any]
) -> None:
    config = CONFIG.replace("RectangleLabels", "PolygonLabels")
    bob = seat("bob").label(queue(clinic, config))
    over(bob, 0)
    for x, y in ((100, 100), (200, 100), (200, 200)):
        bob.click(x, y)
    edge = bob.page.locator('[data-picture="1"]').bounding_box()
    bob.page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
    bob.page.locator("[data-notes]", has_text="Finish what is being drawn").wait_for()
    bob.press("Enter")
    assert len(bob.rows()) == 1
    bob.press("Shift+S")
    shown(bob, 1)
    bob.saved("there")
    made = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert [(one["from_name"], one["to_name"]) for one in made] == [("old", "before"), ("new", "after")]
    assert made[0]["value"]["points"] == made[1]["value"]["points"] and all(accepts(config, one) for one in made)


def test_which_of_two_is_preferred_is_said_by_key_or_button_reviewed_and_published(
    clinic: Any, seat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, name = clinic.send({f"{uuid4().hex}.tif": pair()}), f"s{uuid4().hex[:8]}"
    clinic.call("POST", "projects/cells/schemas", {"name": name, "config": CONFIG})
    body = {"name": name, "schema": name, "items": items, "review": True}
    asked = clinic.call("POST", "projects/cells/queues", body)["uuid"]
    clinic.call("POST", "projects/cells/datasets", {"name": name, "schema": name})
    clinic.call("POST", f"projects/cells/datasets/{name}/items", {"items": items})
    bob = seat("bob").label(asked)
    over(bob, 1)
    bob.drag(300, 200, 420, 300)
    bob.press("Escape")
    bob.press("Enter")
    bob.page.locator("[data-notes]", has_text="better must be answered").wait_for()
    bob.press("(")
    expect(bob.page.locator('[data-picture-name="0"]')).to_have_class("ed-picture-name is-preferred")
    bob.page.get_by_role("radio", name="after").click()
    expect(bob.page.locator('[data-picture-name="1"]')).to_have_class("ed-picture-name is-preferred")
    bob.press(",", "ArrowLeft", "Escape", "Control+z")
    bob.saved("there")
    region, said = entries(bob)
    assert (said["type"], said["to_name"], said["value"]) == ("pairwise", "before", {"selected": "right"})
    assert (region["from_name"], region["to_name"]) == ("new", "after")
    bob.press("Enter")
    bob.page.wait_for_selector('[data-face="finished"]')
    rita = seat("rita").review(asked)
    expect(rita.page.locator('[data-picture-name="1"]')).to_have_class("ed-picture-name is-preferred")
    rita.press("Enter")
    rita.page.wait_for_selector('[data-face="finished"]')
    rita.saved("clean")
    clinic.call("POST", f"projects/cells/datasets/{name}/publish", {"message": "why"})
    clinic.manage("shell", "-c", "from lode_platform.jobs import run_pending; run_pending()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTHERLODE_CACHE", str(tmp_path / "cache"))
    [sample] = motherlode.load(f"{name}@v1", client=motherlode.Client(clinic.url, clinic.tokens["alice"]))
    held = {one.control: one for one in sample.labels}
    assert (held["better"].kind, held["better"].value) == ("pairwise", "right")
    assert (held["new"].kind, held["new"].frame, sample.pages) == ("box", 1, 2)
    assert sample.image(page=1).getpixel((0, 0)) == (190, 190, 190)


def test_a_pair_without_regions_says_what_its_sides_are_called(clinic: Any, seat: Callable[..., Any]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    bob = seat("bob").label(queue(clinic, PAIR))
    expect(bob.page.locator("[data-picture-name]")).to_have_text(["one", "two"])
    found = Axe().run(bob.page).response["violations"]
    assert [row["id"] for row in found if row["impact"] in ("serious", "critical")] == []
    bob.press(")")
    bob.saved("there")
    (said,) = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert said["value"] == {"selected": "second"} and accepts(PAIR, said)
    bob.page.get_by_role("radio", name="two").click()
    expect(bob.page.locator(".is-preferred")).to_have_count(0)
