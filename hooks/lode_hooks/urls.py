"""Web addresses of this room."""

from django.urls import URLPattern, path

from lode_hooks.views import failure_page, failures, mining, runs

app_name = "hooks"
urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/runs/", runs.run_list, name="runs"),
    path("p/<slug:project>/runs/<uuid:run>/", runs.run_page, name="run"),
    path("p/<slug:project>/runs/<uuid:run>/evaluate/", runs.evaluate_again, name="evaluate"),
    path("p/<slug:project>/failures/", failures.viewer, name="failures"),
    path("p/<slug:project>/failures/matches/", failures.match_rows, name="matches"),
    path("p/<slug:project>/failures/cards/", failures.old_match_rows),
    path("p/<slug:project>/failures/facets/", failures.facet_lines, name="facets"),
    path("p/<slug:project>/failures/scene/", failures.picture, name="scene"),
    path("p/<slug:project>/failures/fix/", failures.fix, name="fix"),
    path("p/<slug:project>/failures/record/", failures.record, name="record"),
    path("p/<slug:project>/failures/<uuid:failure>/", failure_page.page, name="failure"),
    path("p/<slug:project>/failures/<uuid:failure>/verdict/", failure_page.verdict, name="verdict"),
    path("p/<slug:project>/mining/", mining.round_list, name="mining"),
    path("p/<slug:project>/mining/new/", mining.mine, name="mine"),
    path("p/<slug:project>/mining/preview/", mining.preview, name="mine_preview"),
    path("p/<slug:project>/mining/<uuid:mined>/", mining.round_page, name="round"),
]
