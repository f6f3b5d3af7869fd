"""``manage.py fsck``: hashes the whole store again, here and now, and names what is broken."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from lode_platform import rehashing


class Command(BaseCommand):
    help = "Hashes the bytes of the store again, of all projects; exit code 3 where anything is broken."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sample", type=int, metavar="N", help="only so many blobs, at random")

    def handle(self, *args: Any, **options: Any) -> None:
        report = rehashing.rehash(sample=options["sample"])
        self.stdout.write(f"{report['files']} files, {report['bytes']} bytes: {report['wrong']} broken")
        for row in report["broken"]:
            self.stdout.write(f"{row['md5']}: {row['what']}")
            for name in row["needed_by"]:
                self.stdout.write(f"  {name}")
        if report["wrong"]:
            sys.exit(3)
