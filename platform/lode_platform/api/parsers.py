"""How bodies are read below ``/api/``: within a limit that each address names, refused before they are read."""

from collections.abc import Mapping
from typing import IO, Any, ClassVar

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request, is_form_media_type

from lode_platform import free_json
from lode_platform.errors import BadInput, TooLarge

MIB = 1024**2


def _read(stream: IO[bytes], context: Mapping[str, Any] | None, limit: int) -> bytes:
    """The whole body. Raises ``TooLarge``, by its announced length before a byte is read."""
    refusal = TooLarge(f"A body at this address has at most {limit // MIB} MiB; send less at a time.", limit=limit)
    if context is not None and announced(context["request"]) > limit:
        raise refusal
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise refusal
    return body


def announced(request: Request) -> int:
    """The length that a body says of itself; 0 where it says nothing, since nothing of it is read then."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0


class JsonParser(BaseParser):
    """JSON of at most ``limit`` bytes, in the depth and number of values that ``free_json`` allows."""

    media_type = "application/json"
    limit: ClassVar[int] = 2 * MIB

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = _read(stream, parser_context, self.limit)
        try:
            return free_json.loads(body)
        except ValueError as error:
            raise BadInput(f"The body cannot be read as JSON: {error}.", code="bad_json") from None


class LargeJsonParser(JsonParser):
    """For the addresses to which work is sent in bulk: answers of many regions, tasks with pre-labels, offers."""

    limit = 16 * MIB


class BytesParser(BaseParser):
    """The body as it is, whatever it says it is but a form: a form would be read twice, as fields and as bytes."""

    media_type = "*/*"
    limit: ClassVar[int]

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        refuse_form(media_type or "")
        return _read(stream, parser_context, self.limit)


def raw(request: Request) -> bytes:
    """The body that a ``BytesParser`` read; nothing where none was sent."""
    return request.data if isinstance(request.data, bytes) else b""


class StreamParser(BaseParser):
    """Leaves the body to the view, which reads it piece by piece; a form is refused."""

    media_type = "*/*"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        refuse_form(media_type or "")


def refuse_form(media_type: str) -> None:
    """Raises 415 for the types in which browsers send forms."""
    if is_form_media_type(media_type):
        raise UnsupportedMediaType(media_type)
