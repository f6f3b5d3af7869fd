"""What the addresses of git and of DVC have in common: access by a token, and short plain answers.

Who asks is told by a token: git's password, DVC's ``X-Api-Token`` (or password), or ``Authorization: Bearer``. A
stranger finds nothing there (404), one without a token is asked for it (401). Wrong tokens count as those of the API.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from lode_datasets import statements
from lode_datasets.models import Dataset
from lode_datasets.statements import Remote
from lode_platform import access
from lode_platform.callers import Caller
from lode_platform.errors import NotFound, known
from lode_platform.throttle import count_wrong_token
from lode_platform.tokens import BadToken, caller_for_token, note_use

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Dataset, Rest], HttpResponseBase]
Handler = Callable[Concatenate[HttpRequest, str, str, Rest], HttpResponseBase]


class NoToken(Exception):
    """Nobody in particular: the client is asked for a token, in these words."""

    def __init__(self, words: str = "Give an API token of Motherlode as the password.") -> None:
        super().__init__(words)


WRONG_TOKEN = (
    "The token is unknown, expired or revoked, or it was cut short: make a new one on the Settings page, and have git"
    " forget the old one (git credential reject, or the password in the address)."
)


def plain(text: str, status: int, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer in words that git and DVC show to their user."""
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = "no-store"
    return response


def _token(request: HttpRequest) -> str:
    """The text of the token. Raises ``NoToken``."""
    text: str = request.META.get("HTTP_X_API_TOKEN", "")
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        text = given.strip()
    elif scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise NoToken from None
        text = password or name
    if not text:
        raise NoToken
    return text


def _caller(request: HttpRequest) -> Caller:
    """The owner of the token, with its limits. Raises ``NoToken``; ``TooMany`` after too many wrong tokens."""
    try:
        return caller_for_token(_token(request))
    except BadToken:
        count_wrong_token(request)
        raise NoToken(WRONG_TOKEN) from None


def _dataset(caller: Caller, project: str, name: str) -> Dataset:
    """The dataset if the caller may pull it: one statement. Raises ``NotFound``, ``Forbidden``."""
    found = statements.dataset_of(caller, project, name)
    if found is None:
        access.project_for(caller, project, "dataset.pull")  # says what is missing, if it is not the dataset
        raise NotFound(f"There is no dataset {name!r}.")
    dataset, role = found
    access.check(caller, role, "dataset.pull", dataset.project_id)
    return dataset


def remote(request: HttpRequest, project: str, name: str, md5: str = "") -> Remote:
    """The dataset if the bearer of the token may pull it, and whether it holds the blob ``md5``: one statement.

    Raises what ``tool_view`` would.
    """
    found = statements.remote_of(_token(request), project, name, md5)
    if found is None or not access.both_allow(found.role, found.token_role, "dataset.pull"):
        _dataset(_caller(request), project, name)  # says what is missing
        raise NotFound(f"There is no dataset {name!r}.")
    note_use(found.token, found.last_used)
    return found


def tool_view(*methods: str) -> Callable[[View[Rest]], Handler[Rest]]:
    """Finds the person and the dataset before the view; errors become plain answers, as those of ``plain_errors``."""

    def decorate(view: View[Rest]) -> Handler[Rest]:
        @wraps(view)
        def found(
            request: HttpRequest, project: str, dataset: str, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponseBase:
            return view(request, _dataset(_caller(request), project, dataset), *args, **kwargs)

        return plain_errors(*methods)(cast(Handler[Rest], found))

    return decorate


def plain_errors(*methods: str) -> Callable[[Handler[Rest]], Handler[Rest]]:
    """Open to programs without a session; errors become short plain answers of a stated length."""

    def decorate(view: Handler[Rest]) -> Handler[Rest]:
        @wraps(view)
        def handler(
            request: HttpRequest, project: str, dataset: str, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponseBase:
            if request.method not in methods:
                response = plain("This address only reads.", 405)
                response["Allow"] = ", ".join(methods)
                return response
            try:
                return view(request, project, dataset, *args, **kwargs)
            except NoToken as error:
                response = plain(str(error), 401)
                response["WWW-Authenticate"] = 'Basic realm="Motherlode", charset="UTF-8"'
                return response
            except Exception as error:
                ours = known(error)
                if ours is None:
                    raise
                return plain(ours.message, ours.status, ours.headers)

        return cast(Handler[Rest], csrf_exempt(login_not_required(handler)))

    return decorate


@csrf_exempt
@login_not_required
def signpost(request: HttpRequest, project: str, dataset: str, kind: str) -> HttpResponse:
    """What is meant by an address that almost names a repository or remote; it tells nobody what there is."""
    if kind == "git":
        return plain(f"The address ends in .git: git clone .../git/{project}/{dataset}.git", 400)
    words = f"Here git and DVC read, not a browser: git clone .../git/{project}/{dataset}.git, then dvc pull."
    return plain(words, 400)
