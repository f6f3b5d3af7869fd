"""Regions that hold nothing: no area, less than a pixel, or outside the picture."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from lode_datasets.checks.check import OFF, SHOWN, Check, Fact, Finding
from lode_datasets.checks.subject import Subject
from motherlode import media
from motherlode.regions import is_known
from motherlode.shapes import SHAPES, BadRegion

PIXEL = 1.0  # square pixels


def flaw(row: Mapping[str, Any], medium: media.Media) -> str:
    """What is wrong with the place of a region's row: "degenerate", "outside", "under a pixel" or ""."""
    shape = SHAPES[row["kind"]]
    try:
        geometry = shape.from_json(row["geometry"])
    except (BadRegion, TypeError, ValueError, OverflowError):
        return "degenerate"
    held, how = shape.clip(geometry, medium)
    if held is None:
        return how
    return "under a pixel" if 0 < shape.area(held) < PIXEL else ""


def _is_placed(row: Mapping[str, Any], kind: str) -> bool:
    """Whether a row is a region of a known kind that fits the medium."""
    return is_known(row) and "geometry" in row and SHAPES[row["kind"]].fits(kind)


def look(subject: Subject) -> Finding:
    """Reads all labels; kinds of regions that are not known are left out."""
    items = dict[int, str]()
    found = looked_at = unknown = 0
    for rows, said in subject.labels():
        for row in rows:
            looked_at += 1
            wrong: list[str] = []
            medium = media.of(row.kind, width=row.width, height=row.height, length=row.length)
            for region in json.loads(said[row.labels or 0].regions):
                if not _is_placed(region, row.kind):
                    unknown += 1
                elif how := flaw(region, medium):
                    wrong.append(how)
            found += len(wrong)
            if wrong and len(items) < SHOWN:
                items[row.item] = ", ".join(sorted(set(wrong)))
    facts: list[Fact] = [{"count": found}] if found else []
    left_out = (
        str(_("%(n)s regions of a kind that is not known were not looked at.") % {"n": unknown}) if unknown else ""
    )
    return Finding(found, looked_at, facts, items, left_out)


CHECK = Check(
    "region_degenerate",
    _("Degenerate regions"),
    _("Regions of no area or less than a pixel, or outside the picture. Reads all labels."),
    OFF,
    look,
)
