"""Every answer of the REST interface in any test is what the OpenAPI document says.

A middleware, added for all tests, reads each successful JSON answer below /api/v1/: its status is declared, and its
body fits the declared schema, without a field that the schema lacks. What does not fit ends the test.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker

Schema = dict[str, Any]


def as_json_schema(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema: `nullable` in its words, and no field that an object does not name."""
    if isinstance(schema, list):
        return [as_json_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: as_json_schema(value) for key, value in schema.items() if key != "nullable"}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


@cache
def document() -> Schema:
    """The OpenAPI document of this commit."""
    made: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


@cache
def components() -> Schema:
    schemas: Schema = as_json_schema(document()["components"]["schemas"])
    return schemas


@cache
def validator(path: str, method: str, status: str) -> Draft202012Validator | None:
    """What checks the body of an answer; None where the document declares none."""
    responses = document()["paths"][path][method]["responses"]
    assert status in responses, f"{method.upper()} {path} does not declare the status {status}"
    content = responses[status].get("content", {}).get("application/json")
    if content is None:
        return None
    schema = {**as_json_schema(content["schema"]), "components": {"schemas": components()}}
    return Draft202012Validator(schema, format_checker=FormatChecker())


class AnswersAreAsDeclared:
    """The middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else ""
        if route.startswith("api/v1/") and 200 <= answer.status_code < 300 and not answer.streaming:
            self.check(request.method or "", "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route), answer)
        return answer

    def check(self, method: str, path: str, answer: HttpResponseBase) -> None:
        if method == "HEAD" or path not in document()["paths"]:
            return
        checks = validator(path, method.lower(), str(answer.status_code))
        if not answer.headers.get("Content-Type", "").startswith("application/json"):
            return
        assert checks is not None, f"{method} {path} answers JSON and declares none"
        faults = [
            f"{fault.json_path}: {fault.message[:300]}"
            for fault in checks.iter_errors(json.loads(getattr(answer, "content", b"null")))
        ]
        assert not faults, f"{method} {path} is not as its OpenAPI says:\n" + "\n".join(faults[:10])
