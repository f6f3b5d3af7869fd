"""REST: long work, how far it is, stopping it, trying it again."""

import re
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, jobs
from lode_platform.api import shapes
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Job, JobState, Project
from lode_platform.signed_in import caller, person

_WAIT = re.compile(r"wait=(\d{1,3}(?:\.\d{1,3})?)")


class Jobs(View):
    @extend_schema(
        operation_id="jobs",
        parameters=[*PARAMETERS, OpenApiParameter("state", str, enum=JobState.values)],
        responses=page_of(shapes.JobShape),
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's jobs, newest first."""
        found = access.project_for(caller(request), project, "project.view")
        rows = Job.objects.filter(project=found).select_related("project", "created_by")
        if state := request.query_params.get("state"):
            if state not in JobState.values:
                raise BadInput(f"{state!r} is not a state of a job.", code="bad_filter", field="state")
            rows = rows.filter(state=state)
        return Response(paged(request, rows, shapes.job_json))


def _job(request: Request, uuid: UUID) -> Job:
    rows = Job.objects.filter(project__in=Project.objects.visible_to(caller(request)))
    found = rows.select_related("project", "created_by").filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such job.")
    return found


def _mine(request: Request, uuid: UUID) -> Job:
    """The job, if the person started it or may control any."""
    found = _job(request, uuid)
    assert found.project is not None
    own = found.created_by_id == person(request).pk
    access.require(caller(request), found.project, "project.view" if own else "job.control")
    return found


class OneJob(View):
    @extend_schema(
        operation_id="job",
        parameters=[
            OpenApiParameter(
                "Prefer", str, OpenApiParameter.HEADER, description="wait=1.5: seconds, until it has ended"
            ),
        ],
        responses=shapes.JobShape,
    )
    def get(self, request: Request, job: UUID) -> Response:
        """A job: its state, how far it is, its result or error.

        With ``Prefer: wait=SECONDS`` the answer comes when it has ended, or after so long, 2 s at most; a busy server
        answers at once.
        """
        found = _job(request, job)
        if asked := _WAIT.fullmatch(request.headers.get("Prefer", "")):
            jobs.wait(found, float(asked[1]))
        return Response(shapes.job_json(found))


class Cancel(View):
    @extend_schema(operation_id="job_cancel", request=None, responses=shapes.JobShape)
    def post(self, request: Request, job: UUID) -> Response:
        """Asks the job to stop; it tidies up and ends at its next step."""
        row = _mine(request, job)
        jobs.cancel(row)
        return Response(shapes.job_json(row))


class Retry(View):
    @extend_schema(operation_id="job_retry", request=None, responses=shapes.JobShape)
    def post(self, request: Request, job: UUID) -> Response:
        """Queues a job that failed or was cancelled again."""
        row = _mine(request, job)
        jobs.retry(row)
        return Response(shapes.job_json(row))
