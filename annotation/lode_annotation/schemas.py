"""Creates, revises and extends schemas; a class keeps its number through every rename, merge of configs and reorder."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from lode_annotation import migrating
from lode_annotation.classes import Class, Guidelines, Known, Renames, guidelines_of, ids_of, successors
from lode_annotation.dry_run import LOOKS, Change, changes
from lode_annotation.labeling_config import ParsedConfig, controls_json, parse_config
from lode_annotation.merging import by_id, chained
from lode_annotation.models import LabelClass, Schema, SchemaRevision
from lode_annotation.proposals import Proposal, Words, proposed
from lode_annotation.rules import asks_of
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import ItemQuerySet, Project, User
from motherlode import labeling_config
from motherlode.media import MEDIA, Media
from motherlode.shapes import BY_TAG, BY_TASK

__all__ = [
    "ParsedConfig",
    "asked_by",
    "check_config",
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


def medium_of(schema: Schema) -> type[Media]:
    """The medium that the schema asks about."""
    return MEDIA[labeling_config.medium_of(latest(schema).config)]


class Named(Protocol):
    """An item as far as a refusal names it."""

    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def length(self) -> int: ...


def refuse_other_media(schema: Schema, items: ItemQuerySet | Iterable[Named]) -> None:
    """Raises ``BadInput`` (code ``other_medium``) naming one of ``items`` that is not of the schema's medium, or has
    another number of pictures than it names, where it names several."""
    config = latest(schema).config
    medium, pictures = MEDIA[labeling_config.medium_of(config)], len(labeling_config.objects_of(config))
    found: Named | None
    fits = {"kind": medium.kind, **({"length": pictures} if pictures > 1 else {})}
    if isinstance(items, ItemQuerySet):
        found = items.exclude(**fits).order_by().first()
    else:
        found = next((item for item in items if any(getattr(item, key) != fits[key] for key in fits)), None)
    if found is None:
        return
    said = f"{found.path} is {MEDIA[found.kind].one}, and the schema {schema.name!r} asks about {medium.plural}"
    if found.kind == medium.kind:
        has = f"{found.path} has {max(1, found.length)} of the {pictures} pictures"
        said = f"{has} of an item that the schema {schema.name!r} asks about"
    choose = f"choose {medium.plural} alone" if found.kind != medium.kind else f"choose items of {pictures} pictures"
    raise BadInput(f"{said}; {choose}, or another schema.", code="other_medium", field="items")


def create_schema(
    project: Project,
    caller: Caller,
    *,
    name: str,
    config: str,
    title: str = "",
    guidelines: Guidelines | None = None,
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
    renames: Renames | None = None,
    merges: Renames | None = None,
    splits: Renames | None = None,
    guidelines: Guidelines | None = None,
) -> SchemaRevision:
    """Appends a revision. ``renames`` maps old label names to new ones, which keep their class ids: of all controls, or
    by the name of a control (``{"blurred": {"yes": "very"}}``). ``merges`` maps labels that go to those that take them
    in: a job writes the label sets again (``schema_migrations``). ``splits`` maps new labels to those that they are
    split off from, whose items a person has to look at. ``guidelines`` are those of the new labels; where none are
    given, each class keeps its own.

    A label that is gone from its control is retired (its id is never used again); one that comes back has its old id.
    A control that has another name keeps its classes where its labels tell which it is. A config, words and guidelines
    that change nothing give the newest revision as it is. Raises ``Conflict`` while the schema is being migrated.
    """
    user, words = caller.user, Words(renames or {}, merges or {}, splits or {})
    access.require(caller, schema.project, "schema.edit")
    parsed = parse_config(config)
    with transaction.atomic():
        Schema.objects.select_for_update().get(pk=schema.pk)
        newest = latest(schema)
        classes = {(row["control"], row["name"]): row["id"] for row in newest.classes}
        same = guidelines is None or newest.guidelines == guidelines_of(guidelines, classes)
        if newest.config == config and words == Words() and same:
            return newest
        refuse_other_objects(schema, newest, config)
        migrating.refuse_while_migrating(schema)
        known = known_classes(schema)
        proposal = proposed(newest.controls, known, parsed, words)
        _rename(schema, proposal)
        if guidelines is None:
            guidelines = _guidelines_kept(newest, proposal)
        revision = _append(
            schema, user, parsed, config, message=message, number=newest.number + 1, guidelines=guidelines
        )
        gone = merged_ids(known, proposal, revision)
        if gone:
            migrating.refuse_while_importing(schema)
            migrating.begin(revision, user, gone)
        there = {row["id"] for row in revision.classes}
        before = {old: new for old, new in by_id(newest.merged).items() if old not in there}
        revision.merged = {str(old): new for old, new in chained(before, gone).items()}
        revision.looks = _looks(changes(newest.controls, known, proposal))
        revision.save(update_fields=["merged", "looks"])
        events.record(schema.project, user, "schema.revise", schema, revision=revision.number, message=message)
    return revision


def restore(revision: SchemaRevision, user: User, message: str) -> SchemaRevision:
    """Appends a revision that says what the one before ``revision`` says: its config, its guidelines, and its classes
    by their ids, under the names that they had. In the caller's transaction, which holds the schema's row."""
    schema, newest = revision.schema, latest(revision.schema)
    target = schema.revisions.get(number=revision.number - 1)
    schema.classes.filter(retired_at=None).update(name=Concat(Value("\x01"), "name"))
    there = {row["id"]: row for row in target.classes}
    for found in schema.classes.filter(class_id__in=there):
        found.control, found.name = there[found.class_id]["control"], there[found.class_id]["name"]
        found.retired_at = None
        found.save(update_fields=["control", "name", "retired_at"])
    others = schema.classes.exclude(class_id__in=there)
    others.filter(retired_at=None).update(name=Substr("name", 2), retired_at=timezone.now())
    made = _append(
        schema,
        user,
        parse_config(target.config),
        target.config,
        message=message,
        number=newest.number + 1,
        guidelines=target.guidelines,
    )
    made.merged, made.restores = target.merged, target.stands_for
    made.save(update_fields=["merged", "restores"])
    events.record(schema.project, user, "schema.revise", schema, revision=made.number, message=message)
    return made


def merged_ids(known: Iterable[Known], proposal: Proposal, revision: SchemaRevision) -> dict[int, int]:
    """The class id that takes another one in, by that one's id."""
    ids = {(row["control"], row["name"]): row["id"] for row in revision.classes}
    going = [(row.class_id, proposal.now(row)) for row in known if not row.retired]
    return {
        number: ids[now.control, proposal.merges[now.control, now.name]]
        for number, now in going
        if (now.control, now.name) in proposal.merges
    }


def _looks(planned: Iterable[Change]) -> list[dict[str, Any]]:
    """What a person has to look at once the planned changes are made, as a revision keeps it."""
    return [
        {"kind": one.kind, "control": one.control, "label": one.label, "to": one.to, "class_id": one.class_id}
        for one in planned
        if one.kind in LOOKS
    ]


def _guidelines_kept(newest: SchemaRevision, proposal: Proposal) -> dict[str, dict[str, str]]:
    """The guidelines that there are, under the new names of their controls and classes."""
    kept = {}
    for name, own in newest.guidelines.items():
        control = proposal.moved.get(name, name)
        kept[control] = {proposal.names.get((control, old), old): text for old, text in own.items()}
    return kept


def refuse_other_objects(schema: Schema, newest: SchemaRevision, config: str) -> None:
    """Raises ``BadInput`` for a config that asks about another medium than the schema's newest revision, about other
    pictures of an item, or has a control about another one of them: their regions stay where they are."""
    pictures = [len(labeling_config.objects_of(one)) for one in (newest.config, config)]
    if pictures[0] != pictures[1]:
        why = (
            f"The schema {schema.name!r} asks about {pictures[0]} pictures of an item, this config about {pictures[1]}"
        )
        raise BadInput(f"{why}; create another schema for it.", field="config")
    pages = {control["name"]: control.get("page") for control in newest.controls}
    for control in parse_config(config).controls if pictures[0] > 1 else ():
        if pages.get(control.name, control.page) != control.page:
            why = f"{control.name!r} is about another picture than before, and its regions stay where they are"
            raise BadInput(f"{why}; give the control another name.", field="config")
    if (now := labeling_config.medium_of(config)) != (before := labeling_config.medium_of(newest.config)):
        why = f"The schema {schema.name!r} asks about {MEDIA[before].plural}, this config about {MEDIA[now].plural}"
        raise BadInput(f"{why}; create another schema for them.", field="config")


def _rename(schema: Schema, proposal: Proposal) -> None:
    """Gives controls and classes their new names, classes at once, so that two can also change places."""
    for old, new in proposal.moved.items():
        if old != new:
            schema.classes.filter(control=old).update(control=new)
    active = {(found.control, found.name): found for found in schema.classes.filter(retired_at=None)}
    for key in proposal.names:
        LabelClass.objects.filter(pk=active[key].pk).update(name=f"\x01{active[key].pk}")
    for key, name in proposal.names.items():
        LabelClass.objects.filter(pk=active[key].pk).update(name=name)


def known_classes(schema: Schema) -> list[Known]:
    """Every class that the schema has or had, by id."""
    rows = schema.classes.order_by("class_id")
    return [Known(row.control, row.name, row.class_id, row.retired_at is not None) for row in rows]


def check_config(config: str, schema: Schema | None = None) -> dict[str, Any]:
    """Tries a config without saving it: ``{"ok", "controls", "problems": [{"line", "error"}]}``.

    Class ids are those that ``schema`` would give.
    """
    try:
        parsed = parse_config(config)
    except BadInput as error:
        return {"ok": False, "controls": [], "problems": list(error.facts.get("problems", []))}
    known: list[Known] = []
    if schema is not None:
        moved = successors(latest(schema).controls, parsed)
        known = [row._replace(control=moved.get(row.control, row.control)) for row in known_classes(schema)]
    ids = ids_of(known, parsed)
    changed = _changed(schema, parsed, ids) if schema is not None else ""
    problems = [{"line": 1, "error": changed}] if changed else []
    return {"ok": not changed, "controls": controls_json(parsed, ids) if not changed else [], "problems": problems}


def _append(
    schema: Schema,
    user: User,
    parsed: ParsedConfig,
    config: str,
    *,
    message: str,
    number: int,
    guidelines: Guidelines | None,
) -> SchemaRevision:
    """Births, returns and retirements of classes, then the revision. The caller holds the schema's row."""
    ids = _settle_classes(schema, parsed)
    if changed := _changed(schema, parsed, ids):
        raise BadInput(changed, code="bad_config", field="config")
    kept = guidelines_of(guidelines or {}, ids)
    return SchemaRevision.objects.create(
        schema=schema,
        number=number,
        config=config,
        controls=controls_json(parsed, ids, kept),
        classes=[
            {"id": number, "name": label, "control": control}
            for (control, label), number in sorted(ids.items(), key=lambda pair: pair[1])
        ],
        guidelines=kept,
        message=message[:300],
        created_by=user,
    )


def _changed(schema: Schema, parsed: ParsedConfig, ids: Mapping[Class, int]) -> str:
    """What of a class, by a config and the ids of classes, must stay as it was and does not; "" for nothing."""
    asked = {
        ids[control.name, label]: (BY_TAG[control.type].fixed(asks), label)
        for control in parsed.controls
        for label, asks in control.options.get("classes", {}).items()
    }
    if not asked:
        return ""
    for controls in SchemaRevision.objects.filter(schema=schema).values_list("controls", flat=True):
        for control in controls:
            if control["type"] not in BY_TAG:
                continue
            shape, asks = BY_TAG[control["type"]], asks_of([control])
            for number in asks.keys() & asked.keys():
                now, label = asked[number]
                if (was := shape.fixed(asks[number])) != now:
                    why = f"regions hold to it. It was: {was}. Leave it so, and add another label instead"
                    return f"What {label!r} is made of cannot change, as {why}."
    return ""


def _settle_classes(schema: Schema, parsed: ParsedConfig) -> dict[Class, int]:
    """The class id of every label of every control: classes are born, come back, and are retired."""
    known = known_classes(schema)
    ids = ids_of(known, parsed)
    held = {row.class_id for row in known}
    LabelClass.objects.bulk_create(
        LabelClass(schema=schema, class_id=number, control=control, name=label)
        for (control, label), number in ids.items()
        if number not in held
    )
    here = set(ids.values())
    gone = [row.class_id for row in known if row.class_id not in here and not row.retired]
    back = [row.class_id for row in known if row.class_id in here and row.retired]
    schema.classes.filter(class_id__in=gone).update(retired_at=timezone.now())
    schema.classes.filter(class_id__in=back).update(retired_at=None)
    return ids


# -- schemas that follow the labels an import finds --------------------------------------------------------------------


def schema_for_labels(
    project: Project, caller: Caller, *, name: str, labels: Iterable[str], task: str = "boxes", control: str = ""
) -> Schema:
    """The schema ``name`` with at least ``labels``: made if there is none, extended by a revision if it lacks some.

    ``task`` is a kind's, such as "boxes"; ``control`` the control meant, where it matters. Raises ``BadInput`` when the
    schema has no such control for labels of that kind.
    """
    wanted = list(dict.fromkeys(labels))
    found = Schema.objects.filter(project=project, name=name).first()
    if found is None:
        if not wanted:
            raise BadInput("There are no labels to create a schema from.", code="no_labels")
        try:
            config = labeling_config.build(wanted, task, control=control)
            return create_schema(project, caller, name=name, config=config)
        except Conflict:
            found = Schema.objects.get(project=project, name=name)
    extend(found, caller, labels=wanted, task=task, control=control)
    return found


def asked_by(schema: Schema, task: str, control: str = "") -> list[dict[str, Any]]:
    """The controls of the newest revision for labels of that ``task``, or the one named. Raises ``BadInput``."""
    tag = BY_TASK[task].opening
    controls = [one for one in latest(schema).controls if one["type"] in BY_TAG and not one.get("per_region")]
    asking = [one for one in controls if one["type"] == tag and control in ("", one["name"])]
    if not asking:
        known = ", ".join(f"{one['name']} ({BY_TAG[one['type']].task})" for one in controls)
        what = f"control {control!r} for {task}" if control else f"<{tag}>, so {task} cannot go into it"
        raise BadInput(f"The schema {schema.name!r} has no {what}; it has {known}.", code="wrong_schema")
    return asking


def extend(
    schema: Schema, caller: Caller, *, labels: Iterable[str], task: str = "boxes", control: str = ""
) -> SchemaRevision:
    """Adds the labels that ``schema`` lacks by one revision; without any, the newest revision as it is."""
    newest = latest(schema)
    known = {label["value"] for one in asked_by(schema, task, control) for label in one["labels"]}
    missing = [label for label in dict.fromkeys(labels) if label not in known]
    if not missing:
        return newest
    config = labeling_config.add_labels(newest.config, missing, task=task, control=control)
    return revise(schema, caller, config=config, message="Labels added by an import: " + ", ".join(missing))


def as_json(schema: Schema, revision: SchemaRevision | None = None) -> dict[str, Any]:
    """A schema as REST shows it, with its newest (or the given) revision."""
    revision = revision or latest(schema)
    classes = [
        {"id": found.class_id, "name": found.name, "control": found.control, "retired": found.retired_at is not None}
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
        "merged": revision.merged,
        "guidelines": revision.guidelines,
        "created_at": schema.created_at,
    }
