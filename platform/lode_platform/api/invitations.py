"""REST: invitations to a project."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, invitations, mail
from lode_platform.api import shapes
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.view import View
from lode_platform.errors import NotFound
from lode_platform.invitation_models import Invitation
from lode_platform.models import Role
from lode_platform.signed_in import caller


class NewInvitationShape(shapes.Shape):
    role = serializers.ChoiceField(choices=Role.choices)
    email = serializers.EmailField(
        max_length=254, required=False, allow_blank=True, default="", help_text="the link is mailed there, if it can be"
    )
    account = serializers.CharField(
        max_length=150,
        required=False,
        allow_blank=True,
        default="",
        help_text="the user name of an inactive account made for the author of imported work, which is taken over",
    )
    days = serializers.IntegerField(
        min_value=1, max_value=invitations.MOST_DAYS, required=False, default=invitations.DAYS
    )
    uses = serializers.IntegerField(min_value=1, max_value=invitations.MOST_USES, required=False, default=1)


class InvitationShape(shapes.Shape):
    uuid = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Role.choices)
    email = serializers.CharField()
    account = shapes.PersonShape(allow_null=True)
    state = serializers.CharField(help_text="open, used, ended or revoked")
    uses = serializers.IntegerField()
    people = shapes.PersonShape(many=True, help_text="who came by it")
    created_by = shapes.PersonShape()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class MadeInvitationShape(InvitationShape):
    link = serializers.CharField(help_text="what to open, shown this once")
    mailed = serializers.BooleanField()
    mail_problem = serializers.CharField(help_text="why it could not be mailed; empty where nothing went wrong")


def invitation_json(row: Invitation) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "role": row.role,
        "email": row.email,
        "account": _person(row.account) if row.account else None,
        "state": row.state().value,
        "uses": row.uses,
        "people": [_person(use.user) for use in row.people.all()],
        "created_by": _person(row.created_by),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }


def _person(user: Any) -> dict[str, Any]:
    return {"uuid": user.uuid, "username": user.username}


class Invitations(View):
    @extend_schema(operation_id="invitations", parameters=PARAMETERS, responses=page_of(InvitationShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's invitations, the newest first. Their links are never shown again."""
        found = access.project_for(caller(request), project, "project.manage")
        return Response(paged(request, invitations.listed(found, caller(request)), invitation_json))

    @extend_schema(operation_id="invite", request=NewInvitationShape, responses={201: MadeInvitationShape})
    def post(self, request: Request, project: str) -> Response:
        """An invitation by a link, which is in this answer only; it is mailed too where it has an address."""
        found = access.project_for(caller(request), project, "project.manage")
        given = shapes.read(NewInvitationShape, request.data)
        made, text = invitations.invite(found, caller(request), **given)
        mailed, problem = False, ""
        try:
            mailed = invitations.send(made, text)
        except mail.Unsent as error:
            problem = error.message
        told = {"link": invitations.link_of(text), "mailed": mailed, "mail_problem": problem}
        return Response({**invitation_json(made), **told}, status=201)


class OneInvitation(View):
    @extend_schema(operation_id="invitation_revoke", responses={204: None})
    def delete(self, request: Request, project: str, invitation: UUID) -> Response:
        """Ends the link; who has come by it stays."""
        found = access.project_for(caller(request), project, "project.manage")
        row = invitations.listed(found, caller(request)).filter(uuid=invitation).first()
        if row is None:
            raise NotFound("There is no such invitation.")
        invitations.revoke(found, caller(request), row)
        return Response(status=204)
