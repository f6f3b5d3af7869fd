"""Jobs: long work as rows. The row is the truth, Celery only the doorbell.

``enqueue`` writes the row in the caller's transaction and rings after commit. A worker claims it by one UPDATE that
must touch one row, raises the row's ``fence`` and holds a lease that a heartbeat renews. Every write of the work stands
in ``work.fenced()``, which checks that the fence is still the row's: a worker that was thought dead writes nothing
more. ``sweep`` rings again for whatever nobody holds, so that a lost broker or message loses nothing.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from lode_platform import table_statistics
from lode_platform.errors import Conflict, LodeError, known
from lode_platform.models import Job, JobState, Project, User

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 10
TRANSIENT = (OperationalError, ConnectionError, TimeoutError)
WRITE_EVERY = 0.2
OPEN = (JobState.QUEUED, JobState.RUNNING)
CANCELLABLE = (JobState.RECEIVING, *OPEN)
RECEIVING_FOR = timedelta(days=1)
"""How long a job waits for its sender to come back."""
LONGEST_WAIT = 2.0  # seconds that a request waits for a job's end
LOOKED = 0.01  # seconds between two looks at a job that somebody waits for

_waiting = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))  # threads are there for other requests, too
stopping = threading.Event()  # set when this process is told to stop

Run = Callable[["Work"], dict[str, Any]]
_registry: dict[str, Run] = {}
Look = Callable[[], None]
_looks: list[Look] = []
Told = Callable[[Job], None]
_on_failure: list[Told] = []


class Cancelled(Exception):
    """Somebody asked for the job to stop; work tidies up and lets this through."""


class Stopping(Exception):
    """This worker is being stopped; the job goes back to the queue as it stands."""


class LeaseLost(Exception):
    """Another worker has taken the job over; this one writes nothing more."""


def job(verb: str) -> Callable[[Run], Run]:
    """Registers the function that does ``verb``; it answers the job's result."""

    def register(run: Run) -> Run:
        _registry[verb] = run
        return run

    return register


def swept(look: Look) -> Look:
    """Registers what is looked for at each sweep, such as rows that no job has taken up yet: one cheap statement."""
    _looks.append(look)
    return look


def on_failure(step: Told) -> Told:
    """Registers what else is written, in the same transaction, when a job fails for good."""
    _on_failure.append(step)
    return step


@dataclass
class Work:
    """A claimed job, as the function that does it sees it."""

    job: Job
    lost: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _written: float = 0.0

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.job.arguments)

    @property
    def state(self) -> dict[str, Any]:
        """What the last ``save_state`` kept; empty on the first attempt."""
        return dict(self.job.state_data)

    def progress(self, done: int, total: int | None = None, message: str = "", *, at_once: bool = False) -> None:
        """Reports how far the work is and renews the lease; writes at most five times a second unless ``at_once``.

        Raises ``Cancelled`` when somebody asked for a stop, ``LeaseLost`` when the job is another worker's now.
        """
        self.job.done = done
        if total is not None:
            self.job.total = total
        if message:
            self.job.message = message[:300]
        now = time.monotonic()
        if at_once or not self._written or now - self._written >= WRITE_EVERY:
            self._renew(done=self.job.done, total=self.job.total, message=self.job.message)
            self._written = now
        self.check()

    def check(self) -> None:
        """Raises ``LeaseLost``, ``Cancelled`` or ``Stopping`` if it is known that the work must end; costs nothing."""
        if self.lost.is_set():
            raise LeaseLost(str(self.job.uuid))
        if self.cancelled.is_set():
            raise Cancelled
        if stopping.is_set():
            raise Stopping

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """One transaction that first checks the fence and holds the job's row until it commits."""
        with transaction.atomic():
            if not self._mine().select_for_update().values_list("pk").first():
                self.lost.set()
                raise LeaseLost(str(self.job.uuid))
            yield

    def save_state(self, state: dict[str, Any]) -> None:
        """Keeps what a restarted job resumes from. Inside ``fenced()`` it commits with the writes it describes."""
        self.job.state_data = state
        self._renew(state_data=state, done=self.job.done, total=self.job.total, message=self.job.message)

    def step(self, name: str) -> None:
        """A point between two writes. ``LODE_CRASH_AT`` (a list of ``verb:step``) makes the n-th attempt die at its
        n-th entry of this verb, as by ``kill -9``: how the tests prove that a dead worker loses nothing."""
        plan = os.environ.get("LODE_CRASH_AT", "")
        here = [entry.strip() for entry in plan.split(",") if entry.strip().startswith(f"{self.job.verb}:")]
        if len(here) >= self.job.attempts and here[self.job.attempts - 1] == f"{self.job.verb}:{name}":
            os.kill(os.getpid(), signal.SIGKILL)

    # -- within ----------------------------------------------------------------------------------------------------

    def _mine(self) -> "Any":
        return Job.objects.filter(pk=self.job.pk, fence=self.job.fence, state=JobState.RUNNING)

    def _renew(self, **values: Any) -> None:
        if not self._mine().update(lease_until=_lease(), **values):
            self.lost.set()
            raise LeaseLost(str(self.job.uuid))
        asked = Job.objects.filter(pk=self.job.pk).values_list("cancel_requested_at", flat=True).first()
        if asked:
            self.cancelled.set()

    def _finish(self, state: JobState, **values: Any) -> None:
        with transaction.atomic():
            ended = self._mine().update(
                state=state,
                lease_until=None,
                finished_at=timezone.now(),
                done=self.job.done,
                total=self.job.total,
                **values,
            )
            if not ended:
                raise LeaseLost(str(self.job.uuid))
            if state == JobState.FAILED:
                self.job.error = values.get("error", "")
                for step in _on_failure:
                    step(self.job)


def _lease() -> Any:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


# -- what callers do --------------------------------------------------------------------------------------------------


def enqueue(
    verb: str,
    *,
    project: Project | None,
    user: User | None,
    title: str = "",
    arguments: dict[str, Any] | None = None,
    receiving: bool = False,
) -> Job:
    """Writes the job's row in the caller's transaction and rings once that has committed.

    A job that is ``receiving`` waits for ``start``: what it works on is still being sent.
    """
    if verb not in _registry:
        raise KeyError(f"no job is registered for {verb!r}")
    row = Job(verb=verb, project=project, created_by=user, title=title[:200], arguments=arguments or {})
    if receiving:
        row.state, row.started_at = JobState.RECEIVING, timezone.now()
        row.lease_until = row.started_at + RECEIVING_FOR
    row.save()
    if not receiving:
        transaction.on_commit(lambda: ring(row.uuid))
    return row


def receive(row: Job) -> Job | None:
    """A job that is receiving, locked in the caller's transaction, which writes what came; None where it is no more."""
    rows = Job.objects.filter(pk=row.pk, state=JobState.RECEIVING)
    held = rows.select_for_update().first()
    if held is not None:
        rows.update(lease_until=timezone.now() + RECEIVING_FOR)
    return held


def start(row: Job) -> None:
    """Queues a job that was receiving: all of it has come. Does nothing where it was started or cancelled before."""
    waiting = Job.objects.filter(pk=row.pk, state=JobState.RECEIVING)
    if waiting.update(state=JobState.QUEUED, lease_until=None):
        transaction.on_commit(lambda: ring(row.uuid))
    row.refresh_from_db()


def ring(uuid: UUID) -> None:
    """Tells the workers; if the broker is away the sweep will."""
    if settings.TESTING:
        return
    from lode_platform.celery import send  # the web process loads Celery when it first rings, not before

    try:
        send(str(uuid))
    except Exception as error:  # any broker's any error: the row is safe, and the sweep rings again
        log.warning("The broker did not take job %s (%s); the sweep will ring again.", uuid, error)


def wait(row: Job, seconds: float) -> None:
    """Waits until the job has ended, at most so long and ``LONGEST_WAIT``, and reads its row again. Returns at once
    where half of this process's threads wait already."""
    if row.state not in CANCELLABLE or not _waiting.acquire(blocking=False):
        return
    try:
        until = time.monotonic() + min(seconds, LONGEST_WAIT)
        under_way = Job.objects.filter(pk=row.pk, state__in=CANCELLABLE)
        while time.monotonic() < until and under_way.exists():
            time.sleep(LOOKED)
    finally:
        _waiting.release()
    row.refresh_from_db()


def cancel(row: Job) -> None:
    """Asks for a stop: at once if nothing has begun, else at the work's next step, which tidies up."""
    now = timezone.now()
    fresh = Job.objects.filter(pk=row.pk, state=JobState.QUEUED, started_at=None)
    if not fresh.update(state=JobState.CANCELLED, cancel_requested_at=now, finished_at=now):
        Job.objects.filter(pk=row.pk, state__in=OPEN).update(cancel_requested_at=now, run_after=None)
        sent = Job.objects.filter(pk=row.pk, state=JobState.RECEIVING)
        # for a worker to tidy up what was received
        sent.update(state=JobState.QUEUED, cancel_requested_at=now, lease_until=None)
        ring(row.uuid)
    row.refresh_from_db()


def retry(row: Job) -> None:
    """Queues a failed or cancelled job again; it resumes from its saved state. ``Conflict`` if it is not over."""
    again = Job.objects.filter(pk=row.pk, state__in=[JobState.FAILED, JobState.CANCELLED]).update(
        state=JobState.QUEUED,
        error="",
        message="",
        attempts=0,
        finished_at=None,
        cancel_requested_at=None,
        run_after=None,
        lease_until=None,
    )
    if not again:
        raise Conflict("Only a job that failed or was cancelled can be tried again.", code="job_not_over")
    transaction.on_commit(lambda: ring(row.uuid))
    row.refresh_from_db()


# -- what workers do --------------------------------------------------------------------------------------------------


def due() -> Any:
    """The jobs that nobody holds and that may run now, oldest first."""
    now = timezone.now()
    waiting = Q(state=JobState.QUEUED) & (Q(run_after=None) | Q(run_after__lte=now))
    return Job.objects.filter(waiting | Q(state=JobState.RUNNING, lease_until__lt=now)).order_by("pk")


def claim(uuid: UUID) -> Work | None:
    """Takes the job by one UPDATE that must touch one row; None if somebody else has it or it is over."""
    with transaction.atomic():
        now = timezone.now()
        waiting = Q(state=JobState.QUEUED) & (Q(run_after=None) | Q(run_after__lte=now))
        taken = Job.objects.filter(waiting | Q(state=JobState.RUNNING, lease_until__lt=now), uuid=uuid).update(
            state=JobState.RUNNING,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            lease_until=_lease(),
            started_at=Coalesce("started_at", now),
        )
        if taken != 1:
            return None
        row = Job.objects.select_related("project", "created_by").get(uuid=uuid)
    work = Work(row)
    if row.cancel_requested_at:
        work.cancelled.set()
    return work


def run(uuid: UUID) -> bool:
    """Claims the job and does it; False if it was not to be had."""
    work = claim(uuid)
    if work is None:
        return False
    try:
        with _heartbeat(work):
            _perform(work)
    except LeaseLost:
        log.warning("Job %s was taken over by another worker; this one has stopped.", uuid)
    return True


def _perform(work: Work) -> None:
    row = work.job
    function = _registry.get(row.verb)
    if function is None:
        work._finish(JobState.FAILED, error=f"This server knows no job {row.verb!r}.")
        return
    if row.attempts > MAX_ATTEMPTS:
        work._finish(JobState.FAILED, error=f"Given up: {MAX_ATTEMPTS} workers died or failed at this job.")
        return
    try:
        result = function(work)
        table_statistics.settle()
    except LeaseLost:
        raise
    except Stopping:
        work._mine().update(state=JobState.QUEUED, lease_until=None, attempts=row.attempts - 1)
    except Cancelled:
        work._finish(JobState.CANCELLED, message="Cancelled")
    except TRANSIENT as error:  # also those of our errors that are one: a store that is away
        if work.lost.is_set() or row.attempts >= MAX_ATTEMPTS:
            work._finish(JobState.FAILED, error=f"{type(error).__name__}: {error}")
            return
        log.warning("Job %s will be tried again: %s", row.uuid, error)
        later = timezone.now() + timedelta(seconds=min(60, 2**row.attempts))
        work._mine().update(state=JobState.QUEUED, lease_until=None, run_after=later, error=str(error))
    except LodeError as error:
        work._finish(JobState.FAILED, error=error.message, result=error.as_json())
    except Exception as error:  # whatever the work raises ends the job, never the worker
        log.exception("Job %s (%s) failed.", row.uuid, row.verb)
        ours = known(error)
        work._finish(JobState.FAILED, error=ours.message if ours else f"{type(error).__name__}: {error}")
    else:
        work.job.done = work.job.total  # the last progress was told before the last piece of work
        work._finish(JobState.SUCCEEDED, result=result or {}, message=row.message, error="")


@contextmanager
def _heartbeat(work: Work) -> Iterator[None]:
    """Renews the lease from a thread while the work runs, and learns of a cancel or a takeover.

    Not inside a transaction and not on SQLite in memory: there a second connection would only wait for the first.
    """
    if connection.in_atomic_block or (
        connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"])
    ):
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(work, over), name=f"heartbeat-{work.job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(work: Work, over: threading.Event) -> None:
    try:
        while not over.wait(settings.JOB_LEASE_SECONDS / 4):
            try:
                work._renew()
            except DatabaseError as error:  # a busy or absent database: the next beat may still be in time
                log.warning("The lease of job %s was not renewed: %s", work.job.uuid, error)
            except LeaseLost:
                return
    finally:
        connection.close()


def sweep() -> int:
    """Rings for every job that nobody holds, after what else is looked for at a sweep, and answers how many."""
    for look in _looks:
        look()
    uuids = list(due().values_list("uuid", flat=True)[:1000])
    for uuid in uuids:
        ring(uuid)
    return len(uuids)


def run_pending(limit: int | None = None) -> int:
    """Does the jobs that are due, one after the other, here and now; answers how many."""
    count = 0
    while limit is None or count < limit:
        uuid = due().values_list("uuid", flat=True).first()
        if uuid is None:
            break
        count += run(uuid)
    return count
