"""Fields of items from a CSV or JSON Lines file: read, sent, found again, and refused by line."""

import json
import pickle
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_platform.models import Event, Item, MetadataField, User
from motherlode import Client
from motherlode.cache import Cache

pytestmark = pytest.mark.django_db


@pytest.fixture
def paths(lode: Lode, cells: dict[str, Any]) -> list[str]:
    return [row["path"] for row in lode("items")]


def said(path: str) -> Any:
    return Item.objects.get(path=path).metadata


def test_fields_of_a_csv_file_are_set_by_path_and_found_again(lode: Lode, paths: list[str], machine: Path) -> None:
    file = machine / "fields.csv"
    rows = [
        "\ufeffpath;site;age;seen;when;patient",
        f"{paths[0]};Berlin;7;yes;2026-11-27;0012",
        f'{paths[1]};"Bern; old";70.5;no;2026-11-28T10:00:00;0013',
        f"{paths[2]};;;;;",
    ]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    kinds = {"site": "text", "age": "number", "seen": "boolean", "when": "date", "patient": "text"}
    assert lode("metadata", str(file)) == {"changed": 2, "unchanged": 1, "kinds": kinds}
    assert dict(MetadataField.objects.values_list("name", "kind")) == kinds
    assert said(paths[0]) == {"site": "Berlin", "age": 7, "seen": True, "when": "2026-11-27", "patient": "0012"}
    assert [row["path"] for row in lode("items", "meta.age>50 and meta.seen:false")] == [paths[1]]
    assert lode("metadata", str(file)) == {"changed": 0, "unchanged": 3, "kinds": kinds}
    assert Event.objects.filter(verb="items.metadata").count() == 1


def test_json_lines_change_and_take_away_and_leave_the_rest(lode: Lode, paths: list[str], machine: Path) -> None:
    file = machine / "fields.jsonl"
    file.write_text(f'{{"path": "{paths[0]}", "site": "Berlin", "age": 7}}\n')
    lode("metadata", str(file))
    file.write_text(f'{{"name": "{paths[0]}", "age": null, "odd": true}}\n\n')
    assert lode("metadata", str(file), "--path", "name", "--kind", "odd=boolean")["changed"] == 1
    assert said(paths[0]) == {"site": "Berlin", "odd": True}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "", "no column is called 'path'; the file is empty"),
        ("a.csv", "name,age\nx,1\n", "no column is called 'path'; there are name, age"),
        ("a.csv", "path,age,age\nx,1,2\n", "two columns are called 'age'"),
        ("a.csv", "path,age\n{0},7,8\n", "a.csv:2: 3 cells, where there are 2 columns"),
        ("a.csv", 'path,age\n{0},"7\n', "a.csv:2: unexpected end of data"),
        ("a.csv", "path,age\n{0},7\n{0},8\n", "a.csv:3: {0} stands in line 2 already"),
        ("a.csv", "path,age\n{0},7\nno/such.png,8\n", "a.csv:3: no/such.png: There is no item of this path"),
        ("a.csv", "path,9x\n{0},7\n", "a.csv: '9x' cannot be the name of a field"),
        ("a.csv", "path,age\n ,7\n", "a.csv:2: the path is empty"),
        ("a.jsonl", "[1]\n", "a.jsonl:1: each line is an object with a text 'path'"),
        ("a.jsonl", "nonsense\n", "a.jsonl:1: not JSON"),
        ("a.jsonl", '{{"path": "{0}", "at": [1]}}\n', "a.jsonl:1: at is not a text, a number, true, false or null"),
        ("a.jsonl", '{{"path": "{0}", "at": NaN}}\n', "a.jsonl:1: at is not a text"),
    ],
)
def test_what_cannot_be_set_is_named_by_its_line_and_nothing_is(
    lode: Lode, paths: list[str], machine: Path, name: str, text: str, words: str
) -> None:
    (machine / name).write_text(text.format(paths[0]))
    assert words.format(paths[0]) in lode("metadata", name, fails=1)
    assert said(paths[0]) == {} and not MetadataField.objects.exists()


def test_a_value_of_another_kind_than_its_field_is_refused(lode: Lode, paths: list[str], machine: Path) -> None:
    file = machine / "a.csv"
    file.write_text(f"path,age\n{paths[0]},7\n")
    lode("metadata", str(file))
    file.write_text(f"path,age\n{paths[0]},8\n{paths[1]},old\n")
    assert "a.csv:3: age: 'old' is not a number" in lode("metadata", str(file), fails=1)
    assert "age is a field of the kind number" in lode("metadata", str(file), "--kind", "age=text", fails=1)
    assert "say FIELD=KIND" in lode("metadata", str(file), "--kind", "age", fails=1)
    (machine / "b.csv").write_bytes(b"path,age\n\xff\xfe,1\n")
    assert "is not UTF-8" in lode("metadata", "b.csv", fails=1)
    assert "cannot be read" in lode("metadata", "none.csv", fails=1)
    assert said(paths[0]) == {"age": 7}


def test_fields_are_carried_into_a_version_read_typed_and_written_by_converters(
    lode: Lode, paths: list[str], machine: Path, sdk: Callable[..., Client], cache: Cache, erin: User
) -> None:
    client = sdk(erin)
    file = machine / "fields.jsonl"
    rows = [
        {"path": paths[0], "kind": "box", "path_of": 'a "path":', "age": 7.0, "seen": False, "when": "2026-11-27"},
        {"path": paths[1], "kind": "é", "class_id": 3, "when": "2026-11-28T10:00:00"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lode("metadata", str(file))
    fields = ["age", "class_id", "kind", "path_of", "seen", "when"]
    said = lode.says("publish", "cells", "--metadata", ", ".join(fields))
    assert "fields  age (number), class_id (number), kind (text), path_of (text), seen (boolean), when (date)" in said
    samples = motherlode.load("cells@v2", client=client, cache=cache)
    one, two, other = (samples.by_path(path) for path in (paths[0], paths[1], paths[2]))
    assert one.metadata == dict(
        age=7, class_id=None, kind="box", path_of='a "path":', seen=False, when=date(2026, 11, 27)
    )
    assert (two.metadata["kind"], two.metadata["when"], two.metadata["seen"]) == ("é", datetime(2026, 11, 28, 10), None)
    assert dict(other.metadata) == dict.fromkeys(fields)
    with pytest.raises(KeyError, match="no field 'site': it carries age, class_id, kind"):
        one.metadata["site"]
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301
    # what is counted and found in a line without parsing it is what the first version says
    first = motherlode.load("cells@v1", client=client, cache=cache)
    for sample in (one, two):
        was = first.by_path(sample.path)
        assert (len(sample.labels), sample.labels.boxes, sample.labels.class_ids) == (
            len(was.labels),
            was.labels.boxes,
            was.labels.class_ids,
        )
    assert was.metadata == {}
    assert motherlode.publish("cells", metadata=["age"], client=client).version == 3
    assert motherlode.publish("cells", client=client).version == 3
    lode("convert", "cells@v2", str(machine / "coco"), "--to", "coco")
    images = [
        row
        for document in sorted((machine / "coco" / "annotations").iterdir())
        for row in json.loads(document.read_text())["images"]
    ]
    assert [row["when"] for row in images if row.get("kind") == "é"] == ["2026-11-28T10:00:00"]
    lode("convert", "cells@v2", str(machine / "ls"), "--to", "label-studio")
    tasks = json.loads((machine / "ls" / "tasks.json").read_text())
    assert [row["data"]["age"] for row in tasks if "age" in row["data"]] == [7]
    told = lode("convert", "cells@v2", str(machine / "voc"), "--to", "voc")
    assert any("the metadata of 2 items was not written" in row["what"] for row in told["problems"])
    back = lode("import", str(machine / "coco"), "--dataset", "again", "--prefix", "again/")
    assert back["label_sets"] == 8
