"""Label Studio projects: a queue with its schema, made, changed, shown and taken off the list."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from lode_annotation import queues, schemas
from lode_annotation.ls.tasks import LABELED, person_json
from lode_annotation.models import Annotation, LabelStudioProject, Queue, Schema, SchemaRevision, Task
from lode_annotation.payloads import iso
from lode_platform import access, events, free_json
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Project
from motherlode.errors import BadInput as BadConfig
from motherlode.label_studio.configs import asked_in, with_field, with_our_field
from motherlode.labeling_config import objects_of

TRIES = 100
MOST_SAID = 20_000
SAMPLING = {
    "Sequential sampling": "priority",
    "Uniform sampling": "random",
    "Uncertainty sampling": "uncertainty",
}
TITLE, CONFIG, OVERLAP, ORDER = "title", "label_config", "maximum_annotations", "sampling"
TEXTS = ("description", "expert_instruction", "color", "model_version")
KEPT = {
    **dict.fromkeys(TEXTS, ""),
    "show_instruction": False,
    "show_skip_button": True,
    "enable_empty_annotation": True,
    "show_annotation_history": False,
    "show_collab_predictions": True,
    "evaluate_predictions_automatically": False,
    "reveal_preannotations_interactively": False,
    "is_published": True,
    "is_draft": False,
    "min_annotations_to_start_training": 0,
    "show_overlap_first": False,
    "show_ground_truth_first": False,
    "overlap_cohort_percentage": 100,
    "start_training_on_annotation_update": False,
    "skip_queue": "REQUEUE_FOR_OTHERS",
    "control_weights": {},
}
"""Settings that a client may give and gets back, which change nothing here: their default values."""
PASSED_OVER = frozenset(
    {"organization", "workspace", "created_by", "task_data_login", "task_data_password", "pinned_at"}
)


def create(project: Project, caller: Caller, given: Mapping[str, Any]) -> LabelStudioProject:
    """Makes a schema and a queue of a Label Studio project's settings, both or neither. Where the title is taken, a
    number is put behind it. Raises ``BadInput`` naming the setting."""
    for verb in ("schema.edit", "queue.manage"):
        access.require(caller, project, verb)
    said = _kept(given)
    title = _title(given.get(TITLE) or "New Project")
    config, field = _config(given.get(CONFIG))
    settings: dict[str, Any] = {"reason": str(said.get("description", ""))[:300], "ordering": _ordering(given)}
    overlap = _overlap(given.get(OVERLAP, 1))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)  # names are chosen one at a time
        name = _free_title(project, title)
        schema = schemas.create_schema(
            project, caller, name=_free_name(project, title), config=config, title=title[:200]
        )
        queue = queues.create_queue(project, caller, name=name, schema=schema, overlap=overlap, **settings)
        LabelStudioProject.objects.filter(queue=queue).update(field=field, said=said)
    return LabelStudioProject.objects.select_related(
        "queue__project", "queue__schema_revision__schema", "queue__created_by"
    ).get(queue=queue)


def change(door: LabelStudioProject, caller: Caller, given: Mapping[str, Any]) -> None:
    """Changes a project's title, config or other settings, all or none. A new config is a revision of the schema."""
    queue = door.queue
    access.require(caller, queue.project, "queue.manage")
    said = _kept(given)
    settings: dict[str, Any] = {}
    if TITLE in given:
        settings["name"] = _title(given[TITLE])
    if "description" in said:
        settings["reason"] = str(said["description"])[:300]
    if ORDER in given:
        settings["ordering"] = _ordering(given)
    if _overlap(given.get(OVERLAP, queue.overlap)) != queue.overlap:
        raise BadInput(
            f"Each task is answered by {queue.overlap}, which stays as the project was created: create another with the"
            " maximum_annotations that you want.",
            field=OVERLAP,
        )
    with transaction.atomic():
        field = door.field
        if CONFIG in given:
            config, field = _config(given[CONFIG])
            if field != door.field and queue.size:
                raise BadInput(
                    f"The tasks hold {'$' + (door.field or 'what they are about')}; a config that asks about ${field}"
                    " needs a project of its own.",
                    field=CONFIG,
                )
            schemas.revise(queue.schema_revision.schema, caller, config=config, message="by a Label Studio client")
        if settings or CONFIG in given:
            queues.change_queue(queue, caller, newest=CONFIG in given, **settings)
        LabelStudioProject.objects.filter(pk=door.pk).update(field=field, said={**door.said, **said})


def delete(door: LabelStudioProject, caller: Caller) -> None:
    """Takes a project off the list of Label Studio's clients: its queue is closed, and all that was said in it stays.
    Once the queue is open again, it is there again."""
    with transaction.atomic():
        queues.change_queue(door.queue, caller, state=Queue.State.CLOSED.value)
        LabelStudioProject.objects.filter(pk=door.pk).update(deleted_at=timezone.now())
        events.record(door.queue.project, caller.user, "queue.delete", door.queue)


def _kept(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are kept for the client alone. Raises ``BadInput`` for one that is not known, or too long."""
    free_json.check(given)
    known = {TITLE, CONFIG, OVERLAP, ORDER, *KEPT, *PASSED_OVER}
    for name, value in given.items():
        if name not in known:
            raise BadInput(f"{name[:60]!r} is not a setting of a project that is known here.", field=name[:60])
        if name in TEXTS and value is not None and (not isinstance(value, str) or len(value) > MOST_SAID):
            raise BadInput(f"{name} must be a text of at most {MOST_SAID:,} characters.", field=name)
        if name in KEPT and name not in TEXTS and len(repr(value)) > MOST_SAID:
            raise BadInput(f"{name} is too long.", field=name)
    return {name: value for name, value in given.items() if name in KEPT and value is not None}


def _title(said: Any) -> str:
    if not isinstance(said, str) or not said.strip() or len(said) > 190:
        raise BadInput("title must be a text of 1 to 190 characters.", field=TITLE)
    return said.strip()


def _overlap(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 1 <= said <= queues.MAX_OVERLAP:
        raise BadInput(f"maximum_annotations must be 1 to {queues.MAX_OVERLAP}.", field=OVERLAP)
    return said


def _ordering(given: Mapping[str, Any]) -> str:
    said = given.get(ORDER) or "Sequential sampling"
    if not isinstance(said, str) or said not in SAMPLING:
        raise BadInput(f"sampling must be one of {', '.join(SAMPLING)}.", field=ORDER)
    return SAMPLING[said]


def _config(said: Any) -> tuple[str, str]:
    """A config in a schema's words, and the name that tasks have for what it asks about, "" for the schema's own."""
    if not isinstance(said, str) or not said.strip():
        raise BadInput("label_config: say what is asked of each task, as a labeling config.", field=CONFIG)
    try:
        asked = asked_in(said)
        if len(objects_of(said)) > 1:
            raise BadInput(
                "label_config: several pictures of a task come in by `lode import`, not by Label Studio's clients.",
                field=CONFIG,
            )
    except (BadConfig, ValueError) as error:
        raise BadInput(f"label_config: {error}", code="bad_config", field=CONFIG) from None
    field = "" if asked.field == asked.medium.kind else asked.field
    if len(field) > 200:
        raise BadInput("label_config: the field of the tasks has more than 200 characters.", field=CONFIG)
    config = with_our_field(said)
    schemas.parse_config(config)
    return config, field


def _free_title(project: Project, title: str) -> str:
    taken = set(Queue.objects.filter(project=project, name__startswith=title).values_list("name", flat=True))
    names = [title, *(f"{title} ({number})" for number in range(2, TRIES))]
    return _first(names, taken, title)


def _free_name(project: Project, title: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50] or "project"
    taken = set(Schema.objects.filter(project=project, name__startswith=base).values_list("name", flat=True))
    return _first([base, *(f"{base}-{number}" for number in range(2, 2 + len(taken)))], taken, base)


def _first(names: list[str], taken: set[str], title: str) -> str:
    found = next((name for name in names if name not in taken), None)
    if found is None:
        raise Conflict(f"There are {TRIES} projects called {title!r}; choose another title.", field=TITLE)
    return found


def project_json(door: LabelStudioProject, states: Mapping[str, int], *, counted: bool = False) -> dict[str, Any]:
    """A project; ``states`` is how many tasks are in each state. With ``counted`` its annotations are counted too."""
    queue = door.queue
    finished = sum(states[state] for state in LABELED)
    ordering = next((said for said, ours in SAMPLING.items() if ours == queue.ordering), "Sequential sampling")
    shown: dict[str, Any] = {
        **KEPT,
        "description": queue.reason,
        **door.said,
        "id": door.pk,
        TITLE: queue.name,
        CONFIG: with_field(queue.schema_revision.config, door.field),
        "parsed_label_config": parsed_config(queue.schema_revision, door.field),
        OVERLAP: queue.overlap,
        ORDER: ordering,
        "created_by": person_json(queue.created_by),
        "created_at": iso(queue.created_at),
        "organization": 1,
        "workspace": None,
        "task_number": sum(states.values()),
        "finished_task_number": finished,
        "num_tasks_with_annotations": finished,
        "queue_total": sum(states.values()),
        "queue_done": finished + states[Task.State.SKIPPED],
        "config_has_control_tags": True,
        "total_predictions_number": None,
    }
    if counted:
        given = Annotation.objects.filter(task__queue=queue, revision__gt=0)
        skipped = given.filter(state=Annotation.State.SKIPPED).count()
        total = given.count() - skipped
        shown |= {"total_annotations_number": total, "useful_annotation_number": total}
        shown["skipped_annotations_number"] = skipped
    return shown


def parsed_config(revision: SchemaRevision, field: str) -> dict[str, Any]:
    """What a config asks, by control, as Label Studio's interface says it."""
    found = {}
    for control in revision.controls:
        if not control.get("to_name"):
            continue
        labels = [label["value"] for label in control["labels"]]
        medium = asked_in(revision.config).medium
        found[control["name"]] = {
            "type": control["type"],
            "to_name": [control["to_name"]],
            "inputs": [{"type": medium.tag, "value": field or medium.kind, "valueType": None}],
            "labels": labels,
            "labels_attrs": {label["value"]: {"value": label["value"]} for label in control["labels"]},
        }
    return found
