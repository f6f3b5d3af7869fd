"""What a web process does beside answering requests: gunicorn calls these functions by their names.

gunicorn reads this module before the application is there, and models can be imported only after it. The application is
imported before the fork, so it must open nothing until the first request: no connection, no thread.
"""

import gc
from typing import Any


def when_ready(server: Any) -> None:
    """The application is imported and the processes that answer are forked next: the garbage collector leaves what they
    share alone, since a page that it writes to is copied."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """A process is about to answer."""
    from lode_platform import token_uses

    token_uses.keep_writing()


def worker_exit(server: Any, worker: Any) -> None:
    """A process that was told to stop has answered its last request."""
    from lode_platform import token_uses

    token_uses.write_noted()
