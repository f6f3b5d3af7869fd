"""Labeling configs: one writer, whose output the server accepts and whose additions leave the rest as it was."""

import pytest

from lode_annotation.labeling_config import parse_config
from motherlode.labeling_config import add_labels, build
from motherlode.shapes import BY_TASK, LABEL_TASKS

pytestmark = pytest.mark.once
NASTY = ['a "quoted" name', "<b> & c", "größer"]


@pytest.mark.parametrize("task", LABEL_TASKS)
def test_what_is_built_is_read_with_the_same_labels(task: str) -> None:
    parsed = parse_config(build(NASTY, task, required=True, categories={"größer": 7}))
    assert parsed.labels == NASTY
    assert [(control.type, control.required) for control in parsed.controls] == [(BY_TASK[task].opening, True)]


@pytest.mark.parametrize("task", LABEL_TASKS)
def test_labels_added_equal_labels_built_with(task: str) -> None:
    assert add_labels(build(["a"], task), ["b", "c"], task=task) == build(["a", "b", "c"], task)
    assert add_labels(build(["a"], task), ["b"], categories={"b": 3}) == build(["a", "b"], task, categories={"b": 3})


def test_labels_go_into_the_control_of_their_task_and_all_else_stays() -> None:
    both = (
        '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="x"/></Choices>'
        '<RectangleLabels name="r" toName="i"><Label value="a"/></RectangleLabels></View>'
    )
    more = add_labels(both, ["y"], task="classes")
    assert [[label.value for label in control.labels] for control in parse_config(more).controls] == [["x", "y"], ["a"]]
    assert more.replace('  <Choice value="y"/>\n', "") == both


def test_a_config_without_a_control_for_the_task_is_refused() -> None:
    with pytest.raises(ValueError, match="no control"):
        add_labels(build(["a"], "boxes"), ["b"], task="classes")
