"""The fields of the query language: what rooms say of an item, as conditions on rows of items."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from itertools import islice
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db.models import Case, Exists, F, FloatField, Func, OuterRef, Q, QuerySet, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IExact,
    IRegex,
    LessThan,
    LessThanOrEqual,
)
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_platform import shell
from lode_platform.item_media import MEDIA
from lode_platform.models import Item, Project, User
from lode_platform.query import All, BadQuery, Not, Query, Term

__all__ = [
    "Asked",
    "BadValue",
    "Compiled",
    "Field",
    "add",
    "compile_query",
    "date",
    "fields",
    "find",
    "number",
    "text",
    "unknown",
]

Keys = QuerySet[Any, Any]
COMPARED = {"<": LessThan, "<=": LessThanOrEqual, ">": GreaterThan, ">=": GreaterThanOrEqual, ":": Exact, "=": Exact}


class BadValue(Exception):
    """A value that a field cannot take; its words say why and what it can be."""


class Asked(NamedTuple):
    """What a term asks of a field: by one of the signs ``: = < <= > >=``, of this project, for this person.

    ``key`` is what stands behind the point in the name of a field that has any: ``site`` of ``meta.site``.
    """

    sign: str
    value: str
    project: Project
    user: User
    key: str = ""


@dataclass(frozen=True)
class Field:
    """A field of the query language.

    ``condition`` is what must hold of a row of items. ``values`` are those that it can have and their titles, as far as
    they can be listed. ``keys`` gives the keys of items among which are all that a term finds, where an index lists
    them. Of a ``keyed`` one there is one for each name behind its point.
    """

    name: str
    title: shell.Text
    kind: Literal["text", "choice", "number", "date"]
    condition: Callable[[Asked], Q]
    values: Callable[[Project, User], Sequence[tuple[str, shell.Text]]] | None = None
    keys: Callable[[Asked], Keys | None] | None = None
    keyed: bool = False

    @property
    def signs(self) -> tuple[str, ...]:
        """Those that it can be asked with."""
        return (":", "=", "!=", "<", "<=", ">", ">=") if self.kind in ("number", "date") else (":", "=", "!=")


_fields: dict[str, Field] = {}


def add(one: Field) -> None:
    """Adds a field; the rooms do when the application is ready."""
    _fields[one.name] = one


def fields() -> list[Field]:
    """All fields by name: those that rooms added, and each filter of the page Items."""
    known = {one.name: _of_filter(one) for one in shell.item_filters()} | _fields
    return [known[name] for name in sorted(known)]


def find(name: str) -> tuple[Field, str] | None:
    """The field of this name, and what stands behind the point of one that is keyed."""
    known = {one.name: one for one in fields()}
    head, _point, key = name.partition(".")
    if name in known and not known[name].keyed:
        return known[name], ""
    return (known[head], key) if key and head in known and known[head].keyed else None


def unknown(asked: Asked, values: Iterable[tuple[str, object]]) -> BadValue:
    """That a field has no such value; the first of those that it has, each given with what it is called."""
    listed = ", ".join(value for value, _title in islice(values, 20))
    said = _("there is no %(value)r; there are %(names)s.") if listed else _("there is no %(value)r.")
    return BadValue(said % {"value": asked.value, "names": listed})


# -- conditions of common kinds ----------------------------------------------------------------------------------------


def text(column: Combinable | str, asked: Asked, *, whole: bool = True) -> Q:
    """A text: with ``*`` for anything in it; else ``:`` finds a part, or where it is ``whole`` all of it. Case does not
    count, but for ``=``; ``:*`` finds those that are not empty."""
    said = F(column) if isinstance(column, str) else column
    value = asked.value
    if asked.sign == "=":
        return Q(Exact(said, value))
    if value == "*":
        return ~Q(Exact(said, ""))
    if "*" in value:
        pattern = ".*".join(re.escape(part) for part in value.split("*"))
        return Q(IRegex(said, f"^{pattern}$"))
    return Q(IExact(said, value)) if whole else Q(IContains(said, value))


def number(column: Combinable | str, asked: Asked) -> Q:
    """A number. Raises ``BadValue``."""
    try:
        value = float(asked.value)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e15:  # nor is NaN
        raise BadValue(_("%(value)r is not a number.") % {"value": asked.value})
    whole = F(column) if isinstance(column, str) else column
    return Q(COMPARED[asked.sign](whole, int(value) if value.is_integer() else value))


_DATE = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?")


def date(column: str, asked: Asked) -> Q:
    """A moment, by a year, a month or a day of the server's time zone: 2026, 2026-11-27. Raises ``BadValue``."""
    start, end = _span(asked.value)
    conditions = {
        "<": Q(**{f"{column}__lt": start}),
        "<=": Q(**{f"{column}__lt": end}),
        ">": Q(**{f"{column}__gte": end}),
        ">=": Q(**{f"{column}__gte": start}),
    }
    return conditions.get(asked.sign, Q(**{f"{column}__gte": start, f"{column}__lt": end}))


def _span(value: str) -> tuple[datetime, datetime]:
    found, zone = _DATE.fullmatch(value), timezone.get_current_timezone()
    try:
        if not found or int(found[1]) > 9998:
            raise ValueError
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        start = datetime(year, month, day, tzinfo=zone)
        if found[3]:
            return start, start + timedelta(days=1)
        if found[2]:
            return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
        return start, datetime(year + 1, 1, 1, tzinfo=zone)
    except ValueError:
        said = _("%(value)r is not a date such as 2026-11-27, 2026-11 or 2026.") % {"value": value}
        raise BadValue(said) from None


# -- from a query to rows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compiled:
    """What a query asks of rows of items; each of ``sources`` lists the keys of all that it finds, and maybe more."""

    condition: Q
    sources: list[Keys | None] = field(default_factory=list)


def compile_query(query: Query | None, project: Project, user: User) -> Compiled:
    """What the query asks of the rows of a project's items. Raises ``BadQuery`` for what there is not."""
    if query is None:
        return Compiled(Q())
    parts = query.parts if isinstance(query, All) else (query,)
    return Compiled(_condition(query, project, user), list(_sources(parts, project, user)))


def _condition(query: Query, project: Project, user: User) -> Q:
    if isinstance(query, Term):
        known, key = _field_of(query)
        asked = Asked(query.sign.removeprefix("!"), query.value, project, user, key)
        try:
            found = known.condition(asked)
        except BadValue as error:
            raise BadQuery(f"{query.field}: {error}", query.start, query.end) from None
        return ~found if query.sign == "!=" else found
    if isinstance(query, Not):
        return ~_condition(query.of, project, user)
    conditions = [_condition(part, project, user) for part in query.parts]
    whole = conditions[0]
    for one in conditions[1:]:
        whole = whole & one if isinstance(query, All) else whole | one
    return whole


def _sources(parts: Sequence[Query], project: Project, user: User) -> Iterator[Keys | None]:
    for term in parts:
        if isinstance(term, Term) and term.sign != "!=":
            known, key = _field_of(term)
            if known.keys:
                yield known.keys(Asked(term.sign, term.value, project, user, key))


def _field_of(term: Term) -> tuple[Field, str]:
    found = find(term.field)
    end = term.start + len(term.field)
    if found is None:
        names = [f"{one.name}.…" if one.keyed else one.name for one in fields()]
        close = get_close_matches(term.field.lower(), names, 1)
        hint = _("Did you mean %(name)s?") % {"name": close[0]} if close else _("Fields are %(names)s.")
        words = {"name": term.field, "hint": hint % {"names": ", ".join(names)} if not close else hint}
        raise BadQuery(_("There is no field %(name)r. %(hint)s") % words, term.start, end)
    if term.sign not in found[0].signs:
        words = {"name": term.field, "sign": term.sign, "signs": " ".join(found[0].signs)}
        raise BadQuery(_("%(name)s cannot be asked with %(sign)s, only with %(signs)s.") % words, term.start, end + 2)
    return found


def _of_filter(one: shell.ItemFilter) -> Field:
    """A filter of the page Items as a field: its choices, by their value or by their title."""

    def chosen(asked: Asked) -> str:
        wanted = asked.value.casefold()
        choices = [(value, str(title)) for value, title in one.choices(asked.project, asked.user)]
        for value, title in choices:
            if wanted in (value.casefold(), title.casefold()):
                return value
        raise unknown(asked, _named(choices))

    def condition(asked: Asked) -> Q:
        return Q(Exists(one.apply(Item.objects.filter(pk=OuterRef("pk")), chosen(asked), asked.project)))

    def keys(asked: Asked) -> Keys | None:
        return one.keys(chosen(asked), asked.project)

    def values(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
        return _named(one.choices(project, user))

    return Field(one.name, one.title, "choice", condition, values, keys)


def _named(choices: Sequence[tuple[str, shell.Text]]) -> list[tuple[str, shell.Text]]:
    """Choices as a person writes them: those whose value is a uuid by their title."""
    return [(str(title) if _is_uuid(value) else value, title) for value, title in choices]


def _is_uuid(value: str) -> bool:
    try:
        return bool(UUID(value))
    except ValueError:
        return False


# -- the fields of this room -------------------------------------------------------------------------------------------


class _JsonKind(Func):
    """What the value of a key of a JSON column is: ``number``, ``string`` and so on, as the database calls it."""

    def __init__(self, column: str, key: str) -> None:
        super().__init__(F(column))
        self.key = key

    def as_postgresql(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = compiler.compile(self.source_expressions[0])
        return f"jsonb_typeof({column} -> %s)", (*values, self.key)

    def as_sqlite(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = compiler.compile(self.source_expressions[0])
        return f"json_type({column}, %s)", (*values, f"$.{json.dumps(self.key)}")


def _metadata(asked: Asked) -> Q:
    """An item's own field: ``*`` where it has any value, a text as a whole, a number by its size."""
    has, said = Q(metadata__has_key=asked.key), KeyTextTransform(asked.key, "metadata")
    if asked.value == "*" and asked.sign in (":", "="):
        return has
    kind = _JsonKind("metadata", asked.key)
    is_number = Q(Exact(kind, "number")) | Q(Exact(kind, "integer")) | Q(Exact(kind, "real"))
    size = Case(When(is_number, then=Cast(said, FloatField())), default=None, output_field=FloatField())
    if asked.sign not in (":", "="):
        return has & number(size, asked)
    found = text(said, asked)
    try:
        return has & (found | number(size, asked))
    except BadValue:
        return has & found


def _exactly(column: str, asked: Asked) -> Q:
    return Q(**{column: asked.value.lower()})


def _uuid(asked: Asked) -> UUID:
    try:
        return UUID(asked.value)
    except ValueError:
        raise BadValue(_("%(value)r is not the id of an item.") % {"value": asked.value}) from None


def _medium(asked: Asked) -> Q:
    kind = asked.value.lower()
    if kind not in MEDIA:
        raise unknown(asked, MEDIA.items())
    return Q(kind=kind) if kind == "image" else Q(kind=kind) & ~Q(kind="image")  # said for the index of the others


def _rows(asked: Asked, **said: Any) -> Keys:
    return asked.project.items.filter(**said).values_list("pk", flat=True)


def _listed(asked: Asked, found: Q) -> Keys:
    """The keys of live items, which an index of these alone lists, and of those in the trash, which are looked at."""
    live = asked.project.items.live().filter(found)
    return live.values_list("pk", flat=True).union(
        asked.project.items.filter(found, trashed_at__isnull=False).values_list("pk", flat=True), all=True
    )


def _group_keys(asked: Asked) -> Keys | None:
    whole = "*" not in asked.value and asked.sign == "="
    return _listed(asked, Q(group=asked.value) & ~Q(group="")) if whole else None


def register() -> None:
    """Adds the fields of this room; called once, when the application is ready."""
    add(
        Field(
            "path",
            gettext_lazy("The path; words alone are a part of it"),
            "text",
            lambda asked: text("path", asked, whole=False),
            keys=lambda asked: _listed(asked, Q(path=asked.value)) if asked.sign == "=" else None,
        )
    )
    add(Field("group", gettext_lazy("The group"), "text", lambda asked: text("group", asked), keys=_group_keys))
    media = [(kind, medium.title) for kind, medium in MEDIA.items()]
    add(Field("medium", gettext_lazy("The medium"), "choice", _medium, values=lambda _project, _user: media))
    title = gettext_lazy("The type of the file, such as image/png")
    add(Field("type", title, "text", lambda asked: text("media_type", asked, whole=False)))
    for name, title in (
        ("width", gettext_lazy("The width in pixels")),
        ("height", gettext_lazy("The height in pixels")),
        ("length", gettext_lazy("The length: characters of a text, entries of a list, pages of a picture")),
    ):
        add(Field(name, title, "number", partial(number, name)))
    add(Field("added", gettext_lazy("When it came in"), "date", lambda asked: date("created_at", asked)))
    add(
        Field(
            "id",
            gettext_lazy("Its id"),
            "text",
            lambda asked: Q(uuid=_uuid(asked)),
            keys=lambda asked: _rows(asked, uuid=_uuid(asked)),
        )
    )
    for name in ("md5", "sha256"):
        title = gettext_lazy("The digest of its bytes")
        add(Field(name, title, "text", partial(_exactly, f"blob__{name}"), keys=partial(_digest_keys, name)))
    add(Field("meta", gettext_lazy("Its own fields, by name: meta.site"), "number", _metadata, keyed=True))


def _digest_keys(name: str, asked: Asked) -> Keys:
    return _rows(asked, **{f"blob__{name}": asked.value.lower()})
