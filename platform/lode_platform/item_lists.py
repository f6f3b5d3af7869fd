"""Lists of items as an address asks for them: its query and filters, the order, the trash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_platform import shell
from lode_platform.errors import BadInput
from lode_platform.models import Item, ItemQuerySet, Project, User
from lode_platform.query import BadQuery, Term, parse
from lode_platform.query_fields import compile_query
from lode_platform.searching import within_few

__all__ = ["SORTS", "Choice", "Chosen", "chosen", "filter_of"]

SORTS = {
    "path": (gettext_lazy("by path"), ("path", "pk")),
    "newest": (gettext_lazy("newest first"), ("-pk",)),
    "largest": (gettext_lazy("largest first"), ("-width", "-length", "-path", "-pk")),
}  # each a total order with an index of its own


@dataclass(frozen=True)
class Choice:
    """A select of the filter bar with what is chosen now."""

    name: str
    title: Any
    options: Sequence[tuple[str, Any]]
    value: str


@dataclass(frozen=True)
class Chosen:
    """The items that an address asks for: the whole list, those of it that the filters let through, these again where
    they are among a few that an index lists; the filter bar, and the filters in force."""

    listed: ItemQuerySet
    rows: ItemQuerySet
    few: QuerySet[Item] | None
    choices: list[Choice]
    active: dict[str, str]
    refusal: BadQuery | None = None

    @property
    def words(self) -> str:
        """What is looked for in the names of other things, too: a path alone."""
        alone = None if self.refusal else parse(self.active.get("query", ""))
        return alone.value if isinstance(alone, Term) and alone.field == "path" else self.active.get("q", "")


def filter_of(given: Mapping[str, str]) -> dict[str, str]:
    """What of an address chooses items, without what orders and pages them."""
    names = ("query", "q", "group", "trash", *(known.name for known in shell.item_filters()))
    return {name: given[name] for name in names if given.get(name)}


def chosen(given: Mapping[str, str], project: Project, user: User) -> Chosen:
    """The items that an address asks for. Raises ``BadInput`` for an order or a value of a filter that there is not."""
    trash = given.get("trash") == "1"
    sort = given.get("sort", "path")
    if sort not in SORTS:
        raise BadInput(_("Items are not sorted by %(value)r.") % {"value": sort}, field="sort")
    rows = project.items.filter(staged_by=None, trashed_at__isnull=False) if trash else project.items.live()
    listed = rows = rows.order_by(*SORTS[sort][1])
    active: dict[str, str] = {}
    sources: list[QuerySet[Any, Any] | None] = []
    refusal = None
    if asked := given.get("query", "").strip():
        active["query"] = asked
        try:
            compiled = compile_query(parse(asked), project, user)
        except BadQuery as error:
            refusal, rows = error, rows.none()
        else:
            rows = rows.filter(compiled.condition)
            sources += compiled.sources
    if q := given.get("q", "").strip():
        rows = rows.filter(path__icontains=q)
        active["q"] = q
    if group := given.get("group", ""):
        rows = rows.filter(group=group).exclude(group="")  # said, so that SQLite takes the index of those with one
        active["group"] = group
        sources.append(rows.values_list("pk", flat=True))
    choices = []
    for known in shell.item_filters():
        options = list(known.choices(project, user))
        value = given.get(known.name, "")
        if value and value not in {key for key, _title in options}:
            raise BadInput(_("%(value)r is not a value of this filter.") % {"value": value}, field=known.name)
        if value:
            rows = known.apply(rows, value, project)
            active[known.name] = value
            sources.append(known.keys(value, project))
        if options:
            choices.append(Choice(known.name, known.title, options, value))
    few = rows if refusal else within_few(rows, sources)
    return Chosen(listed, rows, few, choices, active, refusal)
