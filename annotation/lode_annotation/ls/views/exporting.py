"""A project's tasks with all that was said of them, as Label Studio exports them."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from lode_annotation.ls.door import LsView, door_of, flag
from lode_annotation.ls.numbers import MOST_DIGITS
from lode_annotation.ls.refusals import NotOffered
from lode_annotation.ls.task_query import places_of
from lode_annotation.ls.tasks import tasks_json
from lode_annotation.models import LabelStudioProject, Task
from lode_annotation.queues import BATCH
from lode_platform import access, free_json
from lode_platform.errors import BadInput
from lode_platform.signed_in import caller

MOST_NAMED = 10_000
COUNTS = ("is_labeled", "completed_at", "annotators", "avg_lead_time", "ground_truth", "overlap")


class Export(LsView):
    takes = {
        "get": {
            *("exportType", "export_type", "download_all_tasks", "download_resources", "ids"),
            "interpolate_key_frames",
        }
    }

    def get(self, request: Request, ls_project: str) -> HttpResponseBase:
        """JSON or JSON_MIN of the tasks that have an answer, or with ``download_all_tasks`` of all."""
        door = door_of(request, ls_project)
        access.require(caller(request), door.queue.project, "labels.import")
        asked = request.query_params
        wanted = asked.get("exportType") or asked.get("export_type") or "JSON"
        if wanted not in ("JSON", "JSON_MIN"):
            raise NotOffered(
                f"The export {wanted[:30]!r} is not offered here; there are JSON and JSON_MIN. Publish the dataset and"
                " use `lode convert VERSION DIR --to coco`, voc or yolo.",
                field="exportType",
            )
        rows = _rows(door, _ids(asked.getlist("ids") + asked.getlist("ids[]")), flag(request, "download_all_tasks"))
        if wanted == "JSON_MIN":
            rows = (least for row in rows for least in _least(row))
        name = f"project-{door.pk}.json"
        return StreamingHttpResponse(
            _listed(rows),
            content_type="application/json; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _ids(parts: list[str]) -> list[int]:
    found = [one.strip() for part in parts for one in part.strip("[]").split(",") if one.strip()]
    if len(found) > MOST_NAMED or not all(one.isascii() and one.isdigit() and len(one) <= MOST_DIGITS for one in found):
        raise BadInput(f"ids is a list of at most {MOST_NAMED:,} task numbers.", field="ids")
    return [int(one) for one in found]


def _rows(door: LabelStudioProject, ids: list[int], every: bool) -> Iterator[dict[str, Any]]:
    """The tasks, a batch in memory, each batch read for itself."""
    tasks = Task.objects.filter(queue=door.queue_id, item__trashed_at=None).select_related("item__blob")
    if ids:
        tasks = tasks.filter(number__in=places_of(door, ids))
    last = 0
    while batch := list(tasks.filter(number__gt=last).order_by("number")[:BATCH]):
        for row in tasks_json(door, batch):
            if every or row["annotations"]:
                yield {name: value for name, value in row.items() if name not in COUNTS}
        last = batch[-1].number


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"") + free_json.dumps(row)
    yield b"]\n"


def _least(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A task as JSON_MIN has it: an object for each answer, whose controls are columns."""
    for annotation in task["annotations"]:
        if annotation["was_cancelled"]:
            continue
        said: dict[str, list[Any]] = {}
        for entry in annotation["result"]:
            if isinstance(entry, dict) and isinstance(name := entry.get("from_name"), str):
                said.setdefault(name, []).append(entry)
        yield {
            **task["data"],
            "id": task["id"],
            **{name: _plain(entries) for name, entries in said.items()},
            "annotator": annotation["completed_by"],
            "annotation_id": annotation["id"],
            "created_at": annotation["created_at"],
            "updated_at": annotation["updated_at"],
            "lead_time": annotation["lead_time"],
        }


def _plain(entries: list[Mapping[str, Any]]) -> Any:
    """What was said under a control: a choice or a text alone is itself."""
    found: list[Any] = []
    alone = False
    for entry in entries:
        value, kind = dict(entry.get("value") or {}), entry.get("type")
        alone = kind in ("choices", "textarea")
        key = "choices" if kind == "choices" else "text"
        if alone and isinstance(value.get(key), list) and len(value[key]) == 1:
            found.append(value[key][0])
            continue
        size = {name: entry[name] for name in ("original_width", "original_height") if name in entry}
        found.append({**value, **size})
    return found[0] if alone and len(found) == 1 else found
