"""What the scripts of our pages send as JSON."""

from typing import Any

from django.http import HttpRequest
from django.http.request import RawPostDataException
from django.utils.translation import gettext as _

from lode_platform import free_json
from lode_platform.errors import BadInput


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body. Raises ``BadInput`` (bad_json) for anything else, a form too."""
    try:
        given = free_json.loads(request.body)
    except (ValueError, RawPostDataException):
        given = None
    if not isinstance(given, dict):
        raise BadInput(_("The body must be a JSON object."), code="bad_json")
    free_json.check(given)
    return given
