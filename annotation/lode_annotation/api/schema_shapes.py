"""REST: the shapes of schemas and their revisions."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lode_annotation.dry_run import KINDS, LOOKS
from lode_annotation.migrating import State, state_of
from lode_annotation.models import Schema, SchemaRevision
from lode_annotation.touched import UNDER_WAY, DryRun, Touched
from lode_platform.errors import BadInput
from motherlode import relations
from motherlode.shapes import BY_TAG

Shape = serializers.Serializer[Any]


class ObjectField(serializers.JSONField):
    """A JSON object whose fields belong to the sender."""


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]
        },
    }
)
class ByLabelField(serializers.Field[Any, Any, Any, Any]):
    """Texts by label, or by control and label."""

    def __init__(self, *, what: str, allow_blank: bool = False, **said: Any) -> None:
        self.what, self.allow_blank = what, allow_blank
        super().__init__(**said)

    def to_internal_value(self, data: Any) -> Any:
        def is_text(value: Any) -> bool:
            return isinstance(value, str) and bool(value or self.allow_blank)

        def is_texts(value: Any) -> bool:
            return isinstance(value, dict) and all(map(is_text, value.values()))

        if not isinstance(data, dict) or not all(is_text(value) or is_texts(value) for value in data.values()):
            raise BadInput(
                f"{self.field_name} is an object of {self.what}, or of such objects by control.", field=self.field_name
            )
        return data

    def to_representation(self, value: Any) -> Any:
        return value


GUIDELINES: Any = {
    "what": "texts by label",
    "allow_blank": True,
    "help_text": "label: Markdown text, or by control, control: {label: Markdown text}",
}

RENAMES: Any = {
    "what": "new labels by old ones",
    "default": dict,
    "help_text": "old label: new label, or by control, control: {old label: new label}",
}

MERGES: Any = {
    "what": "labels of the config by labels that go",
    "default": dict,
    "help_text": "label that goes: label that takes it in, or by control; a job writes the label sets again",
}
SPLITS: Any = {
    "what": "labels that stay by new labels",
    "default": dict,
    "help_text": "new label: label that it is split off from, or by control",
}


class NewSchemaShape(Shape):
    name = serializers.CharField(max_length=64)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    config = serializers.CharField(trim_whitespace=False)
    guidelines = ByLabelField(required=False, **GUIDELINES)


class NewRevisionShape(Shape):
    config = serializers.CharField(trim_whitespace=False)
    message = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    renames = ByLabelField(required=False, **RENAMES)
    merges = ByLabelField(required=False, **MERGES)
    splits = ByLabelField(required=False, **SPLITS)
    guidelines = ByLabelField(required=False, **GUIDELINES)


class DryRunShape(Shape):
    config = serializers.CharField(trim_whitespace=False)
    renames = ByLabelField(required=False, **RENAMES)
    merges = ByLabelField(required=False, **MERGES)
    splits = ByLabelField(required=False, **SPLITS)


class SampleShape(Shape):
    item = serializers.UUIDField()
    path = serializers.CharField()


class UnderWayShape(Shape):
    draft = serializers.IntegerField()
    submitted = serializers.IntegerField()
    rejected = serializers.IntegerField()


class ChangeShape(Shape):
    kind = serializers.ChoiceField(choices=KINDS)
    control = serializers.CharField()
    name = serializers.CharField(allow_blank=True, help_text="of the class; empty for a change of a control")
    to = serializers.CharField(allow_blank=True, help_text="the new name or type, or the labels of a merge or a split")
    class_id = serializers.IntegerField(allow_null=True)
    label_sets = serializers.IntegerField(help_text="current label sets of live items that are touched")
    objects = serializers.IntegerField(help_text="regions and answers in them")
    answers = UnderWayShape(help_text="answers under way that are touched")
    samples = SampleShape(many=True)


class OpenTasksShape(Shape):
    queue = serializers.UUIDField()
    name = serializers.CharField()
    revision = serializers.IntegerField(help_text="that the queue asks under; it stays until the queue is moved")
    tasks = serializers.IntegerField()


class DryRunResultShape(Shape):
    revision = serializers.IntegerField(help_text="the newest one, which the config is compared with")
    changes = ChangeShape(many=True)
    migrates = serializers.IntegerField(help_text="label sets that a job would write again, for labels that are merged")
    queues = OpenTasksShape(many=True, help_text="queues under the schema that have open tasks")


class CheckShape(Shape):
    config = serializers.CharField(trim_whitespace=False, allow_blank=True)
    schema = serializers.UUIDField(required=False, allow_null=True, default=None)


class LabelShape(Shape):
    value = serializers.CharField()
    class_id = serializers.IntegerField(help_text="permanent; determines the colour")
    color = serializers.CharField(allow_null=True)
    hotkey = serializers.CharField(allow_null=True)
    guideline = serializers.CharField()


class ControlShape(Shape):
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=[*BY_TAG, relations.TAG])
    to_name = serializers.CharField(help_text="the object it is about; of a Pairwise two, with a comma between")
    choice = serializers.ChoiceField(choices=["single", "multiple"])
    required = serializers.BooleanField()  # type: ignore[assignment]  # a control's rule, not the field's
    labels = LabelShape(many=True)
    options = ObjectField(
        required=False,
        help_text="what else its kind asks, such as min and max of a number; `classes`: by label, as of skeletons",
    )
    per_region = serializers.BooleanField(required=False, help_text="asked of each region, not of the item")
    of = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="the controls whose regions are asked; empty: all"
    )
    labelled = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="the labels of regions that are asked; empty: any"
    )
    page = serializers.IntegerField(
        required=False, help_text="where the config names several pictures: which of them it is about, from 0 on"
    )
    pages = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="the pictures that it compares, from 0 on"
    )


class ClassShape(Shape):
    id = serializers.IntegerField()  # noqa: A003
    name = serializers.CharField()
    control = serializers.CharField(help_text="that it belongs to")
    retired = serializers.BooleanField()


class SchemaShape(Shape):
    uuid = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.CharField()
    project = serializers.CharField()
    revision = serializers.IntegerField()
    config = serializers.CharField()
    controls = ControlShape(many=True)
    classes = ClassShape(many=True)
    merged = serializers.DictField(child=serializers.IntegerField(), help_text="class id that took it in, by class id")
    guidelines = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()), help_text="Markdown text by control and label"
    )
    created_at = serializers.DateTimeField()


class MigrationShape(Shape):
    state = serializers.ChoiceField(choices=State.choices)
    job = serializers.UUIDField(allow_null=True)
    merges = serializers.DictField(child=serializers.IntegerField(), help_text="class id that takes it in, by class id")
    report = ObjectField(help_text="label sets written again, and those and their objects by merged class id")


class LookShape(Shape):
    kind = serializers.ChoiceField(choices=LOOKS)
    control = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    to = serializers.CharField(allow_blank=True)
    class_id = serializers.IntegerField(allow_null=True)


class RevisionShape(Shape):
    uuid = serializers.UUIDField()
    revision = serializers.IntegerField()
    config = serializers.CharField()
    controls = ControlShape(many=True)
    classes = serializers.ListField(child=ObjectField())
    merged = serializers.DictField(child=serializers.IntegerField(), help_text="class id that took it in, by class id")
    looks = LookShape(many=True, help_text="what a person has to look at since this revision")
    restores = serializers.IntegerField(allow_null=True, help_text="the revision that it brings back")
    migration = MigrationShape(allow_null=True)
    message = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()


class ConfigProblemShape(Shape):
    line = serializers.IntegerField()
    error = serializers.CharField()


class CheckedShape(Shape):
    ok = serializers.BooleanField()
    controls = ControlShape(many=True)
    problems = ConfigProblemShape(many=True)


def revision_json(row: SchemaRevision) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "revision": row.number,
        "config": row.config,
        "controls": row.controls,
        "classes": row.classes,
        "merged": row.merged,
        "looks": [_look_json(look) for look in row.looks],
        "restores": row.restores,
        "migration": _migration_json(row),
        "message": row.message,
        "author": row.created_by.username,
        "created_at": row.created_at,
    }


def _look_json(look: Mapping[str, Any]) -> dict[str, Any]:
    return {**look, "name": look["label"], "class_id": look["class_id"] or None}


def _migration_json(row: SchemaRevision) -> dict[str, Any] | None:
    made = getattr(row, "migration", None)
    if made is None:
        return None
    job = made.job.uuid if made.job else None
    return {"state": state_of(made), "job": job, "merges": made.merges, "report": made.report}


def schema_json(row: Schema) -> dict[str, Any]:
    from lode_annotation.schemas import as_json

    return as_json(row)


def dry_run_json(found: DryRun) -> dict[str, Any]:
    return {
        "revision": found.revision,
        "changes": [_change_json(one) for one in found.changes],
        "migrates": found.migrates,
        "queues": [
            {"queue": row.uuid, "name": row.name, "revision": row.revision, "tasks": row.tasks} for row in found.queues
        ],
    }


def _change_json(row: Touched) -> dict[str, Any]:
    change = row.change
    return {
        "kind": change.kind,
        "control": change.control,
        "name": change.label,
        "to": change.to,
        "class_id": change.class_id or None,
        "label_sets": row.label_sets,
        "objects": row.objects,
        "answers": {state: row.answers.get(state, 0) for state in UNDER_WAY},
        "samples": [{"item": item.uuid, "path": item.path} for item in row.samples],
    }
