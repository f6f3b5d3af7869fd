"""What a run page draws: Vega-Lite specifications, the confusion matrix and the per-class lines, all with links."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from lode_hooks.evaluations.summary import ClassCurve, ClassRow, Histograms

Spec = dict[str, Any]
Opens = Callable[..., str]

SMALL_MATRIX, MEDIUM_MATRIX = 7, 12
"""Columns up to which the matrix has the largest cells, and stands beside something."""
MATRIX_CLASSES = 20
"""Classes in the matrix before it is asked to show all: those with most confusion."""
LISTED_CLASSES = 24
"""Classes in the per-class table before it is asked to show all."""
DRAWN_CLASSES = 6
"""Classes whose curves are drawn in colour beside the mean's."""
HEAT_STEPS = 8
NOTHING = 0
"""The class id that stands for no truth or no prediction."""


def curve_points(
    drawn: Sequence[ClassCurve], names: Mapping[int, str], opens: Callable[[int, float], str]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The points of the curves, each with what it opens, and the name and colour of each curve."""
    rows: list[dict[str, Any]] = []
    order: list[tuple[str, str]] = []
    for curve in drawn:
        name = names.get(curve.class_id, _("all classes")) if curve.class_id else _("all classes")
        order.append(
            (name, f"var(--lode-class-{(curve.class_id - 1) % 12 + 1})" if curve.class_id else "var(--lode-text)")
        )
        begin = [(0.0, precision, score) for _recall, precision, score in curve.points[:1]]
        rows += [
            {
                "recall": round(recall, 5),
                "precision": round(precision, 5),
                "score": round(score, 4),
                "class": name,
                "main": not curve.class_id,
                "url": opens(curve.class_id, score) if place else None,
                "place": place,
            }
            for place, (recall, precision, score) in enumerate(begin + curve.points)
        ]
    return rows, order


def curves(found: Sequence[ClassCurve], names: Mapping[int, str], opens: Callable[[int, float], str]) -> Spec:
    """Precision over recall at IoU .5: all classes together, and those with the most truths; points are links.

    A curve begins at recall 0, at its first point's precision.
    """
    per_class = sorted((c for c in found if c.class_id and c.points), key=lambda c: -(c.truths or 0))
    drawn = [c for c in found if not c.class_id] + per_class[:DRAWN_CLASSES]
    rows, order = curve_points(drawn, names, opens)
    scale = {"domain": [name for name, _color in order], "range": [color for _name, color in order]}
    percent = {"format": ".0%"}
    x = {"field": "recall", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": percent, "title": _("recall")}
    y = {
        "field": "precision",
        "type": "quantitative",
        "scale": {
            "domain": [least_shown([precision for c in drawn for _recall, precision, _score in c.points]), 1],
            "zero": False,
            "nice": False,
        },
        "axis": percent,
        "title": _("precision"),
    }
    color = {
        "field": "class",
        "type": "nominal",
        "scale": scale,
        "title": None,
        "legend": {"orient": "bottom", "columns": 4},
    }
    tooltip = [
        {"field": "class", "title": _("class")},
        {"field": "score", "title": _("score ≥"), "format": ".3f"},
        {"field": "precision", "title": _("precision"), "format": ".1%"},
        {"field": "recall", "title": _("recall"), "format": ".1%"},
    ]
    width = {"condition": {"test": "datum.main", "value": 2.5}, "value": 1.4}
    return {
        "height": 280,
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "line", "interpolate": "step-before"},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": color,
                    "strokeWidth": width,
                    "order": {"field": "place", "type": "quantitative"},
                },
            },
            {
                "transform": [{"filter": "isValid(datum.url)"}],
                "mark": {"type": "point", "filled": True, "size": 22, "opacity": 0.55, "cursor": "pointer"},
                "encoding": {"x": x, "y": y, "color": color, "href": {"field": "url"}, "tooltip": tooltip},
            },
        ],
    }


def least_shown(values: Sequence[float]) -> float:
    """Where an axis up to 1 begins: 0, or a tenth below all values where even the least is above a half."""
    least = min(values, default=0.0)
    return math.floor(least * 10 - 1) / 10 if least >= 0.5 else 0.0


def score_histogram(found: Histograms, opens: Opens) -> Spec:
    """How many detections have which score, the wrong ones on the right ones; bars open what they count."""
    rows = []
    for place, (low, high, right, wrong) in enumerate(found.score):
        last = place == len(found.score) - 1
        for state, title, foot, count in (
            ("tp", _("true positive"), 0, right),
            ("fp", _("false positive"), right, wrong),
        ):
            if count:
                rows.append(
                    {
                        "low": low,
                        "high": high,
                        "foot": foot,
                        "head": foot + count,
                        "count": count,
                        "what": title,
                        "url": opens(state=state, min_score=low, max_score=None if last else before(high)),
                    }
                )
    spec = bars(rows, [_("true positive"), _("false positive")], ["var(--lode-truth)", "var(--lode-prediction)"])
    spec["mark"] = {"type": "rect", "cursor": "pointer", "stroke": "var(--lode-surface)", "strokeWidth": 1}
    spec["encoding"] |= {
        "x": {"field": "low", "type": "quantitative", "title": _("score"), "scale": {"zero": False, "nice": False}},
        "x2": {"field": "high"},
        "y": {"field": "foot", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1, "tickCount": 4}},
        "y2": {"field": "head"},
        "tooltip": [
            {"field": "what", "title": " "},
            {"field": "low", "title": _("from"), "format": ".2f"},
            {"field": "high", "title": _("to"), "format": ".2f"},
            {"field": "count", "title": _("count")},
        ],
    }
    return spec


def before(value: float) -> float:
    """The largest number below ``value``: bins hold their lower edge and not their upper one."""
    return math.nextafter(value, -math.inf)


def bars(rows: list[dict[str, Any]], names: list[str], colors: list[str]) -> Spec:
    """A chart of stacked bars, each of them a link."""
    return {
        "height": 160,
        "data": {"values": rows},
        "mark": {"type": "bar", "cursor": "pointer"},
        "encoding": {
            "color": {
                "field": "what",
                "type": "nominal",
                "scale": {"domain": names, "range": colors},
                "title": None,
                "legend": {"orient": "top"},
            },
            "href": {"field": "url"},
        },
    }


def size_histogram(found: Histograms, opens: Opens) -> Spec:
    """How many truths of which size were found and how many not; bars open what they count."""
    rows = []
    order = []
    for name, low, high, right, wrong in found.size:
        if right or wrong:
            order.append(name)
        for state, title, count in (("tp", _("true positive"), right), ("fn", _("false negative"), wrong)):
            if count:
                edges = {"min_size": low, "max_size": None if high is None else before(high)}
                rows.append({"size": name, "count": count, "what": title, "url": opens(state=state, **edges)})
    spec = bars(rows, [_("true positive"), _("false negative")], ["var(--lode-truth)", "var(--lode-danger)"])
    spec["encoding"] |= {
        "x": {
            "field": "size",
            "type": "ordinal",
            "sort": order,
            "title": _("square root of the area, pixels"),
            "axis": {"labelAngle": 0, "labelOverlap": "greedy"},
        },
        "y": {"field": "count", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1, "tickCount": 4}},
        "tooltip": [
            {"field": "what", "title": " "},
            {"field": "size", "title": _("pixels")},
            {"field": "count", "title": _("count")},
        ],
    }
    return spec


@dataclass(frozen=True)
class MatrixCell:
    """A cell of the confusion matrix: its count, what it opens, how dark it is (0 to ``HEAT_STEPS``)."""

    count: int
    url: str
    heat: int
    kind: str
    words: str


@dataclass(frozen=True)
class MatrixRow:
    """A row of the matrix: a truth class, or no truth."""

    class_id: int
    name: str
    cells: list[MatrixCell | None]


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix as drawn; ``hidden`` classes are left out of it."""

    columns: list[tuple[int, str]]
    rows: list[MatrixRow]
    hidden: int
    pairs: list[tuple[str, str, MatrixCell]]

    @property
    def size(self) -> str:
        """small, medium or large, by its columns; a large one has the page's width."""
        columns = len(self.columns)
        return "small" if columns <= SMALL_MATRIX else "medium" if columns <= MEDIUM_MATRIX else "large"


def matrix(cells: Sequence[tuple[int, int, int]], names: Mapping[int, str], opens: Opens, most: int | None) -> Matrix:
    """The matrix of (truth, predicted, count), 0 for nothing, of the ``most`` confused classes, and its worst pairs."""
    counts = {(truth, predicted): count for truth, predicted, count in cells if count}
    confusion: dict[int, int] = {}
    for (truth, predicted), count in counts.items():
        for class_id in {truth, predicted} - {NOTHING}:
            confusion[class_id] = confusion.get(class_id, 0) + (count if truth != predicted else 0)
    ranked = sorted(confusion, key=lambda class_id: (-confusion[class_id], class_id))
    shown = sorted(ranked[:most] if most else ranked)
    off = {pair: count for pair, count in counts.items() if pair[0] != pair[1]}
    darkest_off = max(off.values(), default=1)
    darkest = max((count for pair, count in counts.items() if pair[0] == pair[1]), default=1)

    def cell(truth: int, predicted: int) -> MatrixCell | None:
        count = counts.get((truth, predicted))
        if not count:
            return None
        right = truth == predicted
        share = count / (darkest if right else darkest_off)
        return MatrixCell(
            count,
            opens(cell=(truth, predicted)),
            max(1, round(share**0.5 * HEAT_STEPS)),
            "right" if right else "missed" if predicted == NOTHING else "alarm" if truth == NOTHING else "wrong",
            words(names, truth, predicted, count),
        )

    classes = [(class_id, names.get(class_id, str(class_id))) for class_id in shown]
    unfound, background = [(NOTHING, _("not found"))], [(NOTHING, _("background"))]
    columns = classes + (unfound if any(predicted == NOTHING for _truth, predicted in counts) else [])
    lines = classes + (background if any(truth == NOTHING for truth, _predicted in counts) else [])
    rows = [MatrixRow(truth, name, [cell(truth, predicted) for predicted, _name in columns]) for truth, name in lines]
    worst = sorted(off, key=lambda pair: (-off[pair], pair))
    pairs = [
        (names.get(truth, ""), names.get(predicted, ""), found)
        for truth, predicted in worst
        if truth and predicted and (found := cell(truth, predicted))
    ]
    return Matrix(columns, rows, len(ranked) - len(shown), pairs[:8])


def words(names: Mapping[int, str], truth: int, predicted: int, count: int) -> str:
    """What a cell holds, for those who hear the page or point at the cell."""
    values = {"truth": names.get(truth, ""), "predicted": names.get(predicted, ""), "count": count}
    if truth == predicted:
        return _("%(truth)s correct: %(count)s") % values
    if predicted == NOTHING:
        return _("%(truth)s missed: %(count)s") % values
    if truth == NOTHING:
        return _("false alarm %(predicted)s: %(count)s") % values
    return _("%(truth)s predicted as %(predicted)s: %(count)s") % values


@dataclass(frozen=True)
class ClassLine:
    """A class in the per-class table, each number with what it opens."""

    row: ClassRow
    failures: int
    urls: dict[str, str]


def class_line(row: ClassRow, opens: Opens, located: bool) -> ClassLine:
    """One class's numbers with their links.

    A wrong picture is one match with two sides: a wrong prediction of one class and a truth not found of another.
    """
    urls = {
        "truths": opens(state="truths" if located else "all", truth_class=row.class_id),
        "tp": opens(state="tp", truth_class=row.class_id),
        "fp": opens(state="fp", predicted_class=row.class_id),
        "fn": opens(state="fn" if located else "", truth_class=row.class_id),
    }
    return ClassLine(row, row.fp + row.fn, urls)
