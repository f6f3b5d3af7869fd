"""The WSGI application that a web server serves."""

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")

_served = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """As Django's, also behind a proxy that serves us below a path and passes that on instead of cutting it off."""
    prefix, path = settings.FORCE_SCRIPT_NAME or "", environ["PATH_INFO"]
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        environ["PATH_INFO"] = path[len(prefix) :] or "/"
    return _served(environ, start_response)
