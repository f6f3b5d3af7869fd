"""Answers a click of a person at work, and writes suggestions as Label Studio's results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from lode_annotation.assist import keeping, predictors, teaching, training
from lode_annotation.assist.models import AssistantModel, AssistantUse
from lode_annotation.assist.pictures import Suggestion, suits
from lode_annotation.assist.standing import Standing, standings
from lode_annotation.models import Schema
from lode_annotation.payloads import iso
from lode_annotation.queue_context import QueueContext, context_for, context_of_task
from lode_annotation.rules import Rules
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item
from motherlode.frames import pages_of
from motherlode.media import Image, Media
from motherlode.regions import Control, Region, as_result
from motherlode.shapes import SHAPES

PREDICTOR = "predictor"


@dataclass(frozen=True)
class Click:
    """Where a person clicked, with which label in hand: ``x`` and ``y`` in pixels of the upright image; or the ``box``
    that they drew, xyxy."""

    control: str
    label: str
    x: float
    y: float
    page: int = 0
    box: tuple[float, float, float, float] | None = None


def state_for(queue: UUID, caller: Caller) -> dict[str, Any]:
    """Whether a click is answered in a queue, and why not: ``{"on", "reason", "model", "assistant"}``."""
    schema = _schema(context_for(caller, queue, "queue.label"))
    best = clicking(standings(schema))
    training.learn_again_if_due(schema, best.assistant.name, caller.user)
    able = best.on or predictors.interactive(schema) is not None
    reason = "" if able else best.reason
    return {
        "on": able,
        "reason": reason,
        "model": said_of(best.model) if best.on and best.model else None,
        "assistant": helper_of(best) if best.on else None,
    }


def answer(task: UUID, caller: Caller, click: Click) -> dict[str, Any]:
    """What a click or a box means: ``{"result", "model", "assistant"}``, one region of a Label Studio result, or none.

    Raises ``NotFound`` to strangers, ``BadInput`` for a place or a label that there is not, ``Conflict``
    (``assist_off``) with the reason where nothing may help, (``unanswered``) where what helps does not answer, and
    (``preparing``) where it takes longer than a person waits.
    """
    context, task_id = context_of_task(caller, task, "queue.label")
    item = Item.objects.select_related("blob").get(tasks=task_id)
    control = _control(context.rules, item, click)
    schema = _schema(context)
    if (predictor := predictors.interactive(schema)) is not None:
        theirs = predictors.clicked(predictor, item, control, click.label, click.x, click.y)
        if theirs is not None:
            _used(task_id, caller, PREDICTOR)
            return {"result": theirs, "model": None, "assistant": None, "predictor": predictor.name}
    best = clicking(standings(schema))
    if predictor is not None and not best.on:
        raise Conflict(_("%(name)s did not answer in time.") % {"name": predictor.name}, code="unanswered")
    if not best.on or (best.model is None and not best.assistant.ready):
        raise Conflict(best.reason, code="assist_off")
    class_id, shape = control.class_ids[click.label], SHAPES[control.kind]
    seen = teaching.seen_of(item, click.page)
    arrays = keeping.kept(best.model.arrays if best.model else "")
    if click.box is not None:
        found = best.assistant.boxed(arrays, seen, click.box, class_id, shape)
    else:
        found = best.assistant.click(arrays, seen, click.x, click.y, class_id, shape)
    _used(task_id, caller, best.assistant.name)
    training.learn_again_if_due(schema, best.assistant.name, caller.user)
    result = results([] if found is None else [found], item.media, context.rules, _called(best), page=click.page)
    return {"result": result, "model": said_of(best.model) if best.model else None, "assistant": helper_of(best)}


def _used(task_id: int, caller: Caller, name: str) -> None:
    AssistantUse.objects.get_or_create(task_id=task_id, user=caller.user, assistant=name)


def _schema(context: QueueContext) -> Schema:
    return Schema.objects.select_related("project").get(pk=context.queue.schema_id)


def clicking(standings: Iterable[Standing]) -> Standing:
    """The assistant that answers clicks: the best of those that may, else one that says why not."""
    every = [one for one in standings if one.assistant.purpose == "click"]
    able = [one for one in every if one.on and (one.model is not None or one.assistant.ready)]
    if able:
        return max(able, key=lambda one: (one.model.accuracy or 0.0) if one.model else 0.0)
    return max(every, key=lambda one: one.assistant.ready)  # why not the one that the operator gives


def _control(rules: Rules, item: Item, click: Click) -> Control:
    control = rules.by_name.get(click.control)
    if control is None or control.per_region or not suits(SHAPES[control.kind]):
        raise BadInput(f"The schema asks for no box, polygon or mask by {click.control!r}.", field="control")
    if click.label not in control.class_ids:
        raise BadInput(f"{click.control!r} has no label {click.label!r}.", field="label")
    media = item.media
    if click.box is not None and (click.box[0] >= click.box[2] or click.box[1] >= click.box[3]):
        raise BadInput("A box is x1, y1, x2, y2, its left upper corner first.", field="box")
    if not isinstance(media, Image) or not (0 <= click.x <= media.width and 0 <= click.y <= media.height):
        raise BadInput(f"{click.x:g}, {click.y:g} is not on the picture.", field="x")
    if not 0 <= click.page < pages_of(media):
        raise BadInput(f"The picture has no page {click.page}; they count from 0.", field="page")
    return control


# -- in words of results -----------------------------------------------------------------------------------------------


def results(
    found: Iterable[Suggestion], media: Media, rules: Rules, version: str, *, page: int = 0
) -> list[dict[str, Any]]:
    """Suggestions as regions of a Label Studio result, each with ``score`` and ``model_version``."""
    assert isinstance(media, Image)
    controls = {number: control for control in rules.asked for number in control.class_ids.values()}
    regions, scores = [], {}
    for one in found:
        if (control := controls.get(one.class_id)) is None:
            continue
        geometry = one.geometry(SHAPES[control.kind], media)
        if geometry is None:
            continue
        region = Region(
            id=str(uuid4()),
            kind=control.kind,
            class_id=one.class_id,
            label=rules.names[one.class_id],
            geometry=geometry,
            control=control.name,
            frame=page if pages_of(media) > 1 and page else None,
        )
        regions.append(region)
        scores[region.id] = one.score
    entries = as_result(regions, media, rules.asked)
    return [entry | {"model_version": version} | _scored(scores.get(entry["id"])) for entry in entries]


def _scored(score: float | None) -> dict[str, float]:
    return {} if score is None else {"score": round(score, 4)}


def version_of(model: AssistantModel) -> str:
    """What results call a model: the assistant and when it learned."""
    return f"{model.assistant} {model.created_at:%Y-%m-%d %H:%M}"


def _called(one: Standing) -> str:
    """What the results of an assistant say that they are of."""
    if one.model is None or one.model.version:
        return f"{one.assistant.name} {one.assistant.version()}".strip()
    return version_of(one.model)


def helper_of(one: Standing) -> dict[str, Any]:
    """An assistant as the editor is told of it: its name, what it is, whether it takes boxes."""
    version = one.assistant.version()
    return {"name": one.assistant.name, "version": version, "boxes": one.assistant.boxes}


def said_of(model: AssistantModel) -> Mapping[str, Any]:
    """A model as the editor and programs are told of it."""
    return {
        "version": version_of(model),
        "regions": model.regions,
        "accuracy": model.accuracy,
        "trivial": model.trivial,
        "learned_at": iso(model.created_at),
    }
