"""The columns of tables of items: each asks once for all items of a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_platform import item_media, metadata
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, TaggedItem, User
from lode_platform.shell import Text

__all__ = ["DEFAULT", "MOST", "Column", "add", "columns", "table", "wanted"]

DEFAULT = ("size", "labelled", "regions", "tag", "split", "added")
MOST = 20
"""Columns of a table."""
OWN = "meta."


@dataclass(frozen=True)
class Column:
    """A column, by the name of the query language's field that finds what it shows, where there is one.

    ``values`` gives what stands in it by the items' keys, for a page of items of one project, in at most one statement
    a page. ``is_number``: it is set to the right.
    """

    name: str
    title: Text
    values: Callable[[Sequence[Item], User], Mapping[int, Any]]
    is_number: bool = False


_columns: dict[str, Column] = {}


def add(column: Column) -> None:
    """Adds a column; the rooms do when the application is ready."""
    _columns[column.name] = column


def columns(project: Project) -> list[Column]:
    """All columns: those of the rooms, and one for each field of its own that the project gives its items."""
    own = metadata.kinds_of(project)
    return [*_columns.values(), *(_own(name, kind) for name, kind in own.items())]


def wanted(names: Sequence[str], project: Project) -> list[Column]:
    """The columns of these names, in their order, or those that a table has by itself. Raises ``BadInput``."""
    known = {one.name: one for one in columns(project)}
    if len(names) > MOST:
        raise BadInput(_("A table has at most %(n)d columns.") % {"n": MOST}, field="columns")
    for name in names:
        if name not in known:
            words = {"name": name[:120], "names": ", ".join(known)}
            raise BadInput(_("There is no column %(name)r; there are %(names)s.") % words, field="columns")
    return [known[name] for name in dict.fromkeys(names)] or [known[name] for name in DEFAULT if name in known]


def table(items: Sequence[Item], chosen: Sequence[Column], user: User) -> list[tuple[Item, list[tuple[Column, Any]]]]:
    """A row for each item: what stands in each column, an empty text where nothing does."""
    values = [(column, column.values(items, user) if items else {}) for column in chosen]
    return [(item, [(column, of.get(item.pk, "")) for column, of in values]) for item in items]


def of_item(value: Callable[[Item], Any]) -> Callable[[Sequence[Item], User], Mapping[int, Any]]:
    """Values that the items themselves have."""
    return lambda items, _user: {item.pk: value(item) for item in items}


def _own(name: str, kind: str) -> Column:
    return Column(f"{OWN}{name}", name, of_item(lambda item: item.metadata.get(name, "")), kind == "number")


def _tags(items: Sequence[Item], _user: User) -> dict[int, str]:
    rows = TaggedItem.objects.filter(item__in=[item.pk for item in items]).order_by("tag__name")
    found: dict[int, list[str]] = {}
    for item, name in rows.values_list("item", "tag__name"):
        found.setdefault(item, []).append(name)
    return {item: ", ".join(names) for item, names in found.items()}


def register() -> None:
    """Called once, when the application is ready."""
    add(Column("size", gettext_lazy("Size"), of_item(lambda item: item_media.size_words(item.media)), True))
    add(Column("type", gettext_lazy("Type"), of_item(lambda item: item.media_type)))
    add(Column("group", gettext_lazy("Group"), of_item(lambda item: item.group)))
    add(Column("tag", gettext_lazy("Tags"), _tags))
    day = of_item(lambda item: localtime(item.created_at).date().isoformat())
    add(Column("added", gettext_lazy("Added"), day, True))
    add(Column("md5", gettext_lazy("md5"), of_item(lambda item: item.blob.md5)))
