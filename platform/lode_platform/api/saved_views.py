"""REST: saved views."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, saved_views
from lode_platform.api import shapes
from lode_platform.api.view import View
from lode_platform.models import Project, SavedView
from lode_platform.signed_in import caller, person


class ChangedViewShape(shapes.Shape):
    name = serializers.CharField(max_length=100, required=False)
    filter = serializers.DictField(
        child=serializers.CharField(max_length=2000),
        required=False,
        help_text="as the page Items has it in its address: query, and other filters by name",
    )
    layout = serializers.ChoiceField(choices=SavedView.Layout.values, required=False)
    columns = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, max_length=20, help_text="of a table, in order"
    )
    shared = serializers.BooleanField(required=False, help_text="with all members of the project")


class NewViewShape(ChangedViewShape):
    name = serializers.CharField(max_length=100)


class ViewShape(shapes.Shape):
    uuid = serializers.UUIDField()
    name = serializers.CharField()
    filter = serializers.DictField()
    layout = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    shared = serializers.BooleanField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class ViewsShape(shapes.Shape):
    results = ViewShape(many=True)


def as_json(view: SavedView) -> dict[str, Any]:
    same = ("uuid", "name", "filter", "layout", "columns", "shared", "created_at")
    return {**{name: getattr(view, name) for name in same}, "created_by": view.created_by.username}


class SavedViews(View):
    @extend_schema(operation_id="saved_views", responses=ViewsShape)
    def get(self, request: Request, project: str) -> Response:
        """The saved views of the project that I see: shared ones and my own."""
        found = access.project_for(caller(request), project, "project.view")
        rows = saved_views.seen_by(found, person(request)).select_related("created_by")
        return Response({"results": [as_json(row) for row in rows]})

    @extend_schema(operation_id="saved_view_new", request=NewViewShape, responses={201: ViewShape})
    def post(self, request: Request, project: str) -> Response:
        """Saves a view."""
        found = access.project_for(caller(request), project, "project.view")
        given = shapes.read(NewViewShape, request.data)
        return Response(as_json(saved_views.save(found, caller(request), **{"filter": {}, **given})), status=201)


class OneSavedView(View):
    @extend_schema(operation_id="saved_view_change", request=ChangedViewShape, responses=ViewShape)
    def patch(self, request: Request, project: str, view: UUID) -> Response:
        """Renames a view, shares it, or lets it show something else."""
        found = _view(request, project, view)
        return Response(
            as_json(saved_views.change(found, caller(request), shapes.read(ChangedViewShape, request.data)))
        )

    @extend_schema(operation_id="saved_view_delete", responses={204: None})
    def delete(self, request: Request, project: str, view: UUID) -> Response:
        """Deletes a view; the items that it lists stay."""
        saved_views.delete(_view(request, project, view), caller(request))
        return Response(status=204)


def _view(request: Request, project: str, view: UUID) -> SavedView:
    found: Project = access.project_for(caller(request), project, "project.view")
    return saved_views.find(found, person(request), view)
