"""Several pictures of one item: what a config says of them, and that each region stays on its own."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.label_studio import accepts

from lode_annotation import queues, schemas
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.models import LabelSet
from lode_annotation.rules import Rules, rules_of, translated
from lode_annotation.validation import problems_of
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, User
from motherlode.labeling_config import objects_of
from motherlode.media import Image
from motherlode.regions import Region, as_result, asked_by, from_result
from motherlode.regions import answered as control_for

CONFIG = """<View>
  <Image name="left" value="$image1"/>
  <Image name="right" value="$image2"/>
  <RectangleLabels name="old" toName="left"><Label value="cell"/><Label value="gap"/></RectangleLabels>
  <RectangleLabels name="new" toName="right"><Label value="cell"/></RectangleLabels>
  <Choices name="sharp" toName="right" perRegion="true" required="true"><Choice value="yes"/></Choices>
  <Pairwise name="better" toName="left,right"/>
</View>"""
MEDIA = Image(200, 100, 2)


def rules(config: str = CONFIG) -> Rules:
    parsed = parse_config(config)
    classes = [(control.name, label.value) for control in parsed.controls for label in control.labels]
    return rules_of(controls_json(parsed, {key: number for number, key in enumerate(classes, 1)}))


def entry(control: str, target: str, **more: Any) -> dict[str, Any]:
    value = {"x": 10.0, "y": 20.0, "width": 25.0, "height": 50.0, "rotation": 0, "rectanglelabels": ["cell"]}
    size = {"original_width": 200, "original_height": 100, "image_rotation": 0}
    made = {"id": control, "type": "rectanglelabels", "from_name": control, "to_name": target, **size, "value": value}
    return {**made, **more}


BOXES = [entry("old", "left"), entry("new", "right")]
SHARP = entry("sharp", "right", id="new", type="choices", value={**BOXES[1]["value"], "choices": ["yes"]})
BETTER = entry("better", "left", type="pairwise", value={"selected": "right"})
del SHARP["value"]["rectanglelabels"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"$image2"', '"$image1"', 'Line 3: Two <Image> have value="$image1"; each picture has its own.'),
        ('"$image2"', '"http://a/b"', 'must name a field of the item, such as value="$image1"'),
        ('name="right"', 'name="a,b"', '<Image name="a,b"> must be a name without commas.'),
        (
            '<Image name="right" value="$image2"/>',
            '<Text name="right" value="$text"/>',
            "A <Text> beside a <Image> is not",
        ),
        ("  <Choices", '  <Image name="n" value="$n"/>' * 7 + "<Choices", "More than 8 <Image> are not supported"),
        ('"left,right"', '"left"', '<Pairwise toName="left"> must name 2 pictures, with a comma between.'),
        ('"left,right"', '"left,left"', '<Pairwise toName="left,left"> must name 2 pictures'),
        ('"left,right"', '"left,up"', '<Pairwise toName="left,up"> names no <Image>.'),
        ('"left,right"', '"left,right" leftClass="a" rightClass="a"', "<Pairwise>: both sides are called 'a'."),
        (
            '"left,right"',
            '"left,right" perRegion="true"',
            "two pictures are compared, so it cannot be asked per region",
        ),
        ('toName="right"><Label', 'toName="left,right"><Label', 'toName="left,right"> names no <Image>.'),
    ],
)
def test_what_makes_no_sense_of_several_pictures_is_refused_by_line(old: str, new: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_config(CONFIG.replace(old, new, 1))
    assert says in str(refused.value)


def test_a_config_says_which_picture_each_control_is_about() -> None:
    controls = parse_config(CONFIG).controls
    assert [(one.name, one.page, one.pages) for one in controls] == [
        *(("old", 0, ()), ("new", 1, ()), ("sharp", 1, ())),
        ("better", None, (0, 1)),
    ]
    assert objects_of(CONFIG) == ["left", "right"]
    asked = '<Choices name="c" toName="image"><Choice value="a"/></Choices>'
    single = f'<View><Image name="image" value="$image"/>{asked}</View>'
    assert "page" not in controls_json(parse_config(single), {("c", "a"): 1})[0]


def test_a_region_lies_on_the_picture_of_its_control_there_and_back() -> None:
    result, asked = [BOXES[0], BOXES[1], SHARP, BETTER], rules()
    assert list(problems_of(result, MEDIA, asked)) == [] and all(accepts(CONFIG, one) for one in result)
    regions = from_result(result, MEDIA, asked.asked)
    assert [(one.control, one.frame, one.value) for one in regions] == [
        *(("old", None, None), ("new", 1, None)),
        ("better", None, "right"),
    ]
    assert regions[1].attributes == {"sharp": ["yes"]}
    assert as_result(regions, MEDIA, asked.asked) == result


@pytest.mark.parametrize(
    ("result", "media", "rule"),
    [
        ([entry("old", "right")], MEDIA, "object"),
        ([entry("old", "left", item_index=0)], MEDIA, "page"),
        ([BOXES[1], SHARP], Image(200, 100), "page"),
        ([BOXES[1]], MEDIA, "required"),
        ([BOXES[0], {**SHARP, "id": "old"}], MEDIA, "region"),
        ([{**BETTER, "value": {"selected": "up"}}], MEDIA, "side"),
        ([{**BETTER, "value": {"selected": ["left"]}}], MEDIA, "side"),
        ([{**BETTER, "to_name": "up"}], MEDIA, "object"),
        ([BETTER, {**BETTER, "id": "b"}], MEDIA, "duplicate"),
    ],
)
def test_what_is_said_of_another_picture_is_refused(result: list[Any], media: Image, rule: str) -> None:
    assert rule in [problem.rule for problem in problems_of(result, media, rules())]


def test_the_names_of_both_pictures_are_taken_as_what_a_pair_is_about() -> None:
    assert list(problems_of([{**BETTER, "to_name": "left,right"}], MEDIA, rules())) == []
    named = rules(CONFIG.replace('"left,right"', '"left,right" leftClass="was" rightClass="is"'))
    assert list(problems_of([{**BETTER, "value": {"selected": "was"}}], MEDIA, named)) == []


def test_labels_without_a_page_and_regions_of_other_pages_find_no_control_of_another_picture() -> None:
    asked = rules().asked
    found = control_for(asked, "box", "cell")
    assert found is not None and found.name == "old"
    other = Region("a", "box", asked[1].class_ids["cell"], "cell", (1.0, 1.0, 9.0, 9.0), control="new")
    assert asked_by(asked, other) is None and as_result([other], MEDIA, asked) == []


def test_an_answer_under_an_earlier_revision_stays_on_its_picture() -> None:
    newer = rules(CONFIG.replace('name="old" toName="left"', 'name="first" toName="left"'))
    assert [one["from_name"] for one in translated(BOXES, rules(), newer)] == ["first", "new"]


@pytest.mark.django_db
def test_items_and_revisions_hold_to_the_pictures_that_a_schema_asks_about(
    project: Project, alice: User, make_items: Callable[..., list[Item]], api: Any, answer: Any
) -> None:
    caller = Caller(alice)
    schema = schemas.create_schema(project, caller, name="pairs", config=CONFIG)
    queue = queues.create_queue(project, caller, name="pairs", schema=schema)
    one, two = make_items(project, 2)
    Item.objects.filter(pk=two.pk).update(length=2)
    with pytest.raises(
        BadInput, match=f"{one.path} has 1 of the 2 pictures of an item that the schema 'pairs' asks about"
    ):
        queues.add_tasks(queue, caller, [queues.TaskSpec(item=one)])
    with pytest.raises(BadInput, match="choose items of 2 pictures"):
        schemas.refuse_other_media(schema, project.items.all())
    two.refresh_from_db()
    queues.add_tasks(queue, caller, [queues.TaskSpec(item=two)])
    payload = api(alice).post(f"queues/{queue.uuid}/next").json()
    assert [(one.get("page"), one.get("pages")) for one in payload["config"]["controls"]] == [
        *((0, None), (1, None), (1, None)),
        (None, [0, 1]),
    ]
    sent = [{**one, "original_width": 64, "original_height": 48} for one in (*BOXES, SHARP, BETTER)]
    task = payload["task"]["id"]
    assert api(alice).post(f"tasks/{task}/submit", answer(sent)).status_code == 200
    held = LabelSet.objects.get()
    assert [row.get("frame") for row in held.regions] == [None, 1] and held.answers[0]["value"] == "right"
    shown = api(alice).post(f"tasks/{task}/open").json()["annotation"]["result"]
    assert [(row["to_name"], "item_index" in row) for row in shown] == [
        *(("left", False), ("right", False), ("right", False)),
        ("left", False),
    ]
    third = CONFIG.replace("  <Rect", '  <Image name="third" value="$image3"/>\n  <Rect', 1)
    with pytest.raises(BadInput, match="asks about 2 pictures of an item, this config about 3"):
        schemas.revise(schema, caller, config=third)
    moved = CONFIG.replace('name="old" toName="left"', 'name="old" toName="right"')
    with pytest.raises(BadInput, match="'old' is about another picture than before"):
        schemas.revise(schema, caller, config=moved)
    named = schemas.revise(schema, caller, config=CONFIG.replace('"left', '"before'))
    assert [one["page"] for one in named.controls[:2]] == [0, 1], "a picture may get another name"
