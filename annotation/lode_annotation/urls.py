"""Web addresses of this room."""

from django.urls import path

from lode_annotation.views import label, pages, review, task

app_name = "annotation"
urlpatterns = [
    path("p/<slug:project>/schemas/", pages.schemas, name="schemas"),
    path("p/<slug:project>/schemas/new/", pages.schema_new, name="schema_new"),
    path("p/<slug:project>/schemas/check/", pages.schema_check, name="schema_check"),
    path("p/<slug:project>/schemas/<slug:name>/", pages.schema, name="schema"),
    path("p/<slug:project>/schemas/<slug:name>/edit/", pages.schema_edit, name="schema_edit"),
    path("p/<slug:project>/queues/", pages.queues, name="queues"),
    path("p/<slug:project>/queues/new/", pages.queue_new, name="queue_new"),
    path("p/<slug:project>/queues/<uuid:queue>/", pages.queue, name="queue"),
    path("p/<slug:project>/queues/<uuid:queue>/change/", pages.queue_change, name="queue_change"),
    path("p/<slug:project>/queues/<uuid:queue>/add/", pages.queue_add, name="queue_add"),
    path("p/<slug:project>/queues/<uuid:queue>/take-out/", pages.queue_take_out, name="queue_take_out"),
    path("p/<slug:project>/queues/<uuid:queue>/clear/", pages.queue_clear, name="queue_clear"),
    path("p/<slug:project>/tasks/<uuid:task>/", task.task, name="task"),
    path("p/<slug:project>/tasks/<uuid:task>/reopen/", task.task_reopen, name="task_reopen"),
    path("label/<uuid:queue>/", label.label, name="label"),
    path("p/<slug:project>/review/", review.review_list, name="review_list"),
    path("review/<uuid:queue>/", review.review, name="review"),
]
