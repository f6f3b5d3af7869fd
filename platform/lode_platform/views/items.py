"""Items: the grid, one item's page, bringing in pictures, the trash."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from lode_platform import bulk_actions, drawing, free_json, item_columns, item_media, item_pages, shell, sql, zips
from lode_platform import items as verbs
from lode_platform import saved_views as verbs_of_views
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn
from lode_platform.errors import BadInput, LodeError, NotFound
from lode_platform.item_lists import SORTS, Chosen, chosen
from lode_platform.models import Item, Membership, PastFile, Project, SavedView
from lode_platform.paging import KeyPaginator
from lode_platform.query import BadQuery
from lode_platform.searching import Search, going_on, page_of
from lode_platform.signed_in import signed_in
from lode_platform.store import store
from lode_platform.toasts import toast
from lode_platform.views import saved_views
from motherlode.formats import FORMATS
from motherlode.media import BY_SUFFIX

PAGE = 60
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
class Card:
    """An item and the regions drawn on it."""

    item: Item
    regions: list[Drawn]


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
    caller = Caller(user)
    member = member_of(caller, project, "project.view")
    trash = request.GET.get("trash") == "1"
    asked = chosen(request.GET, member.project, user)
    page = _page(request, member.project, asked)
    shown = list(page.object_list)
    is_table = request.GET.get("layout") == SavedView.Layout.TABLE
    names = request.GET.getlist("columns")
    chosen_columns = item_columns.wanted(names, member.project) if is_table else []
    drawn = {} if is_table else shell.layers(shown, user)
    context = {
        "project": member.project,
        "room": "items",
        "page": page,
        "cards": [Card(item, drawn.get(item.pk, [])) for item in shown],
        "is_table": is_table,
        "columns": chosen_columns,
        "chosen_columns": {column.name for column in chosen_columns},
        "all_columns": item_columns.columns(member.project) if is_table else [],
        "table": item_columns.table(shown, chosen_columns, user),
        "actions": [one for one in bulk_actions.actions(of_trash=trash) if permits(caller, member.role, one.verb)],
        "views": [(view, saved_views.address(view)) for view in verbs_of_views.seen_by(member.project, user)],
        "view": _view(request, member),
        "may_share": permits(caller, member.role, "view.share"),
        "named_columns": names,
        "choices": asked.choices,
        "active": asked.active,
        "found": shell.found(member.project, user, asked.words) if page.number == 1 else [],
        "refusal": asked.refusal,
        "refusal_parts": asked.refusal and _around(asked.active["query"], asked.refusal),
        "sorts": [(key, title) for key, (title, _order) in SORTS.items()],
        "sort": request.GET.get("sort", "path"),
        "trash": trash,
        "may_add": permits(caller, member.role, "items.add"),
    }
    return going_on(render(request, "platform/items.html", context), request, page)


def _view(request: HttpRequest, member: Membership) -> dict[str, Any] | None:
    """The saved view that the address names, and whether this person may change it."""
    try:
        view = verbs_of_views.find(member.project, member.user, UUID(request.GET.get("view", "")))
    except (ValueError, NotFound):
        return None
    return {"row": view, "may_change": verbs_of_views.may_change(view, Caller(member.user), member.role)}


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
        "files": capfirst(", ".join(medium.file_words() for medium in item_media.MEDIA.values())),
        "endings": ",".join(sorted({*BY_SUFFIX, ".zip"})),
        "formats": [chosen.title for chosen in FORMATS.values() if chosen.labelled],
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
