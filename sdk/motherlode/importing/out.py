"""Moving a queue out whole: its tasks as Label Studio has them, with everybody's answers, drafts and predictions.

A task is in memory at a time. The folder is one that `lode import` reads again, and that Label Studio takes: a project
made with `config.xml`, whose storage of local files begins at the folder, imports `tasks.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from motherlode.client import Client
from motherlode.errors import BadInput
from motherlode.formats.label_studio_writing import local_file
from motherlode.label_studio.tasks import Contents, counts_of
from motherlode.media import MEDIA
from motherlode.paths import check_path

__all__ = ["OutReport", "move_out"]

_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass
class OutReport:
    """What was written of a queue, counted as an import of it would count it."""

    folder: str
    held: Contents = field(default_factory=Contents)
    people: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {"folder": self.folder, "export": self.held.as_json(), "people": len(self.people)}


def move_out(client: Client, name: str, target: Path) -> OutReport:
    """Write the queue of that name, or uuid, of the client's project into a folder that is empty or not there yet.

    Raises `BadInput`; what broke off leaves no `tasks.json`.
    """
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"{target} is not empty; name a folder that is, or none yet")
    rows = client.pages(f"{client.project_path()}/queues")
    queue = next((row for row in rows if name in (row["name"], row["uuid"])), None)
    if queue is None:
        raise BadInput(f"there is no queue {name!r} in the project {client.project!r}")
    schemas = client.pages(f"{client.project_path()}/schemas")
    schema = next(row for row in schemas if queue["schema"] in (row["name"], row["uuid"]))
    target.mkdir(parents=True, exist_ok=True)
    report = OutReport(str(target))
    part = target / "tasks.part"
    client.stream(
        "GET", f"/api/v1/queues/{queue['uuid']}/move-out", lambda answer: _write(client, answer, part, report)
    )
    people = [{"id": number, "email": name, "username": name} for name, number in report.people.items()]
    (target / "users.json").write_text(json.dumps(people, ensure_ascii=False, indent=1), encoding="utf-8")
    settings = {"title": queue["name"], "label_config": schema["config"], "maximum_annotations": queue["overlap"]}
    (target / "project.json").write_text(json.dumps(settings, ensure_ascii=False, indent=1), encoding="utf-8")
    (target / "config.xml").write_text(str(schema["config"]), encoding="utf-8")
    part.replace(target / "tasks.json")
    return report


def _write(client: Client, answer: httpx.Response, file: Path, report: OutReport) -> None:
    report.held, report.people = Contents(), {}  # it may be done again from the start
    with file.open("w", encoding="utf-8") as out:
        out.write("[")
        for number, row in enumerate(map(json.loads, _lines(answer.iter_bytes(1 << 20)))):
            task = row["task"]
            _with_numbers(task, report.people)
            task["data"] = {**task["data"], row["kind"]: _bring(client, row, file.parent)}
            counts_of(task, report.held)
            out.write(("\n" if not number else ",\n") + _encode(task))
        out.write("\n]\n")


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        raise BadInput("the server's answer broke off; write it again")


def _with_numbers(task: dict[str, Any], people: dict[str, int]) -> None:
    """Give each person a number, in the order in which they were met, beside the mail address by which another Label
    Studio knows them: a number alone is somebody else there."""
    for row in task["annotations"]:
        name = row["completed_by"]
        row["completed_by"] = {"id": people.setdefault(name, len(people) + 1), "email": name}


def _bring(client: Client, row: Mapping[str, Any], folder: Path) -> Any:
    """Fetch a task's item below the folder; what the task's data says of it, which is the item where it is a text."""
    path = f"media/{check_path(row['path'])}"
    file = folder / path
    address = f"/media/{row['item']}?file={row['md5']}&as=file"
    if MEDIA[row["kind"]].inline:
        return MEDIA[row["kind"]].as_data(client.raw("GET", address).content)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")

        def keep(answer: httpx.Response) -> None:
            with part.open("wb") as out:
                for piece in answer.iter_bytes(1 << 20):
                    out.write(piece)

        client.stream("GET", address, keep)
        part.replace(file)
    return local_file(path)
