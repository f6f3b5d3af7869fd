"""The addresses below ``/ls/``: Label Studio's calls, and the same about one project of ours, below its name."""

from django.urls import re_path

from lode_annotation.ls.calls import NOT_OFFERED, calls
from lode_annotation.ls.views import server

WITHIN = r"^(?P<project>[a-z0-9][a-z0-9_-]*)/(?P<ls_call>(?:api|data|health|version)\b.*)$"

urlpatterns = [*calls, re_path(WITHIN, server.within), NOT_OFFERED]
