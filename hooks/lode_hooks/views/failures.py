"""The failure viewer, what it asks for while somebody works in it, and the page of one case."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_GET, require_POST

from lode_hooks import evaluate, failures
from lode_hooks.failures import Card, FailureFilter
from lode_hooks.models import Evaluation, Failure, Sighting, Verdict
from lode_hooks.views.answers import answers_json
from lode_hooks.views.evaluations import allowed, evaluations_of, importance, is_boxes, named
from lode_hooks.views.links import run_url
from lode_platform.access import project_for
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, User
from lode_platform.signed_in import signed_in
from lode_platform.templatetags.lode import class_color

PAGE = 200
FIRST = 60
FACET_LINES = 8
STATE_TITLES = {
    "": later("failures"),
    "tp": later("right"),
    "fp": later("wrong predictions"),
    "fn": later("truths not found"),
    "truths": later("all truths"),
    "all": later("everything"),
}
KIND_TITLES = dict(Sighting.Kind.choices) | {"explained": later("Explained")}
SIZE_TITLES = {"small": later("small, up to 32²"), "medium": later("medium, up to 96²"), "large": later("large")}
VERDICT_TITLES = dict(Verdict.Kind.choices) | {"none": later("No verdict yet")}
TRANSITION_TITLES = {
    "fixed": later("fixed"),
    "regressed": later("regressed"),
    "still": later("still failing"),
    "ok": later("right in both"),
    "new": later("new false positives"),
    "persisting": later("false positives in both"),
    "gone": later("false positives gone"),
}
SORT_TITLES = {
    "confident": later("confident first"),
    "score": later("lowest score"),
    "iou": later("lowest overlap"),
    "size": later("largest"),
    "path": later("by item"),
}


@dataclass(frozen=True)
class Choice:
    """A line of a facet."""

    title: str
    count: int
    url: str
    current: bool
    icon: str = ""
    color: int = 0


@dataclass(frozen=True)
class FacetView:
    """A facet as drawn on the left."""

    name: str
    title: str
    choices: list[Choice]

    @property
    def first(self) -> list[Choice]:
        """The lines shown at once."""
        return self.choices if len(self.choices) <= FACET_LINES + 2 else self.choices[:FACET_LINES]

    @property
    def rest(self) -> list[Choice]:
        """The lines behind "more"."""
        return self.choices[len(self.first) :]

    @property
    def rest_open(self) -> bool:
        """Whether one of those is chosen."""
        return any(choice.current for choice in self.rest)


@require_GET
def viewer(request: HttpRequest, project: str) -> HttpResponse:
    """Every card that the address asks for, to be looked at and judged; without an evaluation, the newest one's."""
    user = signed_in(request)
    place = project_for(user, project, "project.view")
    known = named(place, user)
    if "evaluation" not in request.GET:
        newest = sorted(known.order_by("-created_at")[:20], key=importance)
        if not newest:
            return render(request, "hooks/failures_empty.html", {"project": place, "room": "failures"})
        query = request.GET.copy()
        query["evaluation"] = str(newest[0].uuid)
        return redirect(f"{request.path}?{query.urlencode()}")
    evaluation = asked_evaluation(place, user, request.GET)
    chosen = FailureFilter.parse(request.GET)
    found = failures.cards(evaluation, chosen, limit=FIRST)
    facets = failures.facets(evaluation, chosen)
    names = evaluate.class_names(evaluation)
    run = evaluation.prediction_set.run
    judged = {facet.value: facet.count for facet in facets.get("verdict", [])}
    address = f"evaluation={evaluation.uuid}&{as_query(chosen)}".rstrip("&")
    boot = {
        "project": place.name,
        "evaluation": str(evaluation.uuid),
        "count": found.count,
        "cards": [card_json(card) for card in found.cards],
        "classes": {str(key): {"name": name, "color": class_color(key)} for key, name in names.items()},
        "boxes": is_boxes(evaluation),
        "judged": found.count - judged.get("none", found.count) if not chosen.verdict else 0,
        "may_judge": allowed(place, user, "failure.judge"),
        "may_mine": allowed(place, user, "mining.create"),
        "kinds": {kind: str(title).lower() for kind, title in KIND_TITLES.items()},
        "verdicts": list(Verdict.Kind.values),
        "verdict_titles": {kind: str(title) for kind, title in Verdict.Kind.choices},
        "words": viewer_words(),
        "urls": {
            "cards": f"{reverse('hooks:cards', args=[place.name])}?{address}",
            "scene": f"{reverse('hooks:scene', args=[place.name])}?{address}",
            "fix": f"{reverse('hooks:fix', args=[place.name])}?{address}",
            "mine": f"{reverse('hooks:mine', args=[place.name])}?run={run.uuid}&{mining_query(chosen)}",
            "failure": reverse("hooks:failure", args=[place.name, NO_UUID]),
            "verdict": reverse("hooks:verdict", args=[place.name, NO_UUID]),
            "item": reverse("platform:item", args=[place.name, NO_UUID]),
            "media": reverse("platform:media", args=[NO_UUID]),
            "thumb": reverse("platform:thumb", args=[NO_UUID]),
            "back": run_url(place, run, evaluation=evaluation.uuid),
        },
    }
    context = {
        "project": place,
        "evaluation": evaluation,
        "run": run,
        "boot": boot,
        "count": found.count,
        "judged": boot["judged"],
        "facets": facet_views(place, evaluation, chosen, facets, names),
        "active": active_filters(request, chosen, names),
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


def viewer_words() -> dict[str, str]:
    """What the viewer's script says."""
    return {
        "nothing": _("nothing"),
        "right": _("right"),
        "score": _("score"),
        "no_case": _("A right prediction is no case: there is nothing to judge."),
        "may_not_judge": _("Your role does not give verdicts."),
        "not_sent": _("The verdict did not reach the server and was taken back here; try again."),
        "judged_many": _("%d cards judged"),
        "none_judged": _("You gave no verdict this time."),
        "keys_judge": _("Verdict, and on"),
        "keys_cards": _("Cards"),
        "keys_picture": _("Picture"),
        "next": _("next"),
        "previous": _("previous"),
        "row_down": _("a row down"),
        "row_up": _("a row up"),
        "select": _("select"),
        "undo": _("take the last verdict back"),
        "mine": _("mine like these"),
        "fix": _("open for fixing"),
        "truth": _("truth on and off"),
        "prediction": _("prediction on and off"),
        "focus": _("zoom to the card"),
        "closer": _("closer"),
        "further": _("further away"),
        "whole": _("the whole picture"),
        "item": _("open the item"),
        "back": _("clear the selection, or back to the run"),
    }


NO_UUID = UUID(int=0)
"""Stands in the addresses that the viewer's script fills in."""


def asked_evaluation(project: Project, user: User, query: Mapping[str, str]) -> Evaluation:
    """The evaluation named in the address; what this person may not see is not there."""
    try:
        uuid = UUID(query.get("evaluation", ""))
    except ValueError:
        raise BadInput(_("evaluation= is not a uuid"), code="bad_filter") from None
    return get_object_or_404(evaluations_of(project, user), uuid=uuid)


def as_query(chosen: FailureFilter, **change: Any) -> str:
    """The filter as a query string, with some of its fields changed."""
    query = QueryDict(mutable=True)
    for name, value in (chosen.query() | change).items():
        if value not in (None, ""):
            query[name] = str(value)
    return query.urlencode()


def mining_query(chosen: FailureFilter) -> str:
    """The part of a filter that says what "like these" means: kind, classes and the cell, not the evaluation."""
    kept = {"kind", "truth_class", "predicted_class", "cell", "state", "size", "min_score", "max_score"}
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in chosen.query().items() if name in kept})
    return query.urlencode()


def card_json(card: Card) -> dict[str, Any]:
    """A card as the viewer's script reads it; boxes are xyxy in pixels of the upright image."""
    return {
        "row": card.row,
        "failure": str(card.failure) if card.failure else None,
        "item": str(card.item),
        "path": card.path,
        "width": card.width,
        "height": card.height,
        "state": card.state,
        "kind": card.kind,
        "truth": card.truth_class,
        "predicted": card.predicted_class,
        "box": card.box,
        "predictedBox": card.predicted_box,
        "score": card.score,
        "iou": card.iou,
        "verdict": card.verdict,
    }


def facet_views(
    project: Project,
    evaluation: Evaluation,
    chosen: FailureFilter,
    facets: Mapping[str, list[failures.Facet]],
    names: Mapping[int, str],
) -> list[FacetView]:
    """The facets with words, and for each line the address that chooses it, or that lets it go."""
    here = reverse("hooks:failures", args=[project.name])
    asked = chosen.query()
    boxes = is_boxes(evaluation)

    def view(name: str, title: str, titles: Mapping[str, str | Promise], fields: Any, color: bool = False) -> FacetView:
        choices = []
        for facet in facets.get(name, []):
            if name == "state" and not boxes and facet.value in {"fn", "truths"}:
                continue
            wanted = fields(facet.value)
            current = all(asked.get(key, "") == (value or "") for key, value in wanted.items())
            change = dict.fromkeys(wanted) if current and name != "state" else wanted
            query = as_query(chosen, **change)
            url = f"{here}?evaluation={evaluation.uuid}" + (f"&{query}" if query else "")
            words = titles.get(facet.value, facet.value)
            tint = class_color(int(facet.value)) if color and facet.value.isdecimal() and facet.value != "0" else 0
            choices.append(Choice(str(words), facet.count, url, current, color=tint))
        return FacetView(name, title, choices)

    def one(name: str) -> Any:
        return lambda value: {name: value}

    def between(name: str) -> Any:
        def fields(value: str) -> dict[str, str]:
            low, _dash, high = value.partition("-")
            return {f"min_{name}": low, f"max_{name}": high}

        return fields

    by_class = {str(key): name for key, name in names.items()}
    by_cell = {facet.value: cell_words(facet.value, names) for facet in facets.get("cell", [])}
    views = [
        view("state", _("Show"), STATE_TITLES, lambda value: {"state": value, "kind": None, "cell": None}),
        view("kind", _("Kind"), {k: str(v).lower() for k, v in KIND_TITLES.items()}, one("kind")),
        view("cell", _("Truth → prediction"), by_cell, lambda value: {"cell": value, "state": None, "kind": None}),
        view("truth_class", _("Truth"), by_class, one("truth_class"), color=True),
        view("predicted_class", _("Prediction"), by_class, one("predicted_class"), color=True),
        view("verdict", _("Verdict"), {k: str(v).lower() for k, v in VERDICT_TITLES.items()}, one("verdict")),
        view("score", _("Score"), {}, between("score")),
        view("iou", _("IoU"), {}, between("iou")),
        view("size", _("Size"), SIZE_TITLES, one("size")),
    ]
    return [v for v in views if v.choices]


def cell_words(value: str, names: Mapping[int, str]) -> str:
    """A confusion cell's name: "RBC → WBC"."""
    truth, _colon, predicted = value.partition(":")
    return f"{class_word(truth, names)} → {class_word(predicted, names)}"


def class_word(value: str, names: Mapping[int, str]) -> str:
    """A class's name; 0 is nothing."""
    return names.get(int(value), value) if value.isdecimal() and value != "0" else _("nothing")


def active_filters(request: HttpRequest, chosen: FailureFilter, names: Mapping[int, str]) -> list[tuple[str, str]]:
    """The filters in force as chips: what they say, and the address without them."""
    words: dict[str, Callable[[str], str]] = {
        "state": lambda value: str(STATE_TITLES.get(value, value)),
        "kind": lambda value: str(KIND_TITLES.get(value, value)).lower(),
        "truth_class": lambda value: _("truth %(name)s") % {"name": class_word(value, names)},
        "predicted_class": lambda value: _("prediction %(name)s") % {"name": class_word(value, names)},
        "cell": lambda value: cell_words(value, names),
        "verdict": lambda value: str(VERDICT_TITLES.get(value, value)).lower(),
        "size": lambda value: str(SIZE_TITLES.get(value, value)),
        "transition": lambda value: str(TRANSITION_TITLES.get(value, value)),
        "item": lambda value: _("one item"),
    }
    ranges = {"score": _("score"), "iou": _("IoU"), "size": _("size")}
    asked = chosen.query()
    chips = []

    def without(*fields: str) -> str:
        query = request.GET.copy()
        for name in fields:
            query.pop(name, None)
        return f"?{query.urlencode()}"

    for name, say in words.items():
        if name in asked:
            chips.append((say(asked[name]), without(name, *(["against"] if name == "transition" else []))))
    for name, title in ranges.items():
        low, high = asked.get(f"min_{name}"), asked.get(f"max_{name}")
        if low is not None or high is not None:
            said = (
                f"{title} {short(low)}–{short(high)}"
                if low and high
                else f"{title} {'≥' if low else '≤'} {short(low or high)}"
            )
            chips.append((said, without(f"min_{name}", f"max_{name}")))
    return chips


def short(value: str | None) -> str:
    """A bound with as many digits as a person wants."""
    return f"{float(value):.3g}" if value else ""


@require_GET
@answers_json
def card_rows(request: HttpRequest, project: str) -> HttpResponse:
    """More cards of the same address, from ``offset``."""
    user = signed_in(request)
    place = project_for(user, project, "project.view")
    evaluation = asked_evaluation(place, user, request.GET)
    try:
        offset, limit = int(request.GET.get("offset", 0)), int(request.GET.get("limit", PAGE))
    except ValueError:
        raise BadInput(_("offset and limit are whole numbers"), code="bad_filter") from None
    chosen = FailureFilter.parse(request.GET)
    found = failures.cards(evaluation, chosen, offset=max(offset, 0), limit=min(max(limit, 1), 500))
    return JsonResponse({"count": found.count, "cards": [card_json(card) for card in found.cards]})


@require_GET
@answers_json
def picture(request: HttpRequest, project: str) -> HttpResponse:
    """Everything in one picture of an evaluation, and the history of the case that is looked at."""
    user = signed_in(request)
    place = project_for(user, project, "project.view")
    evaluation = asked_evaluation(place, user, request.GET)
    chosen = FailureFilter.parse({k: v for k, v in request.GET.items() if k != "item"})
    item = asked_item(place, user, request.GET.get("picture", ""))
    scene = failures.scene(evaluation, item, threshold=chosen.threshold)
    dots: list[dict[str, Any]] = []
    if uuid := request.GET.get("failure"):
        case = get_object_or_404(Failure.objects.visible_to(user).filter(project=place), uuid=as_uuid(uuid))
        dots = [dot_json(place, dot) for dot in failures.history(case)]
    return JsonResponse(
        {
            "item": str(item.uuid),
            "truths": [scene_json(box) for box in scene.truths],
            "predictions": [scene_json(box) for box in scene.predictions],
            "history": dots,
        }
    )


def asked_item(project: Project, user: User, uuid: str) -> Item:
    """The item with this uuid, trashed or not: an evaluation keeps what it was made of."""
    return get_object_or_404(Item.objects.filter(project=project), uuid=as_uuid(uuid))


def as_uuid(text: str) -> UUID:
    """A uuid from an address. Raises BadInput."""
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(_("%(text)s is not a uuid") % {"text": repr(text)}, code="bad_uuid") from None


def scene_json(box: failures.SceneBox) -> dict[str, Any]:
    """A box of the picture."""
    return {
        "row": box.row,
        "class": box.class_id,
        "box": box.box,
        "score": box.score,
        "state": box.state,
        "kind": box.kind,
        "crowd": box.crowd,
    }


def dot_json(project: Project, dot: failures.Dot) -> dict[str, Any]:
    """A dot of a case's history."""
    return {
        "run": dot.run.name,
        "version": str(dot.version),
        "kind": dot.kind,
        "words": str(KIND_TITLES.get(dot.kind, dot.kind)).lower() if dot.kind else _("right"),
        "score": dot.score,
        "when": dot.when.isoformat(),
        "url": run_url(project, dot.run, evaluation=dot.evaluation.uuid),
    }


@require_POST
@answers_json
def fix(request: HttpRequest, project: str) -> HttpResponse:
    """Opens the item of a card for labelling: a task in the queue of fixes, and its address."""
    user = signed_in(request)
    place = project_for(user, project, "failure.judge")
    evaluation = asked_evaluation(place, user, request.GET)
    try:
        row = int(json.loads(request.body or b"{}")["row"])
    except (KeyError, TypeError, ValueError):
        raise BadInput(_("row is a whole number"), code="bad_row") from None
    task = failures.open_for_fixing(evaluation, row, user)
    return JsonResponse({"url": f"{reverse('annotation:label', args=[task.queue.uuid])}?task={task.uuid}"})


@require_POST
def verdict(request: HttpRequest, project: str, failure: UUID) -> HttpResponse:
    """Says what a case is; a form comes back to the case's page, the viewer's script gets JSON."""
    if request.content_type == "application/json":
        return verdict_json(request, project, failure)
    judged, _said = judge(request, project, failure, request.POST)
    return redirect("hooks:failure", project, judged.uuid)


@answers_json
def verdict_json(request: HttpRequest, project: str, failure: UUID) -> HttpResponse:
    """The same for the viewer's script."""
    try:
        body = json.loads(request.body)
    except ValueError:
        raise BadInput(_("a verdict is sent as JSON"), code="bad_json") from None
    judged, said = judge(request, project, failure, body)
    return JsonResponse({"uuid": str(said.uuid), "kind": said.kind, "verdict": judged.verdict})


def judge(request: HttpRequest, project: str, failure: UUID, body: Mapping[str, Any]) -> tuple[Failure, Verdict]:
    """Keeps what the person says of a case of this project."""
    user = signed_in(request)
    place = project_for(user, project, "failure.judge")
    found = get_object_or_404(Failure.objects.visible_to(user).filter(project=place), uuid=failure)
    said = failures.judge(found, user, kind=str(body.get("kind", "")), note=str(body.get("note", "")))
    return found, said


@require_GET
def case(request: HttpRequest, project: str, failure: UUID) -> HttpResponse:
    """One case: where it is, in which evaluations it was seen, and what people said of it."""
    user = signed_in(request)
    place = project_for(user, project, "project.view")
    shown = get_object_or_404(
        Failure.objects.visible_to(user).filter(project=place).select_related("item", "dataset"), uuid=failure
    )
    sighting = (
        shown.sightings.select_related("evaluation__prediction_set__run", "evaluation__version__schema_revision")
        .order_by("-pk")
        .first()
    )
    names = evaluate.class_names(sighting.evaluation) if sighting else {}
    boxes = case_boxes(shown, sighting, names)
    context = {
        "project": place,
        "room": "failures",
        "failure": shown,
        "item": shown.item,
        "sighting": sighting,
        "class_name": names.get(shown.class_id, str(shown.class_id)),
        "predicted_name": names.get(sighting.predicted_class or 0, "") if sighting else "",
        "class_color": class_color(shown.class_id) if shown.class_id else 1,
        "boxes": boxes,
        "crop": around([box["box"] for box in boxes], shown.item),
        "history": [(dot, run_url(place, dot.run, evaluation=dot.evaluation.uuid)) for dot in failures.history(shown)],
        "verdicts": shown.verdicts.select_related("user").order_by("-pk"),
        "kinds": list(enumerate(Verdict.Kind.choices, 1)),
        "may_judge": allowed(place, user, "failure.judge"),
        "viewer_url": viewer_url(place, shown, sighting),
    }
    return render(request, "hooks/failure.html", context)


def case_boxes(shown: Failure, sighting: Sighting | None, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """The truth's box and the newest prediction's, as the tag ``boxes`` draws them."""
    boxes = []
    if shown.region and shown.box:
        boxes.append({"kind": "truth", "box": shown.box, "label": names.get(shown.class_id, "")})
    if sighting and sighting.predicted_box:
        label = names.get(sighting.predicted_class or 0, "")
        boxes.append({"kind": "prediction", "box": sighting.predicted_box, "label": label, "score": sighting.score})
    elif not shown.region and shown.box:
        boxes.append({"kind": "prediction", "box": shown.box, "label": names.get(shown.class_id, "")})
    return boxes


def around(boxes: list[list[float]], item: Item, margin: float = 1.2) -> tuple[float, float, float, float] | str:
    """The part of the picture to show: the boxes with a margin; the whole picture for none."""
    if not boxes:
        return ""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[2] for b in boxes), max(b[3] for b in boxes)
    pad = max(right - left, bottom - top, 48.0) * margin
    return (
        max(0.0, left - pad),
        max(0.0, top - pad),
        min(float(item.width), right + pad),
        min(float(item.height), bottom + pad),
    )


def viewer_url(project: Project, shown: Failure, sighting: Sighting | None) -> str:
    """The viewer on this case's picture, in the evaluation that saw it last."""
    if sighting is None:
        return ""
    here = reverse("hooks:failures", args=[project.name])
    return f"{here}?evaluation={sighting.evaluation.uuid}&item={shown.item.uuid}&threshold=0"
