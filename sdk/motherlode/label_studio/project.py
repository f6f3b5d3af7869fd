"""A Label Studio project on disk: its export, and the config, people and media that no export holds.

A folder holds one export (JSON, not JSON_MIN); beside it a config, as XML or within the project's own JSON, people
(`users.json`) and media, each found by itself or named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from motherlode.errors import BadInput
from motherlode.formats.json_stream import BadJson, parts
from motherlode.formats.source import Files, Folder
from motherlode.formats.values import open_text, text_of
from motherlode.label_studio.configs import Asked, Seen, asked_in
from motherlode.label_studio.people import People
from motherlode.xml_text import root_of

__all__ = ["Project", "exports_in", "first_task", "is_export", "is_min", "tasks_of"]

LOOKED_AT = 50  # JSON files that are looked into to find the export
HEAD = 4096


def first_task(files: Files, name: str) -> Mapping[str, Any] | None:
    """The first element of a JSON file that is a list of objects, else None."""
    try:
        with files.open(name) as stream:
            if not open_text(stream).read(HEAD).lstrip().startswith("["):
                return None
        with files.open(name) as stream:
            first = next((value for key, row, value in parts(open_text(stream)) if key == "" and row == 0), None)
    except (OSError, ValueError, BadJson, RecursionError):
        return None
    return first if isinstance(first, dict) else None


def is_export(task: Mapping[str, Any] | None) -> bool:
    """Whether a task is one of a Label Studio export or import: its data, and what was said of it."""
    said = ("annotations", "predictions", "completions", "drafts")
    return (
        task is not None and isinstance(task.get("data"), dict) and any(isinstance(task.get(key), list) for key in said)
    )


def is_min(task: Mapping[str, Any] | None) -> bool:
    """Whether a row is one of Label Studio's JSON_MIN."""
    return task is not None and {"annotation_id", "annotator"} <= task.keys()


def exports_in(files: Files) -> list[str]:
    """The exports among some files, by name."""
    names = [name for name in files.names() if name.lower().endswith(".json")]
    return [name for name in names[:LOOKED_AT] if is_export(first_task(files, name))]


def tasks_of(files: Files, name: str) -> Iterator[tuple[int, Any]]:
    """The tasks of an export with their places, one in memory at a time. Raises `BadInput`."""
    try:
        with files.open(name) as stream:
            for key, place, value in parts(open_text(stream)):
                if key or place < 0:
                    raise BadInput(f"{name} is not a list of tasks; export the project as JSON")
                yield place, value
    except BadJson as error:
        raise BadInput(f"{name} is not JSON to its end: {error}") from None
    except (OSError, UnicodeError) as error:
        raise BadInput(f"{name} cannot be read: {error}") from None


@dataclass
class Project:
    """A project on disk. `media` is the folder that its media lie in; `settings` what a project's own JSON says;
    `config_file` the file that its config was read from, or made of."""

    folder: Files
    export: str
    media: Files
    config: str = ""
    config_file: str = ""
    people: People = field(default_factory=People)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def find(
        cls,
        path: Path,
        *,
        media: Path | None = None,
        config: Path | None = None,
        users: Path | None = None,
        called: Path | None = None,
    ) -> Project:
        """The project at a path, which errors call `called`: its export, or a folder that holds one. Raises
        `BadInput`."""
        called = called or path
        if not path.exists():
            raise BadInput(f"{called} is not there")
        folder = Folder(path)
        found = exports_in(folder)
        if not found:
            least = [name for name in folder.names() if name.lower().endswith(".json")][:LOOKED_AT]
            why = ""
            if any(is_min(first_task(folder, name)) for name in least):
                why = "; it holds JSON_MIN, which lacks drafts, skips and people: export the project as JSON"
            raise BadInput(f"{called} holds no export of Label Studio{why or ' (JSON, a list of tasks)'}")
        if len(found) > 1:
            raise BadInput(
                f"{called} holds {len(found)} exports: {', '.join(found)}; import each by its path, with --media"
            )
        whole = Folder(media) if media is not None else folder if path.is_dir() else Folder(path.parent)
        made = cls(folder, found[0], whole)
        made._find_config(config)
        made.people = People.read(users) if users is not None else made._people()
        return made

    @classmethod
    def beside(cls, files: Files, export: str) -> Project:
        """The project of one export among some files, with the config that lies beside it."""
        folder = files if isinstance(files, Folder) else None
        made = cls(files, export, files)
        if folder is not None:
            made._find_config(None)
        return made

    def _find_config(self, config: Path | None) -> None:
        if config is not None:
            try:
                self._take_config(text_of(config.read_bytes()), str(config))
            except OSError as error:
                raise BadInput(f"{config} cannot be read: {error.strerror}") from None
            if not self.config:
                raise BadInput(f"{config} holds no labeling config: XML of <View>, or JSON with label_config")
            return
        stem = PurePosixPath(self.export).stem
        files = [file for file in self._beside() if file.suffix.lower() in (".xml", ".json")]
        for file in sorted(files[: 4 * LOOKED_AT], key=lambda file: (stem not in file.name, file.suffix != ".json")):
            with suppress(OSError, ValueError), file.open("rb") as stream:
                data = stream.read(1 << 20)
                if b"<View" in data:
                    self._take_config(text_of(data), file.name)
            if self.config:
                return

    def _beside(self) -> list[Path]:
        """The files beside the export: those of the folder that holds it, or next to the one file that was named."""
        if not isinstance(self.folder, Folder):
            return []
        root = self.folder.root
        if self.folder.names() != [self.export]:
            return [self.folder.file(name) for name in self.folder.names() if name != self.export]
        return sorted(one for one in root.iterdir() if one.is_file() and one.name != self.export)

    def _take_config(self, text: str, file: str) -> None:
        if root_of(text) == "View" and not text.lstrip().startswith("{"):
            self.config, self.config_file = text, file
            return
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(said, dict) and isinstance(said.get("label_config"), str):
            self.config, self.config_file, self.settings = said["label_config"], file, said

    def _people(self) -> People:
        for file in self._beside():
            if file.name == "users.json":
                return People.read(file)
        return People()

    @property
    def media_root(self) -> Path:
        """The folder that the media lie in."""
        assert isinstance(self.media, Folder)
        return self.media.root

    @property
    def title(self) -> str:
        """What the project is called, "" where nothing says it."""
        return str(self.settings.get("title") or "").strip()

    @property
    def overlap(self) -> int:
        """How many answers a task is to get."""
        said = self.settings.get("maximum_annotations")
        return said if isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= 100 else 1

    def tasks(self) -> Iterator[tuple[int, Any]]:
        """The tasks with their places."""
        return tasks_of(self.folder, self.export)

    def asked(self, seen: Seen, field_name: str) -> Asked:
        """What the project asks; where no file holds its config, one is made of what was `seen` in its results."""
        if not self.config:
            self.config_file = self.export
        try:
            self.config = self.config or seen.config(field_name)
            return asked_in(self.config)
        except BadInput as error:
            raise BadInput(f"{self.config_file}: {error}") from None
