"""REST: queues, their tasks, and an annotator's requests: next, lease, draft, submit, skip."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import filling, flags, honeypots, payloads, queues, ran_dry, ranking
from lode_annotation.api import honeypot_shapes, shapes
from lode_annotation.asked_items import items_by_uuid
from lode_annotation.assignments import Assigned
from lode_annotation.models import Annotation, Honeypot, Queue, Schema, Task
from lode_annotation.queue_context import context_for, context_of_task
from lode_annotation.recent_answers import recent_answers
from lode_annotation.submit import SubmitRequest, base_of, save_draft, submit
from lode_annotation.task_filters import tasks_by_filter
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, page_rows, searched
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.api.shapes import job_json, read
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Project
from lode_platform.searching import Search
from lode_platform.signed_in import caller, person

MAX_TASKS = 5000
OTHER_KIND = OpenApiResponse(description="`other_kind`: the queue asks for something else")
GONE = OpenApiResponse(description="nothing is left, or the queue is not open")
TRASHED = OpenApiResponse(description="`item_trashed`: the item is in the trash")
LOST = OpenApiResponse(
    description="`lease_lost`: somebody else has the task; `stale`: the answer has changed, both versions are returned"
)


def queue_of(request: Request, uuid: UUID) -> Queue:
    """A queue that the person may see."""
    rows = Queue.objects.visible_to(caller(request)).select_related("project", "schema_revision__schema")
    found = rows.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such queue.")
    return found


def shown(queue: Queue) -> dict[str, Any]:
    return shapes.queue_json(queue, queues.tasks_by_state([queue])[queue.pk])


def _specs(project: Project, given: Any, priority: int) -> list[queues.TaskSpec]:
    """A task for each item that a list of uuids names."""
    try:
        uuids = [UUID(str(one)) for one in given or ()]
    except (TypeError, ValueError):
        raise BadInput("items must be an object of filters or a list of item uuids.", field="items") from None
    found = items_by_uuid(project, uuids)
    return [queues.TaskSpec(item=found[uuid], priority=priority) for uuid in uuids]


def _said(filled: filling.Filled) -> dict[str, Any]:
    return {"added": filled.added, "job": job_json(filled.job) if filled.job else None}


class Queues(View):
    @extend_schema(operation_id="queues", parameters=PARAMETERS, responses=page_of(shapes.QueueShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's queues, newest first, with their tasks by state."""
        found = access.project_for(caller(request), project, "project.view")
        rows = Queue.objects.filter(project=found).select_related("project", "schema_revision__schema")
        rows = rows.prefetch_related("assignments__user")
        page, following = page_rows(request, rows)
        counts = queues.tasks_by_state(page)
        return Response({"results": [shapes.queue_json(row, counts[row.pk]) for row in page], "next": following})

    @extend_schema(operation_id="queue_create", request=shapes.NewQueueShape, responses={201: shapes.QueueShape})
    def post(self, request: Request, project: str) -> Response:
        """Creates a queue under the newest revision of a schema, filled by filter or with named items.

        More than 5,000 items are added by `job`; the queue is `filling` and hands out nothing until all are there.
        """
        person(request)
        found = access.project_for(caller(request), project, "queue.manage")
        given = read(shapes.NewQueueShape, request.data)
        facts = {
            "name": given["name"],
            "schema": schema_named(found, given["schema"]),
            "review": given["review"],
            "review_rule": given["review_rule"],
            "reason": given["reason"],
            "overlap": given["overlap"],
            "consensus": given["consensus"],
            "ordering": given["ordering"],
            "skip_reasons": given["skip_reasons"],
            "due": given["due"],
            "assigned": assigned_in(given),
        }
        chosen, priority = given["items"], given["priority"]
        if isinstance(chosen, dict):
            queue, filled = filling.create_filled(found, caller(request), chosen, priority=priority, **facts)
        else:
            specs = _specs(found, chosen, priority)
            with transaction.atomic():
                queue = queues.create_queue(found, caller(request), **facts)
                filled = filling.Filled(queues.add_tasks(queue, caller(request), specs))
        return Response({**shown(queue), **_said(filled)}, status=201)


def assigned_in(given: Mapping[str, Any]) -> Assigned | None:
    """Whom a queue is for, as sent; None where nothing was."""
    return Assigned(**given["assigned"]) if given.get("assigned") else None


def schema_named(project: Project, name: str) -> Schema:
    """The schema of a name or uuid. Raises ``BadInput``."""
    rows = Schema.objects.filter(project=project)
    try:
        found = rows.filter(uuid=UUID(name)).first()
    except ValueError:
        found = rows.filter(name=name).first()
    if found is None:
        raise BadInput(f"There is no schema {name!r} in this project.", code="unknown_schema", field="schema")
    return found


class OneQueue(View):
    @extend_schema(operation_id="queue", responses=shapes.QueueShape)
    def get(self, request: Request, queue: UUID) -> Response:
        """A queue and its tasks by state."""
        return Response(shown(queue_of(request, queue)))

    @extend_schema(operation_id="queue_change", request=shapes.QueueChangeShape, responses=shapes.QueueShape)
    def patch(self, request: Request, queue: UUID) -> Response:
        """Opens, pauses, closes or renames it, changes its settings, or moves it to the newest schema revision."""
        given = read(shapes.QueueChangeShape, request.data)
        changed = queues.change_queue(
            queue_of(request, queue), caller(request), **{**given, "assigned": assigned_in(given)}
        )
        return Response(shown(queue_of(request, changed.uuid)))


class Tasks(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(
        operation_id="queue_tasks",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("state", str, enum=Task.State.values),
            OpenApiParameter("q", str),
            OpenApiParameter("flagged", bool),
        ],
        responses=page_of(shapes.TaskShape),
    )
    def get(self, request: Request, queue: UUID) -> Response:
        """The queue's tasks in the order they were added, with their answers."""
        found = queue_of(request, queue)
        given = {name: request.query_params.get(name) for name in ("state", "q", "flagged")}
        rows = with_answers(tasks_by_filter(found, given))
        return Response(searched(request, Search(rows, rows, found.tasks.all()), shapes.task_json))

    @extend_schema(operation_id="queue_add", request=shapes.NewTasksShape, responses={201: shapes.TasksAddedShape})
    def post(self, request: Request, queue: UUID) -> Response:
        """Adds items; one that is in the queue already is left as it is. More than 5,000 are added by `job`."""
        person(request)
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "queue.manage")
        given = read(shapes.NewTasksShape, request.data)
        rows = given.get("tasks", [])
        if len(rows) > MAX_TASKS:
            raise BadInput(
                f"At most {MAX_TASKS} tasks can be added to a queue in one call.", code="too_many", field="tasks"
            )
        items = items_by_uuid(found.project, [row["item"] for row in rows])
        specs = [
            queues.TaskSpec(
                item=items[row["item"]],
                priority=row["priority"],
                reason=row["reason"] if isinstance(row["reason"], dict) else {"text": str(row["reason"])},
                prelabels=row["prelabels"],
            )
            for row in rows
        ]
        filled, chosen, priority = filling.Filled(), given["items"], given["priority"]
        if isinstance(chosen, dict):
            filled = filling.fill(found, caller(request), chosen, priority=priority)
        else:
            specs += _specs(found.project, chosen, priority)
        added = queues.add_tasks(found, caller(request), specs) if specs else 0
        found.refresh_from_db(fields=["size"])
        return Response({**_said(filled), "added": filled.added + added, "size": found.size}, status=201)


class Priority(View):
    @extend_schema(operation_id="queue_prioritise", request=shapes.PriorityShape, responses=shapes.TasksChangedShape)
    def post(self, request: Request, queue: UUID) -> Response:
        """Gives the named tasks, or those that fit a filter, a priority. More than 5,000 are changed by `job`."""
        person(request)
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "queue.manage")
        given = read(shapes.PriorityShape, request.data)
        chosen = given["filter"]
        if chosen is not None and not isinstance(chosen, dict):
            raise BadInput("filter must be an object of filters.", field="filter")
        changed = ranking.prioritise(found, caller(request), given["priority"], tasks=given["tasks"], given=chosen)
        return Response({"changed": changed.tasks, "job": job_json(changed.job) if changed.job else None})


def with_answers(rows: "QuerySet[Task]") -> "QuerySet[Task]":
    """Tasks with what a list shows of them: a fixed number of queries however many there are."""
    answers = Annotation.objects.select_related("user").order_by("pk")
    return rows.select_related("queue", "item", "flagged_by").prefetch_related(
        Prefetch("annotations", queryset=answers)
    )


class Honeypots(View):
    @extend_schema(operation_id="queue_honeypots", responses=honeypot_shapes.HoneypotShape(many=True))
    def get(self, request: Request, queue: UUID) -> Response:
        """The queue's honeypots and how many have answered each, in the order of their tasks. For managers."""
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "queue.manage")
        rows = Honeypot.objects.filter(task__queue=found).select_related("task__item", "label_set")
        rows = rows.prefetch_related("task__annotations").order_by("task__number")
        return Response([honeypot_shapes.honeypot_json(row) for row in rows[:MAX_TASKS]])

    @extend_schema(
        operation_id="queue_mix_honeypots",
        request=honeypot_shapes.NewHoneypotsShape,
        responses=honeypot_shapes.HoneypotsMixedShape,
    )
    def post(self, request: Request, queue: UUID) -> Response:
        """Mixes in tasks with items whose labels are known, at a rate of those that nobody has begun."""
        person(request)
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "queue.manage")
        given = read(honeypot_shapes.NewHoneypotsShape, request.data)
        chosen = given["filter"] or {}
        if not isinstance(chosen, dict):
            raise BadInput("filter must be an object of filters.", field="filter")
        return Response({"mixed": honeypots.mix_in(found, caller(request), given["rate"], chosen)})


class Next(View):
    @extend_schema(
        operation_id="queue_next",
        request=shapes.HoldingShape,
        responses={200: shapes.PayloadShape, 204: GONE},
    )
    def post(self, request: Request, queue: UUID) -> Response:
        """Claims my next task: my own unexpired lease that `holding` does not name, else the first free one."""
        given = read(shapes.HoldingShape, request.data)
        user = person(request)
        context = context_for(caller(request), queue, "queue.label")
        held = queues.claim(context, user, given["holding"])
        payload = payloads.claimed(context, user, held, given["holding"]) if held else None
        if held is None and context.gives_tasks and not context.queue.is_dry:
            ran_dry.look(context.queue.id)
        return Response(payload) if payload else Response(status=204)


class Mine(View):
    @extend_schema(operation_id="queue_mine", responses={200: shapes.AnsweredShape(many=True), 409: OTHER_KIND})
    def get(self, request: Request, queue: UUID) -> Response:
        """The last ten tasks of the queue that I answered or skipped, the newest first."""
        user = person(request)
        return Response(
            [asdict(row) for row in recent_answers(context_for(caller(request), queue, "queue.label"), user)]
        )


class OpenTask(View):
    @extend_schema(
        operation_id="task_open", request=None, responses={200: shapes.PayloadShape, 409: LOST, 410: TRASHED}
    )
    def post(self, request: Request, task: UUID) -> Response:
        """Opens this task for me and returns all that the editor needs, with my earlier answer."""
        return Response(payloads.task_payload(task, caller(request)))


class OneTask(View):
    @extend_schema(operation_id="task", responses=shapes.TaskShape)
    def get(self, request: Request, task: UUID) -> Response:
        """A task and its answers."""
        found = with_answers(
            Task.objects.filter(queue__in=Queue.objects.visible_to(caller(request)), uuid=task)
        ).first()
        if found is None:
            raise NotFound("There is no such task.")
        return Response(shapes.task_json(found))


class Submit(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(
        operation_id="task_submit", request=shapes.SubmitShape, responses={200: shapes.AnswerShape, 409: LOST}
    )
    def post(self, request: Request, task: UUID) -> Response:
        """Submits my answer, or a change of it, and with `next` claims the next task by the same request."""
        given = read(shapes.SubmitShape, request.data)
        return Response(submit(caller(request), task, SubmitRequest.of(given)))


class Skip(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(operation_id="task_skip", request=shapes.SkipShape, responses={200: shapes.AnswerShape, 409: LOST})
    def post(self, request: Request, task: UUID) -> Response:
        """Skips this task, with a reason."""
        given = read(shapes.SkipShape, request.data)
        return Response(submit(caller(request), task, SubmitRequest.of(given, skip=True)))


class Flag(View):
    @extend_schema(operation_id="task_flag", request=shapes.FlagShape, responses=shapes.FlagShape)
    def put(self, request: Request, task: UUID) -> Response:
        """Flags this task with a note, in place of an earlier one."""
        person(request)
        given = read(shapes.FlagShape, request.data)
        return Response(shapes.flag_json(flags.flag(caller(request), task, given["note"])))

    @extend_schema(operation_id="task_unflag", responses={204: None})
    def delete(self, request: Request, task: UUID) -> Response:
        """Takes the flag off this task."""
        person(request)
        flags.unflag(caller(request), task)
        return Response(status=204)


class OneLease(View):
    @extend_schema(operation_id="task_hold", request=None, responses={200: shapes.HeldShape, 409: LOST})
    def post(self, request: Request, task: UUID) -> Response:
        """Takes or renews my lease on this task: the heartbeat of an open page."""
        user = person(request)
        context, task_id = context_of_task(caller(request), task, "queue.label", None)
        return Response({"lease": payloads.lease(queues.hold(context, user, task_id))})

    @extend_schema(
        operation_id="task_give_back",
        parameters=[OpenApiParameter("until", datetime, description="only the lease that was given until then")],
        responses={204: None},
    )
    def delete(self, request: Request, task: UUID) -> Response:
        """Gives my lease back; with `until`, only if it is still that one."""
        user = person(request)
        _, task_id = context_of_task(caller(request), task, "queue.label", None)
        until = None
        if text := request.query_params.get("until"):
            try:
                until = datetime.fromisoformat(text.replace(" ", "+"))
            except ValueError:
                raise BadInput("until must be a time as the lease returned it.", field="until") from None
        queues.give_back(user, task_id, until)
        return Response(status=204)


class Draft(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(
        operation_id="task_draft", request=shapes.NewDraftShape, responses={200: shapes.KeptShape, 409: LOST}
    )
    def put(self, request: Request, task: UUID) -> Response:
        """Saves my draft and renews my lease."""
        given = read(shapes.NewDraftShape, request.data)
        user = person(request)
        context, task_id = context_of_task(caller(request), task, "queue.label")
        kept = save_draft(user, context, task_id, given["result"], base=base_of(given), uuid=given["annotation_id"])
        return Response({"draft": kept})


class Clear(View):
    @extend_schema(
        operation_id="queue_clear",
        request=None,
        parameters=[OpenApiParameter("task", UUID, description="only this task")],
        responses={204: None},
    )
    def delete(self, request: Request, queue: UUID) -> Response:
        """Releases every held task of the queue, or one; unfinished work stays as drafts."""
        person(request)
        context_for(caller(request), queue, "queue.manage", None)
        found = queue_of(request, queue)
        rows = queues.held(found)
        if task := request.query_params.get("task"):
            try:
                rows = rows.filter(task__uuid=UUID(task))
            except ValueError:
                raise BadInput("task must be a uuid.", field="task") from None
        queues.clear(found, caller(request), [lease.pk for lease in rows])
        return Response(status=204)
