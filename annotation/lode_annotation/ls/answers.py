"""Annotations and predictions that Label Studio's clients give, one at a time."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from lode_annotation.ls.importing import MOST_PREDICTIONS, check_predictions, with_ids
from lode_annotation.ls.numbers import uuid_number, uuid_range
from lode_annotation.ls.people import People, people_of
from lode_annotation.models import Annotation, AnnotationRevision, LabelStudioProject, Task
from lode_annotation.moving import giving, taking
from lode_annotation.ordering import ORDERINGS
from lode_annotation.payloads import iso
from lode_annotation.ranking import rank_tasks
from lode_annotation.rules import rules_of
from lode_annotation.submit import SubmitRequest, submit
from lode_annotation.withdraw import is_withdrawn
from lode_platform import access, events, free_json
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Forbidden, NotFound
from motherlode import relations
from motherlode.label_studio.tasks import line_of

PASSED_OVER = frozenset(
    {
        *("id", "task", "project", "unique_id", "created_at", "updated_at", "created_username", "created_ago"),
        *("updated_by", "draft_created_at", "parent_prediction", "parent_annotation", "last_action", "import_id"),
        *("last_created_by", "bulk_created", "result_count", "task_id", "state", "prediction"),
    }
)
GIVEN = frozenset({"result", "lead_time", "was_cancelled", "ground_truth", "completed_by"})


def annotation_of(caller: Caller, number: int) -> Annotation:
    """An annotation that the caller may see, by its number. Raises ``NotFound``."""
    rows = Annotation.objects.visible_to(caller).filter(uuid__range=uuid_range(number), revision__gt=0)
    for row in rows.select_related("user", "task__queue__project"):
        if uuid_number(row.uuid) == number:
            return row
    raise NotFound(f"There is no annotation {number}.")


def standing(task: Task) -> list[giving.Given]:
    """The answers to a task with their newest revisions, without those that were taken back."""
    return [
        (row, save)
        for row, save in giving.answers_of([task]).get(task.pk, [])
        if save is not None and not is_withdrawn(row, save)
    ]


def read(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent of an annotation, checked. Raises ``BadInput`` naming the field."""
    free_json.check(given)
    for name in given:
        if name not in GIVEN and name not in PASSED_OVER:
            raise BadInput(f"{name[:60]!r} is not a field of an annotation that is known here.", field=name[:60])
    for name in ("was_cancelled", "ground_truth"):
        if not isinstance(given.get(name) or False, bool):
            raise BadInput(f"{name} must be true or false.", field=name)
    lead = given.get("lead_time") or 0
    if isinstance(lead, bool) or not isinstance(lead, int | float) or not 0 <= lead < 1e9:
        raise BadInput("lead_time must be a number of seconds.", field="lead_time")
    if "result" in given and not isinstance(given["result"], list):
        raise BadInput("result must be a list of regions.", field="result")
    return {**given, **({"result": with_ids(given["result"])} if "result" in given else {})}


def give(door: LabelStudioProject, task: Task, caller: Caller, given: Mapping[str, Any]) -> Annotation:
    """Gives the caller's answer to a task, or, with ``labels.import``, that of the person whom ``completed_by`` names.

    Somebody who has answered already gives a new revision of the same answer. Raises what ``submit`` raises.
    """
    access.require(caller, door.queue.project, "queue.label")
    said = read(given)
    if "result" not in said and not said.get("was_cancelled"):
        raise BadInput("Send the result, a list of regions; an empty one says that nothing is there.", field="result")
    who, true = said.get("completed_by"), said.get("ground_truth") is True
    if true:
        access.require(caller, door.queue.project, "labels.import")
    own = who in (None, uuid_number(caller.user.uuid))
    # outside a transaction: what submit refuses it keeps as a draft
    row = _submit(task, caller, said) if own else _for_another(door, task, caller, said)
    if true:
        mark(door, task, caller, row, true=True)
    return row


def _submit(task: Task, caller: Caller, said: Mapping[str, Any]) -> Annotation:
    asked = SubmitRequest(
        uuid4(), said.get("result") or [], float(said.get("lead_time") or 0), skip=said.get("was_cancelled") is True
    )
    made = submit(caller, task.uuid, asked)
    return Annotation.objects.select_related("user").get(uuid=made["annotation"]["id"])


def _for_another(door: LabelStudioProject, task: Task, caller: Caller, said: Mapping[str, Any]) -> Annotation:
    """The answer of another person, as an import brings it."""
    access.require(caller, door.queue.project, "labels.import")
    people: People = people_of(door.queue.project)
    now = timezone.now().isoformat()
    answer = {
        "result": said.get("result") or [],
        "was_cancelled": said.get("was_cancelled") is True,
        "lead_time": said.get("lead_time"),
        "completed_by": said["completed_by"],
        "created_at": now,
    }
    line = line_of({"data": {}, "annotations": [answer]}, 0, task.item.path, people)
    if people.unknown:
        raise BadInput(f"completed_by: {people.nobody()}.", field="completed_by")
    if not line["answers"][0]["by"]:
        raise BadInput("completed_by must be the number of a person, or their mail address.", field="completed_by")
    with transaction.atomic():
        told = taking.take(door.queue, caller, free_json.dumps(line))
        if not told["counts"].get("answers", 0) + told["counts"].get("skipped", 0):
            raise Conflict("This person has changed their answer here; it stays.", code="answers_kept")
        saves = AnnotationRevision.objects.filter(annotation__task=task).select_related("annotation__user")
        return saves.order_by("-pk")[0].annotation


def change(door: LabelStudioProject, task: Task, caller: Caller, row: Annotation, given: Mapping[str, Any]) -> None:
    """Changes the caller's own answer by a new revision, or says whether an answer is the ground truth."""
    said = read(given)
    true = said.get("ground_truth", is_true(task, row)) is True
    if true != is_true(task, row):
        access.require(caller, door.queue.project, "labels.import")
    if said.keys() & {"result", "was_cancelled", "lead_time"}:
        access.require(caller, door.queue.project, "queue.label")
        if row.user_id != caller.user.pk:
            raise Forbidden(
                "This answer is somebody else's: they change it, or a reviewer fixes it.", code="own_answer"
            )
        last = row.revisions.get(number=row.revision)
        _submit(task, caller, {"result": last.result, "lead_time": last.lead_time, **said})
    if true != is_true(task, row):
        mark(door, task, caller, row, true=true)


def is_true(task: Task, row: Annotation) -> bool:
    """Whether an answer is marked as the ground truth."""
    return str(row.uuid) in (task.origin or {}).get("ground_truth", ())


def mark(door: LabelStudioProject, task: Task, caller: Caller, row: Annotation, *, true: bool) -> None:
    """Says of an answer whether it is the ground truth, which exports repeat. For who imports labels."""
    access.require(caller, door.queue.project, "labels.import")
    with transaction.atomic():
        held = Task.objects.select_for_update().get(pk=task.pk)
        origin = held.origin or {}
        marked = [one for one in origin.get("ground_truth", ()) if one != str(row.uuid)]
        held.origin = {**origin, "ground_truth": [*marked, str(row.uuid)] if true else marked}
        held.save(update_fields=["origin"])
        events.record(door.queue.project, caller.user, "annotation.ground_truth", row, true=true)


def predict(door: LabelStudioProject, caller: Caller, given: Sequence[tuple[Task, Mapping[str, Any]]]) -> list[int]:
    """Keeps what a model says of tasks, after what was said before, and shows it to annotators as their pre-labels; the
    place of each among its task's. For who imports labels. Raises ``BadInput`` naming the region that breaks a rule."""
    queue = door.queue
    for verb in ("queue.manage", "labels.import"):
        access.require(caller, queue.project, verb)
    rules = rules_of(queue.schema_revision.controls)
    places = []
    with transaction.atomic():
        keys = sorted({task.pk for task, _ in given})
        rows = Task.objects.select_for_update(of=("self",)).select_related("item").filter(pk__in=keys).order_by("pk")
        held = {row.pk: row for row in rows}
        for number, (task, said) in enumerate(given):
            row = held[task.pk]
            prediction = _prediction(said, number, len(given))

            def refuse(_at: int, why: str, number: int = number) -> BadInput:
                return BadInput(f"{_where(number, len(given))}{why}", code="bad_result", field="result")

            check_predictions([prediction], row.item, rules, refuse)
            origin = dict(row.origin or {})
            before = giving.predictions_of(row)
            if len(before) >= MOST_PREDICTIONS:
                raise BadInput(f"A task has at most {MOST_PREDICTIONS} predictions.", field="task")
            places.append(len(before))
            origin["predictions"] = [*before, prediction]
            regions = [one for one in prediction["result"] if not relations.is_relation(one)]
            row.prelabels = [_scored(one, prediction.get("score")) for one in regions]
            row.origin = origin
        Task.objects.bulk_update(held.values(), ["origin", "prelabels"], batch_size=500)
        if ORDERINGS[queue.ordering].reads_prelabels:
            rank_tasks(queue, keys)
        events.record(queue.project, caller.user, "task.predict", queue, tasks=len(keys))
    return places


def _where(number: int, count: int) -> str:
    return f"predictions[{number}]: " if count > 1 else ""


def _prediction(said: Mapping[str, Any], number: int, count: int) -> dict[str, Any]:
    free_json.check(said)
    if not isinstance(said.get("result"), list):
        raise BadInput(f"{_where(number, count)}result must be a list of regions.", field="result")
    kept = {name: said[name] for name in ("score", "model_version") if said.get(name) is not None}
    created = iso(timezone.now())
    return {**kept, "result": with_ids(said["result"]), "created_at": created}


def _scored(entry: Mapping[str, Any], score: Any) -> dict[str, Any]:
    own = entry.get("score", score)
    return {**entry, "score": own} if isinstance(own, int | float) and not isinstance(own, bool) else dict(entry)
