"""The query language: what a text asks for, what it finds, and how it is refused."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lode_platform import query_fields
from lode_platform.models import Item, Project, User
from lode_platform.query import BadQuery, Not, Query, Term, last_term, parse, quoted, terms
from lode_platform.query_fields import compile_query

ClientFor = Callable[[User], Client]


def plain(query: Query | None) -> Any:
    """A query as nested lists, which are easier to read."""
    if isinstance(query, Term):
        return f"{query.field}{query.sign}{query.value}"
    if isinstance(query, Not):
        return ["not", plain(query.of)]
    if query is None:
        return None
    return [type(query).__name__.lower().strip("_"), *map(plain, query.parts)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", None),
        ("  \n", None),
        ("cells/a.png", "path:cells/a.png"),
        ("a b", ["all", "path:a", "path:b"]),
        ("class:RBC and not split:test", ["all", "class:RBC", ["not", "split:test"]]),
        ("a AND b or c", ["any", ["all", "path:a", "path:b"], "path:c"]),
        ("a and (b or c)", ["all", "path:a", ["any", "path:b", "path:c"]]),
        ("not not a", ["not", ["not", "path:a"]]),
        ("-a -(b c)", ["all", ["not", "path:a"], ["not", ["all", "path:b", "path:c"]]]),
        ('class:"red cell (old)"', "class:red cell (old)"),
        (r'"say \"hi\" \\"', r'path:say "hi" \ '[:-1]),
        ("width>=640 height!=480", ["all", "width>=640", "height!=480"]),
        ("meta.site:Berlin", "meta.site:Berlin"),
        ("or1 and2 nothing", ["all", "path:or1", "path:and2", "path:nothing"]),
        ('path="or"', "path=or"),
        ("added>2026-11", "added>2026-11"),
    ],
)
def test_a_text_is_read(text: str, wanted: Any) -> None:
    assert plain(parse(text)) == wanted


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("a and", "missing here", (4, 5)),
        ("or b", "missing here", (0, 2)),
        ("(a", "never closed", (0, 1)),
        ("a)", "never opened", (1, 2)),
        ("()", "missing here", (0, 2)),
        ('class:"RBC', "never closed", (6, 7)),
        ("class:", "class: is followed by no value", (0, 6)),
        ("class: RBC", "class: is followed by no value", (0, 6)),
        ("not", "missing here", (2, 3)),
        ("a\0b", "NUL", (1, 2)),
        ("(" * 30 + "a" + ")" * 30, "at most 20", (21, 22)),
        ("a " * 51, "at most 50 terms", (100, 102)),
        ("a" * 2001, "at most 2000 characters", (2000, 2001)),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_stands(text: str, words: str, at: tuple[int, int]) -> None:
    with pytest.raises(BadQuery, match=words) as refused:
        parse(text)
    assert (refused.value.start, refused.value.end) == at


@given(st.text(max_size=60) | st.text(alphabet='ab ()":=<>!-.\\', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except BadQuery as error:
        assert 0 <= error.start <= len(text) and error.message
    else:
        assert all(text[term.start : term.end] for term in terms(found))


@given(st.text(min_size=1, max_size=30).filter(lambda one: "\0" not in one))
def test_a_quoted_value_is_read_as_it_was(value: str) -> None:
    assert plain(parse(f"class:{quoted(value)}")) == f"class:{value}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ("", "", "", 0)),
        ("cl", ("cl", "", "", 0)),
        ("a and cl", ("cl", "", "", 6)),
        ("a and -cl", ("cl", "", "", 7)),
        ("(class:R", ("class", ":", "R", 7)),
        ('x class:"red c', ("class", ":", "red c", 8)),
        ("width>", ("width", ">", "", 6)),
        ("class:RBC ", ("", "", "", 10)),
    ],
)
def test_the_term_that_is_being_written_is_known(text: str, wanted: Any) -> None:
    assert last_term(text) == wanted


@pytest.fixture
def pictures(project: Project, make_items: Callable[..., list[Item]]) -> list[Item]:
    """Six items of several sizes, groups, days and fields of their own."""
    items = make_items(project, 6)
    said: list[dict[str, Any]] = [
        {"path": "a/One.png", "width": 10, "group": "p1", "metadata": {"site": "Berlin", "age": 7}},
        {"path": "a/two.png", "width": 20, "group": "p2", "metadata": {"site": "Bern", "age": 70.5}},
        {"path": "b/three.png", "width": 30, "group": "p2", "metadata": {"site": "Rome", "age": "old"}},
        {"path": "b/four (old).png", "width": 40, "metadata": {"flag": True, "odd'\"key": 3}},
        {"path": "c/five.png", "width": 50, "metadata": {"age": True}},
        {"path": "c/six.png", "width": 60},
    ]
    for item, fields in zip(items, said, strict=True):
        for name, value in fields.items():
            setattr(item, name, value)
    Item.objects.bulk_update(items, ["path", "width", "group", "metadata"])
    Item.objects.filter(pk=items[0].pk).update(
        created_at=datetime(2026, 3, 31, 23, 59, tzinfo=timezone.get_current_timezone())
    )
    return items


CASES = {
    "one": [0],
    "ONE": [0],
    "a/": [0, 1],
    "not a/": [2, 3, 4, 5],
    "path:a/*.png": [0, 1],
    "path:*e*.png -c/": [0, 2],
    'path:"four (old)"': [3],
    "path=a/One.png": [0],
    "path=a/one.png": [],
    "group:p2": [1, 2],
    "group:P2": [1, 2],
    "group!=p2": [0, 3, 4, 5],
    "group:*": [0, 1, 2],
    "not group:*": [3, 4, 5],
    "group:p*": [0, 1, 2],
    "width>30": [3, 4, 5],
    "width>=30 width<50": [2, 3],
    "width:30 or width=40": [2, 3],
    "width!=30": [0, 1, 3, 4, 5],
    "height:48.5": [],
    "medium:image": [0, 1, 2, 3, 4, 5],
    "medium:text": [],
    "type:png": [0, 1, 2, 3, 4, 5],
    "added:2026-03": [0],
    "added:2026-03-31": [0],
    "added<2026-04": [0],
    "added<=2026-03-31": [0],
    "added>2026-03-31": [1, 2, 3, 4, 5],
    "added>=2026-03-31": [0, 1, 2, 3, 4, 5],
    "meta.site:berlin": [0],
    "meta.site:b*": [0, 1],
    "meta.site=Bern": [1],
    "meta.site!=Bern": [0, 2, 3, 4, 5],
    "meta.age>7": [1],
    "meta.age>=7": [0, 1],
    "meta.age:7.0": [0],
    "meta.age:old": [2],
    "meta.flag:true": [3],
    "meta.age:*": [0, 1, 2, 4],
    "not meta.age:*": [3, 5],
}


@pytest.mark.django_db
@pytest.mark.parametrize("text", CASES)
def test_what_is_asked_is_found(project: Project, alice: User, pictures: list[Item], text: str) -> None:
    compiled = compile_query(parse(text), project, alice)
    rows = project.items.live().filter(compiled.condition)
    assert sorted(rows.values_list("pk", flat=True)) == [pictures[n].pk for n in CASES[text]], text
    for keys in compiled.sources:
        assert keys is None or set(rows.values_list("pk", flat=True)) <= set(keys), text


@pytest.mark.django_db
def test_an_item_is_found_by_its_id_and_its_bytes(project: Project, alice: User, pictures: list[Item]) -> None:
    one = pictures[3]
    for text in (f"id:{one.uuid}", f"md5:{one.blob.md5}", f"sha256:{one.blob.sha256.upper()}"):
        compiled = compile_query(parse(text), project, alice)
        assert list(project.items.filter(compiled.condition)) == [one]
        assert [list(keys) for keys in compiled.sources if keys is not None] == [[one.pk]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("clas:RBC", r"There is no field 'clas'. Did you mean class\?", (0, 4)),
        ("zzz:1", "There is no field 'zzz'. Fields are added, ", (0, 3)),
        ("meta:1", "There is no field 'meta'", (0, 4)),
        ("a width:wide", "width: 'wide' is not a number", (2, 12)),
        ("width>nan", "'nan' is not a number", (0, 9)),
        ("path>a", "path cannot be asked with >, only with : = !=", (0, 6)),
        ("added:yesterday", "not a date such as", (0, 15)),
        ("added:2026-13", "not a date such as", (0, 13)),
        ("class:RBC", "class: there is no 'RBC'", (0, 9)),
        ("labelled:maybe", "labelled: there is no 'maybe'; there are yes, no, check", (0, 14)),
        ("medium:film", "medium: there is no 'film'; there are image, text", (0, 11)),
        ("id:12", "'12' is not the id of an item", (0, 5)),
    ],
)
def test_a_field_or_a_value_that_there_is_not_is_named(
    project: Project, alice: User, text: str, words: str, at: tuple[int, int]
) -> None:
    with pytest.raises(BadQuery, match=words) as refused:
        compile_query(parse(text), project, alice)
    assert (refused.value.start, refused.value.end) == at


@pytest.mark.django_db
def test_rest_finds_by_a_query_and_refuses_one_by_name(
    api: Callable[..., Any], project: Project, alice: User, pictures: list[Item]
) -> None:
    program = api(alice, project=project)
    found = program.get(f"projects/{project.name}/items?query=a/+and+width%3E10").json()
    assert [row["path"] for row in found["results"]] == ["a/two.png"]
    assert program.get("items?query=a/+and+width%3E10").json() == found
    refused = program.get(f"projects/{project.name}/items?query=clas:x")
    assert refused.status_code == 400
    assert refused.json()["at"] == [0, 4] and refused.json()["code"] == "bad_query"


def test_each_field_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "query.md").read_text()
    rows = "".join(line.split("|")[1] for line in guide.splitlines() if line.startswith("| `"))
    for field in query_fields.fields():
        assert f"`{field.name}.NAME`" in rows if field.keyed else f"`{field.name}`" in rows, field.name


@pytest.mark.django_db
def test_the_bar_is_told_what_matches_what_is_wrong_and_what_may_follow(
    client_for: ClientFor, project: Project, alice: User, pictures: list[Item]
) -> None:
    def told(text: str, **more: Any) -> Any:
        return client_for(alice).get(f"/p/{project.name}/items/query", {"query": text, **more}).json()

    def offered(text: str, **more: Any) -> list[str]:
        return [offer["name"] for offer in told(text, **more)["offers"]]

    assert [told(text)["count"] for text in ("", "a/", "path=a/One.png", "nothing")] == [None, 2, 1, 0]
    wrong = told("a/ and clas:x")
    assert wrong["error"].startswith("There is no field 'clas'") and wrong["at"] == [7, 11] and wrong["count"] is None
    assert offered("a/ and med") == ["medium:"]
    assert offered("meta.") == ["meta.age:", "meta.flag:", "meta.site:"]
    assert offered("labelled:") == ["yes", "no", "check"]
    assert offered("labelled:n width:1", at="10") == ["no"]
    assert offered("width:") == offered("nosuch:") == []
