"""``manage.py tidy``: removes what is left behind, now; ``serve`` and ``worker`` do it once an hour."""

from typing import Any

from django.core.management.base import BaseCommand

from lode_platform import tidy


class Command(BaseCommand):
    help = "Removes old views, temporary files, uploads that nobody unpacks, expired sessions and old trash."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        for kind, count in (tidy.machine() | tidy.shared()).items():
            self.stdout.write(f"{kind}: {count} removed")
