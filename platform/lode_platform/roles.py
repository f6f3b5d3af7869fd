"""Which role may do what: the one table of verbs, for every room.

docs/permissions.md shows this table to people and says which address asks for which verb; a test keeps the two equal.
A room adds its verbs here, one line each.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from lode_platform.models import Role

OWNER, ENGINEER, REVIEWER, ANNOTATOR, VIEWER = Role.OWNER, Role.ENGINEER, Role.REVIEWER, Role.ANNOTATOR, Role.VIEWER

VERBS: dict[str, frozenset[Role]] = {
    # platform
    "project.view": frozenset({OWNER, ENGINEER, REVIEWER, ANNOTATOR, VIEWER}),
    "project.manage": frozenset({OWNER}),
    "token.make": frozenset({OWNER, ENGINEER, REVIEWER, ANNOTATOR, VIEWER}),
    "items.add": frozenset({OWNER, ENGINEER}),
    "items.trash": frozenset({OWNER, ENGINEER}),
    "items.tag": frozenset({OWNER, ENGINEER, REVIEWER}),
    "view.share": frozenset({OWNER, ENGINEER, REVIEWER}),
    "job.control": frozenset({OWNER, ENGINEER}),
    "store.check": frozenset({OWNER, ENGINEER}),
    "store.collect": frozenset({OWNER}),
    # annotation
    "schema.edit": frozenset({OWNER, ENGINEER}),
    "labels.import": frozenset({OWNER, ENGINEER}),
    "queue.manage": frozenset({OWNER, ENGINEER, REVIEWER}),
    "queue.label": frozenset({OWNER, ENGINEER, REVIEWER, ANNOTATOR}),
    "annotation.review": frozenset({OWNER, REVIEWER}),
    # datasets
    "dataset.edit": frozenset({OWNER, ENGINEER}),
    "dataset.publish": frozenset({OWNER, ENGINEER}),
    "alias.protect": frozenset({OWNER}),
    "dataset.pull": frozenset({OWNER, ENGINEER, REVIEWER, VIEWER}),
    # hooks
    "run.log": frozenset({OWNER, ENGINEER}),
    "failure.judge": frozenset({OWNER, ENGINEER, REVIEWER}),
    "mining.create": frozenset({OWNER, ENGINEER, REVIEWER}),
}

ROLE_WORDS: dict[str, Promise] = {
    OWNER: gettext_lazy("everything, people and settings too"),
    ENGINEER: gettext_lazy("items, schemas, datasets, runs and mining"),
    REVIEWER: gettext_lazy("labels, reviews, judges failures, opens queues and mining rounds"),
    ANNOTATOR: gettext_lazy("labels tasks"),
    VIEWER: gettext_lazy("looks, and pulls versions"),
}
"""What a role does, for people."""


def allows(role: str, verb: str) -> bool:
    """Whether ``role`` may do ``verb``; a verb that is not in the table is a mistake in the caller."""
    return role in VERBS[verb]


def verbs_of(role: str) -> set[str]:
    """Everything that ``role`` may do."""
    return {verb for verb, roles in VERBS.items() if role in roles}
