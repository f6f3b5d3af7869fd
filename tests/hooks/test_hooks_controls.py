"""Predictions and evaluations under a schema with several controls of a kind: each question by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from lode_annotation.schemas import create_schema, revise
from lode_datasets import selection
from lode_hooks.evaluations import predictions, summary
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Project, User
from motherlode.regions import Region

pytestmark = pytest.mark.django_db(transaction=True)

BLURRED, SHARP, NIGHT, DAY, CAR = range(1, 6)


def config(second: str = "night") -> str:
    asked = "".join(
        f'<Choices name="{name}" toName="image"><Choice value="yes"/><Choice value="no"/></Choices>'
        for name in ("blurred", second)
    )
    boxes = '<RectangleLabels name="where" toName="image"><Label value="car"/></RectangleLabels>'
    return f'<View><Image name="image" value="$image"/>{asked}{boxes}</View>'


@pytest.fixture
def street(world: Callable[..., Any], project: Project, alice: User) -> Any:
    """Four pictures whose answers differ between the two questions."""
    made = world(name="unused")
    made.schema = create_schema(project, Caller(alice), name="street", config=config())
    made.dataset = selection.create_dataset(project, alice, name="street", schema=made.schema)
    answers = {"a": (BLURRED, DAY), "b": (SHARP, DAY), "c": (SHARP, NIGHT), "d": (SHARP, DAY)}
    made.add(list(answers))
    made.label({
        path: [
            Region(f"{path}/1", "choice", one, control="blurred"),
            Region(f"{path}/2", "choice", two, control="night"),
            Region(f"{path}/3", "box", CAR, geometry=(1.0, 2.0, 30.0, 40.0), control="where"),
        ]
        for path, (one, two) in answers.items()
    })  # fmt: skip
    return made


def sent(street: Any, version: Any, control: str, **labels: str) -> Any:
    begun = predictions.start(
        street.run(control), street.user, version=version, split="test", task="classes", control=control
    )
    lines = [f'{{"path": "{path}", "label": "{label}"}}' for path, label in labels.items()]
    predictions.receive(begun, 0, "\n".join(lines).encode())
    return predictions.finish(begun, street.user)


def test_a_name_means_the_class_of_the_control_that_is_asked(street: Any) -> None:
    version = street.publish()
    blurred = street.evaluate(sent(street, version, "blurred", a="yes", b="no", c="no", d="yes"))
    night = street.evaluate(sent(street, version, "night", a="no", b="no", c="yes", d="no"))
    assert (blurred.metrics["accuracy"], night.metrics["accuracy"]) == (0.75, 1.0)
    assert summary.class_names(blurred) == {BLURRED: "yes", SHARP: "no"}
    assert summary.class_names(night) == {NIGHT: "yes", DAY: "no"}
    assert {row.class_id for row in summary.per_class(night)} == {NIGHT, DAY}


def test_without_a_control_the_question_is_not_known(street: Any) -> None:
    version = street.publish()
    with pytest.raises(BadInput, match="several controls for classes: name one of blurred, night"):
        sent(street, version, "", a="yes")
    with pytest.raises(BadInput, match="no control 'where' for classes; it has blurred, night"):
        sent(street, version, "where", a="yes")
    boxes = predictions.start(street.run("boxes"), street.user, version=version, split="test", task="boxes")
    assert boxes.control == ""  # there is one alone
    begun = predictions.start(
        street.run("again"), street.user, version=version, split="test", task="classes", control="night"
    )
    with pytest.raises(Conflict):
        predictions.start(
            begun.run, street.user, version=version, split="test", task="classes", control="blurred", uuid=begun.uuid
        )


def test_a_control_that_was_renamed_is_evaluated_on_newer_truth(street: Any) -> None:
    first = street.publish()
    predicted = sent(street, first, "night", a="no", b="no", c="yes", d="no")
    revise(street.schema, Caller(street.user), config=config("dark"))
    street.label({"a": [
        Region("a/1", "choice", BLURRED, control="blurred"), Region("a/2", "choice", NIGHT, control="dark"),
    ]})  # fmt: skip
    second = street.publish()
    assert street.evaluate(predicted, second).metrics["accuracy"] == 0.75


def test_boxes_are_evaluated_against_boxes_and_against_no_points_beside_them(
    world: Callable[..., Any], project: Project, alice: User
) -> None:
    made = world(name="unused")
    asked = '<KeyPointLabels name="spot" toName="image"><Label value="wheel"/></KeyPointLabels>'
    boxes = '<RectangleLabels name="where" toName="image"><Label value="car"/></RectangleLabels>'
    text = f'<View><Image name="image" value="$image"/>{boxes}{asked}</View>'
    made.schema = create_schema(project, Caller(alice), name="cars", config=text)
    made.dataset = selection.create_dataset(project, alice, name="cars", schema=made.schema)
    made.add(["a.png"])
    made.label({
        "a.png": [
            Region("upright", "box", 1, geometry=(10.0, 10.0, 50.0, 50.0), control="where"),
            Region("turned", "rotated_box", 1, geometry=(120.0, 100.0, 40.0, 20.0, 90.0), control="where"),
            Region("spot", "keypoint", 2, geometry=(30.0, 30.0), control="spot"),
        ]
    })  # fmt: skip
    line = {
        "path": "a.png",
        "boxes": [[10, 10, 50, 50], [110, 80, 130, 120]],
        "labels": ["car"] * 2,
        "scores": [0.9] * 2,
    }
    found = made.evaluate(made.predict(made.run(), made.publish(), [line]))
    assert [found.metrics[name] for name in ("tp", "fp", "fn", "AP")] == [2, 0, 0, 1.0]
