"""Lists and the order of their entries: read, checked against the list itself, and written as Label Studio has them."""

import json
from typing import Any

import pytest
from tests.label_studio import accepts

from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of
from lode_annotation.validation import problems_of
from lode_platform.errors import BadInput
from motherlode.media import BadMedia, List, named
from motherlode.media.list import MOST_ENTRIES, entries_of
from motherlode.regions import from_json
from motherlode.shapes import SHAPES

CONFIG = '<View><List name="results" value="$list"/><Ranker name="rank" toName="results" required="true"/></View>'
LINES = "\n".join(json.dumps({"id": one, "title": one.upper(), "body": f"about {one}"}) for one in ("a", "b", "c"))


@pytest.fixture(scope="module")
def rules() -> Rules:
    return rules_of(controls_json(parse_config(CONFIG), {}))


def entry(said: Any) -> dict[str, Any]:
    return {"id": "r1", "type": "ranker", "from_name": "rank", "to_name": "results", "value": {"ranker": said}}


def test_a_list_is_json_lines_each_with_an_id_of_its_own() -> None:
    assert named("some/answers.jsonl") is List and List.probe(LINES.encode()) == List(3)
    assert entries_of(LINES)[1] == ("b", "B", "about b")
    assert entries_of('{"id": 7, "body": " x "}\n\n') == [("7", "", "x")]
    assert List(3).block() == {"kind": "list", "length": 3}


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("", "is empty"),
        ("\n \n", "has no entries"),
        ("not json", "not JSON in line 1"),
        ("[" * 100_000, "not JSON in line 1"),
        ("[1]", "no object in line 1"),
        ('{"id": "", "title": "x"}', "no id of 1 to 200 characters in line 1"),
        ('{"id": true, "title": "x"}', "no id of 1 to 200 characters in line 1"),
        (f"{LINES}\n" + '{"id": "a", "title": "again"}', "the id 'a' twice, again in line 4"),
        ('{"id": "a"}', "neither a title nor a body in line 1"),
        ('{"id": "a", "title": ["x"]}', "neither a title nor a body in line 1"),
        ("\n".join(f'{{"id": {n}, "title": "x"}}' for n in range(MOST_ENTRIES + 1)), "more than 1,000 entries"),
    ],
)
def test_what_is_no_list_is_refused_by_line(lines: str, what: str) -> None:
    with pytest.raises(BadMedia, match=what):
        List.probe(lines.encode())


def test_a_ranking_is_whole_and_of_this_list(rules: Rules) -> None:
    def wrong(said: Any) -> list[str]:
        return [one.rule for one in problems_of([entry(said)], List(3), rules, document=lambda: LINES)]

    assert wrong({"rank": ["c", "a", "b"]}) == []
    assert wrong({"rank": ["c", "a"]}) == ["order", "required"]
    assert wrong({"rank": ["c", "a", "a"]}) == ["order", "required"]
    assert wrong({"rank": ["c", "a", "z"]}) == ["text", "required"]
    odd: list[Any] = [["a", "b", "c"], {"rank": [1, 2, 3]}, {"x": ["a"], "y": ["b"]}, {"rank": []}, {}, None, "a"]
    for said in odd:
        assert wrong(said) == ["order", "required"], said


def test_label_studio_takes_the_config_and_the_answer() -> None:
    said = entry({"rank": ["c", "a", "b"]})
    assert accepts(CONFIG, said)
    [control] = parse_config(CONFIG).controls
    assert (control.type, control.name, control.labels) == ("Ranker", "rank", ())
    row = {"id": "r1", "kind": "ranking", "control": "rank", "value": {"rank": ["c", "a", "b"]}}
    assert from_json(row).as_json()["value"] == row["value"]
    assert SHAPES["ranking"].fits("list") and not SHAPES["ranking"].fits("image")


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (CONFIG.replace("List", "Image").replace("$list", "$image"), "a ranking is part of a list"),
        (CONFIG.replace('required="true"', 'perRegion="true"'), "a list is ranked, so it cannot be asked per region"),
        (CONFIG.replace("/></View>", '><Bucket name="best"/></Ranker></View>'), "<Bucket> is not supported yet"),
        (CONFIG.replace("$list", "$items"), r'must be value="\$list"'),
    ],
)
def test_what_is_not_ranked_here_is_refused_by_name(config: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        parse_config(config)
