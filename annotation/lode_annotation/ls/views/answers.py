"""Annotations and predictions: list, create, get, change, delete."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.ls import answers
from lode_annotation.ls.door import LsView, body_of, door_of, number_in, sees_all
from lode_annotation.ls.numbers import prediction_parts, read, task_number
from lode_annotation.ls.tasks import annotation_json, predictions_json
from lode_annotation.ls.views.tasks import only_of, task_of
from lode_annotation.models import Annotation, LabelStudioProject, Task
from lode_annotation.withdraw import withdraw
from lode_platform import access
from lode_platform.errors import BadInput, NotFound
from lode_platform.signed_in import caller, person

MOST = 5_000


def _shown(door: LabelStudioProject, task: Task, row: Annotation) -> dict[str, Any]:
    """An answer as it is now."""
    row = Annotation.objects.select_related("user").get(pk=row.pk)
    save = row.revisions.get(number=row.revision)
    task.refresh_from_db(fields=["origin"])
    true = set((task.origin or {}).get("ground_truth", ()))
    return annotation_json(task_number(door.pk, task.number), door, row, save, true)


class Annotations(LsView):
    takes = {"get": {"ordering"}}

    def get(self, request: Request, ls_task: str) -> Response:
        """The answers to a task: everybody's for who may bring labels in, else the caller's own."""
        door, task = task_of(request, ls_task)
        only = only_of(request, door)
        true = set((task.origin or {}).get("ground_truth", ()))
        number = task_number(door.pk, task.number)
        rows = [one for one in answers.standing(task) if only is None or one[0].user_id == only.pk]
        return Response([annotation_json(number, door, row, save, true) for row, save in rows])

    def post(self, request: Request, ls_task: str) -> Response:
        """Gives an answer; somebody who has answered already gives a new revision of it."""
        door, task = task_of(request, ls_task)
        row = answers.give(door, task, caller(request), body_of(request))
        return Response(_shown(door, task, row), status=201)


def _one(request: Request, number: str) -> tuple[LabelStudioProject, Task, Annotation]:
    """An annotation that the caller may read. Raises ``NotFound``."""
    row = answers.annotation_of(caller(request), read(number, "annotation"))
    lost = NotFound(f"There is no annotation {number}.")
    if row.user_id != person(request).pk and not sees_all(caller(request), row.task.queue.project):
        raise lost
    door = LabelStudioProject.objects.filter(queue=row.task.queue_id).first()
    if door is None:
        raise lost
    return (*task_of(request, task_number(door.pk, row.task.number)), row)


class OneAnnotation(LsView):
    def get(self, request: Request, ls_annotation: str) -> Response:
        """An answer."""
        return Response(_shown(*_one(request, ls_annotation)))

    def patch(self, request: Request, ls_annotation: str) -> Response:
        """Changes the caller's own answer by a new revision, or marks one as the ground truth."""
        door, task, row = _one(request, ls_annotation)
        answers.change(door, task, caller(request), row, body_of(request))
        return Response(_shown(door, task, row))

    def delete(self, request: Request, ls_annotation: str) -> Response:
        """Takes an answer back: it stays as a skip, and its task is open again."""
        _, _, row = _one(request, ls_annotation)
        withdraw(caller(request), row.uuid)
        return Response(status=204)


class Predictions(LsView):
    takes = {"get": {"task", "project"}}

    def get(self, request: Request) -> Response:
        """What models said of a task."""
        if "task" not in request.query_params:
            raise BadInput("task is the number of the task whose predictions are listed.", field="task")
        door, task = task_of(request, request.query_params["task"])
        return Response(predictions_json(door, task))

    def post(self, request: Request) -> Response:
        """Keeps what a model says of a task; annotators find it as their pre-labels."""
        given = body_of(request)
        door, task = task_of(request, number_in(given, "task"))
        [place] = answers.predict(door, caller(request), [(task, given)])
        task.refresh_from_db(fields=["origin", "prelabels"])
        return Response(predictions_json(door, task)[place], status=201)


class OnePrediction(LsView):
    def get(self, request: Request, ls_prediction: str) -> Response:
        """A prediction."""
        number, place = prediction_parts(read(ls_prediction, "prediction"))
        door, task = task_of(request, number)
        found = predictions_json(door, task)
        if not 0 <= place < len(found):
            raise NotFound(f"There is no prediction {ls_prediction[:30]}.")
        return Response(found[place])


class ImportPredictions(LsView):
    def post(self, request: Request, ls_project: str) -> Response:
        """Keeps predictions of many tasks, all or none: each has ``task``, ``result``, ``score``, ``model_version``."""
        door = door_of(request, ls_project)
        access.require(caller(request), door.queue.project, "labels.import")
        rows = request.data
        if not isinstance(rows, list) or not rows or len(rows) > MOST:
            raise BadInput(f"Send a list of 1 to {MOST:,} predictions.", field="predictions")
        tasks: dict[int, Task] = {}
        given = []
        for at, row in enumerate(rows):
            if not isinstance(row, dict):
                raise BadInput(f"predictions[{at}] must be an object.", field="predictions")
            number = number_in(row, "task")
            if number not in tasks:
                own, tasks[number] = task_of(request, number)
                if own.pk != door.pk:
                    raise NotFound(f"There is no task {number} in project {door.pk}.")
            given.append((tasks[number], row))
        answers.predict(door, caller(request), given)
        return Response({"created": len(given)}, status=201)
