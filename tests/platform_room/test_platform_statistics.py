"""After many rows were written the database counts its tables again, also for the connections that others hold."""

from collections.abc import Iterator
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from lode_platform import bulk, jobs, sql, table_statistics
from lode_platform.models import Blob, Project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_written_yet() -> Iterator[None]:
    table_statistics._written.clear()
    table_statistics._counted.clear()
    yield
    table_statistics._written.clear()
    table_statistics._counted.clear()


def write(number: int) -> list[str]:
    """Writes so many rows; the statements that renewed statistics."""
    rows = [(uuid4().hex, uuid4().hex * 2, 5) for _ in range(number)]
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        bulk.insert(Blob, ["md5", "sha256", "size"], rows)
        assert not renewed(captured)
    return renewed(captured)


def renewed(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries if "ANALYZE" in query["sql"]]


def known_rows() -> float:
    """How many rows the planner takes the table for."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'platform_blob'")
        else:
            cursor.execute("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = 'platform_blob'")
        found = cursor.fetchone()[0]
    return float(found)


def test_statistics_are_renewed_after_the_transaction_and_as_the_table_grows() -> None:
    looked = "VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE FALSE)" if connection.vendor == "postgresql" else "ANALYZE"
    assert write(10) == []
    assert write(990) == [f'{looked} "platform_blob"']
    assert 800 <= known_rows() <= 1300
    assert write(900) == []
    assert write(200) == [f'{looked} "platform_blob"']
    assert 1600 <= known_rows() <= 2700
    with transaction.atomic():
        table_statistics.wrote(0, Blob)


def test_a_write_that_is_taken_back_renews_nothing() -> None:
    with CaptureQueriesContext(connection) as captured, pytest.raises(ZeroDivisionError), transaction.atomic():
        table_statistics.wrote(5000, Blob)
        raise ZeroDivisionError
    assert not renewed(captured)


def test_the_end_of_a_job_renews_what_is_left_over(project: Project) -> None:
    write(5000)

    @jobs.job("test.writes")
    def writes(_work: jobs.Work) -> dict[str, Any]:
        write(1200)
        assert known_rows() < 5500
        return {}

    try:
        jobs.enqueue("test.writes", project=project, user=project.created_by)
        assert jobs.run_pending() == 1
        assert 5500 <= known_rows() <= 7000
        with CaptureQueriesContext(connection) as captured:
            table_statistics.settle()
        assert not renewed(captured)
        write(999)
        with CaptureQueriesContext(connection) as captured:
            table_statistics.settle()
        assert not renewed(captured)
    finally:
        del jobs._registry["test.writes"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no map of what everybody sees")
def test_after_a_bulk_write_rows_are_counted_from_an_index_alone() -> None:
    write(5000)
    with sql.rows_by_index():
        plan = Blob.objects.values("md5").explain(analyze=True)
    assert "Index Only Scan" in plan and "Heap Fetches: 0" in plan, plan


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL's connections share their statistics")
def test_other_connections_plan_by_the_new_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE planned (a, b)")
        cursor.execute("CREATE INDEX planned_a ON planned (a)")
        cursor.execute("CREATE INDEX planned_b ON planned (b)")
    numbers = "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 5000)"

    def plan() -> str:
        mark = uuid4().hex  # another text, so that no prepared statement answers
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM planned WHERE a = 1 AND b = 2 AND '{mark}' <> ''")
            cursor.execute(f"EXPLAIN QUERY PLAN SELECT * FROM planned WHERE a = 1 AND b = 2 AND '{mark}' <> ''")
            return str(cursor.fetchone()[3])

    def renew(row: str) -> None:
        def work() -> None:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM planned")
                cursor.execute(f"INSERT INTO planned {numbers} SELECT {row} FROM n")
            table_statistics.renew(["planned"])
            connection.close()

        thread = Thread(target=work)
        thread.start()
        thread.join()

    try:
        renew("v, 1")
        assert "planned_a" in plan()
        renew("1, v")
        assert "planned_b" in plan()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE planned")
