"""``manage.py serve --port N``: web server and worker, in one command."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from lode_platform import migrating, private, serve, static_files


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
        parser.add_argument("--no-migrate", action="store_true", help="leave the database as it is; refused if behind")

    def handle(self, *args: Any, **options: Any) -> None:
        serve.public_url(options["host"], options["port"])
        private.keep_private()
        if not options["no_migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        elif migrating.is_behind():
            raise CommandError("The database lacks migrations: run manage.py migrate once, or leave --no-migrate out.")
        static_files.collect()
        for sentence in private.exposed():
            self.stderr.write(sentence)
        serve.serve(options["host"], options["port"], with_worker=not options["no_worker"], say=self.stdout.write)
