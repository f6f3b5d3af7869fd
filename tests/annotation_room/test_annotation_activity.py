"""What a person did, as a file to take away: all of it, theirs alone, a batch in memory."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_annotation.models import Annotation, AnnotationRevision, Queue, Task
from lode_platform import activity
from lode_platform.models import Membership, Project, Role, User

pytestmark = pytest.mark.django_db


def read(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    text = b"".join(answer.streaming_content).decode()
    if answer.headers["Content-Type"].startswith("text/csv"):
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def reviewed(
    api: Callable[..., Any],
    bob: User,
    rita: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Any,
) -> Queue:
    """A queue in which bob has answered one task, which rita sent back, and skipped another."""
    queue = make_queue(3, name="cells", review=True)
    program = api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    program.post(f"tasks/{task}/submit", answer([box(id="r")], lead_time=12.5))
    found = Annotation.objects.get()
    said = {"verdict": "reject", "comment": "=HYPERLINK(1)", "operation_id": str(uuid4()), "base_revision": 1}
    assert api(rita).post(f"annotations/{found.uuid}/review", said).status_code == 200
    following = Task.objects.get(number=2)
    assert program.post(f"tasks/{following.uuid}/open").status_code == 200
    skipped = program.post(
        f"tasks/{following.uuid}/skip", {"operation_id": str(uuid4()), "reason": "blurred", "lead_time": 1.0}
    )
    assert skipped.status_code == 200, skipped.content
    program.call("put", f"tasks/{following.uuid}/flag", {"note": "look here"})
    return queue


def kinds(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["kind"], row["what"]) for row in rows}


def test_it_has_answers_with_their_time_reviews_flags_events_and_tokens(
    api: Callable[..., Any], bob: User, rita: User, reviewed: Queue
) -> None:
    rows = read(api(bob).get("me/activity"))
    assert {("answer", "submitted"), ("answer", "skipped"), ("review received", "reject"), ("token", "made")} <= kinds(
        rows
    )
    first = next(row for row in rows if row["what"] == "submitted")
    assert (first["project"], first["queue"], first["seconds"]) == ("blood", "cells", 12.5)
    assert first["item"] == Task.objects.get(number=1).item.path and first["at"].endswith("+00:00")
    back = next(row for row in rows if row["kind"] == "review received")
    assert (back["person"], back["text"]) == ("rita", "=HYPERLINK(1)")
    assert any(row["kind"] == "flag" and row["text"] == "look here" for row in rows)
    assert any(row["what"] == "skipped" and row["text"] == "blurred" for row in rows)
    given = read(api(rita).get("me/activity"))
    assert ("review given", "reject") in kinds(given) and not any(row["kind"] == "answer" for row in given)


def test_as_a_table_it_says_the_same_and_holds_no_formula(
    client_for: Callable[[User], Client], bob: User, reviewed: Queue
) -> None:
    answer = client_for(bob).get("/account/activity?as=csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="activity-bob.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    rows = read(answer)
    back = next(row for row in rows if row["kind"] == "review received")
    assert (back["text"], back["seconds"]) == ("'=HYPERLINK(1)", "")
    lines = read(client_for(bob).get("/account/activity?as=jsonl"))
    assert [row["uuid"] for row in rows] == [row["uuid"] or "" for row in lines]


def test_nobody_gets_anothers_but_the_owner_that_of_the_project(
    client_for: Callable[[User], Client], alice: User, rita: User, bob: User, charlie: User, reviewed: Queue
) -> None:
    address = "/p/blood/people/bob/activity"
    assert client_for(rita).get(address).status_code == 403 and client_for(charlie).get(address).status_code == 404
    other = Project.objects.create(name="other", created_by=charlie)
    Membership.objects.create(project=other, user=bob, role=Role.VIEWER)
    own, owners = read(client_for(bob).get(address)), read(client_for(alice).get(address))
    assert own == owners and {row["project"] for row in own} == {"blood"} and ("answer", "submitted") in kinds(own)
    for nobody in ("charlie", "nobody"):
        assert client_for(alice).get(f"/p/blood/people/{nobody}/activity").status_code == 404
    assert client_for(alice).get(f"{address}?as=xml").status_code == 400


def test_a_token_of_one_project_and_a_project_that_one_has_left_give_no_more_than_one_may_see(
    api: Callable[..., Any], bob: User, project: Project, charlie: User, reviewed: Queue
) -> None:
    other = Project.objects.create(name="other", created_by=charlie)
    Membership.objects.create(project=other, user=bob, role=Role.VIEWER)
    assert not any(row["kind"] == "answer" for row in read(api(bob, project=other).get("me/activity")))
    Membership.objects.filter(project=project, user=bob).delete()
    assert {row["project"] for row in read(api(bob).get("me/activity"))} <= {"", "other"}


def test_ten_times_as_much_takes_no_more_statements_a_batch(
    api: Callable[..., Any], bob: User, reviewed: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "BATCH", 50)
    found = Annotation.objects.filter(user=bob).first()
    assert found is not None
    program, counts = api(bob), []
    for start, many in ((100, 45), (200, 450)):
        AnnotationRevision.objects.bulk_create(
            AnnotationRevision(
                annotation=found, number=start + n, operation_id=uuid4(), author=bob, state="submitted", lead_time=n
            )
            for n in range(many)
        )
        with CaptureQueriesContext(connection) as statements:
            read(program.get("me/activity"))
        counts.append(len(statements))
    assert counts[1] - counts[0] == 450 // 50


def test_the_pages_link_to_it(
    client_for: Callable[[User], Client], alice: User, bob: User, rita: User, reviewed: Queue
) -> None:
    link = "/p/blood/people/bob/activity?as=csv"
    for user, there in ((bob, True), (alice, True), (rita, False)):
        page = client_for(user).get("/p/blood/people/bob/").content.decode()
        assert (link in page) is there, user
    assert "/account/activity?as=csv" in client_for(bob).get("/account/").content.decode()
