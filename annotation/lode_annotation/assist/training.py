"""The job that trains a schema's assistants, and what begins it: a person, or enough new labels."""

import time
from collections.abc import Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import Any
from uuid import uuid5

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_annotation.assist import keeping, teaching
from lode_annotation.assist.assistants import ASSISTANTS
from lode_annotation.assist.assistants.assistant import Assistant
from lode_annotation.assist.models import AssistantModel, AssistantSwitch
from lode_annotation.assist.standing import (
    LEAST,
    VERB,
    asks_for_regions,
    newer_label_sets,
    standing,
    takes_pictures,
    training,
)
from lode_annotation.assist.teaching import Lesson
from lode_annotation.models import LabelSet, Schema
from lode_annotation.rules import rules_of
from lode_annotation.schemas import latest
from lode_platform import access, events, jobs
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Job, User

FRESH = 20
"""New label sets from which on an assistant that is asked learns again, or a quarter of what it knows."""
AGAIN_AFTER = timedelta(days=1)
LOOK_EVERY = 300
"""Seconds between two looks for those."""


def train(schema: Schema, caller: Caller) -> Job:
    """Begins to train the schema's assistants; the job that does it already, where there is one.

    Raises ``Forbidden``, and ``BadInput`` where the schema asks for nothing that they could suggest.
    """
    access.require(caller, schema.project, "queue.manage")
    if not takes_pictures(schema) or not asks_for_regions(rules_of(latest(schema).controls)):
        raise BadInput(
            _("Assistants learn boxes, polygons and masks in pictures; this schema asks for none."),
            code="nothing_to_learn",
        )
    return _begin(schema, caller.user)


def _begin(schema: Schema, user: User) -> Job:
    with transaction.atomic():
        Schema.objects.select_for_update().get(pk=schema.pk)  # two who ask at once get one job
        if (going := training(schema)) is not None:
            return going
        return jobs.enqueue(
            VERB,
            project=schema.project,
            user=user,
            title=_("Train the assistants of %(schema)s") % {"schema": schema.name},
            arguments={"schema": str(schema.uuid)},
        )


def learn_again_if_due(schema: Schema, name: str, user: User) -> None:
    """Begins to train where enough labels came since; looks at most every few minutes, and counts no further than it
    has to."""
    if not cache.add(f"assist-{schema.uuid}", True, LOOK_EVERY):
        return
    known = standing(schema, name).model
    wanted = max(FRESH, known.label_sets // 4) if known else 0
    due = newer_label_sets(schema, known, wanted) >= wanted if known else _may_begin(schema)
    if due and training(schema) is None:
        _begin(schema, user)


def _may_begin(schema: Schema) -> bool:
    """Whether there seems to be enough to learn from for the first time; not soon again where that went wrong."""
    tried = Job.objects.filter(verb=VERB, project=schema.project_id, arguments__schema=str(schema.uuid))
    if tried.filter(created_at__gt=timezone.now() - AGAIN_AFTER).exists():
        return False
    if not takes_pictures(schema) or not asks_for_regions(rules_of(latest(schema).controls)):
        return False
    newest = LabelSet.objects.current().filter(schema=schema).order_by("-pk").values_list("regions", flat=True)
    return sum(map(len, newest[:LEAST])) >= 2 * LEAST


def switch(schema: Schema, caller: Caller, name: str, on: bool) -> None:
    """Switches an assistant on or off. Raises ``Forbidden``, and ``BadInput`` for one that there is not."""
    access.require(caller, schema.project, "queue.manage")
    known = [one.name for one in ASSISTANTS.values() if one.offered()]
    if name not in known:
        raise BadInput(f"There is no assistant {name!r}; known: {', '.join(known)}.", field="assistant")
    with transaction.atomic():
        AssistantSwitch.objects.update_or_create(
            schema=schema, assistant=name, defaults={"on": on, "changed_by": caller.user}
        )
        events.record(schema.project, caller.user, "assistant.switch", schema, assistant=name, on=on)


# -- the job -----------------------------------------------------------------------------------------------------------


def run(work: jobs.Work) -> dict[str, Any]:
    """Trains one assistant after the other on the same pictures; one that was trained before a restart is not again."""
    schema = Schema.objects.select_related("project").get(uuid=work.arguments["schema"])
    able = [one for one in ASSISTANTS.values() if not one.needs or find_spec(one.needs) is not None]
    if not any(one.offered() for one in able):
        raise BadInput(
            _("Training needs scikit-learn, which this worker lacks: install the server's extra `assist`."),
            code="no_sklearn",
        )
    revision = latest(schema)
    began = time.monotonic()
    taught = teaching.lesson(schema, rules_of(revision.controls), work)
    reading = time.monotonic() - began
    if taught.regions < LEAST:
        raise BadInput(
            _("There are %(n)s labelled regions to learn from; %(least)s are needed.")
            % {"n": taught.regions, "least": LEAST},
            code="too_few_labels",
        )
    trained: dict[str, Any] = {}
    for assistant in able:
        if not assistant.offered() or assistant.why_not():
            continue
        work.progress(taught.regions, message=str(assistant.title), at_once=True)
        try:
            row = _learned(work, schema, revision.pk, assistant, taught, reading)
        except Conflict as error:  # it does not answer, or not in time; the others learn all the same
            if not assistant.ready:
                raise
            trained[assistant.name] = {"error": error.message}
            continue
        trained[assistant.name] = {"accuracy": row.accuracy, "trivial": row.trivial}
        work.step("trained")
    return {"schema": str(schema.uuid), "regions": taught.regions, "label_sets": taught.label_sets, **trained}


def _learned(
    work: jobs.Work, schema: Schema, revision_id: int, assistant: Assistant, taught: Lesson, reading: float
) -> AssistantModel:
    uuid = uuid5(work.job.uuid, assistant.name)
    if (known := AssistantModel.objects.filter(uuid=uuid).first()) is not None:
        return known
    began = time.monotonic()
    found = assistant.learn(taught.pictures)
    name = keeping.name_of(uuid) if found.arrays else ""
    if name:
        keeping.keep(name, found.arrays)
    row = AssistantModel(
        uuid=uuid,
        schema=schema,
        schema_revision_id=revision_id,
        assistant=assistant.name,
        arrays=name,
        label_sets=taught.label_sets,
        regions=taught.regions,
        last_label_set=taught.last,
        held_out=found.held_out,
        accuracy=found.accuracy,
        trivial=found.trivial,
        facts=_plain(found.facts),
        version=assistant.version(),
        answer_ms=found.answer_ms,
        seconds=reading + time.monotonic() - began,
        job=work.job,
        created_by=work.job.created_by,
    )
    with work.fenced():
        row.save()
        said = {"assistant": assistant.name, "accuracy": found.accuracy, "trivial": found.trivial}
        events.record(schema.project, work.job.created_by, "assistant.train", schema, **said)
    return row


def _plain(facts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in facts.items()}
