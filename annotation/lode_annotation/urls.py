"""Web addresses of this room."""

from django.urls import path

from lode_annotation.views import agreement, assist, label, micro_tasks, queues, review, schema_changes, schemas, task

app_name = "annotation"
urlpatterns = [
    path("p/<slug:project>/schemas/", schemas.schemas, name="schemas"),
    path("p/<slug:project>/schemas/new/", schemas.schema_new, name="schema_new"),
    path("p/<slug:project>/schemas/check/", schemas.schema_check, name="schema_check"),
    path("p/<slug:project>/schemas/try/", schemas.schema_try, name="schema_try"),
    path("p/<slug:project>/schemas/<slug:name>/", schemas.schema, name="schema"),
    path("p/<slug:project>/schemas/<slug:name>/edit/", schemas.schema_edit, name="schema_edit"),
    path("p/<slug:project>/schemas/<slug:name>/changes/", schema_changes.schema_changes, name="schema_changes"),
    path("p/<slug:project>/schemas/<slug:name>/assist/", assist.assist, name="assist"),
    path("p/<slug:project>/schemas/<slug:name>/assist/predictors/", assist.assist_predictors, name="assist_predictors"),
    path("p/<slug:project>/schemas/<slug:name>/assist/change/", assist.assist_change, name="assist_change"),
    path(
        "p/<slug:project>/schemas/<slug:name>/assist/prelabel/<uuid:queue>/",
        assist.assist_prelabel,
        name="assist_prelabel",
    ),
    path(
        "p/<slug:project>/schemas/<slug:name>/revisions/<int:number>/undo/",
        schema_changes.revision_undo,
        name="revision_undo",
    ),
    path("p/<slug:project>/queues/", queues.queues, name="queues"),
    path("p/<slug:project>/queues/new/", queues.queue_new, name="queue_new"),
    path("p/<slug:project>/queues/<uuid:queue>/", queues.queue, name="queue"),
    path("p/<slug:project>/queues/<uuid:queue>/change/", queues.queue_change, name="queue_change"),
    path("p/<slug:project>/queues/<uuid:queue>/add/", queues.queue_add, name="queue_add"),
    path("p/<slug:project>/queues/<uuid:queue>/take-out/", queues.queue_take_out, name="queue_take_out"),
    path("p/<slug:project>/queues/<uuid:queue>/held/", queues.queue_held, name="queue_held"),
    path("p/<slug:project>/queues/<uuid:queue>/honeypots/", queues.honeypots_mix, name="honeypots_mix"),
    path("p/<slug:project>/queues/<uuid:queue>/clear/", queues.queue_clear, name="queue_clear"),
    path("p/<slug:project>/queues/<uuid:queue>/priority/", queues.tasks_prioritise, name="tasks_prioritise"),
    path("p/<slug:project>/micro-tasks/new/", micro_tasks.micro_tasks_new, name="micro_tasks_new"),
    path("p/<slug:project>/queues/<uuid:queue>/ask/", micro_tasks.micro_tasks_ask, name="micro_tasks_ask"),
    path("p/<slug:project>/queues/<uuid:queue>/corrections/", micro_tasks.corrections, name="corrections"),
    path("vote/<uuid:queue>/", micro_tasks.vote, name="vote"),
    path("p/<slug:project>/tasks/<uuid:task>/", task.task, name="task"),
    path("p/<slug:project>/tasks/<uuid:task>/reopen/", task.task_reopen, name="task_reopen"),
    path("p/<slug:project>/tasks/<uuid:task>/unflag/", queues.task_unflag, name="task_unflag"),
    path("label/<uuid:queue>/", label.label, name="label"),
    path("p/<slug:project>/review/", review.review_list, name="review_list"),
    path("review/<uuid:queue>/", review.review, name="review"),
    path("p/<slug:project>/agreement/", agreement.agreement, name="agreement"),
    path("p/<slug:project>/agreement/tasks/", agreement.agreement_tasks, name="agreement_tasks"),
    path("p/<slug:project>/agreement/compare/", agreement.compare, name="compare"),
    path("p/<slug:project>/people/<str:username>/", agreement.person, name="person"),
]
