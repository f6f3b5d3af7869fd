"""What Label Studio's clients ask that is not offered, and what to use instead."""

import re

from lode_platform.errors import LodeError

_INSTEAD = (
    (r"storages", "bring files in with `lode import FOLDER` or send them to /api/projects/N/import"),
    (r"webhooks", "ask /api/tasks/?project=N for what was updated since, with a filter on updated_at"),
    (r"ml", "add the backend as a predictor of the schema: POST /api/v1/schemas/SCHEMA/predictors"),
    (r"dm/views", "give the filters to /api/tasks/?query= themselves"),
    (r"dm/actions", "delete or change tasks one by one, or use the bulk actions of the page Items"),
    (r"projects/\d+/exports", "export at once: /api/projects/N/export?exportType=JSON"),
    (r"projects/\d+/members|users|organizations|workspaces|invites", "manage people on the project's page Settings"),
    (r"projects/\d+/tasks/assignees", "assign the queue to people or roles on its page"),
    (r"token|current-user/(reset-)?token|jwt", "make tokens on your page Account; they need no refreshing"),
    (r"annotations/bulk|projects/\d+/next", "use POST /api/v1/queues/QUEUE/next and /api/v1/tasks/TASK/submit"),
    (r"annotation-reviews|comments", "review with POST /api/v1/annotations/ANNOTATION/review"),
)


class NotOffered(LodeError):
    """A call, a parameter or a form of Label Studio's that is known here and not served."""

    status, code = 501, "not_offered"


def not_offered(method: str, path: str) -> NotOffered:
    """The refusal of a call; ``path`` is what follows ``/ls/``."""
    call = path.strip("/")[:200]
    named = call.removeprefix("api/")
    found = (what for pattern, what in _INSTEAD if re.match(rf"(?:{pattern})(?:/|$)", named))
    instead = next(found, "docs/label-studio-clients.md lists what is offered; everything else is in /api/v1/")
    return NotOffered(f"{method} /{call} of Label Studio is not offered here: {instead}.", call=f"{method} /{call}")
