"""What this room is sent and answers over REST, declared once."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lode_annotation.api.schema_shapes import ControlShape, ObjectField
from lode_annotation.assignments import assigned
from lode_annotation.models import Annotation, Queue, Task
from lode_annotation.ordering import DEFAULT, ORDERINGS
from lode_annotation.queues import MAX_OVERLAP
from lode_platform.api.shapes import JobShape, SelfChecked
from lode_platform.errors import BadInput

Shape = serializers.Serializer[Any]
MAX_INTEGER = 2**31 - 1  # what the databases' integers hold


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class ResultField(SelfChecked):
    """A Label Studio result: a list, taken as it comes, since validation names what is wrong by region and rule."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, list):
            raise BadInput("The result must be a list of regions.", code="bad_result", problems=[])
        return data

    def to_representation(self, value: Any) -> Any:
        return value


REVIEW_RULE = (
    "which answers are reviewed, all if empty: `share` of the tasks, `agreement` below which, `people` who answered, or"
    " `labels` that were given"
)

# -- queues and tasks --------------------------------------------------------------------------------------------------


class AssignedShape(Shape):
    users = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    roles = serializers.ListField(child=serializers.CharField(), required=False, default=list)


class NewQueueShape(Shape):
    name = serializers.CharField(max_length=200)
    schema = serializers.CharField(help_text="name or uuid")
    review = serializers.BooleanField(required=False, default=False)
    review_rule = ObjectField(required=False, default=dict, help_text=REVIEW_RULE)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    priority = serializers.IntegerField(required=False, default=0, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    overlap = serializers.IntegerField(
        required=False, default=1, min_value=1, max_value=MAX_OVERLAP, help_text="how many people answer each task"
    )
    consensus = serializers.ChoiceField(
        choices=Queue.Consensus.values,
        required=False,
        default=Queue.Consensus.MERGED.value,
        help_text="how several answers become one label set where no reviewer decides",
    )
    ordering = serializers.ChoiceField(
        choices=list(ORDERINGS), required=False, default=DEFAULT, help_text="which task is handed out first"
    )
    skip_reasons = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list, max_length=9
    )
    due = serializers.DateField(required=False, allow_null=True, default=None)
    assigned = AssignedShape(required=False, default=None, help_text="whom it is for; left out or empty: everyone")
    items = ObjectField(required=False, default=None, help_text="filters as an object, or a list of item uuids")


class QueueChangeShape(Shape):
    name = serializers.CharField(max_length=200, required=False)
    state = serializers.CharField(max_length=8, required=False, help_text="open, paused or closed")
    review = serializers.BooleanField(required=False)
    review_rule = ObjectField(required=False, help_text=REVIEW_RULE)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    consensus = serializers.ChoiceField(choices=Queue.Consensus.values, required=False)
    ordering = serializers.ChoiceField(
        choices=list(ORDERINGS), required=False, help_text="many tasks are ordered by a job"
    )
    skip_reasons = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=9)
    due = serializers.DateField(required=False, allow_null=True)
    assigned = AssignedShape(required=False, help_text="whom it is for; empty: everyone")
    newest = serializers.BooleanField(required=False, help_text="move to the schema's newest revision")


class QueueShape(Shape):
    uuid = serializers.UUIDField()
    name = serializers.CharField()
    project = serializers.CharField()
    schema = serializers.CharField()
    revision = serializers.IntegerField()
    state = serializers.CharField(help_text="filling, open, paused or closed")
    review = serializers.BooleanField()
    review_rule = serializers.DictField(help_text=REVIEW_RULE)
    overlap = serializers.IntegerField(help_text="how many people answer each task")
    consensus = serializers.CharField(help_text="merged or last")
    ordering = serializers.CharField(help_text="which task is handed out first")
    reason = serializers.CharField()
    skip_reasons = serializers.ListField(child=serializers.CharField(), help_text="what a skip may be given by one key")
    due = serializers.DateField(allow_null=True)
    assigned = AssignedShape(help_text="whom it is for; without users and roles: everyone")
    overdue = serializers.BooleanField(help_text="its due day is over and it is not closed")
    size = serializers.IntegerField(help_text="number of tasks")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="tasks by state")
    added = serializers.IntegerField(required=False, help_text="tasks added by this call")
    job = JobShape(required=False, allow_null=True, help_text="what adds the tasks where there are many")
    created_at = serializers.DateTimeField()
    url = serializers.CharField()
    label_url = serializers.CharField()


class NewTaskShape(Shape):
    item = serializers.UUIDField()
    priority = serializers.IntegerField(required=False, default=0, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    reason = ObjectField(required=False, default=dict, help_text="an object with `text`, or the text itself")
    prelabels = ResultField(required=False, default=list)


class NewTasksShape(Shape):
    tasks = NewTaskShape(many=True, required=False)
    items = ObjectField(required=False, default=None, help_text="filters as an object, or a list of item uuids")
    priority = serializers.IntegerField(required=False, default=0, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)


class TasksAddedShape(Shape):
    added = serializers.IntegerField()
    job = JobShape(allow_null=True, help_text="what adds the tasks where there are many")
    size = serializers.IntegerField()


class FlagShape(Shape):
    note = serializers.CharField(max_length=300)
    by = serializers.CharField(read_only=True, allow_null=True)
    at = serializers.DateTimeField(read_only=True)


class PriorityShape(Shape):
    priority = serializers.IntegerField(min_value=-MAX_INTEGER, max_value=MAX_INTEGER, help_text="higher first")
    tasks = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=None, help_text="at most 5,000"
    )
    filter = ObjectField(
        required=False, default=None, help_text="`state`, `q`: a part of the path, `flagged`; {} for all"
    )


class TasksChangedShape(Shape):
    changed = serializers.IntegerField()
    job = JobShape(allow_null=True, help_text="what changes the tasks where there are many")


class TaskShape(Shape):
    uuid = serializers.UUIDField()
    queue = serializers.UUIDField()
    item = serializers.UUIDField()
    path = serializers.CharField()
    position = serializers.IntegerField()
    priority = serializers.IntegerField()
    state = serializers.CharField(help_text="open, submitted, done or skipped")
    reason = serializers.DictField()
    flag = FlagShape(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    annotations = serializers.ListField(child=ObjectField())


class AnsweredShape(Shape):
    task = serializers.UUIDField()
    path = serializers.CharField()
    position = serializers.IntegerField()
    state = serializers.CharField(help_text="of the answer: submitted, accepted, rejected or skipped")
    revision = serializers.IntegerField()
    answered_at = serializers.DateTimeField()


class HoldingShape(Shape):
    holding = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=20)


class ReviewNextShape(HoldingShape):
    annotation = serializers.UUIDField(required=False, allow_null=True, default=None)


class LeaseShape(Shape):
    until = serializers.DateTimeField()
    seconds = serializers.IntegerField()


class HeldShape(Shape):
    lease = LeaseShape()


class PayloadTaskShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    priority = serializers.IntegerField()
    state = serializers.CharField()
    reason = serializers.DictField()
    flag = serializers.CharField(help_text="the note of its flag, empty without one")
    position = serializers.IntegerField()
    total = serializers.IntegerField()


class MediaShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    url = serializers.CharField()
    kind = serializers.CharField(help_text="the medium: image or text")
    width = serializers.IntegerField(help_text="px of the upright image, 0 of another medium")
    height = serializers.IntegerField(help_text="px of the upright image, 0 of another medium")
    values = serializers.CharField(
        allow_null=True, help_text="address of the pixels as numbers, of grey of 16 or 32 bits; null of another item"
    )
    length = serializers.IntegerField(help_text="code points of a text, pages of an image that has several, else 0")
    pages = serializers.IntegerField(help_text="of the item; the address takes page=, from 0 on")
    path = serializers.CharField()
    metadata = serializers.DictField(help_text="the item's own fields, by name")


class ConfigShape(Shape):
    schema = serializers.CharField()
    revision = serializers.IntegerField()
    controls = ControlShape(many=True)


class PayloadQueueShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    name = serializers.CharField()
    review = serializers.BooleanField()
    skip_reasons = serializers.ListField(child=serializers.CharField())


class OwnAnnotationShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    revision = serializers.IntegerField()
    state = serializers.CharField()
    result = ResultField()


class TaskDraftShape(Shape):
    result = ResultField()
    saved_at = serializers.DateTimeField()
    base_revision = serializers.IntegerField(allow_null=True)


class PayloadShape(Shape):
    task = PayloadTaskShape()
    media = MediaShape()
    config = ConfigShape()
    queue = PayloadQueueShape()
    lease = LeaseShape()
    prelabels = ResultField(help_text="a model's suggestions, as Label Studio regions with scores")
    annotation_id = serializers.UUIDField(allow_null=True)
    annotation = OwnAnnotationShape(allow_null=True, help_text="my own answer so far")
    draft = TaskDraftShape(allow_null=True, help_text="my unfinished work")
    start = ResultField(allow_null=True, help_text="the item's current label set, ids kept")
    comments = serializers.ListField(child=ObjectField(), help_text="what was said of my answer")


class SubmitShape(Shape):
    result = ResultField()
    operation_id = serializers.UUIDField(help_text="created by the client; repeating it returns the same answer")
    annotation_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    base_revision = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MAX_INTEGER,
        help_text="0 or null: no earlier revision; left out: unchecked",
    )
    lead_time = serializers.FloatField(required=False, default=0.0, min_value=0, max_value=10_000_000)
    next = serializers.BooleanField(required=False, default=False)
    holding = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=20)


class SkipShape(SubmitShape):
    result = ResultField(required=False, default=list)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class AnswerAnnotationShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    revision = serializers.IntegerField()
    state = serializers.CharField(help_text="submitted, accepted, rejected or skipped")


class AnswerShape(Shape):
    annotation = AnswerAnnotationShape()
    next = PayloadShape(allow_null=True)


class NewDraftShape(Shape):
    result = ResultField()
    annotation_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    base_revision = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MAX_INTEGER)


class KeptShape(Shape):
    draft = serializers.DictField()


def queue_json(row: Queue, counts: dict[str, int]) -> dict[str, Any]:
    project = row.project.name
    return {
        "uuid": row.uuid,
        "name": row.name,
        "project": project,
        "schema": row.schema_revision.schema.name,
        "revision": row.schema_revision.number,
        "state": row.state,
        "review": row.review,
        "review_rule": row.review_rule,
        "overlap": row.overlap,
        "consensus": row.consensus,
        "ordering": row.ordering,
        "skip_reasons": row.skip_reasons,
        "due": row.due,
        "assigned": asdict(assigned(row)),
        "overdue": row.is_overdue,
        "reason": row.reason,
        "size": row.size,
        "counts": counts,
        "created_at": row.created_at,
        "url": reverse("annotation:queue", args=[project, row.uuid]),
        "label_url": reverse("annotation:label", args=[row.uuid]),
    }


def flag_json(row: Task) -> dict[str, Any]:
    by = row.flagged_by.username if row.flagged_by else None
    return {"note": row.flag, "by": by, "at": row.flagged_at}


def task_json(row: Task) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "queue": row.queue.uuid,
        "item": row.item.uuid,
        "path": row.item.path,
        "position": row.number,
        "priority": row.priority,
        "state": row.state,
        "reason": row.reason,
        "flag": flag_json(row) if row.flagged_at else None,
        "finished_at": row.finished_at,
        "annotations": [
            {"uuid": answer.uuid, "user": answer.user.username, "state": answer.state, "revision": answer.revision}
            for answer in row.annotations.all()
        ],
    }


# -- reviews -----------------------------------------------------------------------------------------------------------


class VerdictShape(Shape):
    verdict = serializers.ChoiceField(choices=["accept", "fix", "reject"])
    comment = serializers.CharField(required=False, allow_blank=True, default="", max_length=5000)
    result = ResultField(required=False, default=None, help_text="the fixed result, with the verdict fix")
    operation_id = serializers.UUIDField()
    base_revision = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=MAX_INTEGER
    )
    lead_time = serializers.FloatField(required=False, default=0.0, min_value=0, max_value=10_000_000)
    next = serializers.BooleanField(required=False, default=False)
    holding = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=20)


class ReviewShape(Shape):
    uuid = serializers.UUIDField()
    verdict = serializers.CharField()
    comment = serializers.CharField()
    annotation = serializers.UUIDField()
    revision = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class ReviewedShape(Shape):
    review = ReviewShape()
    next = serializers.DictField(allow_null=True)


class ReviewPayloadShape(Shape):
    annotation = serializers.DictField()
    task = PayloadTaskShape()
    media = MediaShape()
    config = ConfigShape()
    queue = PayloadQueueShape()
    prelabels = ResultField()
    start = ResultField(allow_null=True)
    reviews = serializers.ListField(child=ObjectField())
    waiting = serializers.IntegerField(
        help_text="tasks of the queue waiting for my review, this one included; no more than 10,000 are counted"
    )
    others = serializers.ListField(
        child=ObjectField(), help_text="answers of others to this task, and unfinished work where they have none"
    )
    comments = serializers.ListField(child=ObjectField(), help_text="what was said of the answer")


class UndoneShape(Shape):
    annotation = ReviewPayloadShape()


class WaitingShape(Shape):
    uuid = serializers.UUIDField()
    queue = serializers.UUIDField()
    task = serializers.UUIDField()
    path = serializers.CharField()
    user = serializers.CharField()
    state = serializers.CharField()
    revision = serializers.IntegerField()
    late = serializers.BooleanField(help_text="sent after somebody else took the task; kept as a draft")
    updated_at = serializers.DateTimeField()


def waiting_json(row: Annotation) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "queue": row.task.queue.uuid,
        "task": row.task.uuid,
        "path": row.task.item.path,
        "user": row.user.username,
        "state": row.state,
        "revision": row.revision,
        "late": row.lost_at is not None,
        "updated_at": row.updated_at,
    }
