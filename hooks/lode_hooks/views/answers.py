"""Answers in JSON for our own scripts, with errors in the words of the server."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse

from lode_platform.errors import LodeError

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def answers_json(view: View[Rest]) -> View[Rest]:
    """A ``LodeError`` becomes its JSON with its status, where a page would have been answered."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except LodeError as error:
            return JsonResponse(error.as_json(), status=error.status)

    return answer
