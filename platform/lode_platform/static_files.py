"""The static files as a server answers them: collected, named by their content, compressed, once for each change."""

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.base import ContentFile
from django.core.management import call_command
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

from lode_platform.migrating import file_lock

LIBRARIES = ("django", "rjsmin", "whitenoise")
# Those of packages come as small as their makers ship them.
NOT_OURS = ("admin/", "drf_spectacular_sidecar/", "rest_framework/", "vendor/")


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it comes without types
    """Keeps each file by its content, compressed; our scripts without comments and needless space."""

    def save(self, name: str, content: Any, max_length: int | None = None) -> str:
        if _is_ours(name):
            content = ContentFile(jsmin(content.read().decode()).encode())
        return str(super().save(name, content, max_length))

    def post_process(self, paths: dict[str, tuple[Any, str]], *args: Any, **options: Any) -> Iterator[Any]:
        """Names files by what was saved, and not by their source."""
        saved = {name: (self, name) if _is_ours(name) else found for name, found in paths.items()}
        yield from super().post_process(saved, *args, **options)


def _is_ours(name: str) -> bool:
    return name.endswith(".js") and not name.startswith(NOT_OURS)


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
    digest = hashlib.sha256(repr((settings.STORAGES, [version(library) for library in LIBRARIES])).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path))
            status = file.stat()
            digest.update(f"\n{file} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()
