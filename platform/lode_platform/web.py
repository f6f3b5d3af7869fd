"""The web server's processes: gunicorn in this process, with those that answer forked from it."""

import os
from typing import Any

from django.conf import settings
from gunicorn.app.base import BaseApplication

from lode_platform import token_uses
from lode_platform.wsgi import application


class _WebServer(BaseApplication):  # type: ignore[misc]
    """Our application under gunicorn, without its command line or files of configuration."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return application


def _about_to_answer(worker: Any) -> None:
    token_uses.keep_writing()


def _answered_its_last(server: Any, worker: Any) -> None:
    token_uses.write_noted()


def run(bind: str) -> None:
    """Answers requests at ``bind`` (``host:port``) until SIGTERM, then lets running ones end.

    No connection and no thread may be open in this process: those that answer are forked from it.
    """
    scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(settings.HOME / "tmp")
    _WebServer(
        {
            "bind": bind,
            "worker_class": "gthread",
            "workers": settings.WEB_WORKERS,
            "threads": settings.WEB_THREADS,
            "keepalive": 30,
            "timeout": 120,
            "graceful_timeout": 5,
            "worker_tmp_dir": scratch,
            "loglevel": "warning",
            "control_socket_disable": True,
            "preload_app": True,
            "post_worker_init": _about_to_answer,
            "worker_exit": _answered_its_last,
        }
    ).run()
