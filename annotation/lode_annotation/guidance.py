"""What the editor's pages are told of guidelines and examples."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import get_script_prefix, reverse

from lode_annotation import class_examples
from lode_annotation.models import Schema, SchemaRevision
from lode_annotation.schemas import latest
from lode_platform.access import permits
from lode_platform.callers import Caller
from lode_platform.models import Membership


def guidance_of(revision: SchemaRevision, member: Membership) -> dict[str, Any]:
    """What the editor is told of guidelines: where they are, how many examples each class has, and, for those who may
    add examples, where they are added."""
    schema = revision.schema
    may = permits(Caller(member.user), member.role, "schema.edit")
    return {
        "url": reverse("annotation:guidance", args=[schema.project.name, schema.name]),
        "examples": {number: len(rows) for number, rows in class_examples.by_class(revision).items()},
        "add": f"{get_script_prefix()}api/v1/schemas/{schema.uuid}/examples" if may else "",
    }


def tried(
    schema: Schema | None, controls: Sequence[Mapping[str, Any]], guidelines: Mapping[int, str]
) -> dict[str, Any]:
    """What the page that tries a schema shows of guidelines: those that its form says, by class id, put into the
    ``controls``, and the examples that the schema has."""
    labels = [label for control in controls for label in control["labels"]] if schema else []
    for label in labels:
        label["guideline"] = guidelines.get(label["class_id"]) or label["guideline"]
    examples = class_examples.by_class(latest(schema)) if schema else {}
    return {
        "sections": class_examples.sections(controls, examples),
        "several": len(controls) > 1,
        "guidance": {"url": "", "examples": {number: len(rows) for number, rows in examples.items()}, "add": ""},
    }
