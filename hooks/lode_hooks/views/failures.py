"""The failure viewer, and what it asks for while somebody works in it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_GET, require_POST

from lode_hooks.evaluations import summary
from lode_hooks.evaluations.summary import is_located, overlap_words
from lode_hooks.failures import browse, verdicts
from lode_hooks.failures.browse import Match
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.failures.fix import open_for_fixing
from lode_hooks.failures.kinds import KIND_ICONS, KIND_TITLES
from lode_hooks.models import Evaluation, Failure, Verdict
from lode_hooks.views.answers import answers_json
from lode_hooks.views.evaluations import allowed, evaluations_of, importance, named, speaking
from lode_hooks.views.facets import active_filters, as_query, facet_views
from lode_hooks.views.links import run_url
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, User
from lode_platform.signed_in import signed_in
from lode_platform.templatetags.lode import class_color
from lode_platform.views.json_body import json_object

PAGE = 200
FIRST = 60
SORT_TITLES = {
    "confident": later("confident first"),
    "score": later("lowest score"),
    "iou": later("lowest overlap"),
    "size": later("largest"),
    "path": later("by item"),
}


@require_GET
def viewer(request: HttpRequest, project: str) -> HttpResponse:
    """Every match that the address asks for, to be looked at and judged; without an evaluation, the newest run's."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    known = named(place, user)
    if "evaluation" not in request.GET:
        newest = speaking(place, user)
        if not newest:
            return render(request, "hooks/failures_empty.html", {"project": place, "room": "failures"})
        query = request.GET.copy()
        query["evaluation"] = str(newest[0].uuid)
        return redirect(f"{request.path}?{query.urlencode()}")
    evaluation = asked_evaluation(place, user, request.GET)
    chosen = FailureFilter.parse(request.GET)
    found = browse.matches(evaluation, chosen, limit=FIRST)
    facets = browse.facets(evaluation, chosen)
    names = summary.class_names(evaluation)
    run = evaluation.prediction_set.run
    boot = boot_json(place, user, evaluation, chosen, found, facets)
    context = {
        "project": place,
        "evaluation": evaluation,
        "run": run,
        "boot": boot,
        "count": found.count,
        "judged": boot["judged"],
        "facets": facet_views(place, evaluation, chosen, facets, names),
        "active": active_filters(request, chosen, names, overlap_words(evaluation)),
        "evaluations": sorted(known, key=lambda e: (-e.prediction_set.run_id, importance(e)))[:40],
        "sorts": SORT_TITLES,
        "sort": chosen.sort,
        "threshold": evaluation.threshold if chosen.threshold is None else chosen.threshold,
        "best_threshold": evaluation.threshold or 0.0,
        "back": run_url(place, run, evaluation=evaluation.uuid),
        "all_url": f"{reverse('hooks:failures', args=[place.name])}?evaluation={evaluation.uuid}",
        "verdicts": list(enumerate(Verdict.Kind.choices, 1)),
    }
    return render(request, "hooks/failures.html", context)


def boot_json(
    place: Project,
    user: User,
    evaluation: Evaluation,
    chosen: FailureFilter,
    found: browse.MatchPage,
    facets: Mapping[str, list[browse.Facet]],
) -> dict[str, Any]:
    """What the viewer's script starts with."""
    judged = {facet.value: facet.count for facet in facets.get("verdict", [])}
    names = summary.class_names(evaluation)
    return {
        "project": place.name,
        "evaluation": str(chosen.against if chosen.transition == "resolved" else evaluation.uuid),
        "count": found.count,
        "matches": [match_json(match) for match in found.matches],
        "classes": {str(key): {"name": name, "color": class_color(key)} for key, name in names.items()},
        "boxes": is_located(evaluation),
        "overlap": overlap_words(evaluation),
        "judged": found.count - judged.get("none", found.count) if not chosen.verdict else 0,
        "may_judge": allowed(place, user, "failure.judge"),
        "may_mine": allowed(place, user, "mining.create"),
        "kinds": {kind: str(title).lower() for kind, title in KIND_TITLES.items()},
        "kind_icons": KIND_ICONS,
        "verdicts": list(Verdict.Kind.values),
        "verdict_titles": {kind: str(title) for kind, title in Verdict.Kind.choices},
        "words": viewer_words(),
        "urls": viewer_urls(place, evaluation, chosen),
    }


def viewer_urls(place: Project, evaluation: Evaluation, chosen: FailureFilter) -> dict[str, str]:
    """The addresses that the viewer's script asks; those with `NO_UUID` are filled in by it."""
    run = evaluation.prediction_set.run
    address = f"evaluation={evaluation.uuid}&{as_query(chosen)}".rstrip("&")
    # verdicts given from now on do not move the matches that are still to be fetched
    steady = as_query(chosen, as_of=chosen.as_of or timezone.now()) if chosen.verdict else as_query(chosen)
    return {
        "matches": f"{reverse('hooks:matches', args=[place.name])}?evaluation={evaluation.uuid}&{steady}",
        "scene": f"{reverse('hooks:scene', args=[place.name])}?{address}",
        "fix": f"{reverse('hooks:fix', args=[place.name])}?{address}",
        "facets": f"{reverse('hooks:facets', args=[place.name])}?{address}",
        "record": reverse("hooks:record", args=[place.name]),
        "mine": f"{reverse('hooks:mine', args=[place.name])}?run={run.uuid}&{mining_query(chosen)}",
        "failure": reverse("hooks:failure", args=[place.name, NO_UUID]),
        "verdict": reverse("hooks:verdict", args=[place.name, NO_UUID]),
        "item": reverse("platform:item", args=[place.name, NO_UUID]),
        "media": reverse("platform:media", args=[NO_UUID]),
        "thumb": reverse("platform:thumb", args=[NO_UUID]),
        "back": run_url(place, run, evaluation=evaluation.uuid),
    }


def viewer_words() -> dict[str, str]:
    """What the viewer's script says."""
    return {
        "nothing": _("background"),
        "right": _("correct"),
        "score": _("score"),
        "page": _("page {n} of {all}"),
        "not_a_failure": _("A correct prediction is not a failure: there is nothing to judge."),
        "may_not_judge": _("Your role cannot give verdicts."),
        "not_sent": _("The verdict did not reach the server and was undone here; try again."),
        "judged_many": _("%d results judged"),
        "none_judged": _("No verdicts in this session."),
        "keys_judge": _("Verdict, then next"),
        "keys_results": _("Results"),
        "keys_picture": _("Image"),
        "next": _("next"),
        "previous": _("previous"),
        "row_down": _("one row down"),
        "row_up": _("one row up"),
        "select": _("select"),
        "undo": _("undo the last verdict"),
        "mine": _("mine like these"),
        "fix": _("open for fixing"),
        "truth": _("truth on and off"),
        "prediction": _("prediction on and off"),
        "focus": _("zoom to the result"),
        "closer": _("zoom in"),
        "further": _("zoom out"),
        "whole": _("whole image"),
        "item": _("open the item"),
        "back": _("clear the selection, or back to the run"),
    }


NO_UUID = UUID(int=0)
"""Stands in the addresses that the viewer's script fills in."""


def asked_evaluation(project: Project, user: User, query: Mapping[str, Any]) -> Evaluation:
    """The evaluation named in the address; what this person may not see is not there."""
    try:
        uuid = UUID(str(query.get("evaluation", "")))
    except ValueError:
        raise BadInput(_("evaluation= is not a uuid"), code="bad_filter") from None
    return get_object_or_404(evaluations_of(project, user), uuid=uuid)


def mining_query(chosen: FailureFilter) -> str:
    """The part of a filter that says what "like these" means: kind, classes and the cell, not the evaluation."""
    kept = {"kind", "truth_class", "predicted_class", "cell", "state", "size", "min_score", "max_score", "threshold"}
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in chosen.query().items() if name in kept})
    return query.urlencode()


def match_json(match: Match) -> dict[str, Any]:
    """A match as the viewer's script reads it; its regions are drawn by their kind."""
    return {
        "row": match.row,
        "failure": str(match.failure) if match.failure else None,
        "recorded": match.on_record,
        "item": str(match.item),
        "path": match.path,
        "medium": match.medium,
        "width": match.width,
        "height": match.height,
        "page": min(match.frame or 0, match.pages - 1),
        "pages": match.pages,
        "state": match.state,
        "kind": match.kind,
        "truth": match.truth_class,
        "predicted": match.predicted_class,
        "truthRegion": match.truth_place,
        "predictedRegion": match.predicted_place,
        "score": match.score,
        "iou": match.iou,
        "verdict": match.verdict,
    }


@require_GET
def facet_lines(request: HttpRequest, project: str) -> HttpResponse:
    """The facets of the same address as they are now, for a page on which verdicts were given since it was opened."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    evaluation = asked_evaluation(place, user, request.GET)
    chosen = FailureFilter.parse(request.GET)
    facets, names = browse.facets(evaluation, chosen), summary.class_names(evaluation)
    views = facet_views(place, evaluation, chosen, facets, names)
    return render(request, "hooks/facets.html", {"project": place, "facets": views})


@require_GET
@answers_json
def match_rows(request: HttpRequest, project: str) -> HttpResponse:
    """More matches of the same address, from ``offset``."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    evaluation = asked_evaluation(place, user, request.GET)
    try:
        offset, limit = int(request.GET.get("offset", 0)), int(request.GET.get("limit", PAGE))
    except ValueError:
        raise BadInput(_("offset and limit are whole numbers"), code="bad_filter") from None
    chosen = FailureFilter.parse(request.GET)
    found = browse.matches(evaluation, chosen, offset=min(max(offset, 0), 1 << 31), limit=min(max(limit, 1), 500))
    return JsonResponse({"count": found.count, "matches": [match_json(match) for match in found.matches]})


@require_GET
def old_match_rows(request: HttpRequest, project: str) -> HttpResponse:
    """The address that the matches had before."""
    place = project_for(Caller(signed_in(request)), project, "project.view")
    return redirect(f"{reverse('hooks:matches', args=[place.name])}?{request.GET.urlencode()}", permanent=True)


@require_GET
@answers_json
def picture(request: HttpRequest, project: str) -> HttpResponse:
    """Everything in one picture of an evaluation, and the history of the failure that is looked at."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    evaluation = asked_evaluation(place, user, request.GET)
    chosen = FailureFilter.parse({k: v for k, v in request.GET.items() if k != "item"})
    item = asked_item(place, user, request.GET.get("picture", ""))
    scene = browse.scene(evaluation, item, threshold=chosen.threshold)
    history: list[dict[str, Any]] = []
    if uuid := request.GET.get("failure"):
        failure = get_object_or_404(Failure.objects.visible_to(Caller(user)).filter(project=place), uuid=as_uuid(uuid))
        history = [history_json(place, entry) for entry in verdicts.history(failure)]
    return JsonResponse(
        {
            "item": str(item.uuid),
            "truths": [scene_json(box) for box in scene.truths],
            "predictions": [scene_json(box) for box in scene.predictions],
            "history": history,
        }
    )


def asked_item(project: Project, user: User, uuid: str) -> Item:
    """The item with this uuid, trashed or not: an evaluation keeps what it was made of."""
    return get_object_or_404(Item.objects.filter(project=project), uuid=as_uuid(uuid))


def as_uuid(text: str) -> UUID:
    """A uuid from an address or a form. Raises BadInput."""
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(_("%(text)s is not a uuid") % {"text": repr(text)}, code="bad_uuid") from None


def as_uuids(texts: Iterable[str]) -> list[UUID]:
    """The uuids of an address's repeated field. Raises BadInput."""
    return [as_uuid(text) for text in texts]


def scene_json(box: browse.SceneBox) -> dict[str, Any]:
    """A box of the picture."""
    return {
        "row": box.row,
        "class": box.class_id,
        "region": box.place,
        "score": box.score,
        "state": box.state,
        "kind": box.kind,
        "crowd": box.crowd,
    }


def history_json(project: Project, entry: verdicts.HistoryEntry) -> dict[str, Any]:
    """An entry of a failure's history."""
    return {
        "run": entry.run.name,
        "version": str(entry.version),
        "kind": entry.kind,
        "words": str(KIND_TITLES.get(entry.kind, entry.kind)).lower() if entry.kind else _("correct"),
        "score": entry.score,
        "when": entry.when.isoformat(),
        "url": run_url(project, entry.run, evaluation=entry.evaluation.uuid),
    }


@require_POST
@answers_json
def fix(request: HttpRequest, project: str) -> HttpResponse:
    """Opens the item of a match for labelling: a task in the queue of fixes, and its address."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "failure.judge")
    evaluation = asked_evaluation(place, user, request.GET)
    chosen = FailureFilter.parse(request.GET)
    row = json_object(request).get("row")
    if not isinstance(row, int):
        raise BadInput(_("row is a whole number"), code="bad_row")
    task = open_for_fixing(evaluation, row, Caller(user), chosen)
    return JsonResponse({"url": f"{reverse('annotation:label', args=[task.queue.uuid])}?task={task.uuid}"})


@require_POST
@answers_json
def record(request: HttpRequest, project: str) -> HttpResponse:
    """Records the failures that are about to be mined: ``{"evaluation", "matches": [{"failure", "row"}]}``."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "mining.create")
    body = json_object(request)
    evaluation = asked_evaluation(place, user, body)
    matches = body.get("matches")
    if not isinstance(matches, list) or len(matches) > browse.MAX_MATCHES:
        raise BadInput(_("matches is a list of at most %(n)s") % {"n": browse.MAX_MATCHES}, code="bad_matches")
    recorded = []
    for match in matches:
        uuid, row = (match.get("failure"), match.get("row")) if isinstance(match, dict) else (None, None)
        if not isinstance(row, int):
            raise BadInput(_("row is a whole number"), code="bad_row")
        recorded.append(verdicts.on_record(as_uuid(str(uuid)), place, evaluation=evaluation, row=row))
    return JsonResponse({"failures": [str(failure.uuid) for failure in recorded]})
