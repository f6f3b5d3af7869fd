"""The checker of the soak finds what it is there for: too many holders, and a task handed out again."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def holders() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "holders.py"
    spec = importlib.util.spec_from_file_location("holders", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["holders"] = module
    spec.loader.exec_module(module)
    return module


def steps(holders: ModuleType, *rows: tuple[object, ...]) -> list[object]:
    return [holders.Step(*row) for row in rows]


@pytest.mark.parametrize(
    ("rows", "overlap", "wrong"),
    [
        ([("claim", "a", "t", 0, 1, 10), ("claim", "b", "t", 2, 3, 12)], 1, True),
        ([("claim", "a", "t", 0, 1, 10), ("claim", "b", "t", 2, 3, 12)], 2, False),
        # the first lease was over, or may have been, when the second one was given
        ([("claim", "a", "t", 0, 1, 3), ("claim", "b", "t", 2, 3, 12)], 1, False),
        # given back while the second one was asked for
        ([("claim", "a", "t", 0, 1, 10), ("give_back", "a", "t", 2, 4), ("claim", "b", "t", 2, 3, 12)], 1, False),
        # a renewed lease is held on
        ([("claim", "a", "t", 0, 1, 3), ("claim", "a", "t", 2, 2.5, 9), ("claim", "b", "t", 4, 5, 12)], 1, True),
        # an answer holds its place for good, until a reviewer opens it again
        ([("claim", "a", "t", 0, 1, 9), ("answer", "a", "t", 2, 3), ("claim", "b", "t", 90, 91, 99)], 1, True),
        (
            [("answer", "a", "t", 2, 3), ("reject", "a", "t", 50, 51), ("claim", "b", "t", 90, 91, 99)],
            1,
            False,
        ),
        # an answer that came after its lease was over closed a place that was free
        ([("claim", "a", "t", 0, 1, 3), ("answer", "a", "t", 5, 6), ("claim", "b", "t", 3, 4, 12)], 1, True),
        ([("claim", "a", "t", 0, 1, 3), ("answer", "a", "t", 5, 6), ("claim", "b", "t", 3, 4, 6)], 1, False),
    ],
)
def test_more_holders_than_places(
    holders: ModuleType, rows: list[tuple[object, ...]], overlap: int, wrong: bool
) -> None:
    assert bool(holders.crowded(steps(holders, *rows), overlap)) is wrong


def test_a_task_handed_out_again_after_its_answer(holders: ModuleType) -> None:
    rows = [("claim", "a", "t", 0, 1, 9), ("answer", "a", "t", 2, 3), ("claim", "a", "t", 4, 5, 14)]
    assert holders.answered_twice(steps(holders, *rows)) == [("t", "a")]
    sent_back = [*rows[:2], ("reject", "a", "t", 3.5, 3.6), rows[2]]
    assert holders.answered_twice(steps(holders, *sent_back)) == []
    # the claim came with a request that was asked again until after the rejection
    for_long = [*rows[:2], ("claim", "a", "t", 4, 9, 18), ("reject", "a", "t", 6, 7)]
    assert holders.answered_twice(steps(holders, *for_long)) == []
    too_late = [*rows, ("reject", "a", "t", 6, 7)]
    assert holders.answered_twice(steps(holders, *too_late)) == [("t", "a")]
    again = [*sent_back, ("answer", "a", "t", 6, 7), ("claim", "a", "t", 8, 9, 18)]
    assert holders.answered_twice(steps(holders, *again)) == [("t", "a")]
