"""Tasks, annotations, predictions and people in the words of Label Studio's interface."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any
from urllib.parse import quote

from lode_annotation.ls.numbers import prediction_number, task_number, uuid_number
from lode_annotation.models import Annotation, LabelStudioProject, Task
from lode_annotation.moving import giving
from lode_annotation.payloads import iso
from lode_annotation.withdraw import is_withdrawn
from lode_platform.models import User
from lode_platform.store import store
from motherlode.media import MEDIA

LABELED = (Task.State.SUBMITTED, Task.State.DONE)
"""States in which a task has all the answers that it was to get."""


def media_address(door: LabelStudioProject, path: str) -> str:
    """Where a client fetches an item, below its base address."""
    return f"/data/upload/{door.pk}/{quote(path)}"


def own_folder(door: LabelStudioProject) -> str:
    """The folder of the items that come in by this door."""
    return f"label-studio/{door.pk}/"


def field_of(door: LabelStudioProject, kind: str) -> str:
    """The name that a task's data has for what it is about."""
    return door.field or kind


def data_of(door: LabelStudioProject, task: Task) -> dict[str, Any]:
    """A task's data as it was sent. A text or a list stands in it; an image by an address that the client can fetch:
    the web's where it came from there by this door, else ours."""
    item = task.item
    data = dict((task.origin or {}).get("data") or {})
    field = field_of(door, item.kind)
    said = data.get(field)
    if MEDIA[item.kind].inline:
        if said is None:
            with store().open(item.blob.md5) as file:
                data[field] = MEDIA[item.kind].as_data(file.read())
    elif not (isinstance(said, str) and _is_from_the_web(door, said, item.path)):
        data[field] = media_address(door, item.path)
    return data


def _is_from_the_web(door: LabelStudioProject, said: str, path: str) -> bool:
    return said.startswith(("http://", "https://")) and path.startswith(own_folder(door))


def tasks_json(
    door: LabelStudioProject, tasks: Sequence[Task], *, only: User | None = None, whole: bool = True
) -> list[dict[str, Any]]:
    """The tasks, with ``item`` and its ``blob`` fetched; with ``only`` that person's answers alone, without ``whole``
    no answers and no predictions. Two statements."""
    answers = giving.answers_of(tasks)
    return [_task(door, task, answers.get(task.pk, []), only, whole) for task in tasks]


def _task(
    door: LabelStudioProject, task: Task, answers: Sequence[giving.Given], only: User | None, whole: bool
) -> dict[str, Any]:
    number = task_number(door.pk, task.number)
    given = [(row, save) for row, save in answers if save is not None and not is_withdrawn(row, save)]
    seen = [(row, save) for row, save in given if only is None or row.user_id == only.pk]
    skipped = sum(row.state == Annotation.State.SKIPPED for row, _ in given)
    predictions = predictions_json(door, task)
    times = [save.lead_time for _, save in given if save.lead_time]
    last = max((row.updated_at for row, _ in given), default=None)
    is_labeled = task.state in LABELED
    true = set((task.origin or {}).get("ground_truth", ()))
    shown: dict[str, Any] = {
        "id": number,
        "inner_id": task.number,
        "project": door.pk,
        "data": data_of(door, task),
        "meta": (task.origin or {}).get("meta") or {},
        "created_at": iso(task.created_at),
        "updated_at": iso(last or task.created_at),
        "completed_at": iso(task.finished_at or last) if is_labeled else None,
        "is_labeled": is_labeled,
        "overlap": door.queue.overlap,
        "total_annotations": len(given) - skipped,
        "cancelled_annotations": skipped,
        "total_predictions": len(predictions),
        "annotators": list(dict.fromkeys(uuid_number(row.user.uuid) for row, _ in seen)),
        "updated_by": [{"user_id": uuid_number(row.user.uuid)} for row, _ in seen if row.updated_at == last],
        "avg_lead_time": fmean(times) if times else None,
        "ground_truth": any(str(row.uuid) in true for row, _ in seen),
        "file_upload": None,
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "comment_authors": [],
    }
    if whole:
        drafts = [(row, save) for row, save in answers if row.draft is not None]
        shown["annotations"] = [annotation_json(number, door, row, save, true) for row, save in seen]
        shown["predictions"] = predictions
        shown["drafts"] = [_draft(number, row) for row, _ in drafts if only is None or row.user_id == only.pk]
    return shown


def annotation_json(
    task: int, door: LabelStudioProject, row: Annotation, save: Any, true: Mapping[str, Any] | set[str]
) -> dict[str, Any]:
    """An answer; ``task`` is its task's number, ``true`` are the uuids of those marked as ground truths."""
    person = uuid_number(row.user.uuid)
    return {
        **giving.annotation_of(row, save, str(row.uuid) in true),
        "id": uuid_number(row.uuid),
        "completed_by": person,
        "created_username": f"{row.user.email or row.user.username}, {person}",
        "updated_by": person,
        "task": task,
        "project": door.pk,
        "result_count": len(save.result),
        "draft_created_at": iso(row.draft_at),
        "parent_prediction": None,
        "parent_annotation": None,
        "last_action": None,
        "last_created_by": None,
    }


def _draft(task: int, row: Annotation) -> dict[str, Any]:
    said = giving.draft_of(row, uuid_number(row.uuid) if row.revision else None)
    return {**said, "id": uuid_number(row.uuid), "task": task, "user": row.user.email or row.user.username}


def predictions_json(door: LabelStudioProject, task: Task) -> list[dict[str, Any]]:
    """What models said of a task."""
    number = task_number(door.pk, task.number)
    return [
        {
            "created_at": iso(task.created_at),
            "model_version": "",
            "score": None,
            "result": [],
            **one,
            "id": prediction_number(number, place),
            "task": number,
            "project": door.pk,
        }
        for place, one in enumerate(giving.predictions_of(task))
    ]


def person_json(user: User) -> dict[str, Any]:
    """A person, by the number that ``completed_by`` says."""
    return {
        "id": uuid_number(user.uuid),
        "username": user.username,
        "email": user.email or user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "initials": user.username[:2],
        "avatar": None,
        "phone": "",
        "active_organization": 1,
        "date_joined": iso(user.date_joined),
        "last_activity": iso(user.last_login or user.date_joined),
    }
