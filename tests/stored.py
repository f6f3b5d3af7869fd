"""The files of a store in a folder, to look at and to break."""

from pathlib import Path

from django.conf import settings

from lode_platform.store import key_of


def blob_file(md5: str, *, directory: bool = False) -> Path:
    """The file that holds the bytes of a blob."""
    return root() / key_of(md5, directory=directory)


def root() -> Path:
    """The folder that holds them all."""
    return Path(str(settings.STORE))
