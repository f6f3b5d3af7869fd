"""REST addresses of this room, below /api/v1/."""

from django.urls import path

from lode_datasets.api import check_views, names, views

ONE = "projects/<slug:project>/datasets/<slug:name>"
VERSION = f"{ONE}/versions/<slug:which>"
urlpatterns = [
    path("projects/<slug:project>/datasets", views.Datasets.as_view()),
    path("datasets/<uuid:uuid>", views.DatasetByUuid.as_view()),
    path(ONE, views.OneDataset.as_view()),
    path(f"{ONE}/items", views.Selection.as_view()),
    path(f"{ONE}/compare", views.Compare.as_view()),
    path(f"{ONE}/publish", views.Publish.as_view()),
    path(f"{ONE}/checks", check_views.DatasetChecks.as_view()),
    path(f"{ONE}/waivers", check_views.Waivers.as_view()),
    path(f"{ONE}/waivers/<uuid:waiver>", check_views.OneWaiver.as_view()),
    path(f"{ONE}/versions", views.Versions.as_view()),
    path(VERSION, views.OneVersion.as_view()),
    path(f"{VERSION}/checks", check_views.VersionChecks.as_view()),
    path(f"{VERSION}/manifest", views.Manifest.as_view()),
    path(f"{VERSION}/entries", views.Entries.as_view()),
    path(f"{VERSION}/pins", names.Pins.as_view()),
    path(f"{VERSION}/yank", names.Yanks.as_view()),
    path(f"{VERSION}/verify", views.Verify.as_view()),
    path(f"{ONE}/diff/<int:a>/<int:b>", views.Diff.as_view()),
    path(f"{ONE}/aliases", names.Aliases.as_view()),
    path(f"{ONE}/aliases/<slug:alias>", names.OneAlias.as_view()),
    path(f"{ONE}/aliases/<slug:alias>/moves", names.AliasMoves.as_view()),
    path(f"{ONE}/aliases/<slug:alias>/protection", names.AliasProtection.as_view()),
]
