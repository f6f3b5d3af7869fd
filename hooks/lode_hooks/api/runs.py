"""REST: runs, their numbers and how they end."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_datasets import versions
from lode_datasets.models import Version
from lode_hooks.api import run_shapes
from lode_hooks.evaluations import runs
from lode_hooks.evaluations.runs import Step, Tracker, Use
from lode_hooks.models import Run
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.errors import NotFound
from lode_platform.models import Project
from lode_platform.signed_in import caller, person

RUN = OpenApiParameter("run", str, OpenApiParameter.PATH, description="its uuid, or the newest run of a name")


def run_of(request: Request, run: str, verb: str = "project.view") -> Run:
    """A run by its uuid, or the newest one of a name, if the person may do `verb` in its project."""
    rows = Run.objects.visible_to(caller(request)).select_related("project", "created_by")
    try:
        found = rows.filter(uuid=UUID(run)).first()
    except ValueError:
        found = rows.filter(name=run).order_by("-pk").first()
    if found is None:
        raise NotFound(f"There is no run {run!r}.", code="no_run")
    access.require(caller(request), found.project, verb)
    return found


def version_of(request: Request, project: Project, name: str) -> Version:
    """A published version by `dataset@v1`, alias or uuid."""
    try:
        uuid = UUID(name)
    except ValueError:
        return versions.resolve(project, name)
    rows = Version.objects.visible_to(caller(request)).filter(dataset__project=project, uuid=uuid)
    found = rows.select_related("dataset", "schema_revision").first()
    if found is None:
        raise NotFound("There is no such version.", code="no_version")
    return found


def uses_of(request: Request, project: Project, given: list[dict[str, Any]]) -> list[Use]:
    """The versions that were named."""
    return [Use(version_of(request, project, use["version"]), use["split"], use["purpose"]) for use in given]


def shown(rows: "QuerySet[Run]") -> "QuerySet[Run]":
    """Runs with what a list shows of them: two queries, however many."""
    return rows.select_related("created_by").prefetch_related("uses__version__dataset")


class Runs(View):
    @extend_schema(operation_id="runs", parameters=PARAMETERS, responses=page_of(run_shapes.RunShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's runs, newest first."""
        home = access.project_for(caller(request), project, "project.view")
        rows = shown(Run.objects.filter(project=home))
        return Response(paged(request, rows, lambda row: run_shapes.run_json(row, home)))

    @extend_schema(operation_id="run_start", request=run_shapes.NewRunShape, responses={201: run_shapes.RunShape})
    def post(self, request: Request, project: str) -> Response:
        """Starts a run; the same uuid again is the same run."""
        home = access.project_for(caller(request), project, "run.log")
        given = read(run_shapes.NewRunShape, request.data)
        tracker = Tracker(given["tracker"], given["tracker_id"], given["tracker_url"])
        run = runs.start(
            home,
            person(request),
            name=given["name"],
            uuid=given["uuid"],
            params=given["params"],
            uses=uses_of(request, home, given["uses"]),
            code_commit=given["code_commit"],
            tracker=tracker,
        )
        return Response(run_shapes.run_json(shown(Run.objects.all()).get(pk=run.pk), home), status=201)


class OneRun(View):
    @extend_schema(operation_id="run", parameters=[RUN], responses=run_shapes.OneRunShape)
    def get(self, request: Request, run: str) -> Response:
        """A run with its newest numbers and its prediction sets."""
        return Response(self._whole(request, run_of(request, run)))

    @extend_schema(
        operation_id="run_change", parameters=[RUN], request=run_shapes.RunChangeShape, responses=run_shapes.OneRunShape
    )
    def patch(self, request: Request, run: str) -> Response:
        """Ends a run, renames it, links it to its tracker, or adds versions, parameters and tags to those it has."""
        found = run_of(request, run, "run.log")
        given = read(run_shapes.RunChangeShape, request.data)
        tracker = None
        if "tracker" in given:
            tracker = Tracker(given["tracker"], given["tracker_id"], given["tracker_url"])
        runs.add_uses(found, uses_of(request, found.project, given["uses"]))
        runs.change(
            found,
            person(request),
            state=given.get("state", ""),
            tracker=tracker,
            name=given.get("name", ""),
            params=given["params"],
            tags=given["tags"],
        )
        return Response(self._whole(request, found))

    def _whole(self, request: Request, run: Run) -> dict[str, Any]:
        row = shown(Run.objects.all()).get(pk=run.pk)
        metrics = runs.latest_metrics(run)
        sets = run.prediction_sets.select_related("run", "version__dataset").order_by("pk")
        return {
            **run_shapes.run_json(row, run.project),
            "metrics": [{"key": m.key, "value": m.value, "step": m.step, "flag": m.flag} for m in metrics],
            "prediction_sets": [run_shapes.prediction_set_json(sent) for sent in sets],
        }


class Metrics(View):
    @extend_schema(
        operation_id="run_metrics",
        parameters=[RUN],
        request=run_shapes.NewMetricsShape,
        responses={201: run_shapes.LoggedShape},
    )
    def post(self, request: Request, run: str) -> Response:
        """Keeps numbers of the run: at one step (metrics, step), or at many (steps)."""
        found = run_of(request, run, "run.log")
        given = read(run_shapes.NewMetricsShape, request.data)
        steps = [Step(row["metrics"], row["step"], row["at"]) for row in given["steps"]]
        if given["metrics"]:
            steps.append(Step(given["metrics"], given["step"]))
        return Response({"logged": runs.log_metrics(found, steps, again=given["again"])}, status=201)
