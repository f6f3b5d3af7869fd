"""A round's report in sentences, as far as it has come."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from lode_hooks.evaluations.headline import Number
from lode_hooks.mining.report_parts import (
    CONTROL_BETTER,
    EVALUATION,
    LABELS,
    MINING,
    NOT_SHOWN,
    RUN,
    VERSION,
    LoopReport,
)


def sentence(report: LoopReport) -> str:
    """The report in words, as far as it has come; first of all whether mining beat the control."""
    mined, control = report.arms["mined"], report.arms["control"]
    facts: dict[str, Any] = {
        "chosen": mined.chosen + control.chosen,
        "labelled": mined.labelled + control.labelled,
        "changed": mined.changed + control.changed,
        "version": str(report.version) if report.version else "",
        "run": report.run.name if report.run else "",
    }
    first = _first(report)
    if report.waiting_for == LABELS:
        return " ".join([first, _("%(chosen)d items wait to be labelled.") % facts])
    if report.waiting_for == VERSION:
        words = _("%(labelled)d of %(chosen)d items are labelled; publish a version that holds them.") % facts
        return " ".join([first, words])
    labelled = _("%(labelled)d of %(chosen)d items were labelled, %(changed)d of them changed, and are in %(version)s.")
    if report.waiting_for == RUN:
        return " ".join([first, labelled % facts, _("No run has predicted on it yet.")])
    if report.waiting_for == EVALUATION:
        words = _("“%(run)s” predicted on it; its evaluation is on the way.") % facts
        return " ".join([first, labelled % facts, words])
    number = _headline(report.numbers)
    moved = [_moved(number, report)] if number is not None else []
    return " ".join([first, *moved, labelled % facts])


def _first(report: LoopReport) -> str:
    """Whether mining beat randomly chosen labels, with the shares and interval that say so, or why it is not known."""
    mined, control, beyond = report.arms["mined"], report.arms["control"], report.beyond_control
    if beyond is None:
        return _unknown(report)
    facts = {
        "mined": f"{mined.fixed} of {mined.of}",
        "mined_share": percent(mined.rate or 0.0),
        "control": f"{control.fixed} of {control.of}",
        "control_share": percent(control.rate or 0.0),
        "low": points(beyond.low),
        "high": points(beyond.high),
        "run": report.run.name if report.run else "",
    }
    verdict = {
        MINING: _("Mining beat randomly chosen labels:"),
        CONTROL_BETTER: _("Randomly chosen labels beat mining:"),
        NOT_SHOWN: _("Nothing shows that mining beat randomly chosen labels:"),
    }[report.outcome]
    return (
        verdict
        + " "
        + _(
            "of the objects that were wrong, “%(run)s” gets %(mined)s right in mined items (%(mined_share)s)"
            " and %(control)s in the control (%(control_share)s); the difference lies between %(low)s and"
            " %(high)s points (95\u00a0%%)."
        )
        % facts
    )


def _unknown(report: LoopReport) -> str:
    """Why it cannot be said whether mining beat the control."""
    if report.arms["control"].chosen and report.waiting_for:
        return _("Whether mining beats randomly chosen labels is not known yet.")
    if not report.arms["control"].chosen:
        why = _("the round has no control")
    elif not any(arm.of for arm in report.arms.values()):
        why = _("none of the round's objects could be followed")
    elif report.arms["mined"].of:
        why = _("no control item had an object that was wrong")
    else:
        why = _("no mined item had an object that was wrong")
    return _("Whether mining beats randomly chosen labels cannot be said: %(why)s.") % {"why": why}


def _headline(numbers: Sequence[Number]) -> Number | None:
    by_name = {number.name: number for number in numbers}
    return by_name.get("AP50") or by_name.get("accuracy") or (numbers[0] if numbers else None)


def _moved(number: Number, report: LoopReport) -> str:
    """One number's way from the earlier run to the later one, and whether chance alone could do that."""
    facts: dict[str, Any] = {
        "split": report.split,
        "name": number.title,
        "other": f"{number.other:.3f}" if number.other is not None else "?",
        "value": f"{number.value:.3f}",
    }
    if number.difference_low is None or number.difference_high is None:
        return _("On %(split)s, %(name)s went from %(other)s to %(value)s.") % facts
    facts |= {"low": f"{number.difference_low:+.3f}", "high": f"{number.difference_high:+.3f}"}
    if number.difference_low > 0:
        return (
            _("On %(split)s, %(name)s rose from %(other)s to %(value)s (95\u00a0%% interval %(low)s to %(high)s).")
            % facts
        )
    if number.difference_high < 0:
        return (
            _("On %(split)s, %(name)s fell from %(other)s to %(value)s (95\u00a0%% interval %(low)s to %(high)s).")
            % facts
        )
    return (
        _("On %(split)s, %(name)s went from %(other)s to %(value)s, which chance could do (%(low)s to %(high)s).")
        % facts
    )


def percent(share: float) -> str:
    """A share of 1 as people read it: "49 %", which no line breaks."""
    return f"{100 * share:.0f}\u00a0%"


def points(share: float) -> str:
    """A difference of two shares in percentage points, with its sign: "+5", "−20"."""
    return f"{100 * share:+.0f}".replace("-", "−")
