"""What the commit of a version says: its files, author and message, a pure function of its row and its bytes."""

import json

from lode_datasets import git, versions
from lode_datasets.models import Version
from motherlode import manifest

__all__ = ["address", "release"]

DVC_GITIGNORE = b"/config.local\n/tmp\n/cache\n"
CONFIG = """\
[core]
    remote = store
    analytics = false
['remote "store"']
    url = {url}
    auth = custom
    custom_auth_header = X-Api-Token
    verify = true
"""
POINTER = """\
outs:
- md5: {dir}
  size: {size}
  nfiles: {files}
  hash: md5
  path: {path}
"""
README = """\
# {name}

Version {number} of the dataset `{dataset}` of the project `{project}`, published by Motherlode in format 1.

- digest `{digest}`
- {items} items, {labelled} of them labelled, {regions} regions, schema `{schema}`

This repository holds pointers; the data comes by DVC, with an API token as the password:

    dvc remote modify --local store password TOKEN
    dvc pull                      # or one part: dvc pull data/labels.dvc

Then `data/` holds `items/<path>` (the items as they were uploaded), `schema.json` (the labeling config, and the name of
each class id) and three folders of JSON lines, one line for each item: `labels/` (`media`, `regions`, `answers` and
`relations`; null: unlabelled, []: nothing is there; geometry in pixels of the upright image), `manifest/` (`md5`,
`sha256`, `size`) and `splits/` (`split`; `pool` holds the unlabelled). Of two lines with one path the later one holds:

    import json, pathlib

    def read(folder):
        rows = {{}}
        for file in sorted(pathlib.Path(folder).glob("*.jsonl")):
            for line in file.read_text("utf-8").split("\\n")[:-1]:
                row = json.loads(line)
                rows[row["path"]] = row
        return {{path: row for path, row in rows.items() if not row.get("removed")}}

    labels = read("data/labels")
{metadata}
The tag `v{number}` is this version for good.
"""
METADATA = """
This version carries fields of the items' own metadata: {fields}. A label line has those that its item has:

    labels[path].get("metadata", {{}}).get({first})

They stand in `schema.json`, each with its kind; a date is a text such as 2026-03-01 or 2026-03-01T12:30:00.
"""
README_0 = """\
# {name}

Version {number} of the dataset `{dataset}` of the project `{project}`, published by Motherlode.

- digest `{digest}`
- {items} items, {labelled} of them labelled, {regions} regions, schema `{schema}`

This repository holds pointers; the data comes by DVC, with an API token as the password:

    dvc remote modify --local store password TOKEN
    dvc pull

Then `data/` holds:

- `items/<path>`: the items as they were uploaded.
- `labels/<shard>.jsonl`: one line an item, sorted by path: its `path`, `split`, the `width` and `height` of the upright
  image (EXIF orientation applied) and its `regions`. `null` says unlabelled, `[]` says that nothing is there. A region
  has an `id`, a `type` (`box` or `choice`), a `class_id`, and a box `[x1, y1, x2, y2]` in pixels of the upright image
  (numbers are edges); `iscrowd`, `difficult` and `area` stand there where they were imported.
- `schema.json`: the labeling config, and the name of each permanent class id.
- `splits.jsonl`: the split of each item; `pool` holds the unlabelled.

Every file is named in the version's manifest by md5 and sha-256, and the digest is the sha-256 of that manifest. The
tag `v{number}` is this version for good.
"""


def address(server_url: str, kind: str, stamp: dict[str, str]) -> str:
    """The address of a dataset's git repository (``kind`` git) or DVC remote (dvc) on a server."""
    return f"{server_url.rstrip('/')}/{kind}/{stamp['project']}/{stamp['dataset']}{'.git' if kind == 'git' else ''}"


def release(version: Version) -> git.Release:
    """What the commit of a version says. Its README and pointers are those of the form that it was published in."""
    stamp = version.stamp
    name = f"{stamp['dataset']}@v{version.number}"
    message = version.message.strip() or f"Publish {name}"
    return git.Release(
        number=version.number,
        parent=version.parent.commit if version.parent else "",
        files={
            **(_tree(version) if version.format else _tree_0(version)),
            ".dvc/config": CONFIG.format(url=address(version.server_url, "dvc", stamp)).encode(),
            ".dvc/.gitignore": DVC_GITIGNORE,
            ".dvcignore": b"",
        },
        author=stamp["author"],
        email=stamp["email"],
        when=version.created_at,
        message=f"{message}\n\nVersion: {json.dumps(stamp['project'])[1:-1]}/{name}\nDigest: {version.digest}\n",
    )


def _tree(version: Version) -> dict[str, bytes]:
    """The schema itself, a pointer for each of the four folders below ``data/``, and how to read them."""
    rows = list(versions.file_rows(version))
    sizes = {name: [row.size for row in rows if row.path.startswith(f"{name}/")] for name in versions.LINES}
    sizes["items"] = []
    pointers = {
        name: _pointer(name, version.listings[name], sum(sizes[name]), len(sizes[name])) for name in versions.LINES
    }
    others = sum(row.size for row in rows)
    pointers["items"] = _pointer("items", version.dir_oid, version.size - others, version.files - len(rows))
    return {
        **{f"data/{name}.dvc": data for name, data in pointers.items()},
        "data/.gitignore": "".join(f"/{name}\n" for name in sorted(pointers)).encode(),
        "data/schema.json": versions.read_file(version, manifest.SCHEMA),
        "README.md": _readme(README, version),
    }


def _tree_0(version: Version) -> dict[str, bytes]:
    """One pointer for all of ``data/``, as versions had it before the form got a number."""
    return {
        "data.dvc": _pointer("data", version.dir_oid, version.size, version.files),
        ".gitignore": b"/data\n",
        "README.md": _readme(README_0, version),
    }


def _pointer(path: str, listing: str, size: int, files: int) -> bytes:
    return POINTER.format(dir=listing, size=size, files=files, path=path).encode()


def _readme(text: str, version: Version) -> bytes:
    stamp, counts, kinds = version.stamp, version.counts, version.metadata_kinds
    fields = ", ".join(f"`{name}` ({kind})" for name, kind in sorted(kinds.items()))
    return text.format(
        metadata=METADATA.format(fields=fields, first=json.dumps(min(kinds), ensure_ascii=False)) if kinds else "",
        name=f"{stamp['dataset']}@v{version.number}",
        number=version.number,
        digest=version.digest,
        items=counts["items"],
        labelled=counts["labelled"],
        regions=counts["regions"],
        **{key: stamp[key] for key in ("project", "dataset", "schema")},
    ).encode()
