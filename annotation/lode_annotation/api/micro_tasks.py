"""REST: micro-tasks: made, put to a person, voted on, and what they came to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.api import micro_shapes as shapes
from lode_annotation.api.queues import GONE, MAX_TASKS, OTHER_KIND, assigned_in, queue_of, schema_named
from lode_annotation.api.shapes import HoldingShape
from lode_annotation.asked_items import items_by_uuid
from lode_annotation.micro import asking, filling, results, voting
from lode_annotation.models import Queue
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, page_rows
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.api.shapes import job_json, read
from lode_platform.api.view import View
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Job, Project
from lode_platform.signed_in import caller, person

REFUSED = OpenApiResponse(
    description="`voted` (once is enough), `decided`, `withdrawn` (the label has changed), `lease_lost`,"
    " `queue_closed`, `not_assigned`, `operation_used`"
)
NOT_UNDONE = OpenApiResponse(
    description="`not_voted`, `not_last` (only the last vote can be taken back), `decided` (by others since)"
)
FILTERS = [
    OpenApiParameter("outcome", str, enum=list(results.OUTCOMES)),
    OpenApiParameter("class", str, description="id of a class; - for questions about whole items"),
    OpenApiParameter("q", str, description="a part of the item's path"),
]


def _questions(project: Project, rows: Any) -> list[asking.Question]:
    if len(rows) > MAX_TASKS:
        words = f"At most {MAX_TASKS} questions can be sent in one call; send more calls."
        raise BadInput(words, code="too_many", field="questions")
    items = items_by_uuid(project, [row["item"] for row in rows])
    return [
        asking.Question(
            item=items[row["item"]],
            region=row["region"],
            class_id=row["class_id"],
            text=row["text"],
            reason=row["reason"] if isinstance(row["reason"], dict) else {"text": str(row["reason"])},
            priority=row["priority"],
        )
        for row in rows
    ]


def _ask(queue: Queue, who: Caller, given: Mapping[str, Any]) -> tuple[int, Job | None]:
    """Asks what was sent: named questions, and those about what a filter selects."""
    chosen = given["filter"]
    if chosen is not None and not isinstance(chosen, dict):
        raise BadInput("filter must be an object of filters.", field="filter")
    added, job = 0, None
    if given["questions"]:
        added = asking.ask(queue, who, _questions(queue.project, given["questions"]))
    if chosen is not None:
        class_id = asking.class_of(queue, given["about"])
        filled = filling.ask_matching(queue, who, chosen, class_id, priority=given["priority"])
        added, job = added + filled.added, filled.job
    return added, job


def _may_see_open(request: Request, queue: Queue) -> bool:
    """Whether the person sees how others vote on what is still asked."""
    role = access.role_in(queue.project, person(request))
    return access.permits(caller(request), role, "queue.manage")


class NewMicroTasks(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(
        operation_id="micro_task_queue_create",
        request=shapes.NewMicroTaskQueueShape,
        responses={201: shapes.MicroTasksAddedShape},
    )
    def post(self, request: Request, project: str) -> Response:
        """Creates a queue of micro-tasks with named questions, or about the labels of the items that a filter selects.

        Labels of more than 1,000 items are asked about by `job`; the queue is `filling` until all questions are there.
        """
        person(request)
        who = caller(request)
        found = access.project_for(who, project, "queue.manage")
        given = read(shapes.NewMicroTaskQueueShape, request.data)
        names = ("name", "question", "min_votes", "max_votes", "error_limit", "reason", "due")
        with transaction.atomic():
            queue = asking.create_queue(
                found,
                who,
                schema=schema_named(found, given["schema"]),
                corrections=_corrections(found, given["corrections"]),
                assigned=assigned_in(given),
                **{name: given[name] for name in names},
            )
            added, job = _ask(queue, who, given)
            if job is not None:
                Queue.objects.filter(pk=queue.pk).update(state=Queue.State.FILLING)
        queue = queue_of(request, queue.uuid)
        return Response(shapes.added_json(queue, added, job_json(job) if job else None), status=201)


def _corrections(project: Project, uuid: UUID | None) -> Queue | None:
    if uuid is None:
        return None
    rows = Queue.objects.filter(project=project).select_related("schema_revision")
    found = rows.filter(uuid=uuid).first()
    if found is None:
        raise BadInput(f"There is no queue {uuid} in this project.", code="unknown_queue", field="corrections")
    return found


class MicroTasks(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(
        operation_id="micro_tasks",
        parameters=[*PARAMETERS, *FILTERS],
        responses={200: page_of(shapes.MicroTaskShape), 409: OTHER_KIND},
    )
    def get(self, request: Request, queue: UUID) -> Response:
        """The queue's questions in the order they were added, with what they came to."""
        found = queue_of(request, queue)
        asking.rule_of(found)
        given = {name: request.query_params.get(name, "") for name in ("outcome", "class", "q")}
        rows = results.with_votes(results.questions(found, given))
        page, following = page_rows(request, rows, newest_first=False)
        sees_open = _may_see_open(request, found)
        answered = [results.answered(row, sees_open=sees_open) for row in page]
        return Response({"results": [shapes.micro_task_json(row) for row in answered], "next": following})

    @extend_schema(
        operation_id="micro_tasks_add",
        request=shapes.NewMicroTasksShape,
        responses={201: shapes.MicroTasksAddedShape},
    )
    def post(self, request: Request, queue: UUID) -> Response:
        """Asks more in the queue; what it asks already is left as it is."""
        person(request)
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "queue.manage")
        given = read(shapes.NewMicroTasksShape, request.data)
        asking.rule_of(found)
        with transaction.atomic():
            added, job = _ask(found, caller(request), given)
        found.refresh_from_db(fields=["size"])
        return Response(shapes.added_json(found, added, job_json(job) if job else None), status=201)

    @extend_schema(
        operation_id="micro_tasks_change", request=shapes.CorrectionsShape, responses=shapes.MicroTaskRuleShape
    )
    def patch(self, request: Request, queue: UUID) -> Response:
        """Chooses the labeling queue that items get into whose question is answered with no; null for none."""
        person(request)
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "queue.manage")
        given = read(shapes.CorrectionsShape, request.data)
        asking.change_corrections(found, caller(request), _corrections(found.project, given["corrections"]))
        return Response(shapes.rule_json(asking.rule_of(found)))


class NextQuestion(View):
    @extend_schema(
        operation_id="micro_task_next", request=HoldingShape, responses={200: shapes.QuestionShape, 204: GONE}
    )
    def post(self, request: Request, queue: UUID) -> Response:
        """Claims my next question: one that I hold and `holding` does not name, else a free one I was not asked."""
        given = read(HoldingShape, request.data)
        person(request)
        found = voting.next_question(caller(request), queue, given["holding"])
        return Response(found) if found else Response(status=204)


class Vote(View):
    @extend_schema(
        operation_id="micro_task_vote",
        request=shapes.NewVoteShape,
        responses={200: shapes.VotedShape, 409: REFUSED},
    )
    def post(self, request: Request, task: UUID) -> Response:
        """Votes on a question, and with `next` claims the next one by the same request."""
        given = read(shapes.NewVoteShape, request.data)
        person(request)
        return Response(voting.vote(caller(request), task, voting.VoteRequest.of(given)))


class UndoVote(View):
    @extend_schema(
        operation_id="micro_task_undo",
        request=shapes.UndoVoteShape,
        responses={200: shapes.VoteUndoneShape, 409: NOT_UNDONE},
    )
    def post(self, request: Request, task: UUID) -> Response:
        """Takes my last vote in the queue back and puts its question to me again."""
        given = read(shapes.UndoVoteShape, request.data)
        person(request)
        return Response(voting.undo(caller(request), task, given["operation_id"]))


class Results(View):
    @extend_schema(operation_id="micro_task_results", responses={200: shapes.MicroTaskResultsShape, 409: OTHER_KIND})
    def get(self, request: Request, queue: UUID) -> Response:
        """What the questions came to, by outcome, class and person."""
        found = queue_of(request, queue)
        rule = asking.rule_of(found)
        classes = results.by_class(found)
        only = None if _may_see_open(request, found) else person(request)
        return Response(
            {
                "rule": shapes.rule_json(rule),
                "counts": results.totals(classes),
                "classes": [shapes.class_json(row) for row in classes],
                "people": [shapes.voter_json(row) for row in results.voters(found, only)],
            }
        )


class ResultsCsv(View):
    @extend_schema(
        operation_id="micro_task_csv",
        parameters=FILTERS,
        responses={(200, "text/csv"): OpenApiTypes.BINARY, 409: OTHER_KIND},
    )
    def get(self, request: Request, queue: UUID) -> StreamingHttpResponse:
        """The queue's questions and what they came to as CSV, a line each."""
        found = queue_of(request, queue)
        asking.rule_of(found)
        given = {name: request.query_params.get(name, "") for name in ("outcome", "class", "q")}
        results.questions(found, given)
        lines = results.csv_lines(found, given, sees_open=_may_see_open(request, found))
        headers = {"Content-Disposition": f'attachment; filename="micro-tasks-{found.uuid}.csv"'}
        return StreamingHttpResponse(
            (line.encode() for line in lines), content_type="text/csv; charset=utf-8", headers=headers
        )
