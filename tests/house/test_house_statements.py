"""A room's raw SQL stands in its statements module, where its names are the models' and its parameters have names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "annotation/lode_annotation",
]
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s[^.]*\b(FROM|SET|VALUES|AS)\b", re.DOTALL)
METHODS = {"cursor", "execute", "executemany", "raw", "RawSQL", "extra"}
RUNS = {"rows", "first", "change"}  # of lode_platform.sql


def modules(room: str) -> list[Path]:
    found = [file for file in (ROOT / room).rglob("*.py") if "migrations" not in file.parts]
    return [file for file in found if file.name != "statements.py" and file.parent.name != "statements"]


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
            if (owner and name in METHODS) or name == "RawSQL" or (owner == "sql" and name in RUNS):
                yield node.lineno, called


@pytest.mark.parametrize("room", ROOMS)
def test_no_raw_sql_stands_outside_the_rooms_statements(room: str) -> None:
    assert len(modules(room)) > 10
    found = [f"{file}:{line}: {text}" for file in modules(room) for line, text in raw_sql(file.read_text())]
    assert not found


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
    assert not list(raw_sql("x = 'Select a label. With it, drag.'\ny = 'With a review rule'\nsql.dumps(1)"))
