"""Pictures with regions as pages write them: SVG that needs no script, drawn as `motherlode.shapes` says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lode_platform import drawing


def corners(box: Mapping[str, Any], width: float, height: float) -> tuple[float, float, float, float]:
    """A box's corners in pixels, from ``box`` (pixels) or ``x y width height`` (percent)."""
    if "box" in box:
        x1, y1, x2, y2 = box["box"]
        return float(x1), float(y1), float(x2), float(y2)
    x, y = box["x"] * width / 100, box["y"] * height / 100
    return x, y, x + box["width"] * width / 100, y + box["height"] * height / 100


def coordinate(value: float) -> str:
    """A number for an SVG attribute, at most two decimals, independent of locale."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def boxes(
    src: str,
    width: int,
    height: int,
    boxes: Iterable[Mapping[str, Any]] = (),
    crop: str | Sequence[float] = "",
    alt: str = "",
    labels: bool = False,
) -> SafeString:
    """A picture with boxes drawn on it, in pixels of the upright image; ``crop`` shows x1 y1 x2 y2 alone.

    The same markup ``lode/picture.js`` draws, so the picture is there before any script and can be changed by one.
    """
    width, height = width or 100, height or 100
    x1, y1, x2, y2 = 0.0, 0.0, float(width), float(height)
    if crop:
        parts = crop.split() if isinstance(crop, str) else crop
        x1, y1, x2, y2 = (float(part) for part in parts)
    letters = max(x2 - x1, y2 - y1) / 46
    shapes = []
    for box in boxes:
        left, top, right, bottom = corners(box, width, height)
        kind = str(box.get("kind") or "class")
        words = box_words(box, left, top, letters) if labels else SafeString("")
        shapes.append(
            format_html(
                '<g class="region region-{} c{}" data-kind="{}" data-id="{}"><title>{}</title>{}{}{}</g>',
                kind,
                box.get("color") or 1,
                kind,
                box.get("id") or "",
                box_title(box),
                *[region_line(css, box, (left, top, right, bottom)) for css in ("region-under", "region-line")],
                words,
            )
        )
    said = format_html(' role="img" aria-label="{}"', alt) if alt else SafeString(' aria-hidden="true"')
    return format_html(
        '<lode-picture src="{}" width="{}" height="{}"{}><svg viewBox="{}" preserveAspectRatio="xMidYMid meet"{}>'
        '<image href="{}" width="{}" height="{}" preserveAspectRatio="none"/>{}</svg></lode-picture>',
        src,
        width,
        height,
        SafeString(" labels") if labels else "",
        " ".join(coordinate(v) for v in (x1, y1, x2 - x1, y2 - y1)),
        said,
        src,
        width,
        height,
        format_html_join("", "{}", ((shape,) for shape in shapes)),
    )


def region_line(css: str, box: Mapping[str, Any], edges: tuple[float, float, float, float]) -> SafeString:
    """A region's outlines, or its box where it has none."""
    if box.get("outlines"):
        return format_html('<path class="{}" fill-rule="evenodd" d="{}"/>', css, drawing.path(box["outlines"]))
    left, top, right, bottom = edges
    sides = [coordinate(v) for v in (left, top, right - left, bottom - top)]
    return format_html('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', css, *sides)


def box_words(box: Mapping[str, Any], left: float, top: float, letters: float) -> SafeString:
    """A box's label above its top left corner, in letters of ``letters`` pixels of the image."""
    score = f" {float(box['score']):.2f}" if box.get("score") is not None else ""
    return format_html(
        '<text x="{}" y="{}" font-size="{}" stroke-width="{}">{}{}</text>',
        *[coordinate(v) for v in (left, max(top - letters * 0.35, letters), letters, letters / 5)],
        box.get("label") or "",
        score,
    )


def box_title(box: Mapping[str, Any]) -> str:
    """What a box says on hover: its label, its kind in words and its score."""
    words = {"truth": _("truth"), "prediction": _("prediction"), "other": _("another person")}
    parts = [str(box.get("label") or ""), words.get(str(box.get("kind")), "")]
    if box.get("score") is not None:
        parts.append(f"{float(box['score']):.2f}")
    return " · ".join(part for part in parts if part)
