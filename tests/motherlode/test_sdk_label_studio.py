"""Label Studio's exports as a source: media found, configs read or made, results of every kind, and what is broken."""

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.motherlode.test_sdk_cvat import geometries

from motherlode import BadInput
from motherlode.formats import label_studio
from motherlode.formats.label_studio_writing import result_of
from motherlode.formats.source import Classes, Problem, Record
from motherlode.formats.writing import Labelled
from motherlode.importing.whole import look
from motherlode.label_studio.configs import Seen, asked_in, with_links, with_our_field
from motherlode.label_studio.files import MediaFiles
from motherlode.label_studio.people import People
from motherlode.label_studio.project import Project
from motherlode.media import Image
from motherlode.regions import Region
from motherlode.shapes import SHAPES


class Held(dict[str, bytes]):
    """Files by name."""

    def names(self) -> list[str]:
        return sorted(self)

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self[name])


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("/data/upload/1/7fb3b860-tray_01.png", "media/tray 01.png"),
        ("/data/upload/2/0123abcd-c.png", "c.png"),
        ("/data/local-files/?d=deep/pl%C3%A5t.png", "media/deep/plåt.png"),
        ("/data/local-files/?d=other%5Cb.png", "other/b.png"),
        ("s3://bucket/other/b.png", "other/b.png"),
        ("https://host/x/deep/pl%C3%A5t.png?token=1", "media/deep/plåt.png"),
        ("other/b.png", "other/b.png"),
        ("/data/upload/1/gone.png", None),
        ("http://[broken/b.jpg", None),
    ],
)
def test_a_file_is_found_by_whatever_label_studio_calls_it(said: str, found: str | None) -> None:
    files = MediaFiles(["media/tray 01.png", "b.png", "c.png", "other/b.png", "media/deep/plåt.png"])
    assert files.find(said)[0] == found


def test_what_may_be_two_files_is_left_open() -> None:
    assert MediaFiles(["a/x.png", "b/x.png"]).find("/data/upload/1/01234567-x.png") == (None, ["a/x.png", "b/x.png"])


def test_a_config_keeps_all_but_the_name_of_its_field() -> None:
    config = "<View><Image zoom='true' name=\"i\" value='$photo url'/><Choices name='c' toName='i'/></View>"
    assert with_our_field(config) == config.replace("$photo url", "$image")
    assert (asked_in(config).field, asked_in(config).medium) == ("photo url", Image)
    linked = with_links(config, ["on <top>"])
    assert linked.endswith('<Relations><Relation value="on &lt;top&gt;"/></Relations></View>')


def test_people_are_read_from_either_form_and_a_row_that_is_none_is_named(tmp_path: Path) -> None:
    rows = [{"id": 3, "email": "ann@example.org"}, {"id": 4, "email": "", "username": "bo"}]
    for name, value in (("list", rows), ("object", {"3": "ann@example.org", "4": "bo"})):
        (tmp_path / name).write_text(json.dumps(value))
        people = People.read(tmp_path / name)
        assert [people.name(one) for one in (3, 4, {"id": 9, "email": "c@d"}, 5, None)] == [
            *("ann@example.org", "bo", "c@d", "person 5", "")
        ]
        assert people.unknown == {5}
    for bad in ('[{"id": 1}]', "[]", "{", '{"x": "a"}'):
        (tmp_path / "bad").write_text(bad)
        with pytest.raises(BadInput, match="bad"):
            People.read(tmp_path / "bad")


CONFIG = "<View>" + "".join(
    f'<{shape.opening} name="{shape.kind}" toName="image"><{shape.part} value="x"/></{shape.tag}>'
    for shape in SHAPES.values()
    if shape.element and not shape.pointed and not shape.variant_of
)
CONFIG += '<Image name="image" value="$image"/></View>'


@settings(max_examples=examples(150))
@given(geometries())
def test_every_kind_goes_out_and_comes_in_the_same_on_200_x_50(one: tuple[str, Any]) -> None:
    kind, geometry = one
    media, asked = Image(200, 50), asked_in(CONFIG)
    row = Labelled("a.png", None, media, "", [Region("r", kind, 1, "x", geometry)])
    drafts, wrong = label_studio.drafts_of(result_of(row, asked), media, asked, Counter())
    assert (wrong, [(draft.kind, draft.label) for draft in drafts]) == ([], [(kind, "x")])
    assert geometry is None or SHAPES[kind].near(drafts[0].geometry, geometry)


def test_a_config_is_made_of_what_results_say() -> None:
    seen = Seen()
    place = {"id": "a", "to_name": "img", "original_width": 9}
    seen.see(
        [
            {**place, "from_name": "b", "type": "rectanglelabels", "value": {"rectanglelabels": ['q"']}},
            {**place, "from_name": "c", "type": "choices", "value": {"choices": ["y", "z"]}},
            {"type": "relation", "from_id": "a", "to_id": "a", "labels": ["on"]},
        ]
    )
    asked = asked_in(seen.config("photo"))
    assert [(one.name, one.per_region, one.single, [*one.class_ids]) for one in asked.controls] == [
        ("b", False, True, ['q"']),
        ("c", True, False, ["y", "z"]),
    ]
    assert asked.field == "photo" and asked.links is not None and [*asked.links.class_ids] == ["on"]
    seen.see([{"id": "v", "from_name": "t", "type": "timeserieslabels", "value": {}}])
    with pytest.raises(BadInput, match="'timeserieslabels'"):
        seen.config("photo")


def test_a_config_made_of_results_has_the_tree_of_a_taxonomy() -> None:
    seen = Seen()
    paths = [["dog", "small"], ["cat"], ["dog", "<large>"]]
    entry = {"id": "a", "from_name": "sort", "to_name": "i", "type": "taxonomy", "value": {"taxonomy": paths}}
    seen.see([{**entry, "original_width": 9}])
    [control] = asked_in(seen.config("image")).controls
    assert list(control.class_ids) == ["dog", "dog / small", "dog / <large>", "cat"]


def test_which_answer_counts() -> None:
    skip = {"was_cancelled": True, "updated_at": "9", "result": []}
    early, late = {"updated_at": "1", "result": []}, {"updated_at": "2", "result": []}
    true = {"updated_at": "0", "ground_truth": True, "result": []}
    no = {"updated_at": "8", "result": [], "reviews": [{"accepted": True}, {"accepted": False}]}
    assert label_studio.best_answer([early, late, skip, no]) is late
    assert label_studio.best_answer([early, true, late]) is true
    assert label_studio.best_answer([skip, no]) is None


def test_an_export_is_told_from_what_looks_like_one(tmp_path: Path) -> None:
    (tmp_path / "min.json").write_text('[{"annotation_id": 1, "annotator": 2, "image": "a"}]')
    with pytest.raises(BadInput, match="JSON_MIN"):
        Project.find(tmp_path)
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text('[{"data": {"image": "a.png"}, "annotations": []}]')
    with pytest.raises(BadInput, match="2 exports: one.json, two.json"):
        Project.find(tmp_path)
    assert Project.find(tmp_path / "one.json").export == "one.json"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_an_export_is_known_in_every_encoding_of_json(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes('\n[{"data": {"image": "å.png"}, "annotations": []}]'.encode(encoding))
    [(_, task)] = Project.find(tmp_path).tasks()
    assert task["data"]["image"] == "å.png"


def test_what_is_wrong_is_said_of_the_file_that_the_caller_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"data": {"image": "a.png"}, "annotations": []}]')
    (tmp_path / "config.xml").write_text("<View><Image")
    with pytest.raises(BadInput, match="config.xml: the labeling config cannot be read"):
        look(Project.find(tmp_path), io.BytesIO())
    (tmp_path / "a.json").unlink()
    with pytest.raises(BadInput, match="^cells.zip holds no export"):
        Project.find(tmp_path, called=Path("cells.zip"))


BOX = {"x": 5, "y": 5, "width": 10, "height": 10, "rotation": 0, "rectanglelabels": ["x"]}
ENTRY: dict[str, Any] = {"id": "r", "from_name": "b", "to_name": "i", "type": "rectanglelabels", "value": BOX}
ENTRY |= {"original_width": 200, "original_height": 50}
TASK = {"id": 1, "data": {"image": "a.png"}, "annotations": [{"id": 1, "completed_by": 1, "result": [ENTRY]}]}
SAMPLE = json.dumps([TASK, {**TASK, "id": 2, "data": {"image": "b.png"}}]).encode()
PIECES = [b"{", b"}", b"[", b"]", b'"', b",", b"null", b"NaN", b"1e999", b"\xff", b"\\ud800", b"\0", b"-5", b"[" * 5000]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 30), st.sampled_from([b"", *PIECES])), max_size=4)
)
def test_whatever_an_export_says_is_named_or_read(changes: list[tuple[int, int, bytes]]) -> None:
    data = SAMPLE
    for at, length, piece in changes:
        data = data[:at] + piece + data[at + length :]
    for found in label_studio.read(Held({"a.json": data, "a.png": b"", "b.png": b""})):
        assert isinstance(found, Problem | Record | Classes)
        if isinstance(found, Record) and found.labelled and not found.drafts and not found.lost:
            assert b'"result": []' in data or b"relation" in data or b'"result": [{' not in data
