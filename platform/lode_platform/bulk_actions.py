"""Bulk actions: one thing done to many items, counted before, done whole or not at all, and undone exactly.

A room adds an `Action` for each thing that can be done. First the items are written down, in short batches that a
restarted job goes on from; then one transaction changes them all by a few statements over that list, and leaves in it
those that it changed, with what it replaced, which is what an undo needs. So readers see all of it or nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lode_platform import events, item_lists, jobs, statements, table_statistics
from lode_platform.access import require
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, LodeError
from lode_platform.models import BulkAction, BulkActionItem, Item, ItemQuerySet, Job, Project, User
from lode_platform.searching import Search
from lode_platform.shell import Text

__all__ = ["Action", "Argument", "actions", "add", "begin", "find", "items_of", "keep_only", "undo"]

VERB, UNDO = "items.bulk_action", "items.bulk_undo"
BATCH = 5000
"""Items that one transaction writes down."""
AT_ONCE = 1000
"""At most as many are changed without a job."""
Arguments = dict[str, Any]


@dataclass(frozen=True)
class Argument:
    """Something that an action asks for: a text, a whole number or one of ``choices``, which are values and titles."""

    name: str
    title: Text
    kind: Literal["text", "number", "choice"] = "text"
    choices: Callable[[Project, User], Sequence[tuple[str, Text]]] | None = None
    default: str = ""
    required: bool = True


@dataclass(frozen=True)
class Action:
    """Something that can be done to many items.

    ``apply`` and ``undo`` run in a transaction over `items_of` the row and say what they did, as plain JSON. ``apply``
    takes from the row's list what it does not change (`keep_only`). ``check`` makes of what was given the arguments
    that are kept; each raises ``BadInput`` or ``Conflict`` where the action cannot be done. ``verb`` is what it needs;
    ``of_trash``: it is done to what lies in the trash.
    """

    name: str
    title: Text
    icon: str
    verb: str
    apply: Callable[[BulkAction], Arguments]
    undo: Callable[[BulkAction], Arguments]
    arguments: Sequence[Argument] = ()
    check: Callable[[Project, Caller, Arguments], Arguments] | None = None
    of_trash: bool = False


_actions: dict[str, Action] = {}


def add(action: Action) -> None:
    """Adds an action; the rooms do when the application is ready."""
    _actions[action.name] = action


def actions(*, of_trash: bool | None = None) -> list[Action]:
    """All actions, or those for what is in the trash or is not."""
    return [one for one in _actions.values() if of_trash in (None, one.of_trash)]


def find(name: str) -> Action:
    """The action of this name. Raises ``BadInput``."""
    if name not in _actions:
        words = {"name": name[:80], "names": ", ".join(_actions)}
        raise BadInput(_("There is no bulk action %(name)r; there are %(names)s.") % words, field="action")
    return _actions[name]


def items_of(row: BulkAction) -> ItemQuerySet:
    """The items in the action's list."""
    return Item.objects.filter(bulk_actions__action=row)


def keep_only(row: BulkAction, condition: Q) -> int:
    """Takes out of the action's list those whose item does not meet the condition; how many are left.

    Of the condition's columns none may be null but by ``isnull``: its negation must hold wherever it does not.
    """
    row.held.filter(~condition).delete()
    return row.held.count()


# -- doing it ----------------------------------------------------------------------------------------------------------


def begin(
    project: Project,
    caller: Caller,
    name: str,
    given: Mapping[str, Any],
    *,
    items: Sequence[UUID] = (),
    filter: Mapping[str, str] | None = None,  # noqa: A002
) -> BulkAction:
    """Does the action to these items, or to all that the filter chooses: a few at once, more by a job.

    Raises ``BadInput`` for an argument, a filter or an item that there is not, and what the action itself refuses.
    """
    action = find(name)
    require(caller, project, action.verb)
    arguments = _arguments(action, project, caller.user, given)
    if action.check is not None:
        arguments = action.check(project, caller, arguments)
    chosen: dict[str, Any] = {"items": [str(uuid) for uuid in items]}
    if filter is not None:
        chosen = {"filter": item_lists.filter_of(filter) | ({"trash": "1"} if action.of_trash else {})}
        if not action.of_trash:
            chosen["filter"].pop("trash", None)
    with transaction.atomic():
        row = BulkAction(project=project, action=name, arguments=arguments, chosen=chosen, created_by=caller.user)
        keys = _few(row, action)
        if keys is not None and not keys:
            raise BadInput(_("No item is chosen."), code="no_items", field="items")
        row.save()
        if keys is None:
            row.job = _enqueue(VERB, row, caller.user, _("%(title)s: many items") % {"title": action.title})
            row.save(update_fields=["job"])
        else:
            statements.hold_items(row, Item.objects.filter(among("pk", keys)))
            _apply(row, action)
    return row


def _arguments(action: Action, project: Project, user: User, given: Mapping[str, Any]) -> Arguments:
    known = {one.name: one for one in action.arguments}
    for name in given:
        if name not in known:
            words = {"name": name[:80], "names": ", ".join(known) or _("none")}
            raise BadInput(_("There is no argument %(name)r; there are: %(names)s.") % words, field=name[:80])
    return {one.name: _argument(one, project, user, given.get(one.name, one.default)) for one in action.arguments}


def _argument(one: Argument, project: Project, user: User, value: Any) -> Any:
    text = str(value).strip()
    if not text:
        if one.required:
            raise BadInput(_("%(title)s is missing.") % {"title": one.title}, field=one.name)
        return None if one.kind == "number" else ""
    if one.kind == "number":
        try:
            number = int(text)
        except ValueError:
            number = 1 << 40
        if abs(number) >= 1 << 31:
            raise BadInput(_("%(value)r is not a whole number.") % {"value": text[:80]}, field=one.name)
        return number
    if one.choices is not None and text not in {value for value, _title in one.choices(project, user)}:
        raise BadInput(_("There is no %(value)r here.") % {"value": text[:80]}, field=one.name)
    return text


def _few(row: BulkAction, action: Action) -> list[int] | None:
    """The keys of the chosen items; None where they are more than a few, or not found in a moment."""
    if "items" in row.chosen:
        return list(_named(row, action).values_list("pk", flat=True))
    asked = _asked(row)
    if asked.active and asked.few is None:
        found = Search(asked.listed, asked.rows).find(AT_ONCE + 1)
        keys = found.keys if not found.end else None
    else:
        keys = list((asked.rows if asked.few is None else asked.few).values_list("pk", flat=True)[: AT_ONCE + 1])
    return keys if keys is not None and len(keys) <= AT_ONCE else None


def _named(row: BulkAction, action: Action) -> ItemQuerySet:
    rows = row.project.items.filter(staged_by=None, trashed_at__isnull=not action.of_trash)
    return rows.filter(among("uuid", [UUID(uuid) for uuid in row.chosen["items"]]))


def _asked(row: BulkAction) -> item_lists.Chosen:
    asked = item_lists.chosen(row.chosen["filter"], row.project, row.created_by)
    if asked.refusal is not None:
        raise asked.refusal
    return asked


def _enqueue(verb: str, row: BulkAction, user: User, title: str) -> Job:
    return jobs.enqueue(verb, project=row.project, user=user, title=title, arguments={"bulk_action": str(row.uuid)})


def _apply(row: BulkAction, action: Action) -> None:
    """In a transaction."""
    row.applied_at = timezone.now()
    row.result = action.apply(row)
    row.count = row.held.count()
    row.save(update_fields=["applied_at", "result", "count"])
    table_statistics.wrote(row.count, BulkActionItem)
    events.record(row.project, row.created_by, "items.bulk_action", row, action=row.action, items=row.count)


def _row(work: jobs.Work) -> BulkAction:
    return BulkAction.objects.select_related("project", "created_by").get(uuid=work.arguments["bulk_action"])


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """The job: writes the items down, then changes them all; ``{"bulk_action", "items", ...}`` with what it did."""
    row = _row(work)
    action = find(row.action)
    try:
        if row.applied_at is None:
            _write_down(work, row)
            work.progress(work.job.done, message=str(action.title), at_once=True)
            with work.fenced():
                _apply(row, action)
                work.step("applied")
                work.save_state({"phase": "over"})
            work.step("over")
    except (jobs.Cancelled, LodeError):
        _forget(work, row)
        raise
    return {"bulk_action": str(row.uuid), "items": row.count, **row.result}


def _write_down(work: jobs.Work, row: BulkAction) -> None:
    state = work.state or {"last": 0, "held": 0}
    chosen = _asked(row).rows.order_by("pk")
    more = True
    while more:
        work.progress(state["held"], message=_("Choosing items"))
        later = chosen.filter(pk__gt=state["last"])
        keys = list(later.values_list("pk", flat=True)[:BATCH])
        more = len(keys) == BATCH
        if keys:
            with work.fenced():
                state["held"] += statements.hold_items(row, Item.objects.filter(among("pk", keys)))
                state["last"] = keys[-1]
                work.save_state(state)
        work.step("batch")


def _forget(work: jobs.Work, row: BulkAction) -> None:
    """Leaves nothing of an action that was not carried out but its row."""
    while keys := list(row.held.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with work.fenced():
            BulkActionItem.objects.filter(among("pk", keys)).delete()
    with work.fenced():
        work.save_state({})


# -- undoing it --------------------------------------------------------------------------------------------------------


def undo(row: BulkAction, caller: Caller) -> BulkAction:
    """Gives the items back what the action replaced: a few at once, more by a job.

    What somebody has changed since stays as it is now. Raises ``Conflict`` where it was not carried out, or is undone.
    """
    action = find(row.action)
    require(caller, row.project, action.verb)
    with transaction.atomic():
        held = BulkAction.objects.select_for_update(of=("self",)).select_related("project", "created_by").get(pk=row.pk)
        if held.applied_at is None:
            raise Conflict(_("This was not carried out, or not yet."), code="not_applied")
        running = held.undo_job_id and Job.objects.filter(pk=held.undo_job_id, state__in=jobs.OPEN).exists()
        if held.undone_at is not None or running:
            raise Conflict(_("This is undone already."), code="undone")
        if held.count > AT_ONCE:
            held.undo_job = _enqueue(UNDO, held, caller.user, _("Undo: %(title)s") % {"title": action.title})
            held.save(update_fields=["undo_job"])
        else:
            _undo(held, action, caller.user)
    return held


def _undo(row: BulkAction, action: Action, user: User) -> None:
    """In a transaction."""
    row.undo_result = action.undo(row)
    row.undone_at = timezone.now()
    row.save(update_fields=["undo_result", "undone_at"])
    events.record(row.project, user, "items.bulk_undo", row, action=row.action, items=row.count)


def carry_out_undo(work: jobs.Work) -> dict[str, Any]:
    """The job of an undo."""
    row = _row(work)
    if row.undone_at is None:
        work.progress(0, message=_("Undoing"))
        with work.fenced():
            _undo(row, find(row.action), work.job.created_by or row.created_by)
            work.step("undone")
            work.save_state({"phase": "over"})
        work.step("over")
    return {"bulk_action": str(row.uuid), "items": row.count, **row.undo_result}


def said(row: BulkAction) -> str:
    """What the action did, in a sentence."""
    words = {"title": find(row.action).title, "n": row.count}
    return ngettext("%(title)s: %(n)d item", "%(title)s: %(n)d items", row.count) % words


@jobs.job(VERB)
def _job(work: jobs.Work) -> dict[str, Any]:
    return carry_out(work)


@jobs.job(UNDO)
def _undo_job(work: jobs.Work) -> dict[str, Any]:
    return carry_out_undo(work)
