"""Each dataset's git repository below MOTHERLODE_HOME: what its commits say, and how it is made again from the rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from dulwich.repo import Repo

from lode_datasets import git
from lode_datasets.models import Dataset, Version

__all__ = ["address", "dvc_url", "folder", "git_url", "published", "rebuild", "release"]

GITIGNORE = b"/data\n"
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
  path: data
"""
README = """\
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


def git_url(dataset: Dataset) -> str:
    """Where ``git clone`` finds the dataset."""
    return address(settings.PUBLIC_URL, "git", {"project": dataset.project.name, "dataset": dataset.name})


def dvc_url(dataset: Dataset) -> str:
    """Where DVC finds the dataset's bytes."""
    return address(settings.PUBLIC_URL, "dvc", {"project": dataset.project.name, "dataset": dataset.name})


def release(version: Version) -> git.Release:
    """What the commit of a version says: a pure function of its row and of its parent's commit."""
    stamp, counts = version.stamp, version.counts
    name = f"{stamp['dataset']}@v{version.number}"
    readme = README.format(
        name=name,
        number=version.number,
        digest=version.digest,
        items=counts["items"],
        labelled=counts["labelled"],
        regions=counts["regions"],
        **{key: stamp[key] for key in ("project", "dataset", "schema")},
    )
    message = version.message.strip() or f"Publish {name}"
    return git.Release(
        number=version.number,
        parent=version.parent.commit if version.parent else "",
        files={
            "data.dvc": POINTER.format(dir=version.dir_oid, size=version.size, files=version.files).encode(),
            ".dvc/config": CONFIG.format(url=address(version.server_url, "dvc", stamp)).encode(),
            ".dvc/.gitignore": DVC_GITIGNORE,
            ".dvcignore": b"",
            ".gitignore": GITIGNORE,
            "README.md": readme.encode(),
        },
        author=stamp["author"],
        email=stamp["email"],
        when=version.created_at,
        message=f"{message}\n\nVersion: {json.dumps(stamp['project'])[1:-1]}/{name}\nDigest: {version.digest}\n",
    )


def folder(dataset: Dataset) -> Path:
    """The bare repository of a dataset on this machine."""
    return Path(settings.HOME) / "git" / f"{dataset.uuid}.git"


@contextmanager
def published(dataset: Dataset) -> Iterator[Repo]:
    """The dataset's repository as clients may see it: its published versions, all of them and nothing else.

    What the folder lacks is written from the rows first, so that any machine can answer.
    """
    with git.opened(folder(dataset)) as repo:
        rows = list(Version.objects.published().filter(dataset=dataset).select_related("parent").order_by("number"))
        git.serve(repo, [_served(repo, version) for version in rows])
        yield repo


def _served(repo: Repo, version: Version) -> git.Served:
    tag = git.tag_of(repo, version.number, version.commit)
    return git.Served(version.number, version.commit, tag or _restore(repo, version))


def _restore(repo: Repo, version: Version) -> str:
    """Writes a published version that this machine's repository lacks; answers its tag's id."""
    says = release(version)
    commit = git.write(repo, says)
    if commit != version.commit:
        raise RuntimeError(f"{version}: its row makes the commit {commit}, but it was published as {version.commit}")
    git.set_version(repo, version.number, commit)
    git.set_tag(repo, version.number, git.tag_id(says))
    return git.tag_id(says)


def rebuild(dataset: Dataset) -> int:
    """Writes whatever the dataset's repository lacks from the rows, branch included; answers how many there are."""
    with git.opened(folder(dataset)) as repo:
        rows = list(Version.objects.published().filter(dataset=dataset).select_related("parent").order_by("number"))
        for version in rows:
            if not git.tag_of(repo, version.number, version.commit):
                _restore(repo, version)
        if rows:
            git.move_branch(repo, rows[-1].commit)
    return len(rows)
