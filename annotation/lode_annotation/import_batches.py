"""What a batch of an import's lines makes of its items: the label sets that they are to have."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from lode_annotation.documents import document_of
from lode_annotation.identity import with_kept_ids
from lode_annotation.import_report import no_control, other_medium, retired, say, say_problem, say_unlinked, twice
from lode_annotation.imported_lines import digest_in
from lode_annotation.label_sets import current, ids_used, still_linked
from lode_annotation.models import LabelImport, LabelSet, Schema, SchemaRevision
from lode_annotation.rules import rules_of
from lode_platform.among import among
from lode_platform.models import Item, Project
from motherlode import media
from motherlode.formats.plain import Plain, plain_regions
from motherlode.formats.settling import as_regions, settle
from motherlode.formats.source import Draft, Problem, Record
from motherlode.formats.texts import Asked, as_texts
from motherlode.labeling_config import medium_of
from motherlode.media import MEDIA, Media
from motherlode.paths import UnsafePath, check_path, fold
from motherlode.regions import Control, Region, Texts, from_json, texts_of
from motherlode.shapes import SHAPES


class Known(NamedTuple):
    """What an import asks of an item."""

    pk: int
    path: str
    path_fold: str
    kind: str
    width: int
    height: int
    length: int
    orientation: int

    @property
    def media(self) -> Media:
        return media.of(self.kind, width=self.width, height=self.height, length=self.length)


class Line(NamedTuple):
    """A line of an import, and its regions where it is plain."""

    row: Mapping[str, Any]
    plain: Sequence[Mapping[str, Any]] | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Line":
        return cls(row, None if "problem" in row else plain_regions(row))


class Asking:
    """A schema's controls, made ready for the lines that answer them."""

    def __init__(self, schema: Schema, revision: SchemaRevision) -> None:
        self.schema = schema
        self.revision = revision
        self.controls = rules_of(revision.controls).asked
        self.by_name = {"": self.controls, **{control.name: (control,) for control in self.controls}}
        self.asked = {name: Asked(controls) for name, controls in self.by_name.items()}
        self.plain = {name: Plain(asked) for name, asked in self.asked.items()}
        self.medium = MEDIA[medium_of(revision.config)]


class Batch:
    """What a batch of lines makes: ``label_sets`` as (item's key, what it says), and the digests of lines that came in
    whole, by the item of a ``new`` label set, by the ``old`` one that says the same. What is left out goes into the
    report.

    With ``plain_alone`` nothing is told: the places of lines that are not plain are the ``rest``, and each label set
    can be given back to it.
    """

    def __init__(
        self,
        label_import: LabelImport,
        asking: Asking,
        batch: Sequence[Line],
        report: dict[str, Any],
        *,
        plain_alone: bool = False,
    ) -> None:
        self.label_sets: list[tuple[int, Texts]] = []
        self.sizes: dict[int, int] = {}
        self.new: dict[int, str] = {}
        self.old: dict[int, str] = {}
        self.rest: list[int] = []
        self._places: dict[int, int] = {}
        self._replace, self._asking, self._report = label_import.replace, asking, report
        rows = []
        for place, line in enumerate(batch):
            if line.plain is not None or "problem" not in line.row:
                rows.append((place, line, folded(line.row)))
            elif plain_alone:
                self.rest.append(place)
            else:
                say_problem(report, line.row["problem"])
        items = items_by(label_import.project, [path for _, _, path in rows])
        keys = [item.pk for item in items.values()]
        self._used = ids_used(keys)
        self._there: dict[int, LabelSet] = {}
        self._seen: set[int] = set()
        if not plain_alone:
            self._there = current(asking.schema, keys) if self._used else {}
            staged = LabelSet.objects.filter(among("item", keys), staged_by=label_import.job)
            self._seen = set(staged.values_list("item_id", flat=True))
        self._outgrown = _outgrown(self._there.values()) if self._there else set()
        for place, line, path in rows:
            item = items.get(path)
            if item is not None and line.plain is not None and self._take_plain(line.row, line.plain, item):
                self._places[item.pk] = place
            elif plain_alone:
                self.rest.append(place)
                if item is not None:
                    self._seen.add(item.pk)  # the first line of an item counts, whatever follows
            else:
                self._take(Record.from_json(line.row), item, digest_in(line.row))

    def give_back(self, item: int) -> None:
        """Leaves the line of an item, by its key, to the rest."""
        self.label_sets = [pair for pair in self.label_sets if pair[0] != item]
        self.new.pop(item, None)
        self.rest.append(self._places[item])

    def _take_plain(self, row: Mapping[str, Any], regions: Sequence[Mapping[str, Any]], item: Known) -> bool:
        """Whether a line could be taken in as it stands: the first of its item, which had no labels before."""
        plain = self._asking.plain.get(str(row.get("control") or ""))
        if plain is None or item.pk in self._seen or item.pk in self._used or item.kind != self._asking.medium.kind:
            return False
        texts = plain.texts(item.path, row, regions, item.media)
        if texts is None:
            return False
        self._seen.add(item.pk)
        self._report["items"] += 1
        self._add(item, texts, len(regions), digest_in(row))
        return True

    def _take(self, record: Record, item: Known | None, digest: str) -> None:
        report, asking = self._report, self._asking
        if item is None:
            return say(report, "unknown_items", record.path)
        if item.pk in self._seen:
            return say_problem(report, twice(record))
        self._seen.add(item.pk)
        if not record.labelled:
            return None
        report["items"] += 1
        if item.kind != asking.medium.kind:
            return say_problem(report, other_medium(record, item.path, item.media, asking.medium, asking.schema))
        drafts, problems = settle(record, item.media, item.orientation)
        if record.control not in asking.by_name:
            return say_problem(report, no_control(record, asking.schema, asking.controls))
        asked = asking.asked[record.control]
        if gone := next((one for one in drafts if asked[one.kind, one.label] is None), None):
            return say_problem(report, retired(record, gone, asking.schema))
        drafts, unfit = _fitting(record, drafts, asked)
        drafts, misquoted = _quoting(record, drafts, item.pk)
        problems += unfit + misquoted
        if not record.comes_in(len(drafts)):
            problems.append(record.left_unlabelled(len(drafts)))
        for problem in problems:
            say_problem(report, problem.as_json())
        if not record.comes_in(len(drafts)):
            return None
        digest = "" if problems else digest  # what is to be said of it is said each time
        if item.pk in self._used:
            self._replace_held(record, item, drafts, digest)
        else:
            self._add(item, as_texts(item.path, drafts, asked), len(drafts), digest)
        return None

    def _replace_held(self, record: Record, item: Known, drafts: Sequence[Draft], digest: str) -> None:
        """Of an item that has had labels: what stays the same keeps its ids, what a person said stays unless told."""
        held, answers = self._there.get(item.pk), self._asking.by_name[record.control]
        before, others = _beside(held, answers[0] if record.control else None)
        regions = as_regions(item.path, drafts, answers)
        regions = [*with_kept_ids(item.path, regions, before, self._used[item.pk]), *others]
        relations = held.relations if held is not None else []
        if held is not None and held.pk not in self._outgrown and _same(held, regions):
            self._report["unchanged"] += 1
            if digest and held.source == LabelSet.Source.IMPORT:
                self.old[held.pk] = digest
        elif held is not None and held.source != LabelSet.Source.IMPORT and not self._replace:
            say(self._report, "skipped_human", item.path)
        else:
            say_unlinked(self._report, record, relations, regions)
            self._add(item, texts_of(regions, still_linked(relations, regions)), len(drafts), digest)

    def _add(self, item: Known, texts: Texts, regions: int, digest: str) -> None:
        self._report["label_sets"] += 1
        self._report["regions"] += regions
        self.sizes[item.pk] = regions
        self.label_sets.append((item.pk, texts))
        if digest:
            self.new[item.pk] = digest


def _fitting(record: Record, drafts: Sequence[Draft], asked: Asked) -> tuple[list[Draft], list[Problem]]:
    """The drafts that fit what their classes ask, and what is wrong with the others."""
    kept: list[Draft] = []
    problems: list[Problem] = []
    for draft in drafts:
        shape, control = SHAPES[draft.kind], asked[draft.kind, draft.label]
        assert control is not None
        if why := "" if shape.whole else shape.under(control, draft.label).unfit(draft.geometry):
            what = f"the {draft.label} {shape.noun} does not fit its class: {why}"
            problems.append(Problem("unreadable", record.source, draft.row, what, "It was left out", record.path))
        else:
            kept.append(draft)
    return kept, problems


def _quoting(record: Record, drafts: Sequence[Draft], item: int) -> tuple[list[Draft], list[Problem]]:
    """The drafts that quote what the item's text says, or nothing, and what is wrong with the others."""
    if not any(SHAPES[draft.kind].quotes for draft in drafts):
        return list(drafts), []
    text, kept, problems = document_of(item), list[Draft](), list[Problem]()
    for draft in drafts:
        if why := SHAPES[draft.kind].misquoted(draft.geometry, text):
            what = f"the {draft.label} {SHAPES[draft.kind].noun} is not where it says: {why}"
            problems.append(Problem("unreadable", record.source, draft.row, what, "It was left out", record.path))
        else:
            kept.append(draft)
    return kept, problems


def _beside(held: LabelSet | None, control: Control | None) -> tuple[list[dict[str, Any]], list[Region]]:
    """What a label set says that an import replaces, and what stays beside it: where it speaks of one ``control``
    alone, what is said under the others."""
    said = held.said if held is not None else []
    if control is None:
        return said, []
    classes = set(control.class_ids.values())
    # rows of before format 1 name no control
    mine = [row["control"] == control.name if row.get("control") else row["class_id"] in classes for row in said]
    return list(compress(said, mine)), [from_json(row) for row, own in zip(said, mine, strict=True) if not own]


def _same(held: LabelSet, regions: Sequence[Region]) -> bool:
    """Whether a label set says just this; in what order a file names the regions says nothing."""
    return sorted(held.said, key=itemgetter("id")) == [
        region.as_json() for region in sorted(regions, key=attrgetter("id"))
    ]


def _outgrown(held: Iterable[LabelSet]) -> set[int]:
    """The keys of those made for a picture of another size."""
    rows = LabelSet.objects.filter(among("pk", (row.pk for row in held))).outgrown()
    return set(rows.values_list("pk", flat=True))


def folded(row: Mapping[str, Any]) -> str:
    """The path of a line's item, as items are found by it."""
    path = str(row["path"])
    try:
        return fold(check_path(path))
    except UnsafePath:
        return path


def items_by(project: Project, folded: Sequence[str]) -> dict[str, Known]:
    """The live items of a project at these ``folded`` paths, by those."""
    found = Item.objects.live().filter(among("path_fold", folded), project=project).values_list(*Known._fields)
    return {item.path_fold: item for item in map(Known._make, found)}
