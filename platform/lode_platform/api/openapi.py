"""What the OpenAPI document says of tokens and of errors; importing this module registers the former."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from lode_platform.tokens import TokenAuthentication


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A bearer token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


ERRORS = {
    "400": "what was sent is wrong; says which field",
    "401": "no token, or one that is unknown, expired or revoked",
    "403": "the role, or the token, does not allow this",
    "404": "there is none, or none that you may see",
    "406": "only JSON is answered",
    "410": "it was removed on purpose",
    "429": "too often in too short a time; `Retry-After` says when to come again",
    "500": "our mistake",
    "503": "not now, the database or the server is busy; `Retry-After` says when to come again",
}
WRITING = {
    "409": "somebody changed it first, or something stands against it",
    "411": "the body does not say its length",
    "413": "over a limit",
    "415": "the body is of another type",
    "507": "the server's disk is full; nothing was half-written",
}


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Says in every operation which errors it may answer, all of one shape; what an operation says itself stays."""
    result["components"]["schemas"]["Error"] = {
        "type": "object",
        "properties": {
            "error": {"type": "string", "description": "words for a person"},
            "code": {"type": "string", "description": "stable, for a program"},
            "field": {"type": "string", "description": "what it is about, where it is about one field"},
            "fields": {"type": "object", "additionalProperties": {}, "description": "all complaints, by field"},
        },
        "required": ["error", "code"],
        "additionalProperties": {},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            if method not in ("get", "put", "post", "patch", "delete", "head"):
                continue
            for status, words in {**ERRORS, **({} if method in ("get", "head") else WRITING)}.items():
                said = operation["responses"].get(status, {})
                operation["responses"][status] = {"description": words, **said, "content": content}
    return result
