"""The members of published versions, kept in the store so that pages under any filter read slices.

Derived: below ``columns/versions/`` in the store, one file a version: all of its items, or what changed since another
version of the dataset. Publishing writes it of what it has in hand; for a version published before, or whose file is
lost, a job makes it from the rows.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, overload

from django.utils.translation import gettext as _

from lode_datasets import statements
from lode_datasets.lines import class_ids
from lode_datasets.members import BadMembers, Chosen, Gathering, Items, Members, Rows, Wanted, dump, load
from lode_datasets.models import Entry, Version
from lode_datasets.statements import Held
from lode_platform.errors import Gone, known
from lode_platform.jobs import OPEN, Work, enqueue
from lode_platform.models import Job, User
from lode_platform.store import store
from motherlode.layers import BASE_LINES

__all__ = ["VERB", "Listed", "carry_out", "index", "items_of", "keep", "of", "open_job"]

VERB = "datasets.index"
FOLDER = "columns/versions"


def items_of(rows: Sequence[Held], classes: Mapping[int | None, list[int]]) -> Items:
    """What rows say, with the classes of each label set by its key."""
    return Items(
        [row.entry for row in rows],
        [row.path for row in rows],
        [row.split for row in rows],
        [classes.get(row.label_set) for row in rows],
    )


def of(version: Version) -> Members | None:
    """The members of a published version; None where there is no file that says them."""
    with suppress(BadMembers, FileNotFoundError):
        facts, arrays = _load(version, str(version.uuid))
        name = str(facts["base"])
        if name == str(version.uuid):
            made = Members(Rows(names=facts["names"], **arrays), name)
        else:
            base_facts, base = _load(version, name)
            at = arrays.pop("at")
            gone = arrays.pop("gone")
            came = Rows(names=facts["names"], **arrays)
            made = Members(Rows(names=base_facts["names"], **base), name, gone, came, at)
        if len(made) == version.counts["items"]:
            return made
    return None


def _load(version: Version, name: str) -> Any:
    return load(store().backend.local(f"{FOLDER}/{version.dataset.uuid}/{name}"))


def keep(version: Version, members: Members) -> None:
    """Writes them: all items where their base has no file yet, else what changed against it."""
    name, arrays = str(version.uuid), members.base.arrays()
    facts = {"base": members.name or name, "names": members.base.names}
    if members.name:
        facts["names"] = members.came.names
        arrays = {**members.came.arrays(), "gone": members.gone, "at": members.at}
    try:
        store().backend.put(f"{FOLDER}/{version.dataset.uuid}/{name}", dump(facts, arrays))
    except OSError as error:
        if ours := known(error):
            raise ours from error
        raise


# -- listed ----------------------------------------------------------------------------------------------------------


class Listed(Sequence[Entry]):
    """The entries of a version that a filter takes, by path, each with its blob, label set and item."""

    def __init__(self, members: Members, wanted: Wanted) -> None:
        self.members, self.wanted = members, wanted

    @cached_property
    def _chosen(self) -> Chosen:
        return self.members.chosen(self.wanted)

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...
    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        if isinstance(at, int):
            return self[at : at + 1][0]
        start, stop, _step = at.indices(len(self))
        keys = self._chosen.entries(start, stop)
        found = Entry.objects.select_related("blob", "label_set", "item").in_bulk(keys)
        return [found[key] for key in keys if key in found]


# -- made from the rows ----------------------------------------------------------------------------------------------


def index(version: Version, user: User | None) -> Job:
    """Asks for the file of a version that has none, unless that is on its way."""
    return open_job(version) or enqueue(
        VERB,
        project=version.dataset.project,
        user=user,
        title=_("Index %(name)s") % {"name": str(version)},
        arguments={"version": str(version.uuid)},
    )


def open_job(version: Version) -> Job | None:
    """The job that makes the version's file, while it is on its way."""
    rows = Job.objects.filter(project=version.dataset.project_id, verb=VERB, state__in=OPEN)
    return rows.filter(arguments__version=str(version.uuid)).first()


def carry_out(work: Work) -> dict[str, Any]:
    """The job: reads all items of the version and what is said of them."""
    version = Version.objects.select_related("dataset").filter(uuid=work.arguments["version"]).first()
    if version is None:
        raise Gone("This version is no longer there.")
    gathering, done = Gathering(), 0
    for page in statements.held_pages(version, BASE_LINES):
        said = statements.label_texts([row.label_set for row in page if row.label_set is not None])
        gathering.add(items_of(page, {key: class_ids(texts) for key, texts in said.items()}))
        done += len(page)
        work.progress(done, version.counts["items"], _("Reading labels"))
    keep(version, Members(gathering.rows()))
    return {"version": version.number, "items": done}
