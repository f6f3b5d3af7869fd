"""REST: assistants that learn from a schema's labels, what they answer, and pre-labels."""

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.api import assist_shapes as shapes
from lode_annotation.api.queues import queue_of
from lode_annotation.api.schemas import schema_of
from lode_annotation.assist import answering, prelabelling, training
from lode_annotation.assist.answering import Click
from lode_annotation.assist.standing import standings
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.signed_in import caller

OFF = OpenApiResponse(description="`assist_off`: no assistant may help; the error says why")


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
        """What a click on the task's picture means: a region to accept, correct or dismiss."""
        given = read(shapes.ClickShape, request.data)
        return Response(answering.answer(task, caller(request), Click(**given)))


class Prelabel(View):
    @extend_schema(operation_id="queue_prelabel", request=None, responses={202: JobShape, 409: OFF})
    def post(self, request: Request, queue: UUID) -> Response:
        """Starts the job that pre-labels the next open tasks; one of five is left without, to compare with."""
        return Response(job_json(prelabelling.prelabel(queue_of(request, queue), caller(request))), status=202)
