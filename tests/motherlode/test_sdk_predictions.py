"""Predictions: what may be said, and COCO results files read by their ids."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motherlode import Prediction
from motherlode.formats.source import Problem
from motherlode.predictions import BadPrediction
from motherlode.results import IdMap, IdMaps, load_ids, read_ids, read_results, save_ids

pytestmark = pytest.mark.once


def test_lists_and_arrays_say_the_same() -> None:
    plain = Prediction("a.jpg", boxes=[[1, 2, 3, 4]], labels=["RBC"], scores=[0.5])
    array = Prediction("a.jpg", boxes=np.array([[1, 2, 3, 4]]), labels=np.array(["RBC"]), scores=np.array([0.5]))
    assert plain == array
    assert (plain.boxes, plain.labels, plain.scores) == (((1.0, 2.0, 3.0, 4.0),), ("RBC",), (0.5,))


def test_numbers_of_any_kind_are_whole_numbers() -> None:
    assert Prediction("a", [[0, 0, 1, 1]], np.array([3]), [1]).labels == (3,)
    assert Prediction("a", [[0, 0, 1, 1]], [3.0], [1]).labels == (3,)


def test_nothing_found_is_a_prediction_too() -> None:
    assert (Prediction("a").boxes, Prediction("a").label) == ((), None)
    assert Prediction("a", boxes=np.zeros((0, 4)), labels=[], scores=np.zeros(0)) == Prediction("a")


def test_a_class_has_its_label_or_the_likeliest() -> None:
    assert (Prediction("a", label="cat").label, Prediction("a", label="cat").boxes) == ("cat", None)
    assert Prediction("a", probabilities=np.array([0.25, 0.75])).probabilities == (0.25, 0.75)
    likely = Prediction("a", probabilities={"cat": np.float32(0.25), "dog": 0.75})
    assert (likely.label, likely.probabilities) == ("dog", {"cat": 0.25, "dog": 0.75})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"boxes": [[1, 2, 3, 4]], "labels": [], "scores": [1]}, "1 boxes, 0 labels and 1 scores"),
        ({"boxes": [[1, 2, 3]], "labels": ["a"], "scores": [1]}, "four numbers"),
        ({"boxes": [[10, 20, 3, 4]], "labels": ["a"], "scores": [1]}, "width, height"),
        ({"boxes": [[1, 2, 3, float("nan")]], "labels": ["a"], "scores": [1]}, "not finite"),
        ({"boxes": [[1, 2, 3, 4]], "labels": [None], "scores": [1]}, "neither a name"),
        ({"boxes": [[1, 2, 3, 4]], "labels": ["a"], "scores": ["high"]}, "not a number"),
        ({"label": "a", "boxes": [[1, 2, 3, 4]]}, "not both"),
        ({"boxes": [[1, 2, 3, 4]], "labels": ["a"], "scores": 0.5}, "a list is expected"),
        ({"boxes": [[1, 2, 3, 4]], "labels": "a", "scores": [0.5]}, "a list is expected"),
        ({"probabilities": {}}, "neither"),
        ({"probabilities": {"a": "high"}}, "numbers by label"),
        ({"probabilities": [0.5, "high"]}, "numbers by label"),
        ({"probabilities": [0.5, math.nan]}, "not negative"),
        ({"probabilities": {"a": -1}}, "not negative"),
    ],
)
def test_what_cannot_be_logged_is_refused_by_its_path(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPrediction, match=message) as caught:
        Prediction("dir/a.jpg", **given)
    assert "dir/a.jpg" in str(caught.value)


ROWS = [
    {"image_id": 42, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.5},
    {"image_id": 42, "category_id": 18, "bbox": [5, 6, 7, 8], "score": 0.9},
]


def results(rows: object, ids: IdMap | IdMaps, paths: list[str]) -> tuple[list[Prediction], list[Problem]]:
    maps = {"instances.json": ids} if isinstance(ids, IdMap) else ids
    found = list(read_results(io.StringIO(json.dumps(rows)), "r.json", maps, paths))
    return [row for row in found if isinstance(row, Prediction)], [row for row in found if isinstance(row, Problem)]


@pytest.mark.parametrize("given", [{"boxes": 5}, {"probabilities": {"a": "x"}}, {"probabilities": 0.1}])
def test_what_has_no_such_shape_is_refused_as_a_prediction(given: dict[str, Any]) -> None:
    with pytest.raises(BadPrediction, match="a.jpg"):
        Prediction("a.jpg", **given)


def test_a_results_file_is_read_by_its_id_map() -> None:
    document = {"images": [{"id": 42, "file_name": "x.jpg"}], "categories": [{"id": 18, "name": "dog"}]}
    ids = read_ids(io.StringIO(json.dumps(document)))
    [one, none], problems = results(ROWS, ids, ["images/x.jpg", "images/y.jpg"])
    assert one == Prediction("images/x.jpg", [[1, 2, 4, 6], [5, 6, 12, 14]], ["dog", "dog"], [0.5, 0.9])
    assert (none.path, none.boxes, problems) == ("images/y.jpg", (), [])


@pytest.mark.parametrize("name", ["42", "a/42.jpg", "COCO_val2014_000000000042.jpg"])
def test_without_a_map_an_image_id_is_a_name_or_the_number_that_ends_it(name: str) -> None:
    [one, _], problems = results(ROWS, IdMap({}, {}), [name, "other.jpg"])
    assert (one.path, one.labels, problems) == (name, (18, 18), [])


def test_a_number_that_ends_two_names_means_neither() -> None:
    _, problems = results([*ROWS, {**ROWS[0], "image_id": "c.jpg"}], IdMap({}, {}), ["a42.jpg", "b42.jpg", "c.jpg"])
    assert [(problem.kind, problem.row) for problem in problems] == [("unknown", "image_id 42")]


def test_a_file_of_which_nothing_fits_is_refused() -> None:
    with pytest.raises(BadPrediction, match=r"r\.json, image_id 42: 2 rows are for the image '42'"):
        results(ROWS, IdMap({}, {}), ["a.jpg"])
    with pytest.raises(BadPrediction, match=r"r\.json, a\[0\]"):
        results({"a": [1]}, IdMap({}, {}), ["a.jpg"])
    with pytest.raises(BadPrediction, match="no list of results"):
        results({"a": 1}, IdMap({}, {}), ["a.jpg"])
    [empty], problems = results([], IdMap({}, {}), ["a.jpg"])
    assert (empty.boxes, problems) == ((), [])


def test_broken_rows_are_named_and_the_rest_is_read() -> None:
    wrong: list[dict[str, Any]] = [
        {"bbox": [1, 2]},
        {"bbox": 7},
        {"bbox": [1, 2, -3, 4]},
        {"score": math.nan},
        {"bbox": [1, 2, math.inf, 4]},
    ]
    rows = [{"image_id": 42}, 7, *({**ROWS[0], **part} for part in wrong), ROWS[1]]
    [one], problems = results(rows, IdMap({}, {}), ["42.jpg"])
    assert one.scores == (0.9,)
    assert [problem.row for problem in problems] == [f"[{row}]" for row in range(7)]


def test_coco_100s_detections_are_all_read(test_data: Path) -> None:
    folder = test_data / "coco100"
    with (folder / "instances_val2014_100.json").open() as stream:
        ids = read_ids(stream)
    with (folder / "instances_val2014_fakebbox100_results.json").open() as stream:
        found = list(read_results(stream, "results", {"instances": ids}, sorted(ids.images.values())))
    predictions = [row for row in found if isinstance(row, Prediction)]
    assert (len(found), len(predictions), sum(len(row.scores) for row in predictions)) == (100, 100, 734)


def test_id_maps_come_back_each_for_its_document(tmp_path: Path) -> None:
    maps = {"train/x.json": IdMap({"1": "a.jpg"}, {"18": "dog"}), "valid/x.json": IdMap({"1": "b.jpg"}, {})}
    save_ids(tmp_path / "x" / "ids.json", maps)
    assert load_ids(tmp_path / "x" / "ids.json") == maps
    assert load_ids(tmp_path / "none.json") == {}


TWO = {
    "train/_annotations.coco.json": IdMap({"42": "a.jpg", "7": "c.jpg"}, {"18": "dog", "3": "cat"}),
    "valid/_annotations.coco.json": IdMap({"42": "b.jpg", "7": "c.jpg"}, {"18": "dog", "3": "bird"}),
}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS, "image_id 42 means 'train/a.jpg' in train/_anno.*'valid/b.jpg' in valid/_anno.* --ids FILE"),
        ([{**ROWS[0], "image_id": 7.0}], "image_id 7 means 'train/c.jpg'"),  # two files of one name in two folders
        ([{**ROWS[0], "image_id": "c.jpg", "category_id": "3"}], "category_id 3 means 'cat' in train"),
    ],
)
def test_an_id_that_two_documents_use_differently_is_a_question(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(BadPrediction, match=message):
        results(rows, TWO, ["train/a.jpg", "train/c.jpg", "valid/c.jpg", "c.jpg"])


def test_an_id_that_two_documents_use_alike_is_none() -> None:
    maps = {f"annotations/{name}.json": IdMap({"42": "x.jpg"}, {"18": "dog"}) for name in ("one", "two")}
    [one], problems = results(ROWS, maps, ["images/train/x.jpg"])
    assert (one.labels, problems) == (("dog", "dog"), [])


def test_a_number_that_is_one_image_by_its_document_and_another_by_its_name_is_a_question() -> None:
    ids = IdMap({"42": "7.jpg", "7": "42.jpg"}, {})
    with pytest.raises(BadPrediction, match=r"image_id 42 is 7\.jpg by instances\.json, and the name of 42\.jpg"):
        results(ROWS, ids, ["7.jpg", "42.jpg"])
    told = list(read_results(io.StringIO(json.dumps(ROWS)), "r.json", {"i": ids}, ["7.jpg", "42.jpg"], told=True))
    assert [row.path for row in told if isinstance(row, Prediction) and row.boxes] == ["7.jpg"]


def test_a_number_that_no_document_knows_is_not_looked_for_in_names() -> None:
    _, problems = results([*ROWS, {**ROWS[0], "image_id": 1}], IdMap({"1": "b.jpg"}, {}), ["a_42.jpg", "b.jpg"])
    assert [(problem.kind, problem.row) for problem in problems] == [("unknown", "image_id 42")]


@pytest.mark.parametrize(("image", "category"), [(42, 18), (42.0, 18.0), ("42", "18"), ("42.0", " 18 ")])
def test_ids_are_one_however_they_are_written(image: Any, category: Any) -> None:
    rows = [{**ROWS[0], "image_id": image, "category_id": category}]
    document = {"images": [{"id": 42.0, "file_name": "x.jpg"}], "categories": [{"id": "18", "name": " dog "}]}
    [one], problems = results(rows, read_ids(io.StringIO(json.dumps(document))), ["x.jpg"])
    assert (one.labels, problems) == (("dog",), [])


def test_what_a_results_file_says_of_its_ids_itself_comes_before_what_others_say() -> None:
    paths = ["train/a.jpg", "train/b.jpg"]
    kept = {"instances.json": IdMap({"1": "a.jpg"}, {"1": "dog"})}
    row = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}

    def labels(*, told: bool = False, **parts: Any) -> list[tuple[Any, ...]]:
        stream = io.StringIO(json.dumps({"annotations": [row], **parts}))
        found = read_results(stream, "r.json", kept, paths, told=told)
        return [each.labels for each in found if isinstance(each, Prediction)]

    images = [{"id": 1, "file_name": "b.jpg"}, {"id": 2}]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": ""}]
    assert labels() == [("dog",), ()]
    assert labels(images=images) == [(), ("dog",)]
    assert labels(categories=categories) == [("cat",), ()]
    assert labels(images=images, categories=categories) == [(), ("cat",)]
    assert labels(images=images, categories=categories, told=True) == [("dog",), ()]
