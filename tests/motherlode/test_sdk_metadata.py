"""Fields of items from a CSV or JSON Lines file: read, sent, found again, and refused by line."""

from pathlib import Path
from typing import Any

import pytest
from tests.motherlode.conftest import Lode

from lode_platform.models import Event, Item, MetadataField

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
        ("a.csv", "path,9x\n{0},7\n", "'9x' cannot be the name of a field"),
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
