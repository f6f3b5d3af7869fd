"""REST: schemas, their revisions, and the check of a config."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import schema_migrations, schemas, touched
from lode_annotation.api import schema_shapes as shapes
from lode_annotation.models import Schema
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.errors import NotFound
from lode_platform.signed_in import caller


def schema_of(request: Request, uuid: UUID) -> Schema:
    """A schema that the person may see."""
    found = Schema.objects.visible_to(caller(request)).select_related("project").filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such schema.")
    return found


class Schemas(View):
    @extend_schema(operation_id="schemas", parameters=PARAMETERS, responses=page_of(shapes.SchemaShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's schemas, newest first."""
        found = access.project_for(caller(request), project, "project.view")
        rows = Schema.objects.filter(project=found).select_related("project").prefetch_related("classes")
        return Response(paged(request, rows, shapes.schema_json))

    @extend_schema(operation_id="schema_create", request=shapes.NewSchemaShape, responses={201: shapes.SchemaShape})
    def post(self, request: Request, project: str) -> Response:
        """Creates a schema. What the editor does not support yet is refused by name and line (400, `problems`)."""
        found = access.project_for(caller(request), project, "schema.edit")
        given = read(shapes.NewSchemaShape, request.data)
        made = schemas.create_schema(found, caller(request), **given)
        return Response(schemas.as_json(made), status=201)


class OneSchema(View):
    @extend_schema(operation_id="schema", responses=shapes.SchemaShape)
    def get(self, request: Request, schema: UUID) -> Response:
        """A schema with its newest revision."""
        return Response(schemas.as_json(schema_of(request, schema)))


class Revisions(View):
    @extend_schema(operation_id="schema_revisions", parameters=PARAMETERS, responses=page_of(shapes.RevisionShape))
    def get(self, request: Request, schema: UUID) -> Response:
        """The schema's revisions, newest first."""
        rows = schema_of(request, schema).revisions.select_related("created_by", "migration__job")
        return Response(paged(request, rows, shapes.revision_json))

    @extend_schema(operation_id="schema_revise", request=shapes.NewRevisionShape, responses={201: shapes.RevisionShape})
    def post(self, request: Request, schema: UUID) -> Response:
        """Creates a revision. Labels that `renames` maps keep their class ids; removed labels are retired. A class
        belongs to its control: two controls may both have a label "yes". Labels that `merges` maps are retired, and a
        job (`migration`) writes their label sets again, for all to see at once."""
        given = read(shapes.NewRevisionShape, request.data)
        made = schemas.revise(schema_of(request, schema), caller(request), **given)
        return Response(shapes.revision_json(made), status=201)


class UndoRevision(View):
    @extend_schema(operation_id="schema_revision_undo", request=None, responses={202: JobShape})
    def post(self, request: Request, schema: UUID, number: int) -> Response:
        """Starts the job that undoes the newest revision: the label sets from before its migration are current again,
        and a new revision says what the one before it said. 409 where later revisions stand on it."""
        found = schema_of(request, schema).revisions.filter(number=number).select_related("schema__project").first()
        if found is None:
            raise NotFound(f"The schema has no revision {number}.")
        return Response(job_json(schema_migrations.undo(found, caller(request))), status=202)


class DryRun(View):
    @extend_schema(operation_id="schema_dry_run", request=shapes.DryRunShape, responses=shapes.DryRunResultShape)
    def post(self, request: Request, schema: UUID) -> Response:
        """What a revision with this config and these renames would change, and what each change touches. Nothing is
        saved."""
        given = read(shapes.DryRunShape, request.data)
        found = touched.dry_run(schema_of(request, schema), caller(request), **given)
        return Response(shapes.dry_run_json(found))


class Check(View):
    @extend_schema(operation_id="schema_check", request=shapes.CheckShape, responses=shapes.CheckedShape)
    def post(self, request: Request) -> Response:
        """Whether a config could be a schema: its controls, or what is wrong with it, by line."""
        given = read(shapes.CheckShape, request.data)
        schema = schema_of(request, given["schema"]) if given["schema"] else None
        return Response(schemas.check_config(given["config"], schema))
