"""A run's numbers on their way to the server: taken at once, sent in the background, never in the way of training."""

from __future__ import annotations

import atexit
import json
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from motherlode.errors import MotherlodeError, Refused

__all__ = ["Metrics", "number_of"]

INTERVAL = 1.0
"""Seconds between two requests while a run goes on."""
LONGEST = 30.0
"""Seconds between two tries while the server is away."""
MOST_NUMBERS = 5_000
MOST_BYTES = 1_500_000
AT_ONCE = 1_000
"""Numbers of one step that travel together."""
MOST_STEPS = 100_000
LONGEST_KEY = 200

log = logging.getLogger("motherlode")

Step = dict[str, Any]
Send = Callable[[list[Step], bool, bool], None]


class Metrics:
    """Keeps the numbers of one run until the server has them.

    `send(steps, again, wait)` sends some, `again` where they may have arrived before; `wait` says that it may wait for
    the server. With `threads` a thread does so every second; without, `put` does, as often. What cannot be sent is
    kept; `flush` tries once more and writes what is left to `spool`, as JSON lines that `runs/<uuid>/metrics` takes and
    `take_up` reads. Nothing here raises: what goes wrong is logged, once.
    """

    def __init__(self, send: Send, spool: Path, *, threads: bool = True) -> None:
        self._send = send
        self._spool = spool
        self._threads = threads
        self._steps: deque[Step] = deque()
        self._lost = 0
        self._told: set[str] = set()
        self._refused = False
        self._again = False
        self._fresh()

    def _fresh(self) -> None:
        """Locks and thread of this process; those of the process it was forked from are not its own."""
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        self._next = time.monotonic() + INTERVAL

    def put(self, metrics: Mapping[str, Any], step: Any = 0) -> None:
        """Take the numbers of a step; what is not a number is left out and said once."""
        try:
            self._put(metrics, step)
        except Exception as error:  # noqa: BLE001 - whatever a metric's type does, training goes on
            self.tell("put", f"metrics were left out: {type(error).__name__}: {error}")

    def _put(self, metrics: Mapping[str, Any], step: Any) -> None:
        numbers: dict[str, float | str] = {}
        for key, value in metrics.items():
            name, number = str(key), number_of(value)
            if number is None:
                self.tell(f"value {name}", f"the metric {name!r} is {value!r:.80}, not a number; it is left out")
            elif not _is_key(name):
                self.tell(f"key {name}", f"the metric {name!r:.80} is left out: no name, or one that cannot be kept")
            else:
                numbers[name] = number if math.isfinite(number) else str(number)
        whole = number_of(step)
        if whole is None or not math.isfinite(whole) or abs(whole) >= 2**63:
            self.tell("step", f"the step {step!r:.80} is not a whole number; such metrics are kept at step 0")
            whole = 0
        if not numbers:
            return
        if self._process != os.getpid():
            self._steps = deque()  # the parent sends those
            self._fresh()
        now, pairs = time.time(), list(numbers.items())
        with self._lock:
            for low in range(0, len(pairs), AT_ONCE):
                chunk = dict(pairs[low : low + AT_ONCE])
                self._steps.append({"step": int(whole), "at": now, "metrics": chunk})
            while len(self._steps) > MOST_STEPS:
                self._steps.popleft()
                self._lost += 1
        _waiting.add(self)
        if self._threads:
            self._start()
        elif time.monotonic() >= self._next:
            self._try()

    def take_up(self) -> None:
        """Take what an earlier process could not send of this run."""
        try:
            rows = [json.loads(line)["steps"] for line in self._spool.read_text(encoding="utf-8").splitlines()]
            self._spool.unlink()
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s: metrics kept there cannot be read (%s)", self._spool, error)
            return
        self._steps.extend(step for steps in rows for step in steps)
        self._again = True

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="motherlode-metrics", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        pause = INTERVAL
        due = self._due
        while not due.wait(pause):
            pause = INTERVAL if self._try() else min(pause * 2, LONGEST)

    def _try(self, *, wait: bool = False) -> bool:
        """One request with as many steps as it takes; whether the server took them, or there was nothing to send."""
        with self._sending:
            self._next = time.monotonic() + INTERVAL
            with self._lock:
                batch = _batch(self._steps)
            if not batch or self._refused:
                return True
            try:
                self._send(batch, self._again, wait)
            except Refused as error:
                self._refused = True
                self.tell("refused", f"the server takes no more metrics of this run: {error}")
                return True
            except (MotherlodeError, OSError) as error:
                self._again = True
                self.tell("away", f"metrics are kept until the server answers; training goes on ({error})")
                return False
            except Exception as error:  # noqa: BLE001 - a background thread has nobody to raise to
                self._again = True
                self.tell("failed", f"metrics are kept, sending failed: {type(error).__name__}: {error}")
                return False
            self._again = False
            with self._lock:
                for step in batch:
                    if self._steps and self._steps[0] is step:
                        self._steps.popleft()
            return True

    def flush(self) -> None:
        """Send what is there now; what the server does not take is written to the spool, which is said."""
        if self._process != os.getpid():
            return
        while self._steps and not self._refused and self._try(wait=True):
            pass
        with self._lock:
            left, self._steps = list(self._steps), deque()
            lost, self._lost = self._lost, 0
            _waiting.discard(self)
        if lost:
            log.warning("%s were dropped: more than %s waited for the server", _count(lost), f"{MOST_STEPS:,}")
        if left:
            self._keep(left)

    def _keep(self, left: list[Step]) -> None:
        try:
            self._spool.parent.mkdir(parents=True, exist_ok=True)
            with self._spool.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps({"steps": [step]}) + "\n" for step in left)
        except OSError as error:
            log.warning("%s did not reach the server and are lost (%s)", _count(len(left)), error)
            return
        log.warning("%s did not reach the server; they are kept in %s", _count(len(left)), self._spool)

    def close(self) -> None:
        """Flush and end the thread."""
        self.flush()
        self._due.set()
        self._due, self._thread = threading.Event(), None

    def tell(self, what: str, text: str) -> None:
        """Log a warning, once for each `what`."""
        if what not in self._told:
            self._told.add(what)
            log.warning("%s", text)


_waiting: set[Metrics] = set()
"""Those with numbers that were not flushed; they outlive their runs, so that nothing is lost with those."""


@atexit.register
def _flush_all() -> None:
    for metrics in list(_waiting):
        metrics.flush()


def number_of(value: Any) -> float | None:
    """A number, array scalar or tensor of one element as a float, NaN and infinities included; None for the rest."""
    if isinstance(value, str):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None


def _is_key(name: str) -> bool:
    try:
        return 0 < len(name) <= LONGEST_KEY and b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False


def _batch(steps: deque[Step]) -> list[Step]:
    """The first steps, of at most `MOST_NUMBERS` numbers and about `MOST_BYTES` together."""
    found: list[Step] = []
    numbers = size = 0
    for step in steps:
        numbers += len(step["metrics"])
        size += 64 + sum(32 + 4 * len(name) for name in step["metrics"])
        if found and (numbers > MOST_NUMBERS or size > MOST_BYTES):
            break
        found.append(step)
    return found


def _count(steps: int) -> str:
    return "the metrics of 1 step" if steps == 1 else f"the metrics of {steps:,} steps"
