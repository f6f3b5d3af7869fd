"""Pinned versions on this machine: their lists of files, read and hashed, and their verified copies in the cache.

`Snapshot.fetch` brings the items of a split, `Snapshot.verify` hashes them again. Which form a version was published in
is for `motherlode.forms` to know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motherlode import carried, manifest, published, relations
from motherlode.cache import Cache
from motherlode.columns import Columns, of_sets, read_columns, write_columns
from motherlode.errors import BadInput, Mismatch, NotVerified
from motherlode.files import State, force, hash_file, let_clocks_move, state_at
from motherlode.forms import Sets, form_of
from motherlode.label_lines import Lines
from motherlode.lock import LOCK_FILE, Pin
from motherlode.manifest import SCHEMA, BadManifest, Row
from motherlode.progress import Progress
from motherlode.remote import Remote, count_files
from motherlode.trees import building

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from motherlode.client import Client

__all__ = ["Snapshot"]

ALL = "all"


class Snapshot:
    """A pinned version whose list of files was read and is what was pinned.

    `client` makes the client that fetches what is missing; a snapshot sent to another process (a loader's worker) takes
    only its pin and its cache along.
    """

    def __init__(self, pin: Pin, cache: Cache, client: Callable[[], Client] | None = None) -> None:
        self.pin = pin
        self.cache = cache
        self.client = client or self._shared
        self.form = form_of(pin)
        self.remote = Remote(pin, cache, self.client)
        self._hashed: dict[str, State] = {}
        self._unsaved = False

    def __reduce__(self) -> tuple[type[Snapshot], tuple[Pin, Cache]]:
        return Snapshot, (self.pin, self.cache)

    def __repr__(self) -> str:
        return f"Snapshot({self.pin.name!r}, {self.pin.digest!r})"

    def _shared(self) -> Client:
        from motherlode.client import Client  # only who asks a server waits for its import

        return Client.shared(self.pin.server, self.pin.project)

    # What the version holds

    @property
    def _head(self) -> Path:
        return self.cache.root / "manifests" / f"{self.form.pinned(self.pin)}.jsonl"

    @cached_property
    def head(self) -> bytes:
        """The list of the version's files; fetched once, hashed against the pin each time. Raises `NotVerified`."""
        path = self._head
        state = state_at(str(path))
        try:
            let_clocks_move([state] if state else [])
            data = path.read_bytes()
        except FileNotFoundError:
            data = self.remote.head()
            remedy = f"was {LOCK_FILE} edited? `lode pin {self.pin.name}`"
            self._check_head(data, f"the server's {self.form.head}", remedy)
            part = path.with_suffix(f".{id(self)}.part")
            with self.cache.writing():
                path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(data)
                part.replace(path)
            state = state_at(str(path))
            data = path.read_bytes()
        self._check_head(data, str(path), f"`lode pull {self.pin.name} --repair` fetches it again")
        if state is not None:
            self._hashed[""] = state
        return data

    def _check_head(self, data: bytes, where: str, remedy: str) -> None:
        pinned, found = self.form.pinned(self.pin), sha256(data).hexdigest()
        if found != pinned:
            wrong = Mismatch(self.form.head, where, pinned, found)
            raise NotVerified(f"{self.pin.name} is not what was pinned; {remedy}", [wrong])

    @cached_property
    def files(self) -> dict[str, Row]:
        """The version's files that are not items: labels, splits, schema and more, by path. Raises `NotVerified`."""
        return self.form.files(self.head)

    @cached_property
    def sets(self) -> Sets:
        """What these files say, parsed. Raises `NotVerified`."""
        return self.form.sets(self.head, self.files, self.read)

    def read(self, path: str) -> bytes:
        """One of `files`, verified; fetched where it is missing. Raises `NotVerified`."""
        row = self.files.get(path)
        if row is None:
            raise BadManifest(f"{self.pin.name} has no {path}")
        self.remote.bring([row], path)
        known = self._hashed.get(path) or self.cache.fresh.pop(row.md5, None)
        state = known or state_at(str(self.cache.blob(row.md5)))
        if known is None and state is not None:
            let_clocks_move([state])
        data = self.cache.read(row, known)
        if state is not None:
            self._hashed[path] = state
        return data

    @cached_property
    def columns(self) -> Columns:
        """The items with their splits and the places of their label lines. Raises `NotVerified`.

        Read from the cache where it has them and no file that they were made from has changed. The first time the
        version's digest is computed from all its lines.
        """
        found = read_columns(self._columns, self.pin)
        if found is None or not self._is_unchanged(found.sources):
            self.remote.bring(self.files.values(), f"{self.pin.name} labels")
            if found is None:
                self.sets.check(self.pin)
            found = self._made()
            self._unsaved = True
        if found.number > published.FORMAT:
            import logging

            logging.getLogger("motherlode").warning(
                "%s was published in format %d, and this version of Motherlode knows format %d: what it does not know"
                " is left out; upgrade Motherlode",
                self.pin.name,
                found.number,
                published.FORMAT,
            )
        return found

    @property
    def _columns(self) -> Path:
        return self._head.with_suffix(".columns")

    def _is_unchanged(self, sources: Mapping[str, State]) -> bool:
        root = self.cache.root
        return all(state_at(f"{root}/{path}") == state for path, state in sources.items())

    def _made(self) -> Columns:
        for path in self.files:
            if path not in self._hashed:
                self.read(path)
        made = of_sets(self.sets, self.form, self.files, self.read)
        made.number = published.format_of(self.read(SCHEMA))
        names = {"": self._head, **{path: self.cache.blob(self.files[path].md5) for path in self._hashed if path}}
        root = self.cache.root
        made.sources = {names[path].relative_to(root).as_posix(): state for path, state in self._hashed.items()}
        return made

    def _keep(self, *, forced: bool = False) -> None:
        """Write the columns down, once what they were read from is safely on the disk."""
        if self._unsaved:
            if not forced:
                force(self.cache.root, [self.cache.root / path for path in self.columns.sources])
            write_columns(self._columns, self.pin, self.columns)
            self._unsaved = False
        self.__dict__.pop("sets", None)

    @cached_property
    def lines(self) -> Lines:
        """The items' label lines."""
        return Lines(self)

    @cached_property
    def _schema(self) -> tuple[str, dict[int, str]]:
        return manifest.read_schema(self.read(SCHEMA))

    @property
    def classes(self) -> dict[int, str]:
        """The name of each class id."""
        return self._schema[1]

    @cached_property
    def said_classes(self) -> dict[int, str]:
        """The classes of regions and answers: those of relations are left out."""
        parsed = self._parsed_config()
        if parsed is None or parsed.find(f".//{relations.TAG}") is None:
            return self.classes
        return {number: name for number, name in self.classes.items() if self.control_of[number] != relations.NAME}

    @cached_property
    def control_of(self) -> dict[int, str]:
        """The control of each class, by its id; empty in versions before format 1, which do not say it."""
        rows = json.loads(self.read(SCHEMA))["classes"]
        return {int(row["id"]): str(row["control"]) for row in rows if "control" in row}

    @cached_property
    def metadata_kinds(self) -> dict[str, str]:
        """The fields of the items' metadata that the version carries: text, number, boolean or date, by name."""
        return carried.kinds_in(self.read(SCHEMA))

    @property
    def config(self) -> str:
        """The Label Studio config of the version's schema."""
        return self._schema[0]

    @cached_property
    def controls(self) -> dict[str, tuple[str, list[str]]]:
        """What opens each control of the schema's config (`motherlode.shapes.BY_TAG`) and its labels, by its name."""
        from motherlode.labeling_config import controls_of

        parsed = self._parsed_config()
        return {} if parsed is None else controls_of(parsed)

    @cached_property
    def asks(self) -> dict[int, dict[str, Any]]:
        """What classes ask beyond their names (`motherlode.labeling_config.part_options`), by class id."""
        from motherlode.labeling_config import part_options

        parsed = self._parsed_config()
        found = {} if parsed is None else part_options(parsed)
        rows = (
            (number, found.get(self.control_of.get(number, ""), {}).get(name)) for number, name in self.classes.items()
        )
        return {number: asks for number, asks in rows if asks}

    def categories(self) -> dict[str, str]:
        """The label of each COCO category id that the schema's config names (`<Label value=... category=.../>`)."""
        parsed = self._parsed_config()
        marked = (node for node in (() if parsed is None else parsed.iter()) if node.get("category"))
        return {str(node.get("category")): str(node.get("value")) for node in marked if node.get("value")}

    def _parsed_config(self) -> Element | None:
        from xml.parsers.expat import ExpatError

        from motherlode.xml_text import parse_xml

        try:
            return parse_xml(self.config)
        except (ValueError, ExpatError):
            return None

    def other_files(self) -> Iterator[tuple[str, bytes]]:
        """The tracked files that are not items, by path: labels, schema, splits and the lists of format 1."""
        self.remote.bring(self.files.values(), f"{self.pin.name} labels")
        for path in self.files:
            yield path, self.read(path)

    def places(self, split: str | None = None) -> Sequence[int]:
        """Where the items of a split stand among all of `columns`. Raises `BadInput` for a split that is not there."""
        columns = self.columns
        if split is None:
            return range(len(columns.paths))
        if split in columns.splits:
            number = columns.splits.index(split)
            return [at for at, own in enumerate(columns.split_of) if own == number]
        if split not in self.pin.splits and split != manifest.POOL:
            known = ", ".join(columns.splits) or "none"
            raise BadInput(f"{self.pin.name} has no split {split!r}; it has {known}")
        return []

    def paths(self, split: str | None = None) -> list[str]:
        """The items of a split, or all, sorted. Raises `BadInput` for a split that the version does not have."""
        paths = self.columns.paths
        return list(paths) if split is None else [paths[at] for at in self.places(split)]

    # The items' bytes

    def item_rows(self, split: str | None = None) -> list[tuple[str, Row]]:
        """(path, manifest row) of the items of a split, or of all."""
        paths = self.paths(split)  # has fetched all small files at once
        items = self.sets.items
        return [(path, items[path]) for path in paths]

    def tree(self, split: str | None = None) -> Path:
        """The folder in which the items of a split lie."""
        return self.cache.tree(self.pin.key, split or ALL)

    def fetch(self, split: str | None = None, *, repair: bool = False) -> Path:
        """The verified folder of a split's items; what is missing is fetched. Raises `NotVerified`, naming items.

        `repair` fetches again what was changed on this machine.
        """
        tree = self.tree(split)
        if not repair and tree.is_dir():  # whole already: nothing has to be written, so nothing is locked
            _ = self.columns  # what the tree is named after is what was pinned
            if self.cache.is_whole(tree):
                self._keep()
                return tree
            wrong = self._check(tree, self.item_rows(split))
            if not wrong:
                self._keep()
                return tree
            if not self.cache.is_writable():
                raise self._changed(wrong)
        with self.cache.lock(f"{self.pin.key[:16]}-{tree.name}"):
            if repair:
                self._drop_wrong(split)
            rows = self.item_rows(split)
            build = not tree.is_dir()
            if build:
                with building(self.cache, tree, rows) as made:
                    self.remote.bring([row for _, row in rows], f"{self.pin.name} {split or 'all'}", made.put)
            # what was hashed as it came is in the tree as it was hashed, or else is hashed now
            wrong = [] if build and self.cache.is_whole(tree) else self._check(tree, rows)
            self._keep(forced=build and bool(rows))
        if wrong:
            raise self._changed(wrong)
        return tree

    def _changed(self, wrong: Sequence[Mismatch]) -> NotVerified:
        what = f"{self.pin.name}: {count_files(len(wrong))} in the cache changed since it was fetched"
        if not self.cache.is_writable():
            return NotVerified(
                f"{what}, and {self.cache.root} is read only: pull it again where it can be written", wrong
            )
        return NotVerified(f"{what}; `lode pull {self.pin.name} --repair` fetches it again", wrong)

    def verify(self, split: str | None = None) -> list[Mismatch]:
        """Hash again what the cache holds of the version, or of one split's items; gives what is wrong.

        Where the small files are right, the version's digest is computed from their lines again, too.
        """
        wrong: list[Mismatch] = []
        for path, row in self.files.items():
            wrong += self._verify_blob(path, row)
        if any(self.form.lists_items(mismatch.path) for mismatch in wrong):
            return wrong
        if not wrong:
            try:
                self.sets.check(self.pin)
            except NotVerified as error:
                return list(error.mismatches)
        checked, again = self._verify_trees(split, again=True)
        wrong += again
        splits = self.sets.splits
        for path, row in self.sets.items.items():
            if path not in checked and split in (None, splits[path]):
                wrong += self._verify_blob(path, row)
        return _each_once(wrong)

    def check(self, split: str | None = None) -> tuple[list[Row], list[Mismatch]]:
        """The items' files that are not on this machine, and what of those that are is wrong; nothing is fetched.

        As `verify`, but what was hashed before and has not changed since is not hashed again.
        """
        rows = self.item_rows(split)
        checked, wrong = self._verify_trees(split, again=False)
        loose = [(path, row) for path, row in rows if path not in checked]
        missing = self.cache.missing(row for _, row in loose)
        lacking = {row.md5 for row in missing}
        for path, row in loose:
            if row.md5 not in lacking:
                wrong += self._verify_blob(path, row)
        return missing, _each_once(wrong)

    def _verify_trees(self, split: str | None, *, again: bool) -> tuple[set[str], list[Mismatch]]:
        """The items that trees of the cache hold, of a split or all, and what is wrong in these trees."""
        checked: set[str] = set()
        wrong: list[Mismatch] = []
        splits, items = self.sets.splits, self.sets.items
        for name in self.held():
            own = None if name == ALL else name
            if split in (None, own):
                rows = [(path, items[path]) for path in splits if own in (None, splits[path])]
                wrong += self._check(self.tree(own), rows, again=again)
                checked.update(path for path, _ in rows)
        return checked, wrong

    def _verify_blob(self, path: str, row: Row) -> list[Mismatch]:
        blob = self.cache.blob(row.md5)
        found = hash_file(blob)[1] if blob.exists() else row.sha256
        return [] if found == row.sha256 else [Mismatch(path, str(blob), row.sha256, found)]

    def held(self) -> list[str]:
        """The splits of which a tree is in the cache ("all" for the whole)."""
        folder = self.tree().parent
        names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        return sorted(name for name in names if not name.startswith("."))

    def _check(self, tree: Path, rows: Sequence[tuple[str, Row]], *, again: bool = False) -> list[Mismatch]:
        with Progress(f"Checking {self.pin.name}") as bar:
            return self.cache.check(tree, rows, again=again, progress=bar.move)

    def _drop_wrong(self, split: str | None) -> None:
        """Remove what was changed in the cache, so that it is fetched again."""
        if self._head.exists() and hash_file(self._head)[1] != self.form.pinned(self.pin):
            self._head.unlink()
        for path, row in self.files.items():
            if self._verify_blob(path, row):
                self.cache.drop(row)
        for name in ("head", "files", "columns", "lines", "sets", "_schema", "control_of", "metadata_kinds"):
            self.__dict__.pop(name, None)
        self._hashed.clear()
        wrong = self.verify(split)
        for mismatch in wrong:
            if item := self.sets.items.get(mismatch.path):
                self.cache.drop(item)
        if wrong:
            for name in self.held():
                self.cache.forget(self.tree(None if name == ALL else name))


def _each_once(wrong: Iterable[Mismatch]) -> list[Mismatch]:
    return list({(found.path, found.found): found for found in wrong}.values())
