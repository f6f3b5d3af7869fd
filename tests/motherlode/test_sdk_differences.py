"""What differs between versions, as Markdown: whole, short, and without a way in for what data are called."""

from typing import Any

import pytest

from motherlode.differences import SHOWN, as_markdown

pytestmark = pytest.mark.once
TOLD: dict[str, Any] = {
    "items_added": 1200,
    "items_removed": 0,
    "splits_moved": 1,
    "regions": {"added": 3},
    "classes": {"RBC": 2, "a|b": -9},
    "metadata": {"site": 4},
    "schema_changed": True,
}


def test_the_largest_shift_stands_first_and_the_first_items_are_named() -> None:
    rows = [{"path": f"{number}.png", "kind": "added"} for number in range(SHOWN)]
    moved = {"path": "m.png", "kind": "moved_split", "split_before": "train", "split_after": "val"}
    text = as_markdown(TOLD, [moved, *rows], before="cells@v1", after="cells@v2", page="https://host/diff/1/2/")
    assert text.split("\n")[2:9] == [
        "| | |",
        "|---|---|",
        "| Items | 1,200 added |",
        "| Regions | 3 added |",
        "| Splits | 1 item moved to another |",
        "| Metadata | site 4 |",
        "| Schema | changed |",
    ]
    assert "| `a\\|b` | -9 |\n| `RBC` | +2 |" in text
    assert "<summary>The first 20 items</summary>" in text and text.count("\n- ") == SHOWN
    assert "- `m.png`: moved to another split (train → val)" in text
    assert text.rstrip().endswith("[Side by side](https://host/diff/1/2/)")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[x](http://evil)", "`[x](http://evil)`"),
        ("<img src=x>", "`<img src=x>`"),
        ("@everyone", "`@everyone`"),
        ("a\n# b", "`a # b`"),
        ("`c`", "`` `c` ``"),
        ("``d`", "``` ``d` ```"),
        ("a | b", "`a \\| b`"),
    ],
)
def test_no_name_becomes_markup(name: str, shown: str) -> None:
    told = {"classes": {name: 1}, "items_added": 1}
    lines = as_markdown(told, [{"path": name, "kind": "added"}], before="cells@v1", after="cells@v2").split("\n")
    assert f"| {shown} | +1 |" in lines and f"- {shown}: added" in lines
