"""From drafts to regions: what a source says of an image, in pixels of the image as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from motherlode.formats.source import Draft, Problem, Record
from motherlode.formats.upright import Fit, fit, placing
from motherlode.media import Image, Media
from motherlode.regions import Control, Geometry, Region, answered, region_ids
from motherlode.shapes import SHAPES, Clip, Shape

__all__ = ["as_regions", "settle"]


def settle(record: Record, media: Media, orientation: int = 1) -> tuple[list[Draft], list[Problem]]:
    """The record's drafts in pixels of its upright image, and what had to be left out or changed.

    Regions of the image as it lies in the file (its EXIF `orientation` not applied) are turned, those of a scaled copy
    are scaled; where the stated size fits neither, none is kept. Regions without area and regions wholly outside are
    left out, those that cross an edge are cut. All of it is reported. A cut region keeps an imported `area`: it is the
    mask's, which never left the image. Of another medium what is said of the whole item is kept, and its own parts.
    `Record.comes_in` says whether what is kept may stand for the truth.
    """
    if not isinstance(media, Image):
        return _settle_other(record, media)
    kept: list[Draft] = []
    problems: list[Problem] = []
    width, height = media.width, media.height
    how: Fit | None = Fit((width, height), (width, height))
    if record.width and record.height:
        how = fit((record.width, record.height), (width, height), orientation)
    if how is None or how.scaled or how.orientation != 1:
        problems.append(_size_problem(record, how, width, height))
    if media.pages > 1 and any(draft.geometry is not None for draft in record.drafts):
        what = f"it has {media.pages} pages, and its labels name none"
        remedy = "They were put on page 1; label the others here, or split the file and import again"
        problems.append(Problem("note", record.source, "pages", what, remedy, record.path))
    for draft in record.drafts:
        if draft.geometry is None:
            kept.append(draft)
            continue
        shape, geometry, area, slack = SHAPES[draft.kind], draft.geometry, draft.area, 0.0
        if draft.relative:
            geometry = shape.mapped(geometry, lambda x, y: (x * width, y * height))
            slack = 2e-6 * max(width, height)  # a relative number is written with six digits
        elif how is None:
            continue
        elif how.scaled or how.orientation != 1:
            geometry = shape.mapped(geometry, placing(how))
            area = None if how.scaled else area
        cut, state = shape.clip(geometry, media)
        if cut is None or (state == "clipped" and _cut_off(shape, geometry, cut) > slack):
            problems.append(_place_problem(record, draft, geometry, state, media))
        if cut is not None:
            same = cut == draft.geometry and area == draft.area and not draft.relative
            kept.append(draft if same else replace(draft, geometry=cut, area=area, relative=False))
    return kept, problems


def _settle_other(record: Record, media: Media) -> tuple[list[Draft], list[Problem]]:
    """What is said of the whole item and of parts that it has; a place in an image has none in another medium."""
    kept: list[Draft] = []
    problems: list[Problem] = []
    for draft in record.drafts:
        shape = SHAPES[draft.kind]
        if draft.geometry is None:
            kept.append(draft)
        elif not shape.fits(media.kind):
            what = f"the {draft.label} {shape.noun} is a region of an image, and {record.path} is {media.one}"
            problems.append(Problem("unreadable", record.source, draft.row, what, "It was left out", record.path))
        elif shape.clip(draft.geometry, media)[1] != "ok":
            named = f"the {draft.label} {shape.noun} ({shape.words(draft.geometry)})"
            what = f"{named} is not within the {media.words()}"
            problems.append(Problem("outside", record.source, draft.row, what, "It was left out", record.path))
        else:
            kept.append(draft)
    return kept, problems


def _cut_off(shape: Shape, before: Geometry, after: Geometry) -> float:
    """By how many pixels a geometry stuck out before it was cut."""
    return max(abs(a - b) for a, b in zip(shape.bounds(before) or (), shape.bounds(after) or (), strict=True))


def _size_problem(record: Record, how: Fit | None, width: int, height: int) -> Problem:
    what = f"says {record.width} x {record.height}, the upright image is {width} x {height}"
    if not any(draft.geometry is not None and not draft.relative for draft in record.drafts):
        return Problem("note", record.source, "size", what, "No label of it depends on its size", record.path)
    if how is None:
        remedy = "Its boxes fit no such image and were left out; label the image as it is and import again"
        return Problem("unreadable", record.source, "size", what, remedy, record.path)
    done = " and ".join(["turned"] * (how.orientation != 1) + ["scaled"] * how.scaled)
    return Problem("note", record.source, "size", what, f"Its boxes were {done} with the image", record.path)


def _place_problem(record: Record, draft: Draft, geometry: Geometry, state: Clip, media: Image) -> Problem:
    shape = SHAPES[draft.kind]
    named = f"the {draft.label} {shape.noun} ({shape.words(geometry)})"
    if state == "degenerate":
        what, remedy = f"{named} has no area", "It was left out; draw it again if it is meant"
        return Problem("degenerate", record.source, draft.row, what, remedy, record.path)
    where = f"the {media.width} x {media.height} image"
    if state == "outside":
        what = f"{named} lies outside {where}"
        return Problem("outside", record.source, draft.row, what, "It was left out", record.path)
    what, remedy = f"{named} crosses the edge of {where}", "It was cut at the edge"
    return Problem("clipped", record.source, draft.row, what, remedy, record.path)


def as_regions(path: str, drafts: Iterable[Draft], controls: Sequence[Control]) -> list[Region]:
    """Regions of the item `path` from settled drafts, with ids that the same import makes again.

    Each answers the first of the `controls` that takes its kind and has its label (`motherlode.regions.answered`).
    Raises KeyError for a label that none has.
    """
    rows = list(drafts)
    ids = region_ids(path, ((draft.label, draft.kind, draft.geometry) for draft in rows))
    regions = []
    for own, draft in zip(ids, rows, strict=True):
        control = answered(controls, draft.kind, draft.label)
        if control is None:
            raise KeyError(draft.label)
        regions.append(
            Region(
                id=own,
                kind=draft.kind,
                class_id=control.class_ids[draft.label],
                label=draft.label,
                geometry=draft.geometry,
                area=draft.area,
                iscrowd=draft.iscrowd,
                difficult=draft.difficult,
                attributes=draft.attributes,
                control=control.name,
            )
        )
    return regions
