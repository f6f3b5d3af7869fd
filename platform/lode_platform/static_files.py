"""The static files as a server answers them: collected, named by their content, compressed, once for each change."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from lode_platform.migrating import file_lock


def collect() -> None:
    """Brings the folder of collected files up to date; where no source has changed since the last time, it is left."""
    with file_lock(Path(settings.HOME) / "static.lock"):
        mark = settings.STATIC_ROOT / ".collected-from"
        sources = _sources()
        if not mark.exists() or mark.read_text() != sources:
            mark.unlink(missing_ok=True)
            call_command("collectstatic", interactive=False, verbosity=0)
            mark.write_text(sources)


def _sources() -> str:
    """A digest of what the collected files are made from and by."""
    digest = hashlib.sha256(repr((settings.STORAGES, version("django"), version("whitenoise"))).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path))
            status = file.stat()
            digest.update(f"\n{file} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()
