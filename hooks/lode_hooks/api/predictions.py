"""REST: prediction sets, sent in parts as JSON lines."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_hooks.api import evaluation_shapes, run_shapes
from lode_hooks.api.runs import RUN, run_of, version_of
from lode_hooks.evaluations import evaluate, predictions, rescore
from lode_hooks.evaluations.predictions import end_rank, receive
from lode_hooks.models import PredictionSet, Run
from lode_platform import access
from lode_platform.api.parsers import BytesParser, raw
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.signed_in import caller, person

MAX_BYTES = 64 * 1024**2


class LinesParser(BytesParser):
    """A part's lines."""

    limit = MAX_BYTES


def set_of(request: Request, uuid: UUID, verb: str) -> PredictionSet:
    """A prediction set of a run that the person may see."""
    rows = PredictionSet.objects.filter(run__in=Run.objects.visible_to(caller(request)))
    found = (
        rows.select_related("run__project", "version__dataset", "version__schema_revision").filter(uuid=uuid).first()
    )
    if found is None:
        raise NotFound("There are no such predictions.", code="no_predictions")
    access.require(caller(request), found.run.project, verb)
    return found


class NewPredictions(View):
    @extend_schema(
        operation_id="predictions_begin",
        parameters=[RUN],
        request=run_shapes.NewPredictionSetShape,
        responses={201: run_shapes.PredictionSetShape},
    )
    def post(self, request: Request, run: str) -> Response:
        """Begins a prediction set on a split of a version; the same uuid again is the same set."""
        found = run_of(request, run, "run.log")
        given = read(run_shapes.NewPredictionSetShape, request.data)
        given["version"] = version_of(request, found.project, given["version"])
        given["class_ids"] = given.pop("ids") == "class"
        sent = predictions.start(found, person(request), **given)
        return Response(run_shapes.prediction_set_json(sent), status=201)


class OnePredictionSet(View):
    @extend_schema(operation_id="predictions", responses=run_shapes.PredictionSetShape)
    def get(self, request: Request, predictions: UUID) -> Response:
        """A prediction set."""
        return Response(run_shapes.prediction_set_json(set_of(request, predictions, "project.view")))


class Part(View):
    parser_classes = [LinesParser]

    @extend_schema(
        operation_id="predictions_part",
        request={"application/x-ndjson": OpenApiTypes.BINARY},
        responses=run_shapes.PredictionPartShape,
    )
    def put(self, request: Request, predictions: UUID, part: int) -> Response:
        """Sends a part: one JSON line an item; sending the same part again changes nothing."""
        sent = set_of(request, predictions, "run.log")
        row = receive(sent, part, raw(request))
        return Response({"part": row.number, "rows": row.rows})


class Finish(View):
    @extend_schema(
        operation_id="predictions_finish",
        request=run_shapes.FinishPredictionsShape,
        responses=evaluation_shapes.FinishedShape,
    )
    def post(self, request: Request, predictions: UUID) -> Response:
        """Joins the parts and has them evaluated; evaluation and job are null for the pool, which has no truth.

        Of several senders each ends with its rank, and the last one's answer is the whole one's.
        """
        sent = set_of(request, predictions, "run.log")
        given = read(run_shapes.FinishPredictionsShape, request.data)
        if "ranks" in given:
            if not end_rank(sent, given.get("rank", 0), given["ranks"], given.get("parts", 0)):
                return Response({**run_shapes.prediction_set_json(sent), "evaluation": None, "job": None})
        elif "parts" in given and sent.state != PredictionSet.State.READY and sent.parts.count() != given["parts"]:
            raise BadInput(f"{sent.parts.count()} parts are here, {given['parts']} were sent.", code="parts_missing")
        evaluation = rescore.finish(sent, person(request))
        sent.refresh_from_db()
        answer: dict[str, Any] = {**run_shapes.prediction_set_json(sent), "evaluation": None, "job": None}
        if evaluation is not None:
            answer |= evaluation_shapes.asked_json(evaluation, sent.run.project)
        return Response(answer)


class Evaluate(View):
    @extend_schema(
        operation_id="predictions_evaluate",
        request=evaluation_shapes.EvaluateShape,
        responses={202: evaluation_shapes.AskedShape},
    )
    def post(self, request: Request, predictions: UUID) -> Response:
        """Evaluates a set on another version's truth, or with other settings; once for the same."""
        sent = set_of(request, predictions, "run.log")
        given = read(evaluation_shapes.EvaluateShape, request.data)
        version = version_of(request, sent.run.project, given["version"]) if given.get("version") else None
        row = evaluate.request_evaluation(sent, person(request), version=version, settings=given["settings"])
        return Response(evaluation_shapes.asked_json(row, sent.run.project), status=202)
