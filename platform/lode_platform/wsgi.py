"""The WSGI application that a web server serves."""

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")

_served = get_wsgi_application()
_ = get_resolver().url_patterns  # every view is imported here, not by the first request of each process


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """As Django's, also behind a proxy that serves us below a path and passes that on instead of cutting it off."""
    prefix, path = settings.FORCE_SCRIPT_NAME or "", environ["PATH_INFO"]
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        environ["PATH_INFO"] = path[len(prefix) :] or "/"
    return _served(environ, start_response)
