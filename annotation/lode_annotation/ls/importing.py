"""Tasks that Label Studio's clients bring in: whole or not at all, with their items, answers and predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from lode_annotation.ls.numbers import PREDICTIONS, task_number
from lode_annotation.ls.people import People, people_of
from lode_annotation.ls.references import Meant, meant, told
from lode_annotation.models import LabelStudioProject, Task
from lode_annotation.moving import taking
from lode_annotation.rules import Rules, rules_of
from lode_annotation.validation import problems_of
from lode_platform import access, free_json
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Item
from motherlode import relations
from motherlode.label_studio.tasks import line_of
from motherlode.labeling_config import medium_of
from motherlode.paths import fold

MOST_TASKS = 5_000
MOST_ANSWERS = 1_000
MOST_PREDICTIONS = PREDICTIONS - 1


@dataclass
class Imported:
    """What came in: the number of each task sent, in their order, and how much."""

    tasks: list[int] = field(default_factory=list)
    there: int = 0
    annotations: int = 0
    predictions: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)


def read(said: Any) -> list[dict[str, Any]]:
    """The tasks that were sent, each with ``data``; one without it is data itself. Raises ``BadInput``."""
    rows = [said] if isinstance(said, dict) else said
    if not isinstance(rows, list) or not rows:
        raise BadInput('Send a list of tasks, such as [{"data": {"image": "a.png"}}].', field="tasks")
    if len(rows) > MOST_TASKS:
        raise BadInput(f"At most {MOST_TASKS:,} tasks come in at a time; send them in parts.", code="too_many")
    tasks = []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise told(place, "", f"{row!r:.40} is not an object")
        task = row if isinstance(row.get("data"), dict) else {"data": row}
        if wrong := free_json.flaw(task["data"]):
            raise told(place, f"data.{wrong[0]}".rstrip("."), wrong[1])
        annotations = task.get("annotations") or task.get("completions") or []
        tasks.append(
            {
                "data": task["data"],
                "meta": _object(task, "meta", place),
                "annotations": _said(annotations, "annotations", place, MOST_ANSWERS),
                "predictions": _said(task.get("predictions") or [], "predictions", place, MOST_PREDICTIONS),
            }
        )
    return tasks


def _object(task: Mapping[str, Any], name: str, place: int) -> dict[str, Any]:
    said = task.get(name) or {}
    if not isinstance(said, dict):
        raise told(place, name, f"{said!r:.40} is not an object")
    return said


def _said(rows: Any, name: str, place: int, most: int) -> list[dict[str, Any]]:
    """Annotations or predictions, each with a result whose entries have ids."""
    if not isinstance(rows, list) or len(rows) > most:
        raise told(place, name, f"it must be a list of at most {most:,}")
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("result"), list):
            raise told(place, f"{name}[{at}]", "it must be an object with a result, a list")
    return [{**row, "result": with_ids(row["result"])} for row in rows]


def with_ids(result: Sequence[Any]) -> list[Any]:
    """A result whose entries each have an id, as Label Studio's editor gives those that lack one."""
    return [
        {"id": uuid4().hex[:10], **entry}
        if isinstance(entry, dict) and entry.get("id") is None and not relations.is_relation(entry)
        else entry
        for entry in result
    ]


def take_in(
    door: LabelStudioProject,
    caller: Caller,
    tasks: Sequence[dict[str, Any]],
    *,
    hosts: Sequence[str] = (),
    sent: Sequence[ItemSpec] = (),
) -> Imported:
    """Brings tasks in, in one transaction. ``hosts`` are our own addresses; ``sent`` are files of this request, to
    which tasks may refer. An item that is a task of the queue already is not asked twice: its answers come in.

    Raises ``BadInput`` naming the task, and what ``moving.taking`` raises.
    """
    queue = door.queue
    for verb in ("queue.manage", "labels.import"):
        access.require(caller, queue.project, verb)
    kind = medium_of(queue.schema_revision.config)
    about = meant(door, kind, [task["data"] for task in tasks], hosts=hosts, sent=sent)
    people = people_of(queue.project)
    with transaction.atomic():
        _add(door, caller, [(place, one.spec) for place, one in enumerate(about) if one.spec is not None])
        return _take(door, caller, _merged(tasks, about), about, people)


def _add(door: LabelStudioProject, caller: Caller, specs: Sequence[tuple[int, ItemSpec]]) -> None:
    """Makes the items that are new."""
    if not specs:
        return
    project = door.queue.project
    access.require(caller, project, "items.add")
    places = {spec.path: place for place, spec in reversed(specs)}
    new = {spec.path: spec for _, spec in specs}
    report = add_items(project, caller, list(new.values()), trusted=True)
    if report.problems:
        first = report.problems[0]
        problems = [one.as_json() for one in report.problems[:100]]
        error = told(places[first.path], "data", f"{first.path}: {first.error}", first.code)
        raise BadInput(error.message, code=first.code, field=error.facts["field"], problems=problems)


def _merged(tasks: Sequence[dict[str, Any]], about: Sequence[Meant]) -> dict[str, tuple[int, dict[str, Any]]]:
    """The tasks by their items, with their places. Two of one item with the same data are one; others are refused."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for place, (task, one) in enumerate(zip(tasks, about, strict=True)):
        key = fold(one.path)
        if key not in found:
            found[key] = place, dict(task)
            continue
        before, other = found[key]
        if other["data"] != task["data"]:
            why = f"it is of {one.path}, as tasks[{before}] is, with other data: a project asks an item once"
            raise told(place, "data", f"{why}; give one of them a file of its own", "item_twice")
        for name in ("annotations", "predictions"):
            other[name] = [*other[name], *task[name]]
    return found


def _take(
    door: LabelStudioProject,
    caller: Caller,
    tasks: Mapping[str, tuple[int, dict[str, Any]]],
    about: Sequence[Meant],
    people: People,
) -> Imported:
    queue = door.queue
    live = Item.objects.live().filter(among("path_fold", tasks), project=queue.project_id)
    items = {item.path_fold: item for item in live}
    rules = rules_of(queue.schema_revision.controls)
    lines, places = [], []
    for key, (place, task) in tasks.items():
        check_predictions(
            task["predictions"], items[key], rules, lambda at, why, place=place: told(place, f"predictions[{at}]", why)
        )
        line = line_of(dated(task), place, items[key].path, people)
        if people.unknown:
            raise told(place, "annotations.completed_by", people.nobody())
        del line["number"]
        try:
            lines.append(free_json.dumps(line) + b"\n")
        except ValueError:
            raise told(place, "", "it holds half a character, which cannot be stored") from None
        places.append(place)
    made = Imported()
    for start in range(0, len(lines), taking.MAX_LINES):
        _take_part(door, caller, lines[start : start + taking.MAX_LINES], places[start:], made)
    keys = [item.pk for item in items.values()]
    numbers = dict(Task.objects.filter(among("item", keys), queue=queue).values_list("item_id", "number"))
    made.tasks = [task_number(door.pk, numbers[items[fold(one.path)].pk]) for one in about]
    return made


def _take_part(
    door: LabelStudioProject, caller: Caller, lines: Sequence[bytes], places: Sequence[int], made: Imported
) -> None:
    """Takes a part of the tasks, whose ``places`` are those in what was sent."""
    try:
        report = taking.take(door.queue, caller, b"".join(lines))
    except BadInput as error:
        at = error.facts.get("line")
        if not isinstance(at, int):
            raise
        raise told(places[at - 1], "", error.message.partition(": ")[2], error.code) from None
    counts = report["counts"]
    made.there += counts.get("tasks_there", 0)
    made.annotations += counts.get("answers", 0) + counts.get("skipped", 0)
    made.predictions += counts.get("predictions", 0)
    made.problems += report["problems"]


def dated(task: dict[str, Any]) -> dict[str, Any]:
    """A task whose answers say when they were given, now where they did not: each is then an answer of its own."""
    now = timezone.now()
    return {
        **task,
        "annotations": [
            {**row, "created_at": row.get("created_at") or (now + timedelta(microseconds=at)).isoformat()}
            for at, row in enumerate(task["annotations"])
        ],
    }


def check_predictions(rows: Sequence[Mapping[str, Any]], item: Item, rules: Rules, refuse: Any) -> None:
    """Raises what ``refuse(place, why)`` makes of the first prediction that the editor could not show."""
    for at, row in enumerate(rows):
        score, model = row.get("score"), row.get("model_version")
        if score is not None and (type(score) not in (int, float) or not abs(score) < 1e9):
            raise refuse(at, f"the score {score!r:.40} is not a number below 10^9")
        if model is not None and (not isinstance(model, str) or len(model) > 200):
            raise refuse(at, f"the model_version {model!r:.40} is not a text of at most 200 characters")
        regions = [one for one in row["result"] if not relations.is_relation(one)]
        wrong = next((one for one in problems_of(regions, item.media, rules) if one.rule != "required"), None)
        if wrong is not None:
            raise refuse(at, f"region {wrong.region}: {wrong.error}" if wrong.region else wrong.error)
