"""The numbers by which Label Studio's clients name things.

A project's is kept (``LabelStudioProject``), a task's is made of it and of the task's place in its queue, a
prediction's of the task's and of its place there; those of annotations and people are made of their uuids. So reading
writes nothing, a number stays, tasks follow each other in their order, and no key of a table leaves the server.
"""

from uuid import UUID

from lode_platform.errors import NotFound

TASKS = 10**8
"""Numbers of one project's tasks."""
PREDICTIONS = 1_000
"""Numbers of one task's predictions."""
MOST_DIGITS = 18


def task_number(project: int, place: int) -> int:
    """The number of the task that is the ``place``-th of a project, from 1."""
    return project * TASKS + place


def task_parts(number: int) -> tuple[int, int]:
    """The project's number and the task's place."""
    return divmod(number, TASKS)


def prediction_number(task: int, place: int) -> int:
    """The number of a task's prediction, of the ``place`` from 0 on."""
    return task * PREDICTIONS + place + 1


def prediction_parts(number: int) -> tuple[int, int]:
    """The task's number and the prediction's place, from 0 on (-1: none has that number)."""
    task, place = divmod(number, PREDICTIONS)
    return task, place - 1


def uuid_number(uuid: UUID) -> int:
    """53 bits of a uuid, which every reader of JSON keeps; its version is not among them."""
    return (uuid.int >> 80) << 5 | uuid.int >> 71 & 31


def uuid_range(number: int) -> tuple[UUID, UUID]:
    """The least and the greatest uuid that begins as those of this number do. Raises ``NotFound``."""
    start = number >> 5
    if start >> 48:
        raise NotFound("There is nothing of this number.")
    return UUID(int=start << 80), UUID(int=(start + 1 << 80) - 1)


def read(text: str, what: str) -> int:
    """A number of an address. Raises ``NotFound`` for one that nothing has."""
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        raise NotFound(f"There is no {what} {text[:30]!r}.")
    return int(text)
