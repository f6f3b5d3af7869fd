"""Tasks that come in: as JSON, or as files."""

from time import monotonic

from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.ls import importing, uploads
from lode_annotation.ls.door import LsView, door_of, flag
from lode_annotation.ls.tasks import field_of
from lode_annotation.ls.views.tasks import hosts_of
from lode_platform import access
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.errors import BadInput
from lode_platform.signed_in import caller
from motherlode.labeling_config import medium_of

MOST_PROBLEMS = 100


class Import(LsView):
    parser_classes = [LargeJsonParser, uploads.FilesParser]
    takes = {"post": {"return_task_ids", "commit_to_project"}}

    def post(self, request: Request, ls_project: str) -> Response:
        """Brings tasks in with their annotations and predictions, all or none: a JSON list, or files of a form."""
        began, who = monotonic(), caller(request)
        door = door_of(request, ls_project)
        access.require(who, door.queue.project, "labels.import")
        sent = uploads.Sent()
        if request.content_type.startswith("multipart/"):
            files = request.FILES.getlist("file") or [one for _, one in request.FILES.items()]
            if not files:
                raise BadInput("The form has no file.", field="file")
            kind = medium_of(door.queue.schema_revision.config)
            sent = uploads.read(door, kind, field_of(door, kind), files)
        tasks = importing.read(sent.tasks if request.content_type.startswith("multipart/") else request.data)
        made = importing.take_in(door, who, tasks, hosts=hosts_of(request), sent=sent.specs)
        said = {
            "task_count": len(made.tasks),
            "annotation_count": made.annotations,
            "prediction_count": made.predictions,
            "tasks_there": made.there,
            "problems": made.problems[:MOST_PROBLEMS],
            "duration": round(monotonic() - began, 3),
            "file_upload_ids": [],
            "could_be_tasks_list": False,
            "found_formats": [],
            "data_columns": sorted({name for task in tasks for name in task["data"]})[:100],
        }
        if flag(request, "return_task_ids"):
            said["task_ids"] = made.tasks
        return Response(said, status=201)
