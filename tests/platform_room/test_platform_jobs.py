"""Jobs as rows: claimed once, fenced, cancelled, resumed, swept; in one process."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from queue import Empty
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import LazySettings, settings
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu import Connection

from lode_platform import celery, jobs
from lode_platform.celery import Bell, FolderTransport
from lode_platform.errors import BadInput, Conflict
from lode_platform.jobs import Cancelled, LeaseLost, Work
from lode_platform.models import Event, Job, JobState, Project, User

Apis = Callable[..., Any]
Doing = Callable[[Work], dict[str, Any]]


@pytest.fixture
def doing() -> Iterator[Callable[[Doing], None]]:
    """Says what the job ``test.verb`` does."""
    known = dict(jobs._registry)

    def say(function: Doing) -> None:
        jobs._registry["test.verb"] = function

    yield say
    jobs._registry.clear()
    jobs._registry.update(known)


def queued(project: Project, **arguments: Any) -> Job:
    return jobs.enqueue("test.verb", project=project, user=project.created_by, title="Test", arguments=arguments)


def lapse(row: Job) -> None:
    """As if its worker had died and the lease had run out."""
    Job.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_and_its_result_is_kept(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {"sum": work.arguments["a"] + 1})
    row = queued(project, a=1)
    assert jobs.run_pending() == 1
    row.refresh_from_db()
    assert (row.state, row.result, row.attempts, row.lease_until) == (JobState.SUCCEEDED, {"sum": 2}, 1, None)


def test_a_claim_touches_one_row_and_a_second_finds_none(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {})
    row, other = queued(project), queued(project)
    work = jobs.claim(row.uuid)
    assert work is not None and work.job.fence == 1
    assert jobs.claim(row.uuid) is None
    other.refresh_from_db()
    assert other.state == JobState.QUEUED


def test_a_verb_that_nobody_registered_is_refused(project: Project) -> None:
    with pytest.raises(KeyError):
        jobs.enqueue("test.unknown", project=project, user=None)


def test_the_fence_stops_a_worker_that_was_thought_dead(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {})
    row = queued(project)
    zombie = jobs.claim(row.uuid)
    assert zombie is not None
    lapse(row)
    successor = jobs.claim(row.uuid)
    assert successor is not None and successor.job.fence == 2
    with pytest.raises(LeaseLost), zombie.fenced():
        Event.objects.create(verb="never")
    with pytest.raises(LeaseLost):
        zombie.progress(1, at_once=True)
    with pytest.raises(LeaseLost):
        zombie.save_state({"at": 1})
    with pytest.raises(LeaseLost):
        zombie._finish(JobState.SUCCEEDED)
    with successor.fenced():
        Event.objects.create(verb="written")
    assert [event.verb for event in Event.objects.all()] == ["written"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite in memory has one connection, so no heartbeat")
@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_keeps_the_lease_of_work_that_says_nothing(
    project: Project, doing: Callable[[Doing], None], settings: LazySettings
) -> None:
    settings.JOB_LEASE_SECONDS = 1

    def silent(work: Work) -> dict[str, Any]:
        mine = Job.objects.filter(pk=work.job.pk, lease_until__gt=work.job.lease_until)
        until = time.monotonic() + 20
        while not mine.exists() and time.monotonic() < until:
            time.sleep(0.05)
        return {"renewed": mine.exists()}

    doing(silent)
    row = queued(project)
    assert jobs.run(row.uuid)
    row.refresh_from_db()
    assert (row.state, row.result) == (JobState.SUCCEEDED, {"renewed": True})


def test_an_error_ends_the_job_and_says_why(project: Project, doing: Callable[[Doing], None]) -> None:
    def fails(work: Work) -> dict[str, Any]:
        raise BadInput("The file has no rows.", code="empty")

    doing(fails)
    row = queued(project)
    jobs.run_pending()
    row.refresh_from_db()
    assert (row.state, row.error, row.result["code"]) == (JobState.FAILED, "The file has no rows.", "empty")


def test_an_unexpected_error_ends_the_job_and_not_the_worker(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {"x": 1 // work.arguments["zero"]})
    first, second = queued(project, zero=0), queued(project, zero=1)
    assert jobs.run_pending() == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.error.startswith("ZeroDivisionError") and second.state == JobState.SUCCEEDED


def test_a_passing_trouble_is_tried_again_later(project: Project, doing: Callable[[Doing], None]) -> None:
    def busy(work: Work) -> dict[str, Any]:
        if work.job.attempts == 1:
            raise OperationalError("database is locked")
        return {"attempts": work.job.attempts}

    doing(busy)
    row = queued(project)
    jobs.run_pending()
    row.refresh_from_db()
    assert row.state == JobState.QUEUED and row.run_after is not None and row.run_after > timezone.now()
    Job.objects.update(run_after=None)
    jobs.run_pending()
    row.refresh_from_db()
    assert (row.result, row.error) == ({"attempts": 2}, "")


def test_a_job_that_kills_every_worker_is_given_up(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {})
    row = queued(project)
    Job.objects.update(attempts=jobs.MAX_ATTEMPTS, state=JobState.RUNNING)
    lapse(row)
    jobs.run_pending()
    row.refresh_from_db()
    assert row.state == JobState.FAILED and "Given up" in row.error


def test_a_queued_job_is_cancelled_at_once(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {})
    row = queued(project)
    jobs.cancel(row)
    assert row.state == JobState.CANCELLED and jobs.run_pending() == 0


def test_a_job_waits_while_it_is_receiving_and_tidies_up_where_it_is_cancelled_then(
    project: Project, doing: Callable[[Doing], None]
) -> None:
    tidied: list[str] = []

    def long(work: Work) -> dict[str, Any]:
        try:
            work.check()
        except Cancelled:
            tidied.append(str(work.arguments["number"]))
            raise
        return {}

    doing(long)
    rows = [
        jobs.enqueue("test.verb", project=project, user=None, arguments={"number": number}, receiving=True)
        for number in range(3)
    ]
    assert jobs.run_pending() == 0
    jobs.start(rows[0])
    jobs.cancel(rows[1])
    jobs.cancel(rows[1])
    jobs.start(rows[1])
    jobs.start(rows[2])
    jobs.cancel(rows[2])
    assert jobs.run_pending() == 3
    for row in rows:
        row.refresh_from_db()
    assert ([row.state for row in rows], tidied) == (["succeeded", "cancelled", "cancelled"], ["1", "2"])
    jobs.start(rows[1])
    assert rows[1].state == JobState.CANCELLED and jobs.run_pending() == 0


def test_a_running_job_stops_at_its_next_step_and_tidies_up(project: Project, doing: Callable[[Doing], None]) -> None:
    tidied: list[str] = []

    def long(work: Work) -> dict[str, Any]:
        try:
            jobs.cancel(work.job)
            work.progress(1, 10, at_once=True)
        except Cancelled:
            tidied.append("yes")
            raise
        return {}

    doing(long)
    row = queued(project)
    jobs.run_pending()
    row.refresh_from_db()
    assert (row.state, tidied) == (JobState.CANCELLED, ["yes"])


def test_a_job_whose_worker_died_is_cancelled_by_the_next_which_tidies_up(
    project: Project, doing: Callable[[Doing], None]
) -> None:
    tidied: list[int] = []

    def long(work: Work) -> dict[str, Any]:
        try:
            work.progress(0)
        except Cancelled:
            tidied.append(work.job.attempts)
            raise
        return {}

    doing(long)
    row = queued(project)
    jobs.claim(row.uuid)
    jobs.cancel(row)
    assert row.state == JobState.RUNNING
    lapse(row)
    jobs.run_pending()
    row.refresh_from_db()
    assert (row.state, tidied) == (JobState.CANCELLED, [2])


def test_a_restarted_job_resumes_from_what_it_saved(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {"from": work.state.get("at", 0)})
    row = queued(project)
    first = jobs.claim(row.uuid)
    assert first is not None and first.state == {}
    first.save_state({"at": 7})
    lapse(row)
    jobs.run_pending()
    row.refresh_from_db()
    assert (row.result, row.attempts) == ({"from": 7}, 2)


def test_a_worker_that_is_stopped_puts_its_job_back(project: Project, doing: Callable[[Doing], None]) -> None:
    def stopped(work: Work) -> dict[str, Any]:
        jobs.stopping.set()
        work.progress(1)
        return {}

    doing(stopped)
    row = queued(project)
    try:
        jobs.run(row.uuid)
    finally:
        jobs.stopping.clear()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.lease_until) == (JobState.QUEUED, 0, None)


def test_a_failed_job_can_be_tried_again_and_a_good_one_not(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {"x": 1 // work.arguments["zero"]})
    row = queued(project, zero=0)
    jobs.run_pending()
    Job.objects.update(arguments={"zero": 1})
    jobs.retry(row)
    jobs.run_pending()
    row.refresh_from_db()
    assert row.state == JobState.SUCCEEDED
    with pytest.raises(Conflict):
        jobs.retry(row)


def test_progress_is_written_seldom_and_never_in_vain(project: Project, doing: Callable[[Doing], None]) -> None:
    def long(work: Work) -> dict[str, Any]:
        with CaptureQueriesContext(connection) as statements:
            for n in range(1000):
                work.progress(n, 1000, "Counting")
        return {"statements": len(statements)}

    doing(long)
    row = queued(project)
    jobs.run_pending()
    row.refresh_from_db()
    assert row.result["statements"] < 200 and (row.done, row.total, row.message) == (1000, 1000, "Counting")


def test_the_sweep_rings_for_what_nobody_holds(project: Project, doing: Callable[[Doing], None]) -> None:
    doing(lambda work: {})
    queued(project)
    abandoned, held, later = queued(project), queued(project), queued(project)
    jobs.claim(abandoned.uuid), jobs.claim(held.uuid)
    lapse(abandoned)
    Job.objects.filter(pk=later.pk).update(run_after=timezone.now() + timedelta(hours=1))
    assert jobs.sweep() == 2


def test_jobs_are_seen_by_members_and_stopped_by_those_who_may(
    project: Project, alice: User, bob: User, victor: User, charlie: User, api: Apis, doing: Callable[[Doing], None]
) -> None:
    doing(lambda work: {})
    row = queued(project)
    assert [job["uuid"] for job in api(victor).get("projects/blood/jobs").json()["results"]] == [str(row.uuid)]
    assert api(victor).get(f"jobs/{row.uuid}").json()["state"] == "queued"
    assert api(charlie).get(f"jobs/{row.uuid}").status_code == 404
    assert api(bob).post(f"jobs/{row.uuid}/cancel").status_code == 403
    assert api(alice).post(f"jobs/{row.uuid}/cancel").json()["state"] == "cancelled"
    assert api(alice).post(f"jobs/{row.uuid}/retry").json()["state"] == "queued"
    assert api(alice).get("projects/blood/jobs?state=nonsense").status_code == 400


def test_a_request_waits_for_the_end_of_a_job_where_not_too_many_do(
    project: Project, victor: User, api: Apis, doing: Callable[[Doing], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(lambda work: {"done": 1})
    row, looks = queued(project), list[float]()

    def worked(seconds: float) -> None:
        looks.append(seconds)
        jobs.run_pending()

    monkeypatch.setattr(time, "sleep", worked)
    monkeypatch.setattr(jobs, "LONGEST_WAIT", 2.0)
    prefer = {"Prefer": "wait=1.5"}
    for _ in range(max(1, settings.WEB_THREADS // 2)):
        jobs._waiting.acquire()
    assert api(victor).get(f"jobs/{row.uuid}", headers=prefer).json()["state"] == "queued"
    for _ in range(max(1, settings.WEB_THREADS // 2)):
        jobs._waiting.release()
    assert api(victor).get(f"jobs/{row.uuid}", headers={"Prefer": "wait=soon"}).json()["state"] == "queued"
    assert looks == []
    assert api(victor).get(f"jobs/{row.uuid}", headers=prefer).json()["result"] == {"done": 1}
    assert len(looks) == 1


def test_a_message_wakes_the_worker_that_waits_for_one(tmp_path: Path) -> None:
    folders = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), str(tmp_path))
    with Connection("lodefolder://localhost//", transport_options=folders) as broker:
        queue, bell = broker.SimpleQueue("queue"), Bell(tmp_path)
        bell.ring()
        assert not bell.wait(0), "nobody waited"
        queue.put("hello")
        assert bell.wait(0)
        assert not bell.wait(0), "it rang once"
        assert queue.get(timeout=60).payload == "hello"
        with pytest.raises(Empty):
            queue.get(timeout=0.01)
        bell.close()


def test_whoever_started_a_job_may_stop_it(
    project: Project, bob: User, api: Apis, doing: Callable[[Doing], None]
) -> None:
    doing(lambda work: {})
    row = jobs.enqueue("test.verb", project=project, user=bob)
    assert api(bob).post(f"jobs/{row.uuid}/cancel").status_code == 200


@pytest.mark.once
def test_a_worker_that_hears_nothing_looks_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    transport: Any = FolderTransport.__new__(FolderTransport)
    transport.cycle = Mock(get=Mock(side_effect=Empty))
    transport._bell = Mock(wait=lambda seconds: now.append(now[-1] + seconds))
    monkeypatch.setattr(celery, "time", Mock(monotonic=lambda: now[-1]))
    with pytest.raises(TimeoutError):
        transport.drain_events(None, timeout=2.0)
    assert 0 < now[-1] < 0.5
