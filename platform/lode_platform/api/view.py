"""What every view of the interface is: one that refuses a query parameter that its operation does not have."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.views import APIView

from lode_platform.errors import BadInput

MAX_NAME = 100  # letters of a name that is refused


class View(APIView):
    """A view below ``/api/v1/``. Its query parameters are those that its operation declares for OpenAPI: any other,
    such as a filter's name with a letter wrong, would be passed over and all be listed."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params:
            _check(request.query_params, self.query_names(request))

    def query_names(self, request: Request) -> Collection[str]:
        """The query parameters that this request may have."""
        return _declared(type(self), str(request.method).lower())


def _declared(view: type[View], method: str) -> frozenset[str]:
    schema = getattr(getattr(view, method, None), "kwargs", {}).get("schema")
    if schema is None:
        return frozenset()
    made = schema()
    made.view = view()
    made.view.request, made.view.kwargs, made.method = None, {}, method.upper()
    given = made.get_override_parameters()
    return frozenset(one.name for one in given if one.location == OpenApiParameter.QUERY)


def _check(given: Collection[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            nearest = get_close_matches(name[:MAX_NAME], known, 1)
            listed = f"known: {', '.join(sorted(known))}" if known else "there are none here"
            meant = f'did you mean "{nearest[0]}"?' if nearest else listed
            raise BadInput(
                f'unknown query parameter "{name[:MAX_NAME]}" ({meant})',
                code="unknown_parameter",
                field=name[:MAX_NAME],
            )
