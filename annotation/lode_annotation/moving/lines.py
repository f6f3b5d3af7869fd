"""A task on its way in, read and checked: one JSON line, its answers in the words of Label Studio's results."""

from collections.abc import Iterator

from lode_annotation.import_parts import lines_of
from lode_platform.errors import BadInput
from motherlode.label_studio.lines import TaskLine, task_of

__all__ = ["read"]


def read(text: str) -> Iterator[TaskLine]:
    """The tasks of a part. Raises ``BadInput`` that names the line and what is wrong with it."""
    for number, row in lines_of(text):
        try:
            yield task_of(row)
        except KeyError as error:
            raise _bad(number, f"it lacks {error}") from None
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise _bad(number, str(error)) from None


def _bad(line: int, why: str) -> BadInput:
    return BadInput(
        f"Line {line} is not a task: {why}. Correct it and send the part again.", code="bad_task", line=line
    )
