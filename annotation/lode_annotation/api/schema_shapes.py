"""REST: the shapes of schemas and their revisions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lode_annotation.models import Schema, SchemaRevision
from lode_platform.errors import BadInput
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


class NewSchemaShape(Shape):
    name = serializers.CharField(max_length=64)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    config = serializers.CharField(trim_whitespace=False)
    guidelines = ByLabelField(required=False, **GUIDELINES)


class NewRevisionShape(Shape):
    config = serializers.CharField(trim_whitespace=False)
    message = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    renames = ByLabelField(
        required=False,
        what="new labels by old ones",
        default=dict,
        help_text="old label: new label, or by control, control: {old label: new label}",
    )
    guidelines = ByLabelField(required=False, **GUIDELINES)


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
    type = serializers.ChoiceField(choices=list(BY_TAG))
    to_name = serializers.CharField()
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
    guidelines = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()), help_text="Markdown text by control and label"
    )
    created_at = serializers.DateTimeField()


class RevisionShape(Shape):
    uuid = serializers.UUIDField()
    revision = serializers.IntegerField()
    config = serializers.CharField()
    controls = ControlShape(many=True)
    classes = serializers.ListField(child=ObjectField())
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
        "message": row.message,
        "author": row.created_by.username,
        "created_at": row.created_at,
    }


def schema_json(row: Schema) -> dict[str, Any]:
    from lode_annotation.schemas import as_json

    return as_json(row)
