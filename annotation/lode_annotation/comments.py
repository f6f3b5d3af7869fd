"""Comments on answers: pinned to a region or a place, replied to, resolved.

Reviewers see those of every answer; annotators those of their own, which they may answer and resolve. A rejection sends
the open ones back with the task.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Max, Prefetch, QuerySet
from django.utils import timezone

from lode_annotation import told
from lode_annotation.models import Annotation, AnnotationRevision, Comment
from lode_annotation.rules import Rules, rules_of
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.drawing import Pin
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Item
from motherlode.media import Media
from motherlode.regions import BadRegion, Region, from_result
from motherlode.relations import is_relation
from motherlode.shapes import SHAPES

LONGEST = 2000
MOST = 500
"""Comments of an answer, replies included."""

REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class NewComment:
    """What a client sends: the text, and what it is about: a region of the answer by its id, or a place, or a comment
    that it replies to. ``uuid`` is the client's; a second arrival gets the first one's answer."""

    text: str
    region: str = ""
    place: Mapping[str, Any] | None = None
    reply_to: UUID | None = None
    uuid: UUID | None = None


def listed(caller: Caller, annotation: UUID) -> list[dict[str, Any]]:
    """All comments of an answer with their replies, as ``as_json`` says. Raises ``NotFound`` or ``Forbidden``."""
    return of_answer(_answer(caller, annotation))


def add(caller: Caller, annotation: UUID, new: NewComment) -> dict[str, Any]:
    """Says it, and returns the comment, or the one replied to with all its replies.

    Raises ``BadInput`` naming the field, ``Conflict`` ``id_taken`` where the uuid is another comment's, ``NotFound`` or
    ``Forbidden``. A reply to a resolved comment opens it again.
    """
    found = _answer(caller, annotation)
    text = new.text.strip()
    if not text or len(text) > LONGEST or "\0" in text:
        raise BadInput(f"A comment needs a text of 1 to {LONGEST:,} characters.", field="text")
    if sum(given is not None and given != "" for given in (new.region, new.place, new.reply_to)) > 1:
        raise BadInput(
            "A comment is about a region, a place, or a comment that it replies to: one of them.", field="region"
        )
    with transaction.atomic():
        Annotation.objects.select_for_update(of=("self",)).get(pk=found.pk)  # numbers are given one after the other
        known = Comment.objects.filter(uuid=new.uuid).first() if new.uuid else None
        if known is None:
            known = _written(caller, found, new, text)
        elif (known.annotation_id, known.author_id) != (found.pk, caller.user.pk):
            raise Conflict("This uuid is another comment's.", code="id_taken")
    return _one(found, known.reply_to_id or known.pk)


def _written(caller: Caller, found: Annotation, new: NewComment, text: str) -> Comment:
    if found.comments.count() >= MOST:
        raise BadInput(f"An answer has at most {MOST} comments.", field="text")
    shared: dict[str, Any] = {
        "uuid": new.uuid or uuid4(),
        "annotation": found,
        "author": caller.user,
        "text": text,
        "revision": found.revision,
    }
    if new.reply_to is not None:
        asked = found.comments.threads().filter(uuid=new.reply_to).first()
        if asked is None:
            raise BadInput("There is no such comment on this answer to reply to.", field="reply_to")
        row = Comment.objects.create(reply_to=asked, number=asked.number, **shared)
        Comment.objects.filter(pk=asked.pk).update(resolved_at=None, resolved_by=None)
        verb = "comment.reply"
    else:
        last = found.comments.threads().aggregate(last=Max("number"))["last"] or 0
        row = Comment.objects.create(number=last + 1, **_pinned(found, new), **shared)
        verb = "comment.add"
    events.record(found.task.queue.project, caller.user, verb, found, comment=str(row.uuid), number=row.number)
    told.notify_mentioned(found.task, text, caller.user)
    return row


def resolve(caller: Caller, annotation: UUID, comment: UUID, *, resolved: bool) -> dict[str, Any]:
    """Resolves a comment, or opens it again, and returns it; where it is so already nothing changes."""
    found = _answer(caller, annotation)
    with transaction.atomic():
        row = found.comments.threads().select_for_update(of=("self",)).filter(uuid=comment).first()
        if row is None:
            raise NotFound("There is no such comment on this answer.")
        if (row.resolved_at is not None) != resolved:
            row.resolved_at = timezone.now() if resolved else None
            row.resolved_by = caller.user if resolved else None
            row.save(update_fields=["resolved_at", "resolved_by"])
            verb = "comment.resolve" if resolved else "comment.reopen"
            events.record(found.task.queue.project, caller.user, verb, found, comment=str(row.uuid), number=row.number)
    return _one(found, row.pk)


def may_see(caller: Caller, role: str, answer: Annotation) -> bool:
    """Whether a member with that role sees what is said of an answer."""
    if access.permits(caller, role, "annotation.review"):
        return True
    return answer.user_id == caller.user.pk and access.permits(caller, role, "queue.label")


def _answer(caller: Caller, uuid: UUID) -> Annotation:
    rows = Annotation.objects.visible_to(caller).select_related("task__queue__project", "task__item", "schema_revision")
    found = rows.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such annotation.")
    project = found.task.queue.project
    member = access.require(caller, project, "project.view")
    if not may_see(caller, member.role, found):
        access.check(caller, member.role, "annotation.review", project.pk)
        access.check(caller, member.role, "queue.label", project.pk)
    if not found.revision:
        raise Conflict("Nothing was answered yet that could be commented on.", code="no_answer")
    return found


# -- where they are pinned ---------------------------------------------------------------------------------------------


def _pinned(found: Annotation, new: NewComment) -> dict[str, Any]:
    media = found.task.item.media
    if new.region:
        rules = rules_of(found.schema_revision.controls)
        region = next((one for one in _regions(_result(found), media, rules) if one.id == new.region), None)
        if region is None:
            said = (
                f"The answer has no region {new.region:.100} that can be commented on; leave it out, or send a place."
            )
            raise BadInput(said, field="region")
        label = region.label or rules.names.get(region.class_id, "")
        return {"region": region.id, "label": label[:300], "place": place_of(region, media)}
    if new.place is None:
        return {"place": None}
    try:
        if not isinstance(new.place, Mapping):
            raise ValueError("it is not an object")
        return {"place": media.place(new.place)}
    except ValueError as error:
        raise BadInput(f"This place is not in the {media.noun}: {error}.", field="place") from None


def place_of(region: Region, media: Media) -> dict[str, Any] | None:
    """Where a comment on a region is pinned; None where the region has no place."""
    bounds = None if region.geometry is None else SHAPES[region.kind].bounds(region.geometry)
    return None if bounds is None else media.place_of(bounds, region.frame or 0)


def _result(found: Annotation) -> Sequence[Any]:
    rows = AnnotationRevision.objects.filter(annotation=found, number=found.revision)
    return rows.values_list("result", flat=True).first() or []


def _regions(result: Iterable[Any], media: Media, rules: Rules) -> list[Region]:
    """The regions of a result that can still be read, of one that a schema or a picture has outgrown too."""
    found: list[Region] = []
    for entry in result:
        if not isinstance(entry, dict) or is_relation(entry):
            continue
        try:
            found += from_result([entry], media, rules.asked)
        except BadRegion:
            continue
    return found


def _ids(result: Iterable[Any]) -> set[str]:
    return {str(entry.get("id")) for entry in result if isinstance(entry, dict)}


def _last_places(found: Annotation, gone: set[str]) -> dict[str, dict[str, Any]]:
    """Where each of the regions that an answer has no more was in the last revision that had it."""
    places: dict[str, dict[str, Any]] = {}
    rules = rules_of(found.schema_revision.controls)
    earlier = AnnotationRevision.objects.filter(annotation=found, number__lt=found.revision).order_by("-number")
    for result in earlier.values_list("result", flat=True).iterator(chunk_size=1):
        mine = [entry for entry in result if isinstance(entry, dict) and entry.get("id") in gone - places.keys()]
        for region in _regions(mine, found.task.item.media, rules):
            if place := place_of(region, found.task.item.media):
                places[region.id] = place
        if places.keys() >= gone:
            break
    return places


# -- as they are sent --------------------------------------------------------------------------------------------------


def of_answer(found: Annotation) -> list[dict[str, Any]]:
    """All comments of an answer, in the order of their numbers."""
    return _json_of(found, found.comments.threads())


def of_key(annotation: int) -> list[dict[str, Any]]:
    """The same by the answer's key; two statements where nothing was said."""
    if not Comment.objects.filter(annotation=annotation).exists():
        return []
    rows = Annotation.objects.select_related("task__item", "schema_revision")
    return of_answer(rows.get(pk=annotation))


def _one(found: Annotation, key: int) -> dict[str, Any]:
    return _json_of(found, found.comments.filter(pk=key))[0]


def _json_of(found: Annotation, rows: QuerySet[Comment]) -> list[dict[str, Any]]:
    replies = Prefetch("replies", Comment.objects.select_related("author").order_by("pk"))
    comments = list(rows.select_related("author", "resolved_by").prefetch_related(replies).order_by("number"))
    pinned = {row.region for row in comments if row.region}
    gone = pinned - _ids(_result(found)) if pinned else set()
    places = _last_places(found, gone) if gone else {}
    return [_as_json(row, gone=row.region in gone, place=places.get(row.region, row.place)) for row in comments]


def _as_json(row: Comment, *, gone: bool, place: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "uuid": str(row.uuid),
        "number": row.number,
        "author": row.author.username,
        "text": row.text,
        "region": row.region or None,
        "label": row.label,
        "gone": gone,
        "place": place,
        "revision": row.revision,
        "resolved": row.resolved_at is not None,
        "resolved_by": row.resolved_by.username if row.resolved_by else None,
        "resolved_at": row.resolved_at,
        "created_at": row.created_at,
        "replies": [
            {
                "uuid": str(reply.uuid),
                "author": reply.author.username,
                "text": reply.text,
                "created_at": reply.created_at,
            }
            for reply in row.replies.all()
        ],
    }


def as_reason(found: Annotation) -> tuple[str, int]:
    """The open comments of an answer in one line, as the reason of a task that is sent back; and how many there are."""
    said = [f"{row.number}. {' '.join(row.text.split())}" for row in found.comments.open().order_by("number")]
    words = " ".join(said)
    return (words if len(words) <= REASON_LENGTH else f"{words[: REASON_LENGTH - 1]}…"), len(said)


def on_item(item: Item, caller: Caller) -> QuerySet[Comment]:
    """What was said of the answers to an item, replies too, as far as the caller sees it."""
    rows = Comment.objects.filter(annotation__task__item=item)
    role = access.role_in(item.project, caller.user)
    if not access.permits(caller, role, "annotation.review"):
        rows = rows.filter(annotation__user=caller.user)
    return rows.select_related("author", "annotation__task__queue")


def pins_of(comments: Iterable[Mapping[str, Any]]) -> list[Pin]:
    """The pins of comments, as ``of_answer`` gives them, that are pinned to a picture."""
    pins: list[Pin] = []
    for one in comments:
        place = one["place"] or {}
        if "x" in place:
            title = f"{one['author']}: {one['text']}"
            pin = Pin(number=one["number"], x=place["x"], y=place["y"], title=title, page=place.get("page", 0))
            pins.append({**pin, "off": True} if one["resolved"] else pin)
    return pins
