"""The seam for kinds: what a kind is called stands in its own module, and every kind keeps the same promises."""

from pathlib import Path
from typing import Any

import pytest

from motherlode.media import Image
from motherlode.regions import BadRegion, Control, Region, as_result, dump, from_result, load
from motherlode.shapes import BY_TAG, BY_TASK, RESULT_TYPES, SHAPES, Shape, shape_of

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]
ROOMS = ("sdk", "platform", "annotation", "datasets", "hooks")


# "choices" is a word of Django's, too, and "labels" one of everybody's
PLACED = {shape.kind: shape for shape in BY_TAG.values() if not shape.whole and shape.result_type != "labels"}


@pytest.mark.parametrize("shape", PLACED.values(), ids=PLACED)
def test_only_a_kinds_own_module_knows_its_names_in_label_studio(shape: Shape) -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    named = [file for file in files if shape.result_type in file.read_text("utf-8").lower()]
    first = next(one for one in PLACED.values() if one.result_type == shape.result_type)
    own = type(first).__module__.replace(".", "/") + ".py"
    assert [file.relative_to(ROOT).as_posix() for file in named] == [f"sdk/{own}"]


def test_no_two_kinds_share_a_name() -> None:
    variants = [shape for shape in SHAPES.values() if shape.variant_of]
    assert len(SHAPES) - len(variants) == len(BY_TAG) == len(BY_TASK)
    told_apart = [shape for shape in BY_TAG.values() if shape.says]
    assert len(BY_TAG) - len(told_apart) == len(RESULT_TYPES)
    for shape in told_apart:
        assert shape.result_type == BY_TAG[shape.tag].result_type
    for shape in variants:
        other = SHAPES[shape.variant_of]
        assert (shape.task, shape.tag, shape.result_type) == (other.task, other.tag, other.result_type)
    fields = [shape.field for shape in SHAPES.values() if not shape.whole]
    assert len(set(fields)) == len(fields) and all(fields)


def test_a_kind_that_nobody_registered_is_named() -> None:
    for kind in ("hologram", None, ["box"]):
        with pytest.raises(BadRegion, match="is not one of 'box', "):
            shape_of(kind)


def controls(*names: str, kind: str = "choice") -> list[Control]:
    return [Control(name, kind, "image", {"yes": 2 * at + 1, "no": 2 * at + 2}) for at, name in enumerate(names)]


def chosen(control: str, label: str, own: str) -> dict[str, Any]:
    return {"id": own, "type": "choices", "from_name": control, "to_name": "image", "value": {"choices": [label]}}


def test_a_label_of_two_controls_is_two_classes() -> None:
    result = [chosen("blurred", "yes", "a"), chosen("night", "yes", "b")]
    regions = from_result(result, Image(10, 10), controls("blurred", "night"))
    assert [(region.control, region.class_id) for region in regions] == [("blurred", 1), ("night", 3)]
    back = as_result(regions, Image(10, 10), controls("blurred", "night"))
    said = [(entry["from_name"], entry["value"]["choices"]) for entry in back]
    assert said == [("blurred", ["yes"]), ("night", ["yes"])]


def test_regions_of_versions_before_format_1_find_their_control_by_their_class() -> None:
    both = controls("blurred", "night")
    stored = load(dump([Region("a", "choice", 4, "no"), Region("b", "choice", 1, "yes")]), {1: "yes", 4: "no"})
    entries = as_result(stored, Image(10, 10), both)
    assert [(entry["id"], entry["from_name"]) for entry in entries] == [("a", "night"), ("b", "blurred")]
    again = from_result(entries, Image(10, 10), both, {region.id: region for region in stored})
    assert [(region.id, region.class_id) for region in again] == [("a", 4), ("b", 1)]


def test_an_answer_to_one_control_leaves_the_ids_of_the_other_alone() -> None:
    before = {"a": Region("a", "choice", 1, "yes"), "b": Region("b", "choice", 3, "yes")}
    result = [chosen("blurred", "no", "a"), chosen("night", "yes", "b")]
    regions = from_result(result, Image(10, 10), controls("blurred", "night"), before)
    assert [(region.id, region.class_id) for region in regions] == [("a", 2), ("b", 3)]


def test_a_control_takes_its_own_kind_alone() -> None:
    with pytest.raises(BadRegion, match="no control 'blurred' that takes choices"):
        from_result([chosen("blurred", "yes", "a")], Image(10, 10), controls("blurred", kind="box"))
