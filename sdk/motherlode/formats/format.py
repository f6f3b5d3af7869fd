"""What a label format is: what it recognises, reads, writes and declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from motherlode.formats.source import Classes, Files, Problem, Record
from motherlode.formats.writing import Writer
from motherlode.media import Image, Media, named
from motherlode.shapes import BY_TASK

__all__ = ["Format", "Seems"]


class Seems(NamedTuple):
    """What a file looks like that was not taken, in words for people, and what to do about it."""

    what: str
    remedy: str = "Import it apart, with --format, if it is meant"


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name on the command line, its name for people, whether files are recognised as it, its reader.

    `media` are those that it reads: where there are several, `read` is given the one to read as `medium`.
    `tasks` are what its labels can be read as, where there is a choice: `read` is then given a `Shape`, too. `labelled`
    says that it is imported for its labels, so that a source without any is refused. `holds` says what files that are
    named as this format must hold, "" where any will do. `writer` is None where it is not written. `seems` is asked of
    files that were not taken, by name and text: what one of this format looks like, None for others. `offers` says
    whether a source in which no format finds labels is read as this one where labels of a task are asked for.
    `whole` says that an import brings in everybody's answers, too, not labels alone.
    """

    name: str
    title: str
    detect: Callable[[Files], bool]
    read: Callable[..., Iterator[Record | Problem | Classes]]
    tasks: tuple[str, ...] = ()
    media: tuple[type[Media], ...] = (Image,)
    labelled: bool = True
    holds: str = ""
    writer: Writer | None = None
    seems: Callable[[str, str], Seems | None] = lambda name, text: None
    offers: Callable[[Files, str], bool] = lambda files, task: False
    whole: bool = False

    def records(
        self, files: Files, task: str | None = None, medium: type[Media] | None = None
    ) -> Iterator[Record | Problem | Classes]:
        """What the files of `medium` hold, their labels as `task` where the format can read them so."""
        how = {"medium": medium or self.medium_of(files)} if len(self.media) > 1 else {}
        return self.read(files, BY_TASK[task], **how) if task in self.tasks else self.read(files, **how)

    def medium_of(self, files: Files) -> type[Media]:
        """The medium that the files are read as: the first that they hold any of, images before texts."""
        if len(self.media) == 1:
            return self.media[0]
        there = {named(name) for name in files.names()}
        return next((medium for medium in self.media if medium in there), self.media[0])
