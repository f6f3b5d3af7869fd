"""Web addresses of this room."""

from django.urls import path

from lode_platform.views import account, item_query, items, jobs, media, pages, script_words, settings

app_name = "platform"
urlpatterns = [
    path("", pages.front, name="front"),
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", account.Logout.as_view(), name="logout"),
    path("words/<slug:language>/<slug:wanted>.js", script_words.script_words, name="script_words"),
    path("account/", account.account, name="account"),
    path("account/password", account.password, name="account_password"),
    path("account/tokens/<uuid:token>/revoke", account.revoke_token, name="account_token_revoke"),
    path("glossary/", pages.glossary, name="glossary"),
    path("projects/", pages.projects, name="projects"),
    path("projects/<uuid:trashed_project>/restore", settings.restore, name="project_restore"),
    path("p/<slug:project>/", pages.home, name="home"),
    path("p/<slug:project>/items/", items.items, name="items"),
    path("p/<slug:project>/items/add/", items.add, name="items_add"),
    path("p/<slug:project>/items/query", item_query.item_query, name="item_query"),
    path("p/<slug:project>/items/upload", items.upload, name="items_upload"),
    path("p/<slug:project>/items/trash", items.trash, name="items_trash"),
    path("p/<slug:project>/items/restore", items.restore, name="items_restore"),
    path("p/<slug:project>/items/<uuid:item>/", items.item, name="item"),
    path("p/<slug:project>/jobs/", jobs.jobs, name="jobs"),
    path("p/<slug:project>/jobs/bar", jobs.bar, name="jobs_bar"),
    path("p/<slug:project>/jobs/<uuid:job>/", jobs.job, name="job"),
    path("p/<slug:project>/jobs/<uuid:job>/progress", jobs.progress, name="job_progress"),
    path("p/<slug:project>/jobs/<uuid:job>/cancel", jobs.cancel, name="job_cancel"),
    path("p/<slug:project>/jobs/<uuid:job>/retry", jobs.retry, name="job_retry"),
    path("p/<slug:project>/settings/", settings.project_settings, name="settings"),
    path("p/<slug:project>/settings/members", settings.members, name="members"),
    path("p/<slug:project>/settings/members/<uuid:user>/remove", settings.remove_member, name="member_remove"),
    path("p/<slug:project>/settings/tokens", settings.tokens, name="tokens"),
    path("p/<slug:project>/settings/tokens/<uuid:token>/revoke", settings.revoke_token, name="token_revoke"),
    path("p/<slug:project>/settings/trash", settings.trash, name="project_trash"),
    path("media/<uuid:item>", media.original, name="media"),
    path("shared/<str:signed>", media.shared, name="shared"),
    path("thumbs/<uuid:item>", media.thumb, name="thumb"),
]
