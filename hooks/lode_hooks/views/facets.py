"""The failure viewer's left side: facets with what each line opens, and the filters in force as chips."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from lode_hooks.evaluations.summary import is_located, overlap_words
from lode_hooks.failures import browse
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.failures.kinds import KIND_TITLES
from lode_hooks.models import Evaluation, Verdict
from lode_platform.models import Project
from lode_platform.templatetags.lode import class_color

FACET_LINES = 8
STATE_TITLES = {
    "": later("failures"),
    "tp": later("true positives"),
    "fp": later("false positives"),
    "fn": later("false negatives"),
    "truths": later("all ground truth"),
    "all": later("everything"),
}
SIZE_TITLES = {"small": later("small, up to 32²"), "medium": later("medium, up to 96²"), "large": later("large")}
VERDICT_TITLES = dict(Verdict.Kind.choices) | {"none": later("No verdict yet")}
TRANSITION_TITLES = {
    "fixed": later("fixed"),
    "regressed": later("regressed"),
    "unchanged": later("unchanged"),
    "ok": later("correct in both"),
    "new": later("new false positives"),
    "persisting": later("false positives in both"),
    "resolved": later("resolved false positives"),
}


@dataclass(frozen=True)
class Choice:
    """A line of a facet."""

    title: str
    count: int
    url: str
    current: bool
    icon: str = ""
    color: int = 0


@dataclass(frozen=True)
class FacetView:
    """A facet as drawn on the left."""

    name: str
    title: str
    choices: list[Choice]

    @property
    def first(self) -> list[Choice]:
        """The lines shown at once."""
        return self.choices if len(self.choices) <= FACET_LINES + 2 else self.choices[:FACET_LINES]

    @property
    def rest(self) -> list[Choice]:
        """The lines behind "more"."""
        return self.choices[len(self.first) :]

    @property
    def rest_open(self) -> bool:
        """Whether one of those is chosen."""
        return any(choice.current for choice in self.rest)


def as_query(chosen: FailureFilter, **change: Any) -> str:
    """The filter as a query string, with some of its fields changed."""
    query = QueryDict(mutable=True)
    for name, value in (chosen.query() | change).items():
        if value not in (None, ""):
            query[name] = str(value)
    return query.urlencode()


def facet_views(
    project: Project,
    evaluation: Evaluation,
    chosen: FailureFilter,
    facets: Mapping[str, list[browse.Facet]],
    names: Mapping[int, str],
) -> list[FacetView]:
    """The facets with words, and for each line the address that chooses it, or that lets it go."""
    here = reverse("hooks:failures", args=[project.name])
    asked = chosen.query()
    located = is_located(evaluation)

    def view(name: str, title: str, titles: Mapping[str, str | Promise], fields: Any, color: bool = False) -> FacetView:
        choices = []
        for facet in facets.get(name, []):
            if name == "state" and not located and facet.value in {"fn", "truths"}:
                continue
            wanted = fields(facet.value)
            current = all(asked.get(key, "") == (value or "") for key, value in wanted.items())
            change = dict.fromkeys(wanted) if current and name != "state" else wanted
            query = as_query(chosen, **change)
            url = f"{here}?evaluation={evaluation.uuid}" + (f"&{query}" if query else "")
            words = titles.get(facet.value, facet.value)
            tint = class_color(int(facet.value)) if color and facet.value.isdecimal() and facet.value != "0" else 0
            choices.append(Choice(str(words), facet.count, url, current, color=tint))
        return FacetView(name, title, choices)

    def one(name: str) -> Any:
        return lambda value: {name: value}

    def between(name: str) -> Any:
        def fields(value: str) -> dict[str, str]:
            low, _dash, high = value.partition("-")
            return {f"min_{name}": low, f"max_{name}": high}

        return fields

    by_class = {str(key): name for key, name in names.items()}
    by_cell = {facet.value: cell_words(facet.value, names) for facet in facets.get("cell", [])}
    views = [
        view("state", _("Show"), STATE_TITLES, lambda value: {"state": value, "kind": None, "cell": None}),
        view("kind", _("Kind"), {k: str(v).lower() for k, v in KIND_TITLES.items()}, one("kind")),
        view(
            "cell", _("Ground truth → prediction"), by_cell, lambda value: {"cell": value, "state": None, "kind": None}
        ),
        view("truth_class", _("Ground truth"), by_class, one("truth_class"), color=True),
        view("predicted_class", _("Prediction"), by_class, one("predicted_class"), color=True),
        view("verdict", _("Verdict"), {k: str(v).lower() for k, v in VERDICT_TITLES.items()}, one("verdict")),
        view("score", _("Score"), {}, between("score")),
        view("iou", overlap_words(evaluation), {}, between("iou")),
        view("size", _("Size"), SIZE_TITLES, one("size")),
    ]
    return [v for v in views if v.choices]


def cell_words(value: str, names: Mapping[int, str]) -> str:
    """A confusion cell's name: "RBC → WBC"."""
    truth, _colon, predicted = value.partition(":")
    return f"{class_word(truth, names)} → {class_word(predicted, names, _('not found'))}"


def class_word(value: str, names: Mapping[int, str], zero: str = "") -> str:
    """A class's name; 0 is the background, which of a prediction is called ``zero``."""
    return (
        names.get(int(value), value)
        if value.isdecimal() and len(value) < 10 and value != "0"
        else zero or _("background")
    )


def active_filters(
    request: HttpRequest, chosen: FailureFilter, names: Mapping[int, str], overlap: str = ""
) -> list[tuple[str, str]]:
    """The filters in force as chips: what they say, and the address without them; `overlap` is the word for IoU."""
    words: dict[str, Callable[[str], str]] = {
        "state": lambda value: str(STATE_TITLES.get(value, value)),
        "kind": lambda value: str(KIND_TITLES.get(value, value)).lower(),
        "truth_class": lambda value: _("ground truth %(name)s") % {"name": class_word(value, names)},
        "predicted_class": lambda value: _("prediction %(name)s") % {"name": class_word(value, names)},
        "cell": lambda value: cell_words(value, names),
        "verdict": lambda value: str(VERDICT_TITLES.get(value, value)).lower(),
        "size": lambda value: str(SIZE_TITLES.get(value, value)),
        "transition": lambda value: str(TRANSITION_TITLES.get(value, value)),
        "item": lambda value: _("one item"),
    }
    ranges = {"score": _("score"), "iou": overlap or _("IoU"), "size": _("size")}
    asked = chosen.query()
    chips = []

    def without(*fields: str) -> str:
        query = request.GET.copy()
        for name in fields:
            query.pop(name, None)
        return f"?{query.urlencode()}"

    for name, say in words.items():
        if name in asked:
            chips.append((say(asked[name]), without(name, *(["against"] if name == "transition" else []))))
    for name, title in ranges.items():
        low, high = asked.get(f"min_{name}"), asked.get(f"max_{name}")
        if low is not None or high is not None:
            said = (
                f"{title} {short(low)}–{short(high)}"
                if low and high
                else f"{title} {'≥' if low else '≤'} {short(low or high)}"
            )
            chips.append((said, without(f"min_{name}", f"max_{name}")))
    return chips


def short(value: str | None) -> str:
    """A bound with as many digits as a person wants."""
    return f"{float(value):.3g}" if value else ""
