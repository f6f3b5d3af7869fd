"""Relations between regions: checked where Label Studio's own validator is not, read, written and kept in order."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

from lode_annotation.label_sets import regions_from, relations_from, shown, still_linked
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of, translated
from lode_annotation.validation import problems_of, validate
from lode_platform.errors import BadInput
from motherlode.errors import BadRegion
from motherlode.media import Image
from motherlode.published import BadLine, labels_digest, root_of, without_ids
from motherlode.relations import Relation, in_order

pytestmark = pytest.mark.once

MEDIA = Image(200, 100)
BOXES = """<Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="wheel"/><Label value="car"/></RectangleLabels>
  <Choices name="quality" toName="image"><Choice value="sharp"/></Choices>"""
CONFIG = f"""<View>{BOXES}
  <Relations><Relation value="part of" background="#f00"/><Relation value="left of"/></Relations></View>"""

ONE = '<Relations><Relation value="a"/></Relations>'


def rules(config: str = CONFIG) -> Rules:
    parsed = parse_config(config)
    classes = dict.fromkeys((control.name, label.value) for control in parsed.controls for label in control.labels)
    return rules_of(controls_json(parsed, {key: number for number, key in enumerate(classes, 1)}))


RULES = rules()


def box(own: str, label: str = "wheel") -> dict[str, Any]:
    value = {"x": 5, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": [label]}
    return {"id": own, "from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value}


def link(start: Any = "a", end: Any = "b", direction: Any = "right", labels: Any = ()) -> dict[str, Any]:
    said = [*labels] if isinstance(labels, tuple) else labels
    return {"type": "relation", "from_id": start, "to_id": end, "direction": direction, "labels": said}


CHOICE = {"id": "q", "from_name": "quality", "to_name": "image", "type": "choices", "value": {"choices": ["sharp"]}}
THREE = [box("a"), box("b"), box("c", "car"), CHOICE]


def broken(*links: dict[str, Any], under: Rules = RULES) -> list[tuple[str, str]]:
    return [(one.region, one.rule) for one in problems_of([*THREE, *links], MEDIA, under)]


def made(*links: dict[str, Any], before: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    result = validate([*THREE, *links], MEDIA, RULES)
    said = regions_from(result, MEDIA, RULES, [])
    return [one.as_json() for one in relations_from(result, RULES, before or [], said)]


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (link(end="a"), "region"),
        (link(end="gone"), "region"),
        (link(start="q"), "region"),
        (link(start=7), "region"),
        (link(end=["a"]), "region"),
        ({"type": "relation"}, "region"),
        (link(direction="up"), "direction"),
        (link(direction=["right"]), "direction"),
        (link(labels=("near",)), "class"),
        (link(labels=([],)), "class"),
        (link(labels=("part of", "left of")), "label"),
        (link(labels="part of"), "label"),
    ],
)
def test_a_broken_rule_is_named_with_the_place_of_the_relation(entry: dict[str, Any], rule: str) -> None:
    assert broken(entry) == [("#5", rule)]


def test_two_regions_are_linked_once_in_a_direction_and_a_class() -> None:
    both = link(direction="bi", labels=("part of",))
    assert broken(link(), link("b", "a"), link(labels=("part of",)), link(labels=("left of",)), link("b", "c")) == []
    assert broken(link(), link()) == [("#6", "duplicate")]
    assert broken(link(), link("b", "a", "left")) == [("#6", "duplicate")]
    assert broken(both, link("b", "a", labels=("part of",))) == [("#6", "duplicate")]
    assert broken(both, link("b", "a")) == []


def test_a_schema_without_the_tag_takes_links_without_a_class() -> None:
    plain = rules(f"<View>{BOXES}</View>")
    bare = {key: value for key, value in link().items() if key != "labels"}
    assert broken(bare, under=plain) == [] and broken(link(labels=("part of",)), under=plain) == [("#5", "class")]


@pytest.mark.parametrize("direction", ["right", "left", "bi"])
def test_label_studios_own_validator_takes_what_is_sent(direction: str) -> None:
    said = made(link(direction=direction, labels=("part of",)), link("c", "a"))
    result = shown(regions_rows(), MEDIA, RULES, said)
    task = {"data": {"image": "a.png"}, "predictions": [], "annotations": [{"result": result}]}
    interface: Any = LabelInterface(CONFIG)
    assert (
        interface.validate_prediction({"result": result, "model_version": "v", "score": 1.0}, return_errors=True) == []
    )
    assert [one for one in task["annotations"][0]["result"] if one["type"] == "relation"] == result[-2:]  # type: ignore[index]
    assert [*problems_of(result, MEDIA, RULES)] == []


def regions_rows() -> list[dict[str, Any]]:
    return [one.as_json() for one in regions_from(validate(THREE, MEDIA, RULES), MEDIA, RULES, [])]


def test_relations_are_rows_in_the_order_of_their_ends_and_class() -> None:
    rows = made(
        link("c", "b", "bi"), link("a", "c", labels=("left of",)), link("a", "c"), link("a", "b", "left", ("part of",))
    )
    assert [{key: one[key] for key in one if key != "id"} for one in rows] == [
        {"from": "a", "to": "c"},
        {"from": "a", "to": "c", "class_id": 5, "control": "relations"},
        {"from": "b", "to": "a", "class_id": 4, "control": "relations"},
        {"from": "b", "to": "c", "both": True},
    ]
    assert len({one["id"] for one in rows}) == 4
    assert rows == made(
        link("a", "c"), link("b", "a", labels=("part of",)), link("a", "c", labels=("left of",)), link("b", "c", "bi")
    )


def test_a_relation_that_stays_keeps_its_id_and_what_is_not_known_of_it() -> None:
    [first] = made(link("b", "a", "bi"))
    assert made(link("a", "b", "bi"), before=[first]) == [first]
    held = {**first, "id": "r7", "since": 3}
    assert made(link("a", "b"), before=[held])[0] == {"from": "a", "id": "r7", "since": 3, "to": "b"}
    turned = made(link("a", "b"), link("b", "a"), before=[first])
    assert turned[0]["id"] == first["id"] != turned[1]["id"]


def test_what_the_editor_cannot_show_is_carried_over_while_its_ends_are_there() -> None:
    old: list[dict[str, Any]] = [
        {"id": "r", "from": "a", "to": "c", "class_id": 9, "control": "relations"},
        {"id": "s", "from": "b", "to": "c"},
    ]
    assert [one["type"] for one in shown(regions_rows(), MEDIA, RULES, old)].count("relation") == 1
    assert made(before=old) == old[:1]
    fewer = validate(THREE[:2], MEDIA, RULES)
    assert relations_from(fewer, RULES, old, regions_from(fewer, MEDIA, RULES, [])) == []
    assert [one.id for one in still_linked(old, regions_from(validate(THREE, MEDIA, RULES), MEDIA, RULES, []))] == [
        "r",
        "s",
    ]


def test_a_relation_of_an_older_revision_has_its_class_name_of_today() -> None:
    newer = rules(CONFIG.replace("part of", "belongs to"))
    sent = [box("a"), link(labels=("part of",)), link(labels=([],))]
    assert [one.get("labels") for one in translated(sent, RULES, newer)] == [None, ["belongs to"], [[]]]
    assert translated(sent, RULES, rules(f"<View>{BOXES}</View>"))[1:] == sent[1:]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (f"<View>{BOXES}<Relations/></View>", "<Relations> has no <Relation>."),
        (f'<View>{BOXES}<Relations choice="multiple"><Relation value="a"/></Relations></View>', "is not supported yet"),
        (f'<View>{BOXES}<Relation value="a"/></View>', "it belongs in <Relations>"),
        (f'<View>{BOXES}<Relations><Relation value="a"/><Relation value="a"/></Relations></View>', "appears twice"),
        (f'<View>{BOXES}<Relations><Relation value=""/></Relations></View>', "must be 1 to 200 characters"),
        (f"<View>{BOXES}{ONE * 2}</View>", "There is a second <Relations>"),
        (f'<View>{BOXES.replace("box", "relations")}<Relations><Relation value="a"/></Relations></View>', "that of"),
        (
            '<View><Image name="image" value="$image"/><Choices name="c" toName="image"><Choice value="x"/></Choices>'
            '<Relations><Relation value="a"/></Relations></View>',
            "asks for no regions",
        ),
    ],
)
def test_a_config_that_cannot_be_is_refused(config: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        parse_config(config)
    assert caught.value.code == "bad_config"


def test_classes_of_relations_belong_to_a_control_without_keys() -> None:
    *_, control = controls_json(
        parse_config(CONFIG),
        {
            ("box", "wheel"): 1,
            ("box", "car"): 2,
            ("quality", "sharp"): 3,
            ("relations", "part of"): 4,
            ("relations", "left of"): 5,
        },
    )
    assert (control["name"], control["type"], control["to_name"]) == ("relations", "Relations", "image")
    assert [(one["value"], one["class_id"], one["hotkey"]) for one in control["labels"]] == [
        ("part of", 4, None),
        ("left of", 5, None),
    ]


def test_a_row_is_read_as_it_was_written_and_refused_where_it_has_no_ends() -> None:
    row = {"id": "r", "from": "a", "to": "b", "class_id": 4, "control": "relations", "both": True, "odd": [1]}
    read = Relation.from_json(row, {4: "part of"})
    assert (read.as_json(), read.label, read.more) == (row, "part of", {"odd": [1]})
    assert in_order([read], ["b", "a"])[0].as_json() == {**row, "from": "b", "to": "a"}
    with pytest.raises(BadRegion, match="relation"):
        Relation.from_json({"id": "r", "from": "a"})


def test_the_digest_without_ids_names_regions_by_their_place() -> None:
    def line(a: str, b: str, end: str) -> bytes:
        regions = [{"id": one, "kind": "box"} for one in (a, b)]
        links = [{"id": str(uuid4()), "from": a, "to": end}]
        row = {"answers": [], "media": {"kind": "image"}, "path": "x.png", "regions": regions, "relations": links}
        return without_ids(json.dumps(row).encode())

    first, same, other = (line(*ids) for ids in (("a", "b", "b"), ("c", "d", "d"), ("a", "b", "a")))
    assert first == same != other and b'"relations":[{"from":0,"to":1}]' in first
    assert labels_digest(root_of([("x.png", first)])) == labels_digest(root_of([("x.png", same)]))
    with pytest.raises(BadLine, match="x.png: the relation .* links the region gone, which is not there"):
        line("a", "b", "gone")


@pytest.mark.parametrize("name", ["trays", "notes"])
def test_relations_of_a_real_export_of_label_studio(test_data: Path, name: str) -> None:
    tasks = json.loads((test_data / f"labelstudio/export/{name}.json").read_text("utf-8"))
    results = [annotation["result"] for task in tasks for annotation in task["annotations"]]
    links = [one for result in results for one in result if one["type"] == "relation"]
    labels = sorted({label for one in links for label in one.get("labels") or ()})
    tag = "".join(f'<Relation value="{label}"/>' for label in labels)
    under = rules(f"<View>{BOXES}{f'<Relations>{tag}</Relations>' if tag else ''}</View>")
    assert links
    for result in results:
        own = [one for one in result if one["type"] == "relation"]
        ends = dict.fromkeys(one[end] for one in own for end in ("from_id", "to_id"))
        assert [*problems_of([*map(box, ends), *THREE[3:], *own], MEDIA, under)] == []
