"""REST: webhooks, their secrets, and the log of what they were told."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access
from lode_platform.api import shapes
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.view import View
from lode_platform.errors import BadInput
from lode_platform.signed_in import caller
from lode_platform.webhooks import managing
from lode_platform.webhooks.kinds import KINDS
from lode_platform.webhooks.models import Webhook, WebhookDelivery

STATES = WebhookDelivery.State.values


class ChangedWebhookShape(shapes.Shape):
    url = serializers.CharField(max_length=500, required=False, help_text="http or https")
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        max_length=100,
        help_text="names of kinds, as /webhook-kinds lists them",
    )
    on = serializers.BooleanField(required=False, help_text="switches it on or off")


class NewWebhookShape(shapes.Shape):
    url = serializers.CharField(max_length=500, help_text="http or https")
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=100, help_text="names of kinds, at least one"
    )


class WebhookShape(shapes.Shape):
    uuid = serializers.UUIDField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    on = serializers.BooleanField()
    off_why = serializers.CharField(help_text='why it was switched off by itself, "" otherwise')
    failures = serializers.IntegerField(help_text="tries that failed one after the other")
    rest_until = serializers.DateTimeField(allow_null=True, help_text="nothing is tried before")
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class MadeWebhookShape(WebhookShape):
    secret = serializers.CharField(help_text="signs what is sent; in this answer only")


class WebhooksShape(shapes.Shape):
    results = WebhookShape(many=True)


class SecretShape(shapes.Shape):
    secret = serializers.CharField(help_text="signs from now on; in this answer only")


class WebhookKindShape(shapes.Shape):
    name = serializers.CharField()
    title = serializers.CharField()


class DeliveryShape(shapes.Shape):
    uuid = serializers.UUIDField(help_text="sent as Webhook-Id")
    event = serializers.UUIDField(help_text="the id in the body")
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    attempts = serializers.IntegerField()
    due_at = serializers.DateTimeField(help_text="of the next try, while it is waiting")
    tried_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="that the last try was answered with")
    error = serializers.CharField()
    answer = serializers.CharField(help_text="the beginning of what was answered")
    seconds = serializers.FloatField(allow_null=True)
    body = serializers.CharField(help_text="as it is sent and signed")
    created_at = serializers.DateTimeField()


def as_json(row: Webhook) -> dict[str, Any]:
    same = ("uuid", "url", "kinds", "on", "off_why", "failures", "rest_until", "created_at")
    return {**{name: getattr(row, name) for name in same}, "created_by": row.created_by.username}


def delivery_json(row: WebhookDelivery) -> dict[str, Any]:
    return {str(name): getattr(row, str(name)) for name in DeliveryShape().fields}


class WebhookKinds(View):
    @extend_schema(operation_id="webhook_kinds", responses=WebhookKindShape(many=True))
    def get(self, request: Request) -> Response:
        """The kinds of what webhooks can be told of, by name."""
        return Response([{"name": name, "title": str(KINDS[name].title)} for name in sorted(KINDS)])


class Webhooks(View):
    @extend_schema(operation_id="webhooks", responses=WebhooksShape)
    def get(self, request: Request, project: str) -> Response:
        """The project's webhooks. For owners."""
        found = access.project_for(caller(request), project, managing.MANAGE)
        rows = found.webhooks.select_related("created_by").order_by("pk")
        return Response({"results": [as_json(row) for row in rows]})

    @extend_schema(operation_id="webhook_add", request=NewWebhookShape, responses={201: MadeWebhookShape})
    def post(self, request: Request, project: str) -> Response:
        """Adds a webhook. Its secret is in this answer only."""
        found = access.project_for(caller(request), project, managing.MANAGE)
        made = managing.add(found, caller(request), **shapes.read(NewWebhookShape, request.data))
        return Response({**as_json(made), "secret": made.secret}, status=201)


class OneWebhook(View):
    @extend_schema(operation_id="webhook", responses=WebhookShape)
    def get(self, request: Request, webhook: UUID) -> Response:
        """A webhook. For owners."""
        return Response(as_json(managing.find(caller(request), webhook)))

    @extend_schema(operation_id="webhook_change", request=ChangedWebhookShape, responses=WebhookShape)
    def patch(self, request: Request, webhook: UUID) -> Response:
        """Changes the address or the kinds, or switches it on or off."""
        found = managing.find(caller(request), webhook)
        return Response(
            as_json(managing.change(found, caller(request), shapes.read(ChangedWebhookShape, request.data)))
        )

    @extend_schema(operation_id="webhook_remove", responses={204: None})
    def delete(self, request: Request, webhook: UUID) -> Response:
        """Removes a webhook and its log."""
        managing.remove(managing.find(caller(request), webhook), caller(request))
        return Response(status=204)


class Secret(View):
    @extend_schema(operation_id="webhook_secret", request=None, responses=SecretShape)
    def post(self, request: Request, webhook: UUID) -> Response:
        """Gives it another secret, which signs from now on."""
        found = managing.find(caller(request), webhook)
        return Response({"secret": managing.replace_secret(found, caller(request))})


class SendTest(View):
    @extend_schema(operation_id="webhook_test", request=None, responses={202: DeliveryShape})
    def post(self, request: Request, webhook: UUID) -> Response:
        """Sends a `webhook.test`, by a job; the log says what came of it."""
        found = managing.find(caller(request), webhook)
        return Response(delivery_json(managing.send_test(found, caller(request))), status=202)


class Deliveries(View):
    @extend_schema(
        operation_id="webhook_deliveries",
        parameters=[*PARAMETERS, OpenApiParameter("state", str, enum=STATES)],
        responses=page_of(DeliveryShape),
    )
    def get(self, request: Request, webhook: UUID) -> Response:
        """What the webhook was told in the last 30 days, newest first."""
        rows = managing.find(caller(request), webhook).deliveries.all()
        if state := request.query_params.get("state"):
            if state not in STATES:
                raise BadInput(f"{state!r} is not a state of a delivery.", code="bad_filter", field="state")
            rows = rows.filter(state=state)
        return Response(paged(request, rows, delivery_json))


class Again(View):
    @extend_schema(operation_id="webhook_send_again", request=None, responses={202: DeliveryShape})
    def post(self, request: Request, webhook: UUID, delivery: UUID) -> Response:
        """Sends the same body once more, as a delivery of its own."""
        found = managing.find(caller(request), webhook)
        return Response(delivery_json(managing.send_again(found, caller(request), delivery)), status=202)
