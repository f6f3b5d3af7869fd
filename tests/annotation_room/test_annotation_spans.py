"""Spans in answers: compared with the text that they quote, kept in code points, linked, asked about, never HTML."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lode_annotation import queues, schemas
from lode_annotation.labeling_config import parse_config
from lode_annotation.models import LabelSet, Queue
from lode_platform import items
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, User
from lode_platform.store import store

pytestmark = pytest.mark.django_db

NOTE = "<b>Valve</b> 🔧 leaks & drips"
CONFIG = """<View>
  <Labels name="ent" toName="text"><Label value="Part"/><Label value="&lt;b&gt;Fault"/></Labels>
  <Relations><Relation value="has"/></Relations>
  <Text name="text" value="$text" granularity="word"/>
  <Choices name="sure" toName="text" perRegion="true" whenTagName="ent">
    <Choice value="yes"/><Choice value="no"/>
  </Choices>
  <Choices name="tone" toName="text"><Choice value="calm"/><Choice value="angry"/></Choices>
</View>"""


@pytest.fixture
def queue(project: Project, alice: User) -> Queue:
    """A queue of one note, under a schema that asks all there is to ask of a text."""
    blob = store().add_bytes(NOTE.encode())
    made = items.add_items(project, Caller(alice), [items.ItemSpec("n.txt", blob.md5, blob.sha256)], trusted=True)
    schema = schemas.create_schema(project, Caller(alice), name="notes", config=CONFIG)
    queue = queues.create_queue(project, Caller(alice), name="notes", schema=schema)
    queues.add_tasks(queue, Caller(alice), [queues.TaskSpec(item=item) for item in made.created])
    return queue


def span(name: str, quote: str, label: str = "Part", at: int = 0) -> dict[str, Any]:
    start = (NOTE.index(quote) if quote in NOTE else 0) + at
    value = {"start": start, "end": start + len(quote), "text": quote, "labels": [label]}
    return {"id": name, "from_name": "ent", "to_name": "text", "type": "labels", "value": value}


def said_of(entry: dict[str, Any], choice: str) -> dict[str, Any]:
    value = {key: entry["value"][key] for key in ("start", "end", "text")} | {"choices": [choice]}
    return {"id": entry["id"], "from_name": "sure", "to_name": "text", "type": "choices", "value": value}


def test_spans_attributes_links_and_a_class_of_the_text_are_one_answer(
    api: Callable[..., Any], bob: User, queue: Queue, answer: Callable[..., Any]
) -> None:
    task = api(bob).post(f"queues/{queue.uuid}/next", {}).json()
    assert task["media"]["kind"] == "text" and task["media"]["length"] == len(NOTE)
    part, fault = span("a", "<b>Valve</b> 🔧"), span("b", "Valve</b> 🔧 leaks", "<b>Fault")
    link = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["has"]}
    tone = {"id": "t", "from_name": "tone", "to_name": "text", "type": "choices", "value": {"choices": ["calm"]}}
    result = [tone, part, fault, said_of(part, "yes"), link]
    done = api(bob).post(f"tasks/{task['task']['id']}/submit", answer(result))
    assert done.status_code == 200, done.content
    back = api(bob).post(f"tasks/{task['task']['id']}/open", {}).json()["annotation"]["result"]
    assert back == result
    held = LabelSet.objects.current().get()
    assert [(row["geometry"], row.get("attributes")) for row in held.regions] == [
        ({"start": 0, "end": 14, "text": "<b>Valve</b> 🔧"}, {"sure": ["yes"]}),
        ({"start": 3, "end": 20, "text": "Valve</b> 🔧 leaks"}, None),
    ]
    assert [(row["from"], row["to"]) for row in held.relations] == [("a", "b")]
    assert [row["kind"] for row in held.answers] == ["choice"]


def test_an_answer_that_quotes_something_else_is_refused_and_kept_as_a_draft(
    api: Callable[..., Any], bob: User, queue: Queue, answer: Callable[..., Any]
) -> None:
    task = api(bob).post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    utf16 = span("a", "leaks", at=1)  # behind an emoji, which a browser counts as two
    done = api(bob).post(f"tasks/{task}/submit", answer([utf16]))
    assert (done.status_code, done.json()["code"]) == (400, "bad_result")
    [problem] = done.json()["problems"]
    assert (problem["region"], problem["rule"]) == ("a", "text")
    assert "not UTF-16 units: it is from 15 to 20" in problem["error"]
    assert not LabelSet.objects.exists()


def test_a_submit_reads_the_text_with_one_statement_however_many_spans(
    api: Callable[..., Any], bob: User, queue: Queue, answer: Callable[..., Any]
) -> None:
    task = api(bob).post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    with CaptureQueriesContext(connection) as caught:
        done = api(bob).post(f"tasks/{task}/submit", answer([span(f"s{at}", "Valve") for at in range(300)]))
    assert done.status_code == 200, done.content
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    said = [query["sql"] for query in caught.captured_queries if not query["sql"].upper().startswith(control)]
    assert len(said) <= 10, said


def test_the_pages_of_a_text_show_its_spans_and_run_nothing(
    api: Callable[..., Any], bob: User, queue: Queue, answer: Callable[..., Any], client: Any, project: Project
) -> None:
    task = api(bob).post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    result = [span("a", "<b>Valve</b>", "<b>Fault"), span("b", "Valve", "Part")]
    assert api(bob).post(f"tasks/{task}/submit", answer(result)).status_code == 200
    client.force_login(bob)
    said = client.get(f"/p/{project.name}/items/{Item.objects.get().uuid}/").content.decode()
    assert said.count('class="text-span') == 4, "one in three parts, and the other within it"
    assert "&lt;b&gt;" in said and "<b>Valve" not in said and "<b>Fault" not in said
    assert 'title="&lt;b&gt;Fault, Part"' in said
    label = client.get(f"/label/{queue.uuid}/").content.decode()
    assert "<b>Fault" not in label


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ("<HyperText ", "<HyperText> is not supported yet"),
        ("<Paragraphs ", "<Paragraphs> is not supported yet"),
        ("<Image ", "<Labels> about a <Image> is not supported: a span is part of a text"),
    ],
)
def test_other_objects_for_spans_are_refused_by_name(tag: str, says: str) -> None:
    config = CONFIG.replace("<Text ", tag)
    with pytest.raises(BadInput) as raised:
        parse_config(config.replace("$text", "$image").replace(' granularity="word"', "") if "Image" in tag else config)
    assert says in raised.value.message
