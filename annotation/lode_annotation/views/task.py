"""A task as it stands: the answers given to it, read-only, and the way to change one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_annotation import comments, queues
from lode_annotation.label_sets import current, regions_from, relations_from
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Queue, Task
from lode_annotation.rules import asks_of, rules_of
from lode_platform import item_pages, said, shell
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn, Pin, drawn, linked
from lode_platform.models import Item, Membership
from lode_platform.signed_in import signed_in
from lode_platform.templatetags.lode import class_color
from lode_platform.toasts import toast
from motherlode.regions import Region, in_words


@dataclass(frozen=True)
class Answer:
    """One person's answer as the page draws it: its regions, and in words what is said of the whole item and of each
    region."""

    annotation: Annotation
    revision: AnnotationRevision
    regions: list[Drawn]
    whole: list[shell.Answer]
    attributes: list[shell.Answer]
    layers: list["Layer"] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pins(self) -> list[Pin]:
        """Where its comments are pinned."""
        return comments.pins_of(self.comments)

    @property
    def drawn(self) -> list[Drawn]:
        """The answer's regions above those of its layers."""
        return [*(region for layer in self.layers for region in layer.regions), *self.regions]


@dataclass(frozen=True)
class Layer:
    """What an answer is compared with: what its regions mean, in words, and the key that shows them."""

    meaning: str
    words: str
    key: str
    regions: list[Drawn]


def _current(found: Task) -> list[Drawn]:
    """What the project holds of the task's item."""
    schema = found.queue.schema_revision.schema
    return [
        one
        for held in current(schema, [found.item_id]).values()
        for row in held.regions
        for one in drawn(
            row,
            layer="truth",
            label=held.schema_revision.class_names.get(row["class_id"], ""),
            asks=asks_of(held.schema_revision.controls).get(row["class_id"]),
        )
    ]


def _layers(found: Task, truth: list[Drawn], answer: Answer, answers: Sequence[Answer]) -> list[Layer]:
    """What the project holds, what a model suggested and what others answered, as far as there is any."""
    controls = found.queue.schema_revision.controls
    said, asks = regions_from(found.prelabels, found.item.media, rules_of(controls), []), asks_of(controls)
    others = [{**one, "layer": "other"} for other in answers if other is not answer for one in other.regions]
    suggested = [
        one
        for region in said
        for one in drawn(region, layer="prediction", label=region.label, asks=asks.get(region.class_id))
    ]
    layers = [
        Layer("truth", _("Current labels"), "g", truth),
        Layer("prediction", _("Pre-labels"), "p", suggested),
        Layer("other", _("Other answers"), "Shift+k", cast(list[Drawn], others)),
    ]
    return [layer for layer in layers if layer.regions]


def _answer(annotation: Annotation, item: Item) -> Answer:
    revision = next(row for row in annotation.revisions.all() if row.number == annotation.revision)
    rules = rules_of(annotation.schema_revision.controls)
    # what was sent with a skip was never validated, and is nobody's answer
    result = [] if revision.state == Annotation.State.SKIPPED else revision.result
    found = regions_from(result, item.media, rules, [])
    rows, asks = [region.as_json() for region in found], asks_of(annotation.schema_revision.controls)
    regions = [one for each in found for one in _in_its_class(each, asks)]
    links = [one.as_json() for one in relations_from(result, rules, [], found)]
    return Answer(
        annotation,
        revision,
        linked(regions, links, [row for row in rows if "geometry" in row], rules.names, class_color),
        said.answers(rows, rules.names),
        said.attributes(rows, rules.names),
    )


def _in_its_class(region: Region, asks: Mapping[int, Mapping[str, Any]]) -> list[Drawn]:
    color = class_color(region.class_id)
    return drawn(region, label=region.label, color=color, asks=asks.get(region.class_id))


@dataclass(frozen=True)
class Vote:
    """What some of several people said, in words, who they are, whether the consensus kept it, and how likely it
    is, where that was estimated."""

    control: str
    words: str
    people: list[str]
    kept: bool
    chance: float | None = None


def _votes(found: Task) -> list[Vote]:
    """The votes by which the task's answers became the item's current labels; none where they did not."""
    held = LabelSet.objects.current().filter(item=found.item_id, annotation_revision__annotation__task=found)
    made = held.select_related("annotation_revision__annotation__schema_revision").first()
    if made is None or not made.votes or made.annotation_revision is None:
        return []
    names = made.annotation_revision.annotation.schema_revision.class_names
    people = [row["user"] for row in made.votes["answers"]]
    return [
        Vote(
            vote["control"],
            in_words(vote["value"])
            if "value" in vote
            else ", ".join(f"{names.get(int(key), key)} × {count}" for key, count in vote["classes"].items()),
            [people[place] for place in vote["by"]],
            vote["kept"],
            vote.get("chance"),
        )
        for vote in made.votes["votes"]
    ]


def _task(member: Membership, uuid: UUID) -> Task:
    rows = Task.objects.filter(queue__project=member.project).select_related(
        "queue__project", "queue__schema_revision__schema", "item__blob", "flagged_by"
    )
    return get_object_or_404(rows, uuid=uuid)


def task(request: HttpRequest, project: str, task: UUID) -> HttpResponse:
    """A task: its picture with each answer drawn, who gave it, what reviewers said, and "Change it" where one may."""
    member = member_of(Caller(signed_in(request)), project, "project.view")
    found = _task(member, task)
    if found.queue.kind == Queue.Kind.MICRO:
        return redirect("annotation:queue", member.project.name, found.queue.uuid)
    rows = (
        found.annotations.filter(revision__gt=0)
        .select_related("user", "schema_revision")
        .prefetch_related("revisions", "reviews__reviewer")
        .order_by("-updated_at", "-pk")
    )
    may_review = permits(Caller(member.user), member.role, "annotation.review")
    # whoever may still be asked answers without having seen what others said
    is_blind = found.queue.overlap > 1 and found.state == Task.State.OPEN and not may_review
    unseen = sum(row.user_id != member.user.pk for row in rows) if is_blind else 0
    given = [_answer(row, found.item) for row in rows if not is_blind or row.user_id == member.user.pk]
    truth = _current(found) if given else []
    caller = Caller(member.user)
    answers = [
        replace(
            answer,
            layers=_layers(found, truth, answer, given),
            comments=comments.of_key(answer.annotation.pk)
            if comments.may_see(caller, member.role, answer.annotation)
            else [],
        )
        for answer in given
    ]
    drawn_first = answers[0].drawn if answers else []
    may_label = permits(Caller(member.user), member.role, "queue.label")
    mine = any(answer.annotation.user_id == member.user.pk for answer in answers)
    over = found.state in (Task.State.DONE, Task.State.SKIPPED)
    context = {
        "project": member.project,
        "room": "queues",
        "queue": found.queue,
        "task": found,
        "item": found.item,
        "answers": answers,
        "unseen": unseen,
        "pages": item_pages.pages(found.item, drawn_first, request.GET.get("page", "")),
        "votes": _votes(found) if found.queue.overlap > 1 else [],
        "may_label": may_label,
        "may_change": may_label
        and (mine or (found.state == Task.State.OPEN and found.queue.state == Queue.State.OPEN)),
        "may_reopen": may_label and not mine and over and may_review,
        "may_review": found.state == Task.State.SUBMITTED and may_review,
    }
    return render(request, "annotation/task.html", context)


@require_POST
def task_reopen(request: HttpRequest, project: str, task: UUID) -> HttpResponse:
    """Opens a finished task again for the person who asks, and goes there."""
    member = member_of(Caller(signed_in(request)), project, "annotation.review")
    found = _task(member, task)
    queues.reopen_for(found, Caller(member.user))
    toast(request, _("The task is open again; the earlier answer is kept"))
    return redirect(f"{reverse('annotation:label', args=[found.queue.uuid])}?task={found.uuid}")
