"""Answers of every kind, about items and about regions: given by hand and keys, kept, reviewed and published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.label_studio import accepts

import motherlode

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <Choices name="quality" toName="image" choice="multiple"><Choice value="sharp"/><Choice value="dark"/></Choices>
  <TextArea name="words" toName="image" maxSubmissions="2" placeholder="What is odd?"/>
  <Number name="count" toName="image" min="0" max="50" step="1" required="true"/>
  <Rating name="stars" toName="image" maxRating="4" defaultValue="1"/>
  <Taxonomy name="animal" toName="image">
    <Choice value="dog"><Choice value="small"/><Choice value="large"/></Choice>
    <Choice value="cat"/>
  </Taxonomy>
  <Choices name="occluded" toName="image" perRegion="true" required="true" whenTagName="label" whenLabelValue="RBC">
    <Choice value="no"/><Choice value="partly"/>
  </Choices>
  <TextArea name="note" toName="image" perRegion="true" maxSubmissions="1"/>
</View>"""


def field(bob: Any, control: str, what: str = "textarea, input") -> Any:
    return bob.page.locator(f'[data-field="{control}"]').locator(what)


def written(bob: Any, control: str) -> str:
    bob.settled()
    return str(field(bob, control).input_value())


def noted(bob: Any, words: str) -> None:
    bob.page.locator("[data-notes]", has_text=words).wait_for()


def kept(bob: Any) -> dict[tuple[str, str], Any]:
    """The values that the server has in Bob's draft, each as Label Studio's SDK takes it, by label and control."""
    bob.saved("there")
    draft = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert all(accepts(CONFIG, one) for one in draft)
    labels = {one["id"]: one["value"]["rectanglelabels"][0] for one in draft if one["type"] == "rectanglelabels"}
    return {(labels.get(one["id"], ""), one["from_name"]): one["value"] for one in draft}


def test_answers_are_typed_starred_and_found_in_a_tree_and_survive_a_reload(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1, config=CONFIG))
    field(bob, "words").click()
    bob.page.keyboard.type("Vb q!")  # letters that are commands elsewhere
    bob.page.wait_for_selector('[data-editor][data-tool="box"]')
    bob.press("Escape")
    assert bob.page.locator("[data-stage]").evaluate("stage => stage === document.activeElement")
    bob.press(",", "Tab", "Tab")  # to the first form, its button, and on to the next one
    bob.page.keyboard.type("60")
    field(bob, "count", "[aria-invalid=true]").wait_for()
    bob.press("Escape", "Enter")
    noted(bob, "count is 60; the most is 50.")
    bob.press(",", "Tab", "Tab", "End", "Backspace", "Tab", "3")  # the number is 6, the next field has three stars
    bob.press("Tab")
    bob.page.keyboard.type("lar")
    bob.press("Enter", "ArrowDown", "End", " ", "Escape")
    values = {
        ("", "words"): {"text": ["Vb q!"]},
        ("", "count"): {"number": 6},
        ("", "stars"): {"rating": 3},
        ("", "animal"): {"taxonomy": [["dog", "large"], ["cat"]]},
    }
    assert kept(bob) == values
    bob.page.reload()
    bob.ready()
    assert (written(bob, "words"), written(bob, "count")) == ("Vb q!", "6")
    assert field(bob, "stars", "[aria-checked=true]").get_attribute("aria-label") == "3 stars"
    assert field(bob, "animal", "[aria-selected=true]").all_inner_texts() == ["large", "cat"]
    field(bob, "words").fill("other")
    bob.press("Escape", "Control+z")
    assert written(bob, "words") == "Vb q!"
    bob.press("Control+Shift+z")
    assert written(bob, "words") == "other"
    bob.page.get_by_role("button", name="Add a text").click()
    bob.page.locator("[aria-label='words, text 2']:focus").wait_for()
    bob.page.keyboard.type("second")
    assert kept(bob) == {**values, ("", "words"): {"text": ["other", "second"]}}


def test_answers_about_regions_are_asked_of_those_selected_reviewed_and_published(
    clinic: Any, seat: SeatMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, name = clinic.items(1), f"s{uuid4().hex[:8]}"
    clinic.call("POST", "projects/cells/schemas", {"name": name, "config": CONFIG})
    queue = clinic.call(
        "POST", "projects/cells/queues", {"name": name, "schema": name, "items": items, "review": True}
    )["uuid"]
    clinic.call("POST", "projects/cells/datasets", {"name": name, "schema": name})
    clinic.call("POST", f"projects/cells/datasets/{name}/items", {"items": items})
    bob = seat("bob").label(queue)
    task = bob.task
    asked = bob.page.locator("[data-attributes]")
    assert asked.is_hidden()
    bob.drag(100, 100, 200, 200)
    bob.page.locator('[data-panel="occluded"]').wait_for()
    bob.press("Escape", "2")
    bob.drag(300, 100, 400, 200)
    bob.page.locator('[data-panel="occluded"]').wait_for(state="hidden")  # it is asked of an RBC alone
    field(bob, "count").fill("2")
    bob.press("Escape", "Enter")
    noted(bob, "occluded must be answered of this RBC")
    bob.page.click('[data-panel="occluded"] [data-label="partly"]')
    bob.press("Control+a")
    field(bob, "note").fill("edge worn")
    bob.press("Escape", "v")
    bob.drag(350, 150, 370, 170)
    box = {"width": pytest.approx(15.6, abs=0.5), "height": pytest.approx(20.8, abs=0.5), "rotation": 0}
    values = kept(bob)
    assert values["RBC", "occluded"]["choices"] == ["partly"] and values["RBC", "note"]["text"] == ["edge worn"]
    place = {key: values["WBC", "label"][key] for key in ("x", "y", "width", "height", "rotation")}
    assert values["WBC", "note"] == {**place, "text": ["edge worn"]} and box.items() <= place.items()
    assert "occluded: partly, note: edge worn" in bob.rows()[0]
    bob.press("Enter")
    bob.ready("finished")

    rita = seat("rita").review(queue)
    rita.page.locator("[data-region-list] [role=option]").first.click()
    assert written(rita, "note") == "edge worn" and not field(rita, "note").is_editable()
    rita.press("e")
    field(rita, "note").fill("worn")
    rita.press("Escape", "Control+Enter")
    rita.ready("finished")
    rita.saved("clean")

    clinic.call("POST", f"projects/cells/datasets/{name}/publish", {"message": "why"})
    clinic.manage("shell", "-c", "from lode_platform.jobs import run_pending; run_pending()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTHERLODE_CACHE", str(tmp_path / "cache"))
    client = motherlode.Client(clinic.url, clinic.tokens["alice"])
    [sample] = motherlode.load(f"{name}@v1", client=client)
    said = {(one.label, one.control): one for one in sample.labels}
    assert said["RBC", "label"].attributes == {"occluded": ["partly"], "note": ["worn"]}
    assert said["WBC", "label"].attributes == {"note": ["edge worn"]}
    assert (said["", "count"].value, said["", "stars"].value) == (2, 1)
    page = clinic._signed_in("alice").get(f"{clinic.url}/p/cells/items/{items[0]}/").text
    assert "note: worn, occluded: partly" in page
    assert task
