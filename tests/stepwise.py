"""Databases as earlier versions of Motherlode left them: brought to a state by one migration after another."""

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


class Steps(MigrationLoader):
    """The migrations without those that stand for several at once."""

    def load_disk(self) -> None:
        super().load_disk()
        self.disk_migrations = {key: step for key, step in self.disk_migrations.items() if not step.replaces}


def newest() -> list[tuple[str, str]]:
    """The last step of each room."""
    return list(Steps(connection).graph.leaf_nodes())


def step_to(*targets: tuple[str, str]) -> Any:
    """Brings the database to these migrations, and answers the models as they are there."""
    executor = MigrationExecutor(connection)
    executor.loader = Steps(connection)
    executor.migrate(list(targets))
    return Steps(connection).project_state(list(targets)).apps
