"""Links between regions: made by hand and by keys, turned, named, copied, taken along, reviewed and published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

import motherlode
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import rules_of
from lode_annotation.validation import problems_of
from motherlode.media import Image

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="wheel"/><Label value="car"/></RectangleLabels>
  <Relations><Relation value="part of"/><Relation value="left of"/></Relations>
</View>"""
IDS = {("label", "wheel"): 1, ("label", "car"): 2, ("relations", "part of"): 3, ("relations", "left of"): 4}
RULES = rules_of(controls_json(parse_config(CONFIG), IDS))


def three_boxes(bob: Any, queue: str) -> Any:
    """Two wheels and a car, in that order, none of them selected."""
    bob.label(queue)
    bob.drag(40, 40, 120, 120)
    bob.drag(40, 300, 120, 380)
    bob.press("Escape", "2")
    bob.drag(340, 140, 600, 330)
    bob.press("v", "Escape")
    return bob


def held(bob: Any) -> list[dict[str, Any]]:
    """What the server has in Bob's draft, as Label Studio's validator and ours take it."""
    bob.saved("there")
    draft: list[dict[str, Any]] = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    interface: Any = LabelInterface(CONFIG)
    prediction = {"result": draft, "model_version": "bob", "score": 1.0}
    assert interface.validate_prediction(prediction, return_errors=True) == []
    assert [*problems_of(draft, Image(640, 480), RULES)] == []
    return draft


def links(bob: Any) -> list[tuple[int, int, str, list[str]]]:
    """The links in the draft, their ends by their place."""
    draft = held(bob)
    places = {one["id"]: n for n, one in enumerate((one for one in draft if one["type"] != "relation"), 1)}
    return [
        (places[one["from_id"]], places[one["to_id"]], one["direction"], one["labels"])
        for one in draft
        if one["type"] == "relation"
    ]


def panel(bob: Any) -> Any:
    return bob.page.locator("[data-relation]")


def said(bob: Any) -> list[str]:
    bob.settled()
    return [str(one.get_attribute("aria-label")) for one in panel(bob).all()]


def test_a_region_is_linked_with_the_one_pressed_turned_named_and_unlinked(clinic: Any, seat: SeatMaker) -> None:
    bob = three_boxes(seat("bob"), clinic.queue(1, config=CONFIG))
    bob.click(80, 80)
    bob.page.locator('[data-command="relation.link"]').click()
    bob.page.wait_for_selector('[data-editor][data-tool="link"]')
    bob.click(460, 240)
    bob.page.wait_for_selector('[data-editor][data-tool="select"]')
    assert said(bob) == ["to car (part of)"] and links(bob) == [(1, 3, "right", ["part of"])]
    assert "to car (part of)" in bob.rows()[0] and "from wheel (part of)" in bob.rows()[2]
    panel(bob).get_by_role("button", name="Change the direction").click()
    assert said(bob) == ["from car (part of)"] and links(bob) == [(3, 1, "right", ["part of"])]
    panel(bob).get_by_role("button", name="Change the direction").click()
    panel(bob).get_by_role("combobox").select_option("left of")
    assert said(bob) == ["both ways with car (left of)"] and links(bob) == [(1, 3, "bi", ["left of"])]
    bob.page.reload()
    bob.ready()
    assert links(bob) == [(1, 3, "bi", ["left of"])]
    bob.press("Control+z", "Control+z")
    bob.click(80, 80)
    assert said(bob) == ["from car (part of)"]
    bob.press("Control+Shift+z", "Control+Shift+z")
    assert said(bob) == ["both ways with car (left of)"]
    panel(bob).get_by_role("button", name="Delete the relation").click()
    panel(bob).wait_for(state="detached")
    assert links(bob) == []


def test_by_keys_regions_are_linked_and_their_links_changed(clinic: Any, seat: SeatMaker) -> None:
    bob = three_boxes(seat("bob"), clinic.queue(1, config=CONFIG))
    bob.press("j", "Shift+J", "j", "j", "Shift+J")  # the first with the third
    assert said(bob) == ["to car (part of)"]
    bob.press("Shift+J", "Escape")
    bob.page.wait_for_selector('[data-editor][data-tool="select"]')
    bob.press("Alt+j", "Alt+k")
    assert said(bob) == ["from car (left of)"]
    bob.press("Alt+k", "Alt+j")
    assert said(bob) == ["both ways with car"] and links(bob) == [(1, 3, "bi", [])]
    bob.press("Alt+j", "Shift+J")
    bob.page.locator("[data-region-list] [role=option]").nth(2).click()  # the row counts as the region
    bob.page.locator("[data-notes]", has_text="These two regions are linked like this already.").wait_for()
    bob.press("Alt+Delete")
    panel(bob).wait_for(state="detached")
    bob.press("Control+z")
    panel(bob).wait_for()
    bob.page.locator('[data-part$=" class"]').focus()
    bob.page.keyboard.press("p")  # a letter of the list of classes, and no command
    assert said(bob) == ["to car (part of)"]
    bob.press("Escape")
    assert links(bob) == [(1, 3, "right", ["part of"])]


def test_links_are_copied_with_both_regions_and_go_with_one(clinic: Any, seat: SeatMaker) -> None:
    bob = three_boxes(seat("bob"), clinic.queue(1, config=CONFIG))
    bob.click(80, 80)
    bob.page.keyboard.down("Shift")
    bob.click(80, 340)
    bob.page.keyboard.up("Shift")
    bob.press("Shift+J")  # of two that are selected the first with the second
    assert links(bob) == [(1, 2, "right", ["part of"])]
    bob.press("Control+a", "Control+d")
    bob.press("Escape")
    assert links(bob) == [(1, 2, "right", ["part of"]), (4, 5, "right", ["part of"])]
    bob.press("j", "Delete")
    assert links(bob) == [(3, 4, "right", ["part of"])]
    bob.press("Control+z", "Control+c", "Control+v", "Escape")
    assert links(bob) == [(1, 2, "right", ["part of"]), (4, 5, "right", ["part of"])]


def test_links_are_reviewed_published_and_read(
    clinic: Any, seat: SeatMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, name = clinic.items(1), f"s{uuid4().hex[:8]}"
    clinic.call("POST", "projects/cells/schemas", {"name": name, "config": CONFIG})
    made = {"schema": name, "items": items, "review": True}
    first, second = (clinic.call("POST", "projects/cells/queues", {**made, "name": f"{name} {n}"}) for n in (1, 2))
    clinic.call("POST", "projects/cells/datasets", {"name": name, "schema": name})
    clinic.call("POST", f"projects/cells/datasets/{name}/items", {"items": items})
    bob = seat("bob")
    three_boxes(bob, first["uuid"])
    bob.press("j", "Shift+J", "j", "j", "Shift+J", "Enter")
    bob.ready("finished")
    rita = seat("rita").review(first["uuid"])
    rita.press("j")
    assert said(rita) == ["to car (part of)"]
    assert panel(rita).locator("select").count() == 0 and panel(rita).locator("button:enabled").count() == 1
    rita.press("Enter")
    rita.ready("finished")
    rita.saved("clean")

    bob.label(second["uuid"])  # it begins with what is held to be true
    bob.press("j", "Alt+j", "j", "Shift+J", "j", "Shift+J", "Enter")
    bob.ready("finished")
    rita.review(second["uuid"])
    rita.page.locator("[data-changes]", has_text="2 relations added, 1 relation removed").wait_for()
    rita.press("e", "j", "Alt+j", "Control+Enter")
    rita.ready("finished")
    rita.saved("clean")

    clinic.call("POST", f"projects/cells/datasets/{name}/publish", {"message": "why"})
    clinic.manage("shell", "-c", "from lode_platform.jobs import run_pending; run_pending()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTHERLODE_CACHE", str(tmp_path / "cache"))
    data = motherlode.load(f"{name}@v1", client=motherlode.Client(clinic.url, clinic.tokens["alice"]))
    [sample] = data
    places = {one.id: place for place, one in enumerate(sample.labels)}
    read = [(places[one.from_id], places[one.to_id], one.label, one.both, one.control) for one in sample.relations]
    assert read == [(0, 2, "part of", True, "relations"), (1, 2, "part of", False, "relations")]
    assert data.classes == {1: "wheel", 2: "car"} and data.names == ["wheel", "car"]
    page = clinic._signed_in("alice").get(f"{clinic.url}/p/cells/items/{items[0]}/").text
    assert "wheel ↔ car (part of)" in page and "wheel → car (part of)" in page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_linked_region_has_no_serious_fault_of_accessibility(clinic: Any, seat: SeatMaker, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    bob = seat("bob")
    bob.page.emulate_media(color_scheme=theme)
    three_boxes(bob, clinic.queue(1, config=CONFIG))
    bob.press("j", "Shift+J", "j", "j", "Shift+J")
    panel(bob).wait_for()
    for width in (1440, 900):
        bob.page.set_viewport_size({"width": width, "height": 800})
        found = Axe().run(bob.page).response["violations"]
        assert [one for one in found if one["impact"] in ("serious", "critical")] == []
