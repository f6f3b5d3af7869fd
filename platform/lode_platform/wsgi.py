"""The WSGI application that a web server serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")

application = get_wsgi_application()
import_string("lode_platform.token_uses.keep_writing")()  # models can be imported from here on, not before
