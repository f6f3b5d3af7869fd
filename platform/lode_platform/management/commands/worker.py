"""``manage.py worker``: does the jobs. ``serve`` starts one; on more machines start as many as wanted."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from lode_platform import private, worker


class Command(BaseCommand):
    help = "Does the jobs: answers the broker (MOTHERLODE_BROKER) and sweeps for what nobody holds."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=settings.WORKER_THREADS, help="jobs done at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        private.keep_private()
        for sentence in private.exposed():
            self.stderr.write(sentence)
        worker.work(threads=options["threads"])
