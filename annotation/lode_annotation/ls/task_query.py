"""The query of Label Studio's data manager, ``{"filters", "ordering", "selectedItems"}``, over the tasks of a queue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from django.db.models import (
    Case,
    Expression,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import Regex

from lode_annotation.ls import numbers
from lode_annotation.ls.tasks import LABELED, field_of
from lode_annotation.models import Annotation, LabelStudioProject, Task
from lode_platform import free_json
from lode_platform.errors import BadInput
from lode_platform.paging import number_of

MOST_FILTERS = 50
MOST_LISTED = 10_000
DATA = "data."
_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"
NUMBER, DATETIME, BOOLEAN, TEXT = "Number", "Datetime", "Boolean", "String"


class _Length(Func):
    """How many values a JSON list has."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return super().as_sql(compiler, connection, function="JSON_ARRAY_LENGTH", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return super().as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", **more)


@dataclass(frozen=True)
class Column:
    """A column that can be filtered and ordered by: what its values are, and the expression of a task's."""

    kind: str
    expression: Callable[[], Any]


def _given() -> QuerySet[Annotation]:
    return Annotation.objects.filter(task=OuterRef("pk"), revision__gt=0)


def _last() -> Subquery:
    return Subquery(_given().order_by("-updated_at").values("updated_at")[:1])


COLUMNS: Mapping[str, Column] = {
    "id": Column(NUMBER, lambda: F("number")),
    "inner_id": Column(NUMBER, lambda: F("number")),
    "total_annotations": Column(NUMBER, lambda: number_of(_given().exclude(state=Annotation.State.SKIPPED))),
    "cancelled_annotations": Column(NUMBER, lambda: number_of(_given().filter(state=Annotation.State.SKIPPED))),
    "total_predictions": Column(NUMBER, lambda: predictions_number()),
    "created_at": Column(DATETIME, lambda: F("created_at")),
    "updated_at": Column(DATETIME, lambda: Coalesce(_last(), "created_at")),
    "completed_at": Column(DATETIME, lambda: Case(When(state__in=LABELED, then=Coalesce("finished_at", _last())))),
    "is_labeled": Column(BOOLEAN, lambda: Case(When(state__in=LABELED, then=True), default=False)),
}


def predictions_number() -> Expression:
    """How many predictions a task has: those that came in, else its pre-labels as one."""
    shown = Case(When(prelabels=[], then=0), default=1)
    came = Coalesce(_Length(KeyTransform("predictions", "origin")), 0)
    return Case(When(Q(origin__predictions__0__isnull=True), then=shown), default=came)


@dataclass(frozen=True)
class _Compared:
    """An operator's condition on the column named ``at``."""

    at: str
    door: LabelStudioProject
    column: str
    kind: str

    def q(self, operator: str, value: Any) -> Q:
        match operator:
            case "equal":
                return Q(**{self.at: self.one(value)})
            case "not_equal":
                return ~Q(**{self.at: self.one(value)}) | Q(**{f"{self.at}__isnull": True})
            case "less" | "greater" | "less_or_equal" | "greater_or_equal" if self.kind != BOOLEAN:
                named = {"less": "lt", "greater": "gt", "less_or_equal": "lte", "greater_or_equal": "gte"}[operator]
                return Q(**{f"{self.at}__{named}": self.one(value)})
            case "in" | "not_in" if isinstance(value, dict) and self.kind in (NUMBER, DATETIME):
                lowest, highest = self.one(value.get("min")), self.one(value.get("max"))
                inside = Q(**{f"{self.at}__gte": lowest, f"{self.at}__lte": highest})
                return inside if operator == "in" else ~inside
            case "in_list" | "not_in_list" | "in" | "not_in":
                listed = Q(**{f"{self.at}__in": [self.one(one) for one in self.listed(value)]})
                return ~listed if operator.startswith("not") else listed
            case "empty":
                nothing = Q(**{f"{self.at}__isnull": True})
                if self.kind == TEXT:
                    nothing |= Q(**{self.at: ""})
                return nothing if _yes(value, self.column) else ~nothing
            case "contains" if self.kind == TEXT:
                return Q(**{f"{self.at}__icontains": self.one(value)})
            case "not_contains" if self.kind == TEXT:
                return ~Q(**{f"{self.at}__icontains": self.one(value)}) | Q(**{f"{self.at}__isnull": True})
        raise _bad(f"the operator {str(operator)[:30]!r} is not offered for {self.column}")

    def listed(self, value: Any) -> Sequence[Any]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list) or len(value) > MOST_LISTED:
            raise _bad(f"the value for {self.column} must be a list of at most {MOST_LISTED:,}")
        return value

    def one(self, value: Any) -> Any:
        """The value as the database compares it."""
        if self.kind == TEXT:
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                raise _bad(f"{value!r:.40} for {self.column} is not a text")
            return str(value)
        if self.kind == BOOLEAN:
            return _yes(value, self.column)
        if self.kind == DATETIME:
            return _moment(value, self.column)
        number = _number(value, self.column)
        return number - self.door.pk * numbers.TASKS if self.column == "id" else number


def _bad(why: str) -> BadInput:
    return BadInput(f"query: {why}.", code="bad_filter", field="query")


def _yes(value: Any, column: str) -> bool:
    if str(value).lower() in ("true", "false", "1", "0"):
        return str(value).lower() in ("true", "1")
    raise _bad(f"{value!r:.40} for {column} is neither true nor false")


def _number(value: Any, column: str) -> int | float:
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else float("nan")
        if isfinite(found) and abs(found) < 1e18:
            return int(value) if found.is_integer() and not isinstance(value, str) else found
    except (ValueError, OverflowError):
        pass
    raise _bad(f"{value!r:.40} for {column} is not a number below 10^18")


def _moment(value: Any, column: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _bad(f"{value!r:.40} for {column} is not a time such as 2026-01-31T12:00:00Z") from None
    return found


def tasks_of(door: LabelStudioProject, query: str) -> QuerySet[Task]:
    """The live tasks of the door's queue that a query asks for, in its order, else in theirs. Raises ``BadInput``
    (``bad_filter``) that names what is wrong with the query."""
    live = Task.objects.filter(queue=door.queue_id, item__trashed_at=None)
    rows: QuerySet[Task] = live.select_related("item__blob")
    asked = _read(query)
    chosen = asked.get("filters") or {}
    if not isinstance(chosen, dict):
        raise _bad("filters must be an object of conjunction and items")
    rows = _filtered(rows, door, chosen)
    rows = _selected(rows, door, asked.get("selectedItems") or asked.get("selected_items") or {})
    return _ordered(rows, door, asked.get("ordering") or [])


def _read(query: str) -> dict[str, Any]:
    if not query:
        return {}
    try:
        asked, wrong = free_json.loads_looked_at(query)
    except ValueError as error:
        raise _bad(f"it cannot be read as JSON: {error}") from None
    if wrong or not isinstance(asked, dict):
        raise _bad("it must be a JSON object of filters, ordering and selectedItems, of text that can be stored")
    if unknown := asked.keys() - {"filters", "ordering", "selectedItems", "selected_items"}:
        raise _bad(f"{min(unknown)[:40]!r} is not known; known are filters, ordering and selectedItems")
    return asked


def _filtered(rows: QuerySet[Task], door: LabelStudioProject, chosen: Mapping[str, Any]) -> QuerySet[Task]:
    items, conjunction = chosen.get("items") or [], chosen.get("conjunction", "and")
    if not isinstance(items, list) or len(items) > MOST_FILTERS:
        raise _bad(f"filters.items must be a list of at most {MOST_FILTERS}")
    if conjunction not in ("and", "or"):
        raise _bad(f"the conjunction is 'and' or 'or', not {conjunction!r:.30}")
    both: Q | None = None
    for place, item in enumerate(items):
        if not isinstance(item, dict) or not isinstance(item.get("filter"), str):
            raise _bad(f"filters.items[{place}] must be an object with filter, operator, type and value")
        name = item["filter"].removeprefix("filter:").removeprefix("tasks:")
        if name == "annotators":
            condition = _annotators(door, item)
        else:
            kind, expression = _column(door, name, str(item.get("type", "")))
            at = f"column_{place}"
            rows = rows.alias(**{at: expression})
            condition = _Compared(at, door, name, kind).q(str(item.get("operator")), item.get("value"))
        both = condition if both is None else both & condition if conjunction == "and" else both | condition
    return rows if both is None else rows.filter(both)


def _column(door: LabelStudioProject, name: str, kind: str = "") -> tuple[str, Any]:
    """The kind and the expression of a column. Raises ``BadInput`` naming those that there are."""
    if name in COLUMNS:
        return COLUMNS[name].kind, COLUMNS[name].expression()
    if not name.startswith(DATA) or name == DATA:
        raise _bad(f"there is no column {name[:40]!r}; there are {', '.join([*COLUMNS, 'annotators', 'data.NAME'])}")
    field = name.removeprefix(DATA)
    said: Any = KeyTextTransform(field, KeyTransform("data", "origin"))
    if field in {field_of(door, "image"), field_of(door, "text")}:
        said = Coalesce(said, "item__path", output_field=TextField())
    said = Cast(said, TextField())
    if kind != NUMBER:
        return TEXT, said
    return NUMBER, _as_number(said)


def _as_number(said: Any) -> Case:
    """A text as a number, null where it is none."""
    return Case(When(Regex(said, _NUMBER), then=Cast(said, FloatField())), output_field=FloatField())


def _annotators(door: LabelStudioProject, item: Mapping[str, Any]) -> Q:
    """Tasks that a person answered, by their number."""
    operator, value = item.get("operator"), item.get("value")
    given = Annotation.objects.filter(task__queue=door.queue_id, revision__gt=0)
    people = dict(given.values_list("user__uuid", "user").distinct())
    wanted = value if isinstance(value, list) else [value]
    names = {_number(one, "annotators") for one in wanted}
    keys = [key for uuid, key in people.items() if numbers.uuid_number(uuid) in names]
    condition = Q(pk__in=given.filter(user__in=keys).values("task"))
    if operator in ("contains", "equal", "in_list"):
        return condition
    if operator in ("not_contains", "not_equal", "not_in_list"):
        return ~condition
    raise _bad(f"the operator {operator!r:.30} is not offered for annotators")


def _selected(rows: QuerySet[Task], door: LabelStudioProject, chosen: Any) -> QuerySet[Task]:
    if not isinstance(chosen, dict):
        raise _bad("selectedItems must be an object of all, and included or excluded")
    name = "excluded" if chosen.get("all", True) else "included"
    listed = chosen.get(name) or []
    if not isinstance(listed, list) or len(listed) > MOST_LISTED or not all(type(one) is int for one in listed):
        raise _bad(f"selectedItems.{name} must be a list of at most {MOST_LISTED:,} task numbers")
    places = places_of(door, listed)
    if name == "included":
        return rows.filter(number__in=places)
    return rows.exclude(number__in=places) if places else rows


def places_of(door: LabelStudioProject, tasks: Sequence[int]) -> list[int]:
    """The places of those of the numbered tasks that are the door's."""
    parts = [numbers.task_parts(one) for one in tasks]
    return [place for project, place in parts if project == door.pk]


def _ordered(rows: QuerySet[Task], door: LabelStudioProject, ordering: Any) -> QuerySet[Task]:
    if not isinstance(ordering, list) or len(ordering) > 1 or not all(isinstance(one, str) for one in ordering):
        raise _bad("ordering must be a list of one column, such as ['-tasks:updated_at']")
    for said in ordering:
        name = said.lstrip("-").removeprefix("tasks:")
        _, expression = _column(door, name)
        rows = rows.alias(ordered_by=expression)
        column = F("ordered_by")
        return rows.order_by(column.desc(nulls_last=True) if said.startswith("-") else column.asc(), "number")
    return rows.order_by("number")
