"""Web addresses of this room: git's and DVC's doors, then the pages."""

from django.urls import path, re_path

from lode_datasets.views import doors, pages

app_name = "datasets"
REPOSITORY = "git/<slug:project>/<slug:dataset>.git/"
REMOTE = "dvc/<slug:project>/<slug:dataset>/"
SLUG = "[-a-zA-Z0-9_]+"
OID = r"files/md5/(?P<first>[0-9a-f]{2})/(?P<rest>[0-9a-f]{30}(?:\.dir)?)"
ONE = "p/<slug:project>/datasets/<slug:name>/"
VERSION = f"{ONE}v<int:number>/"
urlpatterns = [
    path(f"{REPOSITORY}info/refs", doors.git_refs, name="git_refs"),
    path(f"{REPOSITORY}git-upload-pack", doors.git_upload_pack, name="git_upload_pack"),
    path(f"{REPOSITORY}git-receive-pack", doors.git_receive_pack, name="git_receive_pack"),
    path(REPOSITORY, doors.signpost, {"kind": "bare"}, name="git_bare"),
    path("git/<slug:project>/<slug:dataset>.git", doors.signpost, {"kind": "bare"}, name="git_bare_end"),
    path("git/<slug:project>/<slug:dataset>/info/refs", doors.signpost, {"kind": "git"}, name="git_without_ending"),
    path("git/<slug:project>/<slug:dataset>", doors.signpost, {"kind": "git"}, name="git_folder"),
    path(REMOTE, doors.signpost, {"kind": "bare"}, name="dvc_bare"),
    re_path(rf"^dvc/(?P<project>{SLUG})/(?P<dataset>{SLUG})/{OID}$", doors.dvc_object, name="dvc_object"),
    path(f"{REMOTE}pack", doors.dvc_pack, name="dvc_pack"),
    path("p/<slug:project>/datasets/", pages.datasets, name="datasets"),
    path("p/<slug:project>/datasets/trash/<uuid:uuid>/restore/", pages.restore, name="restore"),
    path(ONE, pages.dataset, name="dataset"),
    path(f"{ONE}pending/", pages.pending, name="pending"),
    path(f"{ONE}publish/", pages.publish_now, name="publish"),
    path(f"{ONE}retry/", pages.retry, name="retry"),
    path(f"{ONE}change/", pages.change, name="change"),
    path(f"{ONE}add-all/", pages.add_all, name="add_all"),
    path(f"{ONE}trash/", pages.trash, name="trash"),
    path(f"{ONE}diff/<int:a>/<int:b>/", pages.difference, name="diff"),
    path(VERSION, pages.version, name="version"),
    path(f"{VERSION}alias/", pages.alias, name="alias"),
    path(f"{VERSION}verify/", pages.verify_now, name="verify"),
]
