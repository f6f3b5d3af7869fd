"""Pages of long lists, and counts that stop where nobody reads on."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import Func, IntegerField, QuerySet, Subquery, Value

from lode_platform import sql

__all__ = ["MOST", "AtLeast", "KeyPaginator", "bounded", "newer", "number_of", "with_keys"]

MOST = 10_000
"""How far is counted."""

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
    _Page = Page[Any]
else:
    _Paginator, _Page = Paginator, Page


class AtLeast(int):
    """A number beyond which nobody counted: pages write 10,000+."""


def bounded(rows: QuerySet[Any], most: int | None = None) -> int:
    """How many rows there are, `AtLeast` so many where there are more: the cost does not grow with the table."""
    most = MOST if most is None else most
    found = rows.order_by().values("pk")[: most + 1].count()
    return AtLeast(most) if found > most else found


def number_of(rows: QuerySet[Any]) -> Subquery:
    """How many rows there are, as a column of an outer query: the entries of an index are counted and none is grouped,
    which takes SQLite a third of the time."""
    return Subquery(rows.order_by().annotate(n=Func(Value(1), function="COUNT")).values("n"), IntegerField())


def newer(rows: QuerySet[Any], since: datetime) -> int:
    """How many rows were made (``created_at``) since a moment, among the newest `MOST` by key. Filter ``rows`` by keys
    that are named: what comes with a join PostgreSQL takes for few rows, and sorts all of them."""
    with sql.rows_by_index():
        oldest = rows.order_by("-pk").values_list("pk", "created_at")[MOST - 1 : MOST].first()
        if oldest is None:
            return rows.filter(created_at__gte=since).count()
        found = rows.filter(pk__gte=oldest[0], created_at__gte=since).count()
    return AtLeast(found) if oldest[1] >= since else found


class KeyPaginator(_Paginator):
    """Pages of rows that come with others: only keys are sorted and skipped, from the nearer end, and the page's rows
    are fetched by theirs. The order must be total; ``known`` is the number of rows where that is kept somewhere.

    Where it is not, rows are looked for in whatever order is cheapest, up to `MOST`. Those of a shorter list are then
    sorted alone, so that a filter is put to every row of the table once at most; the pages of a longer one go on.
    """

    def __init__(self, rows: QuerySet[Any], per_page: int, known: int | None = None) -> None:
        super().__init__(rows, per_page)
        self.rows = rows
        self.known = known
        self.keys = rows

    @cached_property
    def count(self) -> int:
        if self.known is not None:
            return self.known
        found = list(self.rows.order_by().values_list("pk", flat=True)[: MOST + 1])
        if len(found) > MOST:
            return AtLeast(MOST)
        self.keys = self.rows.model._default_manager.filter(pk__in=found).order_by(*self.rows.query.order_by)
        return len(found)

    def validate_number(self, number: int | float | str) -> int:
        if isinstance(self.count, AtLeast):
            try:
                if int(number) > self.num_pages:
                    return int(number)
            except (TypeError, ValueError):
                pass
        return super().validate_number(number)

    def get_page(self, number: int | str | None) -> "Page[Any]":  # type: ignore[override]
        try:
            return super().get_page(number)
        except EmptyPage:  # beyond an end that nobody had counted to
            return self.page(self.num_pages)

    def page(self, number: int | str) -> "Page[Any]":
        at = self.validate_number(number)
        first, is_open = (at - 1) * self.per_page, isinstance(self.count, AtLeast)
        end = at * self.per_page + 1 if is_open else min(at * self.per_page, self.count)
        keys = self.keys.values_list("pk", flat=True)
        if first > self.count // 2 and not is_open:
            some = list(keys.reverse()[self.count - end : self.count - first])[::-1]
        else:
            some = list(keys[first:end])
        if is_open:
            if not some:
                raise EmptyPage("there is nothing on this page")
            has_more, some = len(some) > self.per_page, some[: self.per_page]
            return _OpenPage(with_keys(self.rows, some), at, self, has_more)
        return Page(with_keys(self.rows, some), at, self)


def with_keys(rows: QuerySet[Any], keys: Sequence[Any]) -> list[Any]:
    """The rows of these keys with all that comes with ``rows``, by their keys alone: asked for with the list's filters
    too, SQLite walks all of the index that these point at."""
    lookups = getattr(rows, "_prefetch_related_lookups", ())
    whole = rows.model._default_manager.prefetch_related(*lookups)
    whole.query.select_related = rows.query.select_related
    found = whole.in_bulk(keys)
    return [found[key] for key in keys if key in found]


class _OpenPage(_Page):
    """A page of a list whose end is not known."""

    def __init__(self, rows: list[Any], number: int, paginator: KeyPaginator, has_more: bool) -> None:
        super().__init__(rows, number, paginator)
        self.has_more = has_more

    def has_next(self) -> bool:
        return self.has_more

    def end_index(self) -> int:
        return self.start_index() + len(self.object_list) - 1
