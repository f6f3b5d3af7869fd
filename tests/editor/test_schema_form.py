"""The form of a labeling config: by hand and keys, to the XML and to the classes of a revision."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from tests.label_studio import accepts

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <!-- kept -->
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
    <Label value="RBC"/>
    <Label value="WBC" background="#ff0000"/>
    <Label value="dirt"/>
  </RectangleLabels>
</View>
"""


@pytest.fixture
def alice(clinic: Any, seat: SeatMaker) -> Any:
    """Alice at the page that makes a new revision of a schema."""
    name = f"s{uuid4().hex[:8]}"
    made = clinic.call("POST", "projects/cells/schemas", {"name": name, "config": CONFIG})
    found = seat("alice")
    found.page.goto(f"{clinic.url}/p/cells/schemas/{name}/edit/")
    found.page.locator(".schema-question").wait_for()
    found.schema = made["uuid"]
    return found


def label(alice: Any, n: int) -> Any:
    return alice.page.get_by_label("Label", exact=True).nth(n)


def config(alice: Any) -> str:
    return str(alice.page.locator("[name=config]").input_value())


def test_labels_are_renamed_added_moved_and_removed_and_the_rest_of_the_xml_stays(clinic: Any, alice: Any) -> None:
    page = alice.page
    label(alice, 1).fill("platelet")
    label(alice, 1).press("Enter")  # ends the field, not the page
    page.get_by_label("Key", exact=True).nth(1).fill("p")
    page.get_by_label("Add a label").fill("ghost")
    page.get_by_label("Add a label").press("Enter")
    page.get_by_label("Move up: ghost").press("Enter")
    expect(page.get_by_label("Move up: ghost")).to_be_focused()
    page.get_by_label("Remove: dirt").click()
    page.get_by_role("button", name="Undo").click()
    assert config(alice) == CONFIG.replace(
        '"WBC" background="#ff0000"', '"platelet" background="#ff0000" hotkey="p"'
    ).replace('    <Label value="dirt"/>', '    <Label value="ghost"/>\n    <Label value="dirt"/>')
    expect(page.locator(".schema-gone select")).to_have_value("platelet")
    page.get_by_role("button", name="Create revision").click()
    page.wait_for_url(lambda address: "/edit/" not in address)
    made = clinic.call("GET", f"schemas/{alice.schema}")
    assert {one["name"]: one["id"] for one in made["classes"]} == {"RBC": 1, "platelet": 2, "ghost": 4, "dirt": 3}


def test_questions_are_added_with_what_they_ask(alice: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = alice.page
    page.get_by_label("Add a question").select_option("Choices")
    page.keyboard.type("sharp")  # the new label has the caret, and is selected
    page.get_by_label("Several may be chosen").check()
    page.get_by_label("Must be answered").nth(1).check()
    page.get_by_label("Add a question").select_option("Rating")
    page.get_by_label("Stars").fill("4")
    page.get_by_label("Asked of each region").nth(1).check()
    page.get_by_label("with the labels").fill("RBC")
    expect(page.locator("[data-schema-preview]")).to_contain_text("rating")
    wanted = """  <Choices name="choice" toName="image" choice="multiple" required="true">
    <Choice value="sharp"/>
  </Choices>
  <Rating name="rating" toName="image" maxRating="4" perRegion="true" whenLabelValue="RBC"/>
</View>
"""
    assert config(alice) == CONFIG.replace("</View>\n", wanted)
    for width in (1440, 900):
        page.set_viewport_size({"width": width, "height": 900})
        found = [row for row in Axe().run(page).response["violations"] if row["impact"] in ("serious", "critical")]
        assert not found, f"{width}: {found}"
    page.get_by_label("Remove: Classes").click()
    assert "Choices" not in config(alice)


def test_a_config_is_tried_on_an_item_before_it_is_saved(clinic: Any, alice: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    clinic.items(1)
    page = alice.page
    page.get_by_label("Add a question").select_option("Number")
    page.get_by_label("Must be answered").nth(1).check()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Try it").click()
    tried = opened.value
    alice.page = tried
    alice.ready()
    alice.drag(100, 100, 200, 200)
    assert alice.rows() == ["Region 1, RBC, 100 × 100"]
    assert not [row for row in Axe().run(tried).response["violations"] if row["impact"] in ("serious", "critical")]
    tried.keyboard.press("Enter")
    tried.locator("[data-notes]", has_text="number must be answered").wait_for()
    tried.locator("[data-field=number] input").fill("7")
    tried.keyboard.press("Escape")
    tried.keyboard.press("Enter")
    kept = json.loads(str(tried.locator("dialog[open] pre").text_content()))
    assert [one["value"].get("number") for one in kept] == [None, 7]
    assert all(accepts(str(page.locator("[name=config]").input_value()), one) for one in kept)
    assert clinic.call("GET", f"schemas/{alice.schema}")["revision"] == 1


def test_what_is_written_as_xml_is_seen_in_the_form(alice: Any) -> None:
    page = alice.page
    page.get_by_role("button", name="XML", exact=True).click()
    page.locator("[name=config]").fill(CONFIG.replace("dirt", "dust &amp; dirt"))
    page.get_by_role("button", name="Form", exact=True).click()
    expect(label(alice, 2)).to_have_value("dust & dirt")
    page.get_by_role("button", name="XML", exact=True).click()
    page.locator("[name=config]").fill("<View>")
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.locator("[data-schema-form]")).to_contain_text("not well-formed")
    expect(page.locator("[data-schema-preview]")).to_contain_text("Line 1")


def test_a_question_says_which_of_several_pictures_it_is_about_and_which_it_compares(alice: Any) -> None:
    page = alice.page
    pictures = '<Image name="old" value="$image1"/>\n  <Image name="new" value="$image2"/>'
    both = CONFIG.replace('<Image name="image" value="$image"/>', pictures).replace('toName="image"', 'toName="old"')
    assert page.get_by_label("Add a question").locator("option[value=Pairwise]").count() == 0
    page.get_by_role("button", name="XML", exact=True).click()
    page.locator("[name=config]").fill(both)
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_label("Picture", exact=True)).to_have_value("old")
    page.get_by_label("Picture", exact=True).select_option("new")
    page.get_by_label("Add a question").select_option("Pairwise")
    page.get_by_label("Right", exact=True).select_option("old")
    page.get_by_label("Left", exact=True).select_option("new")
    page.get_by_label("Left is called").fill("better")
    pair = '  <Pairwise name="pair" toName="new,old" leftClass="better"/>\n</View>'
    assert config(alice) == both.replace('toName="old"', 'toName="new"').replace("</View>", pair)
    expect(page.locator("[data-schema-preview]")).to_contain_text("pair")
