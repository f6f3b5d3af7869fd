"""The fields that this room adds to the query language: what is held to be true of an item, and who said it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy

from lode_annotation.models import Annotation, LabelClass, LabelSet, Schema
from lode_platform.models import Project, User
from lode_platform.query_fields import Asked, Field, add, number, unknown

MOST = 200
"""Names that are listed while a person writes."""


def register() -> None:
    """Called once, when the application is ready."""
    add(Field("class", gettext_lazy("A class in its labels"), "choice", _with_class, _classes))
    add(Field("schema", gettext_lazy("A schema that it has labels of"), "choice", _of_schema, _schemas))
    add(Field("regions", gettext_lazy("The number of regions in its labels"), "number", partial(_so_many, "regions")))
    add(Field("annotator", gettext_lazy("Who answered a task about it"), "choice", _answered_by, _annotators))


def _classes(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = LabelClass.objects.filter(schema__project=project).order_by("name").values_list("name", flat=True)
    return [(name, name) for name in rows.distinct()[:MOST]]


def _with_class(asked: Asked) -> Q:
    rows = LabelClass.objects.filter(schema__project=asked.project, name__iexact=asked.value).order_by()
    ids: dict[int, list[int]] = {}
    for schema, class_id in rows.values_list("schema", "class_id"):
        ids.setdefault(schema, []).append(class_id)
    if not ids:
        raise unknown(asked, _classes(asked.project, asked.user))
    whole = Q(pk=None)
    for schema, numbers in ids.items():  # one by one, so that an item is looked up in the index of each schema
        said = Q(pk=None)
        for class_id in numbers:
            for column in ("regions", "answers"):  # in canonical JSON the control stands right behind the class
                said |= Q(GreaterThan(StrIndex(F(column), Value(f'"class_id":{class_id},"control":')), 0))
        whole |= Q(Exists(_current(schema).filter(said)))
    return whole


def _schemas(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = Schema.objects.filter(project=project).order_by("name").values_list("name", flat=True)
    return [(name, name) for name in rows[:MOST]]


def _of_schema(asked: Asked) -> Q:
    schema = Schema.objects.filter(project=asked.project, name__iexact=asked.value).first()
    if schema is None:
        raise unknown(asked, _schemas(asked.project, asked.user))
    return Q(Exists(_current(schema.pk)))


class _Length(Func):
    """How many entries a list has that is kept as the text of a JSON array."""

    function = "json_array_length"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="json_array_length((%(expressions)s)::json)", **more)


def _so_many(column: str, asked: Asked) -> Q:
    whole = Q(pk=None)
    for schema in Schema.objects.filter(project=asked.project).values_list("pk", flat=True):
        whole |= Q(Exists(_current(schema).filter(number(_Length(F(column)), asked))))
    return whole


def _annotators(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = User.objects.filter(memberships__project=project).order_by("username").values_list("username", flat=True)
    return [(name, name) for name in rows[:MOST]]


def _answered_by(asked: Asked) -> Q:
    person = User.objects.filter(annotations__task__queue__project=asked.project, username__iexact=asked.value).first()
    if person is None:
        raise unknown(asked, _annotators(asked.project, asked.user))
    answers = Annotation.objects.filter(task__item=OuterRef("pk"), user=person, revision__gt=0)
    return Q(Exists(answers))


def _current(schema: int) -> Any:
    return LabelSet.objects.current().filter(item=OuterRef("pk"), schema=schema)
