"""Examples of classes: added, put in order, kept through revisions by class id, shown beside guidelines."""

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from tests.annotation_room.test_annotation_texts import texts

from lode_annotation import class_examples, guideline_text, schema_migrations, schemas
from lode_annotation.class_examples import MOST, around
from lode_annotation.models import ClassExample
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Forbidden
from lode_platform.models import Event
from motherlode.labeling_config import build

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>"


@pytest.fixture
def item(project: Any, make_items: Any) -> Any:
    return make_items(project, 1)[0]


def names(rows: list[ClassExample]) -> list[str]:
    return [row.caption for row in rows]


# -- the text ---------------------------------------------------------------------------------------------------------


LINK = '<a href="https://example.org/?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow">guide</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        (
            "For:\n- **whole** ones\n- *two*",
            "<p>For:</p><ul><li><strong>whole</strong> ones</li><li><em>two</em></li></ul>",
        ),
        ("1. first\n2) second", "<ol><li>first</li><li>second</li></ol>"),
        ("`a<b`", "<p><code>a&lt;b</code></p>"),
        ("2 * 3 * 4 and a*", "<p>2 * 3 * 4 and a*</p>"),
        ("[guide](https://example.org/?b=1&c=2)", f"<p>{LINK}</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ('[x](https://a"onclick=alert(1))', "<p>[x](https://a&quot;onclick=alert(1))</p>"),
        ("**<b>**", "<p><strong>&lt;b&gt;</strong></p>"),
    ],
)
def test_a_guideline_is_shown_as_a_little_markdown(text: str, html: str) -> None:
    assert guideline_text.shown(text) == html


def test_nothing_that_is_typed_into_a_guideline_is_run() -> None:
    for frame in ("{}", "**{}**", "`{}`", "- {}", "[{}](https://a.b)", "[a](https://{})"):
        html = guideline_text.shown(frame.format(EVIL))
        assert "<script" not in html and "<img" not in html


# -- the verbs --------------------------------------------------------------------------------------------------------


def test_examples_are_kept_in_the_order_that_they_are_given(schema: Any, alice: Any, item: Any) -> None:
    caller = Caller(alice)
    for caption in ("a", "b", "c"):
        class_examples.add(schema, caller, class_id=1, item=item.uuid, caption=caption)
    first, *_, last = class_examples.of_schema(schema, 1)
    class_examples.change(last, caller, position=0)
    assert names(class_examples.of_schema(schema, 1)) == ["c", "a", "b"]
    class_examples.change(last, caller, position=99, good=False, caption="  out of\nfocus ")
    assert [(row.caption, row.good) for row in class_examples.of_schema(schema)] == [
        ("a", True),
        ("b", True),
        ("out of focus", False),
    ]
    class_examples.remove(first, caller)
    class_examples.add(schema, caller, class_id=1, item=item.uuid, caption="d")
    assert names(class_examples.of_schema(schema, 1)) == ["b", "out of focus", "d"]
    verbs = Event.objects.filter(target=schema.uuid, verb__startswith="schema.example").order_by("pk")
    assert [row.verb.rpartition(".")[2] for row in verbs] == ["add", "add", "add", "change", "change", "remove", "add"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"class_id": 9}, "class_id"),
        ({"item": uuid4()}, "item"),
        ({"box": [0, 0, 10]}, "box"),
        ({"box": [0, 0, float("nan"), 4]}, "box"),
        ({"box": [70, 50, 90, 60]}, "box"),
        ({"box": [5, 5, 5.5, 9]}, "box"),
        ({"span": [0, 4]}, "span"),
        ({"frame": 1}, "frame"),
        ({"caption": "x" * 201}, "caption"),
    ],
)
def test_what_makes_no_example_is_refused_by_name(
    schema: Any, alice: Any, item: Any, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        class_examples.add(schema, Caller(alice), **{"class_id": 1, "item": item.uuid, **given})
    assert refused.value.facts["field"] == field
    assert not ClassExample.objects.exists()


def test_a_part_is_cut_to_the_picture_and_shown_with_what_is_around_it(schema: Any, alice: Any, item: Any) -> None:
    made = class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid, box=[-5, 10, 20, 30])
    assert made.box == [0.0, 10.0, 20.0, 30.0]
    assert around(made.box, 64, 48) == (0, 2, 29, 39)
    assert around([70, 10, 90, 30], 64, 48) is None  # the picture was replaced by a smaller one
    found = class_examples.shown(class_examples.of_schema(schema)[0])
    assert found.crop == (0, 2, 29, 39) and found.regions[0]["geometry"] == made.box


def test_a_class_has_so_many_examples_and_no_more(schema: Any, alice: Any, item: Any) -> None:
    for _ in range(MOST):
        class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid)
    with pytest.raises(Conflict, match="at most 12"):
        class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid)
    class_examples.add(schema, Caller(alice), class_id=2, item=item.uuid)


def test_those_who_may_not_edit_the_schema_add_change_and_remove_nothing(
    schema: Any, alice: Any, rita: Any, item: Any
) -> None:
    made = class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid)
    with pytest.raises(Forbidden):
        class_examples.add(schema, Caller(rita), class_id=1, item=item.uuid)
    with pytest.raises(Forbidden):
        class_examples.change(made, Caller(rita), caption="mine")
    with pytest.raises(Forbidden):
        class_examples.remove(made, Caller(rita))


def test_a_span_of_a_text_is_an_example(project: Any, alice: Any, client_for: Any) -> None:
    schema = schemas.create_schema(project, Caller(alice), name="notes", config=build(["part"], "spans", medium="text"))
    [text] = texts(project, alice, "one.txt")
    class_examples.add(schema, Caller(alice), class_id=1, item=text.uuid, span=[8, 11], caption="a name")
    with pytest.raises(BadInput, match="0 to 15"):
        class_examples.add(schema, Caller(alice), class_id=1, item=text.uuid, span=[8, 99])
    with pytest.raises(BadInput, match="is a text"):
        class_examples.add(schema, Caller(alice), class_id=1, item=text.uuid, box=[0, 0, 4, 4])
    page = client_for(alice).get(reverse("annotation:guidance", args=[project.name, "notes"])).content.decode()
    assert "text of <mark>one</mark>.txt" in page


# -- revisions --------------------------------------------------------------------------------------------------------


def shown_of(schema: Any, revision: Any = None) -> dict[int, list[str]]:
    rows = class_examples.by_class(revision or schemas.latest(schema))
    return {number: names(found) for number, found in rows.items()}


def test_a_renamed_class_keeps_its_examples_and_a_retired_one_hides_them(schema: Any, alice: Any, item: Any) -> None:
    class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid, caption="red")
    first = schemas.latest(schema)
    schemas.revise(schema, Caller(alice), config=build(["red", "WBC"], "boxes"), renames={"RBC": "red"})
    assert shown_of(schema) == {1: ["red"]}
    schemas.revise(schema, Caller(alice), config=build(["WBC"], "boxes"))
    assert shown_of(schema) == {}
    assert shown_of(schema, first) == {1: ["red"]}  # a queue under the first revision shows them still
    schemas.revise(schema, Caller(alice), config=build(["red", "WBC"], "boxes"))
    assert shown_of(schema) == {1: ["red"]}
    with pytest.raises(BadInput, match="no class 3"):
        class_examples.add(schema, Caller(alice), class_id=3, item=item.uuid)


def test_what_a_merge_does_to_examples_is_said_and_its_undo_brings_them_back(
    schema: Any, alice: Any, item: Any, client_for: Any, run_jobs: Any
) -> None:
    caller = Caller(alice)
    for number, good, caption in ((1, True, "red"), (2, True, "white"), (2, False, "not white")):
        class_examples.add(schema, caller, class_id=number, item=item.uuid, good=good, caption=caption)
    config = build(["RBC", "Platelets"], "boxes")
    address = reverse("annotation:schema_changes", args=[schema.project.name, schema.name])
    said = client_for(alice).post(address, {"config": config, "merge:2": "RBC"}).content.decode()
    assert "1 example is shown with RBC." in said
    assert "1 example of what does not count is shown no more." in said
    revision = schemas.revise(schema, caller, config=config, merges={"WBC": "RBC"})
    assert shown_of(schema) == {1: ["red", "white"]}
    run_jobs()
    schema_migrations.undo(revision, caller)
    run_jobs()
    assert shown_of(schema) == {1: ["red"], 2: ["white", "not white"]}


# -- pages ------------------------------------------------------------------------------------------------------------


def test_an_example_says_when_its_item_is_gone(schema: Any, alice: Any, item: Any, client_for: Any, api: Any) -> None:
    class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid, box=[1, 1, 20, 20])
    client, program = client_for(alice), api(alice)
    page = reverse("annotation:guidance", args=[schema.project.name, schema.name])
    listed = f"schemas/{schema.uuid}/examples"
    assert f"/thumbs/{item.uuid}" in client.get(page).content.decode()
    item.trashed_at = item.created_at
    item.save()
    said = client.get(page).content.decode()
    assert f"{item.path} is in the trash" in said and "<img" not in said
    assert program.get(listed).json()[0]["state"] == "trashed"
    item.delete()
    said = client.get(page).content.decode()
    assert "was removed" in said and "<img" not in said
    [row] = program.get(listed).json()
    assert (row["state"], row["item"]) == ("removed", None)


def test_captions_and_guidelines_are_text_on_every_page(schema: Any, alice: Any, item: Any, client_for: Any) -> None:
    class_examples.add(schema, Caller(alice), class_id=1, item=item.uuid, caption=EVIL)
    config = schemas.latest(schema).config
    schemas.revise(schema, Caller(alice), config=config, guidelines={1: EVIL})
    client, named = client_for(alice), [schema.project.name, schema.name]
    for view in ("schema", "schema_edit", "guidance"):
        html = client.get(reverse(f"annotation:{view}", args=named)).content.decode()
        assert "&lt;script&gt;alert(1)" in html and "<script>alert(1)" not in html and "<img src=x" not in html
    rows = client.get(reverse("annotation:example_rows", args=named) + "?class=1").content.decode()
    assert "&lt;script&gt;alert(1)" in rows and "<script>alert(1)" not in rows
    form = {"config": config, "schema": schema.name, "guideline:1": f"**{EVIL}**", "guideline:x": "?"}
    tried = client.post(reverse("annotation:schema_try", args=named[:1]), form).content.decode()
    assert "<strong>&lt;script&gt;" in tried and "<script>alert(1)" not in tried


def test_the_panel_of_a_revision_has_its_guidelines_and_all_examples(
    schema: Any, alice: Any, bob: Any, item: Any, client_for: Any
) -> None:
    config = schemas.latest(schema).config
    schemas.revise(schema, Caller(alice), config=config, guidelines={1: "- whole cells"})
    class_examples.add(schema, Caller(alice), class_id=2, item=item.uuid, good=False, caption="out of focus")
    page, client = reverse("annotation:guidance", args=[schema.project.name, schema.name]), client_for(bob)
    newest, first = (client.get(f"{page}?revision={n}").content.decode() for n in (2, 1))
    assert "<li>whole cells</li>" in newest and "out of focus" in newest and "is-bad" in newest
    assert "whole cells" not in first and "out of focus" in first
    assert 'data-guide="3"' not in newest  # nothing is said of it
    assert client.get(f"{page}?revision=9").status_code == 404
    assert client.get(f"{page}?revision=x").status_code == 400


def test_items_and_their_regions_are_offered_to_be_examples(
    schema: Any, alice: Any, project: Any, client_for: Any, make_items: Any, send: Any
) -> None:
    one, two = make_items(project, 2)
    send({"path": one.path, "labelled": True, "regions": [{"kind": "box", "label": "WBC", "box": [4, 5, 20, 30]}]})
    client, named = client_for(alice), [project.name, schema.name]
    items = reverse("annotation:example_items", args=named)
    found = client.get(f"{items}?query=class:WBC").content.decode()
    assert f'data-choose="{one.uuid}"' in found and str(two.uuid) not in found
    assert "note-warning" in client.get(f"{items}?query=nonsense:1").content.decode()
    part = client.get(reverse("annotation:example_part", args=[*named, one.uuid])).content.decode()
    assert '{"class_id": 2, "box": [4.0, 5.0, 20.0, 30.0], "span": null, "frame": 0}' in part
    page = client.get(reverse("platform:item", args=[project.name, one.uuid])).content.decode()
    assert f"/schemas/cells/edit/?example={one.uuid}" in page


# -- REST -------------------------------------------------------------------------------------------------------------


def test_examples_over_rest(schema: Any, alice: Any, charlie: Any, item: Any, api: Any) -> None:
    program, address = api(alice), f"schemas/{schema.uuid}/examples"
    body = {"class_id": 1, "item": str(item.uuid), "box": [1, 2, 30, 40], "good": False, "caption": "blurred"}
    made = program.post(address, body)
    assert made.status_code == 201
    row = made.json()
    assert row["box"] == [1.0, 2.0, 30.0, 40.0] and row["state"] == "there" and not row["good"]
    assert program.get(f"{address}?class_id=1").json() == [row] and program.get(f"{address}?class_id=2").json() == []
    assert program.get(f"{address}?class_id=x").status_code == 400
    changed = program.patch(f"schema-examples/{row['uuid']}", {"caption": "out of focus", "position": 0})
    assert changed.json()["caption"] == "out of focus"
    assert program.patch(f"schema-examples/{row['uuid']}", {"position": -1}).status_code == 400
    for bad in ({**body, "box": [1, 2]}, {**body, "item": str(uuid4())}, {**body, "class_id": 0}, {"class_id": 1}):
        assert program.post(address, bad).status_code == 400
    assert api(charlie).get(address).status_code == 404
    assert program.delete(f"schema-examples/{row['uuid']}").status_code == 204
    assert program.get(address).json() == []
