"""The OpenAPI document is the plan of a search: random values at every address, and none of them breaks the server.

Whatever is sent is taken or refused in words (``{"error", "code"}``), by a status that the document names.
"""

import json
import random
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motherlode.labeling_config import build

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "patch", "delete")
DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
OPERATIONS = [
    pytest.param(path, method, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method in METHODS
]
WRITING = [one for one in OPERATIONS if one.values[1] != "get"]
BODY_OF_DELETE = {"dataset_items_remove": "#/components/schemas/SelectionShape"}  # OpenAPI 3.0 has no word for it

JSON = {"data": "{}", "content_type": "application/json"}
NUL, HALF = "a\0b", "\ud800"
TEXTS = [NUL, HALF, "", " ", "x" * 5000, "\u0663", "nan", "-1", "../x", "%", "\u202e", "1e999", "0" * 400]
NUMBERS = [-1, 0, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, 1e308, float("inf")]
ODD = st.sampled_from([*TEXTS, *NUMBERS, None, True, [], {}, [NUL], {NUL: 1}, {HALF: HALF}, {"a": [{"b": HALF}]}])
KNOWN = {
    "config": build(["RBC", "WBC"], "boxes"),
    "kind": "model_error",
    "queue": "hard",
    "run": "baseline",
    "schema": "cells",
    "split": "train",
    "strategy": "failures",
    "username": "viewer",
    "version": "cells@v1",
}


def schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where it is a reference to one."""
    while "$ref" in schema or "allOf" in schema:
        reference = schema.get("$ref") or schema["allOf"][0]["$ref"]
        schema = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
    return schema


def fitting(schema: dict[str, Any], names: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Values that fit a schema, with what the project holds where a field is named for it."""
    schema = schema_of(schema)
    if "oneOf" in schema:
        return st.one_of([fitting(one, names, name) for one in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            return body_of(schema, names)
        case "object":
            child = schema.get("additionalProperties") or {}
            inner = fitting(child, names, "split") if isinstance(child, dict) and child else st.sampled_from([0.5, "x"])
            return st.dictionaries(st.sampled_from(["train", "lr", str(names["item"])]), inner, max_size=2)
        case "array":
            return st.lists(fitting(schema["items"], names, name.removesuffix("s")), max_size=3)
        case "integer":
            return st.sampled_from([0, 1, 2, 100])
        case "number":
            return st.sampled_from([0, 0.5, 1.0])
        case "boolean":
            return st.booleans()
        case "string" if schema.get("format") == "uuid":
            return st.just(str(names.get(name, names["item"]))) | st.uuids().map(str)
        case "string":
            return st.sampled_from([KNOWN.get(name, "name"), "v1" if name == "version" else KNOWN.get(name, "x")])
        case _:
            return ODD | st.just({}) | st.just([])


def body_of(schema: dict[str, Any], names: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of a schema, each second one with one field that is odd; what is not required may lack."""
    fields = {name: fitting(one, names, name) for name, one in schema.get("properties", {}).items()}
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    whole = st.fixed_dictionaries(required, optional=fields)
    odd = st.dictionaries(st.sampled_from([*required, *fields]), ODD, max_size=1) if required or fields else st.just({})
    return st.builds(lambda fits, other: {**fits, **other}, whole, odd)


def body_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    """What an operation is sent as JSON, if anything."""
    if reference := BODY_OF_DELETE.get(operation["operationId"]):
        return schema_of({"$ref": reference})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return schema_of(content["schema"]) if content else None


def address_of(world: Any, path: str, odd: dict[str, Any]) -> str:
    """The address with the world's names in its path, some of them replaced by ``odd``, whose rest is its query."""
    names = {**world.names, "name": world.names["dataset"], "uuid": world.names["dataset_uuid"]}
    rest = dict(odd)

    def named(match: "re.Match[str]") -> str:
        return quote(str(rest.pop(match[1], names[match[1]])), safe="", errors="replace")

    where = re.sub(r"\{(\w+)\}", named, path)
    return f"{where}?{urlencode(rest, errors='replace')}" if rest else where


def ask(world: Any, method: str, path: str, address: str, **options: Any) -> int:
    """Sends a request as the owner and takes back what it wrote; fails where the server broke or said the unsaid."""
    client = world.programs["owner"]
    client.raise_request_exception = False
    with transaction.atomic():
        answer = getattr(client, method)(address, **options)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    status = int(answer.status_code)
    why = traceback.format_exception(*answer.exc_info) if answer.exc_info else answer
    assert status < 500, (method, address, options.get("data", "")[:500], why)
    assert str(status) in DOCUMENT["paths"][path][method]["responses"], (method, address, status)
    if status >= 400:
        assert {"error", "code"} <= answer.json().keys()
    return status


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_random_values_at_every_address_break_nothing(path: str, method: str, world: Any) -> None:
    operation = DOCUMENT["paths"][path][method]
    schema = body_schema(operation)
    asked = [one["name"] for one in operation.get("parameters", []) if one["in"] in ("path", "query")]
    odd = st.sampled_from([*TEXTS, *NUMBERS])
    queries = st.one_of(
        *[st.just({})] * 3, st.dictionaries(st.sampled_from(asked or [""]), odd, min_size=1, max_size=1)
    )

    @settings(max_examples=12, database=None, suppress_health_check=list(HealthCheck))
    @given(queries if asked else st.just({}), body_of(schema, world.names) if schema else st.none())
    def search(odd: dict[str, Any], body: Any) -> None:
        text = json.dumps(body).replace("Infinity", "1e999")
        options = {"data": text, "content_type": "application/json"} if schema else {}
        ask(world, method, path, address_of(world, path, odd), **options)

    search()


BODIES: list[str | bytes] = [
    "[" * 200_000,
    '{"a":' * 200_000,
    "[" * 70 + "]" * 70,
    "[" + "0," * 1_000_001 + "0]",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    '"\\ud800"',
    "null",
    "3",
    "[]",
    "[[]]",
]
FREE = [r'"\u0000"', r'"\ud800"', r'{"\u0000": "\ud800"}', '[{"a": 1e999}]', "1e999", "NaN", "[" * 99 + "]" * 99]


@pytest.mark.once
@pytest.mark.parametrize(("path", "method"), WRITING)
def test_no_body_breaks_an_address(path: str, method: str, world: Any) -> None:
    for body in BODIES:
        for content_type in ("application/json", "application/x-ndjson"):
            ask(world, method, path, address_of(world, path, {}), data=body, content_type=content_type)


@pytest.mark.parametrize(("path", "method"), WRITING)
def test_nothing_in_a_free_field_breaks_an_address(path: str, method: str, world: Any) -> None:
    operation = DOCUMENT["paths"][path][method]
    address = address_of(world, path, {})
    for field, one in (body_schema(operation) or {}).get("properties", {}).items():
        free = schema_of(one).get("type") not in ("string", "integer", "number", "boolean")
        free &= (operation["operationId"], field) != ("annotation_review", "result")  # whoever accepts changes none
        for odd in FREE:
            body = json.dumps({**least(operation, world.names), field: "@"}).replace('"@"', odd)
            status = ask(world, method, path, address, data=body, content_type="application/json")
            assert not free or 400 <= status < 500, (field, odd)


def least(operation: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """A body with what is required, fitting."""
    schema = body_schema(operation) or {}
    known: dict[str, Any] = {"string": "name", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
    body: dict[str, Any] = {}
    for field in schema.get("required", ()):
        one = schema_of(schema["properties"][field])
        if one.get("format") == "uuid":
            body[field] = str(names["item"])
        else:
            body[field] = one["enum"][0] if "enum" in one else known[one.get("type", "object")]
    return body


def test_a_field_that_a_body_does_not_have_is_refused_by_name(world: Any) -> None:
    program = world.programs["owner"]
    asked = 0
    for path, method in (one.values for one in WRITING):
        operation = DOCUMENT["paths"][str(path)][str(method)]
        if not (schema := body_schema(operation)):
            continue
        meant = max(schema["properties"], key=len)
        body = {**least(operation, world.names), f"{meant}x": 1}
        address = address_of(world, str(path), {})
        answer = getattr(program, str(method))(address, json.dumps(body), content_type="application/json")
        assert answer.status_code == 400, (address, answer.content)
        assert answer.json() == {
            "error": f'unknown field "{meant}x" (did you mean "{meant}"?)',
            "code": "unknown_field",
            "field": f"{meant}x",
        }
        asked += 1
    assert asked > 25


def test_a_query_parameter_that_an_operation_does_not_have_is_refused_by_name(world: Any) -> None:
    program = world.programs["owner"]
    asked = 0
    for path, method in (one.values for one in OPERATIONS):
        parameters = DOCUMENT["paths"][str(path)][str(method)].get("parameters", ())
        known = sorted(one["name"] for one in parameters if one["in"] == "query")
        meant = max(known, key=len, default="")
        send = getattr(program, str(method))
        answer = send(address_of(world, str(path), {f"{meant}x": "1"}), **JSON if method != "get" else {})
        assert answer.status_code == 400, (path, method, answer.content)
        said = f'did you mean "{meant}"?' if known else "there are none here"
        assert answer.json() == {
            "error": f'unknown query parameter "{meant}x" ({said})',
            "code": "unknown_parameter",
            "field": f"{meant}x",
        }
        for name in known:
            answer = send(address_of(world, str(path), {name: "1"}))
            assert answer.status_code in (200, 404) or answer.json()["code"] != "unknown_parameter"
            asked += 1
    assert asked > 25
    listed = program.get(address_of(world, "/api/v1/projects/{project}/items", {"slpit": "train"})).json()
    assert listed["error"] == 'unknown query parameter "slpit" (did you mean "split"?)'


def test_a_field_that_an_object_within_a_body_does_not_have_is_refused_with_its_place(world: Any) -> None:
    rows = [{"path": "a.png", "md5": "0" * 32, "sha256": "0" * 64}, {"pth": "b.png"}]
    answer = world.programs["owner"].post("/api/v1/projects/blood/items", {"items": rows}, "application/json")
    assert answer.status_code == 400
    assert answer.json()["error"] == 'unknown field "pth" in items.1 (did you mean "path"?)'


@pytest.mark.once
@pytest.mark.parametrize(("path", "method"), WRITING)
def test_a_form_from_a_browser_is_refused_or_read_and_breaks_nothing(path: str, method: str, world: Any) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(world.people["owner"])
    browser.get("/projects/?new")
    headers = {"X-CSRFToken": browser.cookies["lode_csrf"].value}
    multipart = "multipart/form-data; boundary=x"
    forms = {
        "application/x-www-form-urlencoded": b"a=1",
        multipart: b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n\x00\r\n--x--\r\n',
        "multipart/form-data": b"no boundary",
        "application/json; charset=none": b"{}",
        "no type": b"{}",
    }
    taken = DOCUMENT["paths"][path][method].get("requestBody", {}).get("content", {})
    for content_type, body in forms.items():
        with transaction.atomic():
            address = address_of(world, path, {})
            answer = browser.generic(method.upper(), address, body, content_type=content_type, headers=headers)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (method, address, content_type)
        if taken and "form" in content_type and multipart.partition(";")[0] not in taken:
            assert answer.status_code == 415 and {"error", "code"} <= answer.json().keys()


def test_every_error_below_the_interface_is_json_and_says_what_to_do(world: Any) -> None:
    program = world.programs["owner"]
    told = {
        404: program.get("/api/v1/nothing/here"),
        405: program.put("/api/v1/me"),
        406: program.get("/api/v1/me", headers={"accept": "text/html"}),
        401: Client().get("/api/v1/me"),
        403: world.programs["viewer"].post("/api/v1/projects/blood/runs", {}, content_type="application/json"),
        415: program.post("/api/v1/projects", "name=x", content_type="application/x-www-form-urlencoded"),
        413: program.post("/api/v1/projects", f'"{"x" * 2**21}"', content_type="application/json"),
        400: program.get("/api/v1/me", headers={"host": "elsewhere.example.org"}),
    }
    for status, answer in told.items():
        assert answer.status_code == status and answer.headers["Content-Type"] == "application/json"
        assert {"error", "code"} <= answer.json().keys()
    assert "MOTHERLODE_PUBLIC_URL" in told[400].json()["error"] and "2 MiB" in told[413].json()["error"]
    assert DOCUMENT["servers"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(world: Any) -> None:
    """By its announced length: of what is sent here, not a byte is there."""
    for address in ("projects/blood/runs", f"tasks/{world.names['task']}/submit"):
        environ = {"CONTENT_LENGTH": str(2**30), "CONTENT_TYPE": "application/json"}
        answer = world.programs["owner"].generic("POST", f"/api/v1/{address}", b"", **environ)
        assert answer.status_code == 413 and answer.json()["limit"] in (2 * 2**20, 16 * 2**20)


# -- pages ----------------------------------------------------------------------------------------------------------


def pages(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """Every address that is a page, with its parameters as ``<converter:name>``."""
    for entry in resolver.url_patterns:
        where = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry, where)
        elif isinstance(entry, URLPattern) and not where.startswith(("/api/", "/git/", "/dvc/")):
            yield where


PAGES = sorted(pages(get_resolver()))
ASKED = sorted(
    {
        name
        for room in ("platform", "annotation", "datasets", "hooks")
        for file in (ROOT / room).glob("lode_*/**/*.py")
        for name in re.findall(r"(?:GET|query)(?:\.get)?[\[(]\"(\w+)\"", file.read_text())
    }
)
ODD_QUERIES = ["\0", "", "-1", "9" * 30, "9" * 5000, "nan", "1e999", "\u0663", "x" * 300, "\ud800"]
ODD_FORMS: list[dict[str, str]] = [
    {"name": "\0"},
    {"item": "\0"},
    {"item": "x", "paths": "{"},
    {"paths": "3"},
    {"paths": "[" * 2000},
    dict.fromkeys(ASKED, "9" * 30),
]


@pytest.mark.parametrize("page", PAGES)
def test_no_address_and_no_form_of_a_page_breaks_it(page: str, world: Any) -> None:
    browser = world.browsers["owner"]
    browser.raise_request_exception = False
    where = world.address(page)
    draw = random.Random(page)
    queries = [{draw.choice(ASKED): draw.choice(ODD_QUERIES)} for _ in range(8)]
    for query in [*(dict.fromkeys(ASKED, odd) for odd in ODD_QUERIES), *queries]:
        with transaction.atomic():
            answer = browser.get(f"{where}?{urlencode(query, errors='surrogatepass')}")
            transaction.set_rollback(True)
        assert answer.status_code < 500, (where, query, answer.exc_info)
    for form in ODD_FORMS:
        with transaction.atomic():
            answer = browser.post(where, form)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (where, form, answer.exc_info)
