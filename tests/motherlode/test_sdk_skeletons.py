"""Skeletons from COCO's keypoints into versions, to the SDK, through a diff, and out again."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.motherlode.conftest import Lode, picture

import motherlode
from lode_annotation.models import Schema
from lode_datasets import diff, presentation
from lode_datasets.models import Version
from motherlode.convert import convert_folder
from motherlode.errors import BadInput
from motherlode.shapes.skeleton import Template

pytestmark = [pytest.mark.once, pytest.mark.django_db]

NAMES = ["nose", "left_eye", "right_eye"]
JOINTS = st.lists(
    st.tuples(st.floats(0, 64), st.floats(0, 48), st.sampled_from([0, 1, 2])), min_size=3, max_size=3
).filter(lambda joints: any(v for _, _, v in joints))


def annotation(*numbers: float, image: int = 1, **more: Any) -> dict[str, Any]:
    row = {"image_id": image, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 600, "iscrowd": 0}
    return {**row, "keypoints": [*numbers], "num_keypoints": sum(v > 0 for v in numbers[2::3]), **more}


def write(folder: Path, *annotations: dict[str, Any], **category: Any) -> None:
    """Two images of 64 x 48 pixels beside a document as COCO publishes persons."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(("a.png", "b.png")):
        (folder / name).write_bytes(picture(number))
    person = {"id": 1, "name": "person", "keypoints": NAMES, "skeleton": [[1, 2], [3, 1]], **category}
    document = {
        "images": [
            {"id": at, "file_name": name, "width": 64, "height": 48} for at, name in ((1, "a.png"), (2, "b.png"))
        ],
        "annotations": [{**row, "id": at} for at, row in enumerate(annotations, start=1)],
        "categories": [person],
    }
    (folder / "person_keypoints_train.json").write_text(json.dumps(document))


@pytest.fixture
def people(machine: Path) -> Path:
    folder = machine / "people"
    write(folder, annotation(10, 20, 2, 0, 0, 0, 40.5, 30, 1), annotation(5, 5, 2, 6, 6, 2, 7, 7, 2, iscrowd=1))
    return folder


def bring(lode: Lode, folder: Path, *more: str, fails: int = 0) -> Any:
    words = ("import", str(folder), "--dataset", "people", "--task", "skeletons", "--split-policy", "train=1")
    return lode(*words, *more, fails=fails)


def test_keypoints_are_imported_published_loaded_compared_and_drawn(lode: Lode, people: Path, machine: Path) -> None:
    bring(lode, people)
    [control] = Schema.objects.get().revisions.get().controls
    template = {"points": NAMES, "edges": [[0, 1], [2, 0]]}
    assert control["options"] == {"classes": {"person": template}}
    lode("publish", "people", "-m", "first")
    samples = motherlode.load("people@v1", split="train", client=lode.connect())
    labels = {sample.path: sample.labels for sample in samples}
    assert [(one.kind, one.label, one.geometry, one.area, one.iscrowd) for one in labels["a.png"]] == [
        ("skeleton", "person", ((10.0, 20.0, 2), (0.0, 0.0, 0), (40.5, 30.0, 1)), 600.0, False),
        ("skeleton", "person", ((5.0, 5.0, 2), (6.0, 6.0, 2), (7.0, 7.0, 2)), 600.0, True),
    ]
    assert len(labels["b.png"]) == 0
    assert samples.snapshot.asks == {1: template}

    write(people, annotation(12, 20, 2, 0, 0, 0, 40.5, 30, 2), annotation(5, 5, 2, 6, 6, 2, 7, 7, 2, iscrowd=1))
    bring(lode, people, "--replace")
    lode("publish", "people", "-m", "second")
    first, second = Version.objects.order_by("number")
    assert diff.summary(first, second).regions == {"moved": 1}
    [drawn, _] = presentation.regions([one.as_json() for one in labels["a.png"]], first)
    assert drawn["asks"] == {"edges": [[0, 1], [2, 0]]}

    lode("convert", "people@v1", str(machine / "out"), "--to", "coco")
    [written] = (machine / "out" / "annotations").glob("*.json")
    document = json.loads(written.read_text())
    assert document["categories"] == [{"id": 1, "name": "person", "keypoints": NAMES, "skeleton": [[1, 2], [3, 1]]}]
    assert [(row["keypoints"], row["num_keypoints"], row["bbox"]) for row in document["annotations"]] == [
        ([10.0, 20.0, 2, 0.0, 0.0, 0, 40.5, 30.0, 1], 2, [10.0, 20.0, 30.5, 10.0]),
        ([5.0, 5.0, 2, 6.0, 6.0, 2, 7.0, 7.0, 2], 3, [5.0, 5.0, 2.0, 2.0]),
    ]


def test_a_source_with_other_points_is_refused_and_nothing_comes_in(lode: Lode, people: Path) -> None:
    bring(lode, people)
    write(people, annotation(1, 2, 2), keypoints=["nose"], skeleton=[])
    said = bring(lode, people, fails=1)
    assert "says that 'person' is made of nose, and the schema 'people' has it of nose, left_eye, right_eye" in said
    assert Schema.objects.get().revisions.count() == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JOINTS, min_size=1, max_size=3))
def test_what_is_written_is_read_again_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, skeletons: list[list[tuple[float, float, int]]]
) -> None:
    machine = tmp_path_factory.mktemp("coco")
    write(machine / "in", *(annotation(*(number for joint in one for number in joint)) for one in skeletons))
    convert_folder(machine / "in", machine / "once", "coco", task="skeletons")
    convert_folder(machine / "once", machine / "twice", "coco", task="skeletons")
    once, twice = (
        json.loads((machine / name / "annotations" / "instances_train.json").read_text()) for name in ("once", "twice")
    )
    said = [[[x, y, v] if v else [0, 0, 0] for x, y, v in one] for one in skeletons]
    assert [row["keypoints"] for row in once["annotations"]] == [[n for joint in one for n in joint] for one in said]
    assert once["annotations"] == twice["annotations"] and once["categories"] == twice["categories"]


@pytest.mark.parametrize(
    ("rows", "category", "error"),
    [
        ([annotation(1, 2, 2)], {}, "it has 1 points, and its class names 3"),
        ([annotation(1, 2, 3, 0, 0, 0, 0, 0, 0)], {}, "the visibility 3.0 is not 0 (not labelled), 1 (hidden) or 2"),
        ([annotation(1, 2)], {}, "its keypoints [1, 2] are not three numbers each"),
        ([annotation(*[0] * 9)], {}, "1 annotation has no keypoint that is labelled"),
        ([], {"keypoints": []}, "its keypoints cannot be taken: it names none"),
        ([], {"keypoints": ["a", "a", "b"]}, "its keypoints cannot be taken: two points are called 'a'"),
        ([], {"skeleton": [[1, 4]]}, "its keypoints cannot be taken: an edge names the point 4, and there are 3"),
        ([], {"skeleton": [[1]]}, "its skeleton [[1]] is not a list of pairs"),
        ([], {"skeleton": [[0, 1]]}, "its keypoints cannot be taken"),
    ],
)
def test_keypoints_that_cannot_be_taken_are_named(
    machine: Path, rows: list[dict[str, Any]], category: dict[str, Any], error: str
) -> None:
    good = annotation(1, 2, 2, 3, 4, 1, 0, 0, 0, image=2)
    write(machine / "in", good, *rows, **category)
    try:
        said = str(convert_folder(machine / "in", machine / "out", "coco", task="skeletons").problems)
    except BadInput as refused:
        said = str(refused)
    assert error in said


def test_edges_stated_twice_are_one_and_other_formats_say_that_they_hold_none(machine: Path, people: Path) -> None:
    write(people, annotation(1, 2, 2, 3, 4, 1, 0, 0, 0), skeleton=[[1, 2], [2, 1]])
    convert_folder(people, machine / "out", "coco", task="skeletons")
    document = json.loads((machine / "out" / "annotations" / "instances_train.json").read_text())
    assert document["categories"][0]["skeleton"] == [[1, 2]]
    for name in ("yolo", "voc"):
        report = convert_folder(people, machine / name, name, task="skeletons")
        assert any("1 skeletons were not written" in one["what"] for one in report.problems)


def test_boxes_are_read_by_default_and_the_keypoints_of_instances_beside_are_chosen_when_asked_for(
    machine: Path, people: Path
) -> None:
    report = convert_folder(people, machine / "boxes", "coco")
    note = next(one for one in report.problems if "keypoints" in one["what"])
    assert note["remedy"].endswith("keypoints were left out; --task skeletons brings them in")
    instances = json.loads((people / "person_keypoints_train.json").read_text())
    for row in instances["annotations"]:
        del row["keypoints"]
    (people / "instances_train.json").write_text(json.dumps(instances))
    assert convert_folder(people, machine / "skeletons", "coco", task="skeletons").regions == 2


def test_two_documents_that_differ_on_a_label_are_refused(machine: Path, people: Path) -> None:
    document = json.loads((people / "person_keypoints_train.json").read_text())
    document["categories"][0]["keypoints"] = ["a", "b", "c"]
    (people / "person_keypoints_val.json").write_text(json.dumps(document))
    with pytest.raises(BadInput, match=r"'person' is made of nose, left_eye, right_eye in .* and of a, b, c in"):
        convert_folder(people, machine / "out", "coco", task="skeletons")


def test_a_template_says_what_it_is_to_both_sides() -> None:
    template = Template(("a b", "c"), ((1, 0),))
    assert template.attributes == {"points": "a b,c", "edges": "c:a b"}
    assert Template.from_attributes(template.attributes) == Template.from_json(template.as_json()) == template
