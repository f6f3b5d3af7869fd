"""What the mutation check puts into the code, and what it leaves alone."""

import runpy
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[2] / "scripts" / "mutate.py"))
MODULE = '''"""Says 1 < 2."""
BATCH = 500

def first(rows: list[int], most: int = 7) -> int:
    """Not 3."""
    if not rows or rows[0] >= most:
        raise ValueError(
            f"{most + 1} and more"
        )
    rows.sort()
    return rows[0]

HELD = "SELECT id FROM t WHERE first <= 3 AND last IS NULL"
ONE, TWO = 1, 2

@lru_cache(maxsize=3)
def pairs(some, others):
    return zip(some, others, strict=True)
'''


def changes(text: str) -> list[tuple[int, str, str]]:
    found: list[Any] = list(SCRIPT["mutants_of"]("a.py", text))
    return sorted({(one.line, one.was.strip(), one.now.strip()) for one in found})


def test_expressions_statements_and_sql_are_changed_and_words_are_not() -> None:
    assert changes(MODULE) == sorted(
        [
            (6, ">=", ">"),
            (6, "0", "0 + 1"),
            (6, "not", ""),
            (6, "or", "and"),
            (10, "rows.sort()", "pass"),
            (11, "0", "0 + 1"),
            (11, "return rows[0]", "return None"),
            (13, "<=", "<"),
            (13, "AND", "OR"),
            (13, "IS NULL", "IS NOT NULL"),
            (18, "return zip(some, others, strict=True)", "return None"),
        ]
    )


def test_each_mutant_is_a_module_that_can_be_read() -> None:
    data = MODULE.encode()
    for one in SCRIPT["mutants_of"]("a.py", MODULE):
        compile(data[: one.start] + one.now.encode() + data[one.end :], "a.py", "exec")


def test_each_subject_names_files_that_are_there() -> None:
    root = Path(__file__).resolve().parents[2]
    for files, tests in SCRIPT["SUBJECTS"].values():
        assert all((root / name).is_file() for name in (*files, *tests))
