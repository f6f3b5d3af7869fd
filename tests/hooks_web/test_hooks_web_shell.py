"""What the rest of the product shows of runs, failures and mining: navigation, Home, items, versions."""

from typing import Any

import pytest
from django.urls import reverse

from lode_datasets.version_users import users_of
from lode_hooks.failures import verdicts
from lode_hooks.mining import request, rounds
from lode_hooks.models import Failure, FailureOccurrence
from lode_platform import shell
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from lode_platform.query import BadQuery, parse
from lode_platform.query_fields import compile_query


def test_runs_failures_and_mining_stand_in_the_navigation(project: Project, erin: User) -> None:
    names = [link.name for group in shell.links(project, erin).groups for link in group]
    assert names.index("runs") < names.index("failures") < names.index("mining")


def test_the_failures_station_counts_what_its_link_opens(cells: Any, erin: User, client_for: Any) -> None:
    stations = {station.name: station for station in shell.stations(cells.world.project, erin)}
    assert stations["run"].figures.count == 2 and stations["run"].figures.note == "larger"
    opened = client_for(erin).get(stations["failures"].href)
    assert opened.context["count"] == stations["failures"].figures.count > 0
    assert stations["failures"].figures.change < 0


def test_the_search_finds_runs_datasets_queues_and_schemas_by_name(cells: Any, erin: User, client_for: Any) -> None:
    def found(text: str) -> list[tuple[str, str]]:
        page = client_for(erin).get(f"/p/blood/items/?q={text}")
        return [
            (str(row.kind), row.name)
            for row in page.context["found"]
            if client_for(erin).get(row.url).status_code == 200
        ]

    assert found("BASE") == [("run", "baseline")]
    assert {("schema", "cells"), ("dataset", "cells")} <= set(found("cell"))
    assert found("no such name") == found("") == []


def test_home_says_which_runs_wait_to_be_scored(cells: Any, erin: User, client_for: Any) -> None:
    assert not [row for row in shell.to_do_rows(cells.world.project, erin) if "evaluated" in str(row.title)]
    run = cells.world.run("unscored", cells.version)
    cells.world.predict(run, cells.version, "test", {"test/000.png": []})
    row = next(row for row in shell.to_do_rows(cells.world.project, erin) if "evaluated" in str(row.title))
    assert row.count == 1
    assert "not evaluated" in client_for(erin).get(row.url).content.decode()


def test_an_items_history_tells_its_failures_verdicts_and_rounds(cells: Any, erin: User, rita: User) -> None:
    failure = Failure.objects.filter(occurrences__evaluation=cells.folds).select_related("item").first()
    assert failure is not None
    verdicts.judge(failure, rita, kind="label_error")
    body = {"run": str(cells.first.uuid), "strategies": {"failures": 1}, "budget": 20, "random": 0}
    rounds.create_round(
        request.MiningRequest.from_json(cells.world.project, Caller(erin), body), Caller(erin), queue="again"
    )
    told = " / ".join(str(row.text) for row in shell.history(failure.item, erin))
    assert "in “baseline” on cells@v1" in told
    assert "verdict: label error" in told
    assert "mined by “again”" in told


def test_the_runs_that_used_a_version_stand_beside_it_once_each(cells: Any, erin: User, charlie: User) -> None:
    users = users_of([cells.version], erin)[cells.version.pk]
    assert [(mark.title, mark.note) for mark in users] == [
        ("baseline", "training: train"),
        ("larger", "training: train"),
    ]
    assert users[0].url == reverse("hooks:run", args=["blood", cells.first.uuid])
    assert users_of([cells.version], charlie)[cells.version.pk] == []


def test_items_are_found_by_their_failures_runs_and_verdicts(cells: Any, erin: User) -> None:
    project = cells.first.project

    def found(query: str) -> set[int]:
        rows = project.items.live().filter(compile_query(parse(query), project, erin).condition)
        return set(rows.values_list("pk", flat=True))

    def failed(**of: Any) -> set[int]:
        return set(FailureOccurrence.objects.filter(**of).values_list("failure__item", flat=True))

    assert found("failure:missed") == failed(kind="missed") != set()
    assert found("failure:wrong-class") == failed(kind="wrong_class")
    assert found("failure:*") == failed()
    assert found("run:larger") == failed(evaluation__prediction_set__run=cells.second) != failed()
    assert found("run:larger and failure:* and not split:train") == found("run:larger")
    one = FailureOccurrence.objects.order_by("pk")[0].failure
    verdicts.judge(one, erin, kind="label_error")
    assert found("verdict:label_error") == {one.item_id}
    with pytest.raises(BadQuery, match="there are missed, false_alarm"):
        found("failure:odd")
