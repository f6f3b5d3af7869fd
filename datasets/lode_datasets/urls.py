"""Web addresses of this room: git's and DVC's, then the pages."""

from django.urls import path

from lode_datasets import frequent_urls
from lode_datasets.views import (
    check_actions,
    dataset_actions,
    dataset_page,
    diff_page,
    git_http,
    list_page,
    version_page,
)
from lode_datasets.views.tool_access import signpost

app_name = "datasets"
REPOSITORY = "git/<slug:project>/<slug:dataset>.git/"
ONE = "p/<slug:project>/datasets/<slug:name>/"
VERSION = f"{ONE}v<int:number>/"
urlpatterns = [
    path(f"{REPOSITORY}info/refs", git_http.git_refs, name="git_refs"),
    path(f"{REPOSITORY}git-upload-pack", git_http.git_upload_pack, name="git_upload_pack"),
    path(f"{REPOSITORY}git-receive-pack", git_http.git_receive_pack, name="git_receive_pack"),
    path(REPOSITORY, signpost, {"kind": "bare"}, name="git_bare"),
    path("git/<slug:project>/<slug:dataset>.git", signpost, {"kind": "bare"}, name="git_bare_end"),
    path("git/<slug:project>/<slug:dataset>/info/refs", signpost, {"kind": "git"}, name="git_without_ending"),
    path("git/<slug:project>/<slug:dataset>", signpost, {"kind": "git"}, name="git_folder"),
    path(frequent_urls.REMOTE, signpost, {"kind": "bare"}, name="dvc_bare"),
    *frequent_urls.urlpatterns,
    path("p/<slug:project>/datasets/", list_page.datasets, name="datasets"),
    path("p/<slug:project>/datasets/trash/<uuid:uuid>/restore/", dataset_actions.restore, name="restore"),
    path(ONE, dataset_page.dataset, name="dataset"),
    path(f"{ONE}pending/", dataset_page.pending, name="pending"),
    path(f"{ONE}compare/", dataset_actions.compare, name="compare"),
    path(f"{ONE}publish/", dataset_actions.publish_now, name="publish"),
    path(f"{ONE}checks/", check_actions.checks_now, name="checks_now"),
    path(f"{ONE}severities/", check_actions.severities, name="severities"),
    path(f"{ONE}waive/", check_actions.waive, name="waive"),
    path(f"{ONE}retry/", dataset_actions.retry, name="retry"),
    path(f"{ONE}change/", dataset_actions.change, name="change"),
    path(f"{ONE}add-all/", dataset_actions.add_all, name="add_all"),
    path(f"{ONE}protect-alias/", dataset_actions.protect_alias, name="protect_alias"),
    path(f"{ONE}trash/", dataset_actions.trash, name="trash"),
    path(f"{ONE}diff/<int:a>/<int:b>/", diff_page.difference, name="diff"),
    path(VERSION, version_page.version, name="version"),
    path(f"{VERSION}alias/", version_page.alias, name="alias"),
    path(f"{VERSION}yank/", version_page.yank_now, name="yank"),
    path(f"{VERSION}verify/", version_page.verify_now, name="verify"),
    path(f"{VERSION}index/", version_page.index_now, name="index"),
]
