"""REST addresses of this room, below /api/v1/."""

from django.urls import path

from lode_annotation.api import board, imports, queues, reviews, schemas

urlpatterns = [
    path("projects/<slug:project>/schemas", schemas.Schemas.as_view()),
    path("schemas/check", schemas.Check.as_view()),
    path("schemas/<uuid:schema>", schemas.OneSchema.as_view()),
    path("schemas/<uuid:schema>/revisions", schemas.Revisions.as_view()),
    path("schemas/<uuid:schema>/revisions/<int:number>/undo", schemas.UndoRevision.as_view()),
    path("schemas/<uuid:schema>/dry-run", schemas.DryRun.as_view()),
    path("projects/<slug:project>/queues", queues.Queues.as_view()),
    path("projects/<slug:project>/board", board.Board.as_view()),
    path("queues/<uuid:queue>", queues.OneQueue.as_view()),
    path("queues/<uuid:queue>/tasks", queues.Tasks.as_view()),
    path("queues/<uuid:queue>/priority", queues.Priority.as_view()),
    path("queues/<uuid:queue>/honeypots", queues.Honeypots.as_view()),
    path("queues/<uuid:queue>/leases", queues.Clear.as_view()),
    path("queues/<uuid:queue>/next", queues.Next.as_view()),
    path("queues/<uuid:queue>/mine", queues.Mine.as_view()),
    path("queues/<uuid:queue>/review/next", reviews.NextReview.as_view()),
    path("tasks/<uuid:task>", queues.OneTask.as_view()),
    path("tasks/<uuid:task>/open", queues.OpenTask.as_view()),
    path("tasks/<uuid:task>/submit", queues.Submit.as_view()),
    path("tasks/<uuid:task>/skip", queues.Skip.as_view()),
    path("tasks/<uuid:task>/flag", queues.Flag.as_view()),
    path("tasks/<uuid:task>/lease", queues.OneLease.as_view()),
    path("tasks/<uuid:task>/draft", queues.Draft.as_view()),
    path("projects/<slug:project>/reviews", reviews.Reviews.as_view()),
    path("annotations/<uuid:annotation>/review", reviews.Verdict.as_view()),
    path("projects/<slug:project>/label-imports", imports.LabelImports.as_view()),
    path("label-imports/<uuid:label_import>", imports.OneLabelImport.as_view()),
    path("label-imports/<uuid:label_import>/parts/<int:part>", imports.ImportPart.as_view()),
    path("label-imports/<uuid:label_import>/finish", imports.Finish.as_view()),
]
