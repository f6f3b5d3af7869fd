"""Texts in schemas, queues, answers and imports: one medium a schema."""

import json
from typing import Any
from uuid import uuid4

import pytest

from lode_annotation import label_sets, queues, schemas
from lode_annotation.labeling_config import parse_config
from lode_annotation.models import LabelSet
from lode_annotation.rules import rules_of
from lode_annotation.validation import problems_of, validate
from lode_platform import items
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item
from lode_platform.store import store
from motherlode import labeling_config
from motherlode.errors import BadInput as BadBuild
from motherlode.media import Image, Text

pytestmark = pytest.mark.django_db

CONFIG = labeling_config.build(["good", "bad"], "classes", medium="text")


def texts(project: Any, user: Any, *names: str) -> list[Item]:
    specs = []
    for name in names:
        blob = store().add_bytes(f"text of {name}".encode())
        specs.append(items.ItemSpec(name, blob.md5, blob.sha256))
    return items.add_items(project, Caller(user), specs, trusted=True).created


def choice(label: str = "good", **more: Any) -> dict[str, Any]:
    named = {"id": "a", "type": "choices", "from_name": "choice", "to_name": "text"}
    return {**named, "value": {"choices": [label]}, **more}


def test_a_config_about_a_text_is_built_and_parsed() -> None:
    assert '<Text name="text" value="$text"/>' in CONFIG
    parsed = parse_config(CONFIG)
    assert (parsed.to_name, [control.type for control in parsed.controls]) == ("text", ["Choices"])
    # what Label Studio's own library reads says the same
    by_hand = CONFIG.replace('value="bad"', 'value="bad" hint="no"')
    assert parse_config(by_hand).to_name == "text"
    assert labeling_config.medium_of(CONFIG) == "text"
    assert labeling_config.medium_of(labeling_config.build(["a"], "boxes")) == "image"
    with pytest.raises(BadBuild, match="boxes are labels of images, not of texts"):
        labeling_config.build(["a"], "boxes", medium="text")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("<Text ", "<Audio ", "<Audio> is not supported yet"),
        ('value="$text"', 'value="$image"', '<Text value="$image"> must be value="$text"'),
        ('toName="text"', 'toName="image"', 'toName="image"> names no <Text>'),
        ("  <Choices", '  <Text name="b" value="$text"/>\n  <Choices', "A second <Text> is not supported yet"),
        ("  <Choices", '  <Image name="b" value="$image"/>\n  <Choices', "A <Image> beside a <Text> is not supported"),
        ("  <Text", "  <Hyper/><Text", "<Hyper> is not supported yet"),
    ],
)
def test_what_is_not_there_yet_is_refused_by_name(old: str, new: str, says: str) -> None:
    with pytest.raises(BadInput) as raised:
        parse_config(CONFIG.replace(old, new, 1))
    assert says in raised.value.message


def test_a_region_of_an_image_cannot_be_about_a_text() -> None:
    config = labeling_config.build(["a"], "boxes").replace("Image", "Text").replace("image", "text")
    with pytest.raises(BadInput, match="<RectangleLabels> about a <Text> is not supported"):
        parse_config(config)


def test_a_schema_keeps_its_medium(project: Any, alice: Any) -> None:
    schema = schemas.create_schema(project, Caller(alice), name="tone", config=CONFIG)
    with pytest.raises(BadInput, match="asks about texts, this config about images"):
        schemas.revise(schema, Caller(alice), config=labeling_config.build(["good", "bad"], "classes"))


def test_a_queue_takes_items_of_its_schemas_medium(project: Any, alice: Any, api: Any, make_items: Any) -> None:
    [note] = texts(project, alice, "note.txt")
    [picture] = make_items(project, 1)
    tone = schemas.create_schema(project, Caller(alice), name="tone", config=CONFIG)
    look = schemas.create_schema(project, Caller(alice), name="look", config=labeling_config.build(["a"], "boxes"))
    for schema, wrong, says in (
        (tone, picture, "is an image, and the schema 'tone' asks about texts"),
        (look, note, "note.txt is a text, and the schema 'look' asks about images"),
    ):
        queue = queues.create_queue(project, Caller(alice), name=schema.name, schema=schema)
        with pytest.raises(BadInput) as raised:
            queues.add_tasks(queue, Caller(alice), [queues.TaskSpec(item=wrong)])
        assert says in raised.value.message
    made = api(alice).post(f"projects/{project.name}/queues", {"name": "all", "schema": str(tone.uuid), "items": {}})
    assert (made.status_code, made.json()["code"]) == (400, "other_medium")
    made = api(alice).post(
        f"projects/{project.name}/queues",
        {"name": "all", "schema": str(tone.uuid), "items": {"medium": "text"}},
    )
    assert made.status_code == 201, made.json()


def test_an_answer_about_a_text_says_no_size() -> None:
    rules = rules_of(
        [
            {
                "name": "choice",
                "type": "Choices",
                "to_name": "text",
                "choice": "single",
                "required": False,
                "labels": [{"value": "good", "class_id": 1, "color": None, "hotkey": "1", "guideline": ""}],
            }
        ]
    )
    assert validate([choice()], Text(9), rules) == [choice()]
    assert validate([choice()], Image(4, 3), rules) == [choice(original_width=4, original_height=3)]
    [said] = label_sets.regions_from([choice()], Text(9), rules, [])
    assert (said.kind, said.class_id, said.control) == ("choice", 1, "choice")
    [back] = label_sets.shown([said.as_json()], Text(9), rules)
    assert back == choice()


def test_a_box_on_a_text_breaks_a_rule() -> None:
    rules = rules_of(
        [
            {
                "name": "label",
                "type": "RectangleLabels",
                "to_name": "image",
                "choice": "single",
                "required": False,
                "labels": [{"value": "a", "class_id": 1, "color": None, "hotkey": "1", "guideline": ""}],
            }
        ]
    )
    box = {"x": 0, "y": 0, "width": 10, "height": 10, "rotation": 0, "rectanglelabels": ["a"]}
    entry = {"id": "b", "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": box}
    [problem] = problems_of([entry], Text(9), rules)
    assert (problem.rule, problem.error) == ("medium", "A box is part of an image; the item is a text.")


def send(client: Any, project: Any, schema: str, rows: list[dict[str, Any]]) -> None:
    uuid = uuid4()
    client.post(f"projects/{project.name}/label-imports", {"uuid": str(uuid), "schema": schema})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    client.client.put(f"/api/v1/label-imports/{uuid}/parts/0", lines, content_type="application/x-ndjson")
    client.post(f"label-imports/{uuid}/finish")


def test_imported_labels_keep_to_the_medium(project: Any, alice: Any, api: Any, make_items: Any, run_jobs: Any) -> None:
    [note] = texts(project, alice, "note.txt")
    [picture] = make_items(project, 1)
    schemas.create_schema(project, Caller(alice), name="tone", config=CONFIG)
    rows = [
        {"path": note.path, "labelled": True, "regions": [{"kind": "choice", "label": "good"}]},
        {"path": picture.path, "labelled": True, "regions": [{"kind": "choice", "label": "bad"}]},
    ]
    send(api(alice), project, "tone", rows)
    run_jobs()
    job = project.jobs.get()
    assert job.result["label_sets"] == 1, job.error
    assert "an image, and the schema 'tone' asks about texts" in str(job.result)
    assert LabelSet.objects.current().get().item == note


def test_a_new_schema_starts_with_the_medium_of_the_newest_item(
    project: Any, alice: Any, client_for: Any, make_items: Any
) -> None:
    client, at = client_for(alice), f"/p/{project.name}/schemas/new/"

    def offered() -> tuple[str, list[str]]:
        said = client.get(at).context
        return labeling_config.medium_of(said["form"]["config"].value()), [one.title for one in said["starters"]]

    make_items(project, 1)
    medium, titles = offered()
    assert (medium, titles[0], titles[-1]) == ("image", "Boxes of images", "Classes of lists")
    texts(project, alice, "note.txt")
    assert offered() == ("text", [*titles[-3:-1], *titles[:-3], titles[-1]])
    assert titles[-3:-1] == ["Spans of texts", "Classes of texts"]
    for one in client.get(at).context["starters"]:
        got = client.get(at, {"medium": one.medium.kind, "task": one.shape.task}).context["form"]["config"].value()
        assert parse_config(got).labels == list(one.medium.examples)
    assert client.get(at, {"medium": "text", "task": "boxes"}).status_code == 400
