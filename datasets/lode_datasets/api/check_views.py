"""REST: what checks found, how much it weighs, and what is let pass."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_datasets import checking, gate
from lode_datasets.api import check_shapes
from lode_datasets.api.views import WHICH, found_dataset, found_version
from lode_datasets.models import Waiver
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.errors import NotFound
from lode_platform.signed_in import person


class VersionChecks(View):
    @extend_schema(operation_id="version_checks", parameters=[WHICH], responses=check_shapes.VersionChecksShape)
    def get(self, request: Request, project: str, name: str, which: str) -> Response:
        """What each check found when the version was published, how many items it looked at, and which did not look."""
        run = checking.run_of(found_version(request, project, name, which))
        return Response({"run": check_shapes.run_json(run) if run else None})


class DatasetChecks(View):
    @extend_schema(operation_id="checks", responses=check_shapes.DatasetChecksShape)
    def get(self, request: Request, project: str, name: str) -> Response:
        """The checks with their severities here, what they found last, and the waivers that hold today."""
        return Response(check_shapes.checks_json(found_dataset(request, project, name, "project.view")))

    @extend_schema(operation_id="checks_run", request=check_shapes.RunChecksShape, responses={202: JobShape})
    def post(self, request: Request, project: str, name: str) -> Response:
        """Has the checks look at what the dataset holds, by a job; nothing is published."""
        found = found_dataset(request, project, name, "dataset.pull")
        given = read(check_shapes.RunChecksShape, request.data)
        return Response(job_json(checking.ask(found, person(request), given["checks"])), status=202)

    @extend_schema(
        operation_id="checks_set", request=check_shapes.SeveritiesShape, responses=check_shapes.DatasetChecksShape
    )
    def patch(self, request: Request, project: str, name: str) -> Response:
        """Says of checks whether what they find is a note, a warning or an error, which stops a publish, or off."""
        found = found_dataset(request, project, name, "dataset.edit")
        gate.choose(found, person(request), read(check_shapes.SeveritiesShape, request.data)["severities"])
        return Response(check_shapes.checks_json(found))


class Waivers(View):
    @extend_schema(operation_id="waivers", parameters=PARAMETERS, responses=page_of(check_shapes.WaiverShape))
    def get(self, request: Request, project: str, name: str) -> Response:
        """All waivers that were given, the newest first."""
        found = found_dataset(request, project, name, "project.view")
        return Response(paged(request, found.waivers.select_related("given_by"), check_shapes.waiver_json))

    @extend_schema(operation_id="waive", request=check_shapes.NewWaiverShape, responses={201: check_shapes.WaiverShape})
    def post(self, request: Request, project: str, name: str) -> Response:
        """Lets pass what a check found last, with a reason and until a day; the version that it lets pass shows it."""
        found = found_dataset(request, project, name, "dataset.edit")
        given = read(check_shapes.NewWaiverShape, request.data)
        made = gate.waive(found, person(request), name=given["check"], reason=given["reason"], until=given["until"])
        return Response(check_shapes.waiver_json(made), status=201)


class OneWaiver(View):
    @extend_schema(operation_id="waiver_end", responses={204: None})
    def delete(self, request: Request, project: str, name: str, waiver: UUID) -> Response:
        """Ends a waiver; versions that it let pass keep showing it."""
        found = found_dataset(request, project, name, "dataset.edit")
        held = Waiver.objects.filter(dataset=found, uuid=waiver).first()
        if held is None:
            raise NotFound(f"The dataset has no waiver {waiver}.")
        held.dataset = found
        gate.end_waiver(held, person(request))
        return Response(status=204)
