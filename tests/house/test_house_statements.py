"""A room's raw SQL stands in its statements module, where its names are the models' and its parameters have names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "hooks/lode_hooks",
    "datasets/lode_datasets",
    "annotation/lode_annotation",
    "platform/lode_platform",
    "sdk/motherlode",
]
BESIDE = {
    "lode_platform/sql.py": "runs the statements of all rooms",
    "lode_platform/bulk.py": "writes the rows of any model",
    "lode_platform/migrating.py": "holds a lock of the database while it is migrated",
    "lode_platform/table_statistics.py": "asks the database for its own statistics",
    "lode_platform/tokens.py": "one statement, of each request",
    "lode_datasets/changes.py": "reads and writes in batches, in a transaction that it sets up",
}
"""Modules with raw SQL that are not statements, and why; none that has lost it stays."""
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s[^.]*\b(FROM|SET|VALUES|AS)\b", re.DOTALL)
METHODS = {"cursor", "execute", "executemany", "raw", "RawSQL", "extra"}
RUNS = {"rows", "first", "change"}  # of lode_platform.sql


def modules(room: str) -> list[Path]:
    found = [file for file in (ROOT / room).rglob("*.py") if "migrations" not in file.parts]
    return [file for file in found if not file.stem.endswith("statements") and file.parent.name != "statements"]


def name_of(file: Path) -> str:
    return "/".join(file.relative_to(ROOT).parts[1:])


def raw_sql(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what talks to the database in its own language."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.lineno, node.value[:40]
        if isinstance(node, ast.JoinedStr) and SQL.match(ast.unparse(node).lstrip("f'\"")):
            yield node.lineno, ast.unparse(node)[:40]
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            owner, _, name = called.rpartition(".")
            known = owner.endswith("objects") if name == "raw" else owner and name in METHODS
            if known or name == "RawSQL" or (owner == "sql" and name in RUNS):
                yield node.lineno, called


@pytest.mark.parametrize("room", ROOMS)
def test_no_raw_sql_stands_outside_the_rooms_statements(room: str) -> None:
    assert len(modules(room)) > 10
    found = {name_of(file): rows for file in modules(room) if (rows := list(raw_sql(file.read_text())))}
    package = room.partition("/")[2]
    assert {name: rows for name, rows in found.items() if name not in BESIDE} == {}
    assert {name for name in BESIDE if name.startswith(f"{package}/")} <= found.keys()


@pytest.mark.parametrize(
    "source",
    [
        "connection.cursor()",
        "Item.objects.raw('x')",
        "q = RawSQL('x', [])",
        "sql.rows(Key, x, {})",
        "x = 'SELECT id FROM t'",
        "x = f'UPDATE {t} SET a = 1'",
        "x = f'WITH held AS (SELECT 1) UPDATE {t} SET a = 1'",
        "Item.objects.extra(where=['x'])",
    ],
)
def test_raw_sql_is_recognised(source: str) -> None:
    assert list(raw_sql(source))


def test_prose_is_not_taken_for_sql() -> None:
    assert not list(
        raw_sql("x = 'Select a label. With it, drag.'\ny = 'With a review rule'\nsql.dumps(1)\nclient.raw('HEAD')")
    )
