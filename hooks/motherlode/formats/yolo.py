"""YOLO: one text file an image, `class cx cy width height` in parts of the image's size (Ultralytics' layouts).

Class names come from `data.yaml`, else from `classes.txt` or `*.names`. The label file of `images/a.jpg` is
`labels/a.txt` (the last `images` in its path replaced), else `a.txt` beside it. An image without a label file is empty
background where other images of its folder have one, else unlabelled. Splits come from `data.yaml`, else from folders
named train, val or test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from motherlode.formats.source import Draft, Files, Problem, Record, is_image, read_bytes, split_named
from motherlode.regions import Region

__all__ = ["detect", "read", "read_yaml", "write_label", "write_yaml"]

REMEDY = "Mend the file and import again; the rest came in"
NOT_LABELS = re.compile(
    r"(?:^|/)(?:classes|train|val|valid|test|trainval|readme[^/]*|requirements|_darknet\.labels)\.txt$"
)

Scalar: TypeAlias = str
Yaml: TypeAlias = dict[str, Scalar | list[Scalar] | dict[str, Scalar]]


# data.yaml: the little of YAML that it is written in


def read_yaml(text: str) -> Yaml:
    """Top-level keys with a scalar, a list or a mapping of scalars, in block or flow style; the rest is passed over."""
    found: Yaml = {}
    lines = [line for line in (_no_comment(line) for line in text.splitlines()) if line.strip()]
    at = 0
    while at < len(lines):
        match = re.match(r"""(["']?)([\w.-]+)\1\s*:(?:\s+(.*))?$""", lines[at])
        at += 1
        if not match:
            continue
        key, value = match[2], (match[3] or "").strip()
        while value[:1] in ("[", "{") and value[-1] not in ("]", "}") and at < len(lines):
            value += " " + lines[at].strip()
            at += 1
        if value[:1] in ("[", "{"):
            found[key] = _collect(_split_flow(value[1:-1]))
        elif value:
            found[key] = _scalar(value)
        else:
            block = []
            while at < len(lines) and lines[at][:1] in (" ", "\t", "-"):
                block.append(lines[at].strip().removeprefix("- "))
                at += 1
            found[key] = _collect(block)
    return found


def _no_comment(line: str) -> str:
    quote = ""
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at].rstrip()
    return line.rstrip()


def _split_flow(text: str) -> list[str]:
    return [part.strip() for part in re.findall(r"""(?:"[^"]*"|'[^']*'|[^,"'])+""", text) if part.strip()]


def _collect(rows: list[str]) -> list[Scalar] | dict[str, Scalar]:
    pairs = [re.match(r"""(["']?)([\w.-]+)\1\s*:\s+(.*)$""", row) for row in rows]
    if rows and all(pairs):
        return {pair[2]: _scalar(pair[3]) for pair in pairs if pair}
    return [_scalar(row) for row in rows]


def _scalar(text: str) -> Scalar:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return text


# Reading


@dataclass
class _Layout:
    names: dict[int, str] = field(default_factory=dict)
    named_by: str = ""
    labels: dict[str, str] = field(default_factory=dict)  # image -> its label file
    images: list[str] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)


def detect(files: Files) -> bool:
    """Whether there is a `data.yaml` with names, or label files that belong to images."""
    names = files.names()
    if any(_has_names(files, name) for name in names if name.lower().endswith((".yaml", ".yml"))):
        return True
    labels = _labels(names, [name for name in names if is_image(name)])
    for name in list(labels.values())[:3]:
        try:
            first = read_bytes(files, name).decode().split("\n", 1)[0].split()
            if len(first) >= 5 and all(float(number) >= 0 for number in first):
                return True
        except ValueError:
            continue
    return False


def _has_names(files: Files, name: str) -> bool:
    try:
        return re.search(r"^names\s*:", read_bytes(files, name).decode(), re.MULTILINE) is not None
    except ValueError:
        return False


def read(files: Files) -> Iterator[Record | Problem]:
    """One record an image; label files without an image are reported."""
    names = files.names()
    layout = _Layout(images=[name for name in names if is_image(name)])
    layout.labels = _labels(names, layout.images)
    yield from _read_names(files, names, layout)
    taken = set(layout.labels.values())
    for name in names:
        if _may_be_labels(name) and name not in taken and ("labels" in name.split("/") or not layout.images):
            what, remedy = "no image belongs to these labels", "Put the image where its labels expect it"
            yield Problem("unknown", name, "", what, remedy)
    folders = {image.rpartition("/")[0] for image in layout.labels}
    empty = 0
    for image in layout.images:
        split = layout.splits.get(image) or _split_of(image)
        label_file = layout.labels.get(image)
        if label_file is not None:
            yield from _read_labels(files, image, label_file, layout, split)
        else:
            labelled = image.rpartition("/")[0] in folders
            empty += labelled
            yield Record(path=image, present=True, labelled=labelled, split=split)
    if empty:
        yield Problem("note", "", "", f"{empty} images have no label file", "They were taken as empty background")


def _may_be_labels(name: str) -> bool:
    return name.endswith(".txt") and not NOT_LABELS.search(name.lower())


def _labels(names: Iterable[str], images: Iterable[str]) -> dict[str, str]:
    texts = {name for name in names if _may_be_labels(name)}
    found = {}
    for image in images:
        stem = image.rpartition(".")[0]
        parts = stem.split("/")
        candidates = [f"{stem}.txt"]
        for at in range(len(parts) - 2, -1, -1):
            if parts[at] == "images":
                candidates.insert(0, "/".join([*parts[:at], "labels", *parts[at + 1 :]]) + ".txt")
                break
        for candidate in candidates:
            if candidate in texts:
                found[image] = candidate
                break
    return found


def _split_of(image: str) -> str | None:
    for folder in reversed(image.split("/")[:-1]):
        split = split_named(folder)
        if split:
            return split
    return None


def _read_names(files: Files, names: list[str], layout: _Layout) -> Iterator[Problem]:
    by_depth = sorted(names, key=lambda name: (name.count("/"), name))
    for name in by_depth:
        if name.lower().endswith((".yaml", ".yml")) and _has_names(files, name):
            found = read_yaml(read_bytes(files, name).decode())
            rows = found.get("names")
            pairs = rows.items() if isinstance(rows, dict) else enumerate(rows if isinstance(rows, list) else [])
            try:
                layout.names = {int(number): label for number, label in pairs}
            except ValueError as error:
                yield Problem("unreadable", name, "names", f"cannot be read ({error})", "Number the names 0, 1, 2, ...")
            layout.named_by = name
            for key in ("train", "val", "test"):
                entries = found.get(key)
                for entry in [entries] if isinstance(entries, str) else entries or ():
                    yield from _read_split(files, str(found.get("path", "")), key, entry, layout)
            return
    for name in by_depth:
        base = name.rpartition("/")[2].lower()
        if base in ("classes.txt", "_darknet.labels") or base.endswith(".names"):
            lines, problem = _lines(files, name)
            if problem is not None:
                yield problem
            layout.names = {number: line.strip() for number, line in enumerate(lines) if line.strip()}
            layout.named_by = name
            return
    remedy = "Classes are called 'class 0', 'class 1', ...; add a data.yaml or classes.txt to give them their names"
    yield Problem("unknown", "data.yaml", "", "neither it nor a classes.txt is there to name the classes", remedy)


def _lines(files: Files, name: str) -> tuple[list[str], Problem | None]:
    """The lines of a text file; none, and the problem, where it cannot be read."""
    try:
        return read_bytes(files, name).decode("utf-8-sig").splitlines(), None
    except ValueError as error:
        return [], Problem("unreadable", name, "", f"cannot be read ({error})", "Save it as UTF-8 and import again")


def _read_split(files: Files, root: str, split: str, entry: str, layout: _Layout) -> Iterator[Problem]:
    """Give the images of a `train:`, `val:` or `test:` entry (a folder or a list of images) their split."""
    place = re.sub(r"^(\.{1,2}/)+", "", entry.replace("\\", "/")).strip("/")
    place = place.removeprefix(root.strip("/") + "/") if root else place
    if place.endswith(".txt"):
        lists = [name for name in files.names() if name == place or name.endswith(f"/{place}")]
        wanted: set[str] = set()
        for name in lists:
            rows, problem = _lines(files, name)
            if problem is not None:
                yield problem
            wanted.update(re.sub(r"^(\.{1,2}/)+", "", row.strip().replace("\\", "/")) for row in rows)
            # a list made elsewhere names the images by the folders of its own machine
            wanted.update(ending for row in list(wanted) if row.startswith("/") for ending in _endings(row[1:]))
        for image in layout.images:
            if any(ending in wanted for ending in _endings(image)):
                layout.splits.setdefault(image, split)
        return
    for image in layout.images:
        if f"/{image}".find(f"/{place}/") >= 0:
            layout.splits.setdefault(image, split)


def _endings(path: str) -> Iterator[str]:
    """`a/b/c.jpg` gives itself and `b/c.jpg`: an image by its own folder, never by its bare name."""
    parts = path.split("/")
    for at in range(max(1, len(parts) - 1)):
        yield "/".join(parts[at:])


def _read_labels(files: Files, image: str, file: str, layout: _Layout, split: str | None) -> Iterator[Record | Problem]:
    drafts = []
    try:
        lines = read_bytes(files, file).decode("utf-8-sig").splitlines()
    except ValueError as error:
        yield Problem("unreadable", file, "", f"cannot be read ({error})", REMEDY, image)
        yield Record(path=image, present=True, labelled=False, split=split)
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            draft = _draft(line.split(), file, f"line {number}", image, layout)
            if isinstance(draft, Draft):
                drafts.append(draft)
            else:
                yield draft
    yield Record(path=image, present=True, labelled=True, source=file, split=split, drafts=tuple(drafts))


def _draft(words: list[str], file: str, row: str, image: str, layout: _Layout) -> Draft | Problem:
    try:
        number = int(float(words[0]))
        values = [float(word) for word in words[1:]]
    except (ValueError, OverflowError):
        return Problem("unreadable", file, row, f"{' '.join(words)[:60]!r} holds what is no number", REMEDY, image)
    if len(values) in (4, 5):  # the fifth is a score, which a label does not have
        cx, cy, width, height = values[:4]
        box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
    elif len(values) >= 6 and len(values) % 2 == 0:  # an outline: the box around it
        box = (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
    else:
        what = f"has {len(words)} numbers, not 5 (class, centre, size)"
        return Problem("unreadable", file, row, what, REMEDY, image)
    label = layout.names.get(number)
    if label is None and layout.named_by:
        what = f"class {number} is not among the {len(layout.names)} names of {layout.named_by}"
        return Problem("unknown", file, row, what, "The box was left out; add the name and import again", image)
    return Draft(label=label or f"class {number}", box=box, relative=True, row=row)


# Writing


def write_label(width: int, height: int, regions: Iterable[Region]) -> str:
    """The label file of one image of `width` x `height`; a class's number is its permanent id less one."""
    lines = []
    for region in regions:
        if region.box is not None:
            x1, y1, x2, y2 = region.box
            numbers = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
            lines.append(" ".join([str(region.class_id - 1), *(f"{number:.12g}" for number in numbers)]))
    return "".join(f"{line}\n" for line in lines)


def write_yaml(classes: Mapping[int, str], splits: Iterable[str]) -> str:
    """`data.yaml`; numbers of classes that are no more keep their place as `unused-<id>`, so that none moves."""
    lines = ["path: ."]
    lines += [f"{split}: images/{split}" for split in splits]
    lines.append("names:")
    for number in range(1, max(classes, default=0) + 1):
        name = classes.get(number, f"unused-{number}").replace("'", "''")
        lines.append(f"  {number - 1}: '{name}'")
    return "\n".join(lines) + "\n"
