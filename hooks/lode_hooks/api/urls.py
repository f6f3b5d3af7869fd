"""REST addresses of this room, below /api/v1/."""

from django.urls import path

from lode_hooks.api import evaluations, mining, predictions, runs

urlpatterns = [
    path("projects/<slug:project>/runs", runs.Runs.as_view()),
    path("runs/<str:run>", runs.OneRun.as_view()),
    path("runs/<str:run>/metrics", runs.Metrics.as_view()),
    path("runs/<str:run>/predictions", predictions.NewPredictions.as_view()),
    path("runs/<str:run>/evaluations", evaluations.RunEvaluations.as_view()),
    path("runs/<str:run>/compare/<str:other>", evaluations.Compare.as_view()),
    path("predictions/<uuid:predictions>", predictions.OnePredictionSet.as_view()),
    path("predictions/<uuid:predictions>/parts/<int:part>", predictions.Part.as_view()),
    path("predictions/<uuid:predictions>/finish", predictions.Finish.as_view()),
    path("predictions/<uuid:predictions>/evaluate", predictions.Evaluate.as_view()),
    path("predictions/<uuid:predictions>/evaluations", evaluations.Evaluations.as_view()),
    path("evaluations/<uuid:evaluation>", evaluations.OneEvaluation.as_view()),
    path("evaluations/<uuid:evaluation>/failures", evaluations.Failures.as_view()),
    path("failures/<uuid:failure>", evaluations.OneFailure.as_view()),
    path("failures/<uuid:failure>/verdicts", evaluations.Verdicts.as_view()),
    path("projects/<slug:project>/mining", mining.Rounds.as_view()),
    path("projects/<slug:project>/mining/preview", mining.Preview.as_view()),
    path("mining/<uuid:mined>", mining.OneRound.as_view()),
    path("mining/<uuid:mined>/report", mining.Report.as_view()),
]
