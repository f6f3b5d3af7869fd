"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_annotation import filling, imports, migrating, ranking, schema_migrations
from lode_annotation.import_parts import VERB
from lode_platform.jobs import Work, job


@job(VERB)
def import_labels(work: Work) -> dict[str, Any]:
    """Imports the labels of a label import."""
    return imports.run(work)


@job(filling.VERB)
def fill_queue(work: Work) -> dict[str, Any]:
    """Fills a queue from a filter."""
    return filling.carry_out(work)


@job(migrating.VERB)
def migrate_schema(work: Work) -> dict[str, Any]:
    """Writes the label sets again that name merged classes."""
    return schema_migrations.run(work)


@job(migrating.UNDO)
def undo_revision(work: Work) -> dict[str, Any]:
    """Undoes a revision of a schema, and its migration."""
    return schema_migrations.carry_out_undo(work)


@job(ranking.VERB)
def order_queue(work: Work) -> dict[str, Any]:
    """Ranks the tasks of a queue in its ordering, with a new priority where one is given."""
    return ranking.carry_out(work)
