"""What the rooms tell the shell: its navigation, Home's stations and waiting rows, an item's history and labels.

A page of this room must show rows of the rooms above without importing them: each room registers functions here when it
is ready, and pages call what is registered. Registering the same name again replaces it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from lode_platform import script_words
from lode_platform.access import permits, role_in
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from lode_platform.models import Item, ItemQuerySet, Project, User

Text = str | Promise
GROUPS = ("label", "data", "rest")


@dataclass(frozen=True)
class Entry:
    """A line of the navigation. ``url`` is reversed with the project's name; ``key`` follows ``g``.

    For those whose role does not allow ``verb`` it is folded away under "More".
    """

    name: str
    title: Text
    icon: str
    url: str
    group: str
    order: int
    key: str
    badge: "Callable[[Project, User], int] | None" = None
    verb: str = "project.view"


@dataclass(frozen=True)
class Figures:
    """What a Home station shows: how many there are, and how many came since a day ago (may be negative)."""

    count: int
    change: int = 0
    note: Text = ""
    url: str | None = None

    @property
    def size(self) -> int:
        """The change without its sign."""
        return self.change if self.change >= 0 else -self.change  # not abs(): a count may be `AtLeast` so many


@dataclass(frozen=True)
class Station:
    """One of the stations of the loop, by ``order``. ``tone`` is that of its icon: "", "truth" or "prediction"."""

    name: str
    title: Text
    icon: str
    order: int
    url: str
    figures: "Callable[[Project, User], Figures]"
    tone: str = ""


@dataclass(frozen=True)
class ToDo:
    """A row of "To do". ``tone`` is "" or "danger"; ``action`` is what a button to it would say, if any."""

    title: Text
    count: int
    url: str
    icon: str = "inbox"
    tone: str = ""
    action: Text = ""


@dataclass(frozen=True)
class Step:
    """One of a project's first steps, by ``order``: whether it is taken, what its button says and where it leads."""

    name: str
    order: int
    title: Text
    why: Text
    action: Text
    url: str
    verb: str
    done: "Callable[[Project], bool]"


@dataclass(frozen=True)
class History:
    """Something that happened to an item: an annotation, a version that holds it, a failure."""

    when: datetime
    text: Text
    who: "User | None" = None
    url: str = ""
    icon: str = "point"


@dataclass(frozen=True)
class Answer:
    """Something said of an item as a whole: the control that asked, and a class in its colour (1 to 12), or a value."""

    control: str
    text: str
    color: int | None = None


@dataclass(frozen=True)
class Labelled:
    """What is held to be true of an item under one schema; ``links`` between its regions are in words, as are the
    ``attributes`` of each region that has any, under its label; ``acts``: what can be done, and where."""

    schema: str
    url: str
    regions: int
    answers: Sequence[Answer] = ()
    links: Sequence[str] = ()
    attributes: Sequence[Answer] = ()
    acts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Found:
    """Something that a search of the whole project found by its name."""

    kind: Text
    name: str
    url: str
    icon: str


@dataclass(frozen=True)
class ItemFilter:
    """A select of the Items page: its choices in a project, and what a choice does to the list.

    ``among`` gives the keys of items that hold all of a choice, where an index lists them.
    """

    name: str
    title: Text
    choices: "Callable[[Project, User], Sequence[tuple[str, Text]]]"
    apply: "Callable[[ItemQuerySet, str, Project], ItemQuerySet]"
    among: "Callable[[str, Project], QuerySet[Any, Any] | None] | None" = None

    def keys(self, value: str, project: "Project") -> "QuerySet[Any, Any] | None":
        """The keys of items among which are all of a choice; None where only looking at each item tells."""
        return self.among(value, project) if self.among else None


_entries: dict[str, Entry] = {}
_stations: dict[str, Station] = {}
_steps: dict[str, Step] = {}
_to_do: "list[Callable[[Project, User], Iterable[ToDo]]]" = []
_history: "list[Callable[[Item, User], Iterable[History]]]" = []
_layers: "list[Callable[[Sequence[Item], User], Mapping[int, Sequence[Drawn]]]]" = []
_labels: "list[Callable[[Item, User], Iterable[Labelled]]]" = []
_filters: dict[str, ItemFilter] = {}
_recent_activity: "list[Callable[[Project, User], Iterable[History]]]" = []
_search: "list[Callable[[Project, User, str], Iterable[Found]]]" = []
_about: "list[Callable[[Project, User], Iterable[str]]]" = []
_needs: "list[Callable[[Project, User], Iterable[str]]]" = []


def entry(
    *,
    name: str,
    title: Text,
    icon: str,
    url: str,
    group: str,
    order: int,
    key: str = "",
    badge: "Callable[[Project, User], int] | None" = None,
    verb: str = "project.view",
) -> None:
    """Adds a line to the navigation, in its group ("label", "data" or "rest") by ``order``."""
    if group not in GROUPS:
        raise ValueError(f"nav group {group!r} is not one of {', '.join(GROUPS)}")
    _entries[name] = Entry(name, title, icon, url, group, order, key, badge, verb)


def station(
    name: str,
    *,
    title: Text,
    icon: str,
    order: int,
    url: str,
    figures: "Callable[[Project, User], Figures]",
    tone: str = "",
) -> None:
    """Adds a station to Home's loop; ``url`` is reversed with the project's name."""
    _stations[name] = Station(name, title, icon, order, url, figures, tone)


def step(
    name: str,
    *,
    order: int,
    title: Text,
    why: Text,
    action: Text,
    url: str,
    verb: str,
    done: "Callable[[Project], bool]",
) -> None:
    """Adds one of the first steps; ``url`` is reversed with the project's name, ``verb`` is what taking it needs."""
    _steps[name] = Step(name, order, title, why, action, url, verb, done)


def to_do(source: "Callable[[Project, User], Iterable[ToDo]]") -> None:
    """Adds a source of rows for "To do"; it yields only rows with something to do."""
    if source not in _to_do:
        _to_do.append(source)


def recent_activity(source: "Callable[[Project, User], Iterable[History]]") -> None:
    """Adds a source of rows for Home's "Recent activity": its newest few, each with an address."""
    if source not in _recent_activity:
        _recent_activity.append(source)


def search(source: "Callable[[Project, User, str], Iterable[Found]]") -> None:
    """Adds a source of what bears a text in its name; items are searched by their own page."""
    if source not in _search:
        _search.append(source)


def about(source: "Callable[[Project, User], Iterable[str]]") -> None:
    """Adds a source of sentences that Home shows to somebody new, such as a dataset's description."""
    if source not in _about:
        _about.append(source)


def needs(source: "Callable[[Project, User], Iterable[str]]") -> None:
    """Adds a source of sentences that say who would break without the project."""
    if source not in _needs:
        _needs.append(source)


def item_history(source: "Callable[[Item, User], Iterable[History]]") -> None:
    """Adds a source of rows for the item page's history."""
    if source not in _history:
        _history.append(source)


def item_layers(source: "Callable[[Sequence[Item], User], Mapping[int, Sequence[Drawn]]]") -> None:
    """Adds a source of regions drawn on items, keyed by the item's primary key: one query for a page of items."""
    if source not in _layers:
        _layers.append(source)


def item_labels(source: "Callable[[Item, User], Iterable[Labelled]]") -> None:
    """Adds a source of what is held to be true of an item, for its page."""
    if source not in _labels:
        _labels.append(source)


def item_filter(
    *,
    name: str,
    title: Text,
    choices: "Callable[[Project, User], Sequence[tuple[str, Text]]]",
    apply: "Callable[[ItemQuerySet, str, Project], ItemQuerySet]",
    among: "Callable[[str, Project], QuerySet[Any, Any] | None] | None" = None,
) -> None:
    """Adds a filter to the Items page, kept in the URL under ``name``.

    Give ``among`` where an index lists the items that a choice can let through: where they are few, they alone are
    looked at, else one item after another.
    """
    _filters[name] = ItemFilter(name, title, choices, apply, among)


# -- what the pages ask --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NavLink:
    """An entry made concrete for one project and person."""

    name: str
    title: Text
    icon: str
    href: str
    key: str
    badge: int


@dataclass(frozen=True)
class Navigation:
    """The entries of a project for a person: one list a group, and those that are folded away."""

    groups: list[list[NavLink]]
    folded: list[NavLink]


def links(project: "Project", user: "User") -> Navigation:
    """The navigation of ``project`` for ``user``."""
    role = role_in(project, user)
    groups: dict[str, list[NavLink]] = {group: [] for group in GROUPS}
    folded: list[NavLink] = []
    for e in sorted(_entries.values(), key=lambda e: e.order):
        try:
            href = reverse(e.url, args=[project.name])
        except NoReverseMatch:
            continue
        badge = e.badge(project, user) if e.badge else 0
        place = groups[e.group] if role and permits(Caller(user), role, e.verb) else folded
        place.append(NavLink(e.name, e.title, e.icon, href, e.key, badge))
    return Navigation([group for group in groups.values() if group], folded)


@dataclass(frozen=True)
class StationView:
    """A station as Home draws it."""

    name: str
    title: Text
    icon: str
    tone: str
    href: str
    figures: Figures


def stations(project: "Project", user: "User") -> list[StationView]:
    """The stations in the order of the loop."""
    views = []
    for s in sorted(_stations.values(), key=lambda s: s.order):
        figures = s.figures(project, user)
        href = figures.url or reverse(s.url, args=[project.name])
        views.append(StationView(s.name, s.title, s.icon, s.tone, href, figures))
    return views


@dataclass(frozen=True)
class StepView:
    """A first step as Home draws it: ``href`` is empty where it is taken or the role does not allow it."""

    name: str
    title: Text
    why: Text
    action: Text
    href: str
    done: bool
    is_next: bool


def first_steps(project: "Project", user: "User", role: str) -> list[StepView]:
    """The way from an empty project to its first run, in order; nothing once the last step is taken."""
    steps = _in_order()
    if not steps or steps[-1].done(project):
        return []
    done = [step.done(project) for step in steps[:-1]] + [False]
    views = []
    for number, (step, taken) in enumerate(zip(steps, done, strict=True)):
        may = not taken and permits(Caller(user), role, step.verb)
        href = reverse(step.url, args=[project.name]) if may else ""
        is_next = number == done.index(False)
        views.append(StepView(step.name, step.title, step.why, step.action, href, taken, is_next))
    return views


def step_after(name: str, project: "Project", user: "User", role: str) -> StepView | None:
    """The first step after ``name`` that is open to the person; None where none is."""
    later = {step.name for step in _in_order() if step.order > _steps[name].order}
    return next((view for view in first_steps(project, user, role) if view.name in later and view.href), None)


def _in_order() -> list[Step]:
    return sorted(_steps.values(), key=lambda step: step.order)


def to_do_rows(project: "Project", user: "User") -> list[ToDo]:
    """What waits for ``user`` in ``project``, urgent rows first."""
    rows = [row for source in _to_do for row in source(project, user)]
    return sorted(rows, key=lambda row: row.tone != "danger")


def recent_activity_rows(project: "Project", user: "User", limit: int = 8) -> list[History]:
    """What happened in ``project``, newest first."""
    rows = [row for source in _recent_activity for row in source(project, user)]
    return sorted(rows, key=lambda row: row.when, reverse=True)[:limit]


MAX_FOUND = 5  # of each kind, a search shows


def found(project: "Project", user: "User", text: str) -> list[Found]:
    """What else of ``project`` bears ``text`` in its name, but its items."""
    return [row for source in _search for row in source(project, user, text)] if text else []


def about_lines(project: "Project", user: "User") -> list[str]:
    """What is said of ``project`` to somebody who sees it for the first time."""
    return [line for source in _about for line in source(project, user) if line]


def needs_lines(project: "Project", user: "User") -> list[str]:
    """Who would break without the project: its pins, and the runs that used its versions."""
    return [line for source in _needs for line in source(project, user)]


def history(item: "Item", user: "User") -> list[History]:
    """Everything that happened to ``item``, newest first."""
    rows = [row for source in _history for row in source(item, user)]
    return sorted(rows, key=lambda row: row.when, reverse=True)


def layers(items: "Sequence[Item]", user: "User") -> dict[int, list[Drawn]]:
    """The regions to draw on each of ``items``, by primary key."""
    drawn: dict[int, list[Drawn]] = {item.pk: [] for item in items}
    for source in _layers:
        for key, regions in source(items, user).items():
            drawn[key].extend(regions)
    return drawn


def labels(item: "Item", user: "User") -> list[Labelled]:
    """What is held to be true of ``item``, under each schema."""
    return [row for source in _labels for row in source(item, user)]


def item_filters() -> list[ItemFilter]:
    """The registered filters of the Items page."""
    return list(_filters.values())


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the theme the person chose, the nonce of this answer, and where the scripts' words lie."""
    theme = request.COOKIES.get("lode_theme", "")
    return {
        "theme": theme if theme in {"light", "dark"} else "",
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "script_words": script_words.address,
    }
