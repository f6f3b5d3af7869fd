"""``manage.py migrate``: Django's own, by one process at a time."""

from typing import Any

from django.core.management.commands import migrate

from lode_platform import private
from lode_platform.migrating import database_lock


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        private.keep_private()
        with database_lock(options["database"]):
            super().handle(*args, **options)
