"""The tags pages are written with: icons, chips, times, bars, ES modules."""

import base64
import hashlib
import json
import re
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from lode_platform import shell
from lode_platform.callers import Caller
from lode_platform.notifications.models import Notification
from lode_platform.paging import AtLeast
from lode_platform.searching import FoundPage, neighbour

register = template.Library()

CLASS_COLORS = 12
MOST_UNREAD = 100


# -- scripts -------------------------------------------------------------------------------------------------------


@cache
def module_map() -> dict[str, Any]:
    """The import map of our ES modules: unhashed address to hashed address, and each one's integrity.

    Relative imports between modules stay as they are in the source; the browser resolves them to the unhashed
    address and this map leads it to the file collectstatic named by content. Empty where names are not hashed.
    """
    hashed: dict[str, str] = getattr(staticfiles_storage, "hashed_files", {})
    imports: dict[str, str] = {}
    integrity: dict[str, str] = {}
    for name, target in sorted(hashed.items()):
        if not name.endswith(".js") or name.startswith(("rest_framework/", "admin/")):
            continue
        url = staticfiles_storage.url(name)
        with staticfiles_storage.open(target) as file:
            digest = base64.b64encode(hashlib.sha384(file.read()).digest()).decode()
        imports[f"{settings.STATIC_URL}{name}"] = url
        integrity[url] = f"sha384-{digest}"
    return {"imports": imports, "integrity": integrity}


@cache
def vendor_integrity() -> dict[str, str]:
    """Integrity values of the vendored files, by their path below ``vendor/``, from vendor.json."""
    from django.contrib.staticfiles import finders

    path = finders.find("vendor/vendor.json")
    if not isinstance(path, str):
        raise FileNotFoundError("vendor/vendor.json is not among the static files; run scripts/vendor.py")
    with open(path) as file:
        return {name: value for package in json.load(file) for name, value in package["files"].items()}


@register.simple_tag(takes_context=True)
def import_map(context: template.Context) -> SafeString:
    """The import map; must stand before any module. Nothing where static files are not hashed."""
    found = module_map()
    if not found["imports"]:
        return SafeString("")
    body = json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")
    return format_html('<script type="importmap" nonce="{}">{}</script>', context.get("csp_nonce", ""), mark_safe(body))


@register.simple_tag(takes_context=True)
def module(context: template.Context, path: str) -> SafeString:
    """Runs an ES module by its path below static/.

    An inline import and not ``src``, so that the address goes through the import map and is fetched once.
    """
    url = f"{settings.STATIC_URL}{path}"
    return format_html(
        '<script type="module" nonce="{}">import "{}";</script>', context.get("csp_nonce", ""), mark_safe(url)
    )


@register.simple_tag
def vendor_script(path: str) -> SafeString:
    """A vendored classic script with its integrity; ``path`` is below vendor/."""
    return format_html(
        '<script src="{}" integrity="{}" defer></script>', static(f"vendor/{path}"), vendor_integrity()[path]
    )


class AgainNode(template.Node):
    """A block of the page once more."""

    def __init__(self, name: str) -> None:
        self.name = name

    def render(self, context: template.Context) -> SafeString:
        blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
        block = blocks.get_block(self.name) if blocks else None
        return block.nodelist.render(context) if block else SafeString("")


@register.tag
def again(parser: template.base.Parser, token: template.base.Token) -> AgainNode:
    """Renders a block of the page once more: the title is the tab's name, the last crumb and the heading."""
    return AgainNode(token.split_contents()[1].strip("\"'"))


# -- small marks ---------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """One of the sprite's icons, in the colour and size of the text around it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static("vendor/tabler-icons/sprite.svg"),
        name,
    )


def relative(when: datetime, now: datetime) -> str:
    """How long before (or after) ``now``, in the largest whole unit."""
    seconds = (now - when).total_seconds()
    distance = abs(seconds)
    if distance < 45:
        return _("just now") if seconds >= 0 else _("in a moment")
    if distance < 3570:
        count = max(1, round(distance / 60))
        text = ngettext("%(count)d min", "%(count)d min", count) % {"count": count}
    elif distance < 86400:
        count = max(1, round(distance / 3600))
        text = ngettext("%(count)d h", "%(count)d h", count) % {"count": count}
    elif distance < 86400 * 30:
        count = round(distance / 86400)
        text = ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
    else:
        return date_format(timezone.localtime(when), "j M Y")
    return _("%(time)s ago") % {"time": text} if seconds >= 0 else _("in %(time)s") % {"time": text}


@register.simple_tag
def ago(when: datetime | None) -> SafeString:
    """A time relative to now, the exact one on hover; a dash for none."""
    if when is None:
        return SafeString('<span class="muted">–</span>')
    local = timezone.localtime(when)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_FORMAT") + local.strftime(" %Z"),
        relative(when, timezone.now()),
    )


@register.simple_tag
def took(start: datetime | None, end: datetime | None) -> str:
    """How long something that has ended took: in milliseconds, seconds or minutes."""
    if start is None or end is None:
        return ""
    seconds = (end - start).total_seconds()
    if seconds < 1:
        return _("in %(n)s ms") % {"n": number_format(seconds * 1000, 0)}
    if seconds < 120:
        return _("in %(n)s s") % {"n": number_format(seconds, 1 if seconds < 10 else 0)}
    return _("in %(n)s min") % {"n": number_format(seconds / 60, 0)}


@register.simple_tag
def number(value: float | int | None, digits: int = 0) -> str:
    """A number by locale, grouped by thousands; a dash for none, a plus where nobody counted further."""
    if value is None:
        return "–"
    return number_format(value, digits, use_l10n=True, force_grouping=True) + "+" * isinstance(value, AtLeast)


@register.simple_tag
def change(new: float | None, old: float | None, better: str = "high", digits: int = 3) -> SafeString:
    """The signed difference of two numbers with an arrow; green where it is better, red where worse."""
    if new is None or old is None:
        return SafeString("")
    difference = new - old
    shown = floatformat(abs(difference), digits)
    if float(f"{abs(difference):.{digits}f}") == 0:
        return format_html('<span class="change" title="{}">±0</span>', _("unchanged"))
    good = (difference > 0) == (better == "high")
    sign, arrow = ("+", "arrow-up") if difference > 0 else ("−", "arrow-down")
    tone = "change-good" if good else "change-bad"
    title = _("better") if good else _("worse")
    return format_html('<span class="change {}" title="{}">{}{}{}</span>', tone, title, icon(arrow), sign, shown)


@register.simple_tag
def bar(value: float, largest: float, kind: str = "accent") -> SafeString:
    """A bar inside a table cell. ``kind``: accent, truth, prediction, danger or class-1 to class-12."""
    share = 0.0 if not largest else max(0.0, min(1.0, value / largest))
    return format_html(
        '<svg class="bar bar-{}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bar-ground" width="100" height="8"/><rect class="bar-fill" width="{}" height="8"/></svg>',
        kind,
        f"{share * 100:.2f}",
    )


@register.simple_tag
def progress(done: int, total: int, label: str = "") -> SafeString:
    """A thin progress bar; without a total it shows that something moves."""
    name = label or _("Progress")
    if not total:
        return format_html('<progress class="progress-line" aria-label="{}"></progress>', name)
    return format_html(
        '<progress class="progress-line" max="{}" value="{}" aria-label="{}"></progress>', total, done, name
    )


@register.filter
def filename(path: str) -> str:
    """The last part of an item's path; the whole stands in its title."""
    return path.rsplit("/", 1)[-1]


# -- chips ---------------------------------------------------------------------------------------------------------


def chip(css: str, inner: SafeString, url: str | None = None) -> SafeString:
    """A chip as a link where there is an address, else as plain text."""
    if url:
        return format_html('<a class="chip {}" href="{}">{}</a>', css, url, inner)
    return format_html('<span class="chip {}">{}</span>', css, inner)


@register.filter
def class_color(class_id: int) -> int:
    """The palette's colour 1 to 12 of a permanent class id."""
    return (int(class_id) - 1) % CLASS_COLORS + 1


@register.simple_tag
def version_chip(name: str, url: str | None = None) -> SafeString:
    """A dataset version such as cells@v3."""
    return chip("chip-version", format_html("{}{}", icon("stack-2"), name), url)


STATE_TONES = {
    "published": "ok",
    "succeeded": "ok",
    "finished": "ok",
    "passed": "ok",
    "open": "ok",
    "accepted": "ok",
    "active": "ok",
    "done": "ok",
    "running": "busy",
    "publishing": "busy",
    "receiving": "wait",
    "queued": "wait",
    "waiting": "wait",
    "draft": "wait",
    "failed": "bad",
    "rejected": "bad",
    "crashed": "bad",
    "revoked": "bad",
    "expired": "bad",
}


@register.simple_tag
def run_chip(name: str, url: str | None = None, state: str = "") -> SafeString:
    """A run, with a dot for its state."""
    dot = format_html('<i class="dot dot-{}"></i>', STATE_TONES.get(state, "none")) if state else SafeString("")
    return chip("chip-run", format_html('{}<span class="clip">{}</span>{}', icon("flask"), name, dot), url)


@register.simple_tag
def state_chip(state: str, title: str = "") -> SafeString:
    """A state word, coloured by what it means, with a dot."""
    tone = STATE_TONES.get(state, "none")
    inner = format_html('<i class="dot dot-{}"></i>{}', tone, title or pgettext("state", state))
    return chip(f"chip-state chip-{tone}", inner)


@register.simple_tag
def class_chip(name: str, color: int = 1, url: str | None = None, count: int | None = None) -> SafeString:
    """A class of a schema: a dot in its colour, its name, and how many."""
    counted = format_html(" <b>{}</b>", number(count)) if count is not None else SafeString("")
    return chip(f"chip-class c{color}", format_html('<i class="swatch"></i>{}{}', name, counted), url)


@register.simple_tag
def split_chip(split: str, url: str | None = None) -> SafeString:
    """A split: train, val, test or pool."""
    return chip(f"chip-split chip-split-{split}", format_html("{}", split), url)


@register.simple_tag
def person(user: Any) -> SafeString:
    """Somebody's name with their initials; a dash for nobody."""
    if user is None:
        return SafeString('<span class="muted">–</span>')
    name, initials, tint = _face(user)
    login = user.get_username()
    hover = format_html(' title="{}"', login) if name != login else ""  # a name that is shown may be anybody's
    return format_html('<span class="person"{}><i class="avatar c{}">{}</i>{}</span>', hover, tint, initials, name)


def _face(user: Any) -> tuple[str, str, int]:
    """A person's name, initials and colour."""
    name = user.get_full_name() or user.get_username()
    initials = "".join(part[0] for part in re.split(r"[\s._-]+", name) if part)[:2].upper()
    return name, initials, sum(name.encode()) % CLASS_COLORS + 1


@register.simple_tag
def face(user: Any, since: datetime) -> SafeString:
    """Somebody at work, as their initials alone; the name and since when on hover, and for readers."""
    name, initials, tint = _face(user)
    words = _("%(name)s, since %(when)s") % {"name": name, "when": relative(since, timezone.now())}
    return format_html(
        '<span class="person" role="img" aria-label="{}" title="{}"><i class="avatar c{}">{}</i></span>',
        words,
        words,
        tint,
        initials,
    )


@register.simple_tag(takes_context=True)
def unread_notifications(context: template.Context) -> str:
    """How many notifications the reader has not read, as the bell says it: "" for none, at most "99+"."""
    user = context["request"].user
    rows = Notification.objects.visible_to(Caller(user)).unread().order_by()
    found = rows[:MOST_UNREAD].count()
    return "" if not found else f"{MOST_UNREAD - 1}+" if found == MOST_UNREAD else str(found)


@register.inclusion_tag("lode/copy_line.html")
def copy_line(text: str, label: str = "") -> dict[str, Any]:
    """A line of code with a button that copies it."""
    return {"text": text, "label": label}


# -- forms and lists -----------------------------------------------------------------------------------------------


@register.inclusion_tag("lode/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A form field with its label, hint and errors."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "textarea" if hasattr(widget, "attrs") else "")
    css = {"select": "form-select", "checkbox": "form-check-input", "file": "form-control"}.get(kind, "form-control")
    if bound.errors:
        css += " is-invalid"
    return {"bound": bound, "kind": kind, "control": bound.as_widget(attrs={"class": css})}


@register.inclusion_tag("lode/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """The errors that belong to no single field."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("lode/pager.html", takes_context=True)
def pager(context: template.Context, page: Page[Any]) -> dict[str, Any]:
    """Links to the other pages of a list; the rest of the query string stays."""
    if isinstance(page, FoundPage):
        neighbours = [page.earlier, page.later]
    else:
        neighbours = [
            {"page": page.previous_page_number()} if page.has_previous() else {},
            {"page": page.next_page_number()} if page.has_next() else {},
        ]
    earlier, later = (neighbour(context["request"], fields) for fields in neighbours)
    return {"page": page, "earlier": earlier, "later": later}


@register.simple_tag(takes_context=True)
def shell_links(context: template.Context) -> shell.Navigation | None:
    """The navigation for the page's project and person."""
    project, request = context.get("project"), context.get("request")
    if project is None or request is None or not request.user.is_authenticated:
        return None
    return shell.links(project, request.user)


@register.simple_tag(takes_context=True)
def shell_projects(context: template.Context) -> list[Any]:
    """The projects this person can switch to, by title."""
    from lode_platform.models import Project

    request: HttpRequest | None = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    return list(Project.objects.visible_to(Caller(request.user)).order_by("name")[:50])
