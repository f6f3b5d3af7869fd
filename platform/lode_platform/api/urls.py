"""REST addresses of this room, below /api/v1/."""

from django.urls import path

from lode_platform.api import (
    bulk_actions,
    items,
    jobs,
    metadata,
    notifications,
    openapi,
    projects,
    saved_views,
    webhooks,
)

__all__ = ["openapi", "urlpatterns"]

urlpatterns = [
    path("me", projects.Me.as_view()),
    path("projects", projects.Projects.as_view()),
    path("projects/<slug:project>", projects.OneProject.as_view()),
    path("projects/<slug:project>/members", projects.Members.as_view()),
    path("projects/<slug:project>/members/<uuid:user>", projects.Member.as_view()),
    path("projects/<slug:project>/tokens", projects.Tokens.as_view()),
    path("projects/<slug:project>/tokens/<uuid:token>", projects.Token.as_view()),
    path("projects/<slug:project>/uploads", items.Uploads.as_view()),
    path("projects/<slug:project>/blobs", items.Blobs.as_view()),
    path("projects/<slug:project>/blobs/<str:md5>", items.BlobBytes.as_view()),
    path("projects/<slug:project>/items", items.Items.as_view()),
    path("projects/<slug:project>/items/pack", items.Pack.as_view()),
    path("projects/<slug:project>/items/zip", items.Zip.as_view()),
    path("projects/<slug:project>/metadata", metadata.Metadata.as_view()),
    path("projects/<slug:project>/bulk-actions", bulk_actions.BulkActions.as_view()),
    path("bulk-actions/<uuid:bulk_action>", bulk_actions.OneBulkAction.as_view()),
    path("bulk-actions/<uuid:bulk_action>/undo", bulk_actions.Undo.as_view()),
    path("projects/<slug:project>/views", saved_views.SavedViews.as_view()),
    path("projects/<slug:project>/views/<uuid:view>", saved_views.OneSavedView.as_view()),
    path("notifications", notifications.Notifications.as_view()),
    path("notifications/read", notifications.ReadAll.as_view()),
    path("notifications/<uuid:notification>/read", notifications.ReadOne.as_view()),
    path("webhook-kinds", webhooks.WebhookKinds.as_view()),
    path("projects/<slug:project>/webhooks", webhooks.Webhooks.as_view()),
    path("webhooks/<uuid:webhook>", webhooks.OneWebhook.as_view()),
    path("webhooks/<uuid:webhook>/secret", webhooks.Secret.as_view()),
    path("webhooks/<uuid:webhook>/test", webhooks.SendTest.as_view()),
    path("webhooks/<uuid:webhook>/deliveries", webhooks.Deliveries.as_view()),
    path("webhooks/<uuid:webhook>/deliveries/<uuid:delivery>/again", webhooks.Again.as_view()),
    path("items", items.FoundItems.as_view()),
    path("items/<uuid:item>", items.OneItem.as_view()),
    path("items/<uuid:item>/restore", items.Restore.as_view()),
    path("projects/<slug:project>/jobs", jobs.Jobs.as_view()),
    path("jobs/<uuid:job>", jobs.OneJob.as_view()),
    path("jobs/<uuid:job>/cancel", jobs.Cancel.as_view()),
    path("jobs/<uuid:job>/retry", jobs.Retry.as_view()),
]
