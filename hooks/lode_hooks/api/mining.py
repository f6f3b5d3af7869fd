"""REST: mining rounds, their preview and their report."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_hooks.api import mining_shapes
from lode_hooks.mining import large, report, rounds
from lode_hooks.mining.request import MiningRequest
from lode_hooks.models import MiningRound
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, page_rows
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.signed_in import caller, person


class Rounds(View):
    @extend_schema(operation_id="mining_rounds", parameters=PARAMETERS, responses=page_of(mining_shapes.RoundShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's mining rounds, newest first."""
        home = access.project_for(caller(request), project, "project.view")
        rows = MiningRound.objects.filter(project=home).select_related("project", "dataset", "run", "queue")
        page, following = page_rows(request, rows)
        return Response({"results": mining_shapes.rounds_json(page), "next": following})

    @extend_schema(
        operation_id="mining_create",
        request=mining_shapes.MineShape,
        responses={201: mining_shapes.RoundShape, 202: JobShape},
    )
    def post(self, request: Request, project: str) -> Response:
        """Chooses items and puts them into a queue, which is made if there is none of that name.

        Over many predictions a job does (202); the round has the job's uuid.
        """
        home = access.project_for(caller(request), project, "mining.create")
        given = read(mining_shapes.MineShape, request.data)
        if not given["queue"]:
            raise BadInput("Say into which queue: queue is its name.", field="queue")
        asked = MiningRequest.from_json(home, caller(request), given)
        if large.is_large(asked):
            job = large.create(asked, caller(request), queue=given["queue"], name=given["name"])
            return Response(job_json(job), status=202)
        made = rounds.create_round(asked, caller(request), queue=given["queue"], name=given["name"])
        return Response(mining_shapes.rounds_json([made])[0], status=201)


class Preview(View):
    @extend_schema(
        operation_id="mining_preview",
        request=mining_shapes.MineShape,
        responses={200: mining_shapes.PreviewShape, 202: JobShape},
    )
    def post(self, request: Request, project: str) -> Response:
        """What the same request would take, without taking it. Over many predictions it is a job's result (202)."""
        home = access.project_for(caller(request), project, "mining.create")
        asked = MiningRequest.from_json(home, caller(request), read(mining_shapes.MineShape, request.data))
        if large.is_large(asked):
            return Response(job_json(large.preview(asked, person(request))), status=202)
        return Response(large.as_json(rounds.preview(asked, person(request))))


def round_of(request: Request, uuid: UUID) -> MiningRound:
    """A round that the person may see."""
    rows = MiningRound.objects.visible_to(caller(request)).select_related("project", "dataset", "run__project", "queue")
    found = rows.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such mining round.", code="no_round")
    access.require(caller(request), found.project, "project.view")
    return found


class OneRound(View):
    @extend_schema(operation_id="mining_round", responses=mining_shapes.RoundShape)
    def get(self, request: Request, mined: UUID) -> Response:
        """A mining round."""
        found = round_of(request, mined)
        return Response(mining_shapes.rounds_json([found])[0])


class Report(View):
    @extend_schema(operation_id="mining_report", responses=mining_shapes.ReportShape)
    def get(self, request: Request, mined: UUID) -> Response:
        """What became of a round, as far as it has come."""
        found = round_of(request, mined)
        (row,) = mining_shapes.rounds_json([found])
        return Response(mining_shapes.report_json(report.loop_report(found), row))
