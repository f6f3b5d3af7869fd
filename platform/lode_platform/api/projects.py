"""REST: who I am, my projects, their members and tokens."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, projects, tokens
from lode_platform.api import shapes
from lode_platform.api.view import View
from lode_platform.errors import Forbidden, NotFound
from lode_platform.models import ApiToken, Membership, Project
from lode_platform.roles import verbs_of
from lode_platform.signed_in import caller, person


class Me(View):
    @extend_schema(operation_id="me", responses=shapes.MeShape)
    def get(self, request: Request) -> Response:
        """Who I am, and what my token is limited to."""
        user, asks = person(request), caller(request)
        role = asks.token_role or None
        name = None
        if asks.only_project:
            member = Membership.objects.select_related("project").filter(project=asks.only_project, user=user).first()
            name = member.project.name if member else None
            role = role or (member.role if member else None)
        return Response({"user": {"uuid": user.uuid, "username": user.username}, "project": name, "role": role})


class Projects(View):
    @extend_schema(operation_id="projects", responses={200: shapes.ProjectsShape})
    def get(self, request: Request) -> Response:
        """The projects I am a member of, by name."""
        user = person(request)
        mine = Membership.objects.filter(user=user, project__in=Project.objects.visible_to(caller(request)))
        rows = mine.select_related("project").order_by("project__name")
        return Response({"results": [shapes.project_json(row) for row in rows], "next": None})

    @extend_schema(operation_id="project_create", request=shapes.NewProjectShape, responses={201: shapes.ProjectShape})
    def post(self, request: Request) -> Response:
        """A new project with me as its owner. A project's token never makes projects."""
        given = shapes.read(shapes.NewProjectShape, request.data)
        if caller(request).only_project:
            raise Forbidden("A project's token never makes projects.", code="project_token")
        project = projects.create_project(person(request), **given)
        member = Membership.objects.select_related("project").get(project=project, user=person(request))
        return Response(shapes.project_json(member), status=201)


class OneProject(View):
    @extend_schema(operation_id="project", responses=shapes.ProjectShape)
    def get(self, request: Request, project: str) -> Response:
        """A project and my role in it."""
        return Response(shapes.project_json(access.member_of(caller(request), project, "project.view")))


class Members(View):
    @extend_schema(operation_id="members", responses=shapes.MembersShape)
    def get(self, request: Request, project: str) -> Response:
        """Who belongs to the project, by name."""
        found = access.project_for(caller(request), project, "project.view")
        rows = found.memberships.select_related("user").order_by("user__username")
        return Response({"results": [shapes.member_json(row) for row in rows], "next": None})

    @extend_schema(operation_id="member_set", request=shapes.NewMemberShape, responses={201: shapes.MemberShape})
    def post(self, request: Request, project: str) -> Response:
        """Adds a person who has an account here, or changes their role."""
        found = access.project_for(caller(request), project, "project.manage")
        given = shapes.read(shapes.NewMemberShape, request.data)
        member = projects.set_member(found, person(request), username=given["username"], role=given["role"])
        return Response(shapes.member_json(member), status=201)


class Member(View):
    @extend_schema(operation_id="member_change", request=shapes.MemberRoleShape, responses=shapes.MemberShape)
    def patch(self, request: Request, project: str, user: UUID) -> Response:
        """Changes a member's role; the last owner stays owner."""
        found = access.project_for(caller(request), project, "project.manage")
        given = shapes.read(shapes.MemberRoleShape, request.data)
        who = _member(found, user).user
        member = projects.set_member(found, person(request), username=who.username, role=given["role"])
        return Response(shapes.member_json(member))

    @extend_schema(operation_id="member_remove", responses={204: None})
    def delete(self, request: Request, project: str, user: UUID) -> Response:
        """Takes a person out of the project; what they did stays."""
        found = access.project_for(caller(request), project, "project.manage")
        projects.remove_member(found, person(request), _member(found, user).user)
        return Response(status=204)


def _member(project: Project, uuid: UUID) -> Membership:
    found = project.memberships.select_related("user").filter(user__uuid=uuid).first()
    if found is None:
        raise NotFound("That person is not a member of this project.")
    return found


class Tokens(View):
    @extend_schema(operation_id="tokens", responses=shapes.TokensShape)
    def get(self, request: Request, project: str) -> Response:
        """My tokens of this project; an owner sees everybody's. Their text is never shown again."""
        member = access.member_of(caller(request), project, "token.make")
        rows = ApiToken.objects.filter(project=member.project, revoked_at=None).select_related("user").order_by("-pk")
        if not access.permits(caller(request), member.role, "project.manage"):
            rows = rows.filter(user=person(request))
        return Response({"results": [shapes.token_json(row) for row in rows], "next": None})

    @extend_schema(operation_id="token_create", request=shapes.NewTokenShape, responses={201: shapes.MadeTokenShape})
    def post(self, request: Request, project: str) -> Response:
        """A token of mine that acts in this project alone, with at most ``role``; its text is in this answer only.

        It expires after ``days``, 90 where nothing is said; null is never.
        """
        member = access.member_of(caller(request), project, "token.make")
        if caller(request).only_project:
            raise Forbidden("A project's token makes no tokens.", code="project_token")
        given = shapes.read(shapes.NewTokenShape, request.data)
        if given["role"] and not verbs_of(given["role"]) <= verbs_of(member.role):
            raise Forbidden(f"You are {member.role} here; your token cannot be more.", code="role_above_yours")
        token, text = tokens.make_token(person(request), project=member.project, **given)
        return Response({**shapes.token_json(token), "token": text}, status=201)


class Token(View):
    @extend_schema(operation_id="token_revoke", responses={204: None})
    def delete(self, request: Request, project: str, token: UUID) -> Response:
        """Ends a token: one's own, or, as owner, anybody's of this project. A project's token ends itself alone."""
        member = access.member_of(caller(request), project, "token.make")
        rows = ApiToken.objects.filter(project=member.project, uuid=token)
        asks = caller(request)
        if asks.token and asks.token.project:
            rows = rows.filter(pk=asks.token.pk)
        elif not access.permits(caller(request), member.role, "project.manage"):
            rows = rows.filter(user=person(request))
        found = rows.first()
        if found is None:
            raise NotFound("There is no such token.")
        tokens.revoke(found, person(request))
        return Response(status=204)
