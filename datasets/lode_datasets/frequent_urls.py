"""Addresses that programs ask for by the thousand; ``lode_platform.middleware`` answers them before all others."""

from django.urls import path, re_path

from lode_datasets.views import dvc_http

REMOTE = "dvc/<slug:project>/<slug:dataset>/"
SLUG = "[-a-zA-Z0-9_]+"
OID = r"files/md5/(?P<first>[0-9a-f]{2})/(?P<rest>[0-9a-f]{30}(?:\.dir)?)"
urlpatterns = [
    re_path(rf"^dvc/(?P<project>{SLUG})/(?P<dataset>{SLUG})/{OID}$", dvc_http.dvc_object, name="dvc_object"),
    path(f"{REMOTE}pack", dvc_http.dvc_pack, name="dvc_pack"),
]
