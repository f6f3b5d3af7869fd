"""REST: assistants that learn from a schema's labels, what they answer, and pre-labels."""

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.api import assist_shapes as shapes
from lode_annotation.api.queues import queue_of
from lode_annotation.api.schemas import schema_of
from lode_annotation.assist import answering, predictors, prelabelling, training
from lode_annotation.assist.answering import Click
from lode_annotation.assist.models import Predictor
from lode_annotation.assist.standing import standings
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.errors import NotFound
from lode_platform.signed_in import caller

UNANSWERED = OpenApiResponse(description="`unanswered`: it did not answer as a predictor does")
OFF = OpenApiResponse(
    description="`assist_off`: no assistant may help; `unanswered`: what helps did not answer; `preparing`: it is still"
    " looking at the picture. The error says why"
)


class Assistants(View):
    @extend_schema(operation_id="assistants", responses=shapes.AssistantShape(many=True))
    def get(self, request: Request, schema: UUID) -> Response:
        """The assistants of a schema: what each learned, how good it is, and whether it helps."""
        return Response([shapes.assistant_json(one) for one in standings(schema_of(request, schema))])


class Train(View):
    @extend_schema(operation_id="assistants_train", request=None, responses={202: JobShape})
    def post(self, request: Request, schema: UUID) -> Response:
        """Starts the job that trains the schema's assistants on its labels."""
        return Response(job_json(training.train(schema_of(request, schema), caller(request))), status=202)


class OneAssistant(View):
    @extend_schema(operation_id="assistant_switch", request=shapes.SwitchShape, responses=shapes.AssistantShape)
    def patch(self, request: Request, schema: UUID, assistant: str) -> Response:
        """Switches an assistant off, or on again; one that is not better than the trivial guess stays off by itself."""
        found = schema_of(request, schema)
        training.switch(found, caller(request), assistant, read(shapes.SwitchShape, request.data)["on"])
        return Response(next(shapes.assistant_json(one) for one in standings(found) if one.assistant.name == assistant))


class Able(View):
    @extend_schema(operation_id="queue_assist", request=None, responses=shapes.AbleShape)
    def post(self, request: Request, queue: UUID) -> Response:
        """Whether clicks are answered here, and why not. Where enough labels came since, a job learns again."""
        return Response(answering.state_for(queue, caller(request)))


class Answer(View):
    @extend_schema(
        operation_id="task_assist", request=shapes.ClickShape, responses={200: shapes.SuggestedShape, 409: OFF}
    )
    def post(self, request: Request, task: UUID) -> Response:
        """What a click on the task's picture, or a box drawn on it, means: a region to accept, correct or dismiss."""
        given = read(shapes.ClickShape, request.data)
        return Response(answering.answer(task, caller(request), Click(**given)))


class Prelabel(View):
    @extend_schema(operation_id="queue_prelabel", request=shapes.PrelabelShape, responses={202: JobShape, 409: OFF})
    def post(self, request: Request, queue: UUID) -> Response:
        """Starts the job that pre-labels the next open tasks, with what the assistant finds or a predictor answers; one
        of five is left without, to compare with."""
        given = read(shapes.PrelabelShape, request.data)
        job = prelabelling.prelabel(queue_of(request, queue), caller(request), given["predictor"])
        return Response(job_json(job), status=202)


class Predictors(View):
    @extend_schema(operation_id="predictors", responses=shapes.PredictorShape(many=True))
    def get(self, request: Request, schema: UUID) -> Response:
        """The predictors of a schema: models of others behind HTTP, as Label Studio's ML backends are."""
        rows = schema_of(request, schema).predictors.order_by("pk")
        return Response([shapes.predictor_json(row) for row in rows])

    @extend_schema(
        operation_id="predictor_add",
        request=shapes.NewPredictorShape,
        responses={201: shapes.PredictorShape, 502: UNANSWERED},
    )
    def post(self, request: Request, schema: UUID) -> Response:
        """Adds a predictor: it has to answer `/health`, and is told the schema by `/setup`."""
        given = read(shapes.NewPredictorShape, request.data)
        made = predictors.add(schema_of(request, schema), caller(request), **given)
        return Response(shapes.predictor_json(made), status=201)


class OnePredictor(View):
    @extend_schema(operation_id="predictor_remove", request=None, responses={204: None})
    def delete(self, request: Request, predictor: UUID) -> Response:
        """Removes a predictor; what it suggested stays."""
        rows = Predictor.objects.visible_to(caller(request)).select_related("schema__project")
        found = rows.filter(uuid=predictor).first()
        if found is None:
            raise NotFound("There is no such predictor.")
        predictors.remove(found, caller(request))
        return Response(status=204)
