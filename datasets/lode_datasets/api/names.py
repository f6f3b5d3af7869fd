"""REST: what is said of versions once they are published: pins, yanks, aliases with their history and protection."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_datasets import aliases, versions, yanks
from lode_datasets.api import shapes
from lode_datasets.api.views import WHICH, found_dataset, found_version, whole
from lode_datasets.models import Dataset
from lode_platform.addresses import same_with
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.errors import NotFound
from lode_platform.signed_in import caller, person

MAX_MOVES = 200


class Pins(View):
    @extend_schema(operation_id="version_pin", parameters=[WHICH], request=None, responses=shapes.PinShape)
    def post(self, request: Request, project: str, name: str, which: str) -> Response:
        """Remembers that I read this version, so that nobody removes it without knowing."""
        found = found_version(request, project, name, which, "dataset.pull")
        made = aliases.pin(found, person(request))
        return Response({"version": found.number, "user": made.user.username, "created_at": made.created_at})


class Yanks(View):
    @extend_schema(
        operation_id="version_yank",
        parameters=[WHICH],
        request=shapes.YankSetShape,
        responses=shapes.YankedShape,
    )
    def put(self, request: Request, project: str, name: str, which: str) -> Response:
        """Takes the version back: `latest` passes over it, those who pinned it are warned, its bytes stay."""
        found = found_version(request, project, name, which, "dataset.publish")
        yanks.yank(found, caller(request), read(shapes.YankSetShape, request.data)["reason"])
        needed = aliases.needed_by([found], person(request))
        return Response({"version": shapes.version_json(found), "needed_by": needed})

    @extend_schema(operation_id="version_unyank", parameters=[WHICH], responses={200: shapes.VersionShape})
    def delete(self, request: Request, project: str, name: str, which: str) -> Response:
        """Lets the version count again."""
        found = found_version(request, project, name, which, "dataset.publish")
        yanks.undo(found, caller(request))
        return Response(shapes.version_json(versions.named(found.dataset, str(found.number))))


class Aliases(View):
    @extend_schema(operation_id="aliases", responses=shapes.AliasesShape)
    def get(self, request: Request, project: str, name: str) -> Response:
        """The dataset's aliases as they point now."""
        found = found_dataset(request, project, name, "project.view")
        kept = aliases.protected(found)
        rows = [shapes.alias_json(row, row.name in kept) for row in aliases.aliases(found)]
        return Response({"results": rows, "next": None})


def _alias(dataset: Dataset, name: str) -> dict[str, Any]:
    """An alias as it points now. Raises ``NotFound``."""
    newest = aliases.moves(dataset, name, 1)
    if not newest:
        raise NotFound(f"The dataset has no alias {name!r}.", code="no_alias")
    return shapes.alias_json(newest[0], name in aliases.protected(dataset))


class OneAlias(View):
    @extend_schema(operation_id="alias", responses=shapes.AliasShape)
    def get(self, request: Request, project: str, name: str, alias: str) -> Response:
        """Where an alias points, since when, who moved it there and why."""
        return Response(_alias(found_dataset(request, project, name, "project.view"), alias))

    @extend_schema(operation_id="alias_set", request=shapes.AliasSetShape, responses=shapes.AliasShape)
    def put(self, request: Request, project: str, name: str, alias: str) -> Response:
        """Points an alias at a version; where it pointed before is kept. One that is protected only an owner moves."""
        found = found_dataset(request, project, name, "dataset.publish")
        given = read(shapes.AliasSetShape, request.data)
        version = versions.named(found, given["version"])
        aliases.set_alias(found, caller(request), alias, version, given["message"])
        return Response(_alias(found, alias))


class AliasMoves(View):
    @extend_schema(
        operation_id="alias_moves",
        parameters=[
            OpenApiParameter("limit", int, description=f"rows a page, at most {MAX_MOVES}"),
            OpenApiParameter("offset", int),
        ],
        responses=shapes.AliasMovesShape,
    )
    def get(self, request: Request, project: str, name: str, alias: str) -> Response:
        """The history of an alias, newest first: who moved it, when, from what to what, and why."""
        found = found_dataset(request, project, name, "project.view")
        query = request.query_params
        offset, limit = whole(query.get("offset", "0")), whole(query.get("limit", "100"))
        limit = min(max(limit, 1), MAX_MOVES)
        rows = aliases.moves(found, alias, limit + 1, offset)
        if not rows and not aliases.moves(found, alias, 1):
            raise NotFound(f"The dataset has no alias {alias!r}.", code="no_alias")
        following = same_with(request._request, offset=str(offset + limit)) if len(rows) > limit else None
        return Response({"results": [shapes.move_json(row) for row in rows[:limit]], "next": following})


class AliasProtection(View):
    @extend_schema(operation_id="alias_protect", request=None, responses=shapes.AliasShape)
    def put(self, request: Request, project: str, name: str, alias: str) -> Response:
        """Only an owner moves the alias from now on."""
        found = found_dataset(request, project, name, "alias.protect")
        aliases.protect(found, caller(request), alias)
        return Response(_alias(found, alias))

    @extend_schema(operation_id="alias_unprotect", responses={200: shapes.AliasShape})
    def delete(self, request: Request, project: str, name: str, alias: str) -> Response:
        """Owners and engineers may move the alias again."""
        found = found_dataset(request, project, name, "alias.protect")
        aliases.unprotect(found, caller(request), alias)
        return Response(_alias(found, alias))
