"""Items: the grid, one item's page, bringing in pictures, the trash."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from lode_platform import drawing, free_json, item_media, item_pages, shell, sql, zips
from lode_platform import items as verbs
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn
from lode_platform.errors import BadInput, LodeError
from lode_platform.models import Item, ItemQuerySet, PastFile, Project, User
from lode_platform.paging import KeyPaginator
from lode_platform.query import BadQuery, Term, parse
from lode_platform.query_fields import compile_query
from lode_platform.searching import Search, going_on, page_of, within_few
from lode_platform.signed_in import signed_in
from lode_platform.store import store
from lode_platform.toasts import toast

PAGE = 60
SORTS = {
    "path": (gettext_lazy("by path"), ("path", "pk")),
    "newest": (gettext_lazy("newest first"), ("-pk",)),
    "largest": (gettext_lazy("largest first"), ("-width", "-length", "-path", "-pk")),
}  # each a total order with an index of its own
ZIP_ENCODINGS = {
    "gbk": gettext_lazy("Chinese, simplified (GBK)"),
    "big5": gettext_lazy("Chinese, traditional (Big5)"),
    "shift_jis": gettext_lazy("Japanese (Shift JIS)"),
    "euc_kr": gettext_lazy("Korean (EUC-KR)"),
    "cp1251": gettext_lazy("Cyrillic (Windows-1251)"),
    "cp866": gettext_lazy("Cyrillic (code page 866)"),
    "cp1252": gettext_lazy("Western (Windows-1252)"),
    "cp437": gettext_lazy("Western (code page 437)"),
}  # of names in zips that neither say what they are nor are UTF-8


@dataclass(frozen=True)
class Choice:
    """A select of the filter bar with what is chosen now."""

    name: str
    title: Any
    options: Sequence[tuple[str, Any]]
    value: str


@dataclass(frozen=True)
class Card:
    """An item and the regions drawn on it."""

    item: Item
    regions: list[Drawn]


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


def chosen(request: HttpRequest, project: Project, user: User) -> Chosen:
    """What the address asks for."""
    trash = request.GET.get("trash") == "1"
    sort = request.GET.get("sort", "path")
    if sort not in SORTS:
        raise BadInput(_("Items are not sorted by %(value)r.") % {"value": sort}, field="sort")
    rows = project.items.filter(staged_by=None, trashed_at__isnull=False) if trash else project.items.live()
    listed = rows = rows.order_by(*SORTS[sort][1])
    active: dict[str, str] = {}
    sources: list[QuerySet[Any, Any] | None] = []
    refusal = None
    if asked := request.GET.get("query", "").strip():
        active["query"] = asked
        try:
            compiled = compile_query(parse(asked), project, user)
        except BadQuery as error:
            refusal, rows = error, rows.none()
        else:
            rows = rows.filter(compiled.condition)
            sources += compiled.sources
    if q := request.GET.get("q", "").strip():
        rows = rows.filter(path__icontains=q)
        active["q"] = q
    if group := request.GET.get("group", ""):
        rows = rows.filter(group=group).exclude(group="")  # said, so that SQLite takes the index of those with one
        active["group"] = group
        sources.append(rows.values_list("pk", flat=True))
    choices = []
    for known in shell.item_filters():
        options = list(known.choices(project, user))
        value = request.GET.get(known.name, "")
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


def _page(request: HttpRequest, project: Project, chosen: Chosen) -> Page[Item]:
    """The page that the address asks for, with the items' files."""
    if not chosen.active:
        with sql.rows_by_index():
            known = chosen.listed.order_by().count()
        return KeyPaginator(chosen.rows.select_related("blob"), PAGE, known).get_page(request.GET.get("page"))
    if chosen.few is not None:
        return KeyPaginator(chosen.few.select_related("blob"), PAGE).get_page(request.GET.get("page"))
    search = Search(chosen.listed, chosen.rows.select_related("blob"), project.items.all())
    return page_of(search, PAGE, request.GET)


def items(request: HttpRequest, project: str) -> HttpResponse:
    """The grid of items; every filter is in the address."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    asked = chosen(request, member.project, user)
    page = _page(request, member.project, asked)
    drawn = shell.layers(list(page.object_list), user)
    context = {
        "project": member.project,
        "room": "items",
        "page": page,
        "cards": [Card(item, drawn[item.pk]) for item in page.object_list],
        "choices": asked.choices,
        "active": asked.active,
        "found": shell.found(member.project, user, asked.words) if page.number == 1 else [],
        "refusal": asked.refusal,
        "refusal_parts": asked.refusal and _around(asked.active["query"], asked.refusal),
        "sorts": [(key, title) for key, (title, _order) in SORTS.items()],
        "sort": request.GET.get("sort", "path"),
        "trash": request.GET.get("trash") == "1",
        "may_add": permits(Caller(user), member.role, "items.add"),
        "may_trash": permits(Caller(user), member.role, "items.trash"),
    }
    return going_on(render(request, "platform/items.html", context), request, page)


def _around(query: str, refusal: BadQuery) -> tuple[str, str, str]:
    """The query before, at and behind the place that was refused."""
    return query[: refusal.start], query[refusal.start : refusal.end], query[refusal.end :]


def item(request: HttpRequest, project: str, item: str) -> HttpResponse:
    """One item: what it shows with what is held to be true, its facts, and all that happened to it."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    rows = member.project.items.filter(staged_by=None).select_related("blob", "created_by")
    found = get_object_or_404(rows, uuid=item)
    happened = [
        *shell.history(found, user),
        *map(replacement, found.past_files.select_related("replaced_by", "item")),
        shell.History(found.created_at, _("added"), found.created_by, icon="photo-plus"),
    ]
    live = member.project.items.filter(trashed_at=None, staged_by=None)
    regions = shell.layers([found], user)[found.pk]
    pages = item_pages.pages(found, regions, request.GET.get("page", ""))
    context = {
        "project": member.project,
        "room": "items",
        "item": found,
        "size": item_media.size_words(found.media),
        "regions": regions,
        "legend": drawing.legend(drawing.on_page(regions, pages.index) if pages.count > 1 else regions),
        "pages": pages,
        "labels": shell.labels(found, user),
        "history": happened,
        "before": live.filter(path__lt=found.path).order_by("-path").first(),
        "after": live.filter(path__gt=found.path).order_by("path").first(),
        "may_trash": permits(Caller(user), member.role, "items.trash"),
    }
    return render(request, "platform/item.html", context)


def replacement(past: PastFile) -> shell.History:
    """That a file was replaced, as the item's page tells it."""
    text = _("file replaced; the one before was %(size)s") % {"size": item_media.size_words(past.media)}
    return shell.History(past.replaced_at, text, past.replaced_by, icon="photo-edit")


def add(request: HttpRequest, project: str) -> HttpResponse:
    """Bringing in pictures: files, a folder or a zip."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "items.add")
    context = {
        "project": member.project,
        "room": "items",
        "cli_line": f"lode import PATH --project {project} --dataset NAME",
        "encodings": ZIP_ENCODINGS,
        "next": shell.step_after("pictures", member.project, user, member.role),
    }
    return render(request, "platform/items_add.html", context)


@require_POST
def upload(request: HttpRequest, project: str) -> JsonResponse:
    """Takes a handful of files of the upload page: ``file`` many times and ``paths``, their names as JSON.

    Answers ``{created, existing, replaced, resized, problems: [{path, code, error}]}``; what is refused does not stop
    the rest. A zip is unpacked by a job, whose address is answered as ``job``. ``replace_media`` 1 gives the files to
    the items that have their names.
    """
    user = signed_in(request)
    found = project_for(Caller(user), project, "items.add")
    files = request.FILES.getlist("file")
    try:
        paths = free_json.loads(request.POST.get("paths", "[]"))
    except ValueError:
        paths = None
    if not isinstance(paths, list) or len(paths) != len(files) or not all(isinstance(path, str) for path in paths):
        raise BadInput(_("Each file needs its path."), field="paths")
    replace_media = request.POST.get("replace_media") == "1"
    problems: list[dict[str, str]] = []
    specs = []
    for path, file in zip(paths, files, strict=True):
        if path.lower().endswith(".zip"):
            job = zips.receive(
                found,
                user,
                file,
                name=path,
                encoding=request.POST.get("zip_encoding", ""),
                replace_media=replace_media,
            )
            return JsonResponse({"job": reverse("platform:job", args=[found.name, job.uuid])})
        try:
            blob = store().add_stream(file.chunks())
        except LodeError as error:
            problems.append({"path": path, "code": error.code, "error": error.message})
            continue
        specs.append(verbs.ItemSpec(path=path, md5=blob.md5, sha256=blob.sha256))
    report = verbs.add_items(found, Caller(user), specs, trusted=True, replace_media=replace_media)
    problems += [problem.as_json() for problem in report.problems]
    counts = {name: len(getattr(report, name)) for name in ("existing", "replaced", "resized")}
    return JsonResponse({"created": len(report.made), **counts, "problems": problems})


def picked(request: HttpRequest, project: Project) -> list[Item]:
    """The items named by ``item`` in the form or the address, of this project only."""
    names = request.POST.getlist("item") or request.GET.getlist("item")
    if not names or len(names) > 1000:
        raise BadInput(_("Pick at least one item and at most 1,000."), field="item")
    try:
        return list(project.items.filter(uuid__in=names, staged_by=None))
    except (ValueError, TypeError, ValidationError):
        raise BadInput(_("That is not an item."), field="item") from None


@require_POST
def trash(request: HttpRequest, project: str) -> HttpResponse:
    """Puts the picked items into the trash, with an undo."""
    user = signed_in(request)
    found = project_for(Caller(user), project, "items.trash")
    gone = picked(request, found)
    for one in gone:
        verbs.trash(one, user)
    undo = f"{reverse('platform:items_restore', args=[project])}?{urlencode([('item', i.uuid) for i in gone])}"
    said = ngettext("%(n)d item is in the trash.", "%(n)d items are in the trash.", len(gone)) % {"n": len(gone)}
    toast(request, said, undo=undo if len(undo) < 6000 else "")
    return redirect("platform:items", project)


@require_POST
def restore(request: HttpRequest, project: str) -> HttpResponse:
    """Takes the picked items out of the trash again."""
    user = signed_in(request)
    found = project_for(Caller(user), project, "items.trash")
    back = picked(request, found)
    for one in back:
        verbs.restore(one, user)
    toast(request, ngettext("%(n)d item is back.", "%(n)d items are back.", len(back)) % {"n": len(back)})
    return redirect("platform:items", project)
