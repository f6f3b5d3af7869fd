"""Each dataset's git repository below MOTHERLODE_HOME, and how it is made again from the rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from dulwich.repo import Repo

from lode_datasets import git
from lode_datasets.models import Dataset, Version
from lode_datasets.releases import address, release

__all__ = ["address", "dvc_url", "folder", "git_url", "published", "rebuild", "release"]


def git_url(dataset: Dataset) -> str:
    """Where ``git clone`` finds the dataset."""
    return address(settings.PUBLIC_URL, "git", {"project": dataset.project.name, "dataset": dataset.name})


def dvc_url(dataset: Dataset) -> str:
    """Where DVC finds the dataset's bytes."""
    return address(settings.PUBLIC_URL, "dvc", {"project": dataset.project.name, "dataset": dataset.name})


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
