"""``manage.py serve --port N``: web server and worker, in one command."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from lode_platform import serve


class Command(BaseCommand):
    help = "Brings the database up to date, then runs the web server and a worker until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            help="0.0.0.0 to be reached from other machines, by the address in MOTHERLODE_PUBLIC_URL",
        )
        parser.add_argument("--no-worker", action="store_true", help="the web server alone")

    def handle(self, *args: Any, **options: Any) -> None:
        serve.public_url(options["host"], options["port"])
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        serve.serve(options["host"], options["port"], worker=not options["no_worker"], say=self.stdout.write)
