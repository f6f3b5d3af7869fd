"""Web addresses of this room: git's and DVC's doors, then the pages."""

from django.urls import path, re_path

from lode_datasets.views import doors

app_name = "datasets"
REPOSITORY = "git/<slug:project>/<slug:dataset>.git/"
REMOTE = "dvc/<slug:project>/<slug:dataset>/"
SLUG = "[-a-zA-Z0-9_]+"
OID = r"files/md5/(?P<first>[0-9a-f]{2})/(?P<rest>[0-9a-f]{30}(?:\.dir)?)"
urlpatterns = [
    path(f"{REPOSITORY}info/refs", doors.git_refs, name="git_refs"),
    path(f"{REPOSITORY}git-upload-pack", doors.git_upload_pack, name="git_upload_pack"),
    path(f"{REPOSITORY}git-receive-pack", doors.git_receive_pack, name="git_receive_pack"),
    re_path(rf"^dvc/(?P<project>{SLUG})/(?P<dataset>{SLUG})/{OID}$", doors.dvc_object, name="dvc_object"),
    path(f"{REMOTE}pack", doors.dvc_pack, name="dvc_pack"),
]
