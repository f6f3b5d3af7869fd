"""The page of one failure, and the verdicts that people give."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lode_hooks.evaluations import places, summary
from lode_hooks.failures import verdicts
from lode_hooks.models import Failure, FailureOccurrence, Verdict
from lode_hooks.views.answers import answers_json
from lode_hooks.views.evaluations import allowed
from lode_hooks.views.failures import asked_evaluation
from lode_hooks.views.links import number, run_url
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn, drawn, from_bounds
from lode_platform.models import Item, Project
from lode_platform.signed_in import signed_in
from lode_platform.templatetags.lode import class_color
from lode_platform.views.json_body import json_object
from motherlode.media import Image
from motherlode.regions import box_of


@require_POST
def verdict(request: HttpRequest, project: str, failure: UUID) -> HttpResponse:
    """Says what a failure is; a form comes back to the failure's page, the viewer's script gets JSON."""
    if request.content_type == "application/json":
        return verdict_json(request, project, failure)
    judged, _said = judge(request, project, failure, request.POST)
    return redirect("hooks:failure", project, judged.uuid)


@answers_json
def verdict_json(request: HttpRequest, project: str, failure: UUID) -> HttpResponse:
    """The same for the viewer's script."""
    judged, said = judge(request, project, failure, json_object(request))
    return JsonResponse({"uuid": str(said.uuid), "kind": said.kind, "failure": str(judged.uuid)})


def judge(request: HttpRequest, project: str, failure: UUID, body: Mapping[str, Any]) -> tuple[Failure, Verdict]:
    """Keeps what the person says of a failure of this project, which is recorded now if it is not yet."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "failure.judge")
    evaluation = asked_evaluation(place, user, body) if "evaluation" in body else None
    row = body.get("row")
    found = verdicts.on_record(failure, place, evaluation=evaluation, row=row if isinstance(row, int) else None)
    kind, note = str(body.get("kind", "")), str(body.get("note", ""))
    return found, verdicts.judge(found, user, kind=kind, note=note, evaluation=evaluation)


@require_GET
def page(request: HttpRequest, project: str, failure: UUID) -> HttpResponse:
    """One failure: where it is, in which evaluations it was seen, and what people said of it."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    shown = get_object_or_404(
        Failure.objects.visible_to(Caller(user)).filter(project=place).select_related("item", "dataset"), uuid=failure
    )
    latest = verdicts.latest_view(shown)
    occurrence = latest.occurrence
    names = summary.class_names(occurrence.evaluation) if occurrence else {}
    regions = failure_regions(shown, latest, names)
    context = {
        "project": place,
        "room": "failures",
        "failure": shown,
        "item": shown.item,
        "occurrence": occurrence,
        "threshold": latest.threshold,
        "class_name": names.get(latest.class_id, str(latest.class_id)),
        "predicted_name": names.get(occurrence.predicted_class or 0, "") if occurrence else "",
        "class_color": class_color(latest.class_id) if latest.class_id else 1,
        "regions": regions,
        "crop": around(regions, shown.item),
        "history": [
            (entry, run_url(place, entry.run, evaluation=entry.evaluation.uuid)) for entry in verdicts.history(shown)
        ],
        "said": verdicts.said_of(shown, latest),
        "verdicts": shown.verdicts.select_related("user").order_by("-pk"),
        "kinds": list(enumerate(Verdict.Kind.choices, 1)),
        "may_judge": allowed(place, user, "failure.judge"),
        "viewer_url": viewer_url(place, shown, occurrence, latest.threshold),
    }
    return render(request, "hooks/failure.html", context)


def failure_regions(shown: Failure, latest: verdicts.LatestView, names: Mapping[int, str]) -> list[Drawn]:
    """The truth and the newest prediction, each in its own shape, or by its bounds where no evaluation holds it."""
    occurrence = latest.occurrence
    truth, predicted = (
        places.of_matches(occurrence.evaluation, [occurrence.row])[occurrence.row] if occurrence else (None, None)
    )
    label = names.get(latest.class_id, "")
    bounds = from_bounds(latest.box)
    regions = drawn(truth or bounds, layer="truth", label=label) if shown.region else []
    if occurrence and occurrence.predicted_box:
        said, place = names.get(occurrence.predicted_class or 0, ""), predicted or from_bounds(occurrence.predicted_box)
        regions += drawn(place, layer="prediction", label=said, score=occurrence.score)
    elif not shown.region:
        regions += drawn(bounds, layer="prediction", label=label)
    return regions


def around(regions: Sequence[Drawn], item: Item, margin: float = 1.2) -> Sequence[int]:
    """The part of the picture to show, x1, y1, x2, y2 in whole pixels: the regions with a margin; () for none."""
    media = item.media
    boxes = [box for region in regions if (box := box_of(region)) is not None]
    if not boxes or not isinstance(media, Image):
        return ()
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[2] for b in boxes), max(b[3] for b in boxes)
    pad = max(right - left, bottom - top, 48.0) * margin
    return (
        max(0, math.floor(left - pad)),
        max(0, math.floor(top - pad)),
        min(media.width, math.ceil(right + pad)),
        min(media.height, math.ceil(bottom + pad)),
    )


def viewer_url(project: Project, shown: Failure, occurrence: FailureOccurrence | None, threshold: float | None) -> str:
    """The viewer on this failure's picture, in the evaluation that saw it last, at the page's threshold."""
    if occurrence is None:
        return ""
    here = reverse("hooks:failures", args=[project.name])
    at = "" if threshold is None else f"&threshold={number(threshold)}"
    return f"{here}?evaluation={occurrence.evaluation.uuid}&item={shown.item.uuid}{at}"
