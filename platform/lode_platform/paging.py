"""Pages of long lists."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

__all__ = ["KeyPaginator"]

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class KeyPaginator(_Paginator):
    """Pages of rows that come with others: only keys are sorted and skipped, from the nearer end, and the page's rows
    are fetched by theirs. The order must be total; ``known`` is the number of rows where that is kept somewhere."""

    def __init__(self, rows: QuerySet[Any], per_page: int, known: int | None = None) -> None:
        super().__init__(rows, per_page)
        self.rows = rows
        self.known = known

    @cached_property
    def count(self) -> int:
        return self.rows.count() if self.known is None else self.known

    def page(self, number: int | str) -> "Page[Any]":
        at = self.validate_number(number)
        first, end = (at - 1) * self.per_page, min(at * self.per_page, self.count)
        keys = self.rows.values_list("pk", flat=True)
        if first > self.count // 2:
            some = list(keys.reverse()[self.count - end : self.count - first])
        else:
            some = list(keys[first:end])
        return Page(list(self.rows.filter(pk__in=some)), at, self)
