"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_annotation import comparisons, filling, imports, migrating, ranking, schema_migrations
from lode_annotation.assist import prelabelling, standing, training
from lode_annotation.import_parts import VERB
from lode_annotation.micro import filling as micro_filling
from lode_platform.jobs import Work, job


@job(VERB)
def import_labels(work: Work) -> dict[str, Any]:
    """Imports the labels of a label import."""
    return imports.run(work)


@job(filling.VERB)
def fill_queue(work: Work) -> dict[str, Any]:
    """Fills a queue from a filter."""
    return filling.carry_out(work)


@job(micro_filling.VERB)
def ask_micro_tasks(work: Work) -> dict[str, Any]:
    """Asks about the labels of items from a filter."""
    return micro_filling.carry_out(work)


@job(comparisons.VERB)
def compare_answers(work: Work) -> dict[str, Any]:
    """Compares the answers of several people to the same tasks."""
    return comparisons.carry_out(work)


@job(migrating.VERB)
def migrate_schema(work: Work) -> dict[str, Any]:
    """Writes the label sets again that name merged classes."""
    return schema_migrations.run(work)


@job(migrating.UNDO)
def undo_revision(work: Work) -> dict[str, Any]:
    """Undoes a revision of a schema, and its migration."""
    return schema_migrations.carry_out_undo(work)


@job(standing.VERB)
def train_assistants(work: Work) -> dict[str, Any]:
    """Trains a schema's assistants."""
    return training.run(work)


@job(prelabelling.VERB)
def prelabel(work: Work) -> dict[str, Any]:
    """Pre-labels the next tasks of a queue."""
    return prelabelling.run(work)


@job(ranking.VERB)
def order_queue(work: Work) -> dict[str, Any]:
    """Ranks the tasks of a queue in its ordering, with a new priority where one is given."""
    return ranking.carry_out(work)
