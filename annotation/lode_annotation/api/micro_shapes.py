"""What micro-tasks are sent and answered as over REST, declared once."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from lode_annotation.api.schema_shapes import ObjectField
from lode_annotation.api.shapes import MAX_INTEGER, AssignedShape, HoldingShape, LeaseShape, MediaShape, Shape
from lode_annotation.micro.asking import MOST_VOTES
from lode_annotation.micro.results import OUTCOMES, Answered, ClassResult, Voter
from lode_annotation.models import MicroTaskRule, Queue
from lode_platform.api.shapes import JobShape

WHERE = 'items whose labels are asked about: filters as an object, such as {"query": "class:RBC"}'


class NewMicroTaskShape(Shape):
    item = serializers.UUIDField()
    region = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="id of a region in the item's current labels"
    )
    class_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_INTEGER,
        help_text="the class asked about; left out, that of the region; with neither, the whole item is",
    )
    text = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=300, help_text="instead of the queue's question"
    )
    reason = ObjectField(required=False, default=dict, help_text="an object with `text`, or the text itself")
    priority = serializers.IntegerField(required=False, default=0, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)


class NewMicroTasksShape(Shape):
    questions = NewMicroTaskShape(many=True, required=False, default=list)
    filter = ObjectField(required=False, default=None, help_text=WHERE)
    about = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        help_text="with a filter: name or id of the one class whose regions and answers are asked about",
    )
    priority = serializers.IntegerField(required=False, default=0, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)


class NewMicroTaskQueueShape(NewMicroTasksShape):
    name = serializers.CharField(max_length=200)
    schema = serializers.CharField(help_text="name or uuid")
    question = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=200,
        help_text="its text, with {label} for the class, in the language of the schema",
    )
    min_votes = serializers.IntegerField(required=False, default=2, min_value=1, max_value=MOST_VOTES)
    max_votes = serializers.IntegerField(required=False, default=5, min_value=1, max_value=MOST_VOTES)
    error_limit = serializers.FloatField(
        required=False,
        default=0.05,
        min_value=0.001,
        max_value=0.4,
        help_text="a question is decided once the chance that its answer is wrong is below it",
    )
    corrections = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="labeling queue that an item gets into after a no"
    )
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    due = serializers.DateField(required=False, allow_null=True, default=None)
    assigned = AssignedShape(required=False, default=None, help_text="whom it is for; left out or empty: everyone")


class MicroTaskRuleShape(Shape):
    question = serializers.CharField()
    min_votes = serializers.IntegerField()
    max_votes = serializers.IntegerField()
    error_limit = serializers.FloatField()
    corrections = serializers.UUIDField(allow_null=True)


class CorrectionsShape(Shape):
    corrections = serializers.UUIDField(allow_null=True, help_text="a labeling queue; null: answers are only recorded")


class MicroTasksAddedShape(Shape):
    queue = serializers.UUIDField()
    added = serializers.IntegerField(help_text="questions that the queue did not ask yet")
    job = JobShape(allow_null=True, help_text="what adds them where there are many")
    size = serializers.IntegerField()
    url = serializers.CharField()
    vote_url = serializers.CharField()


class QuestionTaskShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    position = serializers.IntegerField()
    total = serializers.IntegerField()
    reason = serializers.DictField()


class QuestionTextShape(Shape):
    text = serializers.CharField()
    class_id = serializers.IntegerField(allow_null=True)
    class_name = serializers.CharField(help_text="name of the class, empty for a question about a whole item")
    guideline = serializers.CharField(help_text="of the class, Markdown; empty where the schema has none")
    region = serializers.CharField(allow_null=True, help_text="id of the region; null: the whole item")


class ExcerptShape(Shape):
    before = serializers.CharField(allow_blank=True)
    quoted = serializers.CharField()
    after = serializers.CharField(allow_blank=True)
    begins = serializers.BooleanField(help_text="nothing of the text stands before")
    ends = serializers.BooleanField(help_text="nothing of the text stands behind")


class MicroTaskQueueShape(Shape):
    id = serializers.UUIDField()  # noqa: A003
    name = serializers.CharField()


class QuestionShape(Shape):
    task = QuestionTaskShape()
    question = QuestionTextShape()
    media = MediaShape()
    regions = serializers.ListField(
        child=ObjectField(), help_text="the region: kind and geometry in pixels of the upright image, label, colour"
    )
    excerpt = ExcerptShape(allow_null=True, help_text="of a text: the sentence that a span stands in")
    queue = MicroTaskQueueShape()
    lease = LeaseShape()


class NewVoteShape(HoldingShape):
    answer = serializers.ChoiceField(choices=["yes", "no", "unsure"])
    operation_id = serializers.UUIDField(help_text="created by the client; repeating it returns the same answer")
    seconds = serializers.FloatField(required=False, default=0.0, min_value=0, max_value=10_000_000)
    next = serializers.BooleanField(required=False, default=False)


class VoteShape(Shape):
    task = serializers.UUIDField()
    answer = serializers.CharField(help_text="yes, no or unsure")


class VotedShape(Shape):
    vote = VoteShape()
    next = QuestionShape(allow_null=True)


class UndoVoteShape(Shape):
    operation_id = serializers.UUIDField(help_text="created by the client; repeating it returns the same answer")


class VoteUndoneShape(Shape):
    question = QuestionShape(allow_null=True, help_text="null where its item is in the trash")


class MicroTaskShape(Shape):
    uuid = serializers.UUIDField()
    item = serializers.UUIDField()
    path = serializers.CharField()
    position = serializers.IntegerField()
    question = serializers.CharField()
    region = serializers.CharField(allow_null=True)
    class_id = serializers.IntegerField(allow_null=True)
    reason = serializers.DictField()
    outcome = serializers.ChoiceField(choices=list(OUTCOMES))
    votes = serializers.DictField(
        child=serializers.IntegerField(), help_text="by answer; empty while it is asked, except for managers"
    )
    finished_at = serializers.DateTimeField(allow_null=True)


class ClassResultShape(Shape):
    class_id = serializers.IntegerField(allow_null=True, help_text="null: questions about whole items")
    name = serializers.CharField(allow_blank=True)
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="questions by outcome")
    share = serializers.FloatField(allow_null=True, help_text="yes, of those answered with yes or no")


class VoterShape(Shape):
    user = serializers.CharField()
    votes = serializers.DictField(child=serializers.IntegerField(), help_text="by answer")
    seconds = serializers.FloatField(help_text="a vote, on average")
    agreed = serializers.IntegerField(help_text="times that they said what most of the others did")
    judged = serializers.IntegerField(help_text="of so many of their last votes")
    reliability = serializers.FloatField(help_text="the chance that they are right, as votes are weighed by it")


class MicroTaskResultsShape(Shape):
    rule = MicroTaskRuleShape()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="questions by outcome")
    classes = ClassResultShape(many=True)
    people = VoterShape(many=True, help_text="all of them for managers; else who asks alone")


def added_json(queue: Queue, added: int, job: Any) -> dict[str, Any]:
    return {
        "queue": queue.uuid,
        "added": added,
        "job": job,
        "size": queue.size,
        "url": reverse("annotation:queue", args=[queue.project.name, queue.uuid]),
        "vote_url": reverse("annotation:vote", args=[queue.uuid]),
    }


def rule_json(rule: MicroTaskRule) -> dict[str, Any]:
    return {
        "question": rule.question,
        "min_votes": rule.min_votes,
        "max_votes": rule.max_votes,
        "error_limit": rule.error_limit,
        "corrections": rule.corrections.uuid if rule.corrections else None,
    }


def micro_task_json(row: Answered) -> dict[str, Any]:
    task, micro = row.task, row.micro
    return {
        "uuid": task.uuid,
        "item": task.item.uuid,
        "path": task.item.path,
        "position": task.number,
        "question": micro.text,
        "region": micro.region or None,
        "class_id": micro.class_id,
        "reason": task.reason,
        "outcome": row.outcome,
        "votes": dict(row.counts),
        "finished_at": task.finished_at,
    }


def class_json(row: ClassResult) -> dict[str, Any]:
    return {"class_id": row.class_id, "name": row.name, "counts": dict(row.counts), "share": row.share}


def voter_json(row: Voter) -> dict[str, Any]:
    return {
        "user": row.user.username,
        "votes": dict(row.counts),
        "seconds": row.seconds,
        "agreed": row.agreed,
        "judged": row.judged,
        "reliability": row.reliability,
    }
