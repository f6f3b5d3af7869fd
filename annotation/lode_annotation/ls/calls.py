"""Label Studio's calls, each with or without a slash at its end; what is none of them is refused by name."""

from django.urls import re_path

from lode_annotation.ls.views import answers, exporting, importing, media, projects, server, tasks

ONE_PROJECT = r"^api/projects/(?P<ls_project>[0-9]+)"
ONE_TASK = r"^api/tasks/(?P<ls_task>[0-9]+)"
NOT_OFFERED = re_path(r"^(?P<call>.*)$", server.NotOffered.as_view())

calls = [
    re_path(r"^health/?$", server.Health.as_view()),
    re_path(r"^version/?$", server.Version.as_view()),
    re_path(r"^api/version/?$", server.Version.as_view()),
    re_path(r"^api/current-user/?$", server.WhoAmI.as_view()),
    re_path(r"^api/current-user/whoami/?$", server.WhoAmI.as_view()),
    re_path(r"^api/users/?$", server.Users.as_view()),
    re_path(r"^api/projects/?$", projects.Projects.as_view()),
    re_path(rf"{ONE_PROJECT}/?$", projects.OneProject.as_view()),
    re_path(rf"{ONE_PROJECT}/import/?$", importing.Import.as_view()),
    re_path(rf"{ONE_PROJECT}/import/predictions/?$", answers.ImportPredictions.as_view()),
    re_path(rf"{ONE_PROJECT}/export/?$", exporting.Export.as_view()),
    re_path(r"^api/tasks/?$", tasks.Tasks.as_view()),
    re_path(rf"{ONE_TASK}/?$", tasks.OneTask.as_view()),
    re_path(rf"{ONE_TASK}/annotations/?$", answers.Annotations.as_view()),
    re_path(r"^api/annotations/(?P<ls_annotation>[0-9]+)/?$", answers.OneAnnotation.as_view()),
    re_path(r"^api/predictions/?$", answers.Predictions.as_view()),
    re_path(r"^api/predictions/(?P<ls_prediction>[0-9]+)/?$", answers.OnePrediction.as_view()),
    re_path(r"^data/upload/(?P<ls_project>[0-9]+)/(?P<path>.+)$", media.Upload.as_view()),
    re_path(r"^data/local-files/?$", media.LocalFile.as_view()),
]
urlpatterns = [*calls, NOT_OFFERED]
