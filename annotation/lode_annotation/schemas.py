"""Creates, revises and extends schemas; a class keeps its number through every rename, merge of configs and reorder."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from lode_annotation.labeling_config import ParsedConfig, controls_json, parse_config
from lode_annotation.models import LabelClass, Schema, SchemaRevision
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Project, User
from motherlode import labeling_config
from motherlode.shapes import BY_TASK

__all__ = [
    "ParsedConfig",
    "create_schema",
    "extend",
    "latest",
    "parse_config",
    "revise",
    "schema_for_labels",
]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def check_name(name: str) -> str:
    """Checks a schema's name, which is part of addresses. Raises ``BadInput``."""
    if not NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is not a valid schema name: use up to 64 of a-z, 0-9, - and _, starting with a letter or digit.",
            field="name",
        )
    return name


def latest(schema: Schema) -> SchemaRevision:
    """The newest revision of ``schema``."""
    return SchemaRevision.objects.filter(schema=schema).order_by("-number")[:1].get()


def create_schema(
    project: Project,
    caller: Caller,
    *,
    name: str,
    config: str,
    title: str = "",
    guidelines: Mapping[str, str] | None = None,
) -> Schema:
    """Creates a schema and its first revision. Raises ``BadInput`` (what the config asks that we cannot do, by name),
    ``Conflict`` when the name is taken."""
    user = caller.user
    access.require(caller, project, "schema.edit")
    check_name(name)
    parsed = parse_config(config)
    if Schema.objects.filter(project=project, name=name).exists():
        raise Conflict(f"A schema named {name!r} already exists.", code="name_taken", field="name")
    try:
        with transaction.atomic():
            schema = Schema.objects.create(project=project, name=name, title=title[:200], created_by=user)
            _append(schema, user, parsed, config, message="", number=1, guidelines=guidelines)
            events.record(project, user, "schema.create", schema)
    except IntegrityError:
        raise Conflict(f"A schema named {name!r} already exists.", code="name_taken", field="name") from None
    return schema


def revise(
    schema: Schema,
    caller: Caller,
    *,
    config: str,
    message: str = "",
    renames: Mapping[str, str] | None = None,
    guidelines: Mapping[str, str] | None = None,
) -> SchemaRevision:
    """Appends a revision. ``renames`` maps old label names to new ones, which keep their class ids.

    A label that is gone from the config is retired (its id is never used again); one that comes back has its old id.
    A config, renames and guidelines that change nothing give the newest revision as it is.
    """
    user = caller.user
    access.require(caller, schema.project, "schema.edit")
    parsed = parse_config(config)
    with transaction.atomic():
        Schema.objects.select_for_update().get(pk=schema.pk)
        newest = latest(schema)
        if guidelines is None:
            changed = renames or {}
            guidelines = {changed.get(label, label): text for label, text in newest.guidelines.items()}
        if newest.config == config and not renames and dict(newest.guidelines) == dict(guidelines):
            return newest
        _rename(schema, parsed, renames or {})
        revision = _append(
            schema, user, parsed, config, message=message, number=newest.number + 1, guidelines=guidelines
        )
        events.record(schema.project, user, "schema.revise", schema, revision=revision.number, message=message)
    return revision


def _rename(schema: Schema, parsed: ParsedConfig, renames: Mapping[str, str]) -> None:
    """Gives classes their new names at once, so that two can also change places."""
    active = {found.name: found for found in schema.classes.filter(retired_at=None)}
    known = set(parsed.labels)
    for old, new in renames.items():
        if old not in active:
            raise BadInput(f"There is no label {old!r} to rename.", field="renames")
        if new not in known:
            raise BadInput(f"{old!r} is renamed to {new!r}, which the config does not have.", field="renames")
        if new in active and new not in renames:
            raise BadInput(f"{new!r} is another label's name: {old!r} cannot take it.", field="renames")
        if old in known and old not in renames.values():
            raise BadInput(f"{old!r} is renamed to {new!r}, but the config still has it.", field="renames")
    if len(set(renames.values())) != len(renames):
        raise BadInput("Two labels cannot be renamed to the same name; labels cannot be merged.", field="renames")
    moving = [active[old] for old in renames]
    for found in moving:
        LabelClass.objects.filter(pk=found.pk).update(name=f"\x01{found.pk}")
    for found in moving:
        LabelClass.objects.filter(pk=found.pk).update(name=renames[found.name])


def _append(
    schema: Schema,
    user: User,
    parsed: ParsedConfig,
    config: str,
    *,
    message: str,
    number: int,
    guidelines: Mapping[str, str] | None,
) -> SchemaRevision:
    """Births, returns and retirements of classes, then the revision. The caller holds the schema's row."""
    ids = _settle_classes(schema, parsed.labels)
    kept = {label: text for label, text in (guidelines or {}).items() if label in ids and text.strip()}
    return SchemaRevision.objects.create(
        schema=schema,
        number=number,
        config=config,
        controls=controls_json(parsed, ids, kept),
        classes=[{"id": number, "name": label} for label, number in sorted(ids.items(), key=lambda pair: pair[1])],
        guidelines=kept,
        message=message[:300],
        created_by=user,
    )


def _settle_classes(schema: Schema, labels: Sequence[str]) -> dict[str, int]:
    """Class ids of ``labels``; new ones are numbered on from the highest ever given."""
    known = list(schema.classes.order_by("class_id"))
    active = {found.name: found for found in known if found.retired_at is None}
    retired = {found.name: found for found in known if found.retired_at is not None}
    highest = known[-1].class_id if known else 0
    births = []
    for label in labels:
        if label in active:
            continue
        if label in retired:
            active[label] = retired[label]
            LabelClass.objects.filter(pk=retired[label].pk).update(retired_at=None)
            continue
        highest += 1
        active[label] = LabelClass(schema=schema, class_id=highest, name=label)
        births.append(active[label])
    LabelClass.objects.bulk_create(births)
    gone = [found.pk for name, found in active.items() if name not in set(labels)]
    LabelClass.objects.filter(pk__in=gone).update(retired_at=timezone.now())
    return {label: active[label].class_id for label in labels}


# -- schemas that follow the labels an import finds --------------------------------------------------------------------


def schema_for_labels(
    project: Project, caller: Caller, *, name: str, labels: Iterable[str], task: str = "boxes"
) -> Schema:
    """The schema ``name`` with at least ``labels``: made if there is none, extended by a revision if it lacks some.

    ``task`` is a kind's, such as "boxes". Raises ``BadInput`` when the schema asks for another kind of label.
    """
    wanted = list(dict.fromkeys(labels))
    found = Schema.objects.filter(project=project, name=name).first()
    if found is None:
        if not wanted:
            raise BadInput("There are no labels to create a schema from.", code="no_labels")
        try:
            return create_schema(project, caller, name=name, config=labeling_config.build(wanted, task))
        except Conflict:
            found = Schema.objects.get(project=project, name=name)
    extend(found, caller, labels=wanted, task=task)
    return found


def extend(schema: Schema, caller: Caller, *, labels: Iterable[str], task: str = "boxes") -> SchemaRevision:
    """Adds the labels that ``schema`` lacks by one revision; without any, the newest revision as it is."""
    newest = latest(schema)
    tag = BY_TASK[task].tag
    control = next((control for control in newest.controls if control["type"] == tag), None)
    if control is None:
        raise BadInput(f"The schema {schema.name!r} has no <{tag}>, so {task} cannot go into it.", code="wrong_schema")
    known = {label["value"] for label in control["labels"]}
    missing = [label for label in dict.fromkeys(labels) if label not in known]
    if not missing:
        return newest
    config = labeling_config.add_labels(newest.config, missing, task=task)
    return revise(schema, caller, config=config, message="Labels added by an import: " + ", ".join(missing))


def as_json(schema: Schema, revision: SchemaRevision | None = None) -> dict[str, Any]:
    """A schema as REST shows it, with its newest (or the given) revision."""
    revision = revision or latest(schema)
    classes = [
        {"id": found.class_id, "name": found.name, "retired": found.retired_at is not None}
        for found in schema.classes.all()
    ]
    return {
        "uuid": str(schema.uuid),
        "name": schema.name,
        "title": schema.title,
        "project": schema.project.name,
        "revision": revision.number,
        "config": revision.config,
        "controls": revision.controls,
        "classes": classes,
        "guidelines": revision.guidelines,
        "created_at": schema.created_at,
    }
