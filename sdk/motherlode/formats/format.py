"""What a label format is: what it recognises, reads, writes and declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from motherlode.formats.source import Classes, Files, Problem, Record
from motherlode.formats.writing import Writer
from motherlode.shapes import BY_TASK

__all__ = ["Format"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name on the command line, its name for people, whether files are recognised as it, its reader.

    `tasks` are what its labels can be read as, where there is a choice: `read` is then given a `Shape`, too. `labelled`
    says that it is imported for its labels, so that a source without any is refused. `holds` says what files that are
    named as this format must hold, "" where any will do. `writer` is None where it is not written.
    """

    name: str
    title: str
    detect: Callable[[Files], bool]
    read: Callable[..., Iterator[Record | Problem | Classes]]
    tasks: tuple[str, ...] = ()
    labelled: bool = True
    holds: str = ""
    writer: Writer | None = None

    def records(self, files: Files, task: str | None = None) -> Iterator[Record | Problem | Classes]:
        """What the files hold, their labels as `task` where the format can read them so, else as it does by itself."""
        return self.read(files, BY_TASK[task]) if task in self.tasks else self.read(files)
