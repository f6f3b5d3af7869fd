"""What a round costs: statements per next and per submit, flat in tasks and annotators."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_annotation.assignments import Assigned
from lode_annotation.models import LabelSet, Lease, Queue
from lode_annotation.ordering import ORDERINGS
from lode_annotation.queues import TaskSpec, add_tasks
from lode_platform.callers import Caller
from lode_platform.models import Blob, Item, Membership, Project, Role, User

pytestmark = pytest.mark.django_db

NEXT, SUBMIT = 6, 10
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def statements(run: Callable[[], Any]) -> list[str]:
    """The statements that ``run`` costs, transaction control left out."""
    with CaptureQueriesContext(
        connection,
    ) as caught:
        got = run()
    assert got.status_code == 200, got.content
    return [query["sql"] for query in caught.captured_queries if not query["sql"].upper().startswith(CONTROL)]


def many_items(project: Project, count: int) -> list[Item]:
    """Items without bytes: enough for a queue's order, and a thousand take no time."""
    start = Item.objects.count()
    names = range(start, start + count)
    blobs = Blob.objects.bulk_create(Blob(md5=uuid4().hex, sha256=uuid4().hex + uuid4().hex, size=1) for _ in names)
    return Item.objects.bulk_create(
        Item(
            project=project,
            blob=blob,
            path=f"many/{number:05d}.png",
            path_fold=f"many/{number:05d}.png",
            media_type="image/png",
            width=64,
            height=48,
            created_by=project.created_by,
        )
        for number, blob in zip(names, blobs, strict=True)
    )


def busy(queue: Queue, project: Project, annotators: int) -> None:
    """That many people hold a task each."""
    leases = list(Lease.objects.filter(queue=queue).order_by("-rank", "pk")[:annotators])
    for number, lease in enumerate(leases):
        user = User.objects.create(username=f"worker-{number}")
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
        client = Client()
        client.force_login(user)
        got = client.post(f"/api/v1/queues/{queue.uuid}/next", {}, content_type="application/json")
        assert got.status_code == 200, (got.content, lease)


def round_of(client: Client, queue: Queue, answer: Callable[..., Any]) -> tuple[list[str], list[str]]:
    """The statements of a next and of the submit that takes the task after it."""
    taken: dict[str, Any] = {}

    def following() -> Any:
        got = client.post(f"/api/v1/queues/{queue.uuid}/next", {}, content_type="application/json")
        taken.update(got.json())
        return got

    first = statements(following)
    body = answer(next=True, base_revision=None, holding=[])
    address = f"/api/v1/tasks/{taken['task']['id']}/submit"
    second = statements(lambda: client.post(address, body, content_type="application/json"))
    return first, second


@pytest.mark.parametrize("door", ["session", "token"])
def test_next_and_submit_keep_to_their_statements_and_do_not_grow(
    door: str,
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    bob: User,
    alice: User,
    project: Project,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
) -> None:
    client: Client = api(bob).client if door == "token" else client_for(bob)
    small, large = make_queue(0, name="small"), make_queue(0, name="large")
    add_tasks(small, Caller(alice), [TaskSpec(item=item) for item in many_items(project, 10)])
    add_tasks(
        large, Caller(alice), [TaskSpec(item=item, priority=n % 7) for n, item in enumerate(many_items(project, 1000))]
    )
    few_next, few_submit = round_of(client, small, answer)
    busy(large, project, 30)
    many_next, many_submit = round_of(client, large, answer)
    assert len(few_next) <= NEXT, "\n".join(few_next)
    assert len(few_submit) <= SUBMIT, "\n".join(few_submit)
    assert len(many_next) <= len(few_next) and len(many_submit) <= len(few_submit)


@pytest.mark.parametrize("ordering", list(ORDERINGS))
def test_a_round_keeps_to_its_statements_whatever_the_ordering_and_whom_it_is_for(
    ordering: str,
    client_for: Callable[[User], Client],
    bob: User,
    alice: User,
    project: Project,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(0, ordering=ordering, assigned=Assigned(users=[bob.username], roles=["reviewer"]))
    specs = [
        TaskSpec(item=item, priority=n % 7, prelabels=[{"score": n / 50}])
        for n, item in enumerate(many_items(project, 50))
    ]
    add_tasks(queue, Caller(alice), specs)
    following, submitting = round_of(client_for(bob), queue, answer)
    assert len(following) <= NEXT, "\n".join(following)
    assert len(submitting) <= SUBMIT, "\n".join(submitting)
    assert not any("prelabels" in one for one in following if one.startswith("WITH "))


def test_the_dearest_submit_replaces_a_label_set_and_keeps_to_its_statements(
    client_for: Callable[[User], Client], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(3)
    client = client_for(bob)
    got = client.post(f"/api/v1/queues/{queue.uuid}/next", {}, content_type="application/json").json()
    address = f"/api/v1/tasks/{got['task']['id']}/submit"
    assert client.post(address, answer(), content_type="application/json").status_code == 200
    body = answer(next=True, base_revision=1)
    cost = statements(lambda: client.post(address, body, content_type="application/json"))
    assert LabelSet.objects.count() == 2
    assert len(cost) <= SUBMIT, "\n".join(cost)


@pytest.mark.parametrize("review", [False, True], ids=["merged", "reviewed"])
@pytest.mark.parametrize("overlap", [2, 5])
def test_a_round_keeps_to_its_statements_whatever_the_overlap(
    overlap: int,
    review: bool,
    client_for: Callable[[User], Client],
    project: Project,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(3, overlap=overlap, review=review)
    for number in range(overlap):
        user = User.objects.create(username=f"worker-{number}")
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
        following, submitting = round_of(client_for(user), queue, answer)
        assert len(following) <= NEXT, "\n".join(following)
        assert len(submitting) <= SUBMIT, "\n".join(submitting)
    assert LabelSet.objects.count() == (0 if review else 1)


def test_the_claim_finds_its_row_by_the_index_of_open_places(
    bob: User, alice: User, project: Project, make_queue: Callable[..., Queue], client_for: Callable[[User], Client]
) -> None:
    queue = make_queue(0)
    add_tasks(queue, Caller(alice), [TaskSpec(item=item) for item in many_items(project, 300)])
    client = client_for(bob)
    with CaptureQueriesContext(connection) as caught:
        client.post(f"/api/v1/queues/{queue.uuid}/next", {}, content_type="application/json")
    claim = next(query["sql"] for query in caught.captured_queries if query["sql"].startswith("WITH "))
    if connection.vendor != "sqlite":
        pytest.skip("the plan is read on SQLite; PostgreSQL's depends on its statistics")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + claim.replace("%", "%%"))
        plan = " | ".join(str(row[3]) for row in cursor.fetchall())
    assert "USING INDEX lease_next" in plan or "USING COVERING INDEX lease_next" in plan, plan
    assert "SCAN annotation_lease" not in plan and "SCAN l" not in plan.replace("SCAN l USING INDEX", ""), plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan.split("own")[-1] or "lease_next" in plan, plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="prepared statements are PostgreSQL's")
def test_the_statements_of_a_round_are_planned_once_for_a_connection(
    client_for: Callable[[User], Client], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue, client = make_queue(3), client_for(bob)

    def prepared() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%annotation\\_%'")
            return int(cursor.fetchone()[0])

    counts = []
    for _round in range(3):
        got = client.post(f"/api/v1/queues/{queue.uuid}/next", {}, content_type="application/json").json()
        address = f"/api/v1/tasks/{got['task']['id']}/submit"
        assert client.post(address, answer(), content_type="application/json").status_code == 200
        counts.append(prepared())
    assert counts[0] > 5 and counts[1] == counts[2]
