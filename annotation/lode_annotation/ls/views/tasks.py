"""Tasks: list, create, get, change, delete."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import queues
from lode_annotation.ls import importing
from lode_annotation.ls.door import LsView, body_of, door_of, flag, number_in, page_of, sees_all
from lode_annotation.ls.numbers import MOST_DIGITS, read, task_parts
from lode_annotation.ls.task_query import predictions_number, tasks_of
from lode_annotation.ls.tasks import data_of, field_of, tasks_json
from lode_annotation.models import Annotation, LabelStudioProject, Queue, Task
from lode_platform import access, events, free_json
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import User
from lode_platform.signed_in import caller, person

PAGE, MOST = 100, 1_000
COUNTED = 10_000
"""Of so many tasks the predictions are counted, which stand in each task's row."""
FIELDS = ("all", "task_only")


def hosts_of(request: Request) -> list[str]:
    """Our own addresses, as a client may have put them before what it was given."""
    return [str(settings.PUBLIC_URL), request._request.build_absolute_uri("/").rstrip("/")]


def only_of(request: Request, door: LabelStudioProject) -> User | None:
    """Whose answers alone the caller may read, None for everybody's."""
    return None if sees_all(caller(request), door.queue.project) else person(request)


def task_of(request: Request, number: str | int) -> tuple[LabelStudioProject, Task]:
    """A task by its number, with its project. Raises ``NotFound``."""
    key = read(str(number), "task")
    project, place = task_parts(key)
    try:
        door = door_of(request, project)
    except NotFound:
        raise NotFound(f"There is no task {key}.") from None
    rows = Task.objects.filter(queue=door.queue_id, number=place, item__trashed_at=None)
    found = rows.select_related("item__blob").first()
    if found is None:
        raise NotFound(f"There is no task {key}.")
    return door, found


def task_json(request: Request, door: LabelStudioProject, task: Task) -> dict[str, Any]:
    return tasks_json(door, [task], only=only_of(request, door))[0]


class Tasks(LsView):
    takes = {
        "get": {
            *("project", "page", "page_size", "query", "fields", "include", "only_annotated"),
            *("resolve_uri", "review", "view"),
        }
    }

    def get(self, request: Request) -> Response:
        """A page of a project's tasks that fit a query of the data manager, with the counts of all that fit."""
        asked = request.query_params
        number = asked.get("project", "")
        if not number.isascii() or not number.isdigit() or len(number) > MOST_DIGITS:
            raise BadInput("project is the number of the project whose tasks are listed.", field="project")
        if asked.get("view"):
            raise BadInput("view: there are no views here; give the filters as query.", field="view")
        fields = asked.get("fields", "task_only")
        if fields not in FIELDS:
            raise BadInput(f"fields is one of {', '.join(FIELDS)}.", field="fields")
        door = door_of(request, number)
        only = only_of(request, door)
        rows = tasks_of(door, asked.get("query", ""))
        if flag(request, "only_annotated"):
            rows = rows.filter(
                pk__in=Annotation.objects.filter(task__queue=door.queue_id, revision__gt=0).values("task")
            )
        total = rows.count()
        start, end = page_of(request, total, default=PAGE, most=MOST)
        answered = Annotation.objects.filter(task__in=rows.order_by().values("pk"), revision__gt=0)
        page = tasks_json(door, list(rows[start:end]), only=only, whole=fields == "all")
        if names := {name for part in asked.getlist("include") for name in part.split(",") if name}:
            page = [{name: row[name] for name in row if name in names | {"id"}} for row in page]
        return Response(
            {
                "tasks": page,
                "total": total,
                "total_annotations": answered.exclude(state=Annotation.State.SKIPPED).count(),
                "total_predictions": _predictions(rows) if total <= COUNTED else None,
            }
        )

    def post(self, request: Request) -> Response:
        """Brings one task in."""
        given = body_of(request)
        door = door_of(request, number_in(given, "project"))
        access.require(caller(request), door.queue.project, "labels.import")
        if not isinstance(given.get("data"), dict):
            raise BadInput("data must be an object.", field="data")
        tasks = importing.read([{"data": given["data"], "meta": given.get("meta")}])
        made = importing.take_in(door, caller(request), tasks, hosts=hosts_of(request))
        return Response(task_json(request, *task_of(request, made.tasks[0])), status=201)


def _predictions(rows: "QuerySet[Task]") -> int:
    """How many predictions these tasks have."""
    return rows.order_by().aggregate(n=Sum(predictions_number()))["n"] or 0


class OneTask(LsView):
    takes = {"get": {"resolve_uri", "fields", "project"}}

    def get(self, request: Request, ls_task: str) -> Response:
        """A task with its answers and predictions."""
        return Response(task_json(request, *task_of(request, ls_task)))

    def patch(self, request: Request, ls_task: str) -> Response:
        """Changes the data beside what it is about, and ``meta``."""
        door, task = task_of(request, ls_task)
        change(request, door, task, body_of(request))
        return Response(task_json(request, *task_of(request, ls_task)))

    def delete(self, request: Request, ls_task: str) -> Response:
        """Takes a task out that nobody has begun; answers are never thrown away."""
        door, task = task_of(request, ls_task)
        who = caller(request)
        access.require(who, door.queue.project, "queue.manage")
        with transaction.atomic():
            Queue.objects.select_for_update().only("pk").get(pk=door.queue_id)
            if not queues.remove_unstarted(door.queue, task.number, task.number):
                raise Conflict(
                    "Somebody has answered or holds this task, and answers are not thrown away: put its item into the"
                    " trash to take it out, or delete your own annotation.",
                    code="begun",
                )
            events.record(door.queue.project, who.user, "queue.take_out", door.queue, tasks=1)
        return Response(status=204)


def change(request: Request, door: LabelStudioProject, task: Task, given: dict[str, Any]) -> None:
    """Gives a task other ``data`` or ``meta``, of the same item. Raises ``BadInput`` naming what cannot be changed."""
    who = caller(request)
    access.require(who, door.queue.project, "queue.manage")
    for name, value in given.items():
        if name not in ("data", "meta", "project", "id"):
            raise BadInput(f"{name[:60]}: of a task, data and meta can be changed.", field=name[:60])
        if name in ("data", "meta") and not isinstance(value, dict):
            raise BadInput(f"{name} must be an object.", field=name)
    free_json.check(given)
    field = field_of(door, task.item.kind)
    with transaction.atomic():
        held = Task.objects.select_for_update(of=("self",)).select_related("item__blob").get(pk=task.pk)
        before, origin = data_of(door, held), dict(held.origin or {})
        if "data" in given:
            if given["data"].get(field, before[field]) not in (before[field], (origin.get("data") or {}).get(field)):
                raise BadInput(
                    f"data.{field}: a task keeps the item that it is about; bring another task in for another.",
                    field=f"data.{field}",
                )
            origin["data"] = {field: before[field], **given["data"]}
        if "meta" in given:
            origin["meta"] = given["meta"]
        held.origin = origin
        held.save(update_fields=["origin"])
        events.record(door.queue.project, who.user, "task.change", held, fields=sorted(given))
