"""Schemas: what the editor cannot do is refused by name; class ids are permanent."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from lode_annotation.labeling_config import parse_config
from lode_annotation.models import LabelClass, Schema, SchemaRevision
from lode_annotation.rules import Rules, asks_of, rules_of, translated
from lode_annotation.schemas import check_config, create_schema, extend, latest, revise, schema_for_labels
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Forbidden
from lode_platform.models import Project, User
from motherlode.labeling_config import build
from motherlode.shapes import LABEL_TASKS

IMAGE = '<Image name="image" value="$image"/>'
BOXES = '<RectangleLabels name="label" toName="image"><Label value="a"/></RectangleLabels>'


def ids(schema: Schema) -> dict[str, int]:
    return {row["name"]: row["id"] for row in latest(schema).classes}


def view(*parts: str, open_tag: str = "<View>") -> str:
    return open_tag + "".join(parts) + "</View>"


CHOICE = '<Choice value="x"/>'


def choices(attributes: str) -> str:
    return question("Choices", attributes, CHOICE)


def question(tag: str, attributes: str = "", parts: str = "") -> str:
    return f'<{tag} name="c" toName="image" {attributes}>{parts}</{tag}>'


LABEL = '<Label value="a"/>'


@pytest.mark.once
@pytest.mark.parametrize(
    ("config", "words"),
    [
        (view("\n", IMAGE, '\n<MagicWand name="p"/>'), "Line 3: <MagicWand> is not supported"),
        (view(IMAGE, BOXES, "<Style>.x</Style>"), "<Style> is not supported yet"),
        (view(IMAGE, BOXES.replace("<Label ", '<Label alias="b" ')), '<Label alias="b"> is not supported'),
        (view(IMAGE, BOXES, open_tag='<View visibleWhen="x">'), '<View visibleWhen="x"> is not supported yet'),
        (view(IMAGE, BOXES, BOXES), 'The name "label" is used twice'),
        (view(IMAGE, BOXES.replace('name="label"', f'name="{"n" * 201}"')), "more than 200 characters"),
        (
            view(IMAGE, IMAGE.replace('"image"', '"b"'), BOXES),
            'Two <Image> have value="$image"; each picture has its own.',
        ),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View/>', "A document type"),
        (view(IMAGE, BOXES)[:-7], "not well-formed"),
        (view(IMAGE.replace("$image", "http://x/"), BOXES), 'must be value="$image"'),
        (view(BOXES), "There is no <Image"),
        (view(IMAGE), "nothing to ask"),
        (view(IMAGE, BOXES.replace('toName="image"', 'toName="img"')), "names no <Image>"),
        (view(IMAGE, BOXES.replace(LABEL, "")), "has no <Label>"),
        (view(IMAGE, BOXES.replace(LABEL, LABEL * 2)), "twice"),
        (view(IMAGE, BOXES.replace('value="a"', 'value=""')), "1 to 200 characters"),
        (view(IMAGE, choices('perItem="true"')), '<Choices perItem="true"> is not supported yet'),
        (view(IMAGE, choices('perRegion="true"')), '<Choices perRegion="true">: the config asks for no regions'),
        (view(IMAGE, BOXES, choices('visibleWhen="region-selected"')), 'without perRegion="true"'),
        (view(IMAGE, BOXES, choices('perRegion="true" visibleWhen="choice-selected"')), 'it can be "region-selected"'),
        (view(IMAGE, BOXES, choices('perRegion="true" whenTagName="other"')), "names no control for regions"),
        (view(IMAGE, BOXES, choices('perRegion="true" whenLabelValue="a,c"')), 'whenLabelValue="c"> names no label'),
        (view(IMAGE, BOXES, choices('perRegion="true" whenChoiceValue="a"')), '<Choices whenChoiceValue="a"> is not'),
        (view(IMAGE, question("Number", 'max="x"')), '<Number>: max="x" is not a number'),
        (view(IMAGE, question("Number", 'min="3" max="2"')), "<Number>: min is above max"),
        (view(IMAGE, question("Rating", 'maxRating="0"')), "not a whole number from 1"),
        (view(IMAGE, question("Rating", 'maxRating="3" defaultValue="4"')), 'defaultValue="4" is above 3'),
        (view(IMAGE, question("TextArea", 'value="$ocr"')), "taken from the item's data is not supported yet"),
        (view(IMAGE, question("TextArea", 'transcription="true"')), '<TextArea transcription="true"> is not supported'),
        (view(IMAGE, question("Taxonomy")), "has no <Choice>"),
        (view(IMAGE, question("Taxonomy", 'apiUrl="/tree"', CHOICE)), '<Taxonomy apiUrl="/tree"> is not supported'),
        (view(IMAGE, question("Taxonomy", "", CHOICE.replace('"x"', '"x / y"'))), "cannot be told from a path"),
        (view(IMAGE, question("Taxonomy", "", '<Choice value="x" hotkey="a"/>')), 'hotkey="a"> in <Taxonomy>'),
        (view(IMAGE, choices('choice="some"')), "must be single or multiple"),
    ],
)
def test_a_config_we_cannot_do_is_refused_by_name_and_line(config: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_config(config)
    assert words in caught.value.message
    assert caught.value.facts["problems"][0]["line"] >= 1


@pytest.mark.parametrize(
    "words",
    [
        choices('perRegion="false" perItem="false" allowNested="false"'),
        question("TextArea", 'transcription="false" displayMode="tag"'),
    ],
)
def test_defaults_that_exports_write_out_are_taken(words: str) -> None:
    assert parse_config(view(IMAGE, words)).controls


def test_boxes_and_choices_are_read_with_their_rules() -> None:
    parsed = parse_config(
        f'<View><Header value="What is it?"/>{IMAGE}{BOXES}'
        '<Choices name="kind" toName="image" choice="multiple" required="true">'
        '<Choice value="x &amp; y" hotkey="k" hint="both"/><Choice value="z"/></Choices></View>'
    )
    boxes, kind = parsed.controls
    assert (boxes.type, boxes.choice, boxes.required) == ("RectangleLabels", "single", False)
    assert (kind.type, kind.choice, kind.required) == ("Choices", "multiple", True)
    assert [(label.value, label.hotkey, label.hint) for label in kind.labels] == [("x & y", "k", "both"), ("z", "", "")]


@pytest.mark.django_db
def test_class_ids_are_given_at_birth_and_survive_reorder_rename_retire_and_return(
    project: Project, alice: User
) -> None:
    schema = create_schema(project, Caller(alice), name="cells", config=build(["a", "b", "c"], "boxes"))
    assert ids(schema) == {"a": 1, "b": 2, "c": 3}
    revise(schema, Caller(alice), config=build(["c", "new", "a", "b"], "boxes"))
    assert ids(schema) == {"a": 1, "b": 2, "c": 3, "new": 4}
    revise(schema, Caller(alice), config=build(["b", "see", "new"], "boxes"), renames={"c": "see"})
    assert ids(schema) == {"b": 2, "see": 3, "new": 4}
    assert LabelClass.objects.get(schema=schema, class_id=1).retired_at is not None
    revise(schema, Caller(alice), config=build(["b", "see", "new", "a", "late"], "boxes"))
    assert ids(schema) == {"a": 1, "b": 2, "see": 3, "new": 4, "late": 5}
    revise(schema, Caller(alice), config=build(["b"], "boxes"))
    revise(schema, Caller(alice), config=build(["b", "last"], "boxes"))
    assert ids(schema) == {"b": 2, "last": 6}


def asking(**controls: list[str]) -> str:
    """A config of one ``<Choices>`` a control."""
    parts = [
        f'<Choices name="{name}" toName="image">'
        + "".join(f'<Choice value="{label}"/>' for label in labels)
        + "</Choices>"
        for name, labels in controls.items()
    ]
    return view(IMAGE, *parts)


def of_controls(schema: Schema) -> dict[tuple[str, str], int]:
    return {(row["control"], row["name"]): row["id"] for row in latest(schema).classes}


@pytest.mark.django_db
def test_the_same_label_of_two_controls_is_two_classes(project: Project, alice: User) -> None:
    config = asking(blurred=["yes", "no"], night=["yes", "no"])
    schema = create_schema(project, Caller(alice), name="photo", config=config)
    assert of_controls(schema) == {
        ("blurred", "yes"): 1,
        ("blurred", "no"): 2,
        ("night", "yes"): 3,
        ("night", "no"): 4,
    }
    first, second = latest(schema).controls
    assert [label["class_id"] for label in first["labels"]] == [1, 2]
    assert [label["class_id"] for label in second["labels"]] == [3, 4]
    # a label that moves from one control to the other is another class there
    revise(schema, Caller(alice), config=asking(blurred=["no"], night=["yes", "no"], rain=["yes"]))
    assert of_controls(schema) == {("blurred", "no"): 2, ("night", "yes"): 3, ("night", "no"): 4, ("rain", "yes"): 5}
    checked = check_config(config, schema)
    assert [label["class_id"] for control in checked["controls"] for label in control["labels"]] == [1, 2, 3, 4]


@pytest.mark.django_db
def test_a_rename_is_of_one_control_or_of_those_that_have_the_new_name(project: Project, alice: User) -> None:
    schema = create_schema(
        project, Caller(alice), name="photo", config=asking(blurred=["yes", "no"], night=["yes", "no"])
    )
    revise(
        schema, Caller(alice), config=asking(blurred=["very", "no"], night=["yes", "no"]),
        renames={"blurred": {"yes": "very"}},
    )  # fmt: skip
    assert of_controls(schema)["blurred", "very"] == 1 and of_controls(schema)["night", "yes"] == 3
    revise(
        schema, Caller(alice), config=asking(blurred=["very", "nein"], night=["yes", "nein"]), renames={"no": "nein"}
    )
    assert of_controls(schema)["blurred", "nein"] == 2 and of_controls(schema)["night", "nein"] == 4
    with pytest.raises(BadInput, match="which the config does not have under 'night'"):
        revise(schema, Caller(alice), config=asking(night=["yes"]), renames={"night": {"nein": "never"}})


@pytest.mark.django_db
def test_a_control_of_another_name_keeps_its_classes(project: Project, alice: User) -> None:
    schema = create_schema(project, Caller(alice), name="photo", config=asking(blurred=["yes"], night=["yes", "no"]))
    revise(schema, Caller(alice), config=asking(dark=["yes", "no"], blurred=["yes"]))
    assert of_controls(schema) == {("blurred", "yes"): 1, ("dark", "yes"): 2, ("dark", "no"): 3}
    assert set(schema.classes.values_list("control", flat=True)) == {"blurred", "dark"}


def test_an_answer_of_an_older_revision_speaks_of_its_own_control() -> None:
    def rules(**controls: dict[str, int]) -> Rules:
        return rules_of(
            [
                {
                    "name": name, "type": "Choices", "to_name": "image", "choice": "single", "required": False,
                    "labels": [{"value": label, "class_id": number} for label, number in labels.items()],
                }
                for name, labels in controls.items()
            ]
        )  # fmt: skip

    old = rules(blurred={"yes": 1}, night={"yes": 2, "no": 3})
    new = rules(dark={"ja": 2, "no": 3}, blurred={"very": 1})
    sent = [{"from_name": name, "to_name": "image", "value": {"choices": ["yes"]}} for name in ("blurred", "night")]
    said = [(entry["from_name"], entry["value"]["choices"]) for entry in translated(sent, old, new)]
    assert said == [("blurred", ["very"]), ("dark", ["ja"])]


@pytest.mark.django_db
def test_two_classes_can_change_names(project: Project, alice: User) -> None:
    schema = create_schema(project, Caller(alice), name="cells", config=build(["a", "b"], "boxes"))
    revise(schema, Caller(alice), config=build(["a", "b"], "boxes") + "\n", renames={"a": "b", "b": "a"})
    assert ids(schema) == {"b": 1, "a": 2}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "renames",
    [{"x": "b"}, {"a": "gone"}, {"a": "b"}, {"a": "z", "b": "z"}],
    ids=["unknown", "absent", "taken", "merge"],
)
def test_a_rename_that_makes_no_sense_is_refused(project: Project, alice: User, renames: dict[str, str]) -> None:
    schema = create_schema(project, Caller(alice), name="cells", config=build(["a", "b"], "boxes"))
    with pytest.raises(BadInput):
        revise(schema, Caller(alice), config=build(["b", "z"], "boxes"), renames=renames)
    assert ids(schema) == {"a": 1, "b": 2}


@pytest.mark.django_db
def test_a_revision_is_never_changed_and_the_same_config_makes_none(project: Project, alice: User) -> None:
    schema = create_schema(project, Caller(alice), name="cells", config=build(["a"], "boxes"))
    before = SchemaRevision.objects.values().get()
    revise(schema, Caller(alice), config=build(["a", "b"], "boxes"), message="b too")
    assert SchemaRevision.objects.values().get(number=1) == before
    assert revise(schema, Caller(alice), config=build(["a", "b"], "boxes")).number == 2


@pytest.mark.django_db
def test_hotkeys_do_not_move_when_a_label_is_put_in_front(project: Project, alice: User) -> None:
    schema = create_schema(project, Caller(alice), name="cells", config=build(["a", "b"], "boxes"))
    revise(schema, Caller(alice), config=build(["new", "a", "b"], "boxes"))
    keys = {label["value"]: label["hotkey"] for label in latest(schema).controls[0]["labels"]}
    assert keys == {"a": "1", "b": "2", "new": "3"}


@pytest.mark.django_db
def test_guidelines_follow_their_label_through_a_rename(project: Project, alice: User) -> None:
    schema = create_schema(
        project, Caller(alice), name="cells", config=build(["a"], "boxes"), guidelines={"a": "All of them."}
    )
    made = revise(schema, Caller(alice), config=build(["z"], "boxes"), renames={"a": "z"})
    assert made.guidelines == {"label": {"z": "All of them."}}
    assert made.controls[0]["labels"][0]["guideline"] == "All of them."


@pytest.mark.django_db
def test_two_classes_of_one_name_have_a_guideline_each(api: Callable[..., Any], project: Project, alice: User) -> None:
    new = {"name": "photo", "config": asking(blurred=["yes"], night=["yes", "no"])}
    said = {"blurred": {"yes": "No edge is sharp."}, "night": {"yes": "Lamps are lit."}, "no": "Else."}
    made = api(alice).post(f"projects/{project.name}/schemas", {**new, "guidelines": said}).json()
    asked = {"blurred": {"yes": "No edge is sharp."}, "night": {"yes": "Lamps are lit.", "no": "Else."}}
    assert made["guidelines"] == asked
    assert [label["guideline"] for control in made["controls"] for label in control["labels"]] == [
        "No edge is sharp.", "Lamps are lit.", "Else.",
    ]  # fmt: skip

    schema = Schema.objects.get()
    revise(schema, Caller(alice), config=asking(blurred=["yes"], dark=["yes", "no"]))
    assert latest(schema).guidelines == {"blurred": asked["blurred"], "dark": asked["night"]}
    kept = api(alice).post(f"schemas/{made['uuid']}/revisions", {"config": latest(schema).config, "guidelines": said})
    assert (kept.json()["revision"], latest(schema).guidelines["dark"]) == (3, {"no": "Else."})
    bad = api(alice).post(f"schemas/{made['uuid']}/revisions", {"config": new["config"], "guidelines": {"no": 1}})
    assert bad.status_code == 400 and "guidelines is an object of texts by label" in bad.json()["error"]


@pytest.mark.django_db
def test_a_schema_is_made_and_extended_from_the_labels_found(project: Project, alice: User) -> None:
    schema = schema_for_labels(project, Caller(alice), name="found", labels=["b", "a", "b"])
    assert ids(schema) == {"b": 1, "a": 2}
    again = schema_for_labels(project, Caller(alice), name="found", labels=["a", 'c "d" & <e>'])
    assert again == schema and ids(schema) == {"b": 1, "a": 2, 'c "d" & <e>': 3}
    assert extend(schema, Caller(alice), labels=["a"]).number == 2
    with pytest.raises(BadInput, match="no <Choices>"):
        schema_for_labels(project, Caller(alice), name="found", labels=["a"], task="classes")


@pytest.mark.django_db
def test_schemas_over_rest(api: Callable[..., Any], alice: User, bob: User, charlie: User, project: Project) -> None:
    made = api(alice).post(f"projects/{project.name}/schemas", {"name": "s", "config": build(["a"], "classes")})
    assert made.status_code == 201, made.content
    uuid = made.json()["uuid"]
    assert api(bob).get(f"schemas/{uuid}").json()["classes"] == [
        {"id": 1, "name": "a", "control": "choice", "retired": False}
    ]
    assert api(charlie).get(f"schemas/{uuid}").status_code == 404
    new = {"config": build(["a", "b"], "classes"), "message": "more"}
    assert api(bob).post(f"schemas/{uuid}/revisions", new).status_code == 403
    assert api(charlie).post(f"schemas/{uuid}/revisions", new).status_code == 404
    assert api(alice).post(f"schemas/{uuid}/revisions", new).json()["revision"] == 2
    rows = api(bob).get(f"schemas/{uuid}/revisions").json()["results"]
    assert [row["revision"] for row in rows] == [2, 1]
    refused = api(alice).post(f"projects/{project.name}/schemas", {"name": "t", "config": "<View><Video/></View>"})
    assert refused.status_code == 400 and "<Video> is not supported yet" in refused.json()["error"]
    again = api(alice).post(f"projects/{project.name}/schemas", {"name": "s", "config": build(["a"], "boxes")})
    assert again.status_code == 409


@pytest.mark.django_db
def test_a_config_is_checked_without_being_saved(api: Callable[..., Any], alice: User) -> None:
    good = api(alice).post("schemas/check", {"config": build(["a", "b"], "boxes")}).json()
    assert good["ok"] and [label["class_id"] for label in good["controls"][0]["labels"]] == [1, 2]
    bad = api(alice).post("schemas/check", {"config": "<View>\n<Video/></View>"}).json()
    assert not bad["ok"] and bad["problems"][0] == {"line": 2, "error": "<Video> is not supported yet."}
    assert not Schema.objects.exists()


@pytest.mark.django_db
def test_only_engineers_and_owners_make_schemas(project: Project, bob: User, erin: User) -> None:
    with pytest.raises(Forbidden):
        create_schema(project, Caller(bob), name="s", config=build(["a"], "boxes"))
    create_schema(project, Caller(erin), name="s", config=build(["a"], "boxes"))
    with pytest.raises(Conflict):
        create_schema(project, Caller(erin), name="s", config=build(["a"], "boxes"))


@pytest.mark.parametrize("task", LABEL_TASKS)
@pytest.mark.parametrize(
    "labels", [["RBC", "WBC"], ["<&\"'>", "é ü", "a\tb", "label", "choice"], ["日本", "x" * 200, "0"]]
)
@pytest.mark.parametrize("required", [False, True])
def test_a_config_of_our_own_is_read_as_label_studio_reads_it(task: str, labels: list[str], required: bool) -> None:
    config = build(labels, task, required=required, categories={labels[0]: 7, labels[-1]: 0})
    read = parse_config(config)
    assert read.labels == labels
    assert parse_config(f"{config}\n") == read  # no longer to the letter, so Label Studio's library reads it


def test_a_config_of_our_own_needs_nothing_of_label_studio() -> None:
    config = build(["RBC"], "boxes", categories={"RBC": 3})
    program = (
        "import django, sys; django.setup()\n"
        "from lode_annotation.labeling_config import parse_config\n"
        f"print(parse_config({config!r}).labels, 'label_studio_sdk' in sys.modules)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lode_platform.settings"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['RBC'] False"


TREE = """<Taxonomy name="animal" toName="image">
  <Choice value="dog"><Choice value="small"/><Choice value="large"/></Choice><Choice value="cat"/></Taxonomy>"""
OCCLUDED = '<Choices name="c" toName="image" perRegion="true"><Choice value="no"/><Choice value="partly"/></Choices>'


@pytest.mark.django_db
def test_a_renamed_branch_takes_what_is_below_it_along(project: Project, alice: User) -> None:
    schema = create_schema(project, Caller(alice), name="tree", config=view(IMAGE, TREE))
    assert ids(schema) == {"dog": 1, "dog / small": 2, "dog / large": 3, "cat": 4}
    pets = TREE.replace('"dog"', '"pet"').replace('"large"', '"big"')
    revise(
        schema, Caller(alice), config=view(IMAGE, pets), renames={"dog": "pet", "animal": {"dog / large": "pet / big"}}
    )
    assert ids(schema) == {"pet": 1, "pet / small": 2, "pet / big": 3, "cat": 4}
    revise(schema, Caller(alice), config=view(IMAGE, TREE))  # other classes
    assert ids(schema) == {"dog": 5, "dog / small": 6, "dog / large": 7, "cat": 4}


@pytest.mark.django_db
def test_labels_that_regions_hold_by_name_are_not_renamed(project: Project, alice: User) -> None:
    schema = create_schema(project, Caller(alice), name="held", config=view(IMAGE, BOXES, OCCLUDED))
    [control] = [one for one in latest(schema).controls if one["name"] == "c"]
    assert (control["per_region"], control["of"], control["labelled"]) == (True, [], [])
    new = view(IMAGE, BOXES, OCCLUDED.replace("partly", "partially"))
    with pytest.raises(BadInput, match="'partly' cannot be renamed: regions hold the labels of 'c'"):
        revise(schema, Caller(alice), config=new, renames={"partly": "partially"})
    revise(schema, Caller(alice), config=new)
    assert ids(schema) == {"a": 1, "no": 2, "partially": 4}


def test_what_a_control_asks_is_kept_as_its_kind_reads_it() -> None:
    config = view(
        IMAGE,
        BOXES,
        '<TextArea name="t" toName="image" rows="3" maxSubmissions="1" value="nothing" skipDuplicates="true"/>',
        '<Number name="n" toName="image" min="0.5" max="9" defaultValue="2"/>',
        '<Rating name="r" toName="image" defaultValue="3" icon="heart"/>',
        TREE.replace("toName", 'maxUsages="2" leafsOnly="true" toName').replace('"cat"', '"cat" selected="true"'),
        OCCLUDED.replace("perRegion", 'whenTagName="label" whenLabelValue="a" visibleWhen="region-selected" perRegion'),
    )
    parsed = {control.name: control for control in parse_config(config).controls}
    assert {name: dict(control.options) for name, control in parsed.items()} == {
        "label": {},
        "t": {"rows": 3, "max_submissions": 1, "default": ["nothing"], "skip_duplicates": True},
        "n": {"min": 0.5, "max": 9, "default": 2},
        "r": {"max": 5, "default": 3},
        "animal": {"max_usages": 2, "leafs_only": True, "default": [["cat"]]},
        "c": {},
    }
    assert (parsed["c"].per_region, parsed["c"].of, parsed["c"].labelled) == (True, ("label",), ("a",))


def skeletons(points: str, label: str = "person", edges: str = "") -> str:
    return build([label], "skeletons", parts={label: {"points": points, "edges": edges}})


def test_the_points_of_a_class_stay_and_its_edges_may_change(project: Project, alice: User) -> None:
    caller = Caller(alice)
    schema = create_schema(project, caller, name="s", config=skeletons("nose,chin"))
    revise(schema, caller, config=skeletons("nose,chin", edges="nose:chin"))
    renamed = revise(schema, caller, config=skeletons("nose,chin", "face"), renames={"person": "face"})
    assert asks_of(renamed.controls) == {1: {"points": ["nose", "chin"], "edges": []}}
    revise(schema, caller, config=build(["other"], "skeletons"))
    for points in ("chin,nose", "nose", "nose,chin,ear"):
        config = skeletons(points, "face")
        said = "What 'face' is made of cannot change, as regions hold to it. It was: nose, chin."
        with pytest.raises(BadInput, match=said):
            revise(schema, caller, config=config)
        checked = check_config(config, schema)
        assert not checked["ok"] and said in checked["problems"][0]["error"]
    assert latest(schema).number == 4
    assert revise(schema, caller, config=skeletons("nose,chin", "face")).classes == renamed.classes
