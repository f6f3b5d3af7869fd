"""REST: how far people agree."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import agreement_figures, comparisons, estimates
from lode_annotation.agreement_figures import Figures, Tally
from lode_annotation.api.agreement_shapes import AgreementShape, EstimateShape
from lode_annotation.models import Queue
from lode_platform.access import project_for
from lode_platform.api.view import View
from lode_platform.errors import BadInput
from lode_platform.models import User
from lode_platform.signed_in import caller


class Agreement(View):
    @extend_schema(
        operation_id="agreement",
        parameters=[OpenApiParameter("queue", UUID, description="of this queue alone")],
        responses={200: AgreementShape},
    )
    def get(self, request: Request, project: str) -> Response:
        """How far people agree under each question, in all and pair by pair, and each with the labels.

        `to_compare` tasks are not in the figures yet.
        """
        found = project_for(caller(request), project, "annotation.review")
        queue = None
        if given := request.query_params.get("queue"):
            try:
                queue = get_object_or_404(Queue.objects.filter(project=found), uuid=UUID(given))
            except ValueError:
                raise BadInput(f"{given!r} is not a queue's id.", field="queue") from None
        rows = agreement_figures.comparisons(found, queue)
        asked = [one for one, _count in agreement_figures.questions(found, queue)]
        figures = [agreement_figures.figures(question, rows) for question in asked]
        people = dict(User.objects.filter(pk__in=agreement_figures.people_in(figures)).values_list("pk", "username"))
        answer = {"to_compare": comparisons.marked(found), "questions": [_json(each, people) for each in figures]}
        return Response(answer)


class Estimates(View):
    @extend_schema(operation_id="estimates", responses=EstimateShape(many=True))
    def get(self, request: Request, queue: UUID) -> Response:
        """How often each person says which class of which, as it was estimated for the consensus of a queue; the newest
        estimate of each question first. Votes name the one that they were weighed by."""
        return Response(estimates.listed(caller(request), queue))


def _json(found: Figures, people: dict[int, str]) -> dict[str, Any]:
    question, total = found.question, found.total
    return {
        "schema": question.schema.name,
        "control": question.control.name,
        "measure": question.measure,
        "tasks": found.tasks,
        "f1": total.f1,
        "located": total.located if question.is_of_regions else None,
        "mean_iou": total.mean_iou if question.is_of_regions else None,
        "observed": total.observed,
        "fleiss": total.fleiss,
        "alpha": total.alpha,
        "alike": total.alike if question.measure == "alike" else None,
        "pairs": [
            {"people": [people[one], people[two]], **_pair(found, tally)} for (one, two), tally in found.pairs.items()
        ],
        "with_labels": [{"person": people[one], **_pair(found, tally)} for one, tally in found.labels.items()],
        "ambiguous": [
            {"class_id": row.class_id, "name": row.name, "share": row.share, "comparisons": row.count}
            for row in found.ambiguous
        ],
    }


def _pair(found: Figures, tally: Tally) -> dict[str, Any]:
    regions = found.question.is_of_regions
    return {
        "value": found.question.of(tally),
        "comparisons": tally.count,
        "mean_iou": tally.mean_iou if regions else None,
        "kappa": tally.cohen,
    }
