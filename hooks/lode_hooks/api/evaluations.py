"""REST: evaluations, their failures, verdicts, and two runs compared."""

from typing import NamedTuple
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_datasets.models import Version
from lode_hooks.api import evaluation_shapes, failure_shapes
from lode_hooks.api.predictions import set_of
from lode_hooks.api.runs import RUN, run_of, version_of
from lode_hooks.evaluations import summary
from lode_hooks.evaluations.compare import compare
from lode_hooks.evaluations.evaluate import DEFAULTS
from lode_hooks.evaluations.splits import TEST
from lode_hooks.failures import browse, verdicts
from lode_hooks.failures.filters import READERS, FailureFilter
from lode_hooks.models import Evaluation, EvaluationQuerySet, Failure, Run
from lode_platform import access
from lode_platform.addresses import same_with
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.signed_in import caller, person

MAX_PAGE = 500
FILTERS = [OpenApiParameter(name, str) for name in READERS]
PAGES = [OpenApiParameter("limit", int, description=f"at most {MAX_PAGE}"), OpenApiParameter("offset", int)]


def evaluation_of(request: Request, uuid: UUID) -> Evaluation:
    """An evaluation of a run that the person may see."""
    found = with_job(Evaluation.objects.visible_to(caller(request))).filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such evaluation.", code="no_evaluation")
    access.require(caller(request), found.prediction_set.run.project, "project.view")
    return found


def with_job(rows: EvaluationQuerySet) -> EvaluationQuerySet:
    """Evaluations with all that is named of them and their jobs, in one query."""
    return rows.whole().select_related("job__created_by")


class OneEvaluation(View):
    @extend_schema(operation_id="evaluation", responses=evaluation_shapes.EvaluationShape)
    def get(self, request: Request, evaluation: UUID) -> Response:
        """An evaluation's numbers; those named tp, fp and fn are at score 0."""
        found = evaluation_of(request, evaluation)
        return Response(evaluation_shapes.evaluation_json(found, found.prediction_set.run.project))


class Failures(View):
    @extend_schema(
        operation_id="evaluation_failures", parameters=[*FILTERS, *PAGES], responses=failure_shapes.FailuresShape
    )
    def get(self, request: Request, evaluation: UUID) -> Response:
        """The failures, as the failures page filters them; at score 0 unless a threshold is given."""
        found = evaluation_of(request, evaluation)
        if found.state != Evaluation.State.READY:
            raise Conflict("This evaluation is not ready.", code="not_ready", state=found.state)
        query = request.query_params
        try:
            offset, limit = int(query.get("offset", "0")), int(query.get("limit", "200"))
        except ValueError:
            raise BadInput("offset and limit are whole numbers.", code="bad_limit") from None
        if offset < 0 or not 1 <= limit <= MAX_PAGE:
            raise BadInput(f"limit is a number from 1 to {MAX_PAGE}, offset one from 0 on.", code="bad_limit")
        chosen = FailureFilter.parse({"threshold": "0", **query.dict()})
        page = browse.matches(found, chosen, offset=offset, limit=limit)
        following = None
        if offset + len(page.matches) < page.count:
            following = same_with(request._request, offset=str(offset + limit), limit=str(limit))
        names = summary.class_names(found)
        rows = [failure_shapes.match_json(match, names, found, chosen.threshold) for match in page.matches]
        stated = summary.stated_threshold(found, chosen.threshold)
        return Response({"results": rows, "count": page.count, "threshold": stated, "next": following})


def failure_of(request: Request, uuid: UUID, verb: str) -> Failure:
    """A failure that the person may see."""
    rows = Failure.objects.visible_to(caller(request)).select_related("project", "item", "dataset")
    found = rows.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such failure.", code="no_failure")
    access.require(caller(request), found.project, verb)
    return found


class OneFailure(View):
    @extend_schema(operation_id="failure", responses=failure_shapes.FailureShape)
    def get(self, request: Request, failure: UUID) -> Response:
        """A failure with its verdicts and what it was in every evaluation that held its item."""
        found = failure_of(request, failure, "project.view")
        said = found.verdicts.select_related("user").order_by("pk")
        latest = verdicts.latest_view(found)
        return Response(
            {
                "uuid": found.uuid,
                "item": found.item.uuid,
                "path": found.item.path,
                "region": found.region,
                "class_id": latest.class_id,
                "box": latest.box,
                "verdict": verdicts.said_of(found, latest),
                "verdicts": [failure_shapes.verdict_json(verdict, found) for verdict in said],
                "history": [
                    {
                        "evaluation": entry.evaluation.uuid,
                        "run": entry.run.name,
                        "version": str(entry.version),
                        "kind": entry.kind,
                        "threshold": entry.threshold,
                        "score": entry.score,
                        "at": entry.when,
                    }
                    for entry in verdicts.history(found)
                ],
                "url": failure_shapes.failure_url(found.uuid, found.project),
            }
        )


class Verdicts(View):
    @extend_schema(
        operation_id="failure_judge",
        request=failure_shapes.NewVerdictShape,
        responses={201: failure_shapes.FailureVerdictShape},
    )
    def post(self, request: Request, failure: UUID) -> Response:
        """Says what a failure is; `withdrawn` takes the last word back.

        A match that is not on record is judged by its evaluation and its row there; the answer names its failure.
        """
        given = request.data if isinstance(request.data, dict) else {}
        found = None if "row" in given else failure_of(request, failure, "failure.judge")
        given = read(failure_shapes.NewVerdictShape, given)
        looked_at = evaluation_of(request, given["evaluation"]) if given["evaluation"] else None
        if found is None:
            if looked_at is None:
                raise BadInput("row needs evaluation, the one whose row it is.", field="evaluation")
            project = looked_at.prediction_set.run.project
            access.require(caller(request), project, "failure.judge")
            found = verdicts.on_record(failure, project, evaluation=looked_at, row=given["row"])
        verdict = verdicts.judge(found, person(request), kind=given["kind"], note=given["note"], evaluation=looked_at)
        return Response(failure_shapes.verdict_json(verdict, found), status=201)


class Alike(NamedTuple):
    """What two evaluations share when their numbers may stand side by side. `version` 0: two truths are asked for."""

    version: int
    split: str
    out_of_fold: bool
    settings_digest: str


class Compare(View):
    @extend_schema(
        operation_id="runs_compare",
        parameters=[
            OpenApiParameter("version", str, description="whose truth; default: the newest that both have"),
            OpenApiParameter("other_version", str, description="the second run's truth, where it is another one"),
            OpenApiParameter("split", str),
            OpenApiParameter("threshold", float, description="for both; default: each at its own score of best F1"),
        ],
        responses=evaluation_shapes.ComparisonShape,
    )
    def get(self, request: Request, run: str, other: str) -> Response:
        """The second run against the first one, on the newest truth and split that both were evaluated on alike.

        With other_version the second one is taken on that version's truth: one run may so be compared with itself.
        """
        before, after = run_of(request, run), run_of(request, other)
        if before.project_id != after.project_id:
            raise BadInput("The runs are of two projects.", code="other_project")
        query = request.query_params
        version, other_version = query.get("version"), query.get("other_version")
        apart = other_version is not None
        if apart and not version:
            raise BadInput("other_version needs version, the first run's.", code="bad_version", field="version")
        threshold = FailureFilter.parse({"threshold": query.get("threshold")}).threshold
        one = self._evaluations(before, self._truth(request, before, version), apart)
        two = self._evaluations(after, self._truth(request, after, other_version if apart else version), apart)
        if split := query.get("split"):
            one = {key: row for key, row in one.items() if key.split == split}

        def worth(key: Alike) -> tuple[bool, int, bool]:
            return key.split == TEST, key.version, one[key].settings == DEFAULTS

        shared = sorted(set(one) & set(two), key=worth)
        if not shared:
            raise NotFound("The runs have no evaluation on the same truth and split.", code="not_comparable")
        first, second = one[shared[-1]], two[shared[-1]]
        return Response(evaluation_shapes.comparison_json(compare(first, second, threshold=threshold), first, second))

    def _truth(self, request: Request, run: Run, name: str | None) -> Version | None:
        return version_of(request, run.project, name) if name else None

    def _evaluations(self, run: Run, truth: Version | None, apart: bool) -> dict[Alike, Evaluation]:
        """By what makes two comparable; the newest of each, a whole split before a part of it."""
        rows = with_job(Evaluation.objects.filter(prediction_set__run=run).ready())
        if truth is not None:
            rows = rows.filter(version=truth)
        found = {}
        for row in rows.order_by("-prediction_set__partial", "pk"):
            sent = row.prediction_set
            found[Alike(0 if apart else row.version_id, sent.split, sent.out_of_fold, row.settings_digest)] = row
        return found


class Evaluations(View):
    @extend_schema(
        operation_id="predictions_evaluations",
        parameters=PARAMETERS,
        responses=page_of(evaluation_shapes.EvaluationShape),
    )
    def get(self, request: Request, predictions: UUID) -> Response:
        """The evaluations of a prediction set, newest first: one for each truth and each choice of settings."""
        sent = set_of(request, predictions, "project.view")
        rows = with_job(Evaluation.objects.filter(prediction_set=sent))
        return Response(paged(request, rows, lambda row: evaluation_shapes.evaluation_json(row, sent.run.project)))


class RunEvaluations(View):
    @extend_schema(
        operation_id="run_evaluations",
        parameters=[RUN, *PARAMETERS],
        responses=page_of(evaluation_shapes.EvaluationShape),
    )
    def get(self, request: Request, run: str) -> Response:
        """The evaluations of all a run's prediction sets, newest first."""
        found = run_of(request, run)
        rows = with_job(Evaluation.objects.filter(prediction_set__run=found))
        return Response(paged(request, rows, lambda row: evaluation_shapes.evaluation_json(row, found.project)))
