"""``manage.py gc``: removes from the store what nothing needs, here and now, or says who needs a digest."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lode_platform import collecting
from lode_platform.errors import LodeError


class Command(BaseCommand):
    help = "Removes the bytes that nothing needs, and counts the reasons to keep the rest, of all projects."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--why", metavar="DIGEST", help="remove nothing; say who needs these bytes")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["why"]:
            self._why(options["why"])
            return
        report = collecting.collect(dry_run=options["dry_run"])
        verb = "would be removed" if options["dry_run"] else "removed"
        self.stdout.write(f"{report['removed']} blobs, {report['bytes']} bytes: {verb}")
        self.stdout.write(f"{report['recent']} blobs that nothing needs: sent lately, kept for a day")
        self.stdout.write(f"{report['strays']} files without a blob, of which {report['strays_removed']} were removed")
        for reason, count in report["kept"].items():
            self.stdout.write(f"{count} blobs: {reason}")

    def _why(self, digest: str) -> None:
        try:
            told = collecting.why(digest, None)
        except LodeError as error:
            raise CommandError(error.message) from None
        for holder in told["needs"]:
            self.stdout.write(f"{holder['kind']} {holder['name']}")
        if told["kept_until"]:
            self.stdout.write(f"Nothing needs it; it is kept until {told['kept_until']:%Y-%m-%d %H:%M} UTC.")
