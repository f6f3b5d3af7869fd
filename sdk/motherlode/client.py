"""The client: requests to a server's REST interface, with retries; one rung, one concern.

`Client.request` -> `_send` (retries) -> `httpx.Client` -> its transport, which is the only seam: network, or a WSGI
application in tests.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from motherlode import network
from motherlode.credentials import Credentials, find_credentials
from motherlode.errors import JobFailed, NotConfigured, ServerFault, Unreachable, refusal
from motherlode.progress import Progress

if TYPE_CHECKING:  # loaded where threads are used
    from concurrent.futures import Executor, Future

__all__ = ["Background", "Client"]

Result = TypeVar("Result")
Argument = TypeVar("Argument")

TRIES = 5
LONGEST_PAUSE = 5.0
RETRIED = frozenset({429, 502, 503, 504})
DISK_FULL = 507
WAITING = 32  # calls in the background that are not done: who asks for more waits
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
ENDED = frozenset({"succeeded", "failed", "cancelled"})


class Client:
    """Speaks to one server as one person.

    `url` and `token` default to MOTHERLODE_URL, MOTHERLODE_TOKEN and `lode login`. `project` is the one meant where a
    name says none; it defaults to the token's. `transport` replaces the network, `sleep` the waiting between retries
    and between looks at a job, `workers` is how many requests go out at once (1: no threads), `patience` for how many
    seconds a server is waited for that is away, or only just starting.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        project: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        workers: int = 4,
        show_progress: bool | None = None,
        patience: float = 10.0,
    ) -> None:
        known: Credentials = find_credentials(url, token, project)
        self.url = known.url
        self.workers = workers
        self.show_progress = show_progress
        self.patience = patience
        self._project = known.project
        self._sleep = sleep
        self._prefix = urlsplit(known.url).path
        try:
            self._http = httpx.Client(
                base_url=known.url,
                headers={"Authorization": f"Bearer {known.token}", "Accept": "application/json"},
                timeout=httpx.Timeout(60, connect=10),
                transport=transport,
                verify=known.url.startswith("https:") and (network.trusted() or True),
                limits=httpx.Limits(max_connections=max(2 * workers, 4)),
            )
        except (ImportError, ValueError, OSError) as error:
            raise NotConfigured(network.why_unusable(known.url, error)) from None

    @classmethod
    def shared(cls, url: str | None = None, project: str | None = None) -> Client:
        """This process's one client for a server, a person and a project."""
        return _shared(find_credentials(url, None, project), os.getpid())

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r}, project={self._project!r})"

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # Requests

    def get(self, path: str, **params: Any) -> Any:
        """GET below /api/v1/, as JSON."""
        return self.request("GET", path, params={key: value for key, value in params.items() if value is not None})

    def post(self, path: str, body: Any = None, *, repeatable: bool = False) -> Any:
        """POST below /api/v1/; `repeatable` says that sending it twice does no more than once (it carries a uuid)."""
        return self.request("POST", path, json={} if body is None else body, repeatable=repeatable)

    def put(self, path: str, body: Any = None) -> Any:
        """PUT below /api/v1/."""
        return self.request("PUT", path, json={} if body is None else body)

    def patch(self, path: str, body: Any) -> Any:
        """PATCH below /api/v1/."""
        return self.request("PATCH", path, json=body, repeatable=True)

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """The rows of a list, over all its pages."""
        answer = self.get(path, **params)
        while True:
            yield from answer["results"]
            if not answer.get("next"):
                return
            # only the path is followed: the token goes to no other host than ours, whatever the answer says
            following = urlsplit(str(answer["next"]))
            path = following.path.removeprefix(self._prefix)
            answer = self._json(self._send("GET", f"{path}?{following.query}", repeatable=True))

    def request(
        self, method: str, path: str, *, repeatable: bool = False, patience: float | None = None, **options: Any
    ) -> Any:
        """One request below /api/v1/; its answer's JSON, None where it has no body. Raises what `errors` draws.

        `patience`: seconds to wait for a server that is away (default: the client's).
        """
        return self._json(self._send(method, f"/api/v1/{path}", repeatable=repeatable, patience=patience, **options))

    def raw(self, method: str, path: str, *, repeatable: bool = False, **options: Any) -> httpx.Response:
        """One request to any address of the server; the whole answer, body read."""
        return self._send(method, path, repeatable=repeatable, **options)

    def stream(
        self,
        method: str,
        path: str,
        take: Callable[[httpx.Response], Result],
        *,
        repeatable: bool = True,
        **options: Any,
    ) -> Result:
        """One request whose answer `take` reads as it comes; done again from the start where it breaks off."""

        def once() -> Result:
            with self._http.stream(method, path, **options) as answer:
                self._raise_for(answer, method, path)
                return take(answer)

        return self._retry(once, f"{method} {path}", repeatable=repeatable)

    def _send(
        self, method: str, path: str, *, repeatable: bool, patience: float | None = None, **options: Any
    ) -> httpx.Response:
        def once() -> httpx.Response:
            answer = self._http.request(method, path, **options)
            self._raise_for(answer, method, path)
            return answer

        again = repeatable or method in REPEATABLE
        return self._retry(once, f"{method} {path}", repeatable=again, patience=patience)

    def _retry(
        self, once: Callable[[], Result], what: str, *, repeatable: bool, patience: float | None = None
    ) -> Result:
        """`once`, tried again while the server is away or busy: until the patience ends, and `TRIES` times by default.

        What is not repeatable is tried again only where nothing was sent.
        """
        tries, longest = (TRIES, self.patience) if patience is None else (1, patience)
        waited = 0.0
        for attempt in count(1):
            over = waited >= longest
            pause = min(0.2 * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.5)
            try:
                return once()
            except (httpx.ConnectError, httpx.ProxyError) as error:
                if over or _is_unknown(error):
                    raise Unreachable(network.why_unreachable(self.url, error)) from None
            except httpx.TransportError as error:
                if not repeatable or (over and attempt >= tries):
                    raise Unreachable(f"{what}: {self.url} did not answer ({type(error).__name__} {error})") from None
            except _Busy as busy:
                if not repeatable or (over and attempt >= tries):
                    raise ServerFault(f"{what}: the server answered {busy.status}, {attempt} times") from None
                if busy.after is not None:
                    pause = min(busy.after, 30.0)
            waited += pause
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def pause(self, seconds: float) -> None:
        """Wait, as between two looks at a job."""
        self._sleep(seconds)

    def _raise_for(self, answer: httpx.Response, method: str, path: str) -> None:
        status = answer.status_code
        if status < 400:
            return
        if status in RETRIED:
            after = answer.headers.get("Retry-After", "")
            raise _Busy(status, float(after) if after.isdigit() else None)
        answer.read()
        try:
            body = answer.json()
        except ValueError:
            plain = answer.headers.get("Content-Type", "").startswith("text/plain")
            body = {"error": answer.text.strip()} if plain else None
        if status >= 500:
            said = body.get("error") if isinstance(body, dict) and status == DISK_FULL else None
            raise ServerFault(f"{method} {path}: {said or f'the server failed ({status}); its log says why'}")
        raise refusal(status, body, f"{method} {path}")

    @staticmethod
    def _json(answer: httpx.Response) -> Any:
        if answer.status_code == 204 or not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise ServerFault(f"{answer.url} answered no JSON; is this a Motherlode server?") from None

    # Projects and jobs

    def me(self) -> dict[str, Any]:
        """Whom the token stands for, in which project, with which role."""
        answer: dict[str, Any] = self.get("me")
        return answer

    @property
    def project(self) -> str:
        """The project meant where a name says none: given, or the token's, or the only one. Raises `NotConfigured`."""
        if not self._project:
            self._project = str(self.me().get("project") or "") or self._only_project()
        return self._project

    def _only_project(self) -> str:
        names = [str(row["name"]) for row in self.pages("projects")]
        if len(names) == 1:
            return names[0]
        known = f"; you see {', '.join(names)}" if names else ""
        raise NotConfigured(f"say which project is meant (--project P, project=, or MOTHERLODE_PROJECT){known}")

    def project_path(self, project: str | None = None) -> str:
        """`projects/<name>`, to begin a path with."""
        return f"projects/{quote(project or self.project, safe='')}"

    def wait(self, job: Mapping[str, Any], label: str = "") -> dict[str, Any]:
        """Wait for a job with a progress bar; gives its row. Raises `JobFailed`.

        It is looked at every 50 ms at first, then whenever a twentieth of the time waited so far has passed; a server
        that can answers as soon as it has ended.
        """
        row = dict(job)
        waited = 0.0
        with Progress(label or str(row.get("title") or "Working"), show=self.show_progress) as bar:
            while str(row.get("state")) not in ENDED:
                pause = min(max(0.05, waited / 20), 2.0)
                asked = time.monotonic()
                row = self.request("GET", f"jobs/{row['uuid']}", headers={"Prefer": f"wait={pause:.3f}"})
                bar.move(int(row.get("done") or 0), int(row.get("total") or 0))
                waited += pause
                if str(row["state"]) not in ENDED:  # an older server, or a busy one, has answered at once
                    self._sleep(max(0.0, asked + pause - time.monotonic()))
        if row["state"] in ("failed", "cancelled"):
            why = row.get("error") or row.get("message") or "no reason was given"
            raise JobFailed(f"{row.get('title') or 'the job'}: {row['state']}: {why}", row)
        return row

    @contextmanager
    def background(self) -> Iterator[Background]:
        """What does things while the block goes on, one at a time; what is not begun at its end is dropped."""
        if self.workers <= 1:
            yield Background(None)
            return
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(1)
        try:
            yield Background(pool)
        finally:
            pool.shutdown(cancel_futures=True)

    def each(
        self,
        do: Callable[[Argument], Result],
        arguments: Iterator[Argument] | list[Argument],
        *,
        at_most: int | None = None,
    ) -> Iterator[Result]:
        """`do` for each argument, `workers` at once, or `at_most` so many, results in order; arguments are read as they
        are needed."""
        workers = min(self.workers, at_most or self.workers)
        if workers <= 1:
            yield from map(do, arguments)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:
            running: list[Any] = []
            try:
                for argument in arguments:
                    running.append(pool.submit(do, argument))
                    if len(running) >= 2 * workers:
                        yield running.pop(0).result()
                while running:
                    yield running.pop(0).result()
            finally:
                for future in running:
                    future.cancel()


class Background:
    """Calls that are done in a thread, one after the other, or at once where there is none."""

    def __init__(self, pool: Executor | None) -> None:
        self._pool = pool
        self._futures: list[Future[Any]] = []
        self._done: list[Any] = []

    def do(self, call: Callable[..., object], *arguments: object) -> None:
        """Have it done; waits where too much is under way. Raises what an earlier call raised, as far as is known."""
        if self._pool is None:
            self._done.append(call(*arguments))
            return
        while self._futures and (self._futures[0].done() or len(self._futures) >= WAITING):
            self._done.append(self._futures.pop(0).result())
        self._futures.append(self._pool.submit(call, *arguments))

    def results(self) -> list[Any]:
        """What all calls so far gave, in their order, once they are done. Raises what the first of them raised."""
        while self._futures:
            self._done.append(self._futures.pop(0).result())
        done, self._done = self._done, []
        return done


@cache
def _shared(known: Credentials, process: int) -> Client:
    return Client(known.url, known.token, project=known.project)


def _is_unknown(error: BaseException | None) -> bool:
    """Whether a connection failed because there is no host of the name."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Busy(Exception):
    """An answer that asks to come again."""

    def __init__(self, status: int, after: float | None) -> None:
        self.status = status
        self.after = after
