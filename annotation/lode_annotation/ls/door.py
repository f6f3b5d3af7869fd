"""What every view below ``/ls/`` shares: how a client shows its token, what it may ask, how refusals are worded."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lode_annotation.ls import numbers
from lode_annotation.ls.refusals import NotOffered, not_offered
from lode_annotation.models import LabelStudioProject
from lode_platform import access
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Project
from lode_platform.signed_in import caller
from lode_platform.tokens import TokenAuthentication

MOST_NAMED = 5


class EitherScheme(TokenAuthentication):
    """``Authorization: Token TOKEN``, as Label Studio's clients say it, or ``Bearer TOKEN``."""

    schemes = frozenset({b"token", b"bearer"})


class LsView(APIView):
    """A view below ``/ls/``; ``takes`` are the query parameters that it reads, by method.

    Any other is refused by name: one that was passed over, such as a filter, would answer something else than was
    asked. Refusals have Label Studio's ``detail`` beside our own words.
    """

    authentication_classes = [EitherScheme]
    parser_classes = [LargeJsonParser]
    schema = None
    takes: ClassVar[dict[str, Collection[str]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.takes.get(str(request.method).lower(), ())
        for name in request.query_params:
            if name.removesuffix("[]") not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise NotOffered(f"The parameter {name[:60]!r} is not offered here; known: {listed}.", field=name[:60])

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise not_offered(str(request.method), call_of(request))

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        data = response.data
        if isinstance(data, dict) and "error" in data:
            data = {**data, "detail": data["error"], "status_code": response.status_code}
            if isinstance(field := data.get("field"), str):
                data["validation_errors"] = {field: [data["error"]]}
            response.data = data
        return response


def call_of(request: Request) -> str:
    """What is asked, without the prefix and the project in it."""
    within = str(getattr(request._request, "ls_call", ""))
    return within or request._request.path_info.lstrip("/").removeprefix("ls/")


def named_project(request: Request) -> str:
    """The project that the base address names, "" where it names none."""
    return str(getattr(request._request, "ls_project", ""))


def doors(request: Request) -> "QuerySet[LabelStudioProject]":
    """The Label Studio projects that this request may see, with what each is shown by. Raises ``NotFound`` where the
    base address names a project that it may not."""
    rows = LabelStudioProject.objects.visible_to(caller(request))
    if name := named_project(request):
        rows = rows.filter(queue__project=access.project_for(caller(request), name, "project.view"))
    return rows.select_related("queue__project", "queue__schema_revision__schema", "queue__created_by")


def door_of(request: Request, number: str | int) -> LabelStudioProject:
    """The Label Studio project of that number. Raises ``NotFound``."""
    key = numbers.read(str(number), "project")
    found: LabelStudioProject | None = doors(request).filter(pk=key).first()
    if found is None:
        raise NotFound(f"There is no project {key}.")
    return found


def home_of(request: Request) -> Project:
    """The project of ours that a new Label Studio project goes to: the one in the base address, else the token's, else
    the person's only one. Raises ``BadInput`` where it cannot be told."""
    who: Caller = caller(request)
    if name := named_project(request):
        return access.project_for(who, name, "project.view")
    mine = list(Project.objects.visible_to(who).order_by("name")[: MOST_NAMED + 1])
    if len(mine) == 1:
        return mine[0]
    if not mine:
        raise NotFound("You are a member of no project; create one first, or ask to be added.")
    listed = ", ".join(one.name for one in mine[:MOST_NAMED]) + (", ..." if len(mine) > MOST_NAMED else "")
    raise BadInput(
        f"You are a member of several projects ({listed}): name one in the client's base_url, such as"
        f" .../ls/{mine[0].name}, or use a token that is limited to one.",
        code="which_project",
    )


def sees_all(who: Caller, project: Project) -> bool:
    """Whether the caller may read other people's answers, as an export holds them. Raises ``NotFound`` to strangers."""
    return access.permits(who, access.require(who, project, "project.view").role, "labels.import")


def page_of(request: Request, count: int, *, default: int, most: int) -> tuple[int, int]:
    """The first and the end of the rows of the page that is asked for. Raises ``NotFound`` beyond the last page, as
    Label Studio does, whose clients go on until then, and ``BadInput``."""
    page, size = _whole(request, "page", 1), _whole(request, "page_size", default)
    if size > most:
        raise BadInput(f"page_size is at most {most}; ask for one page after the other.", field="page_size")
    start = (page - 1) * size
    if start and start >= count:
        raise NotFound("There is no such page.")
    return start, min(start + size, count)


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise BadInput(f"{name} is a whole number from 1 on, not {text[:30]!r}.", field=name)
    return int(text)


def flag(request: Request, *names: str) -> bool:
    """A yes or no of the query, under either of its names."""
    text = next((request.query_params[name] for name in names if name in request.query_params), "")
    if text.lower() not in ("", "0", "1", "true", "false"):
        raise BadInput(f"{names[0]} is true or false, not {text[:30]!r}.", field=names[0])
    return text.lower() in ("1", "true")


def body_of(request: Request) -> dict[str, Any]:
    """The object that was sent. Raises ``BadInput``."""
    if not isinstance(request.data, dict):
        raise BadInput("The body must be a JSON object.", code="bad_json")
    return request.data


def number_in(given: Mapping[str, Any], name: str) -> int:
    """The number of a project or a task in a body. Raises ``BadInput``."""
    said = given.get(name)
    text = str(said) if type(said) in (int, str) else ""
    if not text.isascii() or not text.isdigit() or len(text) > numbers.MOST_DIGITS:
        raise BadInput(f"{name} must be the number of a {name}.", field=name)
    return int(text)
