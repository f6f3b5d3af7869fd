"""REST: answers waiting for a reviewer, and the verdict."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import payloads, review, undo_review
from lode_annotation.api import shapes
from lode_annotation.api.queues import LOST
from lode_annotation.models import Annotation, Task
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, searched
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.errors import BadInput
from lode_platform.searching import Search
from lode_platform.signed_in import caller

BUILT_ON = OpenApiResponse(description="`built_on`: a newer answer, other labels or a version depend on it")


class Reviews(View):
    @extend_schema(
        operation_id="reviews",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("queue", UUID),
            OpenApiParameter(
                "late", bool, description="list late answers instead: those sent after somebody else took the task"
            ),
        ],
        responses=page_of(shapes.WaitingShape),
    )
    def get(self, request: Request, project: str) -> Response:
        """The answers waiting for review, in the order of their tasks."""
        found = access.project_for(caller(request), project, "annotation.review")
        queues = found.queues.all()
        if queue := request.query_params.get("queue"):
            try:
                queues = queues.filter(uuid=UUID(queue))
            except ValueError:
                raise BadInput("queue must be a uuid.", code="bad_filter", field="queue") from None
        is_late = request.query_params.get("late") in ("1", "true")
        waits = {"state": Annotation.State.SUBMITTED, "task__state": Task.State.SUBMITTED}
        kind: dict[str, Any] = {"lost_at__isnull": False} if is_late else waits
        listed = Annotation.objects.filter(**kind).select_related("task__queue", "task__item", "user")
        listed = listed.order_by("task", "pk")
        here = Task.objects.filter(pk=OuterRef("task"), queue__in=list(queues.values_list("pk", flat=True)))
        search = Search(listed, listed.filter(Exists(here)), Annotation.objects.filter(task__queue__project=found))
        return Response(searched(request, search, shapes.waiting_json))


class NextReview(View):
    @extend_schema(
        operation_id="review_next",
        request=shapes.ReviewNextShape,
        responses={200: shapes.ReviewPayloadShape, 204: OpenApiResponse(description="nothing is waiting")},
    )
    def post(self, request: Request, queue: UUID) -> Response:
        """The oldest answer of the queue that is waiting for my review, or `annotation` if it is; `holding` names
        annotations whose tasks to leave out."""
        given = read(shapes.ReviewNextShape, request.data)
        payload = payloads.next_review(queue, caller(request), given["holding"], given["annotation"])
        return Response(payload) if payload else Response(status=204)


class Verdict(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(
        operation_id="annotation_review",
        request=shapes.VerdictShape,
        responses={200: shapes.ReviewedShape, 409: LOST},
    )
    def post(self, request: Request, annotation: UUID) -> Response:
        """Accepts, fixes (with my result) or rejects an answer; a rejected task is open again, with my comment."""
        given = read(shapes.VerdictShape, request.data)
        verdict = review.ReviewRequest(
            operation_id=given["operation_id"],
            verdict=given["verdict"],
            base=given["base_revision"],
            comment=given["comment"],
            result=given["result"],
            lead_time=given["lead_time"],
            want_next=given["next"],
            holding=given["holding"],
        )
        return Response(review.review(caller(request), annotation, verdict))

    @extend_schema(
        operation_id="annotation_review_undo",
        parameters=[OpenApiParameter("operation_id", UUID, required=True, description="of the verdict")],
        responses={200: shapes.UndoneShape, 409: BUILT_ON},
    )
    def delete(self, request: Request, annotation: UUID) -> Response:
        """Undoes my verdict while nothing depends on it; the answer is waiting for review again."""
        operation = request.query_params.get("operation_id", "")
        return Response(undo_review.undo_review(caller(request), annotation, operation))
