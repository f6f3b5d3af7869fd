"""Pages of lists that any filter may narrow: a request looks through part of the list, the next goes on from there.

No index holds the rows of every filter, so a filter is put to one row of the list after another, in the list's order. A
request does that for a moment only: its page may then have fewer rows than it could, and says where the search goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.http import HttpRequest, HttpResponse

from lode_platform import paging, sql
from lode_platform.paging import AtLeast, with_keys

__all__ = ["PLACES", "FoundPage", "Search", "Stretch", "counted", "going_on", "neighbour", "page_of", "within_few"]

WINDOW = 5000
"""Rows of a list that one statement looks at."""
PATIENCE = 0.1
"""Seconds after which a request begins no other window."""

PLACES = ("page", "after", "before")
"""What addresses of pages say."""

Place = tuple[Any, ...]

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
    _Page = Page[Any]
else:
    _Paginator, _Page = Paginator, Page


class Beyond(Func):
    """Whether a row stands behind another in an order: rows are compared whole, which walks the index of the order."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        """The first half of the expressions are columns, the second what they are compared with."""
        parts = [compiler.compile(one) for one in self.get_source_expressions()]
        half = len(parts) // 2
        left, right = (", ".join(text for text, _ in some) for some in (parts[:half], parts[half:]))
        return f"({left}) {self.extra['sign']} ({right})", tuple(value for _, values in parts for value in values)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The keys that a search found, in the order it looked.

    ``is_full``: it found as many as it was asked for. ``end``: else, the uuid of the row of the list that it stopped
    behind; empty where it has looked at all of them.
    """

    keys: list[Any]
    is_full: bool = False
    end: str = ""


class Search:
    """Looks for the rows of a list that its filters let through.

    ``listed`` is the whole list, in a total order that an index has, all of it up or all of it down; ``rows`` are those
    that are looked for. ``places`` holds the rows that an address may name as the place to go on from, where that is
    more than the list.
    """

    def __init__(self, listed: QuerySet[Any], rows: QuerySet[Any], places: QuerySet[Any] | None = None) -> None:
        self.listed, self.rows = listed, rows
        self.places = listed if places is None else places
        order = [str(name) for name in listed.query.order_by]
        self.names = [name.removeprefix("-") for name in order]
        self.is_down = order[0].startswith("-")

    def place(self, uuid: str | None) -> Place | None:
        """Where the row of this uuid stands; None where there is none."""
        try:
            return self.places.filter(uuid=UUID(uuid or "")).values_list(*self.names).first()
        except ValueError:
            return None

    def find(self, most: int, after: Place | None = None, *, is_back: bool = False) -> Stretch:
        """The first so many behind a place (``is_back``: before it, the nearest first)."""
        is_down = self.is_down is not is_back
        order = [f"-{name}" if is_down else name for name in self.names]
        listed, rows = self.listed.order_by(*order), self.rows.order_by(*order)
        keys: list[Any] = []
        until = monotonic() + PATIENCE
        with sql.rows_by_index():
            while True:
                ahead = listed.filter(*self._beyond(after, is_down))
                end = ahead.values_list("pk", *self.names)[WINDOW - 1 : WINDOW].first()
                window = [*self._beyond(after, is_down), *self._beyond(end and end[1:], not is_down, "=")]
                part = rows.filter(*window)
                if connection.vendor == "postgresql":  # which takes that for a good part of the table, but for a limit
                    part = rows.filter(pk__in=listed.filter(*window).values("pk")[: 2 * WINDOW])
                keys += part.values_list("pk", flat=True)[: most - len(keys)]
                if len(keys) == most:
                    return Stretch(keys, is_full=True)
                if end is None:
                    return Stretch(keys)
                if monotonic() > until:
                    return Stretch(keys, end=str(self.places.values_list("uuid", flat=True).get(pk=end[0])))
                after = end[1:]

    def _beyond(self, place: Place | None, is_down: bool, or_at: str = "") -> list[Beyond]:
        if place is None:
            return []
        meta = self.rows.model._meta
        fields = [meta.pk if name == "pk" else meta.get_field(name) for name in self.names]
        values = [Value(value, output_field=field) for value, field in zip(place, fields, strict=True)]
        return [Beyond(*map(F, self.names), *values, sign=("<" if is_down else ">") + or_at)]


def within_few(rows: QuerySet[Any], sources: Iterable[QuerySet[Any, Any] | None]) -> QuerySet[Any] | None:
    """Those of ``rows`` whose key one of the sources lists, where that lists at most `MOST`: these are looked at alone,
    wherever in the list they stand. None where each lists more."""
    for source in sources:
        if source is not None:
            keys = list(source.order_by()[: paging.MOST + 1])
            if len(keys) <= paging.MOST:
                return rows.filter(pk__in=keys)
    return None


def counted(search: Search) -> int:
    """How many rows a search finds, `AtLeast` so many where it stops before the end."""
    found = search.find(paging.MOST + 1)
    if found.is_full:
        return AtLeast(paging.MOST)
    return AtLeast(len(found.keys)) if found.end else len(found.keys)


# -- pages -------------------------------------------------------------------------------------------------------------


class _Found(_Paginator):
    """Knows how many rows there are as far as anybody counted; None where nobody did."""

    def __init__(self, per_page: int, count: int | None) -> None:
        super().__init__((), per_page)
        self.count = count  # type: ignore[assignment]


class FoundPage(_Page):
    """A page of what a search found; ``number`` is 0 where nobody knows which it is.

    ``earlier`` and ``later`` are what the addresses of its neighbours say, empty where there are none. ``is_cut``: the
    search stopped on this page, and goes on on the later one.
    """

    def __init__(
        self,
        rows: list[Any],
        found: _Found,
        *,
        number: int = 0,
        earlier: Mapping[str, str | int] | None = None,
        later: Mapping[str, str | int] | None = None,
        is_cut: bool = False,
    ) -> None:
        super().__init__(rows, number, found)
        self.earlier, self.later, self.is_cut = earlier or {}, later or {}, is_cut

    def has_previous(self) -> bool:
        return bool(self.earlier)

    def has_next(self) -> bool:
        return bool(self.later)

    def end_index(self) -> int:
        return (self.number - 1) * self.paginator.per_page + len(self.object_list)


def page_of(search: Search, per_page: int, asked: Mapping[str, str]) -> FoundPage:
    """The page that an address asks for: by its number as far as rows are counted, beyond that by the row that it
    comes ``after`` or ``before``."""
    if (place := search.place(asked.get("after"))) is not None:
        found = search.find(per_page + 1, place)
        return _unnumbered(search, per_page, found)
    if (place := search.place(asked.get("before"))) is not None:
        found = search.find(per_page + 1, place, is_back=True)
        if found.keys or found.end:
            rows = with_keys(search.rows, found.keys[:per_page][::-1])
            start = str(rows[0].uuid) if found.is_full else found.end
            later = {"after": str(rows[-1].uuid) if rows else asked["before"]}
            earlier = {"before": start} if start else {}
            return FoundPage(rows, _Found(per_page, None), earlier=earlier, later=later)
    return _numbered(search, per_page, asked.get("page", "1"))


def _unnumbered(search: Search, per_page: int, found: Stretch) -> FoundPage:
    rows = with_keys(search.rows, found.keys[:per_page])
    end = str(rows[-1].uuid) if found.is_full else found.end
    earlier = {"before": str(rows[0].uuid)} if rows else {}
    later = {"after": end} if end else {}
    return FoundPage(rows, _Found(per_page, None), earlier=earlier, later=later, is_cut=bool(found.end))


def _numbered(search: Search, per_page: int, asked: str) -> FoundPage:
    found = search.find(paging.MOST + 1)
    keys = found.keys[: max(paging.MOST // per_page, 1) * per_page] if found.is_full else found.keys
    count = len(found.keys) if not found.is_full and not found.end else AtLeast(min(len(found.keys), paging.MOST))
    last = max(-(-len(keys) // per_page), 1)
    number = min(max(int(asked[:9]), 1), last) if asked.isascii() and asked.isdigit() else 1
    rows = with_keys(search.rows, keys[(number - 1) * per_page : number * per_page])
    earlier = {"page": number - 1} if number > 1 else {}
    later: dict[str, str | int] = {"page": number + 1} if number < last else {}
    if number == last and isinstance(count, AtLeast):
        later = {"after": found.end or str(rows[-1].uuid)}
    is_cut = bool(found.end) and number == last
    return FoundPage(rows, _Found(per_page, count), number=number, earlier=earlier, later=later, is_cut=is_cut)


def neighbour(request: HttpRequest, fields: Mapping[str, str | int]) -> str:
    """The query of the address of another page of the same list; empty where there is none."""
    query = request.GET.copy()
    for name in PLACES:
        query.pop(name, None)
    query.update({name: str(value) for name, value in fields.items()})
    return f"?{query.urlencode()}" if fields else ""


def going_on(response: HttpResponse, request: HttpRequest, page: Page[Any]) -> HttpResponse:
    """Has the browser ask for the next page by itself where the search has found nothing on this one so far."""
    if isinstance(page, FoundPage) and page.later and not page.object_list:
        response.headers["Refresh"] = f"0; url={request.path}{neighbour(request, page.later)}"
    return response
